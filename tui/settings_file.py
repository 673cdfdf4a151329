"""Writing one setting into the file of settings: whatever else a person wrote there stays as it is,
comments and order too.
"""

from __future__ import annotations

import os
from pathlib import Path

from tui.config import ConfigError, of_text
from tui.settings import BY_NAME, SETTINGS, Setting, Value


def with_setting(text: str, source: str, name: str, value: Value) -> str:
    """The text with a value in it, or without it where it is the usual one; ConfigError."""
    import tomlkit  # only for whoever changes something
    from tomlkit.exceptions import ParseError

    try:
        document = tomlkit.parse(text)
    except ParseError as error:
        raise ConfigError(f"{source} is not TOML: {error}.") from error
    if value == BY_NAME[name].usual:
        document.pop(name, None)
    else:
        document[name] = value
    return tomlkit.dumps(document)


def write_setting(file: Path, name: str, value: Value) -> None:
    """Put a value into the file; ConfigError. What else in it can't be used is told, and nothing
    has changed."""
    write_text(file, with_setting(_read(file) or "", str(file), name, value))


def text_of(file: Path) -> str:
    """The file as it stands; where there is none, all that could stand in it; ConfigError."""
    text = _read(file)
    return example() if text is None else text


def write_text(file: Path, text: str) -> None:
    """Put another file in its place, if all that it says can be used; ConfigError.

    It is exchanged whole: cut short, it says what it said before.
    """
    of_text(text, str(file))
    # What a link leads to is exchanged: many keep such files in a folder of their own.
    whole = file.resolve()
    part = whole.with_name(f".{whole.name}.part")
    try:
        with part.open("w", encoding="utf-8") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        part.replace(whole)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from error


def _read(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from error


def example() -> str:
    """A file that changes nothing, and says what could stand in it."""
    parts = [
        "# Hallway's settings. What stands here behind a # is what holds without it.\n",
        *(f"# {setting.help}\n# {line(setting)}\n" for setting in SETTINGS),
        "# Other keys for actions, by their names: docs/keys.md lists them.\n"
        '# [keys]\n# search = "ctrl+g"\n# reply = ["r", "R"]\n',
    ]
    return "\n".join(parts)


def line(setting: Setting) -> str:
    """What stands in a file for a setting's usual value."""
    usual = setting.usual
    return f"{setting.name} = {usual}" if isinstance(usual, int) else f'{setting.name} = "{usual}"'
