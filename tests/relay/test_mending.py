"""A relay whose data were put back from a backup: what its circle's devices hold is taken back,
and nothing that is not proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crypto.access.binding import AccessKeyPair
from crypto.access.log import Head, Kind
from crypto.access.side_data import Cap, Remove
from relay import wire
from relay.hub import IDLE
from relay.limits import DAY, MINUTE, Settings
from relay.mending import TELL_EVERY
from relay.restoring import AT_LEAST, LINK, STALLED, UNTIL_GONE
from relay.store.contract import Beat, Complete, Record, Restart
from relay.wire import Refusal
from tests.relay.memory import MemoryStore
from tests.relay.people import ANA, BO, CAM, CARD, CIRCLE, DEE, admit, invite, rekey
from tests.relay.world import FORBIDDEN, Peer, World

RELAY = AccessKeyPair.from_seed(MemoryStore().relay_key)
RESTORING = (Refusal.RESTORING, 0)


def outline(records: Sequence[Record]) -> wire.Outline:
    links = b"".join(bytes((record.kind,)) + record.entry_hash for record in records)
    return wire.Outline(records[0].n, links)


def whole(record: Record) -> wire.Restore:
    sender = record.sender if record.kind == Kind.COMMIT else None
    return wire.Restore(record.n, record.time, record.body, record.side_data, sender)


def gone(record: Record) -> wire.Restore:
    return wire.Restore(record.n, 0, None, b"", None)


class Lost:
    """A relay that held `held`, and after a backup was put back holds `kept` of it."""

    def __init__(self, settings: Settings | None = None) -> None:
        world = World(settings)
        ana, bo = world.pair()
        ana.say(ana.append(body=b"kept"))
        backup = world.store.shelves[CIRCLE].copy()
        for n in range(3):
            ana.say(ana.append(body=b"lost %d" % n))
        ana.say(ana.commit(rekey(ANA, DEE)))
        bo.say(bo.append(body=b"the last"))
        self.held = list(world.records)
        self.backup = backup
        self.settings = settings
        self.world = self.again(world, backup.copy())

    def again(self, world: World, shelf: object = None) -> World:
        """Another process, over the same store or what is put in its place."""
        if shelf is not None:
            world.store.shelves[CIRCLE] = shelf  # type: ignore[assignment]
        other = World(self.settings, world.store)
        other.now, other.ids = world.now, world.ids + 100
        other.random.seed(other.ids)
        return other

    @property
    def kept(self) -> int:
        return len(self.backup.records)

    def report(self, n: int = 0, relay: AccessKeyPair = RELAY) -> wire.Report:
        record = self.held[n - 1]
        head = Head.sign(relay, CIRCLE, self.backup.incarnation, record.n, record.chain)
        return wire.Report(head.incarnation, head.n, head.hash, head.signature)

    def device(self, key: AccessKeyPair = ANA) -> Peer:
        """Somebody's socket, bound behind the end of the log."""
        peer = self.world.connect()
        heard = peer.say(peer.bind(key, len(self.held)))
        assert isinstance(heard[0], wire.Bound)
        return peer

    def tail(self, first: int = 0) -> list[Record]:
        return self.held[first or self.kept :]

    def restoring(self, key: AccessKeyPair = ANA) -> Peer:
        """A device that has reported."""
        peer = self.device(key)
        peer.say(self.report())
        return peer


@pytest.fixture
def lost() -> Lost:
    return Lost()


def restoring(frames: Sequence[object]) -> wire.Restoring:
    """The last word on where the restoring is."""
    return [frame for frame in frames if isinstance(frame, wire.Restoring)][-1]


