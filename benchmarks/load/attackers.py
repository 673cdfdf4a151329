"""Who means a relay harm: each a process of its own, that goes on until its standard input ends.

    python -m benchmarks.load.attackers NAME PORT SIZE < victim.json

It says `ready` once the attack is under way, and at its end how often it struck. SIZE is how many
sockets, where it is a matter of sockets. All come from addresses of their own on the loopback, as
many as they need for the relay's limits on one address not to be what stops them.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.load.hallway import Websocket, binding
from benchmarks.load.streams import connect
from crypto.access.binding import AccessKeyPair, guest_statement
from crypto.secret import Secret
from relay import wire

FROM_ONE = 200
"""Sockets that an attacker has from one address; a relay takes 256."""

TURNS = 250
"""Addresses that attackers take turns with, whose every strike counts against one."""

_PING = b"\x89\x80" + bytes(4)


@dataclass(frozen=True, slots=True)
class Victim:
    """A member of two circles: one that others talk in, and one of its own, with two devices.

    `n` is where both logs stood when it came in.
    """

    circle: bytes
    key: AccessKeyPair
    own_circle: bytes
    own_key: AccessKeyPair
    other_key: AccessKeyPair
    n: int

    def encode(self) -> str:
        """As it is handed to the process."""
        keys = (self.key, self.own_key, self.other_key)
        told = [self.circle, self.own_circle, *(key.seed.reveal() for key in keys)]
        return json.dumps([*(each.hex() for each in told), self.n])

    @classmethod
    def decode(cls, text: str) -> Victim:
        """As it was handed over."""
        *told, n = json.loads(text)
        circle, own_circle, *seeds = (bytes.fromhex(each) for each in told)
        key, own_key, other_key = (AccessKeyPair.from_seed(Secret(seed)) for seed in seeds)
        return cls(circle, key, own_circle, own_key, other_key, n)


@dataclass(slots=True)
class Attack:
    """What an attacker has to work with; `strikes` counts what it did."""

    port: int
    size: int
    victim: Victim
    ready: Callable[[], None]
    over: threading.Event = field(default_factory=threading.Event)
    strikes: int = 0
    turns: Iterator[int] = field(default_factory=itertools.count)

    def address(self, number: int | None = None) -> str:
        """An address of the loopback: this one, or of those that are taken in turns the next."""
        if number is None:
            return f"127.67.0.{next(self.turns) % TURNS + 1}"
        return f"127.66.{number // 250}.{number % 250 + 1}"

    def again_and_again(self, strike: Callable[[], None]) -> None:
        """Strike until it is over, whatever the relay makes of it."""
        while not self.over.is_set():
            with contextlib.suppress(OSError, EOFError, RuntimeError):
                strike()
            self.strikes += 1
            if self.strikes == min(self.size, 20):
                self.ready()


def slow_reader(attack: Attack) -> None:
    """Members that read a byte a second: of a circle that talks, from the beginning of its log on;
    and of one in which somebody says 1.5 MB a second, for as long as the relay bears with it."""
    victim = attack.victim
    writer = _bound(attack, victim.own_circle, victim.own_key, 0)
    places = [(victim.circle, victim.key), (victim.own_circle, victim.other_key)]
    readers = [_bound(attack, *place, buffer=2048) for place in places]
    again = time.monotonic()
    attack.ready()
    while not attack.over.wait(0.04):
        writer.say(wire.Append(os.urandom(16), victim.n, bytes(60_000)))
        while select.select([writer.socket], [], [], 0)[0]:
            writer.frames()
        if time.monotonic() > again:
            again += 1
            for place, reader in enumerate(readers):
                if not _reads(reader):
                    readers[place] = _bound(attack, *places[place], buffer=2048)
            attack.strikes += len(readers)


def _bound(
    attack: Attack, circle: bytes, key: AccessKeyPair, number: int = 0, buffer: int = 0
) -> Websocket:
    """A member's socket, that has said who it is and not listened to the answer."""
    to = Websocket(attack.port, address=attack.address(number), buffer=buffer)
    hello = to.hear(wire.Hello)
    assert isinstance(hello, wire.Hello)
    to.say(binding(hello, to.host, circle, key, attack.victim.n))
    return to


def _reads(reader: Websocket) -> bool:
    """Read a byte; whether the relay still wants it to."""
    try:
        return bool(reader.socket.recv(1))
    except OSError:
        return False


def silent_sockets(attack: Attack) -> None:
    """So many sockets that say nothing; for each that is closed comes another one."""
    _crowd(attack, b"", every=None)


