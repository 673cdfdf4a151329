"""The circle's state: its bytes, its bounds, and what must be consistent within it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.circle.errors import UpdateNeededError
from crypto.circle.state import CircleState, Door, Invite, MemberRecord, successor
from crypto.errors import FieldError
from crypto.mls.codec import Struct
from crypto.mls.errors import DecodeError
from crypto.primitives import x25519_public
from crypto.relay_address import RelayAddress
from crypto.secret import Secret

A, B, C, D = (bytes((number,)) * 32 for number in range(1, 5))
FOUNDER = MemberRecord(A, 0, 0, b"", b"")
SECOND = MemberRecord(B, 1, 3, A, A)
INVITE = Invite(b"\x0a" * 16, A, b"\x0b" * 32, Secret(b"\x0c" * 32), 2, 50, 0x0102030405060708)
STATE = CircleState(
    name="Hall",
    topic="",
    cap=8,
    hosts=(A,),
    door=Door.ASK,
    history=0x0102,
    retention=2_592_000,
    disappear=0x010203,
    presence=True,
    heard=False,
    relays=(RelayAddress("r.example"),),
    relay_key=b"\x0d" * 32,
    invites=(INVITE,),
    beacon_key=Secret(b"\x0e" * 32),
    next_join_number=2,
    members=(FOUNDER, SECOND),
)
ENCODED_INVITE = (
    b"\x0a" * 16 + A + b"\x0b" * 32 + b"\x0c" * 32 + b"\x02" + b"\x00\x32"
    b"\x01\x02\x03\x04\x05\x06\x07\x08"
)
ENCODED_FOUNDER = A + bytes(4) + bytes(8) + b"\x00\x00"
ENCODED_SECOND = B + b"\x00\x00\x00\x01" + bytes(7) + b"\x03" + b"\x20" + A + b"\x20" + A
ENCODED = (
    b"\x00\x01\x04Hall\x00\x08\x20" + A + b"\x01\x01\x02\x00\x27\x8d\x00"
    b"\x00\x01\x02\x03\x01\x00"
    b"\x0b\x09r.example\x00" + b"\x0d" * 32 + b"\x40\x7b" + ENCODED_INVITE + b"\x0e" * 32
    + b"\x00\x00\x00\x02" + b"\x40\x9c" + ENCODED_FOUNDER + ENCODED_SECOND
)  # fmt: skip


def invite(number: int, issuer: bytes = A) -> Invite:
    return replace(INVITE, id=bytes((number,)) * 16, issuer=issuer)


@pytest.mark.parametrize(
    ("struct", "encoded"),
    [
        (INVITE, ENCODED_INVITE),
        (FOUNDER, ENCODED_FOUNDER),
        (SECOND, ENCODED_SECOND),
        (STATE, ENCODED),
    ],
)
def test_its_bytes_are_those_of_the_page(struct: Struct, encoded: bytes) -> None:
    assert struct.encode() == encoded
    assert type(struct).decode(encoded) == struct


@given(st.data())
def test_any_state_is_read_as_it_was_written(data: st.DataObject) -> None:
    text = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=16)
    count = data.draw(st.integers(1, 6))
    keys = data.draw(st.lists(st.binary(min_size=32, max_size=32), min_size=count, max_size=count,
                              unique=True))  # fmt: skip
    members = [MemberRecord(keys[0], 0, 0, b"", b"")]
    members += [MemberRecord(key, number, 5, A, B) for number, key in enumerate(keys[1:], 1)]
    numbers = data.draw(st.lists(st.integers(0, 255), max_size=8, unique=True))
    invites = [invite(n, keys[i % count]) for i, n in enumerate(sorted(numbers))][: 4 * count]
    hosts = data.draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
    state = replace(
        STATE,
        name=data.draw(text.filter(bool)),
        topic=data.draw(text),
        disappear=data.draw(st.just(0) | st.integers(60, 31_536_000)),
        presence=data.draw(st.booleans()),
        heard=data.draw(st.booleans()),
        cap=data.draw(st.integers(max(2, count), 50)),
        hosts=tuple(sorted(hosts)),
        invites=tuple(invites),
        members=tuple(members),
        next_join_number=data.draw(st.integers(count, 2**32 - 1)),
    )
    assert CircleState.decode(state.encode()) == state


@given(st.integers(0, len(ENCODED) - 1), st.integers(1, 255))
def test_a_damaged_state_is_refused_or_another_one(position: int, flip: int) -> None:
    damaged = bytearray(ENCODED)
    damaged[position] ^= flip
    try:
        state = CircleState.decode(bytes(damaged))
    except (DecodeError, UpdateNeededError):
        return
    assert state != STATE
    assert state.encode() == bytes(damaged)


@pytest.mark.parametrize("damaged", [ENCODED[:-1], ENCODED + b"\x00", b"\x00\x01", b""])
def test_bytes_too_few_or_too_many_are_refused(damaged: bytes) -> None:
    with pytest.raises(DecodeError):
        CircleState.decode(damaged)


@pytest.mark.parametrize("switch", ["presence", "heard"])
def test_a_switch_is_off_or_on_and_nothing_else(switch: str) -> None:
    on, off = (replace(STATE, **{switch: value}).encode() for value in (True, False))  # type: ignore[arg-type]
    (position,) = (
        place for place, (one, other) in enumerate(zip(on, off, strict=True)) if one != other
    )
    assert (on[position], off[position]) == (1, 0)
    for value in (2, 255):
        neither = on[:position] + bytes((value,)) + on[position + 1 :]
        with pytest.raises(DecodeError, match=f"the switch for {switch} is from 0 to 1"):
            CircleState.decode(neither)


def test_other_rules_ask_for_an_update() -> None:
    for rules in (0, 2):
        with pytest.raises(UpdateNeededError, match=f"rules of version {rules}"):
            CircleState.decode(rules.to_bytes(2) + ENCODED[2:])
    with pytest.raises(UpdateNeededError):
        replace(STATE, rules=2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "a circle's name has 1 to 64 bytes, not 0"),
        ({"name": "a" * 65}, "a circle's name has 1 to 64 bytes"),
        ({"name": "a\nb"}, "a circle's name holds a control character"),
        ({"topic": "a" * 257}, "a circle's topic has 0 to 256 bytes"),
        ({"cap": 1}, "the number of chairs is from 2 to 50"),
        ({"cap": 51}, "the number of chairs is from 2 to 50"),
        ({"history": -1}, "the history that invites grant"),
        ({"history": 0x10000}, "the history that invites grant"),
        ({"retention": 86_399}, "the retention in seconds"),
        ({"retention": 31_536_001}, "the retention in seconds"),
        ({"disappear": -1}, "how long messages stay, in seconds, is from 60"),
        ({"disappear": 1}, "how long messages stay, in seconds, is from 60"),
        ({"disappear": 59}, "how long messages stay, in seconds, is from 60"),
        ({"disappear": 31_536_001}, "how long messages stay, in seconds, is from 60 to 31536000"),
        ({"relays": ()}, "the number of relay addresses is from 1 to 8, not 0"),
        ({"relays": (RelayAddress("r"),) * 9}, "the number of relay addresses"),
        ({"relay_key": bytes(31)}, "the relay's key has 32 bytes"),
        ({"beacon_key": Secret(bytes(33))}, "the beacon key has 32 bytes"),
        ({"hosts": ()}, "the hosts are some of the members"),
        ({"hosts": (C,)}, "the hosts are some of the members"),
        ({"hosts": (B, A)}, "hosts are not in ascending order"),
        ({"hosts": (A, A)}, "hosts are not in ascending order"),
        ({"members": ()}, "0 members do not fit 8 chairs"),
        ({"members": (SECOND, FOUNDER)}, "join numbers are not in ascending order"),
        ({"members": (FOUNDER, replace(SECOND, member=A))}, "a member is listed twice"),
        ({"next_join_number": 1}, "the next join number was given away already"),
        ({"next_join_number": 0}, "the next join number is from 1"),
        ({"next_join_number": 1 << 32}, "the next join number is from 1 to 4294967295"),
        ({"invites": (invite(2), invite(1))}, "invites are not in ascending order"),
        ({"invites": (invite(2), invite(2))}, "invites are not in ascending order"),
        ({"invites": (invite(1, C),)}, "an invite's issuer is not a member"),
        (
            {"invites": tuple(invite(number) for number in range(5))},
            "a member has at most 4 open codes",
        ),
        (
            {"cap": 2, "members": (FOUNDER, SECOND, MemberRecord(C, 2, 4, A, A))}
            | {"next_join_number": 3},
            "3 members do not fit 2 chairs",
        ),
    ],
)
def test_what_is_out_of_bounds_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(FieldError, match=words):
        replace(STATE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a" * 64, "topic": "b" * 256, "history": 0xFFFF},
        {"cap": 2, "retention": 86_400},
        {"cap": 50, "retention": 31_536_000},
        {"disappear": 0, "presence": False, "heard": True},
        {"disappear": 60},
        {"disappear": 31_536_000},
        {"hosts": (A, B)},
        {"relays": (RelayAddress("r"),) * 8},
        {"invites": tuple(invite(number) for number in range(4))},
        {"invites": ()},
        {"members": (SECOND,), "hosts": (B,), "invites": ()},
    ],
)
def test_the_very_bounds_are_possible(changes: dict[str, object]) -> None:
    state = replace(STATE, **changes)  # type: ignore[arg-type]
    assert CircleState.decode(state.encode()) == state


def test_a_circle_has_at_most_16_open_codes() -> None:
    keys = [bytes((number,)) * 32 for number in range(1, 6)]
    records = (FOUNDER, *(MemberRecord(k, n, 1, A, A) for n, k in enumerate(keys[1:], 1)))
    codes = [invite(number, keys[number % 5]) for number in range(17)]
    full = replace(STATE, members=records, next_join_number=5, invites=tuple(codes[:16]))
    assert len(full.invites) == 16
    with pytest.raises(FieldError, match="at most 16 open codes"):
        replace(full, invites=tuple(codes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": bytes(15)}, "an invite's id"),
        ({"issuer": bytes(31)}, "an invite's issuer"),
        ({"signing_key": bytes(31)}, "an invite's signing key"),
        ({"request_secret": Secret(bytes(31))}, "an invite's request key"),
        ({"uses": 0}, "an invite's number of uses"),
        ({"uses": 51}, "an invite's number of uses"),
        ({"history": 0x10000}, "the history that an invite grants"),
    ],
)
def test_an_invite_out_of_bounds_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(FieldError, match=words):
        replace(INVITE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("uses", [1, 50])
def test_an_invite_has_one_to_fifty_uses(uses: int) -> None:
    assert replace(INVITE, uses=uses).uses == uses


@pytest.mark.parametrize("history", [0, 0xFFFF])
def test_an_invite_grants_as_much_history_as_a_circle(history: int) -> None:
    assert replace(INVITE, history=history).history == history


def test_requests_are_sealed_to_the_public_half_of_the_request_secret() -> None:
    assert INVITE.request_key() == x25519_public(INVITE.request_secret)


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        (FOUNDER, {"invited_by": A}),
        (FOUNDER, {"admitted_by": A}),
        (SECOND, {"invited_by": b""}),
        (SECOND, {"admitted_by": b""}),
        (SECOND, {"member": bytes(31)}),
    ],
)
def test_only_the_founder_was_let_in_by_nobody(
    record: MemberRecord, changes: dict[str, bytes]
) -> None:
    with pytest.raises(FieldError):
        replace(record, **changes)  # type: ignore[arg-type]


def test_a_door_that_is_none_is_refused() -> None:
    position = ENCODED.index(b"\x01\x01\x02\x00\x27")
    with pytest.raises(FieldError, match="the door's setting"):
        CircleState.decode(ENCODED[:position] + b"\x02" + ENCODED[position + 1 :])


def test_what_is_asked_of_a_state() -> None:
    assert STATE.member_keys() == {A, B}
    assert STATE.record(B) == SECOND
    assert STATE.record(C) is None
    assert STATE.invite(INVITE.id) == INVITE
    assert STATE.invite(bytes(16)) is None
    assert STATE.is_host(A)
    assert not STATE.is_host(B)
    assert STATE.chairs_free() == 6


def test_the_chair_goes_to_who_has_been_in_longest() -> None:
    third = MemberRecord(C, 2, 4, A, A)
    assert successor((third, SECOND)) == B
    assert successor((FOUNDER, SECOND)) == A


def test_no_secret_is_shown() -> None:
    shown = repr(STATE) + str(STATE)
    assert "Secret(32 bytes)" in shown
    assert repr(STATE.beacon_key.reveal()) not in shown
    assert repr(INVITE.request_secret.reveal()) not in shown