class TestNoticing:
    def test_the_relays_own_signature_shows_that_it_was_put_back(self, lost: Lost) -> None:
        ana, bo = lost.device(), lost.device(BO)
        assert ana.say(lost.report()) == [wire.Restoring(3, 3, True)]
        assert bo.heard() == [wire.Restoring(3, 3, True)]
        shelf = lost.world.store.shelves[CIRCLE]
        assert shelf.incarnation != lost.backup.incarnation and not shelf.complete
        for peer in (ana, bo):
            assert peer.refused(peer.append()) == RESTORING
            assert peer.refused(peer.commit()) == RESTORING
            assert peer.refused(wire.Rejoin(b"i" * 16, b"")) == RESTORING
        assert len(lost.world.records) == 3

    def test_whoever_binds_later_is_told_in_the_new_incarnation(self, lost: Lost) -> None:
        lost.restoring()
        bo = lost.world.connect()
        bound, told, end = bo.say(bo.bind(BO, 3))
        assert isinstance(bound, wire.Bound) and bound.n == 3
        assert bound.incarnation == lost.world.store.shelves[CIRCLE].incarnation
        assert Head(bound.incarnation, 3, bound.hash, bound.signature).verify(CIRCLE, RELAY.public)
        assert (told, end) == (wire.Restoring(3, 3, True), wire.CaughtUp(3))

    def test_a_head_that_the_relay_did_not_sign_closes(self, lost: Lost) -> None:
        for forged in (lost.report(relay=BO), replace(lost.report(), n=99)):
            assert lost.device().refused(forged) == FORBIDDEN
        assert lost.world.store.shelves[CIRCLE].complete

    def test_a_head_of_another_circle_closes(self, lost: Lost) -> None:
        head = Head.sign(RELAY, b"d" * 16, lost.backup.incarnation, 9, bytes(32))
        report = wire.Report(head.incarnation, head.n, head.hash, head.signature)
        assert lost.device().refused(report) == FORBIDDEN

    def test_a_head_that_the_log_reaches_changes_nothing(self, lost: Lost) -> None:
        ana = lost.device()
        assert ana.say(lost.report(3), lost.report(1)) == []
        ana.one(wire.Done, ana.append(handshake=2))

    def test_two_who_report_at_once_begin_one_incarnation(self, lost: Lost) -> None:
        ana, bo = lost.device(), lost.device(BO)
        ana.session.receive(wire.message(lost.report()))
        bo.session.receive(wire.message(lost.report(5)))
        ana.session.receive(wire.message(ana.append()))
        told, refused = sorted(ana.heard(), key=lambda frame: type(frame) is wire.Refused)
        assert isinstance(refused, wire.Refused) and refused.code == Refusal.RESTORING
        assert [told] == bo.heard() == [wire.Restoring(3, 3, True)]
        restarts = [i for i in lost.world.store.submitted if isinstance(i, Restart)]
        assert len(restarts) == 1

    def test_a_full_disk_begins_none(self, lost: Lost) -> None:
        ana = lost.device()
        lost.world.store.full = True
        assert ana.say(lost.report()) == []
        lost.world.store.full = False
        assert ana.say(lost.report()) == [wire.Restoring(3, 3, True)]

    def test_a_broken_one_ends_the_relay(self, lost: Lost) -> None:
        ana = lost.device()
        lost.world.store.fail()
        assert ana.refused(lost.report()) == (Refusal.BROKEN, 0)

    def test_another_relay_over_the_store_comes_anew(self, lost: Lost) -> None:
        other = MemoryStore(beside=lost.world.store)
        beside = World(store=other)
        bo = beside.bound(BO, after=3)
        lost.restoring()
        assert bo.heard() == [wire.Refused(None, Refusal.GOING)]
        assert CIRCLE not in beside.hub.circles
        again = beside.connect()
        heard = again.say(again.bind(BO, 3))
        assert heard[1] == wire.Restoring(3, 3, False)

    def test_two_relays_that_find_out_at_once_agree(self, lost: Lost) -> None:
        beside = World(store=MemoryStore(beside=lost.world.store))
        beside.random.seed(8)
        ana, bo = lost.device(), beside.bound(BO, after=3)
        ana.session.receive(wire.message(lost.report()))
        bo.session.receive(wire.message(lost.report()))
        lost.world.store.settle()
        assert bo.heard() == [wire.Refused(None, Refusal.GOING)]
        assert ana.heard() == [wire.Restoring(3, 3, True)]

    def test_what_was_loaded_meanwhile_is_loaded_again(self, lost: Lost) -> None:
        beside = World(store=MemoryStore(beside=lost.world.store))
        beside.store.early = True
        bo = beside.connect()
        bo.session.receive(wire.message(bo.bind(BO, 3)))
        ana = lost.restoring()
        while len(beside.store.waiting) < 2:
            beside.store.settle_one()
        beside.store.waiting.rotate(1)
        heard = bo.heard()
        assert heard[1] == wire.Restoring(3, 3, False)
        assert restoring(ana.say(lost.report())).n == 3


