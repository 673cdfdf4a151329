"""The main screen: circles, a conversation, its people; what one does there goes out from here."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from tui.actions import BY_NAME, Spoken, Unknown, Where, bindings, read_line
from tui.engine.commands import Command, Edit, MarkRead, SaveDraft, SendText
from tui.engine.events import (
    CircleChanged,
    CircleFacts,
    CircleGone,
    Entered,
    EntryEnded,
    EntryMoved,
    Event,
    RequestAnswered,
    RequestWaiting,
    RowAdded,
    RowChanged,
    RowsGone,
)
from tui.screens import notices
from tui.screens.circle_actions import CircleActions
from tui.screens.dialog import safe
from tui.screens.file_actions import FileActions, Wanted
from tui.screens.message_actions import MessageActions
from tui.screens.own_actions import OwnActions
from tui.screens.room import NARROW, WIDE, RoomScreen, hall, read
from tui.screens.state import LABEL, circle_state
from tui.spans import in_words
from tui.widgets.about import About, AboutLine, Deed
from tui.widgets.circle_list import CircleList
from tui.widgets.columns import Columns
from tui.widgets.composer import Composer
from tui.widgets.conversation import Conversation
from tui.widgets.header import elsewhere, header
from tui.widgets.hint_line import HintLine
from tui.widgets.layout import PATIENCE
from tui.widgets.newer import Newer
from tui.widgets.people import people
from tui.widgets.recall import Recall
from tui.widgets.rows import EngineSource
from tui.widgets.usage import Usage
from tui.widgets.window import Place

DRAFT_SECONDS = 0.5
MARK_SECONDS = 1.0
"""Between two times at which it is written down how far somebody has read."""

ALONE = "Only you so far. Invite someone: {}"
NOTHING_YET = "Nothing has been said here yet."
WHAT_OF_YOU = "Say what you do: /me waves."


class Main(CircleActions, MessageActions, FileActions, OwnActions, RoomScreen[None]):
    """Shows one circle at a time; `circle` is its id, empty where none is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.ANYWHERE)]

    def __init__(self) -> None:
        super().__init__()
        self.circle = ""
        self._drafted: str | None = None  # what is to be written down as the draft
        self._kept = ""  # what is written down as the draft
        self._refilling = False
        self._places: dict[str, Place | None] = {}
        self._abouts: dict[str, About] = {}
        self._wanted = Wanted()
        self._recalls: dict[str, Recall] = {}
        self.early = []
        self._unmarked: dict[str, int] = {}
        self._marking: Timer | None = None
        self.mark_seconds = MARK_SECONDS
        self.patience = PATIENCE

    def compose(self) -> ComposeResult:
        with Horizontal(id="root"):
            with Vertical(id="left"):
                yield Static(id="brand")
                yield CircleList(id="circles")
                yield Static(id="left-foot")
            with Vertical(id="middle"):
                with Horizontal(id="head"):
                    yield Static(id="title")
                    yield Static(id="head-right")
                yield Static(id="notices")
                yield Conversation(id="conversation")
                yield Newer(id="newer")
                with Vertical(id="foot"):
                    yield Usage(id="usage")
                    yield AboutLine(id="about")
                    yield Composer(id="composer")
                    with Horizontal(id="status"):
                        yield HintLine(id="hints")
                        yield Static(id="link")
            with VerticalScroll(id="right", can_focus=False):
                yield Static(Content("People"), classes="pane-title")
                yield Static(id="people")
                yield Static(Content("Circle"), classes="pane-title")
                yield Columns(label=LABEL, id="state")

    # Beginning.

    def on_mount(self) -> None:
        """Ready to type before anything is known."""
        glyphs = hall(self).glyphs
        self.query_one("#brand", Static).update(
            Content.assemble((f"{glyphs.brand} ", "$accent"), ("hallway", "bold"))
        )
        self.query_one("#left-foot", Static).update(
            Content("  ").join(
                Content.styled(BY_NAME[name].command, "bold $accent")
                for name in ("open", "join", "quit")
            )
        )
        self.query_one("#notices").display = False
        self.query_one(Conversation).choose_density(hall(self).appearance.dense)
        self.query_one(Newer).display = False
        self.query_one(Usage).display = False
        self.show_about()
        self.query_one(Composer).focus()
        if hall(self).client is not None:
            self.opened()

    def opened(self) -> None:
        """The profile is open: go to the circle with news, or the last that was opened."""
        circles = read(self).circles()
        if not self.circle and circles:
            inside = [circle for circle in circles if not circle.left] or circles
            news = [circle for circle in inside if circle.news]
            self._begin_at((news or inside)[-1].id)
        else:
            self.refill()
        for name, argument in self.early:
            self.call_later(self.carry_out, name, argument)
        self.early.clear()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for what asks for the profile are heard once it is open."""
        return action not in BY_NAME or self.may_begin(action)

    def looks_changed(self) -> None:
        """Another density, other keys."""
        self.query_one(Conversation).choose_density(hall(self).appearance.dense)
        self.query_one(HintLine).again()
        if hall(self).client is not None:
            self.refill()

    @work(group="showing")
    async def _begin_at(self, circle: str) -> None:
        if not self.circle:  # nobody has gone elsewhere meanwhile
            await self.show(circle)

    @work(group="showing", exclusive=True)
    async def go(self, circle: str) -> None:
        """As `show`, for whoever does not wait for it."""
        await self.show(circle)

    async def show(self, circle: str) -> None:
        """Show a circle: its conversation, its people, what was being written there."""
        if circle != self.circle:
            if self.about is not None and self.about.deed is Deed.CHANGE:
                self.let_go()
            async with hall(self).sending:
                await self.keep_draft()
                self._turn_to(read(self).circle(circle))
        self.refill()
        self.query_one(Composer).focus()

    def _turn_to(self, facts: CircleFacts) -> None:
        before, self.circle = self.circle, facts.id
        bound = hall(self).appearance.keys
        conversation, composer = self.query_one(Conversation), self.query_one(Composer)
        self._places[before] = conversation.place
        conversation.show(
            EngineSource(read(self), facts.id),
            me=facts.me,
            read=facts.read_position if facts.news else None,
            at=self._places.get(facts.id),
            empty=ALONE.format(bound.shown("invite")) if facts.chairs == 1 else NOTHING_YET,
            now=hall(self).now,
        )
        self._show_newer()
        composer.put(facts.draft, self._recalls.setdefault(facts.id, Recall()))
        composer.names([member.name for member in read(self).members(facts.id)])
        self.show_about()
        self._drafted, self._kept = None, facts.draft

    # What is shown.

    def refill(self) -> None:
        """Everything but the conversation, anew."""
        client, glyphs, bound = read(self), hall(self).glyphs, hall(self).appearance.keys
        circles = client.circles()
        self.query_one(CircleList).show(circles, self.circle, glyphs)
        others = [circle for circle in circles if circle.id != self.circle]
        narrow = self.app.size.width < NARROW
        invite = Content.assemble((bound.shown("invite"), "bold $accent"), (" invite", "$muted"))
        right = elsewhere(others, glyphs, bound) if narrow else invite
        self.query_one("#head-right", Static).update(right)
        if self.circle:
            self._refill_circle(client.circle(self.circle))
        else:
            lines = notices.of_entries(client.entries(), glyphs)
            self._show_notices(lines)

    def _refill_circle(self, facts: CircleFacts) -> None:
        client, glyphs, now = read(self), hall(self).glyphs, hall(self).now()
        title = self.query_one("#title", Static)
        title.update(header(facts, glyphs, title.size.width))
        self.query_one(Composer).placeholder = _placeholder(facts)
        waiting = self._waiting_long(facts)
        self.query_one("#link", Static).update(notices.link_line(facts, glyphs, waiting))
        lines = notices.of_circle(
            facts, client.requests(facts.id), client.may_return(facts.id), glyphs
        )
        members = client.members(facts.id)
        lines += notices.of_names(members, glyphs)
        lines += notices.of_silence(facts, members, glyphs, now)
        self._show_notices(lines + notices.of_entries(client.entries(), glyphs))
        if self.app.size.width >= WIDE:
            self.query_one("#people", Static).update(people(members, glyphs))
            self.query_one(Columns).show(circle_state(facts, client.invites(facts.id), now))

    def _waiting_long(self, facts: CircleFacts) -> int:
        """How many own messages wait, once one of them has waited for a while."""
        if not facts.waiting:
            return 0
        oldest = read(self).rows_before(facts.id, None, facts.waiting)[0]
        left = self.patience - (hall(self).now() - oldest.at)
        if left <= 0:
            return facts.waiting
        self.set_timer(left / 1000, self._soon)
        return 0

    def _show_notices(self, lines: list[Content]) -> None:
        shown = self.query_one("#notices", Static)
        shown.display = bool(lines)
        shown.update(Content("\n").join(lines))

    def on_resize(self) -> None:
        """What has room changes."""
        if hall(self).client is not None:
            self.call_after_refresh(self.refill)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The hints are those of where the focus is."""
        inside = isinstance(event.widget, Conversation)
        self.query_one(HintLine).show(Where.MESSAGES if inside else Where.COMPOSER)

    @on(CircleList.Chosen)
    def _chosen(self, message: CircleList.Chosen) -> None:
        self.go(message.circle)

    # What happened.

    def hear(self, event: Event) -> None:
        """Rows go to the conversation; all else is read again."""
        self.hear_file(event)
        match event:
            case RowAdded(row=row) if row.circle == self.circle:
                self.query_one(Conversation).added(row)
            case RowChanged(row=row, was=was) if row.circle == self.circle:
                self.query_one(Conversation).changed(row, was)
            case RowsGone(circle=circle) if circle == self.circle:
                self.query_one(Conversation).gone()
            case CircleGone(circle=circle) if circle == self.circle:
                self._forget()
            case Entered(circle=circle) if not self.circle:
                self.go(circle)
            case EntryEnded(circle_name=name, sentence=sentence):
                said = Content.assemble(safe(name), ": ", safe(sentence))
                hall(self).say(said, wrong=True)
                self._soon()
            case (
                CircleChanged()
                | CircleGone()
                | Entered()
                | EntryMoved()
                | RequestWaiting()
                | RequestAnswered()
            ):
                self._soon()
            case _:
                pass

    def _forget(self) -> None:
        """The circle that was shown is gone: go to another, or to where one begins."""
        self._recalls.pop(self.circle, None)
        self.circle = ""
        self._drafted = None
        self.query_one(Conversation).show(None)
        self.query_one(Newer).display = False
        self.query_one(Composer).put("")
        for part in ("#title", "#link", "#people"):
            self.query_one(part, Static).update("")
        self.query_one(Columns).show([])
        self.opened()
        if not read(self).circles():
            hall(self).show_first()

    def _soon(self) -> None:
        """Read everything again, once for all that was told together."""
        if not self._refilling:
            self._refilling = True
            self.call_later(self._refill_now)

    def _refill_now(self) -> None:
        self._refilling = False
        if self.is_attached:
            self.refill()

    # Writing.

    @on(Composer.Written)
    async def _written(self) -> None:
        composer = self.query_one(Composer)
        async with hall(self).sending:
            while (text := composer.take()) is not None:
                composer.settled(await self._carried_out(text))
                self._edited()
            await self.keep_draft()

    async def _carried_out(self, text: str) -> bool:
        """Do what a written line says; whether it need not stand in the composer any more."""
        line = read_line(text)
        if isinstance(line, Unknown):
            hall(self).say(line.sentence, wrong=True)
            return False
        if isinstance(line, Spoken) and line.action.name == "me" and line.argument:
            return await self._send(line.argument, me=True)
        if isinstance(line, Spoken):
            # It may lead to another circle: what was typed ahead is not sent in this one.
            self.query_one(Composer).stay()
            self.call_later(self.carry_out, line.action.name, line.argument)
            return True
        return await self._send(line)

    async def _send(self, text: str, *, me: bool = False) -> bool:
        """Whether the text is on this machine's disk: the composer keeps it until then."""
        about, circle = self.about, self.circle
        command: Command = SendText(circle=circle, text=text, me=me)
        if about is not None and about.deed is Deed.CHANGE and not me:
            command = Edit(circle=circle, id=about.row.id, text=text)
        elif about is not None:
            command = SendText(circle=circle, text=text, me=me, reply=about.row.id)
        hall(self).attend()  # and is not writing any more
        if not await self.do(command):
            return False
        if about is not None:
            self.call_later(self.let_go, True)
        if not isinstance(command, Edit):
            self.query_one(Conversation).action_last()
        return True

    def action_me(self) -> None:
        """Nothing was said of oneself."""
        hall(self).say(WHAT_OF_YOU, wrong=True)

    @on(Composer.Elsewhere)
    def _write_elsewhere(self, message: Composer.Elsewhere) -> None:
        self.take_editor(message.text)

    @work(group="editor", exclusive=True)
    async def take_editor(self, text: str) -> None:
        """Have a text changed in an editor, and put it where one writes."""
        written = await hall(self).edit(text)
        if written is not None:
            self.query_one(Composer).rewrite(written)

    @on(Composer.Changed)
    def _edited(self) -> None:
        about = self.about
        draft = self.query_one(Composer).draft
        self.query_one(Usage).explain(draft)
        if about is not None and about.deed is Deed.CHANGE:
            draft = about.before  # what one was writing waits while a message is being changed
        if self._drafted is None and self.circle and draft != self._kept:
            self.set_timer(DRAFT_SECONDS, self.keep_draft)
        self._drafted = None if draft == self._kept else draft
        if self.circle and draft and not draft.startswith("/"):
            hall(self).attend(self.circle)

    async def keep_draft(self) -> None:
        """Write down what is being written."""
        drafted, self._drafted = self._drafted, None
        if self.circle and drafted is not None:
            self._kept = drafted
            await hall(self).ask(SaveDraft(circle=self.circle, text=drafted))

    @on(Conversation.Seen)
    async def _seen(self, message: Conversation.Seen) -> None:
        """The end is in view of somebody who is here."""
        if self.app.app_focus:
            self._unmarked[message.circle] = message.position
            if self._marking is None:
                await self._mark()

    async def _mark(self) -> None:
        """Write down what was read, and what is read from here on not before a while."""
        if self._unmarked:
            self._marking = self.set_timer(self.mark_seconds, self._mark)
            await self.keep_read()
        else:
            self._marking = None

    async def keep_read(self) -> None:
        """Write down how far was read, in each circle."""
        unmarked, self._unmarked = self._unmarked, {}
        for circle, position in unmarked.items():
            await hall(self).ask(MarkRead(circle=circle, position=position))

    @on(Conversation.Follows)
    def _show_newer(self) -> None:
        """Whether there is more below, and whether it has come in meanwhile."""
        conversation, newer = self.query_one(Conversation), self.query_one(Newer)
        newer.display = not (conversation.following or conversation.empty)
        newer.show(conversation.missed, hall(self).glyphs, hall(self).appearance.keys)

    @on(Composer.Last)
    @on(Newer.Chosen)
    def _to_the_end(self) -> None:
        self.query_one(Conversation).action_last()

    @on(Conversation.Copy)
    def _copy(self, message: Conversation.Copy) -> None:
        hall(self).copy(message.text, "The message")

    @on(Conversation.Write)
    def action_write(self) -> None:
        """Back to the composer: from here on, commands act on the last message."""
        self.query_one(Conversation).cursor = None
        self.query_one(Composer).focus()

    @on(Composer.Messages)
    def action_messages(self) -> None:
        """To the messages; first, let go of what is being answered or changed."""
        if not self.let_go():
            self.query_one(Conversation).focus()

    @on(AboutLine.LetGo)
    def _let_go(self) -> None:
        self.let_go()


def _placeholder(facts: CircleFacts) -> Content:
    goes = f" (goes after {in_words(facts.disappear)})" if facts.disappear else ""
    # As content: a text would be read as markup, and a circle may be called "[/]".
    return Content.assemble("Message ", safe(facts.name), goes)
