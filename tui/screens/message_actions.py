"""What the actions of the table do with one message: the one that the cursor is on, or the last."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.screen import Screen

from crypto.emoji import is_emoji
from tui import emoji_names
from tui.engine.commands import Command, Delete, Edit, OpenPoll, Pin, React, SendText, Vote
from tui.engine.events import Refused, Row, RowKind
from tui.screens.confirm import Confirm
from tui.screens.dialog import safe
from tui.screens.links import OPENERS_MISSING, links_of, open_link
from tui.screens.room import hall, read
from tui.widgets.about import About, AboutLine, Deed
from tui.widgets.composer import Composer
from tui.widgets.conversation import Conversation

NO_MESSAGE = "There is no message here."
NOT_YOURS = "This is another's message: only who wrote it can do that."
NO_LINK = "There is no link in this message."
NO_POLL = "This is not a poll. /poll asks one."
NO_SUCH_DATE = "Name a day like this: /date 2026-03-01"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class MessageActions(Screen[None]):
    """A part of the main screen. `_about` is what is being answered or changed, by circle."""

    circle: str
    _abouts: dict[str, About]

    if TYPE_CHECKING:

        async def do(self, command: Command) -> bool:
            """Have a command carried out; whether it was."""

        async def show(self, circle: str) -> None:
            """Show a circle."""

    # Which message.

    def _meant(self) -> Row | None:
        """The message that is meant; a sentence where there is none."""
        row = self._now(self.query_one(Conversation).chosen)
        if row is None:
            hall(self).say(NO_MESSAGE)
        return row

    def _now(self, row: Row | None) -> Row | None:
        """A row as the engine has it: what has changed since may not be drawn yet."""
        return None if row is None else read(self).row(row.circle, row.id)

    def _mine(self) -> Row | None:
        """The message that is meant, if it is this person's; the last of theirs by a command."""
        row = self._now(self.query_one(Conversation).chosen_own)
        if row is None:
            there = self.query_one(Conversation).chosen is not None
            hall(self).say(NOT_YOURS if there else NO_MESSAGE, wrong=there)
        return row

    def action_command(self) -> None:
        """Type a command for the message that the cursor is on."""
        composer = self.query_one(Composer)
        if not composer.text:
            composer.rewrite("/")
        composer.focus()

    # Answering and changing: above the composer, until it is sent or let go.

    def action_reply(self) -> None:
        """Answer it with what is written next."""
        row = self._meant()
        if row is not None:
            self._begin(About(Deed.ANSWER, row))

    def action_edit(self) -> None:
        """Change it in the composer."""
        row = self._mine()
        if row is not None:
            composer = self.query_one(Composer)
            self._begin(About(Deed.CHANGE, row, composer.draft))
            composer.rewrite(row.text)

    @work
    async def take_reply(self, text: str) -> None:
        """Answer it with this."""
        row = self._meant()
        if row is not None:
            await self.do(SendText(circle=row.circle, text=text, reply=row.id))

    @work
    async def take_edit(self, text: str) -> None:
        """Have it say this."""
        row = self._mine()
        if row is not None:
            await self.do(Edit(circle=row.circle, id=row.id, text=text))

    def _begin(self, about: About) -> None:
        self.let_go()
        self._abouts[self.circle] = about
        self.show_about()
        self.query_one(Composer).focus()

    def show_about(self) -> None:
        """What the composer is about, in this circle."""
        self.query_one(AboutLine).show(self._abouts.get(self.circle), hall(self).glyphs)

    @property
    def about(self) -> About | None:
        """What is being answered or changed here."""
        return self._abouts.get(self.circle)

    def let_go(self, sent: bool = False) -> bool:
        """Answer or change nothing any more; whether anything was let go."""
        about = self._abouts.pop(self.circle, None)
        self.show_about()
        if about is not None and about.deed is Deed.CHANGE:
            composer = self.query_one(Composer)
            # What was changed goes, and what stood there before comes back.
            if not sent or about.before:
                composer.rewrite(about.before)
        return about is not None

    # Marks.

    @work
    async def action_react(self) -> None:
        """Mark it with an emoji that is picked."""
        row = self._meant()
        if row is None:
            return
        from tui.screens.react import ReactDialog

        what = await self.app.push_screen_wait(ReactDialog(row))
        if what is not None:
            await self._mark_with(row, what)

    @work
    async def take_react(self, typed: str) -> None:
        """Mark it with this one."""
        row = self._meant()
        what = typed if is_emoji(typed) else emoji_names.of_name(typed)
        if row is not None and what is None:
            hall(self).say(Content.assemble(safe(typed), " is no emoji, and no name of one."))
        elif row is not None and what is not None:
            await self._mark_with(row, what)

    async def _mark_with(self, row: Row, what: str) -> None:
        mine = any(mark.what == what and mark.mine for mark in row.reactions)
        await self.do(React(circle=row.circle, id=row.id, what=what, on=not mine))

    @work
    async def action_pin(self) -> None:
        """Pin it for all, or unpin it."""
        row = self._meant()
        if row is not None:
            await self.do(Pin(circle=row.circle, id=row.id, on=not row.pinned))

    @work
    async def action_delete(self) -> None:
        """Take it back, after a yes."""
        row = self._mine()
        if row is None:
            return
        first = safe(row.text.partition("\n")[0], "bold")
        body = (
            "It goes from the screens of all, and from their disks where they run this program."
            " Who has read it has read it."
        )
        asked = Content.assemble("Take back ", first, " ?")
        if await self.app.push_screen_wait(Confirm(asked, body, yes="Take it back")):
            await self.do(Delete(circle=row.circle, id=row.id))

    # Links, and everything.

    @work
    async def action_open_link(self) -> None:
        """Open a link of it in the browser, after showing all of it."""
        row = self._meant()
        links = [] if row is None else links_of(row.text)
        if row is not None and not links:
            hall(self).say(NO_LINK)
        for link in links:
            asked = Content.assemble("Open what ", safe(row.author, "bold"), " sent?")  # type: ignore[union-attr]
            confirm = Confirm(asked, safe(link, "bold"), yes="Open it in the browser")
            if await self.app.push_screen_wait(confirm):
                if not await asyncio.to_thread(open_link, link):
                    hall(self).copy(link, "The link")
                    hall(self).say(OPENERS_MISSING)
                return

    @work
    async def action_menu(self) -> None:
        """All that can be done with it."""
        row = self._meant()
        if row is None:
            return
        from tui.screens.menu import MessageMenu

        chosen = await self.app.push_screen_wait(MessageMenu(row, _possible(row)))
        if chosen == "copy":
            self.query_one(Conversation).action_copy()
        elif chosen is not None:
            getattr(self, f"action_{chosen}")()

    # Pins and polls of the circle.

    @work
    async def action_pins(self) -> None:
        """What is pinned; go to one."""
        from tui.engine.commands import ListPins
        from tui.engine.events import Messages
        from tui.screens.pins import PinsDialog

        answer = await hall(self).ask(ListPins(circle=self.circle))
        if isinstance(answer, Refused):
            hall(self).say(answer.sentence, wrong=True)
        elif isinstance(answer, Messages):
            name = read(self).circle(self.circle).name
            row = await self.app.push_screen_wait(PinsDialog(name, answer.rows))
            if row is not None:
                self._go_to(row)

    def action_poll(self) -> None:
        """Ask a question."""
        self.take_poll("")

    @work
    async def take_poll(self, question: str) -> None:
        """Ask this question."""
        from tui.screens.poll import PollDialog

        asked = await self.app.push_screen_wait(PollDialog(question))
        if asked is not None:
            text, options, several = asked
            command = OpenPoll(circle=self.circle, question=text, options=options, several=several)
            await self.do(command)

    @work
    async def action_vote(self) -> None:
        """Choose in a poll."""
        row = self._now(self.query_one(Conversation).chosen_poll)
        if row is None or row.poll is None:
            hall(self).say(NO_POLL)
            return
        from tui.screens.poll import VoteDialog

        choices = await self.app.push_screen_wait(VoteDialog(row, row.poll))
        if choices is not None:
            await self.do(Vote(circle=row.circle, id=row.id, choices=choices))

    @work
    async def take_vote(self, numbers: str) -> None:
        """Choose these options of the last poll, counted from 1."""
        row = self._now(self.query_one(Conversation).chosen_poll)
        words = numbers.replace(",", " ").split()
        if row is None or row.poll is None:
            hall(self).say(NO_POLL)
        elif not all(word.isascii() and word.isdigit() and int(word) for word in words):
            hall(self).say("Name answers by their numbers: /vote 2", wrong=True)
        else:
            choices = [int(word) - 1 for word in words]
            await self.do(Vote(circle=row.circle, id=row.id, choices=choices))

    # Elsewhere in the conversation, or in another.

    def action_search(self) -> None:
        """Find what was said."""
        self.take_search("")

    def action_find(self) -> None:
        """As `action_search`, from the messages."""
        self.take_search("")

    def take_find(self, text: str) -> None:
        """As `take_search`."""
        self.take_search(text)

    @work
    async def take_search(self, text: str) -> None:
        """Find this, and go where it was said."""
        from tui.screens.search import SearchDialog

        row = await self.app.push_screen_wait(SearchDialog(text))
        if row is not None:
            await self.show(row.circle)
            self._go_to(row)

    def _go_to(self, row: Row) -> None:
        conversation = self.query_one(Conversation)
        conversation.focus()
        conversation.jump(row.position)
        conversation.cursor = row.id

    def action_date(self) -> None:
        """Without a day there is nowhere to go."""
        hall(self).say(NO_SUCH_DATE, wrong=True)

    def take_date(self, day: str) -> None:
        """Go to the first message of a day."""
        from datetime import datetime

        try:
            if not _DATE.fullmatch(day):
                raise ValueError
            begins = datetime.fromisoformat(day).astimezone().timestamp()
        except ValueError:
            return self.action_date()
        row = read(self).row_at(self.circle, int(begins * 1000)) if self.circle else None
        if row is None:
            hall(self).say("Nothing has been said since that day.")
        else:
            self._go_to(row)


def _possible(row: Row) -> list[str]:
    """What may be done with a message, in the order of its menu."""
    names = ["reply", "react", "copy", "pin"]
    if row.poll is not None:
        names.insert(0, "vote")
    if links_of(row.text):
        names.append("open_link")
    if row.file is not None:
        names.insert(0, "save")
        if row.file.media.startswith("image/"):
            names.insert(0, "view")
    elif row.mine and row.kind is RowKind.TEXT and row.poll is None:
        names.append("edit")
    if row.mine:
        names.append("delete")
    return names
