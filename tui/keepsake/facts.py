"""A keepsake as JSON: one object, its messages one to a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tui.engine.events import Row
from tui.keepsake.what import Keepsake

FORMAT = 1


def facts(
    keepsake: Keepsake,
    rows: Iterable[Row],
    row_facts: Callable[[Row], dict[str, Any]],
    time: Callable[[int], str],
) -> Iterator[str]:
    """The file, piece by piece; a message has the fields of `hallway read --json`."""
    circle = keepsake.circle
    head = {
        "keepsake": FORMAT,
        "made": time(keepsake.made_at),
        "circle": {"id": circle.id, "name": circle.name, "topic": circle.topic, "me": circle.me},
        "members": [
            {"id": each.id, "name": each.name, "host": each.host} for each in keepsake.members
        ],
    }
    yield json.dumps(head)[:-1] + ', "messages": ['
    between = "\n"
    for row in rows:
        yield between + json.dumps(row_facts(row))
        between = ",\n"
    yield "\n]}\n"
