"""What every store must do: the tests that run on each backend.

A backend's test module subclasses `StoreContract` and gives it an `opened` fixture: a function that
opens one more store over the same logs, as another process would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import pytest

from crypto.access.settlement import Settlement
from relay.store.contract import (
    EXISTS,
    EXPIRED,
    NO_TOKEN,
    RECENT,
    RESTARTED,
    SPENT,
    STORED,
    UNKNOWN,
    Append,
    Attachment,
    Beat,
    Complete,
    Conflict,
    Creation,
    Cursor,
    Dismiss,
    Forget,
    Forgotten,
    Intention,
    Known,
    Outcome,
    Record,
    Restart,
    Store,
)

Answer = TypeVar("Answer")
Issue: TypeAlias = Callable[[bytes, int, int], None]

MESSAGE, COMMIT, REQUEST = 1, 2, 3
ANA, BO = b"A" * 32, b"B" * 32
HOUR = 3_600_000
EVERYTHING = 1 << 30


class Desk:
    """A store's caller: hands in, waits to be woken, settles."""

    def __init__(self, open_store: Callable[[Callable[[], None]], Store]) -> None:
        self._woken = threading.Event()
        self.moved: list[tuple[bytes, int]] = []
        self.store = open_store(self._woken.set)
        self.store.listen(lambda circle, n: self.moved.append((circle, n)))

    def all(self, intentions: Sequence[Intention]) -> list[Outcome]:
        """Submit all at once; the outcomes, which have to come in order for each circle."""
        came: dict[int, Outcome] = {}
        for place, intention in enumerate(intentions):
            self.store.submit(intention, partial(came.__setitem__, place))
        self.until(lambda: len(came) == len(intentions))
        for circle in {intention.circle for intention in intentions}:
            order = [place for place in came if intentions[place].circle == circle]
            assert order == sorted(order)
        return [came[place] for place in range(len(intentions))]

    def hears(self, circle: bytes, n: int) -> None:
        """Wait until it was heard that another writer has moved a log."""
        self.until(lambda: (circle, n) in self.moved)

    def do(self, intention: Intention) -> Outcome:
        return self.all([intention])[0]

    def ask(self, method: Callable[..., None], *arguments: Any) -> Any:
        answers: list[Any] = []
        method(*arguments, answers.append)
        self.until(lambda: bool(answers))
        return answers[0]

    def read(self, circle: bytes, first: int = 1, last: int = EVERYTHING) -> list[Record]:
        return list(self.ask(self.store.read, circle, first, last, EVERYTHING))

    def until(self, enough: Callable[[], bool]) -> None:
        """Settle until it is so."""
        self.store.settle()
        while not enough():
            assert self._woken.wait(20), "the store fell silent"
            self._woken.clear()
            self.store.settle()


def creation(circle: bytes) -> Creation:
    return Creation(circle, ANA, cap=12, time=1000, incarnation=sha256(circle).digest()[:16])


def settled(base: int) -> Creation:
    """A circle whose log comes from elsewhere, from behind entry `base` on."""
    told = Settlement(
        base, b"b" * 32, base + 2, b"n" * 32, base > 0, 12, 8, 90_000, b"f" * 32, b"\x00\x01" + ANA
    )
    return replace(creation(C), settlement=told)


def record(n: int, *, kind: int = MESSAGE, time: int | None = None, tag: bytes = b"") -> Record:
    """An entry whose every field can be told from every other's."""
    body = b"body %d " % n + tag
    return Record(
        n=n,
        kind=kind,
        time=1000 + n if time is None else time,
        body=body,
        side_data=b"" if kind == MESSAGE else b"side %d" % n,
        sender=BO,
        idempotency_id=sha256(body).digest()[:16],
        entry_hash=sha256(b"entry" + body).digest(),
        chain=sha256(b"chain" + body).digest(),
    )


def append(circle: bytes, n: int, *, tag: bytes = b"", kind: int = MESSAGE) -> Append:
    return Append(circle, record(n, tag=tag, kind=kind))


