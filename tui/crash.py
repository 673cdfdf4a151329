"""What is told of an error in the program: where it happened, and never what it was about.

Local variables and foreign exceptions' texts may hold plaintext or keys. Only the messages of this
project's own exceptions are shown: those are written to hold neither.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

WINGS = ("crypto", "relay", "tui")
LOG_SIZE = 512 * 1024


def describe(error: BaseException) -> str:
    """The frames of an error and of what caused it: files, lines, functions; no values."""
    return "\n".join(_describe(error))


def _describe(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _describe(cause)
        yield "and then:"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _describe(part)
    yield _name(error)


def _name(error: BaseException) -> str:
    kind = type(error)
    if _ours(kind.__module__):
        return f"{kind.__module__}.{kind.__qualname__}: {error}"
    return f"{kind.__module__}.{kind.__qualname__}"


def _ours(module: str) -> bool:
    return module.partition(".")[0] in WINGS


class RedactingFormatter(logging.Formatter):
    """One line a record. Of foreign loggers only the constant part of the message is kept."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s")

    def format(self, record: logging.LogRecord) -> str:
        """Date, level, logger, message; then the frames, if there was an exception."""
        record.asctime = self.formatTime(record)
        message = record.getMessage() if _ours(record.name) else _constant(record.msg)
        line = f"{self.formatMessage(record)} {message}"
        error = record.exc_info[1] if record.exc_info else None
        return line if error is None else f"{line}\n{describe(error)}"


def _constant(message: object) -> str:
    """The message before its arguments are put in; a message that isn't a template may be one."""
    return message if isinstance(message, str) and "%" in message else "(message withheld)"


def log_to(path: Path) -> logging.Handler:
    """Send all logging to a file for its owner alone, and nowhere else; returns the handler."""
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    handler = RotatingFileHandler(path, maxBytes=LOG_SIZE, backupCount=1, encoding="utf-8")
    handler.setFormatter(RedactingFormatter())
    root = logging.getLogger()
    for other in list(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    return handler


def logs_to(path: Path | None) -> bool:
    """Whether what is logged goes to this file: not before the profile is open, nor afterwards."""
    return path is not None and any(
        isinstance(handler, logging.FileHandler) and handler.baseFilename == os.path.abspath(path)
        for handler in logging.getLogger().handlers
    )