class TestOutlines:
    def test_one_that_leads_to_the_head_is_told_to_all(self, lost: Lost) -> None:
        ana, bo = lost.restoring(), lost.device(BO)
        assert ana.say(outline(lost.tail())) == [wire.Restoring(3, 8, True)]
        assert bo.heard() == [wire.Restoring(3, 8, True)]

    def test_in_parts(self, lost: Lost) -> None:
        ana = lost.restoring()
        assert ana.say(outline(lost.tail()[:2])) == []
        assert ana.say(outline(lost.tail()[2:])) == [wire.Restoring(3, 8, True)]

    def test_begun_again(self, lost: Lost) -> None:
        ana = lost.restoring()
        for part in (lost.tail()[:2], lost.tail()[:4]):
            assert ana.say(outline(part)) == []
        assert ana.say(outline(lost.tail())) == [wire.Restoring(3, 8, True)]

    def test_elsewhere_it_hears_where_the_log_stands(self, lost: Lost) -> None:
        ana = lost.restoring()
        assert ana.say(outline(lost.tail()[1:])) == [wire.Restoring(3, 3, True)]

    @pytest.mark.parametrize(
        "links",
        [b"", bytes(LINK - 1), bytes(LINK * 5), bytes(LINK * 6)],
        ids=["empty", "cut", "another log", "beyond the head"],
    )
    def test_what_proves_nothing_closes_and_counts_no_more(self, lost: Lost, links: bytes) -> None:
        ana = lost.restoring()
        assert ana.refused(wire.Outline(4, links)) == (Refusal.MALFORMED, 0)
        assert lost.world.hub.reserve(lost.world.hub.settings.staged)
        lost.world.hub.reserve(-lost.world.hub.settings.staged)
        bo = lost.device(BO)
        assert bo.say(lost.report(3)) == [wire.Restoring(3, 3, False)]

    def test_the_shorter_one_of_two_is_dropped(self, lost: Lost) -> None:
        ana, bo = lost.restoring(), lost.device(BO)
        bo.say(lost.report(5))
        ana.say(outline(lost.tail()))
        assert bo.say(outline(lost.tail()[:2])) == [wire.Restoring(3, 8, True)] * 2
        room = lost.world.hub.settings.staged - 5 * LINK
        assert lost.world.hub.reserve(room) and not lost.world.hub.reserve(1)

    def test_a_longer_one_takes_its_place(self, lost: Lost) -> None:
        bo, ana = lost.device(BO), lost.device()
        bo.say(lost.report(5))
        bo.say(outline(lost.tail()[:2]))
        ana.say(lost.report())
        assert restoring(ana.say(outline(lost.tail()))) == wire.Restoring(3, 8, True)
        room = lost.world.hub.settings.staged - 5 * LINK
        assert lost.world.hub.reserve(room) and not lost.world.hub.reserve(1)

    def test_only_of_who_reported_and_only_while_it_lasts(self, lost: Lost) -> None:
        ana = lost.device()
        assert ana.say(outline(lost.tail())) == []
        lost.restoring(BO)
        ana.heard()
        assert ana.say(outline(lost.tail())) == []

    def test_its_room_is_counted_and_given_back(self) -> None:
        lost = Lost(replace(Settings(), staged=4 * LINK))
        ana = lost.restoring()
        assert ana.say(outline(lost.tail()[:4])) == []
        assert not lost.world.hub.reserve(1)
        assert ana.refused(outline(lost.tail()[4:])) == (Refusal.TOO_FAST, TELL_EVERY)
        assert lost.world.hub.reserve(1)
        lost.world.hub.reserve(-1)
        ana.say(outline(lost.tail()[:4]))
        ana.session.lost()
        assert lost.world.hub.reserve(4 * LINK)


