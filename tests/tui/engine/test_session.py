"""The client's side of a connection: every state with every frame, and what a hello leads to."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import wire
from relay.wire import FromRelay, Refusal
from tui.engine.session import PORTION, TABLE, Session, SessionError, State, portions

KEY = b"k" * 32
HELLO = wire.Hello(b"n" * 32, KEY, 1)
BOUND = wire.Bound(b"i" * 16, 0, bytes(32), bytes(64), 0, 1, 1, 8)
CARD = wire.Card(b"card", 1, 8)

SAMPLES: dict[type[FromRelay], FromRelay] = {
    wire.Hello: HELLO,
    wire.Bound: BOUND,
    wire.Entry: wire.Entry(1, 1, 1, b"body", b""),
    wire.Gone: wire.Gone(1, 1, bytes(32)),
    wire.Head: wire.Head(b"i" * 16, 1, bytes(32), bytes(64)),
    wire.Done: wire.Done(b"d" * 16, 1, 1),
    wire.Refused: wire.Refused(None, Refusal.TOO_FAST, 5),
    wire.BeatOf: wire.BeatOf(KEY, b"beat"),
    wire.EphemeralOf: wire.EphemeralOf(KEY, b"typing"),
    wire.Card: CARD,
    wire.Answer: wire.Answer(0),
    wire.Welcome: wire.Welcome(bytes(32), 0, 0, b""),
    wire.Nameplate: wire.Nameplate([1], 600),
    wire.Said: wire.Said(b"step"),
    wire.Closed: wire.Closed(0),
    wire.CaughtUp: wire.CaughtUp(1),
    wire.Restoring: wire.Restoring(1, 2, True),
    wire.Restored: wire.Restored(),
    wire.Begins: wire.Begins(1, bytes(32), 2, bytes(32), True),
    wire.BlobKept: wire.BlobKept(bytes(32), 5),
    wire.BlobPart: wire.BlobPart(bytes(32), 0, 5, b"bytes"),
}


def fresh(first: wire.FromClient | None = None, expected: bytes = b"") -> Session:
    greeting = wire.Guest(b"g" * 16, bytes(64)) if first is None else first
    return Session(lambda hello: greeting, expected)


def in_state(state: State) -> Session:
    session = fresh(wire.ClaimNameplate([1])) if state is State.CLAIMANT else fresh()
    ways: dict[State, list[FromRelay]] = {
        State.GREETING: [],
        State.ENTERING: [HELLO],
        State.BOUND: [HELLO, BOUND],
        State.GUEST: [HELLO, CARD],
        State.CLAIMANT: [HELLO],
        State.CLOSED: [HELLO, wire.Refused(None, Refusal.FORBIDDEN)],
    }
    for frame in ways[state]:
        session.receive(wire.message(frame))
    assert session.state is state
    return session


def test_every_frame_of_a_relay_is_tried() -> None:
    assert set(SAMPLES) == set(get_args(FromRelay))


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
@pytest.mark.parametrize("kind", list(SAMPLES))
def test_every_state_takes_what_the_table_says_and_nothing_else(
    state: State, kind: type[FromRelay]
) -> None:
    session = in_state(state)
    list(session.data_to_send())
    frame = SAMPLES[kind]
    after = TABLE.get((state, kind))
    if after is None:
        with pytest.raises(SessionError) as raised:
            session.receive(wire.message(frame))
        assert kind.__name__ in str(raised.value)
        assert session.state is State.CLOSED
        assert raised.value.version is None
        assert list(session.data_to_send()) == []
        assert session.receive(wire.message(frame)) == []
    else:
        handed_on = session.receive(wire.message(frame))
        assert handed_on == ([] if kind is wire.Hello else [frame])
        assert session.state is after


def test_a_closed_connection_hears_nothing() -> None:
    session = in_state(State.CLOSED)
    assert session.receive(b"anything") == []
    assert session.receive(wire.message(HELLO)) == []


def test_what_comes_after_a_closing_refusal_is_not_heard() -> None:
    session = in_state(State.BOUND)
    refused = wire.Refused(None, Refusal.GOING)
    frames = session.receive(wire.message(refused, wire.CaughtUp(1)))
    assert frames == [refused]
    assert session.state is State.CLOSED


def test_the_hello_is_answered() -> None:
    session = fresh()
    assert list(session.data_to_send()) == []
    session.receive(wire.message(HELLO))
    assert list(session.data_to_send()) == [wire.message(wire.Guest(b"g" * 16, bytes(64)))]
    assert list(session.data_to_send()) == []


def test_a_hello_may_be_all_that_is_wanted() -> None:
    session = Session(lambda hello: None)
    assert session.receive(wire.message(HELLO)) == []
    assert session.state is State.CLOSED
    assert list(session.data_to_send()) == []


def test_another_relay_is_not_spoken_to() -> None:
    session = fresh(expected=b"x" * 32)
    with pytest.raises(SessionError, match="Another relay"):
        session.receive(wire.message(HELLO))
    assert session.state is State.CLOSED
    assert list(session.data_to_send()) == []
    assert fresh(expected=KEY).receive(wire.message(HELLO)) == []


def test_another_version_is_named() -> None:
    session = fresh()
    with pytest.raises(SessionError, match="version 9") as raised:
        session.receive(b"\x09whatever")
    assert raised.value.version == 9
    assert session.state is State.CLOSED


def test_what_is_no_message_ends_it() -> None:
    session = fresh()
    with pytest.raises(SessionError, match="does not speak"):
        session.receive(b"\x01\xc1")
    assert session.state is State.CLOSED


def test_many_frames_go_in_as_few_messages_as_may_be() -> None:
    session = in_state(State.BOUND)
    list(session.data_to_send())
    session.send(*[wire.Ack(n) for n in range(300)])
    messages = list(session.data_to_send())
    assert [len(wire.decode_from_client(data)) for data in messages] == [256, 44]


@pytest.mark.parametrize("count", [1, PORTION - 1, PORTION, PORTION + 1, 3 * PORTION])
def test_a_message_in_portions_says_the_same(count: int) -> None:
    frames = [wire.Entry(n, 1, 1, b"body" * n, b"") for n in range(1, count + 1)]
    parts = [wire.decode_from_relay(part) for part in portions(wire.message(*frames))]
    assert [frame for part in parts for frame in part] == frames
    assert all(len(part) <= PORTION for part in parts)
    assert len(parts) == -(-count // PORTION)


def test_what_breaks_off_is_refused_behind_what_came_whole() -> None:
    whole = wire.message(*(wire.CaughtUp(n) for n in range(PORTION)))
    first, *rest = portions(whole + b"\x92")
    assert first == whole
    assert rest == [whole[:1] + b"\x92"]
    assert list(portions(whole + b"\xc1")) == [whole, whole[:1] + b"\xc1"]


@given(st.binary(max_size=200))
def test_no_byte_is_lost_in_portions(data: bytes) -> None:
    parts = list(portions(data))
    assert b"".join(part[1:] for part in parts) == data[1:]
    assert all(part[:1] == data[:1] for part in parts)
