"""What the actions of the table do that are about this program, and not about a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.screen import Screen

from tui.actions import BY_NAME
from tui.screens.confirm import Confirm
from tui.screens.room import hall
from tui.settings import BY_NAME as SETTINGS
from tui.widgets.composer import Composer

SET_HOW = "There is no setting {}. /settings shows all of them."
WRITE = "Write {}, and what it takes."


class OwnActions(Screen[None]):
    """A part of the main screen."""

    if TYPE_CHECKING:

        def carry_out(self, name: str, argument: str = "") -> None:
            """Do what an action's /command says."""

    def action_help(self) -> None:
        """All keys and commands."""
        from tui.screens.help import Help

        self.app.push_screen(Help())

    def action_palette(self) -> None:
        """Anything that can be done, found by a few letters."""
        self.take_palette("")

    @work
    async def take_palette(self, sought: str) -> None:
        """Begin with these letters."""
        from tui.screens.palette import Palette

        name: str | None = await self.app.push_screen_wait(Palette(sought))
        if name is not None and BY_NAME[name].needs:
            self._write_out(f"{BY_NAME[name].command} ")
        elif name is not None:
            self.call_later(self.carry_out, name)

    def _write_out(self, command: str) -> None:
        """For a command that means nothing without a word more."""
        composer = self.query_one(Composer)
        if composer.text.strip():
            hall(self).say(WRITE.format(command.strip()))
        else:
            composer.rewrite(command)
            composer.focus()

    def action_settings(self) -> None:
        """All settings, on one screen."""
        if hall(self).config is not None:
            from tui.screens.settings import SettingsDialog

            self.app.push_screen(SettingsDialog())

    @work
    async def take_settings(self, words: str) -> None:
        """Change one, by its name."""
        name, _, value = words.partition(" ")
        if name not in SETTINGS:
            hall(self).say(SET_HOW.format(name), wrong=True)
            return
        wrong = await hall(self).change(name, value.strip())
        config = hall(self).config
        if wrong or config is None:
            hall(self).say(wrong, wrong=True)
        else:
            setting = SETTINGS[name]
            hall(self).say(f"{setting.label}: {setting.shown(getattr(config, name)) or 'none'}")

    def action_passphrase(self) -> None:
        """Set, change or take away the passphrase."""
        from tui.screens.passphrase import PassphraseDialog

        self.app.push_screen(PassphraseDialog())

    def action_theme(self) -> None:
        """The next theme."""
        self.app.call_later(self.app.run_action, "app.theme")

    def take_theme(self, name: str) -> None:
        """The theme of this name."""
        hall(self).choose_theme(name.strip().lower())

    @work
    async def action_density(self) -> None:
        """A line for each message, or names above them."""
        dense = hall(self).appearance.dense
        wrong = await hall(self).change("density", "roomy" if dense else "dense")
        if wrong:
            hall(self).say(wrong, wrong=True)

    def action_lock(self) -> None:
        """Close the profile; its passphrase opens it again."""
        hall(self).lock()

    @work
    async def action_wipe(self) -> None:
        """Erase the profile, after a yes."""
        asked = Content("Erase everything of this profile from this computer?")
        body = (
            "What was said, your keys, your chairs in all circles: gone at once, and nobody can"
            " bring it back. The others are not told."
        )
        if await self.app.push_screen_wait(Confirm(asked, body, yes="Erase it all")):
            hall(self).wipe()

    def action_quit(self) -> None:
        """End."""
        self.app.exit(return_code=0)
