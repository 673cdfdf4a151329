"""docs/hosting.md says what there is: every setting, and verbs and flags that exist."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from pathlib import Path

import pytest

from relay.cli import VERBS, configure
from relay.config import Config

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
