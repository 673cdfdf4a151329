"""Addresses of relays: reading what people type, the one way to write them, their structure.

docs/protocol.md section 3.1. An address has one canonical text, which codes, checksums, bindings
and the circle's state use; `str(Address.parse(text))` is it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network
from typing import Final, Self

from crypto.errors import AddressError, FieldError
from crypto.fields import exact
from crypto.mls.codec import Reader, Struct, Writer

ADDRESS_LONGEST = 255
PIN_LENGTH = 32
PIN_MARK = "+"
"""Between an address and a pin, where people write both: `host:port+pin`."""

SECURE_PORT, PLAIN_PORT = 443, 80

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[0-9]{1,5}")
_PIN = re.compile(r"[0-9a-f]{64}")
_GRAPHIC = re.compile(r"[\x21-\x7e]+")

# Listed here rather than asked of `ipaddress`, whose idea of private changes between versions.
_LOCAL_NETWORKS: Final = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a relay listens. `host` is a name, an IPv4 address or a bracketed IPv6 address."""

    secure: bool
    host: str
    port: int

    @classmethod
    @lru_cache(maxsize=64)  # the few that a client has, it asks for at every turn
    def parse(cls, text: str) -> Self:
        """The address that somebody typed, in any case, or AddressError."""
        lowered = text.strip().lower()
        if len(lowered) > ADDRESS_LONGEST:
            raise AddressError(f"A relay's address has at most {ADDRESS_LONGEST} characters.")
        scheme, separator, rest = lowered.rpartition("://")
        if separator and scheme not in ("ws", "wss"):
            raise AddressError("A relay's address starts with ws:// or wss://, or with the host.")
        host, port = _split(rest.removesuffix("/") if separator else rest)
        host = _checked_host(host)
        secure = scheme == "wss" if separator else not _is_local(host)
        return cls(secure, host, _default_port(secure) if port is None else port)

    @property
    def dialled(self) -> str:
        """The address without a scheme, as it stands in bindings: `host` or `host:port`."""
        return self.host if self.port == _default_port(self.secure) else f"{self.host}:{self.port}"

    @property
    def socket_url(self) -> str:
        """What a websocket client connects to."""
        return f"{'wss' if self.secure else 'ws'}://{self.dialled}/"

    @property
    def page_url(self) -> str:
        """The root of what the relay serves to browsers, with its slash."""
        return f"{'https' if self.secure else 'http'}://{self.dialled}/"

    def __str__(self) -> str:
        """The canonical text: a scheme only where it is not the one that the host implies."""
        if self.secure is not _is_local(self.host):
            return self.dialled
        return f"{'wss' if self.secure else 'ws'}://{self.dialled}"


@dataclass(frozen=True, slots=True)
class RelayAddress(Struct):
    """A relay as a circle's state and cards name it: its address and, if it has one, its pin.

    Bounded to printable ASCII and no further, so that all members judge it alike; `parsed` says
    whether it can be dialled.
    """

    address: str
    certificate_pin: bytes = b""

    def __post_init__(self) -> None:
        if len(self.address) > ADDRESS_LONGEST or not _GRAPHIC.fullmatch(self.address):
            raise FieldError(
                f"a relay's address has 1 to {ADDRESS_LONGEST} bytes of printable ASCII"
            )
        if self.certificate_pin:
            exact(self.certificate_pin, PIN_LENGTH, "a relay's certificate pin")

    @classmethod
    def typed(cls, text: str) -> Self:
        """What somebody typed: an address, or one with the pin of its certificate; AddressError.

        A pin is 64 hexadecimal digits; colons between them, as OpenSSL prints them, do not matter.
        With a pin and without a scheme every address means `wss`.
        """
        address, mark, pin = text.strip().partition(PIN_MARK)
        if not mark:
            return cls(str(Address.parse(address)))
        parsed = Address.parse(address if "://" in address else f"wss://{address}")
        if not parsed.secure:
            raise AddressError("A ws:// address has no certificate, so no pin belongs behind it.")
        digits = pin.replace(":", "").lower()
        if not _PIN.fullmatch(digits):
            raise AddressError(
                f"The pin behind a relay's {PIN_MARK} has 64 digits from 0 to 9 and a to f."
            )
        return cls(str(parsed), bytes.fromhex(digits))

    @property
    def text(self) -> str:
        """What `typed` reads, the one way to write it."""
        mark = PIN_MARK if self.certificate_pin else ""
        return f"{self.address}{mark}{self.certificate_pin.hex()}"

    @property
    def parsed(self) -> Address:
        """The address to dial, or AddressError."""
        return Address.parse(self.address)

    def write(self, writer: Writer) -> None:
        writer.opaque(self.address.encode("ascii"))
        writer.opaque(self.certificate_pin)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        # latin-1 takes any byte, so that the bounds above are the only judge
        return cls(reader.opaque().decode("latin-1"), reader.opaque())


def _default_port(secure: bool) -> int:
    return SECURE_PORT if secure else PLAIN_PORT


def _split(rest: str) -> tuple[str, int | None]:
    """Host and port; the host still unchecked, an IPv6 address with its brackets."""
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        return rest, None
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 0xFFFF:
        raise AddressError("The port in a relay's address is a number from 1 to 65535.")
    return host, int(port)


def _checked_host(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        try:
            address = IPv6Address(host[1:-1])
        except AddressValueError:
            raise AddressError("What stands in brackets is not an IPv6 address.") from None
        if address.scope_id is not None:
            raise AddressError(
                "A relay's IPv6 address is written without a zone (the part after %)."
            )
        return f"[{address.compressed}]"
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError(
            "That is not a relay's address. It looks like chat.example.org or localhost:8470; "
            "an IPv6 address stands in brackets."
        )
    # resolvers read 127.1 or 0x7f000001 as an IPv4 address, so a host ending in a number is one
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise AddressError("An IPv4 address is four numbers from 0 to 255.") from None
    return host


def _is_local(host: str) -> bool:
    """Whether a host implies `ws`: nothing on this path could hold a public certificate."""
    if host == "localhost" or host.endswith((".local", ".onion")):
        return True
    try:
        address = IPv6Address(host[1:-1]) if host.startswith("[") else IPv4Address(host)
    except AddressValueError:
        return False
    return any(address in network for network in _LOCAL_NETWORKS)
