"""A circle that comes from another relay: its log goes on from where a host's device says, and its
devices hand in what they hold of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crypto.access.binding import AccessKeyPair, settle_statement
from crypto.access.log import Head, chain
from crypto.access.settlement import Settlement, encode_seats
from crypto.access.side_data import RETENTION_USUAL, Cap, TakenSeat, WholeRoster
from relay import wire
from relay.hub import Creating
from relay.limits import DAY, Rate, Settings
from relay.live import NO_SPACE_WAIT
from relay.restoring import AT_LEAST, STALLED, Draft, Goal
from relay.store.contract import Record
from relay.wire import Refusal
from tests.relay.memory import MemoryStore
from tests.relay.people import ANA, BO, CAM, CIRCLE, DEE, HOST, admit, invite, rekey
from tests.relay.test_mending import RELAY, outline, restoring, whole
from tests.relay.world import FORBIDDEN, Peer, World

BASE = 3
OTHER = MemoryStore(key=b"\x08" * 32)


class Moved:
    """A relay to which a circle comes, with the log that it had at the one before: 8 entries, of
    which the commit is the sixth."""

    def __init__(
        self, *, alone: bool = True, base: int = BASE, n: int = 6, create: Creating = "open"
    ) -> None:
        before = World()
        ana, bo = before.pair()
        for number in range(3):
            ana.say(ana.append(body=b"message %d" % number))
        ana.say(ana.commit(Cap(5)))
        bo.say(bo.append(body=b"behind"))
        ana.say(ana.commit(rekey(ANA, DEE)))
        self.held = list(before.records)
        self.incarnation = before.store.shelves[CIRCLE].incarnation
        self.world = World(store=MemoryStore(key=OTHER.key), create=create)
        self.world.now, self.world.ids = before.now, 100
        seats = encode_seats([(True, [ANA.public]), (False, [BO.public])])
        self.told = Settlement(
            base,
            self.chain(base),
            n,
            self.chain(n),
            alone,
            8,
            5,
            RETENTION_USUAL,
            RELAY.public,
            seats,
        )

    def chain(self, n: int) -> bytes:
        return self.held[n - 1].chain if n else bytes(32)

    def settle(
        self, peer: Peer, told: Settlement | None = None, by: AccessKeyPair = ANA, **more: object
    ) -> wire.Settle:
        told = told or self.told
        statement = settle_statement(peer.nonce, HOST, CIRCLE, by.public, told.encode())
        frame = wire.Settle.of(CIRCLE, by.public, told, None, by.sign(statement))
        return replace(frame, **more)  # type: ignore[arg-type]

    def come(self) -> Peer:
        """Ana's device, which has brought the circle."""
        peer = self.world.connect()
        peer.say(self.settle(peer))
        return peer

    def device(self, key: AccessKeyPair = BO, n: int = 6) -> Peer:
        peer = self.world.connect()
        heard = peer.say(peer.bind(key, n))
        assert [type(frame) for frame in heard[:2]] == [wire.Begins, wire.Bound]
        return peer

    def tail(self, n: int | None = None) -> list[Record]:
        return self.held[self.told.base : self.told.n if n is None else n]

    def report(self, n: int, by: AccessKeyPair = RELAY) -> wire.Report:
        head = Head.sign(by, CIRCLE, self.incarnation, n, self.chain(n))
        return wire.Report(head.incarnation, head.n, head.hash, head.signature)

    def filled(self) -> Peer:
        """Ana's device, which has handed in all that it held."""
        peer = self.come()
        peer.say(outline(self.tail()), *map(whole, self.tail()))
        return peer


def kinds(frames: Sequence[object]) -> list[type]:
    return [type(frame) for frame in frames]


