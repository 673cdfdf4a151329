"""The load generator, against servers that make mistakes: it must notice each of them."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from benchmarks.load.engine import Dialect, Engine, Load, Result, Slice, Unavailable
from relay import wire

pytestmark = pytest.mark.slow  # nearly every one starts a process

MEMBERS = 3
BODY = 300
BRIEFLY = Slice(circles=2, measure=0.05, window=2, warm=0.0, drain=0.2)

Told: TypeAlias = list[tuple[int, wire.FromRelay]]
"""Which member is told what, in this order."""

Behaviour: TypeAlias = Callable[[int, wire.Append, int, int], Told]
"""What becomes of an append: its n, itself, its sender, how many members there are."""


def honest(n: int, append: wire.Append, sender: int, members: int) -> Told:
    """As it should be."""
    entry = wire.Entry(n, 1, 1000, append.body, b"")
    done = wire.Done(append.idempotency_id, n, 1000)
    return [(to, done if to == sender else entry) for to in range(members)]


class Circle(threading.Thread):
    """A relay for one circle whose members' sockets it holds the other ends of."""

    def __init__(self, ends: list[socket.socket], behaviour: Behaviour) -> None:
        super().__init__()
        self.ends = ends
        self._behaviour = behaviour
        self.n = 0
        self.acks: list[int] = []

    def run(self) -> None:
        waiting = {end: b"" for end in self.ends}
        while waiting:
            for end in select.select(list(waiting), [], [])[0]:
                received = end.recv(65536)
                if not received:
                    del waiting[end]
                    continue
                waiting[end] = self._take(end, waiting[end] + received)

    def _take(self, end: socket.socket, data: bytes) -> bytes:
        while len(data) >= 8:
            assert data[0] == 0x82 and data[1] & 0x80
            head, size = 6, data[1] & 0x7F
            if size == 126:
                head, size = 8, int.from_bytes(data[2:4])
            if len(data) < head + size:
                break
            assert data[head - 4 : head] == bytes(4), "masked, with a mask that changes nothing"
            for frame in wire.decode_from_client(data[head : head + size]):
                self._hear(end, frame)
            data = data[head + size :]
        return data

    def _hear(self, end: socket.socket, frame: wire.FromClient) -> None:
        if isinstance(frame, wire.Ack):
            self.acks.append(frame.n)
            return
        assert isinstance(frame, wire.Append)
        self.n += 1
        sender = self.ends.index(end)
        for to, said in self._behaviour(self.n, frame, sender, len(self.ends)):
            message = wire.message(said)
            size = len(message)
            head = bytes((0x82, size)) if size < 126 else b"\x82\x7e" + size.to_bytes(2)
            with contextlib.suppress(BrokenPipeError):
                self.ends[to].sendall(head + message)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    try:
        return Engine(tmp_path_factory.mktemp("engine"))
    except Unavailable as reason:
        pytest.skip(str(reason))


@contextmanager
def loaded(engine: Engine, behaviour: Behaviour) -> Iterator[tuple[Load, list[Circle]]]:
    """Two circles: the first behaves like that, the other as it should."""
    ours, circles = [], []
    for each in (behaviour, honest):
        pairs = [socket.socketpair() for _ in range(MEMBERS)]
        ours += [pair[0] for pair in pairs]
        circles.append(Circle([pair[1] for pair in pairs], each))
    load = engine.load(Dialect.HALLWAY, ours, MEMBERS, BODY, ack_every=1)
    for circle in circles:
        circle.start()
    try:
        yield load, circles
    finally:
        load.close()
        for circle in circles:
            circle.join()
            for end in circle.ends:
                end.close()


def outcome(engine: Engine, behaviour: Behaviour) -> Result:
    with loaded(engine, behaviour) as (load, _):
        return load.run(BRIEFLY)


