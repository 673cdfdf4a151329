"""How a circle can be set up, in one table: the command line, line mode and the screen have it from
here. Members see all of it, and hosts change it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.settings import SettingError
from tui.spans import in_words, read_span, written

if TYPE_CHECKING:
    from tui.engine.commands import AppointHosts, ChangeSettings
    from tui.engine.events import CircleFacts

HISTORY_MOST = 65_535
SHORTEST, LONGEST = 60, 31_536_000
"""Seconds after which messages may go: as in `crypto.circle.state`, which a test compares."""
KEPT_LEAST, KEPT_MOST = 86_400, 31_536_000
"""Seconds for which a relay may be told to keep them: as in `crypto.access.side_data`, too."""
ON_OFF = ("on", "off")
NEVER = "off"


@dataclass(frozen=True, slots=True)
class CircleSetting:
    """One thing to set. `shown` says how it is; `value` is what one would write to have it so, and
    `read` takes what is written: SettingError."""

    name: str
    field: str  # of ChangeSettings; empty for the hosts, whom AppointHosts appoints
    help: str
    shown: Callable[[CircleFacts], str]
    value: Callable[[CircleFacts], str]
    read: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    takes: str = ""  # where it isn't one of the choices
    longest: int = 16  # characters, to write it


def _number(name: str, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > most:
            raise SettingError(f"{name} is a number up to {most:,}.")
        return int(text)

    return read


def _one_of(name: str, first: str, second: str) -> Callable[[str], bool]:
    """True for the first."""

    def read(text: str) -> bool:
        if text.lower() not in (first, second):
            raise SettingError(f"{name} is {first} or {second}.")
        return text.lower() == first

    return read


def _span(name: str, least: int, most: int, or_else: str = "") -> Callable[[str], int]:
    def read(text: str) -> int:
        seconds = read_span(text)
        if seconds is None:
            raise SettingError(f"{name} is a number and m, h or d, as in 36h{or_else}.")
        if not least <= seconds <= most:
            raise SettingError(f"{name} is from {in_words(least)} to {in_words(most)}{or_else}.")
        return seconds

    return read


def _lifetime(text: str) -> int:
    if text.strip().lower() in (NEVER, "0"):
        return 0
    return _span("disappear", SHORTEST, LONGEST, ", or off")(text)


def _names(text: str) -> list[str]:
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise SettingError("hosts is one name or more, with commas between.")
    return found


def _history(facts: CircleFacts) -> str:
    seen = f"the last {facts.history:,} messages" if facts.history else "nothing of before"
    return f"who comes in sees {seen}"


def _disappear(facts: CircleFacts) -> str:
    if not facts.disappear:
        return "messages stay"
    return f"new messages go after {in_words(facts.disappear)}, everywhere"


CIRCLE_SETTINGS = (
    CircleSetting(
        "name", "name", "What the circle is called, up to 64 bytes.",
        lambda facts: facts.name, lambda facts: facts.name, str, takes="NAME", longest=64,
    ),
    CircleSetting(
        "topic", "topic", "What it is about, up to 256 bytes, or nothing.",
        lambda facts: facts.topic or "none", lambda facts: facts.topic, str,
        takes="TEXT", longest=256,
    ),
    CircleSetting(
        "cap", "cap",
        "How many chairs there are. Their number can go down, to those taken, and never up.",
        lambda facts: f"{facts.chairs} of {facts.cap} chairs taken", lambda facts: str(facts.cap),
        _number("cap", 50), takes="N",
    ),
    CircleSetting(
        "door", "door_asks", "Whether a code is enough to come in, or a member says yes as well.",
        lambda facts: "a member says yes" if facts.asks_at_door else "the code is enough",
        lambda facts: "ask" if facts.asks_at_door else "code",
        _one_of("door", "ask", "code"), choices=("code", "ask"),
    ),
    CircleSetting(
        "history", "history",
        "How many messages of before who comes in is told, unless their code says otherwise.",
        _history, lambda facts: str(facts.history), _number("history", HISTORY_MOST), takes="N",
    ),
    CircleSetting(
        "retention", "retention",
        "How long the relay keeps messages and files for devices that have not had them, from one"
        " day to 365 days. The relay is told; what is kept longer takes more of its room.",
        lambda facts: f"the relay keeps what waits {in_words(facts.retention)}",
        lambda facts: written(facts.retention), _span("retention", KEPT_LEAST, KEPT_MOST),
        takes="TIME",
    ),
    CircleSetting(
        "disappear", "disappear",
        "After how long new messages go from every device, from one minute to 365 days (30m, 12h,"
        " 7d), or off. It asks the others' programs to erase: a person can always keep a copy.",
        _disappear,
        lambda facts: written(facts.disappear) if facts.disappear else NEVER,
        _lifetime, takes="TIME",
    ),
    CircleSetting(
        "presence", "presence",
        "Whether the members see of each other who is here, and who is writing. The relay sees that"
        " devices say something of the kind, and when.",
        lambda facts: "others see who is here" if facts.presence else "nobody sees who is here",
        lambda facts: "on" if facts.presence else "off", _one_of("presence", "on", "off"),
        choices=ON_OFF,
    ),
    CircleSetting(
        "heard", "heard",
        "Whether the members see of each other how far they have read. The relay sees that devices"
        " say something of the kind, and when.",
        lambda facts: "others see who read what" if facts.heard else "nobody sees who read what",
        lambda facts: "on" if facts.heard else "off", _one_of("heard", "on", "off"),
        choices=ON_OFF,
    ),
    CircleSetting(
        "hosts", "",
        "Who changes these, and removes members: names with commas between, yourself among them if"
        " you stay one.",
        lambda facts: ", ".join(facts.hosts) or "nobody", lambda facts: ", ".join(facts.hosts),
        _names, takes="NAMES", longest=4_000,
    ),
)  # fmt: skip

BY_NAME = {setting.name: setting for setting in CIRCLE_SETTINGS}


def command(circle: str, words: str) -> ChangeSettings | AppointHosts:
    """What NAME VALUE asks for; SettingError."""
    from tui.engine.commands import AppointHosts, ChangeSettings

    name, _, value = words.strip().partition(" ")
    if name not in BY_NAME:
        raise SettingError(f"There is no {name} here. What there is: {', '.join(BY_NAME)}.")
    setting = BY_NAME[name]
    if not setting.field:
        return AppointHosts(circle=circle, members=setting.read(value))
    return ChangeSettings(circle=circle, **{setting.field: setting.read(value.strip())})