class TestComing:
    def test_a_host_brings_it_and_hears_where_it_begins(self) -> None:
        moved = Moved()
        peer = moved.world.connect()
        begins, bound, told, end = peer.say(moved.settle(peer))
        assert begins == wire.Begins(3, moved.chain(3), 6, moved.chain(6), True)
        assert isinstance(bound, wire.Bound)
        assert (bound.n, bound.hash, bound.handshake, bound.whole) == (3, moved.chain(3), 0, 4)
        assert (bound.chairs, bound.cap) == (2, 5)
        key = AccessKeyPair.from_seed(OTHER.relay_key).public
        assert Head(bound.incarnation, 3, bound.hash, bound.signature).verify(CIRCLE, key)
        assert (told, end) == (wire.Restoring(3, 3, True), wire.CaughtUp(3))
        assert peer.refused(peer.append()) == (Refusal.RESTORING, 0)

    def test_once(self) -> None:
        moved = Moved()
        moved.come()
        peer = moved.world.connect()
        assert peer.refused(moved.settle(peer)) == (Refusal.EXISTS, 0)
        assert kinds(peer.say(peer.bind(ANA, 6)))[1] is wire.Bound

    def test_each_field_is_signed(self) -> None:
        moved = Moved()
        for changes in (
            {"circle_id": b"d" * 16},
            {"access_key": BO.public},
            {"n": 7},
            {"seats": moved.told.seats[:34]},
            {"signature": bytes(64)},
        ):
            peer = moved.world.connect()
            assert peer.refused(moved.settle(peer, **changes)) == FORBIDDEN
        assert not moved.world.store.shelves

    def test_at_a_name_that_is_not_this_relays(self) -> None:
        moved = Moved()
        peer = moved.world.connect(host=None)
        assert peer.refused(moved.settle(peer)) == FORBIDDEN

    def test_only_by_a_host_and_with_a_roster_that_is_one(self) -> None:
        moved = Moved()
        for by, told in (
            (BO, moved.told),
            (CAM, moved.told),
            (ANA, replace(moved.told, base=9)),
            (ANA, replace(moved.told, seats=moved.told.seats[:-1])),
        ):
            peer = moved.world.connect()
            assert peer.refused(moved.settle(peer, told, by)) == (Refusal.MALFORMED, 0)
        assert not moved.world.store.shelves

    def test_with_an_operators_token_and_so_many_a_day(self) -> None:
        moved = Moved(create="token")
        moved.world.store.issue("good")
        peer = moved.world.connect()
        assert peer.refused(moved.settle(peer)) == (Refusal.NO_TOKEN, 0)
        assert kinds(peer.say(moved.settle(peer, token="good")))[1] is wire.Bound
        few = World(replace(Settings(), circles=Rate(1, DAY)), MemoryStore(key=OTHER.key))
        first, second = few.connect(), few.connect()
        first.say(moved.settle(first))
        assert second.refused(moved.settle(second)) == (Refusal.TOO_FAST, DAY)

    def test_a_full_disk_takes_it_later(self) -> None:
        moved = Moved()
        peer = moved.world.connect()
        moved.world.store.full = True
        assert peer.refused(moved.settle(peer)) == (Refusal.NO_SPACE, NO_SPACE_WAIT)
        moved.world.store.full = False
        assert kinds(peer.say(moved.settle(peer)))[1] is wire.Bound