class TestHonestServer:
    def test_everything_is_counted_once(self, engine: Engine) -> None:
        with loaded(engine, honest) as (load, circles):
            result = load.run(BRIEFLY)
            assert result.faults() == ""
            assert result.sent == sum(circle.n for circle in circles) > 2 * BRIEFLY.window
            assert result.all_deliveries == result.sent * (MEMBERS - 1)
            assert 0 < result.completed <= result.sent
            assert 0 < result.ack_p50 <= result.ack_p99 < 1000

    def test_a_second_slice_goes_on_where_the_first_ended(self, engine: Engine) -> None:
        with loaded(engine, honest) as (load, circles):
            results = [load.run(BRIEFLY) for _ in range(2)]
            assert [result.faults() for result in results] == ["", ""]
            assert sum(result.sent for result in results) == sum(each.n for each in circles)

    def test_messages_come_at_their_rate(self, engine: Engine) -> None:
        with loaded(engine, honest) as (load, circles):
            result = load.run(Slice(circles=2, measure=0.5, rate=400, warm=0.0))
            assert result.faults() == ""
            assert 100 < result.sent < 300, "200 by chance"
            assert {circle.n > 0 for circle in circles} == {True}

    def test_cursors_move(self, engine: Engine) -> None:
        with loaded(engine, honest) as (load, circles):
            load.run(BRIEFLY)
        for circle in circles:
            assert circle.acks and set(circle.acks) <= set(range(1, circle.n + 1))


class TestMistakes:
    def test_what_one_member_does_not_get_is_lost(self, engine: Engine) -> None:
        def forgetful(n: int, append: wire.Append, sender: int, members: int) -> Told:
            told = honest(n, append, sender, members)
            return [pair for pair in told if n != 4 or pair[0] != (sender + 1) % members]

        result = outcome(engine, forgetful)
        assert result.lost == 1
        assert "1 lost" in result.faults()

    def test_what_is_never_acknowledged_is_lost(self, engine: Engine) -> None:
        def silent(n: int, append: wire.Append, sender: int, members: int) -> Told:
            told = honest(n, append, sender, members)
            return [pair for pair in told if n != 4 or pair[0] != sender]

        assert outcome(engine, silent).lost == 1

    def test_what_comes_twice_is_doubled(self, engine: Engine) -> None:
        def stammering(n: int, append: wire.Append, sender: int, members: int) -> Told:
            told = honest(n, append, sender, members)
            return told + [pair for pair in told if n == 4 and pair[0] != sender]

        result = outcome(engine, stammering)
        assert result.doubled == MEMBERS - 1
        assert result.lost == 0

    def test_a_second_acknowledgement_is_doubled(self, engine: Engine) -> None:
        def eager(n: int, append: wire.Append, sender: int, members: int) -> Told:
            told = honest(n, append, sender, members)
            return told + [pair for pair in told if n == 4 and pair[0] == sender]

        assert outcome(engine, eager).doubled == 1

    def test_what_overtakes_is_out_of_order(self, engine: Engine) -> None:
        held: list[wire.FromRelay] = []

        def hasty(n: int, append: wire.Append, sender: int, members: int) -> Told:
            told = honest(n, append, sender, members)
            if n == 1:
                held.extend(frame for to, frame in told if to == 2)
                return [pair for pair in told if pair[0] != 2]
            return told + [(2, held.pop()) for _ in range(len(held))]

        result = outcome(engine, hasty)
        assert result.misordered > 0
        assert (result.lost, result.doubled) == (0, 0)

    def test_a_byte_that_changed_is_damage(self, engine: Engine) -> None:
        def noisy(n: int, append: wire.Append, sender: int, members: int) -> Told:
            if n == 4:
                last = bytes((append.body[-1] ^ 1,))
                append = wire.Append(append.idempotency_id, 0, append.body[:-1] + last)
            return honest(n, append, sender, members)

        result = outcome(engine, noisy)
        assert result.damaged == MEMBERS - 1
        assert result.lost == 1

    def test_refusals_are_named(self, engine: Engine) -> None:
        def stern(n: int, append: wire.Append, sender: int, members: int) -> Told:
            if n == 4:
                refusal = wire.Refused(append.idempotency_id, wire.Refusal.TOO_FAST, 1)
                return [(sender, refusal)]
            return honest(n, append, sender, members)

        assert f"1 refused (code {wire.Refusal.TOO_FAST})" in outcome(engine, stern).faults()

    def test_a_connection_that_ends_is_noticed(self, engine: Engine) -> None:
        with loaded(engine, honest) as (load, circles):
            circles[0].ends[1].shutdown(socket.SHUT_WR)
            result = load.run(BRIEFLY)
            assert result.ended == 1


