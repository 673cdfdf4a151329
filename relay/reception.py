"""Who comes to the relay, from where and under which name, before anybody speaks the protocol.

Pure. Sources are counted here, so that none has too many sockets; a proxy that the operator has
named is believed about whom it speaks for; and whoever asks for a page gets one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from crypto.access.binding import HOST_LIMIT
from relay.limits import source
from relay.pages import invite, response
from relay.pages.response import Page
from relay.proxy import plain, spoke_tls, trusted, visitor

STRANGE_NAMES = 3
"""Names that are not the relay's, and are said to the operator, before it falls silent."""

LOG = logging.getLogger("relay")


class Reception:
    """One relay's. The arguments are `relay.server.Server`'s.

    `most` is how many sockets one source may have; twice as many are let in, to be told so. A
    source is what `relay.limits.source` makes of an address.
    """

    def __init__(
        self, most: int, names: frozenset[str], proxies: Iterable[str], install: str
    ) -> None:
        self._most = most
        self._names = names
        self._proxies = trusted(proxies)
        self._their_sources = {source(proxy) for proxy in self._proxies}
        self._invite = invite.page(install)
        self._by_source: Counter[str] = Counter()
        self._strange: set[str] = set()
        self._told_of_proxy = False
        self.proxied: Counter[str] = Counter()
        """Sockets by what was said about whom they are of: by a named proxy or not, or nothing."""

    # Sources.

    def comes(self, origin: str) -> bool:
        """Another socket from there; whether there is room for it."""
        self._by_source[origin] += 1
        # Whom a proxy speaks for is heard with the request.
        return origin in self._their_sources or self._has_room(origin)

    def turns_out(self, before: str, origin: str) -> bool:
        """A socket is not the proxy's `before`, but of `origin`; whether there is room for it."""
        self.leaves(before)
        self._by_source[origin] += 1
        return self._has_room(origin)

    def leaves(self, origin: str) -> None:
        """A socket from there is gone."""
        self._by_source[origin] -= 1
        if not self._by_source[origin]:
            del self._by_source[origin]

    def crowded(self, origin: str) -> bool:
        """Whether it has more sockets than it may have."""
        return self._by_source[origin] > self._most

    def _has_room(self, origin: str) -> bool:
        # Those above the limit hear why, once they have shaken hands; but not any number of them.
        return self._by_source[origin] <= 2 * self._most

    # Proxies.

    def identify(
        self, address: str, forwarded: Sequence[str], proto: Sequence[str], tls: bool
    ) -> tuple[str | None, bool]:
        """Whose socket this is, if a proxy at `address` says so, and whether they came over TLS.

        :param forwarded: the values of X-Forwarded-For.
        :param proto: those of X-Forwarded-Proto.
        :param tls: whether the socket itself is one of TLS.
        """
        if self._believes(address):
            self.proxied["named" if forwarded else "silent"] += 1
            return visitor(forwarded, self._proxies), spoke_tls(proto)
        if forwarded:
            self.proxied["strange"] += 1
            self._tell_of_proxy(address)
        return None, tls

    def _believes(self, address: str) -> bool:
        return bool(self._proxies) and plain(address) in self._proxies

    def _tell_of_proxy(self, address: str) -> None:
        peer = plain(address)
        if not self._told_of_proxy and peer is not None and ip_address(peer).is_private:
            self._told_of_proxy = True
            LOG.warning(
                "A proxy at %s speaks for others, who count as one source together."
                " If it is yours: --proxy %s",
                peer,
                peer,
            )

    # Names and pages.

    def dialled(self, host: str, here: object, tls: bool) -> str | None:
        """The address that a client dialled, if it is one of this relay's.

        :param host: the request's Host header.
        :param here: the socket's own end, as asyncio gives it.
        """
        default = ":443" if tls else ":80"
        host = host.lower().removesuffix(default)
        if host in self._names or host in _own_names(here, default):
            return host
        if host not in self._strange and len(self._strange) < STRANGE_NAMES:
            self._strange.add(host)
            LOG.warning(
                "A client dialled %r, which is not a name of this relay. If it is: --name %s",
                host[:HOST_LIMIT],
                host[:HOST_LIMIT],
            )
        return None

    def page(self, path: str) -> Page:
        """What anybody is shown there."""
        return {"/i": self._invite, "/livez": response.ALIVE}.get(path, response.NOT_FOUND)


def _own_names(here: object, default: str) -> set[str]:
    """The addresses under which a socket's own end can be dialled without anybody's help."""
    if not isinstance(here, tuple):
        return set()
    ip, port = ip_address(here[0].partition("%")[0]), here[1]
    hosts = {f"[{ip}]" if ip.version == 6 else str(ip)}
    if ip.is_loopback:
        hosts.add("localhost")
    return {f"{host}:{port}".removesuffix(default) for host in hosts}
