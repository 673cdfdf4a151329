"""`hallway relay doctor`: everything that a relay stands on, and the way to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import apsw
import msgspec

from relay import premises
from relay.certificate import own_pin
from relay.config import DEFAULT, ConfigError, Settled, address, exposed
from relay.directory import Directory, DirectoryError
from relay.premises import Finding, State, odd, well, wrong
from relay.round_trip import RoundTripError, ask, dial
from relay.shortage import MIB
from relay.store.contract import STORED, Creation, Outcome, StoreError
from relay.store.sqlite import SqliteStore

STORE_SECONDS = 10
CLOCKS_APART_MS = 5_000
_PROXIED = re.compile(r'^hallway_proxied_total\{visitor="(\w+)"\} (\d+)$', re.MULTILINE)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be told from the others


class About(msgspec.Struct, frozen=True):
    """What a relay that runs says of itself."""

    listen: tuple[str, ...]
    name: tuple[str, ...]
    proxy: tuple[str, ...]
    key: str
    pin: str = ""


@dataclass
class Doctor:
    """The checks, of a relay with these settings in this directory."""

    settled: Settled
    place: Directory
    about: About | None = None

    def steps(self) -> list[tuple[str, Callable[[], Finding]]]:
        """All checks, in order."""
        config = self.settled.config
        return [
            ("settings", self._settings),
            ("SQLite", lambda: premises.sqlite(apsw.sqlite_lib_version())),
            ("directory", lambda: premises.directory(self.place)),
            ("disk", lambda: premises.disk(self.place, config.spare_disk_mib * MIB)),
            ("memory", lambda: premises.memory(config.spare_memory_mib * MIB)),
            ("database", lambda: premises.database(self.place)),
            ("a record", self._record),
            ("clock", lambda: premises.clock(self.place, _now())),
            ("certificate", self._certificate),
            ("port", self._port),
            ("round trip", self._round_trip),
            ("names", self._names),
        ]

    def _settings(self) -> Finding:
        config = self.settled.config
        known = sum(source != DEFAULT for source in self.settled.sources.values())
        open_to_all = exposed(config)
        bare = open_to_all and not config.tls_cert and not config.proxy
        if bare and config.tls == "auto":
            return wrong(
                f"It is to listen on {open_to_all} without a certificate, and so does not start."
                " Give --tls own, or --tls-cert and --tls-key, or name the proxy that has one with"
                " --proxy; --tls plain does without."
            )
        if bare and config.tls == "plain":
            return odd(
                f"It listens on {open_to_all} without a certificate. What is said stays"
                " encrypted; who talks when can be seen on the way. For the internet use --tls own,"
                " or --tls-cert and --tls-key, or put a proxy in front and listen on 127.0.0.1."
            )
        if open_to_all and not config.name:
            return odd("It has no --name: nobody can dial it but by the machine's own address.")
        return well(f"{known} of {len(self.settled.sources)} are set; the others are as they come.")

    def _record(self) -> Finding:
        """Write one in a database of its own, where the relay's is to be, through the same code."""
        try:
            with _folder_near(self.place.path) as folder:
                taken = _stored(folder / "relay.db")
        except (OSError, StoreError) as error:
            return wrong(f"A record cannot be stored: {error}")
        if taken is None:
            return wrong(f"A record was not stored within {STORE_SECONDS} s.")
        return well(f"A record is on the disk for good after {taken * 1000:.1f} ms.")

    def _certificate(self) -> Finding:
        config = self.settled.config
        if config.tls != "own":
            return premises.certificate(config, _now())
        try:
            pin = own_pin(self.place)
        except ConfigError as error:
            return wrong(str(error))
        if not pin:
            return well("The relay makes its own when it starts.")
        return well(f"The relay made its own; its pin is {pin}. Keep a copy of it.")

    def _port(self) -> Finding:
        """Whether the relay that runs here can be asked, or one that starts could listen."""
        try:
            process = self.place.runner()
        except DirectoryError as error:
            return wrong(str(error))
        if process is None:
            return self._free()
        try:
            _, text = ask(self.place.socket, "/about")
            self.about = msgspec.json.decode(text, type=About)
        except (OSError, msgspec.MsgspecError) as error:
            return wrong(f"The relay (process {process}) does not say how it is: {error}.")
        if ask(self.place.socket, "/readyz")[0] != HTTPStatus.OK:
            return wrong(f"The relay (process {process}) runs, and is not ready.")
        return well(f"Process {process} listens on {', '.join(self.about.listen)}.")

    def _free(self) -> Finding:
        for each in self.settled.config.listen:
            host, port = address(each)
            try:
                family, _, _, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
                with socket.socket(family, socket.SOCK_STREAM) as tried:
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    tried.bind(found)
            except OSError as error:
                return wrong(f"{each} cannot be listened on: {error.strerror or error}.")
        return well(f"{', '.join(self.settled.config.listen)} can be listened on.")

    def _round_trip(self) -> Finding:
        """To the relay that runs, at each address that it listens on."""
        if not self.about:
            return odd("No relay runs here. Start it, and ask again.")
        slowest = 0.0
        for each in self.about.listen:
            scheme, _, rest = each.partition("://")
            host, port = address(rest)
            host = _ANYWHERE.get(host, host)
            url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
            try:
                # Whose name the certificate has is looked at by itself.
                answer = dial(url, os.urandom, _trusting() if scheme == "wss" else None)
            except RoundTripError as error:
                return wrong(f"{url}: {error}")
            if abs(answer.now - _now()) > CLOCKS_APART_MS:
                return wrong(f"{url}: it has another clock than this machine.")
            slowest = max(slowest, answer.seconds)
        return well(f"A stranger is greeted and refused within {slowest * 1000:.0f} ms.")

    def _names(self) -> Finding:
        """The way that clients come, through whatever stands in between."""
        about = self.about
        if about is None or not about.name:
            return well("It has no --name that could be dialled.")
        before = self._proxied()
        for name in about.name:
            found = self._dial_name(about, name)
            if found is not None:
                return found
        told = {label: count - before[label] for label, count in self._proxied().items()}
        if told["strange"]:
            return wrong(
                "A proxy stands in between, and it is not named: all its visitors count as one."
                " Give the address that it comes from, as in --proxy 127.0.0.1."
            )
        if told["silent"]:
            return wrong(
                "The proxy does not say whom it speaks for: all its visitors count as one."
                " Have it send X-Forwarded-For and X-Forwarded-Proto."
            )
        through = ", through the proxy" if told["named"] else ""
        return well(f"{', '.join(about.name)} can be dialled from here{through}.")

    def _dial_name(self, about: About, name: str) -> Finding | None:
        """What is wrong with the way by this name, if anything."""
        own = any(each.startswith("wss:") for each in about.listen)
        ported = name.rpartition(":")[2].isdigit()
        url = f"{'wss' if own or about.proxy or not ported else 'ws'}://{name}"
        try:
            # Of a certificate of its own the name does not count; whose relay it is, the key says.
            there = dial(url, os.urandom, _trusting() if about.pin else None)
        except RoundTripError as error:
            return wrong(f"{url}: {error} If it can be dialled from elsewhere, it may be this way.")
        if there.relay_key.hex() != about.key:
            return wrong(f"{url} leads to another relay.")
        return None

    def _proxied(self) -> dict[str, int]:
        _, text = ask(self.place.socket, "/metrics")
        return {label: int(count) for label, count in _PROXIED.findall(text)}