class TestEntries:
    def mended(self, lost: Lost) -> Peer:
        ana = lost.restoring()
        ana.say(outline(lost.tail()))
        return ana

    def test_come_back_as_they_were(self, lost: Lost) -> None:
        ana = self.mended(lost)
        bo = lost.world.bound(BO, after=2)
        bo.heard()
        heard = ana.say(*map(whole, lost.tail()))
        assert restoring(heard) == wire.Restoring(8, 8, True)
        for before, after in zip(lost.held, lost.world.records, strict=True):
            assert after.chain == before.chain and after.body == before.body
        entries = [frame for frame in bo.heard() if isinstance(frame, wire.Entry)]
        assert [entry.n for entry in entries] == [4, 5, 6, 7, 8]
        # Ana's socket goes on under the key that the restored commit put in her old one's place.
        assert ana.session.key == DEE.public

    def test_what_is_not_the_next_or_not_the_one_is_dropped(self, lost: Lost) -> None:
        ana = self.mended(lost)
        first, second = lost.tail()[:2]
        wrong = [
            replace(whole(first), body=b"forged"),
            replace(whole(first), time=first.time + 1),
            replace(whole(first), side_data=b"\x90"),
            whole(second),
            replace(whole(first), n=3),
            replace(whole(first), n=99),
            gone(first),
        ]
        assert ana.say(*wrong) == []
        assert len(lost.world.records) == 3
        assert ana.say(whole(first), whole(first)) == [wire.Restoring(4, 8, True)]

    def test_nothing_is_taken_without_a_restoring_or_an_outline(self, lost: Lost) -> None:
        ana = lost.device()
        assert ana.say(whole(lost.tail()[0])) == []
        ana.say(lost.report())
        assert ana.say(whole(lost.tail()[0])) == []
        assert len(lost.world.records) == 3

    def test_a_flood_of_wrong_ones_is_not_even_looked_at(self, lost: Lost) -> None:
        ana = self.mended(lost)
        wrong = replace(whole(lost.tail()[0]), body=b"forged")
        assert ana.say(*[wrong] * 200) == []
        assert ana.say(whole(lost.tail()[0])) == []
        lost.world.now += MINUTE
        assert ana.say(whole(lost.tail()[0])) == [wire.Restoring(4, 8, True)]

    def test_a_commits_sender_must_have_been_allowed_to(self, lost: Lost) -> None:
        ana = self.mended(lost)
        ana.say(*map(whole, lost.tail()[:3]))
        commit = lost.tail()[3]
        assert ana.say(replace(whole(commit), sender=CAM.public)) == []
        assert restoring(ana.say(whole(commit))).n == 7

    def test_a_sender_whom_nobody_knows_is_the_least_that_may_be(self) -> None:
        lost = Lost()
        ana = self.mended(lost)
        ana.say(*map(whole, lost.tail()[:3]))
        assert restoring(ana.say(replace(whole(lost.tail()[3]), sender=None))).n == 7
        assert lost.world.records[6].sender == BO.public  # anybody may, so it is not the host

    def test_what_only_a_host_may_a_host_has_done(self) -> None:
        world = World()
        ana, bo = world.pair()
        backup = world.store.shelves[CIRCLE].copy()
        ana.say(ana.commit(Cap(3), Remove(BO.public)))
        lost = Lost()
        lost.held, lost.backup = list(world.records), backup
        lost.world = lost.again(world, backup.copy())
        bo = lost.device(BO)
        bo.say(lost.report())
        bo.say(outline(lost.tail()))
        heard = bo.say(replace(whole(lost.tail()[0]), sender=None))
        assert lost.world.records[2].sender == ANA.public
        # Whom the restored commit removes is removed again.
        assert wire.Refused(None, Refusal.REMOVED) in heard

    def test_gone_ones_are_believed_after_a_while(self, lost: Lost) -> None:
        ana = self.mended(lost)
        tail = lost.tail()
        assert ana.say(gone(tail[0])) == []
        lost.world.now += UNTIL_GONE
        assert ana.say(gone(tail[0]), gone(tail[1])) == [wire.Restoring(5, 8, True)]
        assert ana.say(whole(tail[2])) == [wire.Restoring(6, 8, True)]
        records = lost.world.records
        assert [record.body is None for record in records[3:]] == [True, True, False]
        assert records[4].chain == tail[1].chain and records[4].time == records[2].time
        lost.world.now += UNTIL_GONE
        assert ana.say(gone(tail[3])) == [], "a commit is never taken for gone"

    def test_once_they_come_whole_again_gone_ones_are_not(self, lost: Lost) -> None:
        ana = self.mended(lost)
        lost.world.now += UNTIL_GONE
        ana.say(gone(lost.tail()[0]), whole(lost.tail()[1]))
        assert ana.say(gone(lost.tail()[2])) == []

    def test_a_full_disk_takes_none_and_goes_on_later(self, lost: Lost) -> None:
        ana = self.mended(lost)
        lost.world.store.full = True
        assert ana.say(*map(whole, lost.tail())) == [wire.Restoring(3, 8, True)]
        lost.world.store.full = False
        assert restoring(ana.say(*map(whole, lost.tail()))).n == 8

    def test_after_one_that_failed_nothing_is_built_upon_it(self, lost: Lost) -> None:
        ana = self.mended(lost)
        lost.world.store.full = True
        ana.session.receive(wire.message(*map(whole, lost.tail()[:2])))
        lost.world.store.settle_one()
        ana.session.receive(wire.message(whole(lost.tail()[2])))
        lost.world.store.full = False
        assert ana.heard()[-1] == wire.Restoring(3, 8, True)
        assert len(lost.world.records) == 3

    def test_a_broken_disk_ends_the_relay(self, lost: Lost) -> None:
        ana = self.mended(lost)
        lost.world.store.fail()
        assert wire.Refused(None, Refusal.BROKEN) in ana.say(whole(lost.tail()[0]))

    def test_invites_are_known_again_and_lost_cards_answer_as_revoked(self) -> None:
        world = World()
        ana, _ = world.pair()
        backup = world.store.shelves[CIRCLE].copy()
        ana.say(*ana.stage(b"card 1"), ana.commit(invite(1, card=b"card 1")))
        lost = Lost()
        lost.held, lost.backup = list(world.records), backup
        world.store.invites.pop((1).to_bytes(16))
        lost.world = lost.again(world, backup.copy())
        ana = lost.restoring()
        ana.say(outline(lost.tail()))
        assert restoring(ana.say(whole(lost.tail()[0]))).n == 3
        guest = lost.world.connect()
        assert guest.refused(guest.guest(1)) == (Refusal.INVITE_REVOKED, 0)
        assert lost.world.hub.broken is None
        assert isinstance(lost.world.connect().say(guest.guest(0))[0], wire.Refused)
        known = lost.world.connect()
        assert known.one(wire.Card, known.guest(0)).card == CARD

    def test_a_guest_asks_again_when_it_is_over(self, lost: Lost) -> None:
        lost.restoring()
        guest = lost.world.connect()
        guest.one(wire.Card, guest.guest(0))
        assert guest.refused(wire.Request(b"i" * 16, b"let me in")) == RESTORING