C, D = b"c" * 16, b"d" * 16


class StoreContract:
    """The contract of `relay.store.contract`, point by point."""

    @pytest.fixture
    def opened(self) -> Iterator[Callable[[], Desk]]:
        raise NotImplementedError

    @pytest.fixture
    def issue(self) -> Issue:
        """Makes a token: `issue(hash, uses, until)`, once a store was opened."""
        raise NotImplementedError

    @pytest.fixture
    def desk(self, opened: Callable[[], Desk]) -> Desk:
        desk = opened()
        assert desk.all([creation(C), creation(D)]) == [STORED, STORED]
        return desk

    def test_a_circle_is_created_once(self, desk: Desk) -> None:
        assert desk.do(replace(creation(C), cap=3)) is EXISTS
        assert desk.ask(desk.store.load, C).creation == creation(C)
        assert desk.ask(desk.store.circles) == [C, D]

    def test_a_token_is_spent_with_the_circle_that_it_opens(
        self, desk: Desk, issue: Issue, opened: Callable[[], Desk]
    ) -> None:
        issue(b"t" * 32, 2, 1001)
        first, second, third = (
            replace(creation(id_ * 16), token=b"t" * 32) for id_ in (b"1", b"2", b"3")
        )
        assert desk.do(first) is STORED
        assert desk.all([first, first]) == [EXISTS, EXISTS], "asked again, for want of an answer"
        assert opened().all([second, third]) == [STORED, SPENT], "of two at once, one use left"
        assert desk.do(first) is EXISTS
        assert set(desk.ask(desk.store.circles)) == {C, D, first.circle, second.circle}
        assert desk.ask(desk.store.load, first.circle).creation == replace(first, token=None)
        assert desk.ask(desk.store.load, third.circle) is None

    def test_a_token_that_opens_nothing(self, desk: Desk, issue: Issue) -> None:
        issue(b"t" * 32, 1, 1000)
        late = replace(creation(b"1" * 16), token=b"t" * 32)
        assert desk.do(late) is EXPIRED
        assert desk.do(replace(late, token=b"u" * 32)) is NO_TOKEN
        assert desk.ask(desk.store.load, late.circle) is None
        assert desk.do(replace(late, time=999)) is STORED, "nothing was spent by asking"
        assert desk.do(replace(late, circle=b"2" * 16)) is SPENT

    @pytest.mark.parametrize(
        "intention",
        [
            append(b"x" * 16, 1),
            Restart(b"x" * 16, b"0" * 16, b"1" * 16, 1),
            Complete(b"x" * 16, b"1" * 16),
            Cursor(b"x" * 16, ANA, 1),
            Beat(b"x" * 16, ANA, b"beat", 1),
            Dismiss(b"x" * 16, ANA),
            Forget(b"x" * 16, 1, 1, 1, 1, 1),
        ],
        ids=lambda intention: type(intention).__name__,
    )
    def test_an_unknown_circle_takes_nothing(self, desk: Desk, intention: Intention) -> None:
        assert desk.do(intention) is UNKNOWN
        assert desk.ask(desk.store.load, b"x" * 16) is None
        assert desk.read(b"x" * 16) == []

    def test_entries_come_back_as_they_went_in(self, desk: Desk) -> None:
        records = [record(1), record(2, kind=COMMIT), record(3, kind=REQUEST)]
        assert desk.all([Append(C, r) for r in records]) == [STORED] * 3
        assert desk.read(C) == records
        assert desk.read(C, 2, 2) == records[1:2]
        assert desk.read(C, 4) == []
        assert desk.read(D) == []

    def test_many_circles_share_a_batch(self, desk: Desk) -> None:
        ids = [bytes((i,)) * 16 for i in range(7)]
        batch = [append(id, n) for n in range(1, 32) for id in ids]
        outcomes = desk.all([*map(creation, ids), *batch])
        assert outcomes == [STORED] * (7 + len(batch))
        for id in ids:
            assert desk.read(id) == [record(n) for n in range(1, 32)]

    def test_reading_stops_at_the_limit_but_gives_one(self, desk: Desk) -> None:
        desk.all([append(C, n) for n in range(1, 10)])
        size = len(record(1).body or b"")
        few = desk.ask(desk.store.read, C, 1, 9, 3 * size)
        assert few == [record(n) for n in (1, 2, 3)]
        assert desk.ask(desk.store.read, C, 5, 9, 0) == [record(5)]

    @pytest.mark.parametrize("n", [1, 2, 5, 7])
    def test_an_append_elsewhere_than_at_the_end_conflicts(self, desk: Desk, n: int) -> None:
        desk.all([append(C, k) for k in range(1, 6)])
        assert desk.do(append(C, n, tag=b"other")) == Conflict(5)
        assert len(desk.read(C)) == 5

    def test_what_is_built_on_a_conflict_conflicts_too(self, desk: Desk) -> None:
        outcomes = desk.all(
            [append(C, 2), append(C, 3), append(D, 1), append(C, 1), append(C, 2, tag=b"again")]
        )
        assert outcomes == [Conflict(0), Conflict(0), STORED, STORED, STORED]
        assert [r.n for r in desk.read(C)] == [1, 2]

    def test_a_known_id_is_answered_wherever_it_is_put(self, desk: Desk) -> None:
        desk.all([append(C, 1), append(C, 2)])
        again = record(1)
        for n in (1, 3, 9):
            assert desk.do(Append(C, replace(again, n=n))) == Known(1, again.time)
        assert desk.do(Append(D, again)) is STORED, "ids are looked up in one circle"
        assert len(desk.read(C)) == 2

    def test_an_append_names_what_it_is_built_upon(self, desk: Desk) -> None:
        first, second, third = record(1), record(2), record(3)
        assert desk.do(Append(C, first, previous=b"?" * 32)) == Conflict(0)
        assert desk.do(Append(C, first, previous=bytes(32))) is STORED
        assert desk.do(Append(C, second, previous=bytes(32))) == Conflict(1)
        batch = [
            Append(C, second, previous=first.chain),
            Append(C, third, previous=first.chain),
            Append(C, third, previous=second.chain),
        ]
        assert desk.all(batch) == [STORED, Conflict(2), STORED]
        assert desk.read(C) == [first, second, third]

    def test_what_was_built_upon_a_refused_record_is_refused(self, desk: Desk) -> None:
        ours = [record(1), record(2, tag=b"ours"), record(3), record(4)]
        desk.all([Append(C, ours[0], previous=bytes(32)), append(C, 2, tag=b"theirs")])
        batch = [Append(C, after, previous=before.chain) for before, after in pairwise(ours)]
        assert desk.all(batch) == [Conflict(2)] * 3

    def test_what_follows_a_known_id_in_a_batch(self, desk: Desk) -> None:
        desk.do(append(C, 1))
        known = replace(record(1), n=2, chain=b"other" + bytes(27))
        third = replace(record(3), n=2)
        batch = [
            Append(C, known, previous=record(1).chain),
            Append(C, third, previous=known.chain),
            Append(C, third, previous=record(1).chain),
        ]
        assert desk.all(batch) == [Known(1, 1001), Conflict(1), STORED]

    def test_a_known_id_within_a_batch(self, desk: Desk) -> None:
        twice = replace(record(3), idempotency_id=record(2).idempotency_id)
        batch = [
            append(C, 1),
            append(C, 2),
            append(D, 1),
            Append(C, twice),
            append(D, 2),
            append(C, 4),
            append(C, 3),
            append(D, 3),
        ]
        outcomes = desk.all(batch)
        expected = [STORED, STORED, STORED, Known(2, 1002), STORED, Conflict(2), STORED, STORED]
        assert outcomes == expected
        assert desk.read(C) == [record(1), record(2), record(3)]
        assert desk.read(D) == [record(1), record(2), record(3)]

    def test_a_refused_append_leaves_nothing_beside(self, desk: Desk) -> None:
        card = Attachment(sha256(b"card").digest(), b"card")
        for refused in (record(5), record(1)):
            desk.do(append(C, 1))
            desk.do(Append(C, refused, attachments=(card,), invites=(b"i" * 16,)))
            assert desk.ask(desk.store.attachment, C, card.hash) is None
            assert desk.ask(desk.store.find_invite, b"i" * 16) is None

    def test_attachments_and_invites_come_with_their_entry(self, desk: Desk) -> None:
        card = Attachment(sha256(b"card").digest(), b"card")
        with_card = Append(C, record(1, kind=COMMIT), (card,), (b"i" * 16, b"j" * 16))
        # In one batch with others, which has a path of its own.
        assert desk.all([append(D, 1), with_card, append(D, 2)]) == [STORED] * 3
        assert desk.ask(desk.store.attachment, C, card.hash) == b"card"
        assert desk.ask(desk.store.attachment, D, card.hash) is None
        assert desk.ask(desk.store.find_invite, b"j" * 16) == C

    def test_an_invite_stays_with_the_circle_that_named_it_first(self, desk: Desk) -> None:
        desk.all([Append(C, record(1), invites=(b"i" * 16,))])
        assert desk.all([Append(D, record(1), invites=(b"i" * 16,))]) == [STORED]
        assert desk.ask(desk.store.find_invite, b"i" * 16) == C

    def test_the_same_attachment_twice_is_kept_once(self, desk: Desk) -> None:
        card = Attachment(sha256(b"card").digest(), b"card")
        assert desk.all([Append(C, record(n), (card,)) for n in (1, 2)]) == [STORED, STORED]
        assert desk.ask(desk.store.attachment, C, card.hash) == b"card"
        bodies = sum(len(r.body or b"") for r in desk.read(C))
        assert desk.ask(desk.store.load, C).size == bodies + len(b"card")

    def test_find_looks_back_to_the_beginning(self, desk: Desk) -> None:
        desk.all([append(C, n) for n in range(1, 40)])
        assert desk.ask(desk.store.find, C, record(3).idempotency_id) == Known(3, 1003)
        assert desk.ask(desk.store.find, C, b"never" + bytes(11)) is None
        assert desk.ask(desk.store.find, b"x" * 16, record(3).idempotency_id) is None

    def test_cursors_only_go_forward(self, desk: Desk) -> None:
        desk.all([Cursor(C, ANA, 3), Cursor(C, ANA, 7), Cursor(C, ANA, 5), Cursor(C, BO, 1)])
        assert desk.ask(desk.store.load, C).cursors == {ANA: 7, BO: 1}
        assert desk.ask(desk.store.load, D).cursors == {}

    def test_a_beat_is_overwritten(self, desk: Desk) -> None:
        desk.all([Beat(C, ANA, b"old", 5), Beat(C, ANA, b"new", 6), Beat(D, ANA, b"d", 7)])
        assert desk.ask(desk.store.load, C).beats == {ANA: (b"new", 6)}

    def test_a_dismissed_device_leaves_no_slot(self, desk: Desk) -> None:
        desk.all([Cursor(C, ANA, 3), Beat(C, ANA, b"beat", 5), Cursor(C, BO, 2), Dismiss(C, ANA)])
        loaded = desk.ask(desk.store.load, C)
        assert (loaded.cursors, loaded.beats) == ({BO: 2}, {})

    def test_an_empty_log_loads(self, desk: Desk) -> None:
        loaded = desk.ask(desk.store.load, C)
        assert (loaded.turns, loaded.last, loaded.recent) == ((), None, ())
        assert (loaded.first_whole, loaded.size) == (1, 0)

    def test_loading_gives_the_turns_and_the_end(self, desk: Desk) -> None:
        kinds = [MESSAGE, COMMIT, MESSAGE, REQUEST, MESSAGE]
        records = [record(n, kind=kind) for n, kind in enumerate(kinds, 1)]
        desk.all([Append(C, r) for r in records])
        loaded = desk.ask(desk.store.load, C)
        bodiless = [replace(r, body=b"") for r in records]
        assert loaded.turns == (bodiless[1], bodiless[3])
        assert loaded.last == bodiless[4]
        assert loaded.recent == tuple((r.idempotency_id, r.n, r.time) for r in records)
        assert loaded.size == sum(len(r.body or b"") + len(r.side_data) for r in records)

    def test_loading_gives_the_newest_ids_only(self, desk: Desk) -> None:
        desk.all([append(C, n) for n in range(1, RECENT + 11)])
        recent = desk.ask(desk.store.load, C).recent
        assert [n for _, n, _ in recent] == list(range(11, RECENT + 11))

    def test_another_writer_is_heard_before_the_conflict(
        self, desk: Desk, opened: Callable[[], Desk]
    ) -> None:
        desk.all([append(C, 1), append(D, 1)])
        other = opened()
        assert other.all([append(C, 2), append(C, 3)]) == [STORED, STORED]
        seen: list[object] = []
        desk.store.listen(lambda circle, n: seen.append((circle, n)))
        desk.store.submit(append(C, 2, tag=b"mine"), seen.append)
        desk.do(append(D, 2))
        desk.until(lambda: Conflict(3) in seen)
        assert seen[-2:] == [(C, 3), Conflict(3)]
        assert desk.read(C, 2) == [record(2), record(3)]
        assert desk.do(append(C, 4)) is STORED
        assert other.do(append(C, 5)) is STORED
        assert (C, 4) in other.moved and (C, 5) not in other.moved

    def test_a_log_that_was_put_back_begins_another_incarnation(self, desk: Desk) -> None:
        first = creation(C).incarnation
        restart = Restart(C, first, b"1" * 16, 5000)
        assert desk.do(append(C, 1)) is STORED
        assert desk.ask(desk.store.load, C).complete
        assert desk.all([restart, append(C, 2)]) == [STORED, STORED]
        loaded = desk.ask(desk.store.load, C)
        assert (loaded.creation, loaded.restarts) == (creation(C), (restart,))
        assert not loaded.complete
        assert desk.ask(desk.store.load, D).restarts == ()
        assert desk.all([Complete(C, b"1" * 16)] * 2) == [STORED, STORED]
        assert desk.ask(desk.store.load, C).complete

    @pytest.mark.parametrize("base", [0, 7])
    def test_a_circle_from_elsewhere_begins_where_it_is_told(
        self, opened: Callable[[], Desk], base: int
    ) -> None:
        desk, moved = opened(), settled(base)
        same = moved.incarnation
        assert desk.do(moved) is STORED and desk.do(moved) is EXISTS
        loaded = desk.ask(desk.store.load, C)
        assert loaded.creation == moved and loaded.last is None
        assert loaded.restarts == (Restart(C, same, same, moved.time),)
        assert (loaded.complete, loaded.first_whole) == (False, base + 1)
        assert desk.do(append(C, base + 2)) == Conflict(base)
        wrong = replace(append(C, base + 1), previous=b"?" * 32)
        assert desk.do(wrong) == Conflict(base)
        right = replace(append(C, base + 1), previous=b"b" * 32)
        assert desk.all([right, append(C, base + 2)]) == [STORED, STORED]
        held = [record(base + 1), record(base + 2)]
        assert desk.read(C) == desk.read(C, base + 1, base + 2) == held
        assert desk.read(C, base) == held and desk.read(C, 0, base) == []
        assert desk.do(Complete(C, same)) is STORED
        again = opened()
        assert again.ask(again.store.load, C).complete
        assert again.do(append(C, base + 3)) is STORED
        assert again.ask(again.store.load, C).last.n == base + 3

    def test_what_came_from_elsewhere_is_let_go_of_like_the_rest(
        self, opened: Callable[[], Desk]
    ) -> None:
        desk = opened()
        assert desk.all([settled(7), *(append(C, n) for n in range(8, 12))]) == [STORED] * 5
        forgotten = desk.do(Forget(C, 9, HOUR, 0, 0, 0))
        assert isinstance(forgotten, Forgotten) and forgotten.first_whole == 10
        assert [each.body is None for each in desk.read(C)] == [True, True, False, False]
        desk.do(Forget(C, 0, 0, 1011, 0, 0))
        assert [each.body is None for each in desk.read(C)] == [True, True, True, False]

    def test_restarts_name_what_they_follow(self, desk: Desk) -> None:
        first = creation(C).incarnation
        one, two = Restart(C, first, b"1" * 16, 5000), Restart(C, b"1" * 16, b"2" * 16, 6000)
        done = [Complete(C, first), Complete(C, b"1" * 16)]
        batch: list[Intention] = [two, one, one, *done, two]
        expected = [Conflict(0), STORED, Conflict(0), Conflict(0), STORED, STORED]
        assert desk.all(batch) == expected
        loaded = desk.ask(desk.store.load, C)
        assert (loaded.restarts, loaded.complete) == ((one, two), False)
        assert desk.do(Complete(C, b"1" * 16)) == Conflict(0)
        assert not desk.ask(desk.store.load, C).complete

    def test_another_writers_restart_is_heard(self, desk: Desk, opened: Callable[[], Desk]) -> None:
        desk.all([append(C, 1), append(D, 1)])
        other = opened()
        first = creation(C).incarnation
        assert other.all([Restart(C, first, b"1" * 16, 9), append(C, 2)]) == [STORED, STORED]
        desk.do(append(D, 2))
        desk.hears(C, RESTARTED)
        assert desk.moved[0] == (C, RESTARTED)
        desk.moved.clear()
        assert other.do(Complete(C, b"1" * 16)) is STORED
        assert desk.do(append(D, 3)) is STORED
        desk.hears(C, RESTARTED)

    def test_everything_is_there_after_closing(
        self, desk: Desk, opened: Callable[[], Desk]
    ) -> None:
        card = Attachment(sha256(b"card").digest(), b"card")
        desk.all([Append(C, record(1, kind=COMMIT), (card,), (b"i" * 16,)), append(C, 2)])
        desk.all([Cursor(C, ANA, 2), Beat(C, BO, b"beat", 9)])
        desk.do(Restart(C, creation(C).incarnation, b"1" * 16, 5000))
        before, key = desk.ask(desk.store.load, C), desk.store.relay_key
        desk.store.close()
        again = opened()
        assert again.ask(again.store.load, C) == before
        assert again.store.relay_key == key
        assert again.read(C) == [record(1, kind=COMMIT), record(2)]
        assert again.ask(again.store.attachment, C, card.hash) == b"card"
        assert again.ask(again.store.find_invite, b"i" * 16) == C
        assert again.do(append(C, 3)) is STORED

    def test_closing_settles_what_waits(self, opened: Callable[[], Desk]) -> None:
        desk = opened()
        outcomes: list[Outcome] = []
        answers: list[object] = []
        desk.store.submit(creation(C), outcomes.append)
        for n in range(1, 200):
            desk.store.submit(append(C, n), outcomes.append)
        desk.store.circles(answers.append)
        desk.store.close()
        assert outcomes == [STORED] * 200
        assert len(answers) == 1