class TestFilling:
    def test_an_ordered_move_is_over_as_soon_as_its_end_is_there(self) -> None:
        moved = Moved()
        ana = moved.come()
        bo = moved.device(n=4)
        assert restoring(ana.say(outline(moved.tail()))) == wire.Restoring(3, 6, True)
        heard = ana.say(*map(whole, moved.tail()))
        assert heard[-1] == wire.Restored() and wire.Restored() in bo.heard()
        assert [record.chain for record in moved.world.records] == [r.chain for r in moved.tail()]
        again = moved.world.connect()
        _, bound, *entries, _ = again.say(again.bind(BO, 4))
        assert [entry.n for entry in entries if isinstance(entry, wire.Entry)] == [5, 6]
        assert isinstance(bound, wire.Bound) and (bound.n, bound.handshake) == (6, 6)
        assert again.one(wire.Done, wire.Append(b"i" * 16, 6, b"on we go")).n == 7

    def test_commits_up_to_its_end_leave_the_roster_as_it_was_told(self) -> None:
        moved = Moved(base=0)
        ana = moved.filled()
        assert wire.Restored() in ana.heard() or moved.world.store.shelves[CIRCLE].complete
        # The commits that let Bo in and lowered the cap are among those.
        roster = moved.world.hub.circles[CIRCLE].confirmed.roster
        assert roster.seats.keys() == {ANA.public, BO.public}
        assert (roster.cap, roster.opened, roster.invites) == (5, 8, {})
        folded = World(store=moved.world.store)
        bo = folded.connect()
        bo.say(bo.bind(BO, 6))
        assert folded.hub.circles[CIRCLE].confirmed.roster == roster
        assert bo.say(bo.commit(handshake=6))
        later = ana.world.connect()
        later.say(later.bind(ANA, 6))
        seats = (TakenSeat(ANA.public, True), TakenSeat(BO.public, False))
        done = later.say(later.commit(WholeRoster(8), *seats, handshake=7))
        assert any(isinstance(frame, wire.Done) for frame in done)

    def test_what_others_hold_beyond_its_end_counts_for_nothing(self) -> None:
        moved = Moved()
        bo_first = moved.come()
        bo = moved.device()
        assert restoring(bo.say(moved.report(8))) == wire.Restoring(3, 3, True)
        assert bo.refused(outline(moved.tail(8))) == (Refusal.MALFORMED, 0)
        assert bo_first.say(outline(moved.tail()), *map(whole, moved.tail()))[-1] == wire.Restored()

    def test_it_waits_for_as_long_as_it_takes(self) -> None:
        moved = Moved()
        ana = moved.come()
        ana.say(outline(moved.tail()), whole(moved.tail()[0]))
        moved.world.now += 2 * max(DAY, STALLED)
        moved.world.hub.tick()
        assert wire.Restored() not in ana.heard()
        assert ana.say(*map(whole, moved.tail()[1:]))[-1] == wire.Restored()

    def test_it_goes_on_after_the_relay_was_killed(self) -> None:
        moved = Moved()
        ana = moved.come()
        ana.say(outline(moved.tail()), whole(moved.tail()[0]))
        store = moved.world.store
        moved.world = World(store=store)
        bo = moved.device()
        heard = bo.say(moved.report(6), outline(moved.tail()[1:]), *map(whole, moved.tail()[1:]))
        assert heard[-1] == wire.Restored()

    def test_another_member_may_hand_it_in_without_a_signed_head(self) -> None:
        moved = Moved()
        moved.come().session.lost()
        bo = moved.device()
        assert bo.say(outline(moved.tail()), *map(whole, moved.tail()))[-1] == wire.Restored()

    def test_whose_log_is_another_hands_in_nothing(self) -> None:
        moved = Moved()
        moved.come()
        bo = moved.device()
        links = outline(moved.tail()).links
        forged = wire.Outline(4, links[:-1] + bytes((links[-1] ^ 1,)))
        assert bo.refused(forged) == (Refusal.MALFORMED, 0)

    def test_a_longer_log_goes_by_way_of_what_the_host_told(self) -> None:
        link = bytes((1,)) + b"e" * 32
        other = chain(CIRCLE, 1, 1, bytes(32), link[1:])
        head = Head(b"", 2, chain(CIRCLE, 2, 1, other, link[1:]), b"")
        for goal, led in ((other, True), (bytes(32), False)):
            told = replace(Moved().told, n=1, hash=goal)
            draft = Draft(CIRCLE, 1, bytes(32), head, Goal.of(told))
            assert draft.add(link) is led
            if led:
                assert draft.add(link) and draft.proven


