"""Self-protection: while disk or memory is short no circle is opened and no file taken.

What is already here goes on: messages need little more room, and people rely upon them. A new
circle can be opened elsewhere, and a file handed in later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from relay.limits import SECOND

EVERY = 5 * SECOND
"""Between two looks at the machine."""

AGAIN = 1.25
"""How much more than the least there has to be before it counts as enough again."""

MIB = 1024 * 1024


@dataclass(slots=True)
class Resource:
    """Something that may run short: what is free of it (None: nobody knows), and the least."""

    name: str
    setting: str
    least: int
    free: Callable[[], int | None]
    short: bool = False

    def look(self) -> str | None:
        """Look how much there is; the sentence to say where that has changed anything."""
        free = self.free()
        if free is None:
            return None
        before, self.short = self.short, free < self.least * (AGAIN if self.short else 1)
        if self.short == before:
            return None
        if not self.short:
            return f"There is enough {self.name} again ({free // MIB} MiB free)."
        return (
            f"Short of {self.name}: {free // MIB} MiB are free, and {self.setting} is"
            f" {self.least // MIB}. No new circle is opened and no file taken until there is"
            " more; the circles that are here go on."
        )


@dataclass(slots=True)
class Shortage:
    """All that may run short. Called, it says whether anything does."""

    resources: tuple[Resource, ...]
    say: Callable[[str], None]
    _next: int = field(default=0)

    def tick(self, now: int) -> None:
        """About once a second; `now` in milliseconds."""
        # A clock that was set back does not keep it from looking.
        if now >= self._next or now < self._next - EVERY:
            self._next = now + EVERY
            for each in self.resources:
                sentence = each.look()
                if sentence is not None:
                    self.say(sentence)

    def __call__(self) -> bool:
        return any(each.short for each in self.resources)
