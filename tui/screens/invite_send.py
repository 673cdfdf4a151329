"""The page with the code to send: for a letter, a messenger, a sheet of paper."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.engine.commands import CreateInvite
from tui.engine.events import CircleFacts, Event, InviteFacts, InviteMade, InviteUsed, Refused
from tui.screens.dialog import Choice, Choices, Field, keys, safe, safe_sentences
from tui.screens.qr import QUIET_LEAST, QrDialog, drawn, matrix_of, size
from tui.screens.room import hall, read
from tui.screens.words import DAY, history_for_inviter, names_joined, time_left, who_can_reach

QR_BESIDE = 100
"""Columns from which on the QR code stands beside the text."""

WORDS_A_LINE = 5


class SendIt(Vertical):
    """The newest sealed code of one's own that is open, or what to make one of."""

    def __init__(self, circle: CircleFacts, *, id: str) -> None:
        super().__init__(id=id)
        self._circle = circle
        self._shown: InviteFacts | None = None
        self._making = False
        self.carrier: bytes | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="make"):
            yield Static(Content("For how many people?"), classes="label")
            yield Field("1", type="integer", id="uses", max_length=2)
            yield Static(Content("For how many days?"), classes="label")
            yield Field("7", type="integer", id="days", max_length=3)
            yield Static(Content("How many messages of before do they see?"), classes="label")
            yield Field(str(self._circle.history), type="integer", id="history", max_length=5)
            with Choices(classes="choices"):
                yield Choice("Make the code", id="make-code")
            yield Static(id="make-said", classes="dim")
        with Horizontal(id="sealed"):
            yield Static(id="sealed-qr")
            with Vertical(id="sealed-text"):
                yield Static(id="sealed-code")
                yield Static(
                    keys(
                        ("y", "copy it"),
                        ("l", "link"),
                        ("w", "words"),
                        ("q", "QR"),
                        ("n", "new code"),
                    ),
                    id="sealed-keys",
                )
                yield Static(id="sealed-note", classes="dim")

    def refill(self) -> None:
        """Show the newest open code of one's own; without one, make one."""
        invites = read(self).invites(self._circle.id)
        mine = [one for one in invites if one.mine and one.code and one.id != self.carrier]
        self.show(mine[-1] if mine else None)

    def show(self, invite: InviteFacts | None) -> None:
        """Show a code; None to make another."""
        self._shown = invite
        self.query_one("#make").display = invite is None
        self.query_one("#sealed").display = invite is not None
        if invite is not None:
            self._fill(invite)

    def _fill(self, invite: InviteFacts) -> None:
        address, slash, symbols = invite.code.rpartition("/")
        words, at, place = invite.words.partition("@")
        in_words = _wrapped(words.replace("-", " ").split())
        self.query_one("#sealed-code", Static).update(
            Content.assemble(
                (address + slash + "\n", "$muted"),
                (symbols, "bold $accent"),
                ("\n\nor in words\n", "$muted"),
                in_words,
                (f" {at}{place}" if at else "", "$muted"),
                ("\n\nor as a link\n", "$muted"),
                invite.link,
            )
        )
        uses = "Works once" if invite.uses == 1 else f"Works for {invite.uses} more people"
        left = time_left(max(0, invite.expires_at - hall(self).now()))
        sentences = [
            f"{uses}, for {left}. Somebody in the circle has to be online to open the door.",
            history_for_inviter(invite.history),
            who_can_reach(self._circle.relay),
        ]
        if invite.came_in:
            came_in = safe(names_joined(invite.came_in), "bold")
        else:
            came_in = Content("nobody yet")
        self.query_one("#sealed-note", Static).update(
            Content.assemble("\n".join(sentences), "\n", ("Came in on it: ", "$muted"), came_in)
        )
        self._fit()

    def _fit(self) -> None:
        """The QR code stands beside the text where both have room."""
        beside = self.query_one("#sealed-qr", Static)
        beside.display = False
        if self._shown is None or self.app.size.width < QR_BESIDE:
            return
        matrix = matrix_of(self._shown.code)
        if size(matrix, QUIET_LEAST)[1] <= self.app.size.height - 12:
            beside.update(drawn(matrix, QUIET_LEAST))
            beside.display = True

    def on_resize(self) -> None:
        """There may be room now, or no more."""
        self._fit()

    async def copy_code(self) -> None:
        """The code for the clipboard."""
        if self._shown is not None:
            hall(self).copy(self._shown.code, "The code")

    async def copy_link(self) -> None:
        """The link for the clipboard."""
        if self._shown is not None:
            hall(self).copy(self._shown.link, "The link")

    async def copy_words(self) -> None:
        """The words for the clipboard."""
        if self._shown is not None:
            hall(self).copy(self._shown.words, "The code in words")

    async def qr(self) -> None:
        """The QR code alone."""
        if self._shown is not None:
            self.app.push_screen(QrDialog(self._shown.code))

    async def new_code(self) -> None:
        """Make one more."""
        self.show(None)
        self.query_one("#uses").focus()

    @on(Button.Pressed, "#make-code")
    @on(Input.Submitted)
    def _begin(self, event: Button.Pressed | Input.Submitted) -> None:
        event.stop()
        if not self._making:
            self._making = True
            self.make()

    def _number(self, field: str) -> int:
        return int(self.query_one(f"#{field}", Input).value or "0")

    @work
    async def make(self) -> None:
        """Have a code made."""
        said = self.query_one("#make-said", Static)
        said.update(Content("Making a code…"))
        command = CreateInvite(
            circle=self._circle.id,
            uses=self._number("uses"),
            lifetime=self._number("days") * DAY,
            history=self._number("history"),
        )
        try:
            answer = await hall(self).ask(command)
        finally:
            self._making = False
        if isinstance(answer, InviteMade):
            said.update("")
            self.show(answer.invite)
            self.screen.query_one("#page-send").focus()
        elif isinstance(answer, Refused):
            said.update(safe_sentences(answer.sentence))

    def hear(self, event: Event) -> None:
        """Somebody came in on one."""
        if isinstance(event, InviteUsed) and self._shown is not None and self.display:
            self.refill()


def _wrapped(words: list[str]) -> str:
    lines = [words[at : at + WORDS_A_LINE] for at in range(0, len(words), WORDS_A_LINE)]
    return "\n".join(" ".join(line) for line in lines)
