"""What a relay stands on, looked at before anybody relies upon it: disk, clock, certificate.

Each check gives a `Finding`: well, odd (it works, and somebody should know), or wrong.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import ssl
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from relay.config import Config
from relay.directory import Directory
from relay.machine import free_disk, free_memory
from relay.shortage import MIB
from relay.store.contract import StoreError
from relay.store.migrations import named, refuse_foreign, steps

SQLITE = (3, 51, 3)
"""Before this one a checkpoint could lose what was committed (sqlite.org/wal.html#walresetbug)."""

SLOW_MS = 25
"""For an fsync: with more, every message waits for it."""

AHEAD_MS = 60_000
"""How far the newest entry may be ahead of the clock."""

EXPIRES_DAYS = 14

_DAY_SECONDS = 86_400
_TIME_ERROR = 5
_TIMEX_BYTES = 1024


class State(Enum):
    """How something is."""

    WELL = "ok"
    ODD = "odd"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to, in a sentence or two."""

    state: State
    sentence: str


def well(sentence: str) -> Finding:
    """As it should be."""
    return Finding(State.WELL, sentence)


def odd(sentence: str) -> Finding:
    """It works, and somebody should know."""
    return Finding(State.ODD, sentence)


def wrong(sentence: str) -> Finding:
    """The relay can't do its work like this."""
    return Finding(State.WRONG, sentence)


def sqlite(version: str) -> Finding:
    """The library that the relay's package brings."""
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    if numbers < SQLITE:
        least = ".".join(map(str, SQLITE))
        return wrong(f"SQLite {version} may lose what was committed. Install {least} or newer.")
    return well(f"SQLite {version}")


def directory(place: Directory) -> Finding:
    """Whose the directory is, and who can look into it."""
    path = place.path
    if not path.exists():
        return well(f"{path} is not there yet; the relay makes it when it starts.")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return wrong(f"{path} cannot be written by this user. Give it to them: chown.")
    for each in (path, place.database):
        if each.exists() and each.stat().st_mode & 0o077:
            return odd(f"Others on this machine can look into {each}. Type: chmod go-rwx {each}")
    return well(f"{path} is this user's alone.")


def disk(place: Directory, least: int) -> Finding:
    """How much is free, and how long it takes until something is on the disk for good."""
    folder = _nearest(place.path)
    try:
        slow = _fsync_ms(folder)
    except OSError as error:
        return wrong(f"Nothing can be written to {folder}: {error.strerror}.")
    free = free_disk(folder)
    known = f"{(free or 0) // MIB} MiB are free, and an fsync takes {slow:.1f} ms"
    if free is not None and free < least:
        return wrong(f"{known}. Below {least // MIB} MiB (spare_disk_mib) no circle is opened.")
    if slow > SLOW_MS:
        return odd(f"{known}. Every message waits for one: a faster disk would help.")
    return well(f"{known}.")


def memory(least: int) -> Finding:
    """How much may be had."""
    free = free_memory()
    if free is None:
        return well("This system does not say how much memory is free.")
    if free < least:
        return wrong(
            f"{free // MIB} MiB may be had. Below {least // MIB} MiB (spare_memory_mib) no circle"
            " is opened."
        )
    return well(f"{free // MIB} MiB may be had.")


def database(place: Directory) -> Finding:
    """Whether it is a relay's, and of a schema that this Hallway knows."""
    path = place.database
    if not path.exists():
        return well("There is none yet; the relay makes it when it starts.")
    try:
        with named(path), _opened(path) as connection:
            refuse_foreign(connection, path)
            schema = int(connection.pragma("user_version"))
            circles = connection.execute("SELECT count(*) FROM circle").get
    except (StoreError, apsw.Error) as error:
        return wrong(str(error))
    if schema < len(steps()):
        sentence = f"Schema {schema} is brought up to {len(steps())} when the relay starts."
        return odd(f"{sentence} A copy of it as it is now is laid beside it.")
    return well(f"Schema {schema}, circles: {circles}, {place.size() / MIB:.1f} MiB.")


def clock(place: Directory, now: int) -> Finding:
    """Whether this machine's clock can be right. `now` in milliseconds since 1970."""
    newest = _newest(place.database)
    if newest > now + AHEAD_MS:
        minutes = (newest - now) // 60_000
        return wrong(f"The clock is {minutes} min behind the newest entry. Set it right.")
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now / 1000))
    if _unsynchronised():
        return odd(f"It is {shown}, but nothing keeps it right. Switch NTP on.")
    return well(f"It is {shown}.")


def certificate(config: Config, now: int) -> Finding:
    """The relay's own certificate, if it has one."""
    if not config.tls_cert:
        return well("No certificate is set: plain ws, or a proxy has one.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            config.tls_cert, config.tls_key
        )
        facts = _read_certificate(config.tls_cert, config.tls_key)
    except ssl.SSLCertVerificationError as error:
        return wrong(f"{config.tls_cert}: {error.verify_message}. Get a new one.")
    except (OSError, ssl.SSLError) as error:
        return wrong(f"{config.tls_cert} and {config.tls_key} cannot be used: {error}.")
    names = {value for kind, value in facts.get("subjectAltName", ()) if kind in _NAMED}
    days = int((ssl.cert_time_to_seconds(facts["notAfter"]) - now / 1000) // _DAY_SECONDS)
    missing = [name for name in config.name if not _covers(names, _bare(name))]
    if missing:
        return wrong(f"The certificate is for {', '.join(sorted(names))}, not for {missing[0]}.")
    if days < EXPIRES_DAYS:
        return odd(f"The certificate expires in {days} days. Get a new one.")
    return well(f"The certificate is for {', '.join(sorted(names))}, for {days} days more.")


_NAMED = ("DNS", "IP Address")


def _nearest(path: Path) -> Path:
    return next(each for each in (path, *path.absolute().parents) if each.exists())


def _fsync_ms(folder: Path) -> float:
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(5):
            file.write(bytes(4096))
            file.flush()
            started = time.monotonic()
            os.fsync(file.fileno())
            taken.append((time.monotonic() - started) * 1000)
    return median(taken)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(5_000)
        yield connection
    finally:
        connection.close()


def _newest(path: Path) -> int:
    """When the newest entry was ordered; 0 where there is none, or nobody can say."""
    if path.exists():
        with contextlib.suppress(apsw.Error), _opened(path) as connection:
            question = "SELECT time FROM entry ORDER BY place DESC LIMIT 1"
            return int(str(connection.execute(question).get or 0))
    return 0


def _unsynchronised() -> bool:
    """Whether the kernel says so (adjtimex(2), asked for nothing but how it is)."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (AttributeError, OSError):
        return False
    return bool(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) == _TIME_ERROR)


def _read_certificate(certificate: str, key: str) -> dict[str, Any]:
    """What a client reads in it: a handshake in memory, in which it is trusted for itself."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    asking.load_verify_locations(certificate)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(back, there)
    server = serving.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return client.getpeercert() or {}


def _bare(name: str) -> str:
    host = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name
    return (host or name).strip("[]").lower()


def _covers(names: set[str], host: str) -> bool:
    star = "*." + host.partition(".")[2]
    return any(name.lower() in (host, star) for name in names)
