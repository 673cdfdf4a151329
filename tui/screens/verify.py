"""Is this really Bo? Six words to compare by another way than the relay."""

from __future__ import annotations

import asyncio

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from tui.engine.events import MemberFacts
from tui.screens.dialog import Choice, Choices, Dialog, paragraph, safe, title
from tui.screens.room import hall
from tui.themes import hue

MATCH, DIFFER = "match", "differ"
ABREAST = 3


class VerifyDialog(Dialog[str]):
    """Answers `MATCH`, or `DIFFER`; None for later.

    :param mine: the own member key in this circle, in hexadecimal.
    """

    KIND = "verify"

    def __init__(self, circle: str, mine: str, member: MemberFacts) -> None:
        super().__init__()
        self._circle = circle
        self._mine = mine
        self._member = member

    def body(self) -> ComposeResult:
        """What to do, the words, the choices."""
        member = self._member
        name = safe(member.name, f"bold {hue(member.hue)}")
        yield title("Is this really ", name, " ?")
        yield paragraph(
            "Call them, or meet. Read the words aloud in turn. They see the same six, if nobody"
            " stands between you."
        )
        yield Static(Content.styled("making the words…", "$muted"), id="words")
        if member.new_device:
            yield paragraph(
                Content.assemble(
                    (f"{hall(self).glyphs.new_device} ", "$warning"),
                    "Since you verified them they have another device, or came in again.",
                )
            )
        elif member.verified:
            mark = (f"{hall(self).glyphs.verified} ", "$success")
            yield paragraph(Content.assemble(mark, "You have verified them."))
        with Choices(classes="choices"):
            yield Choice("Later", id="later")
            yield Choice("They match", id="match", disabled=True)
            yield Choice("They differ", id="differ", destructive=True)

    def on_mount(self) -> None:
        """A key pressed too early says nothing about anybody."""
        self.query_one("#later").focus()
        self._make()

    @work
    async def _make(self) -> None:
        # imported here: the words cost what a guess at a passphrase costs, and so a thread
        from crypto.comparing import comparison_words

        keys = (bytes.fromhex(key) for key in (self._circle, self._mine, self._member.id))
        words = await asyncio.to_thread(comparison_words, *keys)
        longest = max(map(len, words))
        lines = []
        for start in range(0, len(words), ABREAST):
            cells = [
                Content.assemble((f"{number + 1}  ", "$muted"), (word.ljust(longest), "bold"))
                for number, word in enumerate(words)
            ][start : start + ABREAST]
            lines.append(Content("   ").join(cells))
        self.query_one("#words", Static).update(Content("\n\n").join(lines))
        self.query_one("#match", Button).disabled = False

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        pressed = event.button.id
        self.dismiss(pressed if pressed in (MATCH, DIFFER) else None)
