"""Two conversations under one name: what happened, what each choice means, and a choice."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button

from tui.engine.events import CircleFacts, MemberFacts
from tui.screens.dialog import Choice, Choices, Dialog, paragraph, safe, title

MINE = "mine"
NAMED_MOST = 4
"""Members whose conversation can be chosen here; of others, `hallway rejoin --with NAME`."""


class Settle(Dialog[str]):
    """Answers `MINE`, or the id of the member whose conversation stands; None for not now."""

    def __init__(self, facts: CircleFacts, members: list[MemberFacts]) -> None:
        super().__init__()
        self._facts = facts
        seen = {fork.member for fork in facts.forks}
        others = [member for member in members if not member.me]
        # Where only the relay itself shows another conversation, anybody may be on it.
        self._there = [member for member in others if member.id in seen] or others
        self._mine = "" not in seen

    def body(self) -> ComposeResult:
        """What happened, what each choice means, the choices."""
        yield title("Two conversations in ", safe(self._facts.name, "bold"))
        names = Content(", ").join(safe(member.name, "bold") for member in self._there)
        yield paragraph(
            "The relay has signed for two conversations under this name: one that this device "
            "sees, and another one. Only a relay that cheats, or a broken one, does that. Ask the "
            "others, by another way than this relay, what they see."
        )
        yield paragraph(Content.assemble("On the other one, as far as is known: ", names, "."))
        if self._mine:
            yield paragraph(
                "If this one stands, you go on here. Whoever is on the other one is not read until "
                "they come in again here.",
                dim=True,
            )
        yield paragraph(
            "If another's stands, this device comes in again there, with fresh keys. What was said "
            "here alone stays on this computer, and the others do not see it.",
            dim=True,
        )
        with Choices(classes="choices"):
            yield Choice("Not now", id="no")
            if self._mine:
                yield Choice("Mine stands", id="mine", destructive=True)
            for number, member in enumerate(self._there[:NAMED_MOST]):
                label = f"{safe(member.name).plain}'s stands"
                yield Choice(label, id=f"theirs-{number}", destructive=True)

    def on_mount(self) -> None:
        """A key pressed too early does no harm."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        pressed = event.button.id or ""
        if pressed == "mine":
            self.dismiss(MINE)
        elif pressed.startswith("theirs-"):
            self.dismiss(self._there[int(pressed.removeprefix("theirs-"))].id)
        else:
            self.dismiss(None)
