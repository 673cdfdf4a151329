"""Telling a person who looks elsewhere that a circle has news: what is written to their terminal.

Never what was said, nor by whom: a notification may stand on a locked screen. There is no standard
for it; three ways are widely understood, and a bell by all terminals.

    OSC 9    iTerm2, WezTerm, Ghostty, Windows Terminal, ConEmu
    OSC 99   kitty
    OSC 777  rxvt-unicode, foot, Konsole and the terminals of VTE

In tmux it is handed through to the terminal outside, if tmux is set to allow that.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from tui.safe_text import SafeText, sanitise_line

BELL = "\a"
_END = "\x1b\\"


class Level(StrEnum):
    """What of a circle is worth a notification."""

    OFF = "off"
    MENTIONS = "mentions"
    ALL = "all"


class Way(StrEnum):
    """What a terminal understands beside a bell."""

    NONE = ""
    OSC_9 = "9"
    OSC_99 = "99"
    OSC_777 = "777"


_PROGRAMS = {
    "iterm.app": Way.OSC_9,
    "wezterm": Way.OSC_9,
    "ghostty": Way.OSC_9,
    "konsole": Way.OSC_777,
}
_TERMS = (("kitty", Way.OSC_99), ("rxvt", Way.OSC_777), ("foot", Way.OSC_777))


def way(environ: Mapping[str, str]) -> Way:
    """What the terminal understands, as far as the environment tells."""
    if environ.get("KITTY_WINDOW_ID"):
        return Way.OSC_99
    if environ.get("WT_SESSION") or environ.get("ConEmuANSI") == "ON":
        return Way.OSC_9
    if environ.get("VTE_VERSION") or environ.get("KONSOLE_VERSION"):
        return Way.OSC_777
    program = _PROGRAMS.get(environ.get("TERM_PROGRAM", "").lower())
    if program is not None:
        return program
    term = environ.get("TERM", "").lower()
    return next((found for name, found in _TERMS if name in term), Way.NONE)


def wanted(level: Level, mentions_me: bool) -> bool:
    """Whether a message is worth a notification."""
    return level is Level.ALL or (level is Level.MENTIONS and mentions_me)


def sentence(circle: str, mentions_me: bool) -> SafeText:
    """What is said; `circle` is a name that came from elsewhere."""
    return sanitise_line(f"{circle} {'names you' if mentions_me else 'has news'}")


def written(text: SafeText, way: Way, *, in_tmux: bool) -> str:
    """The bytes for the terminal: the notification, where it understands one, and a bell."""
    # A semicolon parts the fields of two of the ways, and a name may hold one.
    said = str(text).replace(";", ",")
    sequence = {
        Way.NONE: "",
        Way.OSC_9: f"\x1b]9;{said}{_END}",
        Way.OSC_99: f"\x1b]99;;{said}{_END}",
        Way.OSC_777: f"\x1b]777;notify;Hallway;{said}{_END}",
    }[way]
    if sequence and in_tmux:
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        sequence = f"\x1bPtmux;{doubled}{_END}"
    return sequence + BELL
