"""A circle with sockets on it: fan-out, pipelining, other writers, and what a commit does to who is
connected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.access.log import Head, Kind
from crypto.access.side_data import AddDevice, Delta, Remove, RevokeInvite
from relay import wire
from relay.circles import ANSWERS_KEPT
from relay.limits import DAY, QUEUE_LIMIT, Settings
from relay.live import GUESTS_LIMIT, NO_SPACE_WAIT
from relay.store.contract import Append, Cursor, Dismiss, Forget
from relay.wire import FromRelay, Refusal
from tests.relay.memory import MemoryStore
from tests.relay.people import (
    ANA,
    BO,
    CAM,
    CIRCLE,
    DEE,
    NOW,
    admit,
    depart,
    invite,
    invite_id,
    rekey,
)
from tests.relay.world import Peer, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def two(world: World) -> tuple[Peer, Peer]:
    ana, bo = world.pair()
    ana.heard()
    bo.heard()
    return ana, bo


def guest(world: World, number: int = 0) -> Peer:
    peer = world.connect()
    peer.one(wire.Card, peer.guest(number))
    return peer


class TestFanOut:
    def test_the_sender_hears_done_and_the_others_the_entry(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        append = ana.append(body=b"hello Bo")
        assert ana.say(append) == [wire.Done(append.idempotency_id, 3, world.now)]
        assert bo.heard() == [wire.Entry(3, Kind.MESSAGE, world.now, b"hello Bo", b"")]

    def test_all_readers_are_given_the_same_bytes(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        again = world.bound(BO)
        ana.say(ana.append())
        assert bo.line.sent[-1] is again.line.sent[-1]

    def test_another_socket_of_the_sender_hears_the_entry(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, other = two[0], world.bound(ANA)
        ana.say(ana.append())
        assert [type(frame) for frame in other.heard()] == [wire.Entry]

    def test_nothing_is_heard_before_it_is_on_disk(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        ana.session.receive(wire.message(ana.append()))
        assert (ana.line.sent, bo.line.sent) == ([], [])
        assert (len(ana.heard()), len(bo.heard())) == (1, 1)

    def test_guests_hear_no_entries(self, world: World, two: tuple[Peer, Peer]) -> None:
        peer = guest(world)
        two[0].say(two[0].append())
        assert peer.heard() == []

    def test_a_reader_that_is_too_slow_in_the_middle_of_it(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        last = world.bound(BO)

        class Full:
            pending = QUEUE_LIMIT

            def send(self, frame: bytes) -> None:
                bo.line.send(frame)
                bo.session.too_slow()

            def close(self) -> None:
                bo.line.close()

        bo.session.outlet = Full()
        ana.say(ana.append())
        assert [type(frame) for frame in bo.heard()] == [wire.Entry, wire.Refused]
        assert [type(frame) for frame in last.heard()] == [wire.Entry]
        ana.say(ana.append())
        assert bo.heard() == []

    def test_it_is_counted(self, world: World, two: tuple[Peer, Peer]) -> None:
        before = world.hub.statistics.ordered, world.hub.statistics.delivered
        two[0].say(two[0].append())
        after = world.hub.statistics.ordered, world.hub.statistics.delivered
        assert after == (before[0] + 1, before[1] + 2)


class TestPipelining:
    def test_wishes_do_not_wait_for_each_others_fsync(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        submitted = len(world.store.submitted)
        for number in range(5):
            ana.session.receive(wire.message(ana.append(body=bytes((number,)))))
            bo.session.receive(wire.message(bo.append(body=bytes((number + 10,)))))
        assert [
            intention.record.n
            for intention in world.store.submitted[submitted:]
            if isinstance(intention, Append)
        ] == list(range(3, 13))
        assert [type(frame) for frame in bo.heard()] == [wire.Entry, wire.Done] * 5
        assert [record.n for record in world.records] == list(range(1, 13))

    def test_a_message_behind_a_commit_that_is_under_way_is_stale(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        late = bo.append()
        ana.session.receive(wire.message(ana.commit()))
        bo.session.receive(wire.message(late))
        assert [type(frame) for frame in bo.heard()] == [wire.Entry, wire.Refused]

    def test_one_wish_twice_is_one_entry(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        again = world.bound(ANA)
        append = ana.append()
        ana.session.receive(wire.message(append, append))
        again.session.receive(wire.message(append))
        done = wire.Done(append.idempotency_id, 3, world.now)
        assert (ana.heard(), again.heard()) == ([done, done], [done])
        assert ana.say(append) == [done]
        assert len(world.records) == 3

    def test_a_wish_of_long_ago_is_found_in_the_store(self, world: World) -> None:
        """Even where it would be refused today."""
        ana, _ = world.pair()
        old = ana.append()
        ana.say(old)
        for _ in range(ANSWERS_KEPT):
            world.store.write_elsewhere(world.elsewhere(ANA), tell=False)
        world.store.write_elsewhere(world.elsewhere(ANA, b"commit", AddDevice(DEE.public)))
        ana.heard()
        assert ana.say(old) == [wire.Done(old.idempotency_id, 3, NOW + 60_000)]
        assert ana.refused(replace(old, idempotency_id=b"another" + bytes(9)))[0] == Refusal.STALE


class TestOtherWriters:
    def test_their_entries_are_read_and_told(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        for _ in range(3):
            world.store.write_elsewhere(world.elsewhere(CAM))
        heard = [wire.Entry(n, Kind.MESSAGE, world.now, b"from elsewhere", b"") for n in (3, 4, 5)]
        assert (ana.heard(), bo.heard()) == (heard, heard)
        ana.one(wire.Done, ana.append())

    def test_a_lost_race_is_run_again(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        first, second = ana.append(), bo.append()
        world.store.write_elsewhere(world.elsewhere(CAM), tell=False)
        ana.session.receive(wire.message(first))
        bo.session.receive(wire.message(second))
        assert [type(frame) for frame in ana.heard()] == [wire.Entry, wire.Done, wire.Entry]
        assert [type(frame) for frame in bo.heard()] == [wire.Entry, wire.Entry, wire.Done]
        assert [record.idempotency_id for record in world.records[3:]] == [
            first.idempotency_id,
            second.idempotency_id,
        ]

    def test_wishes_that_come_meanwhile_wait_their_turn(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        first, second = ana.append(), bo.append()
        world.store.write_elsewhere(world.elsewhere(CAM), tell=False)
        ana.session.receive(wire.message(first))
        world.store.settle_one()
        bo.session.receive(wire.message(second))
        bo.heard()
        assert [record.idempotency_id for record in world.records[3:]] == [
            first.idempotency_id,
            second.idempotency_id,
        ]

    def test_a_race_that_is_lost_to_a_commit_makes_it_stale(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, _ = two
        append = ana.append()
        world.store.write_elsewhere(
            world.elsewhere(BO, b"commit", AddDevice(DEE.public)), tell=False
        )
        heard = ana.say(append)
        assert heard[1:] == [wire.Refused(append.idempotency_id, Refusal.STALE, 3)]
        world.bound(DEE)

    def test_being_told_while_something_is_under_way(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, _ = two
        world.store.write_elsewhere(world.elsewhere(CAM))
        world.store.write_elsewhere(world.elsewhere(CAM))
        world.store.write_elsewhere(world.elsewhere(CAM))
        world.store.waiting.rotate(1)
        ana.session.receive(wire.message(ana.append()))
        assert [type(frame) for frame in ana.heard()] == [wire.Entry] * 3 + [wire.Done]

    def test_what_another_node_ordered_of_ours_is_done(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        elsewhere = world.elsewhere(ANA)
        append = replace(ana.append(), idempotency_id=elsewhere.record.idempotency_id)
        world.store.write_elsewhere(elsewhere, tell=False)
        entry, done = ana.say(append)
        assert done == wire.Done(append.idempotency_id, 3, world.now)
        assert isinstance(entry, wire.Entry) and entry.n == 3
        assert [type(frame) for frame in bo.heard()] == [wire.Entry]
        assert ana.say(append) == [done]

    def test_what_is_built_upon_our_own_record_that_another_node_had_too(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        """Ana's line moved: both nodes had the same frame from her, and made the same record."""
        ana, bo = two
        append, after = ana.append(body=b"the same"), bo.append()
        same = world.elsewhere(ANA, b"the same", idempotency_id=append.idempotency_id)
        world.store.write_elsewhere(same, tell=False)
        ana.session.receive(wire.message(append))
        bo.session.receive(wire.message(after))
        done = wire.Done(after.idempotency_id, 4, world.now)
        assert [type(frame) for frame in bo.heard()] == [wire.Entry, wire.Done]
        assert [type(frame) for frame in ana.heard()] == [wire.Entry, wire.Done, wire.Entry]
        assert bo.say(after) == [done]
        assert [record.n for record in world.records] == [1, 2, 3, 4]

    def test_being_told_while_the_missed_are_read(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, _ = two
        world.store.early = True
        world.store.write_elsewhere(world.elsewhere(CAM))
        world.store.settle_one()
        world.store.settle_one()
        # The answer that there is nothing more is on its way when there is something more.
        world.store.write_elsewhere(world.elsewhere(CAM))
        assert len(world.store.waiting) == 2
        world.store.waiting.rotate(1)
        assert [frame.n for frame in ana.heard() if isinstance(frame, wire.Entry)] == [3, 4]

    def test_nothing_new_is_nothing(self, world: World, two: tuple[Peer, Peer]) -> None:
        world.hub._moved(CIRCLE, 2)
        world.hub._moved(b"?" * 16, 9)
        assert not world.store.waiting


class TestBinding:
    def test_is_told_where_the_log_stands(self, world: World, two: tuple[Peer, Peer]) -> None:
        peer = world.connect()
        bound = peer.say(peer.bind(ANA))[0]
        assert isinstance(bound, wire.Bound)
        record = world.records[-1]
        assert (bound.n, bound.hash, bound.handshake, bound.whole) == (2, record.chain, 2, 1)
        assert (bound.chairs, bound.cap) == (2, 8)
        assert isinstance(peer.hello, wire.Hello)
        head = Head(bound.incarnation, bound.n, bound.hash, bound.signature)
        assert head.verify(CIRCLE, peer.hello.relay_key)

    def test_the_oldest_of_too_many_sockets_closes(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        more = [world.bound(BO) for _ in range(3)]
        assert bo.heard() == []
        more.append(world.bound(BO))
        assert bo.heard() == [wire.Refused(None, Refusal.CROWDED)]
        assert bo.line.closed
        assert not any(peer.line.closed for peer in (ana, *more))

    def test_beats_of_the_others_follow(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        ana.say(wire.Beat(b"old"), wire.Beat(b"new"))
        assert bo.say(wire.Beat(b"Bo's")) == [
            wire.BeatOf(ANA.public, b"old"),
            wire.BeatOf(ANA.public, b"new"),
        ]
        for one in (world, World(store=world.store)):
            peer = one.connect()
            assert peer.say(peer.bind(BO, 2))[1:] == [
                wire.CaughtUp(2),
                wire.BeatOf(ANA.public, b"new"),
            ]

    def test_what_is_ephemeral_reaches_the_others_alone(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        other = world.bound(ANA)
        assert ana.say(wire.Ephemeral(b"typing")) == []
        assert bo.heard() == [wire.EphemeralOf(ANA.public, b"typing")]
        assert other.heard() == []


class TestHeads:
    def test_come_when_the_log_has_moved(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        world.hub.tick()
        ana.heard()
        bo.heard()
        world.hub.tick()
        assert bo.heard() == []
        ana.say(ana.append(), ana.append())
        bo.heard()
        world.hub.tick()
        (head,) = bo.heard()
        assert isinstance(head, wire.Head) and isinstance(bo.hello, wire.Hello)
        assert (head.n, head.hash) == (4, world.records[-1].chain)
        signed = Head(head.incarnation, head.n, head.hash, head.signature)
        assert signed.verify(CIRCLE, bo.hello.relay_key)


class TestCommits:
    def test_who_is_removed_reads_so_and_is_closed(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        bo.say(wire.Beat(b"beat"), wire.Ack(2))
        ana.heard()
        ana.one(wire.Done, ana.commit(Remove(BO.public)))
        entry, refused = bo.heard()
        assert isinstance(entry, wire.Entry) and entry.n == 3
        assert refused == wire.Refused(None, Refusal.REMOVED)
        assert bo.line.closed and not ana.line.closed
        assert Dismiss(CIRCLE, BO.public) in world.store.submitted
        shelf = world.store.shelves[CIRCLE]
        assert (shelf.beats, shelf.cursors) == ({}, {})
        peer = world.connect()
        assert peer.refused(peer.bind(BO)) == (Refusal.REMOVED, 0)

    def test_a_message_under_way_behind_a_removal_is_stale(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        late = bo.append()
        ana.session.receive(wire.message(ana.commit(Remove(BO.public))))
        bo.session.receive(wire.message(late))
        assert [type(frame) for frame in bo.heard()][-1] == wire.Refused
        assert len(world.records) == 3

    def test_a_replaced_key_keeps_its_sockets_and_cursor(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        bo.say(wire.Ack(1), wire.Beat(b"beat"))
        ana.heard()
        ana.one(wire.Done, ana.commit(rekey(BO, CAM)))
        assert not bo.line.closed
        assert bo.session.key == CAM.public
        world.hub.tick()
        bo.heard()
        assert world.store.shelves[CIRCLE].cursors == {CAM.public: 1}
        assert world.store.shelves[CIRCLE].beats == {}

    def test_an_old_key_binds_until_the_new_one_acknowledged(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        ana.one(wire.Done, ana.commit(rekey(BO, CAM)))
        bo.session.lost()
        back = world.bound(BO, 2)
        assert back.session.key == CAM.public
        back.say(wire.Ack(3))
        late = world.connect()
        assert late.refused(late.bind(BO)) == (Refusal.REMOVED, 0)
        world.bound(CAM)

    def test_a_key_with_no_cursor_leaves_none(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        ana.one(wire.Done, ana.commit(rekey(BO, CAM)))
        world.hub.tick()
        ana.heard()
        assert not any(isinstance(each, Cursor) for each in world.store.submitted)


class TestGuests:
    def test_hear_who_came_in(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        peer = guest(world)
        ana.one(wire.Done, ana.commit(admit(CAM)))
        assert peer.heard() == [wire.Answer(0)]
        assert not peer.line.closed
        ana.one(wire.Done, ana.commit(admit(DEE)))
        assert peer.heard() == [wire.Answer(0), wire.Answer(Refusal.INVITE_USED)]
        assert peer.line.closed

    @pytest.mark.parametrize("ends", [RevokeInvite(invite_id(0)), depart(BO), Remove(BO.public)])
    def test_hear_that_it_was_withdrawn(
        self, world: World, two: tuple[Peer, Peer], ends: Delta
    ) -> None:
        peer = guest(world)
        two[0].one(wire.Done, two[0].commit(ends))
        assert peer.heard() == [wire.Answer(Refusal.INVITE_REVOKED)]
        assert peer.line.closed

    def test_hear_nothing_of_other_invites(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, _ = two
        peer = guest(world)
        ana.one(wire.Done, ana.commit(invite(1)))
        ana.one(wire.Done, ana.commit(RevokeInvite(invite_id(1))))
        assert peer.heard() == []

    def test_are_few(self, world: World, two: tuple[Peer, Peer]) -> None:
        peers = [guest(world) for _ in range(GUESTS_LIMIT)]
        peer = world.connect()
        assert peer.refused(peer.guest()) == (Refusal.CROWDED, 0)
        peers[0].session.lost()
        assert peer.one(wire.Card, peer.guest()).chairs == 2


class TestRetention:
    def test_is_asked_for_as_long_as_it_finds_something(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        ana.say(ana.append(body=bytes(1000)), ana.append())
        ana.say(wire.Ack(4))
        bo.say(wire.Ack(4))
        world.now += 2 * DAY
        live = world.hub.circles[CIRCLE]
        before = live.confirmed.size
        live.tidy(world.now)
        ana.heard()
        asked = [each for each in world.store.submitted if isinstance(each, Forget)]
        assert len(asked) == 2 and asked[0].acknowledged == 4
        assert [record.body for record in world.records] == [None] * 4
        assert live.confirmed.size < before - 1000
        assert live.first_whole == 5
        ana.one(wire.Done, ana.append())
        assert live.confirmed.size == world.store.shelves[CIRCLE].size()

    def test_what_is_under_way_keeps_its_size(self) -> None:
        world = World(replace(Settings(), circle_size=2000))
        ana, _ = world.pair()
        live = world.hub.circles[CIRCLE]
        room = 2000 - live.confirmed.size
        live.tidy(world.now)
        ana.session.receive(wire.message(ana.append(body=bytes(room))))
        # The answer on what was tidied comes while the message is on its way.
        world.store.settle_one()
        done, refused = ana.say(ana.append(body=b"!"))
        assert isinstance(done, wire.Done)
        assert isinstance(refused, wire.Refused) and refused.code == Refusal.TOO_LARGE

    def test_a_store_that_forgot_the_circle_is_left_alone(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        world.store.shelves.clear()
        world.hub.circles[CIRCLE].tidy(world.now)
        world.store.settle()
        assert world.hub.broken is None


class TestBroken:
    def hears(self, peer: Peer) -> list[FromRelay]:
        assert peer.line.closed
        return peer.heard()

    @pytest.mark.parametrize("who", ["append", "refused", "moved", "beat"])
    def test_nothing_is_promised_any_more(
        self, world: World, two: tuple[Peer, Peer], who: str
    ) -> None:
        ana, bo = two
        elsewhere = world.elsewhere(CAM)
        if who == "moved":
            world.store.write_elsewhere(elsewhere)
        world.store.fail()
        if who == "append":
            ana.session.receive(wire.message(ana.append()))
        if who == "refused":
            ana.session.receive(wire.message(ana.append(handshake=0)))
        if who == "beat":
            ana.session.receive(wire.message(wire.Beat(b"beat")))
            bo.line.sent.clear()
        world.store.settle()
        broken = [wire.Refused(None, Refusal.BROKEN)]
        assert (self.hears(ana)[-1:], self.hears(bo)[-1:]) == (broken, broken)
        assert world.hub.broken == "the disk is gone"

    def test_a_store_that_lost_the_circle(self, world: World, two: tuple[Peer, Peer]) -> None:
        ana, bo = two
        append = ana.append()
        world.store.shelves.clear()
        assert ana.say(append)[-1] == wire.Refused(None, Refusal.BROKEN)
        assert self.hears(bo)
        assert world.hub.broken == "the store does not know a circle that it loaded"


class TestFullDisk:
    """What finds no room is refused by its name; nobody is sent away, and nothing is forgotten."""

    def test_who_reads_goes_on_and_who_writes_is_told_when_to_come_again(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        before = len(world.records)
        world.store.full = True
        append = ana.append()
        refused = wire.Refused(append.idempotency_id, Refusal.NO_SPACE, NO_SPACE_WAIT)
        assert ana.say(append) == [refused]
        world.now += 4_000
        refused = replace(refused, number=NO_SPACE_WAIT - 4_000)
        assert ana.say(append) == [refused], "and the disk is not asked again so soon"
        commit = bo.commit()
        assert bo.say(commit) == [replace(refused, idempotency_id=commit.idempotency_id)]
        assert world.hub.broken is None
        cam = world.bound(ANA, after=0)
        assert not cam.line.closed
        assert (ana.heard(), bo.heard(), len(world.records)) == ([], [], before)

        world.now += NO_SPACE_WAIT
        assert ana.refused(append) == (Refusal.NO_SPACE, NO_SPACE_WAIT)
        world.store.full = False
        world.now += NO_SPACE_WAIT
        assert ana.one(wire.Done, append).n == before + 1
        (entry,) = bo.heard()
        assert isinstance(entry, wire.Entry) and entry.n == before + 1

    def test_nothing_of_a_sender_overtakes_what_found_no_room(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        before = len(world.records)
        mine, theirs = [ana.append() for _ in range(4)], bo.append()
        world.store.full = True
        ana.session.receive(wire.message(*mine[:2]))
        bo.session.receive(wire.message(theirs))
        world.store.settle_one()
        world.store.full = False  # from here on there would be room for the second
        ana.session.receive(wire.message(mine[2]))
        refused = [*ana.heard(), *bo.heard(), *ana.say(mine[3])]
        assert refused == [
            wire.Refused(each.idempotency_id, Refusal.NO_SPACE, NO_SPACE_WAIT)
            for each in (*mine[:3], theirs, mine[3])
        ]
        world.now += NO_SPACE_WAIT
        done = [frame for frame in ana.say(*mine) if isinstance(frame, wire.Done)]
        assert [each.idempotency_id for each in done] == [each.idempotency_id for each in mine]
        assert [each.n for each in done] == list(range(before + 1, before + 5))

    def test_a_commit_without_room_changes_nothing(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        world.store.full = True
        removal = ana.commit(Remove(BO.public))
        assert ana.refused(removal) == (Refusal.NO_SPACE, NO_SPACE_WAIT)
        world.store.full = False
        world.now += NO_SPACE_WAIT
        assert isinstance(bo.say(bo.append())[-1], wire.Done), "Bo is in"
        assert not bo.line.closed

    def test_cursors_are_kept_once_there_is_room(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, _ = two
        n = len(world.records)
        live = world.hub.circles[CIRCLE]
        world.store.full = True
        ana.say(wire.Ack(n))
        live.tick(world.now)
        world.store.settle()
        submitted = len(world.store.submitted)
        live.tick(world.now + NO_SPACE_WAIT - 1)
        assert len(world.store.submitted) == submitted, "not every second"
        assert not live.idle(world.now + DAY, 0)
        world.store.full = False
        live.tick(world.now + NO_SPACE_WAIT)
        world.store.settle()
        assert world.store.shelves[CIRCLE].cursors[ANA.public] == n

    def test_a_cursor_whose_device_is_gone_meanwhile_is_not_kept(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        live = world.hub.circles[CIRCLE]
        bo.say(wire.Ack(len(world.records)))
        ana.session.receive(wire.message(ana.commit(Remove(BO.public))))
        live.keep_cursors()
        world.store.settle_one()  # Bo is removed
        world.store.full = True
        world.store.settle()
        world.store.full = False
        live.tick(world.now + NO_SPACE_WAIT)
        world.store.settle()
        assert BO.public not in live.cursors
        assert BO.public not in world.store.shelves[CIRCLE].cursors

    def test_what_a_device_left_behind_is_not_shown_when_it_is_gone(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        bo.say(wire.Beat(b"beat"), wire.Ack(len(world.records)))
        world.hub.circles[CIRCLE].tick(world.now)
        world.store.settle()
        ana.session.receive(wire.message(ana.commit(Remove(BO.public))))
        world.store.settle_one()
        world.store.full = True  # for what follows the commit: that Bo is dismissed
        world.store.settle()
        world.store.full = False
        assert BO.public in world.store.shelves[CIRCLE].beats
        again = World(store=MemoryStore(beside=world.store))
        peer = again.bound(ANA)
        assert not [frame for frame in peer.heard() if isinstance(frame, wire.BeatOf)]
        assert BO.public not in again.hub.circles[CIRCLE].cursors

    def test_a_beat_or_a_round_of_retention_without_room_costs_nobody_the_relay(
        self, world: World, two: tuple[Peer, Peer]
    ) -> None:
        ana, bo = two
        world.store.full = True
        ana.say(wire.Beat(b"beat"))
        assert bo.heard() == [wire.BeatOf(ANA.public, b"beat")]
        world.hub.circles[CIRCLE].tidy(world.now)
        world.store.settle()
        assert world.hub.broken is None
