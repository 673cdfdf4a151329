"""Who stands behind a reverse proxy, from what a proxy adds to a request.

Only a proxy that the operator has named is believed: anybody can send such headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address


def plain(address: str) -> str | None:
    """An IP address in its usual form, an IPv4 one that came as IPv6 too; None if it is none.

    Some proxies put a port behind it, and IPv6 into brackets.
    """
    text = address.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)


def trusted(addresses: Iterable[str]) -> frozenset[str]:
    """The proxies that are believed, as `visitor` compares them."""
    return frozenset(found for each in addresses if (found := plain(each)) is not None)


def visitor(forwarded: Iterable[str], proxies: frozenset[str]) -> str | None:
    """The address that the proxies say was first, of the values of all X-Forwarded-For headers.

    Each proxy writes behind what was there whom it saw itself; what stands before the last address
    that is no proxy's can be anybody's invention. None where nothing is said, or it makes no sense.
    """
    chain = [part for value in forwarded for part in value.split(",") if part.strip()]
    for part in reversed(chain):
        address = plain(part)
        if address not in proxies:
            return address
    return None


def spoke_tls(values: Iterable[str]) -> bool:
    """Whether the last X-Forwarded-Proto says that the visitor came over TLS."""
    last = [part.strip().lower() for value in values for part in value.split(",")][-1:]
    return last in (["https"], ["wss"])
