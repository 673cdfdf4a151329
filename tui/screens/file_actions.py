"""What the actions of the table do with files: sending one, saving that of a message, seeing it.

What seals and opens them is imported when it is needed: the first paint does not wait for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.screen import Screen

from tui.engine.commands import FetchFile
from tui.engine.events import Event, FileFailed, FileStands, Row, RowChanged
from tui.glyphs import ASCII
from tui.paths import as_path, downloads
from tui.screens.dialog import safe, safe_sentences
from tui.screens.room import hall
from tui.widgets.conversation import Conversation

WHICH_FILE = "Which? Name it: /file PATH"
NO_FILE = "There is no file in this message."
FETCHING_TO_SHOW = "It is being fetched, and shown when it is here."
HERE_NOW = "The picture is here: /view shows it."
FETCHING = "It is being fetched, and put on this computer when it is here."


@dataclass(slots=True)
class Wanted:
    """Files that are being fetched, with where they are to be put, by their messages' ids; None for
    a picture that is to be shown."""

    places: dict[str, tuple[FileStands, Path | None]] = field(default_factory=dict)


class FileActions(Screen[None]):
    """A part of the main screen."""

    circle: str
    _wanted: Wanted

    if TYPE_CHECKING:

        def _now(self, row: Row | None) -> Row | None:
            """A row as the engine has it."""

    def action_file(self) -> None:
        """Without a path there is nothing to send."""
        hall(self).say(WHICH_FILE, wrong=True)

    @work
    async def take_file(self, typed: str) -> None:
        """Send this file."""
        from tui import attaching

        try:
            await attaching.send(hall(self).ask, self.circle, as_path(typed))
        except attaching.FileError as error:
            hall(self).say(safe_sentences(str(error)), wrong=True)
        else:
            self.query_one(Conversation).action_last()

    def chosen_file(self) -> Row | None:
        """The message with a file that is meant; a sentence where there is none."""
        row = self._now(self.query_one(Conversation).chosen_file)
        if row is None or row.file is None:
            hall(self).say(NO_FILE)
            return None
        return row

    def action_save(self) -> None:
        """Put the file where downloads go."""
        self._want(downloads())

    def take_save(self, typed: str) -> None:
        """Put it there."""
        self._want(as_path(typed))

    def action_view(self) -> None:
        """Show the picture; nothing else shows one."""
        self._want(None)

    @work
    async def _want(self, to: Path | None) -> None:
        from tui import attaching

        row = self.chosen_file()
        if row is None:
            return
        try:
            wish = FetchFile(circle=row.circle, id=row.id)
            stands = await attaching.asked(hall(self).ask, wish, FileStands)
        except attaching.FileError as error:
            return hall(self).say(safe_sentences(str(error)), wrong=True)
        if stands.here:
            await self._use(stands, to)
        else:
            self._wanted.places[stands.id] = stands, to
            hall(self).say(FETCHING if to else FETCHING_TO_SHOW)

    def hear_file(self, event: Event) -> None:
        """A file that somebody waits for is here, or will not be."""
        match event:
            case RowChanged(row=row) if row.id in self._wanted.places:
                if row.file is None:
                    del self._wanted.places[row.id]
                elif row.file.way == "here":
                    self._arrived(*self._wanted.places.pop(row.id))
            case FileFailed(id=id, sentence=sentence):
                self._wanted.places.pop(id, None)
                hall(self).say(safe_sentences(sentence), wrong=True)

    @work
    async def _arrived(self, stands: FileStands, to: Path | None) -> None:
        await self._use(stands, to)

    async def _use(self, stands: FileStands, to: Path | None) -> None:
        from tui import attaching
        from tui.picture import PictureError

        try:
            if to is None:
                await self._show_picture(stands)
            else:
                saved = await attaching.save(hall(self).ask, stands, to)
                hall(self).say(Content.assemble("It is in ", safe(str(saved), "bold"), "."))
        except (attaching.FileError, PictureError) as error:
            hall(self).say(safe_sentences(str(error)), wrong=True)

    async def _show_picture(self, stands: FileStands) -> None:
        from tui import attaching
        from tui.picture import picture
        from tui.screens.picture import AROUND, PictureDialog

        data = b"".join(await attaching.contents(hall(self).ask, stands))
        columns, lines = (
            max(1, side - around) for side, around in zip(self.app.size, AROUND, strict=True)
        )
        halves = hall(self).glyphs.rule != ASCII.rule
        rows = lines * 2
        found = await asyncio.to_thread(picture, data, columns, rows)
        if self.app.screen is not self:
            return hall(self).say(HERE_NOW)  # somebody is about something else by now
        await self.app.push_screen_wait(PictureDialog(stands.name, found, halves))
