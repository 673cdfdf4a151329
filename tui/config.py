"""A person's settings: flags before environment before file before defaults.

The file is `config.toml` in the profile's folder. A key that is not known is an error, and so is a
value that can't be used: the sentence says which it is, and where it stands.

    ConfigError             a setting cannot be used
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from crypto.circle.errors import MisuseError
from crypto.circle.names import person_name
from crypto.errors import AddressError
from crypto.relay_address import RelayAddress
from tui.limit import USUAL
from tui.settings import BY_NAME, LOCAL_RELAY, SettingError, Value

FLAGS = {"name": "--as", "relay": "--relay"}
"""What settings are called on the command line."""

KEYS = "keys"
"""The table of the file in which actions are given other keys."""


class ConfigError(Exception):
    """A setting cannot be used; the sentence says which, and from where."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All that a person can set: `tui.settings` says what each means. `keys` holds the actions that
    have other keys than usual."""

    theme: str = "dusk"
    density: str = "roomy"
    glyphs: str = "auto"
    motion: str = "auto"
    notify: str = "all"
    people: int = USUAL
    lock_after: int = 0
    freshness: str = "on"
    name: str = ""
    relay: str = ""
    local_relay: str = LOCAL_RELAY
    keys: Mapping[str, tuple[str, ...]] = {}

    @property
    def beats(self) -> bool:
        """Whether heartbeats are left."""
        return self.freshness == "on"

    @property
    def default_relay(self) -> str:
        """The canonical address of the relay that is meant where none is named."""
        return self.relay or self.local_relay


def settle(flags: Mapping[str, str | None], environ: Mapping[str, str], file: Path) -> Config:
    """Put the settings together; ConfigError. A flag that was not given is None."""
    values = _read(file)
    sources = dict.fromkeys(values, str(file))
    for name, setting in BY_NAME.items():
        if environ.get(setting.variable):
            values[name], sources[name] = environ[setting.variable], setting.variable
    for name, value in flags.items():
        if value is not None:
            values[name], sources[name] = value, FLAGS.get(name, name)
    return _made(values, sources)


def of_text(text: str, source: str) -> Config:
    """What a file's text alone says; ConfigError. `source` is what the file is called."""
    values = _parsed(text, source)
    return _made(values, dict.fromkeys(values, source))


def _made(values: Mapping[str, Any], sources: Mapping[str, str]) -> Config:
    checked = {name: _checked(name, value, sources[name]) for name, value in values.items()}
    return msgspec.structs.replace(Config(), **checked)


def _read(file: Path) -> dict[str, Any]:
    try:
        return _parsed(file.read_text("utf-8"), str(file))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from error


def _parsed(text: str, source: str) -> dict[str, Any]:
    import tomllib  # most have no such file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not TOML: {error}.") from error


def check(name: str, value: object) -> Value:
    """A value as it is written canonically; SettingError."""
    checked = BY_NAME[name].checked(value)
    if name not in ("name", "relay", "local_relay"):
        return checked
    try:
        if name == "name":
            return person_name(str(checked)) if checked else ""
        return _relay(name, str(checked))
    except (AddressError, MisuseError) as error:
        raise SettingError(f"{name} cannot be {value!r}. {error}") from error


def _checked(name: str, value: object, source: str) -> object:
    if name == KEYS:
        from tui.keys import KeysError, read_keys  # most keep the usual ones

        try:
            return read_keys(value)
        except KeysError as error:
            raise ConfigError(f"{source}: {error}") from error
    if name not in BY_NAME:
        there = ", ".join([*BY_NAME, f"[{KEYS}]"])
        raise ConfigError(f"{source}: there is no setting {name!r}. There are: {there}.")
    try:
        return check(name, value)
    except SettingError as error:
        raise ConfigError(f"{source}: {error}") from error


def _relay(name: str, value: str) -> str:
    if not value:
        return LOCAL_RELAY if name == "local_relay" else ""
    relay = RelayAddress.typed(value)
    address = relay.parsed
    local = not relay.certificate_pin and address.host in ("127.0.0.1", "[::1]", "localhost")
    if name == "local_relay" and not local:
        raise SettingError(
            f"local_relay is an address of this computer alone, as {LOCAL_RELAY} is."
            " Run a relay for others with `hallway relay`."
        )
    return relay.text
