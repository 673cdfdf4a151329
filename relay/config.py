"""The relay's settings: flags before environment before file before defaults.

The file is TOML (`relay.toml` in the relay's directory, or the one that `--config` names); a key
that is not known is an error, and so is a value of another type. In the environment a setting is
`HALLWAY_RELAY_` and its name in capitals; several values of one are separated by commas.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

FILE = "relay.toml"
PREFIX = "HALLWAY_RELAY_"
DEFAULT = "default"
"""The source of what nobody set."""


class ConfigError(Exception):
    """A setting cannot be used. The message says which, from where, and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that an operator may set. The metadata is the help of the flag."""

    listen: tuple[str, ...] = field(
        default=("127.0.0.1:7600",),
        metadata={"help": "HOST:PORT to listen on; port 0 takes any free one; may be repeated"},
    )
    name: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "HOST[:PORT] under which clients dial this relay, besides the address and port"
            " that it listens on; may be repeated"
        },
    )
    tls: Literal["auto", "own", "plain"] = field(
        default="auto",
        metadata={
            "help": "own: with a certificate that the relay makes itself, known by its pin; plain:"
            " without any, wherever it listens; auto: with tls_cert, else plain on the loopback or"
            " behind a proxy that is named"
        },
    )
    tls_cert: str = field(default="", metadata={"help": "certificate chain, a PEM file"})
    tls_key: str = field(default="", metadata={"help": "the certificate's key, a PEM file"})
    create: Literal["open", "token", "closed"] = field(
        default="open",
        metadata={
            "help": "who may open circles here: anybody, whoever has a token of the operator's"
            " (hallway relay token), or nobody"
        },
    )
    store: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "nats://HOST:PORT of a NATS server with JetStream, for a store that several"
            " relays share; may be repeated, or several with commas"
        },
    )
    store_name: str = field(
        default="hallway", metadata={"help": "the stream there that the logs are in"}
    )
    store_sync: Literal["unstated", "always", "unsafe"] = field(
        default="unstated",
        metadata={
            "help": "always: each of those servers has sync_interval: always, and the stream three"
            " replicas; unsafe: for development, whatever they have"
        },
    )
    connections: int = field(
        default=256, metadata={"help": "sockets that one address (or IPv6 /64) may have open"}
    )
    messages_per_second: int = field(
        default=30, metadata={"help": "frames that one device may send on and on"}
    )
    messages_at_once: int = field(
        default=100, metadata={"help": "frames that one device may send at once"}
    )
    circle_mib: int = field(default=100, metadata={"help": "MiB kept for one circle"})
    circles_per_day: int = field(
        default=50, metadata={"help": "circles that one address may open in a day"}
    )
    spare_disk_mib: int = field(
        default=256, metadata={"help": "MiB of free disk below which no new circle is opened"}
    )
    spare_memory_mib: int = field(
        default=32, metadata={"help": "MiB of free memory below which no new circle is opened"}
    )
    proxy: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "IP address of a reverse proxy whose X-Forwarded-For and -Proto are believed;"
            " may be repeated"
        },
    )
    metrics: str = field(
        default="",
        metadata={
            "help": "HOST:PORT on the loopback that answers /metrics to Prometheus, besides the"
            " Unix socket in DIR"
        },
    )
    log: Literal["plain", "json"] = field(
        default="plain", metadata={"help": "the form of what is logged on standard error"}
    )
    install: str = field(
        default="",
        metadata={"help": "https:// address that the page /i names as the place to get Hallway"},
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """The configuration, and for each setting where its value comes from."""

    config: Config
    sources: Mapping[str, str]

    def lines(self) -> list[str]:
        """One line a setting: name, value, source."""
        values = asdict(self.config)
        return [f"{name} = {_toml(values[name])}  # {self.sources[name]}" for name in values]

    def file(self) -> list[str]:
        """A settings file that says the same; what is as it would be anyway is a comment."""
        values, lines = asdict(self.config), []
        for each in fields(Config):
            commented = "# " if self.sources[each.name] == DEFAULT else ""
            lines += [f"# {each.metadata['help']}"]
            lines += [f"{commented}{each.name} = {_toml(values[each.name])}", ""]
        return lines[:-1]


def settle(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path, wanted: bool = False
) -> Settled:
    """Put the settings together. ConfigError for what cannot be used.

    :param flags: by the setting's name; None where the flag was not given.
    :param wanted: whether the file was asked for, so that it has to be there.
    """
    values: dict[str, Any] = {}
    sources = dict.fromkeys(_TYPES, DEFAULT)
    for name, value in _read(file, wanted).items():
        values[name] = _checked(name, value, str(file))
        sources[name] = str(file)
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            values[name] = _checked(name, _parsed(name, text), variable)
            sources[name] = variable
    for name, value in flags.items():
        if value is not None:
            flag = "--" + name.replace("_", "-")
            values[name] = _checked(name, value, flag)
            sources[name] = flag
    config = Config(**values)
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("A certificate needs its key: give both --tls-cert and --tls-key.")
    if config.tls_cert and config.tls != "auto":
        raise ConfigError(f"With --tls {config.tls} there is no use for --tls-cert: leave one out.")
    return Settled(config, sources)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can come to it."""
    ip = _ip(host)
    return host == "localhost" or (ip is not None and ip.is_loopback)


