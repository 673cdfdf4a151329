"""The page with the codes that are open: whose they are, who came in, and withdrawing them."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.engine.commands import RevokeInvite
from tui.engine.events import CircleChanged, CircleFacts, Event, InviteFacts, InviteUsed, Refused
from tui.screens.confirm import Confirm
from tui.screens.dialog import keys, safe, safe_sentences
from tui.screens.room import hall, read
from tui.screens.words import history_for_inviter, names_joined, time_left

NONE_OPEN = "No code is open."
WITHDRAW = "Withdraw this code?"
WITHDRAW_BODY = "Nobody comes in on it any more. Who came in on it stays."


class OpenCodes(Vertical):
    """One entry a code; `x` withdraws it, after a question."""

    def __init__(self, circle: CircleFacts, *, id: str) -> None:
        super().__init__(id=id)
        self._circle = circle
        self._invites: list[InviteFacts] = []
        self.carrier: bytes | None = None

    def compose(self) -> ComposeResult:
        yield Static(NONE_OPEN, id="none-open", classes="dim")
        yield OptionList(id="open-codes", compact=True)
        yield Static(id="open-said", classes="dim")
        yield Static(
            keys(
                ("x", "withdraw"),
            ),
            id="open-keys",
        )

    def refill(self) -> None:
        """Read the open codes again."""
        self._invites = read(self).invites(self._circle.id)
        listed = self.query_one("#open-codes", OptionList)
        highlighted = listed.highlighted or 0
        listed.clear_options()
        listed.add_options([Option(self._entry(one)) for one in self._invites])
        listed.display = bool(self._invites)
        self.query_one("#none-open").display = not self._invites
        self.query_one("#open-keys").display = bool(self._invites)
        if self._invites:
            listed.highlighted = min(highlighted, len(self._invites) - 1)

    def _entry(self, invite: InviteFacts) -> Content:
        kind = "the spoken code" if invite.id == self.carrier else "a code to send"
        whose = Content("Yours") if invite.mine else safe(invite.issuer)
        uses = "once" if invite.uses == 1 else f"for {invite.uses} people"
        left = time_left(max(0, invite.expires_at - hall(self).now()))
        parts: list[Content | tuple[str, str]] = [
            whose.stylize("bold"),
            (f"  {kind}, {uses}, for {left}\n", "$muted"),
            (f"  {history_for_inviter(invite.history)}", "$muted"),
        ]
        if invite.came_in:
            parts += [("\n  Came in on it: ", "$muted"), safe(names_joined(invite.came_in), "bold")]
        return Content.assemble(*parts)

    async def withdraw(self) -> None:
        """Withdraw the code that is highlighted, after a question."""
        self._withdraw()

    @work
    async def _withdraw(self) -> None:
        at = self.query_one("#open-codes", OptionList).highlighted
        if at is None or at >= len(self._invites):
            return
        invite = self._invites[at]
        asked = Confirm(Content(WITHDRAW), WITHDRAW_BODY, yes="Withdraw it")
        if not await self.app.push_screen_wait(asked):
            return
        command = RevokeInvite(circle=self._circle.id, invite_id=invite.id)
        answer = await hall(self).ask(command)
        sentence = answer.sentence if isinstance(answer, Refused) else ""
        self.query_one("#open-said", Static).update(safe_sentences(sentence))
        self.refill()

    def hear(self, event: Event) -> None:
        """Codes come and go."""
        if isinstance(event, CircleChanged | InviteUsed) and event.circle == self._circle.id:
            self.refill()
