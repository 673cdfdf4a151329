"""A circle that comes from another relay: its roster as a host's device tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.access.binding import settle_statement
from crypto.access.errors import MalformedError, MisuseError
from crypto.access.roster import KEYS_PER_CHAIR, KEYS_PER_CIRCLE, Seat
from crypto.access.settlement import SEAT_LENGTH, SEATS_LIMIT, Settlement, encode_seats

CIRCLE = b"c" * 16
NOW = 1_700_000_000_000
ANA, BO, LAPTOP = (bytes((number,)) * 32 for number in (1, 2, 3))


def key(number: int) -> bytes:
    return number.to_bytes(32)


def settlement(seats: bytes, **changes: object) -> Settlement:
    made = Settlement(7, b"b" * 32, 9, b"h" * 32, False, 12, 8, 86_400, b"f" * 32, seats)
    return replace(made, **changes)  # type: ignore[arg-type]


SEATS = encode_seats([(True, [ANA, LAPTOP]), (False, [BO])])


def test_the_roster_is_the_one_that_is_told() -> None:
    roster = settlement(SEATS).roster(CIRCLE, NOW)
    assert roster.circle_id == CIRCLE and (roster.cap, roster.opened) == (8, 12)
    assert roster.retention == 86_400
    assert roster.seats == {ANA: Seat(0, 0, NOW), LAPTOP: Seat(0, 0, NOW), BO: Seat(1, 0, NOW)}
    assert roster.hosts == {0} and roster.next_chair == 2
    assert not roster.invites and not roster.departed
    assert SEATS == b"\x00\x01" + ANA + b"\x00\x01" + LAPTOP + b"\x01\x00" + BO


def test_a_last_chair_that_is_no_hosts_counts_too() -> None:
    chairs = [(False, [BO]), (True, [ANA])]
    assert settlement(encode_seats(chairs)).roster(CIRCLE, NOW).next_chair == 2


@pytest.mark.parametrize(
    "seats",
    [
        b"",
        SEATS[:-1],
        SEATS + b"\x00",
        encode_seats([(False, [ANA]), (False, [BO])]),
        encode_seats([(True, [ANA]), (False, [ANA])]),
        b"\x00\x01" + ANA + b"\x00\x00" + BO,
        b"\x00\x02" + ANA,
        b"\x00\x01" + ANA[:-1],
        encode_seats([(True, [key(n) for n in range(KEYS_PER_CHAIR + 1)])]),
    ],
    ids=["none", "short", "long", "no host", "twice", "half", "flag", "one", "crowded"],
)
def test_what_is_no_roster_is_refused(seats: bytes) -> None:
    with pytest.raises(MalformedError):
        settlement(seats).roster(CIRCLE, NOW)


@pytest.mark.parametrize(
    "changes",
    [{"cap": 1}, {"cap": 13}, {"base": 10}, {"opened": 7}],
    ids=["more than chairs", "above the first", "behind its end", "below the present"],
)
def test_what_is_no_circle_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedError, match="not one that could be"):
        settlement(SEATS, **changes).roster(CIRCLE, NOW)


@pytest.mark.parametrize("changes", [{"cap": 2, "opened": 2}, {"base": 9}, {"base": 0}])
def test_the_bounds_themselves_are_good(changes: dict[str, object]) -> None:
    assert settlement(SEATS, **changes).roster(CIRCLE, NOW).seats


def test_there_is_room_for_the_largest_circle_and_no_more() -> None:
    keys = [key(n) for n in range(KEYS_PER_CIRCLE + 1)]
    chairs = [(True, keys[at : at + KEYS_PER_CHAIR]) for at in range(0, KEYS_PER_CIRCLE, 3)]
    most = encode_seats(chairs)
    full = most[:SEATS_LIMIT]
    made = settlement(full, opened=50, cap=50).roster(CIRCLE, NOW)
    assert len(made.seats) == KEYS_PER_CIRCLE and made.chairs() == set(range(34))
    with pytest.raises(MalformedError, match="100 devices"):
        settlement(most, opened=50, cap=50).roster(CIRCLE, NOW)
    chair = [(True, keys[:KEYS_PER_CHAIR])]
    assert len(settlement(encode_seats(chair)).roster(CIRCLE, NOW).seats) == KEYS_PER_CHAIR


@given(st.binary(max_size=4 * SEAT_LENGTH))
def test_any_bytes_are_read_or_refused(seats: bytes) -> None:
    try:
        roster = settlement(seats).roster(CIRCLE, NOW)
    except MalformedError:
        return
    assert roster.hosts


def test_each_field_is_signed() -> None:
    made = settlement(SEATS)
    others = [
        replace(made, base=8),
        replace(made, base_hash=bytes(32)),
        replace(made, n=10),
        replace(made, hash=bytes(32)),
        replace(made, alone=True),
        replace(made, opened=13),
        replace(made, cap=9),
        replace(made, former_key=bytes(32)),
        replace(made, seats=SEATS[:SEAT_LENGTH]),
    ]
    encoded = [made.encode(), *(other.encode() for other in others)]
    assert len(set(encoded)) == len(encoded)
    statement = settle_statement(b"n" * 32, "r.example", CIRCLE, ANA, made.encode())
    assert statement == (
        b"hallway settle 1" + b"n" * 32 + b"\x09r.example" + CIRCLE + ANA + made.encode()
    )
    with pytest.raises(MisuseError):
        settle_statement(b"n" * 32, "", CIRCLE, ANA, made.encode())