class TestItsEnd:
    def whole_again(self, lost: Lost, *peers: Peer) -> Peer:
        ana = lost.restoring()
        ana.say(outline(lost.tail()), *map(whole, lost.tail()))
        return ana

    def test_comes_when_everybody_has_reported(self, lost: Lost) -> None:
        ana = self.whole_again(lost)
        bo = lost.device(BO)
        assert bo.say(lost.report(3))[-1] == wire.Restored()
        assert ana.heard()[-1] == wire.Restored()
        assert lost.world.store.shelves[CIRCLE].complete
        again = lost.device(BO)
        again.one(wire.Done, again.append())
        assert lost.world.hub.reserve(lost.world.hub.settings.staged)

    def test_a_hosts_word_is_enough_after_two_minutes(self, lost: Lost) -> None:
        ana = self.whole_again(lost)
        lost.world.now += AT_LEAST - 1
        lost.world.hub.tick()
        assert wire.Restored() not in ana.heard()
        lost.world.now += 1
        lost.world.hub.tick()
        assert ana.heard()[-1] == wire.Restored()

    def test_without_a_host_a_circle_waits_for_a_day(self, lost: Lost) -> None:
        bo = lost.restoring(BO)
        heard = bo.say(outline(lost.tail()), *map(whole, lost.tail()))
        assert restoring(heard) == wire.Restoring(8, 8, False)
        lost.world.now += DAY - 1
        lost.world.hub.tick()
        assert wire.Restored() not in bo.heard()
        lost.world.now += 1
        lost.world.hub.tick()
        assert bo.heard()[-1] == wire.Restored()

    def test_what_nobody_hands_in_is_given_up(self, lost: Lost) -> None:
        ana = lost.restoring()
        ana.say(outline(lost.tail()), whole(lost.tail()[0]))
        lost.world.now += STALLED - 1
        lost.world.hub.tick()
        assert restoring(ana.heard()) == wire.Restoring(4, 8, True)
        lost.world.now += 1
        lost.world.hub.tick()
        assert ana.heard()[-1] == wire.Restored()
        assert len(lost.world.records) == 4

    def test_whoever_waits_is_told_every_few_seconds(self, lost: Lost) -> None:
        ana = lost.restoring()
        lost.world.now += TELL_EVERY - 1
        lost.world.hub.tick()
        assert ana.heard() == []
        lost.world.now += 1
        lost.world.hub.tick()
        assert ana.heard() == [wire.Restoring(3, 3, True)]

    def test_then_a_head_of_before_comes_too_late(self, lost: Lost) -> None:
        lost.world.now += 0
        ana = lost.device()
        ana.say(lost.report())
        lost.world.now += STALLED
        lost.world.hub.tick()
        assert ana.heard()[-1] == wire.Restored()
        late = lost.device(BO)
        assert late.say(lost.report()) == []
        assert lost.world.store.shelves[CIRCLE].complete

    def test_a_relay_that_was_put_back_twice_begins_a_third(self, lost: Lost) -> None:
        self.whole_again(lost)
        lost.device(BO).say(lost.report(3))
        second = lost.world.store.shelves[CIRCLE].incarnation
        lost.world = lost.again(lost.world, lost.backup.copy())
        ana = lost.device()
        head = Head.sign(RELAY, CIRCLE, second, 8, lost.held[7].chain)
        report = wire.Report(head.incarnation, head.n, head.hash, head.signature)
        assert ana.say(report) == [wire.Restoring(3, 3, True)]
        assert ana.say(lost.report()) == [wire.Restoring(3, 3, True)]

    def test_it_goes_on_after_the_relay_was_killed(self, lost: Lost) -> None:
        ana = lost.restoring()
        ana.say(outline(lost.tail()), *map(whole, lost.tail()[:2]))
        ana.session.receive(wire.message(*map(whole, lost.tail()[2:4])))
        lost.world.store.settle_one()
        lost.world.store.waiting.clear()
        incarnation = lost.world.store.shelves[CIRCLE].incarnation
        lost.world = lost.again(lost.world)
        ana = lost.world.connect()
        bound, told, _ = ana.say(ana.bind(ANA, 8))
        assert isinstance(bound, wire.Bound) and bound.incarnation == incarnation
        assert told == wire.Restoring(6, 6, False)
        assert ana.say(lost.report()) == [wire.Restoring(6, 6, True)]
        ana.say(outline(lost.tail(6)), *map(whole, lost.tail(6)))
        assert [record.chain for record in lost.world.records] == [r.chain for r in lost.held]

    def test_the_end_is_on_the_disk_before_it_is_told(self, lost: Lost) -> None:
        ana = self.whole_again(lost)
        lost.world.now += AT_LEAST
        lost.world.store.full = True
        lost.world.hub.tick()
        assert wire.Restored() not in ana.heard()
        lost.world.store.full = False
        lost.world.hub.tick()
        lost.world.hub.tick()
        assert ana.heard()[-1] == wire.Restored()
        asked = [i for i in lost.world.store.submitted if isinstance(i, Complete)]
        assert len(asked) == 2

    def test_another_relay_ended_it(self, lost: Lost) -> None:
        ana = self.whole_again(lost)
        beside = World(store=MemoryStore(beside=lost.world.store))
        beside.now = lost.world.now + AT_LEAST
        lost.world.now += AT_LEAST
        bo = beside.connect()
        bo.say(bo.bind(DEE, 8))
        assert bo.say(lost.report())[-1] == wire.Restored()
        assert wire.Refused(None, Refusal.GOING) in ana.heard()

    def test_a_third_incarnation_by_then_is_a_reason_to_look_again(self, lost: Lost) -> None:
        ana = self.whole_again(lost)
        lost.world.now += AT_LEAST
        lost.world.hub.tick()
        shelf = lost.world.store.shelves[CIRCLE]
        shelf.restarts.append(Restart(CIRCLE, shelf.incarnation, b"3" * 16, lost.world.now))
        assert wire.Refused(None, Refusal.GOING) in ana.heard()

    def test_a_circle_that_nobody_is_in_leaves_the_memory(self, lost: Lost) -> None:
        ana = lost.restoring()
        ana.say(outline(lost.tail()))
        ana.session.lost()
        lost.world.now += IDLE
        lost.world.hub.tick()
        assert CIRCLE not in lost.world.hub.circles
        assert lost.world.hub.reserve(lost.world.hub.settings.staged)

    def test_beats_and_acks_go_on(self, lost: Lost) -> None:
        ana = lost.restoring()
        assert ana.say(wire.Beat(b"beat"), wire.Ack(3)) == []
        assert any(isinstance(i, Beat) for i in lost.world.store.submitted)


