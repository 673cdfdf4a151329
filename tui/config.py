"""A person's settings: flags before environment before file before defaults.

The file is `config.toml` in the profile's folder. A key that is not known is an error, and so is a
value that can't be used: the sentence says which it is, and where it stands.

    ConfigError             a setting cannot be used
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from crypto.circle.errors import MisuseError
from crypto.circle.names import person_name
from crypto.errors import AddressError
from crypto.relay_address import RelayAddress

LOCAL_RELAY = "127.0.0.1:7600"

VARIABLES = {
    "name": "HALLWAY_NAME",
    "relay": "HALLWAY_RELAY",
    "local_relay": "HALLWAY_LOCAL_RELAY",
    "freshness": "HALLWAY_FRESHNESS",
    "notify": "HALLWAY_NOTIFY",
}
"""What each setting is called in the environment."""

FLAGS = {"name": "--as", "relay": "--relay"}
"""And on the command line."""


class ConfigError(Exception):
    """A setting cannot be used; the sentence says which, and from where."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a person can set.

    :param name: what this person is called where they do not say.
    :param relay: where circles are opened, and what a spoken code without an address means; empty
        for the relay on this computer.
    :param local_relay: where the relay on this computer listens, HOST:PORT on the loopback.
    :param freshness: `on`, or `off` for no heartbeats: others then can't tell by this device
        whether their relay keeps something back.
    :param notify: what you are told of while you look elsewhere: `all`, `mentions` or `off`. Never
        what was said.
    """

    name: str = ""
    relay: str = ""
    local_relay: str = LOCAL_RELAY
    freshness: str = "on"
    notify: str = "all"

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
    values = dict(_read(file))
    sources = dict.fromkeys(values, str(file))
    for name, variable in VARIABLES.items():
        if environ.get(variable):
            values[name], sources[name] = environ[variable], variable
    for name, value in flags.items():
        if value is not None:
            values[name], sources[name] = value, FLAGS.get(name, name)
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {error}. There are: {', '.join(VARIABLES)}.") from error
    checked = {name: _checked(name, getattr(config, name), sources[name]) for name in sources}
    return msgspec.structs.replace(config, **checked)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from error


def _checked(name: str, value: str, source: str) -> str:
    """The value as it is written canonically."""
    try:
        if name == "name":
            return person_name(value) if value else ""
        if name == "freshness":
            if value not in ("on", "off"):
                raise ConfigError(f"{source}: freshness is on or off, not {value!r}.")
            return value
        if name == "notify":
            if value not in ("off", "mentions", "all"):
                raise ConfigError(f"{source}: notify is off, mentions or all, not {value!r}.")
            return value
        if not value:
            return LOCAL_RELAY if name == "local_relay" else ""
        relay = RelayAddress.typed(value)
        address = relay.parsed
    except (AddressError, MisuseError) as error:
        raise ConfigError(f"{source}: {name} cannot be {value!r}. {error}") from error
    local = not relay.certificate_pin and address.host in ("127.0.0.1", "[::1]", "localhost")
    if name == "local_relay" and not local:
        raise ConfigError(
            f"{source}: local_relay is an address of this computer alone, as {LOCAL_RELAY} is."
            " Run a relay for others with `hallway relay`."
        )
    return relay.text