def examine(settled: Settled, place: Directory, in_json: bool) -> int:
    """Go through all checks, and tell what each came to; 1 where something is wrong, else 0."""
    worst = 0
    for name, check in Doctor(settled, place).steps():
        try:
            found = check()
        except OSError as error:
            found = wrong(f"It could not be looked at: {error}.")
        worst = max(worst, int(found.state is State.WRONG))
        if in_json:
            facts = {"check": name, "state": found.state.value, "text": found.sentence}
            print(json.dumps(facts))
        else:
            print(f"{found.state.value:<7}{name:<13}{found.sentence}")
    return worst


def _now() -> int:
    return time.time_ns() // 1_000_000


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def _folder_near(path: Path) -> Iterator[Path]:
    near = next(each for each in (path, *path.absolute().parents) if each.exists())
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=near) as folder:
        yield Path(folder)


def _stored(path: Path) -> float | None:
    """Seconds that a record took; None where it did not come to an end."""
    store = SqliteStore(path, lambda: None)
    try:
        outcomes: list[Outcome] = []
        started = time.monotonic()
        record = Creation(bytes(16), bytes(32), 2, _now(), bytes(16))
        store.submit(record, outcomes.append)
        while not outcomes and time.monotonic() - started < STORE_SECONDS:
            time.sleep(0.0005)
            store.settle()
        return time.monotonic() - started if outcomes == [STORED] else None
    finally:
        store.close()
