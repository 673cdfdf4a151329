"""The load generator, built from engine.c when it is wanted, and handed connected sockets."""

from __future__ import annotations

import ctypes
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("engine.c")


class Unavailable(Exception):
    """Something that the measurement needs is not on this machine; the message says what."""


class Dialect(IntEnum):
    """What a server speaks."""

    HALLWAY = 0
    MQTT = 1
    NATS = 2
    IRC = 3
    """Nothing is acknowledged."""
    XMPP = 4
    MAILBOX = 5
    """Of magic-wormhole's mailbox server."""


class _Setup(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("dialect", "circles", "members", "body")),
        ("ack_every", ctypes.c_int32),
        ("log", ctypes.c_uint64),
        ("handshake", ctypes.c_uint64),
    )


class _Slice(ctypes.Structure):
    _fields_ = (
        ("circles", ctypes.c_int32),
        ("window", ctypes.c_int32),
        *((name, ctypes.c_double) for name in ("rate", "warm", "measure", "drain")),
    )


_COUNTS = (
    *("sent", "completed", "deliveries", "acknowledged", "all_deliveries", "lost", "doubled"),
    *("misordered", "damaged", "refused", "ended", "code"),
)
_TIMES = ("deliver_p50", "deliver_p99", "ack_p50", "ack_p99", "processor")


class _Result(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint64) for name in _COUNTS),
        *((name, ctypes.c_double) for name in _TIMES),
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """What is to be done for `warm` + `measure` seconds.

    With a `window`, so many messages are under way in each of the first `circles`, and the next one
    follows when all members have one and its sender knows. Without, `rate` messages a second come
    by chance, and their times count from when they were due. What has not arrived `drain` seconds
    after the end is lost.
    """

    circles: int
    measure: float
    window: int = 0
    rate: float = 1.0
    warm: float = 0.2
    drain: float = 10.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a slice: counts, and times in milliseconds (`processor` in seconds).

    `sent`, `all_deliveries` and the faults are of the whole slice, the rest of its measured part.
    """

    sent: int
    completed: int
    deliveries: int
    acknowledged: int
    all_deliveries: int
    lost: int
    doubled: int
    misordered: int
    damaged: int
    refused: int
    ended: int
    code: int
    deliver_p50: float
    deliver_p99: float
    ack_p50: float
    ack_p99: float
    processor: float

    def faults(self) -> str:
        """What went wrong, in words; nothing if nothing did."""
        words = {
            "lost": self.lost,
            "doubled": self.doubled,
            "out of order": self.misordered,
            "damaged": self.damaged,
            f"refused (code {self.code})": self.refused,
            "connections ended": self.ended,
        }
        return ", ".join(f"{count} {what}" for what, count in words.items() if count)


class Engine:
    """The compiled generator."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise Unavailable("the load generator needs a C compiler (Debian: apt install gcc)")
        built = folder / "engine.so"
        command = (compiler, "-O2", "-shared", "-fPIC", "-o", built, SOURCE, "-lm")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"the load generator does not compile here:\n{done.stderr}")
        self._library = ctypes.CDLL(str(built))
        self._library.load_open.restype = ctypes.c_void_p

    def load(
        self,
        dialect: Dialect,
        sockets: Sequence[socket.socket],
        members: int,
        body: int,
        ack_every: int = 0,
        log: int = 0,
        handshake: int | None = None,
    ) -> Load:
        """Take over connected sockets, the `members` of a circle next to each other.

        :param body: bytes, at least 16, or 24 where it is text.
        :param ack_every: entries after which a relay's client moves its cursor; 0 for never.
        :param log: the newest n of every log.
        :param handshake: n of the newest commit, if there were messages after it.
        """
        circles = len(sockets) // members
        for each in sockets:
            each.setblocking(False)
        newest = log if handshake is None else handshake
        setup = _Setup(dialect, circles, members, body, ack_every, log, newest)
        return Load(self._library, setup, sockets)


class Load:
    """The sockets of one server, ready to be used slice by slice."""

    def __init__(self, library: Any, setup: _Setup, sockets: Sequence[socket.socket]) -> None:
        self._library = library
        self._sockets = sockets
        numbers = (ctypes.c_int32 * len(sockets))(*(each.fileno() for each in sockets))
        self._handle = ctypes.c_void_p(library.load_open(ctypes.byref(setup), numbers))

    def run(self, wanted: Slice) -> Result:
        """Send, receive and check for one slice."""
        slice_ = _Slice(
            *(wanted.circles, wanted.window, wanted.rate, wanted.warm, wanted.measure),
            wanted.drain,
        )
        result = _Result()
        self._library.load_run(self._handle, ctypes.byref(slice_), ctypes.byref(result))
        values: dict[str, Any] = {name: getattr(result, name) for name in (*_COUNTS, *_TIMES)}
        return Result(**values)

    def close(self) -> None:
        """Let go of the sockets."""
        self._library.load_close(self._handle)
        for each in self._sockets:
            each.close()
