"""What is told of an error, and what is not."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.errors import FieldError
from tui.crash import RedactingFormatter, describe, log_to, logs_to

SECRET = "meet me at seven"


def failing(error: Exception) -> BaseException:
    hidden = SECRET
    try:
        if hidden:
            raise error
    except Exception as caught:
        return caught
    raise AssertionError


def test_frames_are_told_and_values_are_not() -> None:
    told = describe(failing(KeyError(SECRET)))
    assert "test_crash.py" in told and "in failing" in told
    assert told.endswith("builtins.KeyError")
    assert SECRET not in told


def test_our_own_sentences_are_told() -> None:
    assert "the field is too long" in describe(failing(FieldError("the field is too long")))


def test_causes_are_told_first() -> None:
    error = failing(ValueError(SECRET))
    error.__cause__ = failing(KeyError(SECRET))
    told = describe(error)
    assert told.index("KeyError") < told.index("and then:") < told.index("ValueError")
    assert SECRET not in told


def test_a_suppressed_context_is_left_out() -> None:
    error = failing(ValueError(SECRET))
    error.__context__ = failing(KeyError(SECRET))
    assert "KeyError" in describe(error)
    error.__suppress_context__ = True
    assert "KeyError" not in describe(error)


def test_all_of_a_group_is_told() -> None:
    group = ExceptionGroup(SECRET, [KeyError(SECRET), ValueError(SECRET)])
    told = describe(failing(group))
    assert "KeyError" in told and "ValueError" in told and SECRET not in told


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    path = tmp_path / "hallway.log"
    handler = log_to(path)
    yield path
    handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_log_is_for_its_owner_alone(log: Path) -> None:
    logging.getLogger("tui.somewhere").warning("the relay said %s", "no")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert log.read_text().rstrip().endswith("WARNING tui.somewhere the relay said no")


def test_of_foreign_loggers_the_template_is_kept(log: Path) -> None:
    logging.getLogger("asyncio").error("Executing %s took long", SECRET)
    logging.getLogger("asyncio").error(SECRET)
    logging.getLogger("websockets").error("failed", exc_info=failing(KeyError(SECRET)))
    text = log.read_text()
    assert "Executing %s took long" in text
    assert "(message withheld)" in text
    assert "builtins.KeyError" in text
    assert SECRET not in text


def test_what_is_not_worth_noting_is_not_noted(log: Path) -> None:
    logging.getLogger("websockets").info("< TEXT %s", SECRET)
    assert log.read_text() == ""


def test_records_without_an_exception_take_one_line() -> None:
    record = logging.LogRecord("tui", logging.WARNING, "f", 1, "gone", None, None)
    assert RedactingFormatter().format(record).count("\n") == 0


def test_whether_a_file_is_logged_to_is_known(tmp_path: Path) -> None:
    path = tmp_path / "log"
    root = logging.getLogger()
    before = list(root.handlers)
    assert not logs_to(path) and not logs_to(None)
    handler = log_to(path)
    try:
        assert logs_to(path)
        assert logs_to(tmp_path / "sub" / ".." / "log")
        assert not logs_to(tmp_path / "other")
    finally:
        root.removeHandler(handler)
        handler.close()
        for other in before:
            root.addHandler(other)
    assert not logs_to(path)
