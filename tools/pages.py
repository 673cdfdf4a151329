"""Writes docs/keys.md and docs/settings.md from the tables that the program itself goes by.

    .venv/bin/python -m tools.pages

A test compares: whoever changes an action or a setting runs this.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tui.actions import ACTIONS, Where, shown_key
from tui.keys import KEPT
from tui.settings import SETTINGS, Part
from tui.settings_file import line

DOCS = Path(__file__).resolve().parent.parent / "docs"

PLACES = {
    Where.COMPOSER: "While you write",
    Where.MESSAGES: "In the messages",
    Where.ANYWHERE: "Everywhere",
}


def keys() -> str:
    """The page of keys and commands."""
    return "\n".join([*_keys(), ""])


def _keys() -> Iterator[str]:
    yield "# Keys and commands"
    yield ""
    yield "Every action has a command, which you type like a message: terminals eat some keys. `F1`"
    yield "shows this list, `Ctrl+P` finds an action by a few letters, and Tab completes a command."
    for where, heading in PLACES.items():
        yield ""
        yield f"## {heading}"
        yield ""
        yield "| key | command | what it does | name |"
        yield "|---|---|---|---|"
        for action in ACTIONS:
            if action.where is where:
                shown = " ".join(f"`{key}`" for key in dict.fromkeys(map(shown_key, action.keys)))
                takes = action.takes.replace("|", "\\|")
                command = f"{action.command} {takes}".rstrip()
                yield f"| {shown} | `{command}` | {action.help} | `{action.name}` |"
    yield ""
    yield "## Other keys"
    yield ""
    yield "In `config.toml` (`/settings` opens it), a table gives actions other keys, by the names"
    yield "in the last column:"
    yield ""
    yield "```toml"
    yield "[keys]"
    yield 'search = "ctrl+g"'
    yield 'reply = ["r", "R"]'
    yield "```"
    yield ""
    yield "Keys are written like `ctrl+g`, `alt+x`, `f5`, `pageup` or `R`. What is typed into a"
    yield "message can only be a key of the messages, and a key means one thing in one place. None"
    yield "can be had of these:"
    yield ""
    for key, why in KEPT.items():
        yield f"- `{shown_key(key)}`: {why}"


def settings() -> str:
    """The page of settings."""
    return "\n".join([*_settings(), ""])


def _settings() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "`/settings` shows them all and changes them; so does `/settings theme paper`. They are"
    yield "kept in a file called `config.toml` in the profile's folder (`--home DIR` or"
    yield "`HALLWAY_HOME` names it). Each can be held by a variable of the environment, and flags"
    yield "come before both."
    for part in Part:
        yield ""
        yield f"## {part.value}"
        yield ""
        yield "| setting | usually | variable | meaning |"
        yield "|---|---|---|---|"
        for setting in SETTINGS:
            if setting.part is part:
                among = f" ({', '.join(setting.choices)})" if setting.choices else ""
                later = " It holds from the next start on." if setting.later else ""
                usual = f"`{line(setting)}`"
                meaning = f"{setting.help}{among}{later}"
                yield f"| `{setting.name}` | {usual} | `{setting.variable}` | {meaning} |"
    yield ""
    yield "## Keys"
    yield ""
    yield "[keys.md](keys.md) says how actions get other keys."


def main() -> None:
    """Write the pages."""
    (DOCS / "keys.md").write_text(keys(), "utf-8")
    (DOCS / "settings.md").write_text(settings(), "utf-8")


if __name__ == "__main__":
    main()