class TestHeads:
    def test_stand_before_the_commit_for_whoever_reads_along(self) -> None:
        world = World()
        ana, bo = world.pair()
        ana.heard()
        bo.heard()
        ana.vouched.clear()
        bo.vouched.clear()
        commit = ana.commit()
        ana.one(wire.Done, commit)
        assert [type(frame) for frame in bo.heard()] == [wire.Entry]
        for peer in (ana, bo):
            (head,) = peer.vouched
            assert (head.n, head.hash) == (3, world.records[2].chain)
        # Asked again, the proof comes again too.
        assert ana.one(wire.Done, commit).n == 3
        assert len(ana.vouched) == 2
        world.hub.tick()
        assert bo.heard() == [], "what was vouched for is not vouched for again"

    def test_none_are_signed_while_the_log_is_incomplete(self, lost: Lost) -> None:
        bo = lost.world.bound(BO, after=3)
        ana = lost.restoring()
        ana.say(outline(lost.tail()), *map(whole, lost.tail()))
        lost.world.hub.tick()
        assert not [frame for frame in bo.heard() if isinstance(frame, wire.Head)]
        assert bo.vouched == []
        known = lost.device(DEE)
        again = wire.Commit(lost.world.records[6].idempotency_id, 7, b"", b"\x90")
        assert [type(frame) for frame in known.say(again)] == [wire.Done]


def test_an_admission_that_was_lost_lets_its_device_bind_once_it_is_back() -> None:
    world = World()
    ana, _ = world.pair()
    backup = world.store.shelves[CIRCLE].copy()
    ana.say(ana.commit(admit(CAM)))
    lost = Lost()
    lost.held, lost.backup = list(world.records), backup
    lost.world = lost.again(world, backup.copy())
    cam = lost.world.connect()
    assert cam.refused(cam.bind(CAM, 3)) == FORBIDDEN
    ana = lost.restoring()
    ana.say(outline(lost.tail()), *map(whole, lost.tail()))
    lost.device(CAM)
