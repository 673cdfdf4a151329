"""What is written to a relay's log, and what never is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from relay.logs import begin

SECRET = "5f0c71c0de"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The root logger as it was, after each test."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        root.removeHandler(handler)
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)


def written(form: Literal["plain", "json"]) -> io.StringIO:
    stream = io.StringIO()
    begin(form, stream)
    return stream


def fails() -> None:
    raise KeyError(SECRET)


def log_everything() -> None:
    """A line of the relay's own, one of a library's, and an error of each."""
    logging.getLogger("relay").warning("Short of %s.", "disk")
    logging.getLogger("asyncio").error("peer 192.0.2.1 of %s", SECRET)
    for name in ("relay", "asyncio"):
        try:
            fails()
        except KeyError:
            logging.getLogger(name).exception("A fault.")


def test_plain_lines_are_for_people() -> None:
    stream = written("plain")
    log_everything()
    lines = stream.getvalue().splitlines()
    assert lines[:3] == [
        "WARNING: Short of disk.",
        "ERROR: asyncio met something out of the ordinary.",
        "ERROR: A fault.",
    ]
    assert lines[4].endswith("in fails")
    assert lines[5] == "  KeyError"


def test_json_lines_are_for_machines() -> None:
    stream = written("json")
    log_everything()
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [row["level"] for row in rows] == ["warning", "error", "error", "error"]
    assert rows[0]["text"] == "Short of disk."
    assert rows[0]["at"] > 1_700_000_000
    assert rows[2]["trace"][-1] == "KeyError"
    assert "trace" not in rows[0]


@pytest.mark.parametrize("form", ["plain", "json"])
def test_what_is_in_an_error_or_a_librarys_words_is_not_written(
    form: Literal["plain", "json"],
) -> None:
    stream = written(form)
    log_everything()
    assert SECRET not in stream.getvalue()
    assert "192.0.2.1" not in stream.getvalue()


def test_what_is_quiet_stays_so() -> None:
    stream = written("plain")
    logging.getLogger("relay").debug("detail")
    assert stream.getvalue() == ""
