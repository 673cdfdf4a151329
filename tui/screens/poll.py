"""Asking a question with answers to choose from, and choosing."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static

from crypto.content import OPTIONS_FEWEST, OPTIONS_MOST
from tui.engine.events import PollFacts, Row
from tui.safe_text import sanitise_block
from tui.screens.dialog import Choice, Choices, Dialog, Field, paragraph, safe, title
from tui.screens.room import hall

Question: TypeAlias = tuple[str, list[str], bool]
LONGEST = 200
ONE, SEVERAL = "One may be chosen", "More than one may be chosen"
TOO_FEW = f"A poll has a question and {OPTIONS_FEWEST} to {OPTIONS_MOST} different answers."


class PollDialog(Dialog[Question]):
    """Answers with question, options, and whether several may be chosen."""

    KIND = "poll"

    def __init__(self, question: str = "") -> None:
        super().__init__()
        self._question = question
        self._several = False

    def body(self) -> ComposeResult:
        """A question, and a field more than there are answers."""
        yield title(("Ask the circle", "bold"))
        yield Field(self._question, placeholder="the question", id="question", max_length=LONGEST)
        yield Static(Content("Answers"), classes="label")
        for number in range(OPTIONS_FEWEST):
            yield self._answer(number)
        yield Choice(ONE, id="several")
        yield paragraph("Who has chosen sees who chose what.", id="said", dim=True)
        with Choices(classes="choices"):
            yield Choice("Ask", id="yes")
            yield Choice("Cancel", id="no")

    def _answer(self, number: int) -> Field:
        return Field(
            placeholder=f"answer {number + 1}", id=f"answer-{number}", max_length=LONGEST,
            classes="answer",
        )  # fmt: skip

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#answer-0" if self._question else "#question").focus()

    def _fields(self) -> list[Input]:
        return list(self.query(".answer").results(Input))

    @on(Input.Changed, ".answer")
    def _room(self) -> None:
        """There is always one empty field more, as long as more answers are allowed."""
        fields = self._fields()
        if fields[-1].value.strip() and len(fields) < OPTIONS_MOST:
            self.query_one("#card").mount(self._answer(len(fields)), after=fields[-1])

    @on(Input.Submitted)
    def _next(self) -> None:
        """Enter goes on to the next field."""
        self.focus_next()

    @on(Button.Pressed, "#yes")
    def _asked(self) -> None:
        question = self.query_one("#question", Input).value.strip()
        options = [field.value.strip() for field in self._fields() if field.value.strip()]
        if not question or len(options) < OPTIONS_FEWEST or len(set(options)) < len(options):
            said = self.query_one("#said", Static)
            said.set_class(True, "wrong")
            said.update(Content(TOO_FEW))
            return
        self.dismiss((question, options, self._several))

    @on(Button.Pressed, "#several")
    def _how_many(self, event: Button.Pressed) -> None:
        """One may be chosen, or more."""
        self._several = not self._several
        event.button.label = Content(SEVERAL if self._several else ONE)

    @on(Button.Pressed, "#no")
    def _cancelled(self) -> None:
        self.dismiss(None)


class VoteDialog(Dialog[list[int]]):
    """Answers with the options that are chosen, none where the vote is taken back."""

    KIND = "vote"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "mark", show=False)]

    def __init__(self, row: Row, poll: PollFacts) -> None:
        super().__init__()
        self._row = row
        self._poll = poll
        self._chosen = set(poll.mine)

    def body(self) -> ComposeResult:
        """The question, its answers, and, once chosen, by whom."""
        poll = self._poll
        yield title(Content(sanitise_block(self._row.text)))
        yield OptionList(*self._options(), compact=True)
        note = "As many as you like." if poll.several else "One of them."
        hidden = "" if poll.choices is not None else " Who chose what is shown once you have."
        yield paragraph(note + hidden, dim=True)
        with Choices(classes="choices"):
            if poll.several:
                yield Choice("Choose", id="yes")
            if poll.mine:
                yield Choice("Take it back", id="none")
            yield Choice("Cancel", id="no")

    def _options(self) -> list[Content]:
        poll, glyphs = self._poll, hall(self).glyphs
        lines = []
        for number, option in enumerate(poll.options):
            names = [] if poll.choices is None else poll.choices[number]
            by = Content(", ").join(safe(name, "$muted") for name in names)
            mark = glyphs.on if number in self._chosen else glyphs.off
            lines.append(Content.assemble(f"{mark} ", safe(option), "  ", by).rstrip())
        return lines

    def on_mount(self) -> None:
        """Ready to choose."""
        self.query_one(OptionList).focus()

    def action_mark(self) -> None:
        """Space: choose the one that is marked, or one more."""
        options = self.query_one(OptionList)
        if options.has_focus:
            options.action_select()

    @on(OptionList.OptionSelected)
    def _picked(self, message: OptionList.OptionSelected) -> None:
        if not self._poll.several:
            self.dismiss([message.option_index])
            return
        self._chosen ^= {message.option_index}
        options = self.query_one(OptionList)
        for number, line in enumerate(self._options()):
            options.replace_option_prompt_at_index(number, line)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        answers = {"yes": sorted(self._chosen), "none": []}
        self.dismiss(answers.get(event.button.id or ""))
