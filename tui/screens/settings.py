"""A person's settings: the file of settings, as a screen. What is chosen holds at once."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.screens.ask import Ask
from tui.screens.dialog import Dialog, keys, safe_sentences, title
from tui.screens.passphrase import PassphraseDialog
from tui.screens.room import hall
from tui.settings import BY_NAME, SETTINGS, Part, Setting, Value

LABEL = 14
PASSPHRASE, FILE = "passphrase", "file"
LONGEST = 300
MORE = {
    PASSPHRASE: "Without it nobody opens this profile, you neither.",
    FILE: "All of these in one file, and other keys for actions, in your own editor.",
}  # fmt: skip
LATER = "It holds from the next start on."


class SettingsDialog(Dialog[None]):
    """A line a setting; what it means stands below, for the one that is chosen."""

    KIND = "settings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn_to(-1)", show=False),
        Binding("right", "turn_to(1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._wrong: tuple[str, str] | None = None
        """What was wrong with a setting's new value, until one goes on to another."""

    def body(self) -> ComposeResult:
        """The settings by parts, what the chosen one means, keys."""
        yield title(("Settings", "bold"))
        yield OptionList(*self._options(), id="listed", compact=True)
        yield Static(id="meaning", classes="dim")
        yield Static(keys(("←→ enter", "change"), ("esc", "close")), id="card-foot")

    def on_mount(self) -> None:
        """At the first setting."""
        listed = self.query_one(OptionList)
        listed.focus()
        listed.highlighted = 1

    def _value(self, setting: Setting) -> Value:
        value: Value = getattr(hall(self).config, setting.name, setting.usual)
        return value

    def _options(self) -> list[Option]:
        made: list[Option] = []
        for part in Part:
            made.append(Option(Content.styled(part.value, "$muted"), disabled=True))
            made += [
                Option(self._line(setting), id=setting.name)
                for setting in SETTINGS
                if setting.part is part
            ]
            if part is Part.PRIVACY:
                there = "there is one" if hall(self).has_passphrase else "none"
                made.append(Option(_line("Passphrase", there), id=PASSPHRASE))
        made.append(Option(_line("The file", "config.toml"), id=FILE))
        return made

    def _line(self, setting: Setting) -> Content:
        return _line(setting.label, setting.shown(self._value(setting)) or "none")

    @on(OptionList.OptionHighlighted)
    def _explain(self) -> None:
        name = self._chosen()
        if name is None:
            return
        if self._wrong is not None and self._wrong[0] == name:
            return self._say(self._wrong[1], wrong=True)
        self._wrong = None
        if name in MORE:
            said = MORE[name]
        else:
            setting = BY_NAME[name]
            parts = [setting.help]
            if setting.choices:
                parts.append(f"({' | '.join(setting.choices)})")
            if setting.later:
                parts.append(LATER)
            if held := hall(self).held(name):
                parts.append(f"{held} holds it while it is set.")
            said = " ".join(parts)
        self._say(said)

    def _say(self, sentence: str, *, wrong: bool = False) -> None:
        meaning = self.query_one("#meaning", Static)
        meaning.set_class(wrong, "wrong")
        meaning.update(safe_sentences(sentence))

    def _chosen(self) -> str | None:
        listed = self.query_one(OptionList)
        if listed.highlighted is None:
            return None
        return listed.get_option_at_index(listed.highlighted).id

    def action_turn_to(self, by: int) -> None:
        """The next value of the setting that is chosen."""
        setting = BY_NAME.get(self._chosen() or "")
        if setting is not None and setting.choices:
            at = setting.choices.index(str(self._value(setting)))
            self.keep(setting.name, setting.choices[(at + by) % len(setting.choices)])

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        name = self._chosen()
        if name == PASSPHRASE:
            self.app.push_screen(PassphraseDialog(), lambda _: self._fill())
        elif name == FILE:
            self.edit()
        elif name is not None and BY_NAME[name].choices:
            self.action_turn_to(1)
        elif name is not None:
            self.ask(BY_NAME[name])

    @work
    async def ask(self, setting: Setting) -> None:
        """Have a text or a number typed."""
        given = await self.app.push_screen_wait(
            Ask(
                Content.styled(setting.label, "bold"),
                value=str(self._value(setting)),
                yes="Keep it",
                note=setting.help,
                longest=LONGEST,
            )
        )
        if given is not None:
            self.keep(setting.name, given)

    @work(exclusive=True)
    async def keep(self, name: str, value: Value) -> None:
        """Keep a value, and show what holds now."""
        if hall(self).held(name):
            self._explain()
            return
        wrong = await hall(self).change(name, value)
        self._wrong = (name, wrong) if wrong else None
        self._fill()

    @work(exclusive=True)
    async def edit(self) -> None:
        """Have the file changed in an editor."""
        await hall(self).edit_settings()
        self._fill()

    def _fill(self) -> None:
        listed = self.query_one(OptionList)
        at = listed.highlighted
        listed.clear_options()
        listed.add_options(self._options())
        listed.highlighted = at

    def on_resize(self, event: events.Resize) -> None:
        """As much of the list as has room beside what is said below it."""
        self.query_one(OptionList).styles.max_height = max(
            4, event.size.height - (11 if event.size.height >= 24 else 8)
        )


def _line(label: str, value: str) -> Content:
    return Content.assemble((f"  {label:<{LABEL}}", "bold"), safe_sentences(value))