def test_without_a_compiler_it_says_so(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(Unavailable, match="does not compile"):
        Engine(tmp_path / "not a folder")


class Room(threading.Thread):
    """One circle's server of text: whole messages, as `answer` makes them of a body."""

    def __init__(self, ends: list[socket.socket], answer: Callable[[bytes, bool], bytes]) -> None:
        super().__init__()
        self._ends = ends
        self._answer = answer

    def run(self) -> None:
        waiting = {end: b"" for end in self._ends}
        while waiting:
            for end in select.select(list(waiting), [], [])[0]:
                received = end.recv(65536)
                if not received:
                    del waiting[end]
                    continue
                waiting[end] += received
                at = waiting[end].find(b"HWLOAD01")
                if 0 <= at <= len(waiting[end]) - BODY:
                    self._tell(end, waiting[end][at : at + BODY])
                    waiting[end] = waiting[end][at + BODY :]

    def _tell(self, sender: socket.socket, body: bytes) -> None:
        for end in self._ends:
            with contextlib.suppress(BrokenPipeError):
                end.sendall(self._answer(body, end is sender))


def of_irc(body: bytes, own: bool) -> bytes:
    return b"" if own else b":ana!a@here PRIVMSG #c0 :" + body + b"\r\n"


def of_xmpp(body: bytes, own: bool) -> bytes:
    return b"<presence/><message><body>" + body + b"</body><stanza-id/></message>"


def of_mailbox(body: bytes, own: bool) -> bytes:
    said = b'{"phase": "1", "body": "' + body + b'", "type": "message"}'
    return b"\x81\x02{}\x81\x7e" + len(said).to_bytes(2) + said


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [(Dialect.IRC, of_irc), (Dialect.XMPP, of_xmpp), (Dialect.MAILBOX, of_mailbox)],
)
class TestText:
    def outcome(
        self, engine: Engine, dialect: Dialect, answer: Callable[[bytes, bool], bytes]
    ) -> Result:
        pairs = [socket.socketpair() for _ in range(MEMBERS)]
        room = Room([pair[1] for pair in pairs], answer)
        load = engine.load(dialect, [pair[0] for pair in pairs], MEMBERS, BODY)
        room.start()
        try:
            return load.run(Slice(circles=1, measure=0.05, window=1, warm=0.0, drain=0.2))
        finally:
            load.close()
            room.join()
            for _, end in pairs:
                end.close()

    def test_an_honest_server_has_no_faults(
        self, engine: Engine, dialect: Dialect, answer: Callable[[bytes, bool], bytes]
    ) -> None:
        result = self.outcome(engine, dialect, answer)
        assert result.faults() == ""
        assert result.sent > 2
        assert result.all_deliveries == result.sent * (MEMBERS - 1)

    def test_a_letter_that_changed_is_damage(
        self, engine: Engine, dialect: Dialect, answer: Callable[[bytes, bool], bytes]
    ) -> None:
        def noisy(body: bytes, own: bool) -> bytes:
            return answer(body[:-1] + b"-", own)

        result = self.outcome(engine, dialect, noisy)
        assert result.damaged and result.lost

    def test_what_comes_twice_is_doubled(
        self, engine: Engine, dialect: Dialect, answer: Callable[[bytes, bool], bytes]
    ) -> None:
        def stammering(body: bytes, own: bool) -> bytes:
            return answer(body, own) * 2

        assert self.outcome(engine, dialect, stammering).doubled > 0