def exposed(config: Config) -> str:
    """The first address to listen on that others can reach, if any."""
    others = (each for each in config.listen if not is_loopback(address(each)[0]))
    return next(others, "")


def default_directory(environment: Mapping[str, str]) -> Path:
    """Where a relay keeps its logs when nobody says."""
    data = environment.get("XDG_DATA_HOME", "")
    return (Path(data) if data else Path.home() / ".local" / "share") / "hallway-relay"


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT` or `[IPV6]:PORT` as what asyncio takes. ConfigError."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not bare or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"{text!r} is not HOST:PORT, as in 0.0.0.0:7600 or [::]:7600.")
    if ":" in bare and not bracketed:
        raise ConfigError(f"{text!r}: an IPv6 address stands in brackets, as in [::1]:7600.")
    return bare, int(port)


_TYPES = {
    name: kind
    for name, kind in get_type_hints(Config).items()
    if name in {each.name for each in fields(Config)}
}


def _read(file: Path, wanted: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if wanted:
            raise ConfigError(f"{file} is not there.") from None
        return {}
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from error


def _parsed(name: str, text: str) -> Any:
    kind = _TYPES.get(name)
    if kind == tuple[str, ...]:
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind is int and text.strip().isdigit():
        return int(text)
    return text


def _checked(name: str, value: Any, source: str) -> Any:
    kind = _TYPES.get(name)
    if kind is None:
        known = ", ".join(_TYPES)
        raise ConfigError(f"{source}: there is no setting {name!r}. There are: {known}.")
    try:
        checked = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        may = f" It may be {' or '.join(choices)}." if choices else ""
        raise ConfigError(f"{source}: {name} cannot be {value!r}: {error}.{may}") from error
    if kind is int and checked < 1:
        raise ConfigError(f"{source}: {name} is at least 1, not {checked}.")
    try:
        _CHECKS.get(name, _any)(checked)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error
    return checked


def _any(value: Any) -> None:
    """Whatever has the right type will do."""


def _listen(value: tuple[str, ...]) -> None:
    for each in value:
        address(each)


def _proxies(value: tuple[str, ...]) -> None:
    for each in value:
        if _ip(each) is None:
            raise ConfigError(f"{each!r} is not the IP address of a proxy, as in 127.0.0.1.")


def _store(value: tuple[str, ...]) -> None:
    for each in ",".join(value).split(",") if value else ():
        scheme, separator, rest = each.partition("://")
        if not separator or scheme not in ("nats", "tls"):
            raise ConfigError(f"{each!r} is not nats://HOST:PORT or tls://HOST:PORT.")
        address(rest.rpartition("@")[2])


def _store_name(value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", value):
        raise ConfigError(f"a stream's name is of letters, digits, _ and -, not {value!r}.")


def _metrics(value: str) -> None:
    # What is counted is nobody's business but the operator's.
    if value and not is_loopback(address(value)[0]):
        raise ConfigError(f"metrics listens on the loopback alone, not on {value!r}.")


def _install(value: str) -> None:
    if value and not (value.startswith("https://") and value.isascii() and value.isprintable()):
        raise ConfigError(f"install is an address that begins with https://, not {value!r}.")


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "listen": _listen,
    "proxy": _proxies,
    "metrics": _metrics,
    "store": _store,
    "store_name": _store_name,
    "install": _install,
}


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _toml(value: Any) -> str:
    # A JSON string is one of TOML, but for DEL.
    return json.dumps(value).replace("\x7f", "\\u007f")
