"""Everything that a person can set, in one table: the file, the screen and the page are made from
it.

    SettingError            a value cannot be used; the sentence says why, and what can
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from tui.limit import USUAL

if TYPE_CHECKING:
    from tui.config import Config

LOCAL_RELAY = "127.0.0.1:7600"

Value = str | int


class SettingError(Exception):
    """A value cannot be used; the sentence says why, and what can."""


class Part(StrEnum):
    """Where a setting stands on the screen and on the page."""

    LOOK = "How it looks"
    NEWS = "Being told"
    PRIVACY = "Privacy"
    PLACES = "You and your relays"


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to set. It takes one of `choices`; else a number within `bounds`; else a text."""

    name: str
    part: Part
    label: str
    help: str
    usual: Value
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    zero: str = ""  # what a number of 0 is called
    later: bool = False  # it takes effect at the next start

    @property
    def variable(self) -> str:
        """What it is called in the environment."""
        return f"HALLWAY_{self.name.upper()}"

    def checked(self, value: object) -> Value:
        """The value, where it can be used; SettingError."""
        if self.choices:
            chosen = str(value).lower()
            if chosen not in self.choices:
                *others, last = self.choices
                raise SettingError(f"{self.name} is {', '.join(others)} or {last}, not {value!r}.")
            return chosen
        if self.bounds is not None:
            return self._number(value, *self.bounds)
        if type(value) is not str:
            raise SettingError(f"{self.name} is a text, not {value!r}.")
        return value

    def _number(self, value: object, least: int, most: int) -> int:
        written = isinstance(value, str) and value.isascii() and value.isdigit()
        if (type(value) is not int and not written) or len(str(value)) > len(str(most)):
            number = -1
        else:
            number = int(str(value))
        if not least <= number <= most:
            sentence = f"{self.name} is a number from {least} to {most}, not {value!r}."
            raise SettingError(sentence)
        return number

    def shown(self, value: Value) -> str:
        """A value as people read it."""
        if self.bounds is not None and value == 0 and self.zero:
            return self.zero
        return str(value)


class Prefers(Protocol):
    """A person's settings: `tui.preferences.Preferences` is one. Changing them may wait for a
    disk."""

    @property
    def config(self) -> Config:
        """What holds now."""
        ...

    def held(self, name: str) -> str:
        """What holds a setting, so that it can't be changed here; else nothing."""
        ...

    def change(self, name: str, value: Value) -> None:
        """Keep a setting; SettingError, ConfigError."""
        ...

    @property
    def text(self) -> str:
        """All of them, as a file; ConfigError."""
        ...

    def put(self, text: str) -> None:
        """Keep another file, if all in it can be used; ConfigError."""
        ...


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "theme", Part.LOOK, "Theme",
        "The colours: dusk, paper, contrast, or the terminal's own.",
        "dusk", choices=("dusk", "paper", "contrast", "terminal"),
    ),
    Setting(
        "density", Part.LOOK, "Density",
        "roomy: names above what they say. dense: a line each, as on IRC.",
        "roomy", choices=("roomy", "dense"),
    ),
    Setting(
        "glyphs", Part.LOOK, "Signs",
        "ascii for terminals that draw ● or ▎ two cells wide. auto goes by the locale.",
        "auto", choices=("auto", "unicode", "ascii"), later=True,
    ),
    Setting(
        "motion", Part.LOOK, "Motion",
        "Whether scrolling glides. auto: off over ssh.",
        "auto", choices=("auto", "on", "off"),
    ),
    Setting(
        "notify", Part.NEWS, "Notify",
        "What you are told of while you look elsewhere, and never what was said. /notify and /mute"
        " say it for one circle.",
        "all", choices=("all", "mentions", "off"),
    ),
    Setting(
        "people", Part.NEWS, "People",
        "With how many people you want to speak at most, over all circles: a reminder before you"
        " come in somewhere, known to this device alone.",
        USUAL, bounds=(1, 10_000),
    ),
    Setting(
        "lock_after", Part.PRIVACY, "Lock after",
        "After how many minutes without a key Hallway locks itself, where there is a passphrase;"
        " 0 for never.",
        0, bounds=(0, 1440), zero="never",
    ),
    Setting(
        "freshness", Part.PRIVACY, "Heartbeats",
        "off: this device leaves no heartbeats, by which the others' devices could tell that their"
        " relay keeps nothing back.",
        "on", choices=("on", "off"), later=True,
    ),
    Setting(
        "name", Part.PLACES, "Your name",
        "What you are called where you do not say.",
        "",
    ),
    Setting(
        "relay", Part.PLACES, "Relay",
        "Where circles are opened, and what a code without an address means; with +PIN behind it"
        " where the relay made its own certificate. Empty for the relay on this computer.",
        "", later=True,
    ),
    Setting(
        "local_relay", Part.PLACES, "Local relay",
        "Where the relay on this computer listens.",
        LOCAL_RELAY, later=True,
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
