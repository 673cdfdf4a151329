"""docs/hosting.md says what there is: every setting, and verbs and flags that exist."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from pathlib import Path

import pytest

from crypto.access.roster import KEYS_PER_CIRCLE
from relay import wire
from relay.cli import VERBS, configure
from relay.config import Config
from relay.limits import HOUR, MINUTE, QUEUE_LIMIT, SECOND, Rate, Settings
from relay.live import GUESTS_LIMIT

pytestmark = pytest.mark.docs

PAGE = (Path(__file__).parents[2] / "docs" / "hosting.md").read_text("utf-8")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    configure(made)
    return made


def test_every_setting_is_explained_with_what_it_is_by_itself() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\| ", PAGE, re.MULTILINE)
    told = dict(rows)
    config = Config()
    assert list(told) == [each.name for each in fields(Config)]
    for name, default in told.items():
        value = getattr(config, name)
        assert default == (",".join(value) if isinstance(value, tuple) else str(value)), name


def rate(of: Rate, unit: int) -> tuple[int, int]:
    """So many at once, and so many in a second, minute or hour."""
    return of.burst, round(unit / of.every)


def test_the_limits_are_those_that_are_kept() -> None:
    """The table of who may do how much, against what the relay goes by."""
    limits, config = Settings(), Config()
    assert rate(limits.failures, MINUTE) == (20, 20)
    assert rate(limits.strangers, SECOND) == (10, 3)
    assert rate(limits.commits, MINUTE) == (2, 6)
    told = (
        f"have {config.connections} sockets (`connections`)",
        f"open {config.circles_per_day} circles a day (`circles_per_day`)",
        "fail to bind 20 times, and then 20 times a minute",
        f"claim {rate(limits.claims, HOUR)[1]} spoken codes an hour",
        f"be there for {limits.greeting // SECOND} seconds",
        "send 10 frames at once, 3 a second",
        f"have {limits.sockets_per_key} sockets, send {config.messages_at_once} frames at once",
        f"and {config.messages_per_second} a second",
        f"hand in {wire.STAGED_LIMIT >> 20} MiB",
        f"fetch {rate(limits.blobs, SECOND)[1] * wire.BLOB_CHUNK >> 20} MiB of sealed files a",
        f"of {wire.BLOB_LIMIT >> 20} MiB each, and have {limits.blobs_unfinished} of them",
        "make 2 commits at once, 6 a minute",
        f"have {limits.nameplates_per_chair} spoken codes open",
        f"have {GUESTS_LIMIT} guests at its door, {limits.waiting} requests on a code",
        f"{KEYS_PER_CIRCLE} devices, {config.circle_mib} MiB (`circle_mib`)",
        f"{rate(limits.nameplates, HOUR)[1]} spoken codes an hour",
        f"be {wire.MESSAGE_LIMIT >> 10} KiB long",
        f"wait with {QUEUE_LIMIT >> 10} KiB of others",
    )
    assert [each for each in told if each not in PAGE] == []


def test_every_verb_is_told_of_and_no_other() -> None:
    told = set(re.findall(r"hallway relay ([a-z]+)\b(?! is)", PAGE))
    assert told == {verb.name for verb in VERBS}


def commands() -> list[str]:
    """The command lines of `hallway relay` on the page, without what a shell does with them."""
    lines = PAGE.replace("\\\n", " ").splitlines()
    found = [line.partition("hallway relay")[2] for line in lines if line.startswith("    ")]
    return [re.sub(r"\$\([^)]*\)|>.*", "x", line).replace(">", "") for line in found if line]


@pytest.mark.parametrize("line", [*commands(), " --metrics 127.0.0.1:9600", " --install https://…"])
def test_every_command_line_is_understood(line: str) -> None:
    words = [word for word in line.split() if word != "x"]
    verbs = {each.name for verb in VERBS for each in (verb.verbs or (verb,))}
    assert parser().parse_args(words).verb in {"run", *verbs}


def test_files_that_are_named_are_the_ones_that_are_written() -> None:
    kept = ("relay.db.replaced-1", "relay.db.schema-2")
    for name in ("relay.toml", "relay.sock", "certificate.pem", *kept):
        assert f"`{name}`" in PAGE
