"""How a circle is set up: everybody in it sees that, and its hosts change it."""

from __future__ import annotations

from textual import events, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.circle_settings import BY_NAME, CIRCLE_SETTINGS, CircleSetting, command
from tui.engine.events import CircleChanged, CircleFacts, CircleGone, Event, Refused
from tui.screens.ask import Ask
from tui.screens.confirm import Confirm
from tui.screens.dialog import Dialog, keys, safe, safe_sentences, title
from tui.screens.room import hall, read
from tui.settings import SettingError

LABEL = 11
HOSTS = "hosts"
MEMBERS_ONLY = "Its hosts can change this: {}."
RELAY = "Where the circle is. `hallway move` takes it elsewhere; /help has what else hosts can do."
UNDER_WAY = "Telling the others…"


class CircleSettingsDialog(Dialog[None]):
    """A line a setting; what it means stands below, for the one that is chosen."""

    KIND = "settings"

    def __init__(self, circle: str) -> None:
        super().__init__()
        self._circle = circle
        self._said = ("", "")
        """What came of a change, until one goes on to another setting: its name, a sentence."""

    @property
    def facts(self) -> CircleFacts:
        """As the circle is now."""
        return read(self).circle(self._circle)

    def body(self) -> ComposeResult:
        """How it is, what the chosen line means, keys."""
        yield title(("How ", "$muted"), safe(self.facts.name, "bold"), (" is set up", "$muted"))
        yield OptionList(*self._options(), id="listed", compact=True)
        yield Static(id="meaning", classes="dim")
        if self.facts.i_am_host:
            yield Static(keys(("enter", "change"), ("esc", "close")), id="card-foot")
        else:
            yield Static(keys(("esc", "close")), id="card-foot")

    def on_mount(self) -> None:
        """At the first line."""
        listed = self.query_one(OptionList)
        listed.focus()
        listed.highlighted = 0

    def _options(self) -> list[Option]:
        facts = self.facts
        made = [
            Option(_line(setting.name, setting.shown(facts)), id=setting.name)
            for setting in CIRCLE_SETTINGS
        ]
        return [*made, Option(_line("relay", facts.relay), id="relay")]

    def _chosen(self) -> str:
        listed = self.query_one(OptionList)
        if listed.highlighted is None:
            return ""
        return listed.get_option_at_index(listed.highlighted).id or ""

    @on(OptionList.OptionHighlighted)
    def _explain(self) -> None:
        name = self._chosen()
        if self._said[0] not in ("", name):
            self._said = ("", "")
        meaning = self.query_one("#meaning", Static)
        meaning.set_class(bool(self._said[1]), "wrong")
        if self._said[1]:
            meaning.update(safe_sentences(self._said[1]))
        elif name in BY_NAME:
            parts = [BY_NAME[name].help]
            if not self.facts.i_am_host:
                parts.append(MEMBERS_ONLY.format(", ".join(self.facts.hosts) or "nobody"))
            meaning.update(safe_sentences(" ".join(parts)))
        else:
            meaning.update(Content(RELAY))

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        setting = BY_NAME.get(self._chosen())
        if setting is not None and self.facts.i_am_host:
            self.change(setting)

    @work(exclusive=True)
    async def change(self, setting: CircleSetting) -> None:
        """The other of two values; or what one types."""
        facts = self.facts
        now = setting.value(facts)
        if setting.choices:
            first, second = setting.choices
            wanted: str | None = second if now == first else first
        else:
            wanted = await self.app.push_screen_wait(
                Ask(
                    Content.styled(setting.name.capitalize(), "bold"),
                    value=now,
                    yes="Tell the others",
                    note=setting.help,
                    longest=setting.longest,
                )
            )
        if wanted is None or (setting.name == HOSTS and not await self._sure(facts, wanted)):
            return
        try:
            wish = command(facts.id, f"{setting.name} {wanted}")
        except SettingError as error:
            return self._say(setting.name, str(error))
        self.query_one("#meaning", Static).update(Content(UNDER_WAY))
        answer = await hall(self).ask(wish)
        self._say(setting.name, answer.sentence if isinstance(answer, Refused) else "")

    async def _sure(self, facts: CircleFacts, hosts: str) -> bool:
        if facts.me in (name.strip() for name in hosts.split(",")):
            return True
        asked = Content("Be a host no longer?")
        body = "Only the hosts whom you named could make you one again."
        yes: bool | None = await self.app.push_screen_wait(Confirm(asked, body, yes="Hand it over"))
        return bool(yes)

    def _say(self, name: str, sentence: str) -> None:
        self._said = (name, sentence)
        self._fill()
        self._explain()

    def _fill(self) -> None:
        listed = self.query_one(OptionList)
        at = listed.highlighted
        listed.clear_options()
        listed.add_options(self._options())
        listed.highlighted = at

    def hear(self, event: Event) -> None:
        """Another host may change it meanwhile."""
        if isinstance(event, CircleChanged) and event.circle == self._circle:
            self._fill()
        elif isinstance(event, CircleGone) and event.circle == self._circle:
            self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        """As much of the list as has room beside what is said below it."""
        self.query_one(OptionList).styles.max_height = max(
            4, event.size.height - (11 if event.size.height >= 24 else 8)
        )


def _line(label: str, value: str) -> Content:
    return Content.assemble((f"{label:<{LABEL}}", "bold"), safe(value))
