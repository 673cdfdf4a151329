"""What carrying out a command needs: the desk, and what many commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tui.engine import commands
from tui.engine.circle import Circle
from tui.engine.desk import Desk
from tui.engine.errors import WishError
from tui.engine.events import Finished, Queued


class Asker:
    """Commands come in at a desk; an answer goes out over its context."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.context = desk.context

    def circles(self) -> list[Circle]:
        """All circles of this profile."""
        return [line.circle for line in self.desk.circle_lines()]

    def finish(self, ref: int) -> None:
        """A command without an answer of its own is done."""
        self.context.tell(Finished(ref=ref))

    def inside(self, named: str) -> Circle:
        """The circle that something is to be sent to; where it is offline, that is tried now."""
        line = self.desk.circle_line(named)
        circle = line.circle
        if not circle.active:
            raise WishError("not_active", circle.record.sentence or "This circle is not open yet.")
        if circle.record.left_at:
            raise WishError("leaving", "You are leaving this circle.")
        line.hurry()
        return circle

    def member(self, circle: Circle, named: str) -> bytes:
        """The key of the one member who is called so, or has this key in hexadecimal."""
        names = circle.view.names()
        found = [key for key in names if key.hex() == named.lower()]
        found = found or [key for key, name in names.items() if name == named]
        if len(found) != 1:
            raise WishError("unknown_member", f"There is nobody here who is called {named}.")
        return found[0]

    def queued(self, ref: int, circle: Circle, id: bytes, position: int) -> None:
        """Something was written down, and goes out by itself."""
        answer = Queued(ref=ref, circle=circle.hex, id=id.hex(), position=position)
        self.context.tell(answer)


Answers: TypeAlias = dict[type[commands.Command], Callable[[Asker, Any], None]]
"""By the type of a command, what carries it out; WishError for a wish that can't be."""
