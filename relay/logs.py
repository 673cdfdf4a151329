"""What a relay writes to its log, in lines for people or in JSON for machines.

No line holds a client's address, a circle's id or a key. The relay's own lines are written that
way; libraries write their own, which may name sockets and peers, and of an error nobody knows what
is in its text. So of what is not the relay's own only the logger's name is said, and of an error
its type and where it happened.
"""

from __future__ import annotations

import json
import logging
import traceback
from typing import Literal, TextIO

OURS = "relay"


def sentence(record: logging.LogRecord) -> str:
    """What may be said of a record, without the place where an error happened."""
    ours = record.name == OURS or record.name.startswith(f"{OURS}.")
    return record.getMessage() if ours else f"{record.name} met something out of the ordinary."


def trace(record: logging.LogRecord) -> list[str]:
    """Where an error happened, innermost last, and its type; nothing without an error."""
    if record.exc_info is None or record.exc_info[0] is None:
        return []
    kind, _, where = record.exc_info
    frames = traceback.extract_tb(where)
    return [*(f"{each.filename}:{each.lineno} in {each.name}" for each in frames), kind.__name__]


class Plain(logging.Formatter):
    """`WARNING: A sentence.`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and one for each place of an error."""
        lines = [f"{record.levelname}: {sentence(record)}", *(f"  {at}" for at in trace(record))]
        return "\n".join(lines)


class Json(logging.Formatter):
    """`{"at": seconds since 1970, "level": "warning", "text": "A sentence."}`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        facts: dict[str, object] = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "text": sentence(record),
        }
        if found := trace(record):
            facts["trace"] = found
        return json.dumps(facts)


def begin(form: Literal["plain", "json"], stream: TextIO) -> None:
    """Have everything that is logged in this process go to `stream` in this form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Json() if form == "json" else Plain())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