class TestGone:
    """Nobody knows how far the log of the relay before went: as after a backup, they are waited
    for who hold more."""

    def test_a_longer_log_than_the_hosts_wins(self) -> None:
        moved = Moved(alone=False)
        ana, bo = moved.come(), moved.device()
        ana.say(outline(moved.tail()), *map(whole, moved.tail()))
        assert moved.world.records[-1].n == 6
        told = bo.say(moved.report(8))
        assert restoring(told) == wire.Restoring(6, 6, True)
        rest = moved.held[6:]
        heard = bo.say(outline(rest), *map(whole, rest))
        assert heard[-1] == wire.Restored() and ana.heard()[-1] == wire.Restored()
        # Commits behind the end that the host told change the roster as ever.
        roster = moved.world.hub.circles[CIRCLE].confirmed.roster
        assert roster.seats.keys() == {DEE.public, BO.public}

    def test_two_minutes_are_waited_for_those(self) -> None:
        moved = Moved(alone=False)
        ana = moved.filled()
        moved.world.now += AT_LEAST - 1
        moved.world.hub.tick()
        assert wire.Restored() not in ana.heard()
        moved.world.now += 1
        moved.world.hub.tick()
        assert ana.heard()[-1] == wire.Restored()

    def test_whoever_comes_later_comes_too_late(self) -> None:
        moved = Moved(alone=False)
        moved.filled()
        moved.world.now += AT_LEAST
        moved.world.hub.tick()
        bo = moved.device()
        assert bo.say(moved.report(8)) == []
        assert moved.world.store.shelves[CIRCLE].complete
        assert bo.refused(moved.report(8, by=CAM)) == FORBIDDEN

    def test_a_head_of_neither_relay_closes(self) -> None:
        moved = Moved(alone=False)
        moved.come()
        assert moved.device().refused(moved.report(8, by=CAM)) == FORBIDDEN

    def test_a_shorter_head_does_for_the_end_that_the_host_told(self) -> None:
        moved = Moved(alone=False)
        ana, bo = moved.come(), moved.device()
        ana.say(moved.report(5))
        bo.say(moved.report(4))
        heard = bo.say(outline(moved.tail()), *map(whole, moved.tail()))
        assert heard[-1] == wire.Restored()

    def test_nothing_is_over_below_that(self) -> None:
        moved = Moved(alone=False)
        ana, bo = moved.come(), moved.device()
        bo.say(moved.report(4))
        assert ana.say(outline(moved.tail()), whole(moved.tail()[0]))
        moved.world.now += DAY
        moved.world.hub.tick()
        assert wire.Restored() not in ana.heard()


class TestAfterwards:
    def test_put_back_from_a_backup_it_is_made_whole_like_any_other(self) -> None:
        moved = Moved()
        ana = moved.filled()
        backup = moved.world.store.shelves[CIRCLE].copy()
        ana.session.lost()
        bo = moved.device()
        bo.say(wire.Append(b"i" * 16, 6, b"lost"))
        record = moved.world.records[-1]
        key = AccessKeyPair.from_seed(moved.world.store.relay_key)
        head = Head.sign(key, CIRCLE, backup.incarnation, record.n, record.chain)
        moved.world.store.shelves[CIRCLE] = backup
        moved.world = World(store=moved.world.store)
        moved.world.random.seed(99)
        bo = moved.device(n=7)
        report = wire.Report(head.incarnation, head.n, head.hash, head.signature)
        assert bo.say(report) == [wire.Restoring(6, 6, False)]
        assert bo.say(moved.report(8)) == [], "the relay before proves nothing any more"
        assert restoring(bo.say(outline([record]), whole(record))) == wire.Restoring(7, 7, False)

    def test_a_device_from_before_its_beginning_is_shown_what_there_is(self) -> None:
        moved = Moved()
        moved.filled()
        late = moved.world.connect()
        begins, _, *entries, _ = late.say(late.bind(BO, 1))
        assert isinstance(begins, wire.Begins) and begins.base == 3
        assert [entry.n for entry in entries if isinstance(entry, wire.Entry)] == [4, 5, 6]
        assert late.say(wire.Read(1, 3)) == []
        assert [type(frame) for frame in late.say(wire.Read(1, 4))] == [wire.Entry]
        assert moved.world.hub.broken is None

    def test_no_code_of_before_is_known(self) -> None:
        moved = Moved(base=0)
        moved.filled()
        guest = moved.world.connect()
        assert guest.refused(guest.guest(0)) == FORBIDDEN
        ana = moved.device(ANA)
        ana.say(*ana.stage(b"card 7"), ana.commit(invite(7, card=b"card 7"), handshake=6))
        assert ana.say(ana.commit(admit(CAM, 7), handshake=7))


@pytest.mark.parametrize("n", [0, 3])
def test_an_empty_log_begins_where_it_is_told(n: int) -> None:
    moved = Moved(base=n, n=n, alone=False)
    ana = moved.come()
    moved.world.now += AT_LEAST
    moved.world.hub.tick()
    assert ana.heard()[-1] == wire.Restored()
    again = moved.device(ANA, n)
    assert again.one(wire.Done, wire.Append(b"i" * 16, 0, b"first")).n == n + 1
