"""What the actions of the table do on the main screen, but for those of the conversation itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.screen import Screen
from textual.widget import AwaitMount, Widget

from tui.actions import BY_NAME, Where
from tui.engine.commands import (
    ChangeSettings,
    Command,
    Forget,
    Leave,
    ListDevices,
    Notify,
    Rejoin,
    Remove,
    RemoveDevice,
    Rename,
    Rest,
    SettleFork,
    Verify,
)
from tui.engine.events import CircleFacts, DeviceGoes, Devices, MemberFacts, Refused
from tui.screens.confirm import Confirm
from tui.screens.dialog import safe
from tui.screens.room import hall, read
from tui.widgets.composer import Composer
from tui.widgets.conversation import Conversation

FORGET_FIRST = "You are in this circle. /leave it first."
_TOLD = {
    "off": "You are told nothing of this circle while you look elsewhere.",
    "mentions": "You are told when somebody here names you.",
    "all": "You are told of all that is said here.",
    "": "You are told of this circle as your settings say.",
}
AT_ANY_TIME = ("quit", "help", "write", "messages")
"""Actions that ask for no profile."""

NOBODY_AT_THE_DOOR = "Nobody is at the door."


class CircleActions(Screen[None]):
    """A part of the main screen: it knows which circle is shown."""

    circle: str
    early: list[tuple[str, str]]
    """What was typed before the profile was open: actions, with what they are given."""

    if TYPE_CHECKING:

        def go(self, circle: str) -> object:
            """Show a circle."""

    def carry_out(self, name: str, argument: str = "") -> None:
        """Do what an action's /command says; what asks for the profile, as soon as that is open."""
        if not self.may_begin(name):
            self.early.append((name, argument))
            return
        taker = getattr(self, f"take_{name}", None)
        if taker is not None and argument:
            taker(argument)
        else:
            getattr(self.carrier(name), f"action_{name}")()

    def may_begin(self, name: str) -> bool:
        """Whether an action does without the profile, or that is open."""
        needs = BY_NAME[name].where is not Where.COMPOSER and name not in AT_ANY_TIME
        return not needs or hall(self).client is not None

    def carrier(self, name: str) -> Widget:
        """Who has the method for an action of the table."""
        if BY_NAME[name].chosen:
            return self
        where = BY_NAME[name].where
        if where is Where.COMPOSER:
            return self.query_one(Composer)
        return self.query_one(Conversation) if where is Where.MESSAGES else self

    # Between circles.

    @work
    async def action_switch(self) -> None:
        """Choose a circle from a list."""
        from tui.screens.switcher import JOIN, NEW, Switcher

        chosen = await self.app.push_screen_wait(Switcher(read(self).circles(), self.circle))
        if chosen == NEW:
            self.action_open()
        elif chosen == JOIN:
            self.action_join()
        elif chosen is not None:
            self.go(chosen)

    def take_switch(self, named: str) -> None:
        """Go to the circle whose name begins so."""
        wanted = named.casefold()
        found = [one for one in read(self).circles() if one.name.casefold().startswith(wanted)]
        if found:
            self.go(found[0].id)
        else:
            hall(self).say(Content.assemble("There is no circle ", safe(named), "."), wrong=True)

    def action_next_news(self) -> None:
        """To the next circle that has news."""
        for circle in self._after_this():
            if circle.news:
                self.go(circle.id)
                return
        hall(self).say("No other circle has news.")

    def action_circle_down(self) -> None:
        """To the circle below."""
        for circle in self._after_this():
            self.go(circle.id)
            return

    def action_circle_up(self) -> None:
        """To the circle above."""
        for circle in reversed(self._after_this()):
            self.go(circle.id)
            return

    def _after_this(self) -> list[CircleFacts]:
        """All other circles, beginning with the one below."""
        circles = read(self).circles()
        at = next((n for n, circle in enumerate(circles) if circle.id == self.circle), -1)
        return circles[at + 1 :] + circles[: max(at, 0)]

    @work
    async def action_open(self) -> None:
        """Open one more circle."""
        from tui.screens.open_circle import OpenCircleDialog

        opened = await self.app.push_screen_wait(OpenCircleDialog(self._usual_name()))
        if opened is not None:
            hall(self).show_circle(opened, invite=True)

    def _usual_name(self) -> str:
        circles = read(self).circles()
        return hall(self).person or (circles[-1].me if circles else "")

    def action_join(self) -> None:
        """Come in somewhere with a code."""
        self.take_join("")

    def take_join(self, code: str) -> None:
        """Come in with this code."""
        hall(self).show_join(code, self._usual_name())

    # In this circle.

    def _facts(self) -> CircleFacts | None:
        client = hall(self).client
        return client.circle(self.circle) if client is not None and self.circle else None

    def action_invite(self) -> None:
        """Codes for this circle."""
        facts = self._facts()
        if facts is None or facts.left:
            hall(self).say("Open a circle first, then invite somebody into it.")
        else:
            self.invite(facts)

    def invite(self, facts: CircleFacts) -> AwaitMount:
        """Show the codes of the circle; may be waited for."""
        from tui.screens.invite import Invite

        return self.app.push_screen(Invite(facts))

    def action_door(self) -> None:
        """Who is at the door."""
        facts = self._facts()
        asking = [] if facts is None else [one for one in read(self).requests(facts.id) if one.asks]
        if facts is None or not asking:
            hall(self).say(NOBODY_AT_THE_DOOR)
            return
        from tui.screens.door import Door

        self.app.push_screen(Door(asking[0], facts.name))

    def action_people(self) -> None:
        """Who is in, who let them in, and the circle's state."""
        facts = self._facts()
        if facts is not None:
            from tui.screens.people import PeopleDialog

            self.app.push_screen(PeopleDialog(facts))

    # What is asked about first.

    @work
    async def action_leave(self) -> None:
        """Leave this circle for good."""
        facts = self._facts()
        if facts is None or facts.left:
            return
        asked = Content.assemble("Leave ", safe(facts.name, "bold"), "?")
        body = (
            "The others are told. You come back only with a new code, as somebody new. "
            "What was said so far stays readable here."
        )
        await self._after_yes(Confirm(asked, body, yes="Leave"), Leave(circle=facts.id))

    @work
    async def action_rejoin(self) -> None:
        """Come in again with fresh keys."""
        facts = self._facts()
        if facts is not None and facts.forks:
            self.action_settle()
            return
        if facts is None or not read(self).may_return(facts.id):
            hall(self).say("There is no need to come in again here.")
            return
        asked = Content.assemble("Come in again to ", safe(facts.name, "bold"), "?")
        body = "This device gets fresh keys, and the others are told so."
        confirm = Confirm(asked, body, yes="Come in again", no="Later")
        await self._after_yes(confirm, Rejoin(circle=facts.id))

    @work
    async def action_settle(self) -> None:
        """Choose between two conversations."""
        facts = self._facts()
        if facts is None or not facts.forks:
            hall(self).say("There are no two conversations here to choose from.")
            return
        from tui.screens.settle import MINE, Settle

        members = read(self).members(facts.id)
        chosen = await self.app.push_screen_wait(Settle(facts, members))
        if chosen == MINE:
            await self.do(SettleFork(circle=facts.id, mine=True))
        elif chosen is not None:
            await self.do(SettleFork(circle=facts.id, member=chosen))

    @work
    async def action_forget(self) -> None:
        """Erase a circle that was left."""
        facts = self._facts()
        if facts is None or not facts.left:
            hall(self).say(FORGET_FIRST, wrong=True)
            return
        asked = Content.assemble("Erase ", safe(facts.name, "bold"), " from this computer?")
        body = "All that was said there is gone from here. Nobody can bring it back."
        await self._after_yes(Confirm(asked, body, yes="Erase it"), Forget(circle=facts.id))

    @work
    async def take_remove(self, named: str) -> None:
        """Remove a member, by name."""
        facts = self._facts()
        member = self._member(named)
        if facts is None or member is None:
            return
        asked = Content.assemble("Remove ", safe(member.name, "bold"), "?")
        body = (
            "They read nothing that is said from now on, and what they have stays theirs. "
            "All open codes are withdrawn, whoever made them."
        )
        confirm = Confirm(asked, body, yes="Remove")
        await self._after_yes(confirm, Remove(circle=facts.id, member=member.id))

    @work
    async def take_verify(self, named: str) -> None:
        """Compare words with a member, by name."""
        facts, member = self._facts(), self._member(named)
        if facts is None or member is None:
            return
        mine = next(one.id for one in read(self).members(facts.id) if one.me)
        if member.me:
            hall(self).say("Nobody compares words with themselves.", wrong=True)
            return
        from tui.screens.verify import DIFFER, MATCH, VerifyDialog

        answer = await self.app.push_screen_wait(VerifyDialog(facts.id, mine, member))
        if answer == MATCH:
            await self.do(Verify(circle=facts.id, member=member.id))
        elif answer == DIFFER:
            await self.do(Verify(circle=facts.id, member=member.id, on=False))
            hall(self).say(
                Content.assemble(
                    "Then somebody stands between you, or this is not ", safe(member.name),
                    ". Tell the others by another way, and open a new circle.",
                ),
                wrong=True,
            )  # fmt: skip

    @work
    async def action_devices(self) -> None:
        """This person's devices."""
        answer = await hall(self).ask(ListDevices())
        if not isinstance(answer, Devices) or not answer.devices:
            hall(self).say("Open a circle first: a device is linked in all your circles.")
            return
        from tui.screens.devices import HISTORIES, DevicesDialog, LinkDialog, TakeOut

        chosen = await self.app.push_screen_wait(DevicesDialog(answer.devices))
        if isinstance(chosen, TakeOut):
            await self._take_out(chosen.label)
        elif chosen is not None:
            self.app.push_screen(LinkDialog(HISTORIES[chosen]))

    async def _take_out(self, label: str) -> None:
        asked = Content.assemble("Take ", safe(label, "bold"), " out of every circle?")
        body = (
            "It reads nothing from then on, and can't speak for you. What it has read stays on it. "
            "All open codes of your circles are withdrawn."
        )
        if await self.app.push_screen_wait(Confirm(asked, body, yes="Take it out")):
            answer = await hall(self).ask(RemoveDevice(label=label))
            if isinstance(answer, DeviceGoes) and answer.circles:
                names = Content(", ").join(safe(name) for name in answer.circles)
                said = Content.assemble(safe(label, "bold"), " is being taken out of ", names, ".")
                hall(self).say(said)
            if isinstance(answer, DeviceGoes) and answer.left:
                names = Content(", ").join(safe(name) for name in answer.left)
                sentence = Content.assemble("Nothing can be sent just now in ", names, ".")
                hall(self).say(sentence, wrong=True)
            elif isinstance(answer, Refused):
                hall(self).say(answer.sentence, wrong=True)

    def action_verify(self) -> None:
        """Without a name there is nobody to compare words with."""
        hall(self).say("Whom? Name them: /verify NAME", wrong=True)

    @work
    async def take_tell(self, level: str) -> None:
        """What of this circle one is told."""
        if await self.do(Notify(circle=self.circle, level=level.strip().lower())):
            hall(self).say(_TOLD[level.strip().lower()])

    def action_tell(self) -> None:
        """Without a word, what one is told is said."""
        facts = self._facts()
        if facts is not None:
            hall(self).say(_TOLD[facts.notify])

    @work
    async def action_mute(self) -> None:
        """Nothing of this circle, or again as usual."""
        facts = self._facts()
        if facts is not None:
            level = "" if facts.notify == "off" else "off"
            if await self.do(Notify(circle=facts.id, level=level)):
                hall(self).say(_TOLD[level])

    @work
    async def action_rest(self) -> None:
        """Not to be told of this circle's silence before the next season."""
        await self.do(Rest(circle=self.circle))

    def action_remove(self) -> None:
        """Without a name there is nobody to remove."""
        hall(self).say("Whom? Name them: /remove NAME", wrong=True)

    def _member(self, named: str) -> MemberFacts | None:
        wanted = named.removeprefix("@").casefold()
        members = read(self).members(self.circle) if self.circle else []
        found = [member for member in members if member.name.casefold() == wanted]
        if len(found) != 1:
            sentence = Content.assemble("There is nobody here who is called ", safe(named), ".")
            hall(self).say(sentence, wrong=True)
            return None
        return found[0]

    async def _after_yes(self, confirm: Confirm, command: Command) -> None:
        if await self.app.push_screen_wait(confirm):
            await self.do(command)

    async def do(self, command: Command) -> bool:
        """Have a command carried out; whether it was. A refusal is said."""
        answer = await hall(self).ask(command)
        if isinstance(answer, Refused):
            hall(self).say(answer.sentence, wrong=True)
        return not isinstance(answer, Refused)

    # Names and settings.

    @work
    async def action_rename(self) -> None:
        """Be called otherwise here."""
        facts = self._facts()
        if facts is None:
            return
        from tui.screens.ask import Ask

        asked = Content.assemble("What should they call you in ", safe(facts.name, "bold"), "?")
        note = "The others are told that it is you who is called so now."
        person = await self.app.push_screen_wait(
            Ask(asked, value=facts.me, yes="Rename", note=note)
        )
        if person:
            await self.do(Rename(circle=facts.id, person=person))

    @work
    async def take_rename(self, person: str) -> None:
        """Be called this."""
        await self.do(Rename(circle=self.circle, person=person))

    @work
    async def action_name(self) -> None:
        """Call this circle otherwise."""
        facts = self._facts()
        if facts is None:
            return
        from tui.screens.ask import Ask

        name = await self.app.push_screen_wait(
            Ask(Content("What is this circle called?"), value=facts.name, yes="Name it")
        )
        if name:
            await self.do(ChangeSettings(circle=facts.id, name=name))

    @work
    async def take_name(self, name: str) -> None:
        """Call this circle so."""
        await self.do(ChangeSettings(circle=self.circle, name=name))

    def action_circle_settings(self) -> None:
        """How this circle is set up."""
        if self._facts() is not None:
            from tui.screens.circle_settings import CircleSettingsDialog

            self.app.push_screen(CircleSettingsDialog(self.circle))

    @work
    async def take_circle_settings(self, words: str) -> None:
        """Change one thing, by its name."""
        from tui.circle_settings import command
        from tui.settings import SettingError

        try:
            await self.do(command(self.circle, words))
        except SettingError as error:
            hall(self).say(str(error), wrong=True)

    @work
    async def action_topic(self) -> None:
        """Take the topic away."""
        await self.do(ChangeSettings(circle=self.circle, topic=""))

    @work
    async def take_topic(self, topic: str) -> None:
        """Say what this circle is about."""
        await self.do(ChangeSettings(circle=self.circle, topic=topic))

    @work
    async def action_ask(self) -> None:
        """From now on a member says yes at the door; or no more."""
        facts = self._facts()
        if facts is not None:
            change = ChangeSettings(circle=facts.id, door_asks=not facts.asks_at_door)
            await self.do(change)
