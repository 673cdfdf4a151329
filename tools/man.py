"""Writes deploy/hallway.1, the manual page, from the command line's own parser.

    .venv/bin/python -m tools.man

A test compares: whoever changes a command, a flag or its help runs this.
"""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from relay.config import default_directory
from tui.cli.arguments import parser

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "deploy" / "hallway.1"

FILES = (
    ("~/.local/share/hallway", "the profile, else $XDG_DATA_HOME/hallway, --home or HALLWAY_HOME"),
    ("~/.local/share/hallway-relay", "what a relay keeps, and its settings, relay.toml"),
)


def page() -> str:
    """The page, in the macros of man(7)."""
    top = parser(whole=True)
    written = "\n".join([*_head(top), *_commands(top), *_tail(top), ""])
    # Help names folders of whoever runs this; the page names everybody's.
    return written.replace(_text(str(default_directory(os.environ))), _text(FILES[1][0]))


def _head(top: argparse.ArgumentParser) -> Iterator[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    yield ".\\\" Made by tools/man.py from the command line's parser."
    yield f'.TH HALLWAY 1 "" "hallway {version}" "User Commands"'
    yield ".SH NAME"
    yield "hallway \\- chat in small encrypted circles, and host them"
    yield ".SH SYNOPSIS"
    yield from _synopsis("hallway", top)
    yield ".br"
    yield ".B hallway"
    yield "COMMAND \\fR[\\fPARGUMENTS\\fR]\\fP"
    yield ".SH DESCRIPTION"
    yield _text(top.description or "")
    yield "Alone, it opens the screens."
    yield ".SH OPTIONS"
    yield from _options(top)
    yield ".PP"
    yield _text("--home and --passphrase-file may stand behind every command but relay, too.")


def _commands(top: argparse.ArgumentParser) -> Iterator[str]:
    yield ".SH COMMANDS"
    for name, help, under in _under(top):
        yield from _command(name, help, under)


def _command(name: str, help: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    below = list(_under(parser))
    yield f'.SS "hallway {_text(name)}"'
    if not below or parser.get_default("verb") == "run":
        yield from _synopsis(f"hallway {name}", parser)
        yield ".PP"
    yield _text(f"{help[0].upper()}{help[1:]}.")
    yield from _options(parser)
    example = (parser.epilog or "").strip()
    if example:
        yield ".PP"
        yield ".nf"
        yield from (_text(line) for line in example.splitlines())
        yield ".fi"
    for verb, words, under in below:
        yield from _command(f"{name} {verb}", words, under)


def _tail(top: argparse.ArgumentParser) -> Iterator[str]:
    about, _, codes = (top.epilog or "").partition("exit codes:")
    yield ".SH NOTES"
    yield from (_text(line) for line in about.strip().splitlines())
    yield ".SH EXIT STATUS"
    yield _text(codes.strip())
    yield ".SH FILES"
    for path, words in FILES:
        yield ".TP"
        yield f".I {_text(path)}"
        yield _text(words)


def _under(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """The commands below one: name, help and parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            for name, under in action.choices.items():
                yield name, helps[name], under


def _shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    no = (argparse._HelpAction, argparse._SubParsersAction)
    said = () if parser.prog == "hallway" else ("home", "passphrase_file")  # at the top already
    return [each for each in parser._actions if not isinstance(each, no) and each.dest not in said]


def _synopsis(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f".B {_text(name)}"
    for action in _shown(parser):
        if action.option_strings:
            value = f" {_value(action)}" if action.nargs != 0 else ""
            yield f"[\\fB{_text(action.option_strings[0])}\\fP{value}]"
        else:
            yield f"[{_value(action)}]" if action.nargs == "?" else _value(action)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in _shown(parser):
        if not action.help:
            continue
        yield ".TP"
        if action.option_strings:
            names = ", ".join(f"\\fB{_text(each)}\\fP" for each in action.option_strings)
            yield names if action.nargs == 0 else f"{names} {_value(action)}"
        else:
            yield _value(action)
        yield _text(action.help.replace("%%", "%"))


def _value(action: argparse.Action) -> str:
    if action.metavar is None and action.choices is not None:
        return "|".join(f"\\fB{_text(str(each))}\\fP" for each in action.choices)
    return f"\\fI{_text(str(action.metavar or action.dest.upper()))}\\fP"


def _text(text: str) -> str:
    """Words that mean nothing to roff."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    safe = safe.replace("\u2018", "\\(oq").replace("\u2019", "\\(cq").replace("`", "\\(ga")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
