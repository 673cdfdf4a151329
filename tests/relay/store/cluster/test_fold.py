"""The fold of a circle's log, its messages and what is decided upon it; without any server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.store.cluster.deciding import MESSAGE_BYTES, Decision, LogWork
from relay.store.cluster.events import (
    DamagedLog,
    Entry,
    Event,
    Events,
    Gone,
    Struck,
    Whole,
    decode,
    encode,
)
from relay.store.cluster.fold import Fold, without_body
from relay.store.cluster.names import Names, circle_of, last_part
from relay.store.cluster.slots import Slot, SlotWork
from relay.store.cluster.stream import Draft
from relay.store.contract import (
    STORED,
    UNKNOWN,
    Append,
    Attachment,
    Beat,
    Complete,
    Conflict,
    Cursor,
    Dismiss,
    Forget,
    Kept,
    Known,
    Restart,
)
from tests.relay.store_contract import (
    ANA,
    BO,
    COMMIT,
    EVERYTHING,
    REQUEST,
    C,
    append,
    creation,
    record,
    settled,
)

BLOB = Whole(b"h" * 32, 150, 5, ANA, ((0, 7), (100, 9)))


def entry(n: int, kind: int = 1) -> Entry:
    return Entry(record(n, kind=kind))


def folded(*messages: Sequence[Event]) -> Fold:
    """Messages with the sequences 10, 20, 30, …"""
    fold = Fold(C)
    for place, events in enumerate(messages, 1):
        fold.take(10 * place, Events(b"w" * 16, fold.sequence, tuple(events)))
    return fold


class TestEvents:
    @pytest.mark.parametrize(
        "event",
        [
            creation(C),
            settled(7),
            entry(1),
            Entry(record(2, kind=COMMIT), ((b"h" * 32, 5),), (b"i" * 16, b"j" * 16)),
            Restart(C, b"0" * 16, b"1" * 16, 5),
            Complete(C, b"1" * 16),
            Gone((without_body(record(1)), without_body(record(2, kind=COMMIT))), 2, (b"h" * 32,)),
            BLOB,
            Struck((b"h" * 32,)),
        ],
        ids=lambda event: type(event).__name__,
    )
    def test_they_come_back_as_they_went_in(self, event: Event) -> None:
        events = Events(b"w" * 16, 9, (event, entry(5)))
        assert decode(C, encode(events)) == events

    @given(st.binary(max_size=200))
    def test_anything_else_is_damage(self, data: bytes) -> None:
        with pytest.raises(DamagedLog):
            decode(C, data)

    @pytest.mark.parametrize("events", [[[7]], [[1, [], [], []]], [[0, b""]], [[]], [3]])
    def test_what_is_no_event_is_damage(self, events: list[object]) -> None:
        with pytest.raises(DamagedLog, match="damaged in the cluster"):
            decode(C, msgpack.packb([b"w" * 16, 0, events]))


class TestFold:
    def test_nothing_is_no_circle(self) -> None:
        assert Fold(C).loaded({}, {}) is None
        assert Fold(C).incarnation == b""

    def test_it_does_not_matter_how_events_are_packed(self) -> None:
        events: list[Event] = [creation(C), entry(1), entry(2, COMMIT), entry(3, REQUEST), BLOB]
        one = folded(events).loaded({ANA: 1}, {})
        assert one == folded(*([event] for event in events)).loaded({ANA: 1}, {})
        assert one is not None and [each.n for each in one.turns] == [2, 3]

    def test_a_message_whose_entries_went_is_void(self) -> None:
        fold = folded([creation(C)], [entry(1), entry(2)], [entry(3)])
        before = fold.size
        gone = [without_body(record(n)) for n in (1, 3)]
        fold.take(40, Events(b"w" * 16, 30, (Gone(tuple(gone), 3),)))
        assert fold.void == {30}, "the other one has an entry left"
        assert fold.size == before - sum(len(record(n).body or b"") for n in (1, 3))
        assert [fold.place(n) for n in (1, 2, 3)] == [40, 20, 40]
        fold.take(50, Events(b"w" * 16, 40, (Gone((without_body(record(2)),), 3),)))
        assert fold.void == {20, 30}

    def test_what_void_messages_held_need_not_be_there(self) -> None:
        """A later fold meets the entries behind before those that were let go."""
        log: list[list[Event]] = [[creation(C)], [entry(1)], [entry(2, COMMIT)], [entry(3)]]
        gone: list[Event] = [
            Gone((without_body(record(1)), without_body(record(2, kind=COMMIT))), 2)
        ]
        whole, rest = folded(*log, gone), Fold(C)
        for place in (0, 3):
            rest.take(10 * (place + 1), Events(b"w" * 16, 0, tuple(log[place])))
        rest.take(50, Events(b"w" * 16, 0, tuple(gone)))
        assert rest.loaded({}, {}) == whole.loaded({}, {})
        assert (whole.void, rest.void) == ({20, 30}, set())
        assert rest.known(record(1).idempotency_id) == Known(1, 1001)

    def test_a_forgotten_end_is_still_the_end(self) -> None:
        fold = folded([creation(C)], [entry(1)], [Gone((without_body(record(1)),), 1)])
        loaded = fold.loaded({}, {})
        assert loaded is not None and loaded.last == without_body(record(1))
        assert fold.chain == record(1).chain

    def test_what_is_over_is_chosen_once(self) -> None:
        card = (b"c" * 32, 4)
        with_card = Entry(record(2, kind=COMMIT), (card,))
        fold = folded([creation(C)], [entry(1), with_card, entry(3)])
        forget = Forget(C, 2, EVERYTHING, 0, 0, EVERYTHING)
        assert fold.over(forget) == ([1, 2], 2, (card[0],))
        assert fold.over(replace(forget, keep=(card[0],)))[2] == ()
        gone = (without_body(record(1)), without_body(record(2, kind=COMMIT)))
        fold.take(30, Events(b"w" * 16, 20, (Gone(gone, 2, (card[0],)),)))
        assert fold.over(forget) == ([], 2, ())

    def test_so_many_fit(self) -> None:
        fold = folded([creation(C)], [entry(n) for n in range(1, 10)])
        size = len(record(1).body or b"")
        assert fold.fitting(0, EVERYTHING, EVERYTHING, 5) == [1, 2, 3, 4, 5]
        assert fold.fitting(2, 7, 3 * size, 50) == [2, 3, 4]
        assert fold.fitting(8, 9, 0, 50) == [8]
        assert fold.fitting(10, 12, 0, 50) == []

    def test_blobs_come_and_go(self) -> None:
        fold = folded([creation(C)], [BLOB])
        assert fold.size == 150
        fold.take(30, Events(b"w" * 16, 20, (Struck((BLOB.hash, b"?" * 32)),)))
        assert (fold.blobs, fold.size) == ({}, 0)


class TestDecision:
    def decided(self, fold: Fold, *works: LogWork) -> Decision:
        return Decision(fold, works)

    def test_no_circle_takes_anything(self) -> None:
        decision = self.decided(Fold(C), append(C, 1), Complete(C, b"1" * 16))
        assert (decision.outcomes, decision.events) == ([UNKNOWN] * 2, [])

    def test_messages_are_packed_and_a_commit_stands_alone(self) -> None:
        fold = folded([creation(C)])
        works = [append(C, 1), append(C, 2), append(C, 3, kind=COMMIT), append(C, 4)]
        assert len(self.decided(fold, *works).events) == 2
        fold.take(20, Events(b"w" * 16, 10, (entry(1), entry(2))))
        assert len(self.decided(fold, *works[2:]).events) == 1

    def test_a_message_of_the_stream_is_no_larger_than_it_may_be(self) -> None:
        fold = folded([creation(C)])
        large = [
            Append(C, replace(record(n), body=bytes(MESSAGE_BYTES // 4))) for n in range(1, 20)
        ]
        assert len(self.decided(fold, *large).events) == 5

    def test_refusals_come_with_what_is_stored(self) -> None:
        fold = folded([creation(C)], [entry(1)])
        works = [append(C, 1), append(C, 3), append(C, 2), append(C, 2), append(C, 2, tag=b"x")]
        decision = self.decided(fold, *works)
        expected = [Known(1, 1001), Conflict(1), STORED, Known(2, 1002), Conflict(2)]
        assert decision.outcomes == expected
        assert decision.events == [entry(2)]

    def test_a_card_that_is_there_is_not_written_again(self) -> None:
        card = Attachment(b"c" * 32, b"card")
        fold = folded([creation(C)], [Entry(record(1), ((card.hash, 4),))])
        new = Attachment(b"n" * 32, b"new")
        decision = self.decided(fold, Append(C, record(2), (card, new), (b"i" * 16,)))
        assert decision.attachments == [new]
        assert decision.invites == [b"i" * 16]

    def test_incarnations_follow_each_other(self) -> None:
        fold = folded([creation(C)])
        first = creation(C).incarnation
        wrong = self.decided(fold, Restart(C, b"?" * 16, b"1" * 16, 5), Complete(C, b"?" * 16))
        assert (wrong.outcomes, wrong.events) == ([Conflict(0)] * 2, [])
        assert self.decided(fold, Complete(C, first)).events == [], "it is complete"
        restart = Restart(C, first, b"1" * 16, 5)
        assert self.decided(fold, restart).events == [restart]

    def test_a_blob_is_told_of_once(self) -> None:
        fold = folded([creation(C)], [BLOB])
        again = self.decided(fold, replace(BLOB, device=BO))
        assert (again.outcomes, again.events) == ([Kept(150)], [])
        assert self.decided(fold, Struck((b"?" * 32,))).events == []
        assert self.decided(fold, Struck((BLOB.hash,))).events == [Struck((BLOB.hash,))]


class TestNames:
    def test_what_a_subject_says(self) -> None:
        names = Names("x")
        assert circle_of(names.log(C)) == C
        assert last_part(names.slot(C, ANA)) == ANA
        assert names.logs == "x.*.log"
        assert names.card(C, b"\1").endswith(".card.01.*")
        assert names.card(C, b"\1", 3).endswith(".card.01.3")

    def test_a_draft_says_what_it_needs(self) -> None:
        assert Draft("x", b"").headers() == {}
        assert Draft("x", b"", 0, alone=True).headers() == {
            "Nats-Expected-Last-Subject-Sequence": "0",
            "Nats-Rollup": "sub",
        }


class TestSlot:
    def test_a_cursor_goes_forward_and_a_beat_is_overwritten(self) -> None:
        works: list[SlotWork] = [
            Cursor(C, ANA, 3),
            Beat(C, ANA, b"a", 5),
            Cursor(C, ANA, 2),
            Beat(C, ANA, b"b", 6),
        ]
        assert Slot(4, n=1).after(works) == Slot(4, 3, b"b", 6)

    def test_nothing_stays_of_who_is_dismissed(self) -> None:
        assert Slot(4, n=1).after([Dismiss(C, ANA)]) is None
        assert Slot(4, n=9).after([Dismiss(C, ANA), Cursor(C, ANA, 2)]) == Slot(4, 2)
