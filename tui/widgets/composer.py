"""Where one writes: several lines, sent with Enter; commands and names complete with Tab.

It sends nothing by itself. `Written` says that a person pressed Enter; whoever hears it `take`s the
text, and says by `settled` what became of it. Only then, if it is safe on the disk, does the text
go: what was typed meanwhile stays, and where Enter was pressed on that as well, it is the next to
take. A paste is put in as text, line breaks and all, and never sends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from tui import emoji_names
from tui.actions import ACTIONS, BY_NAME, Where, bindings, complete_command
from tui.paths import completion
from tui.safe_text import sanitise_block, sanitise_line
from tui.widgets.look import keys_of
from tui.widgets.recall import Recall

_COMMAND = re.compile(r"/\w*\Z")
HERE = tuple(action for action in ACTIONS if action.where is Where.COMPOSER)
_WALKS = {BY_NAME[name].command for name in ("earlier", "later")}
"""Commands that are not taken up again themselves."""
_FILE = BY_NAME["file"].command + " "
_MENTION = re.compile(r"(?:^|\s)@([^\s@]*)\Z")


class Composer(TextArea):
    """A field of one line that grows. `TextArea.Changed` tells of drafts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Where.COMPOSER),
        # TextArea has some of these keys for itself, Ctrl+K for instance.
        *(
            Binding(binding.key, f"screen.{binding.action}", show=False, id=binding.id)
            for binding in bindings(Where.ANYWHERE)
        ),
    ]

    class Written(Message):
        """Enter was pressed: there is something to `take`."""

    class Messages(Message):
        """A person wants to go to the messages."""

    class Elsewhere(Message):
        """A person wants to write this text in an editor of their own."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Last(Message):
        """A person wants to see the end of the conversation."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, highlight_cursor_line=False)
        self.cursor_blink = False
        self._entered: list[str] = []
        self._taken = False
        self._names: list[str] = []
        self._recall = Recall()

    def put(self, text: str, recall: Recall | None = None) -> None:
        """Another draft: that of the circle that is shown now, and what was sent in it before."""
        self._recall = recall or Recall()
        self._entered.clear()
        self._taken = False
        self.text = text
        self.move_cursor(self.document.end)

    @property
    def draft(self) -> str:
        """What is written and not taken yet."""
        text, taken = self.text, self._entered[0] if self._taken else ""
        return text.removeprefix(taken)

    def take(self) -> str | None:
        """The text to send next, which stands here until it is `settled`; None where none is."""
        if self._taken or not self._entered:
            return None
        self._taken = True
        return self._entered[0]

    def settled(self, sent: bool) -> None:
        """What became of the text that was taken: it goes, or it stays with all that follows."""
        if not self._taken:
            return
        self._taken = False
        if sent:
            text = self._entered.pop(0)
            if text.strip() not in _WALKS:
                self._recall.sent(text)
            self._remove(text)
        else:
            self._part()
            self._entered.clear()

    def stay(self) -> None:
        """What was typed ahead is not to be taken after all: it stays where it is."""
        del self._entered[1 if self._taken else 0 :]

    def _part(self) -> None:
        """Put what was not sent, and what was to follow it, on lines of their own."""
        rest = self.text.removeprefix("".join(self._entered))
        if rest != self.text and any((*self._entered[1:], rest)):
            lines = "\n".join(filter(None, (*self._entered, rest)))
            self.replace(lines, (0, 0), self.document.end)
            self.move_cursor(self.document.end)

    def _remove(self, sent: str) -> None:
        """Take what was sent out of the text, and leave the cursor where one was writing."""
        if not self.text.startswith(sent):
            return
        row, column = self.cursor_location
        lines = sent.split("\n")
        end = (len(lines) - 1, len(lines[-1]))
        self.delete((0, 0), end, maintain_selection_offset=False)
        same_line = row == end[0]
        self.move_cursor((max(0, row - end[0]), max(0, column - end[1] if same_line else column)))

    def names(self, names: Sequence[str]) -> None:
        """Whom `@` completes."""
        self._names = sorted((sanitise_line(name) for name in names), key=str.casefold)

    # Actions.

    def action_send(self) -> None:
        """Hand the text over, or what was written since Enter was last pressed; nothing blank."""
        rest, standing = self.text, []
        for entered in self._entered:
            if not rest.startswith(entered):
                break
            rest = rest[len(entered) :]
            standing.append(entered)
        if self._taken and not standing:
            # What is on its way has been changed since: it does not stand here any more.
            standing.append("")
        self._entered = standing
        if rest.strip():
            self._entered.append(rest)
            self.post_message(self.Written())

    def action_new_line(self) -> None:
        """Begin a new line."""
        self._type("\n")

    def action_messages(self) -> None:
        """Go to the messages."""
        self.post_message(self.Messages())

    def action_cursor_up(self, select: bool = False) -> None:
        """Up a line; with nothing written, to the messages."""
        if self.text:
            super().action_cursor_up(select)
        else:
            self.post_message(self.Messages())

    def action_cursor_line_end(self, select: bool = False) -> None:
        """To the end of the line; at the end of the text, to the end of the conversation."""
        if self.cursor_location == self.document.end and not select:
            self.post_message(self.Last())
        else:
            super().action_cursor_line_end(select)

    def action_earlier(self) -> None:
        """Take up again what was sent before; not while something is on its way."""
        if not self._entered:
            self._rewrite(self._recall.earlier(self.text))

    def action_later(self) -> None:
        """The other way."""
        if not self._entered:
            self._rewrite(self._recall.later())

    def action_editor(self) -> None:
        """Write in an editor; not while something is on its way."""
        if not self._entered:
            self.post_message(self.Elsewhere(self.text))

    def rewrite(self, text: str) -> None:
        """Put another text in the place of all that is written; undo brings that back."""
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    def _rewrite(self, text: str | None) -> None:
        if text is not None:
            self.rewrite(text)

    def action_complete(self) -> None:
        """Take the suggestion; without one, go to the next widget."""
        path = self.text.startswith(_FILE)
        if name := emoji_names.begun(self.text) if self.suggestion and not path else None:
            for _, character in emoji_names.beginning(name, 1):
                row, column = self.document.end
                self.replace(character, (row, column - len(name) - 1), (row, column))
        elif self.suggestion:
            self._type(self.suggestion)
        else:
            self.screen.focus_next()

    def _type(self, text: str) -> None:
        start, end = self.selection
        written = self.replace(text, start, end, maintain_selection_offset=False)
        self.move_cursor(written.end_location)

    def _name_closed(self) -> None:
        """Where the name of an emoji was closed with a colon, the emoji takes its place."""
        row, column = self.cursor_location
        found = emoji_names.closed(self.document.get_line(row)[:column])
        if found is not None:
            length, character = found
            self.replace(character, (row, column - length), (row, column))

    def update_suggestion(self) -> None:
        """What Tab would put in: the rest of a /command or an @name, at the end of the text."""
        self.suggestion = ""
        if self.cursor_location != self.document.end:
            return
        text = self.text
        if _COMMAND.fullmatch(text) and len(text) > 1:
            found = complete_command(text)
            if found and found[0] != text:
                self.suggestion = found[0][len(text) :] + " "
        elif text.startswith(_FILE):
            self.suggestion = completion(text[len(_FILE) :])
        elif name := emoji_names.begun(text):
            for found_name, character in emoji_names.beginning(name, 1):
                self.suggestion = f"{found_name[len(name) :]}: {character}"
        elif mention := _MENTION.search(text):
            start = mention.group(1)
            for name in self._names:
                if start and name.casefold().startswith(start.casefold()) and name != start:
                    self.suggestion = name[len(start) :] + " "
                    return

    async def _on_key(self, event: events.Key) -> None:
        # A priority binding would be carried out before letters that were typed ahead of it and
        # still wait for this widget; without one, TextArea takes Enter for a line break.
        name = self._named(event.key)
        if event.character == ":":
            self.call_later(self._name_closed)  # when the colon stands there
        if name is not None:
            event.prevent_default()
            event.stop()
            await self.run_action(name)

    def _named(self, key: str) -> str | None:
        """The composer's own action that this person has on a key."""
        bound = keys_of(self)
        return next((one.name for one in HERE if key in bound.of(one)), None)

    async def _on_paste(self, event: events.Paste) -> None:
        # Textual calls a base class's handler as well, which would put it in once more.
        event.prevent_default()
        event.stop()
        # Most terminals send a line's end as the Enter key would.
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self._type(sanitise_block(text))