def silent_websockets(attack: Attack) -> None:
    """The same, but they shake hands first."""
    request = (
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{attack.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    _crowd(attack, request.encode(), every=None)


def slow_headers(attack: Attack) -> None:
    """So many sockets whose request comes a byte a second."""
    _crowd(attack, b"GET / HTTP/1.1\r\nX: ", every=b"x")


def _crowd(attack: Attack, first: bytes, every: bytes | None) -> None:
    """Sockets that are kept at a number."""
    crowd: dict[int, tuple[socket.socket, int]] = {}
    poll = select.epoll()
    places = deque(range(attack.size))
    told, again = False, time.monotonic() + 1
    while not attack.over.is_set():
        for _ in range(min(50, len(places))):
            place = places.popleft()
            try:
                each = connect(attack.port, attack.address(place // FROM_ONE))
                each.sendall(first)
            except OSError:
                places.append(place)
                continue
            each.setblocking(False)
            crowd[each.fileno()] = each, place
            poll.register(each, select.EPOLLIN)
            attack.strikes += 1
        if not told and attack.strikes >= attack.size:
            told = True
            attack.ready()
        for number, _ in poll.poll(0.02):
            places.extend(_gone(crowd, poll, number))
        if every is not None and time.monotonic() > again:
            again += 1
            for each, _ in list(crowd.values()):
                with contextlib.suppress(OSError):
                    each.send(every)


def _gone(
    crowd: dict[int, tuple[socket.socket, int]], poll: select.epoll, number: int
) -> Iterator[int]:
    """Read what came; the place in the crowd that is free where the relay has closed it."""
    each, place = crowd[number]
    try:
        open_ = bool(each.recv(65536))
    except OSError:
        open_ = False
    if not open_:
        poll.unregister(each)
        each.close()
        del crowd[number]
        yield place


def huge_frame(attack: Attack) -> None:
    """A frame that says it has a gibibyte, and begins with 64 KiB of it; again and again."""

    def strike() -> None:
        to = Websocket(attack.port, address=attack.address())
        with contextlib.closing(to.socket):
            to.hear(wire.Hello)
            to.socket.sendall(b"\x82\xff" + (1 << 30).to_bytes(8) + bytes(4 + 65536))
            to.socket.recv(1)

    attack.again_and_again(strike)


def deflate(attack: Attack) -> None:
    """An offer to compress, and a compressed frame that would be a hundred times as long."""

    def strike() -> None:
        offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        to = Websocket(attack.port, address=attack.address(), headers=offer)
        if b"deflate" in to.answer.lower():
            raise AssertionError("the relay took the offer")
        with contextlib.closing(to.socket):
            to.hear(wire.Hello)
            to.socket.sendall(b"\xc2\xfe" + (60_000).to_bytes(2) + bytes(4 + 60_000))
            to.socket.recv(1)

    attack.again_and_again(strike)


def false_bindings(attack: Attack) -> None:
    """Bindings that are signed well, to circles that are not there or by keys of nobody's."""
    key = AccessKeyPair.generate(os.urandom)

    def strike() -> None:
        to = Websocket(attack.port, address=attack.address())
        with contextlib.closing(to.socket):
            hello = to.hear(wire.Hello)
            assert isinstance(hello, wire.Hello)
            circle = attack.victim.circle if attack.strikes % 2 else os.urandom(16)
            to.say(binding(hello, to.host, circle, key, 0))
            to.hear(wire.Refused)

    attack.again_and_again(strike)


def invite_guessing(attack: Attack) -> None:
    """Guesses at invites, each signed; where the relay does not close, more on the same socket."""
    key = AccessKeyPair.generate(os.urandom)

    def strike() -> None:
        to = Websocket(attack.port, address=attack.address())
        with contextlib.closing(to.socket):
            hello = to.hear(wire.Hello)
            assert isinstance(hello, wire.Hello)
            guess = os.urandom(16)
            statement = guest_statement(hello.nonce, to.host, guess)
            to.say(wire.Guest(guess, key.sign(statement)))
            to.hear(wire.Refused)

    attack.again_and_again(strike)


def flood(attack: Attack) -> None:
    """A member that sends messages as fast as they go."""

    def some() -> bytes:
        return b"".join(
            _frame(wire.message(wire.Append(os.urandom(16), attack.victim.n, bytes(300))))
            for _ in range(200)
        )

    _pour(attack, itertools.cycle([some() for _ in range(20)]))


def ack_flood(attack: Attack) -> None:
    """A member that acknowledges the same entry as fast as it goes."""
    _pour(attack, itertools.repeat(_frame(wire.message(wire.Ack(attack.victim.n))) * 4000))


def ping_flood(attack: Attack) -> None:
    """A member that pings as fast as it goes."""
    _pour(attack, itertools.repeat(_PING * 10_000))


def _frame(message: bytes) -> bytes:
    size = len(message)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
    return b"\x82" + length + bytes(4) + message


def _pour(attack: Attack, parts: Iterator[bytes]) -> None:
    """As fast as the relay takes them; and what it answers is read. Cut off, it comes again."""
    while not attack.over.is_set():
        with contextlib.suppress(OSError, EOFError, RuntimeError):
            _pour_once(attack, parts)
        attack.over.wait(0.05)


def _pour_once(attack: Attack, parts: Iterator[bytes]) -> None:
    to = _bound(attack, attack.victim.own_circle, attack.victim.own_key)
    with contextlib.closing(to.socket):
        to.hear(wire.Bound)
        attack.ready()
        to.socket.setblocking(False)
        left = memoryview(b"")
        while not attack.over.is_set():
            readable, writable, _ = select.select([to.socket], [to.socket], [], 0.1)
            if readable and not to.socket.recv(1 << 20):
                return
            if writable:
                left = left or memoryview(next(parts))
                sent = to.socket.send(left)
                attack.strikes += sent
                left = left[sent:]


ATTACKS: Mapping[str, Callable[[Attack], None]] = {
    each.__name__: each
    for each in (
        slow_reader,
        silent_sockets,
        silent_websockets,
        slow_headers,
        huge_frame,
        deflate,
        false_bindings,
        flood,
        ack_flood,
        ping_flood,
        invite_guessing,
    )
}


def main() -> None:
    """Attack."""
    name, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    told = threading.Event()

    def ready() -> None:
        if not told.is_set():
            told.set()
            print("ready", flush=True)

    attack = Attack(port, size, Victim.decode(sys.stdin.readline()), ready)

    def watch() -> None:
        sys.stdin.read()
        attack.over.set()

    threading.Thread(target=watch, daemon=True).start()
    ATTACKS[name](attack)
    print(attack.strikes, flush=True)


if __name__ == "__main__":
    main()