class ForgettingContract:
    """What `Forget` takes and what it leaves."""

    LOG = (
        record(1, kind=COMMIT, time=10 * HOUR),
        record(2, time=20 * HOUR),
        record(3, kind=REQUEST, time=30 * HOUR),
        record(4, time=40 * HOUR),
        record(5, kind=COMMIT, time=50 * HOUR),
        record(6, time=60 * HOUR),
    )

    @pytest.fixture
    def kept(self, opened: Callable[[], Desk]) -> Desk:
        desk = opened()
        desk.all([creation(C), *(Append(C, r) for r in self.LOG)])
        return desk

    @pytest.mark.parametrize(
        ("forget", "gone"),
        [
            (Forget(C, 0, 0, 0, 0, 0), []),
            (Forget(C, 6, 0, 0, 0, 0), []),
            (Forget(C, 0, 99 * HOUR, 0, 0, 0), []),
            (Forget(C, 4, 99 * HOUR, 0, 0, 0), [1, 2, 3, 4]),
            (Forget(C, 6, 30 * HOUR, 0, 0, 0), [1, 2]),
            (Forget(C, 6, 30 * HOUR + 1, 0, 0, 0), [1, 2, 3]),
            (Forget(C, 0, 0, 50 * HOUR, 0, 0), [2, 3, 4]),
            (Forget(C, 0, 0, 99 * HOUR, 50 * HOUR, 0), [1, 2, 3, 4, 6]),
            (Forget(C, 0, 0, 99 * HOUR, 50 * HOUR + 1, 0), [1, 2, 3, 4, 5, 6]),
            (Forget(C, 3, 30 * HOUR, 45 * HOUR, 0, 0), [1, 2, 3, 4]),
        ],
    )
    def test_what_is_over_goes_and_its_hash_stays(
        self, kept: Desk, forget: Forget, gone: list[int]
    ) -> None:
        outcome = kept.do(forget)
        records = kept.read(C)
        assert [r.n for r in records if r.body is None] == gone
        first_whole = max(gone, default=0) + 1
        size = sum(len(r.body or b"") + len(r.side_data) for r in records)
        assert outcome == Forgotten(first_whole, size)
        loaded = kept.ask(kept.store.load, C)
        assert (loaded.first_whole, loaded.size) == (first_whole, size)
        for before, after in zip(self.LOG, records, strict=True):
            if after.body is not None:
                assert after == before
            else:
                sender = before.sender if before.kind == COMMIT else b""
                assert after == replace(before, body=None, sender=sender)

    def test_the_roster_and_the_ids_outlive_the_bodies(self, kept: Desk) -> None:
        kept.do(Forget(C, 6, 99 * HOUR, 0, 0, 0))
        loaded = kept.ask(kept.store.load, C)
        assert [(r.side_data, r.sender) for r in loaded.turns if r.kind == COMMIT] == [
            (b"side 1", BO),
            (b"side 5", BO),
        ]
        assert loaded.last is not None and loaded.last.body is None
        again = replace(record(2), n=7)
        assert kept.do(Append(C, again)) == Known(2, 20 * HOUR)

    def test_forgetting_twice_changes_nothing(self, kept: Desk) -> None:
        forget = Forget(C, 4, 99 * HOUR, 0, 0, 0)
        first = kept.do(forget)
        assert kept.do(forget) == first

    def test_old_attachments_go_but_those_in_use(self, kept: Desk) -> None:
        old, card, new = (
            Attachment(sha256(data).digest(), data) for data in (b"old", b"card", b"new")
        )
        kept.do(Append(C, record(7, time=70 * HOUR), (old, card)))
        kept.do(Append(C, record(8, time=80 * HOUR), (new,)))
        before = kept.ask(kept.store.load, C).size
        outcome = kept.do(Forget(C, 0, 0, 0, 0, 80 * HOUR, keep=(card.hash,)))
        assert outcome == Forgotten(1, before - len(b"old"))
        found = [kept.ask(kept.store.attachment, C, a.hash) for a in (old, card, new)]
        assert found == [None, b"card", b"new"]

    def test_a_long_log_is_forgotten_in_rounds(self, opened: Callable[[], Desk]) -> None:
        desk = opened()
        length = 4500
        desk.all([creation(C), *(append(C, n) for n in range(1, length + 1))])
        forget = Forget(C, length, EVERYTHING, 0, 0, 0)
        rounds: list[Forgotten] = []
        while not rounds or rounds[-1].first_whole <= length:
            outcome = desk.do(forget)
            assert isinstance(outcome, Forgotten)
            assert not rounds or outcome.first_whole > rounds[-1].first_whole
            rounds.append(outcome)
        assert len(rounds) > 1
        assert rounds[-1] == Forgotten(length + 1, 0)
