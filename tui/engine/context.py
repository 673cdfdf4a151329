"""What every part of the engine is handed: the store, the clock, randomness, and a place to tell.

`wishes` are the refs of commands whose answer comes later, by the intention that they became; they
live as long as the program, like whoever waits for the answer. `giver` is the other device that is
being linked just now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crypto.primitives import Rng
from tui.engine.errors import WishError
from tui.engine.events import Event, Finished, Refused
from tui.engine.links import LinkId
from tui.engine.store.records import Store

if TYPE_CHECKING:
    from tui.engine.giving import Giver


@dataclass(slots=True)
class Attends:
    """Until when this person is taken to be at a screen, and to be writing in a circle."""

    until: int = 0
    writing: bytes = b""
    writing_until: int = 0


@dataclass(slots=True)
class Context:
    """One engine's surroundings; `now` gives milliseconds since 1970. `beats`: leave heartbeats."""

    store: Store
    rng: Rng
    now: Callable[[], int]
    told: list[Event] = field(default_factory=list)
    refs: dict[int, int] = field(default_factory=dict)
    newest_link: int = 0
    beats: bool = True
    giver: Giver | None = None
    attends: Attends = field(default_factory=Attends)

    def next_link(self) -> LinkId:
        """The number of an attempt to be connected."""
        self.newest_link += 1
        return LinkId(self.newest_link)

    def tell(self, event: Event) -> None:
        """An event, to be handed out once this input is on the disk."""
        self.told.append(event)

    def refuse(self, ref: int, error: WishError) -> None:
        """Answer a command with why it is not done."""
        self.tell(Refused(ref=ref, reason=error.reason, sentence=str(error), exit=error.exit))

    def finish(self, intention: int) -> None:
        """Answer the command that became this intention, if somebody waits for it."""
        ref = self.refs.pop(intention, None)
        if ref is not None:
            self.tell(Finished(ref=ref))
