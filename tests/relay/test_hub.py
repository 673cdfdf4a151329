"""The whole relay in memory: who is let in and who is not, deadlines, rendezvous, retention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.access.binding import create_statement
from crypto.access.side_data import Cap, Delta, ReplaceCard, RevokeInvite
from crypto.primitives import sha256
from relay import wire
from relay.hub import IDLE, ROUND
from relay.limits import DAY, HOUR, MINUTE, SECOND, Rate, Settings
from relay.live import NO_SPACE_WAIT
from relay.session import State
from relay.store.contract import Creation, Forget
from relay.wire import FromClient, Refusal
from tests.relay.people import (
    ANA,
    BO,
    CAM,
    CARD,
    CIRCLE,
    DEE,
    GUEST,
    HOST,
    NOW,
    SIGNING,
    admit,
    depart,
    invite,
    invite_id,
)
from tests.relay.world import FORBIDDEN, Line, Peer, World


@pytest.fixture
def world() -> World:
    return World()


class TestHello:
    def test_greets_with_a_fresh_nonce_and_its_key(self, world: World) -> None:
        one, other = world.connect(), world.connect()
        assert isinstance(one.hello, wire.Hello) and isinstance(other.hello, wire.Hello)
        assert one.hello.nonce != other.hello.nonce
        assert one.hello.relay_key == other.hello.relay_key == world.hub.key.public
        assert one.hello.now == NOW

    def test_a_stranger_has_five_seconds(self, world: World) -> None:
        silent, hasty = world.connect(), world.connect()
        world.founded()
        hasty.say(hasty.bind(ANA))
        world.now += 5 * SECOND - 1
        world.hub.tick()
        assert silent.heard() == []
        world.now += 1
        world.hub.tick()
        assert silent.heard() == [wire.Refused(None, Refusal.TOO_SLOW)]
        assert silent.line.closed and not hasty.line.closed
        assert silent.session not in world.hub.sessions

    def test_so_has_one_that_was_refused(self, world: World) -> None:
        world.founded()
        peer = world.connect()
        assert peer.refused(peer.create()) == (Refusal.EXISTS, 0)
        world.now += 5 * SECOND
        world.hub.tick()
        assert peer.heard() == [wire.Refused(None, Refusal.TOO_SLOW)]

    def test_and_one_that_is_kept_waiting_by_the_store(self, world: World) -> None:
        world.pair()
        peer = world.connect()
        peer.session.receive(wire.message(peer.guest()))
        assert peer.session.state is State.ENTERING
        world.now += 5 * SECOND
        world.hub.tick()
        assert peer.heard() == [wire.Refused(None, Refusal.TOO_SLOW)]


class TestCreate:
    def test_the_founder_is_bound(self, world: World) -> None:
        peer = world.connect()
        bound, end = peer.say(peer.create(cap=5))
        assert isinstance(bound, wire.Bound)
        assert (bound.n, bound.hash, bound.handshake, bound.whole) == (0, bytes(32), 0, 1)
        assert (bound.chairs, bound.cap) == (1, 5)
        assert end == wire.CaughtUp(0)
        creation = world.store.shelves[CIRCLE].creation
        assert creation == Creation(CIRCLE, ANA.public, 5, NOW, bound.incarnation)

    def test_once(self, world: World) -> None:
        world.founded()
        peer = world.connect()
        assert peer.refused(peer.create()) == (Refusal.EXISTS, 0)
        assert isinstance(peer.say(peer.bind(ANA))[0], wire.Bound)

    def test_is_refused_without_a_good_signature(self, world: World) -> None:
        for attempt in range(3):
            peer = world.connect()
            good = peer.create()
            wrong = [
                replace(good, circle_id=bytes(16)),
                replace(good, access_key=bytes(32)),
                replace(good, signature=bytes(64)),
            ]
            assert peer.refused(wrong[attempt]) == FORBIDDEN
            assert peer.line.closed and not world.store.shelves

    def test_the_cap_is_signed(self, world: World) -> None:
        peer = world.connect()
        assert peer.refused(replace(peer.create(5), cap=6)) == FORBIDDEN

    def test_an_operators_token(self) -> None:
        world = World(create="token")
        world.store.issue("good")
        world.store.issue("old", until=world.now)
        peer = world.connect()
        assert peer.refused(peer.create()) == (Refusal.NO_TOKEN, 0)
        assert peer.refused(peer.create(token="bad")) == (Refusal.NO_TOKEN, 0)
        assert peer.refused(peer.create(token="old")) == (Refusal.NO_TOKEN, 2)
        assert not world.store.shelves
        assert isinstance(peer.say(peer.create(token=" Good "))[0], wire.Bound)

    def test_a_token_that_is_spent(self) -> None:
        world = World(create="token")
        world.store.issue("good")
        ana = world.connect()
        assert isinstance(ana.say(ana.create(token="good"))[0], wire.Bound)
        again, other = world.connect(), world.connect()
        assert again.refused(again.create(token="good")) == (Refusal.EXISTS, 0)
        assert other.refused(other.create(token="good", circle=bytes(16))) == (Refusal.NO_TOKEN, 1)
        assert len(world.store.shelves) == 1

    def test_two_on_one_use_at_the_same_time(self) -> None:
        world = World(create="token")
        world.store.issue("good")
        one, two = world.connect(), world.connect()
        one.session.receive(wire.message(one.create(token="good")))
        two.session.receive(wire.message(two.create(token="good", circle=bytes(16))))
        assert isinstance(one.heard()[0], wire.Bound)
        assert two.heard() == [wire.Refused(None, Refusal.NO_TOKEN, 1)]

    def test_whoever_guesses_tokens_runs_out_of_guesses(self) -> None:
        world = World(replace(Settings(), circles=Rate(2, DAY)), create="token")
        world.store.issue("good")
        peer = world.connect()
        for guess in ("one", "two"):
            assert peer.refused(peer.create(token=guess)) == (Refusal.NO_TOKEN, 0)
        assert peer.refused(peer.create(token="good")) == (Refusal.TOO_FAST, DAY)
        assert len(world.store.submitted) == 2

    def test_an_open_relay_spends_no_token(self, world: World) -> None:
        world.store.issue("good")
        peer = world.connect()
        assert isinstance(peer.say(peer.create(token="good"))[0], wire.Bound)
        assert list(world.store.tokens.values()) == [(1, 1 << 60)]

    def test_a_closed_relay_says_that_no_token_helps(self) -> None:
        world = World(create="closed")
        world.store.issue("good")
        peer = world.connect()
        assert peer.refused(peer.create(token="good")) == (Refusal.NO_TOKEN, 3)

    def test_so_many_a_source_and_day(self) -> None:
        world = World(replace(Settings(), circles=Rate(1, DAY)))
        world.founded()
        peer = world.connect()
        assert peer.refused(peer.create()) == (Refusal.TOO_FAST, DAY)
        elsewhere = world.connect("192.0.2.99")
        assert elsewhere.refused(elsewhere.create()) == (Refusal.EXISTS, 0)

    def test_a_disk_that_fails(self, world: World) -> None:
        peer = world.connect()
        world.store.fail()
        assert peer.refused(peer.create()) == (Refusal.BROKEN, 0)
        assert world.hub.broken == "the disk is gone"

    def test_while_it_is_short_old_circles_go_on_and_none_is_opened(self, world: World) -> None:
        ana, bo = world.pair()
        world.short = True
        stranger = world.connect()
        assert stranger.refused(stranger.create()) == (Refusal.NO_SPACE, NO_SPACE_WAIT)
        assert ana.one(wire.Done, ana.append()).n == 3
        assert isinstance(bo.heard()[0], wire.Entry)
        assert world.bound(BO).session.state is State.BOUND

    def test_a_disk_that_is_full_has_room_again(self, world: World) -> None:
        peer = world.connect()
        world.store.full = True
        assert peer.refused(peer.create()) == (Refusal.NO_SPACE, NO_SPACE_WAIT)
        assert world.hub.broken is None
        world.store.full = False
        assert isinstance(peer.say(peer.create())[0], wire.Bound)

    def test_a_founder_who_does_not_wait(self, world: World) -> None:
        peer = world.connect()
        peer.session.receive(wire.message(peer.create()))
        peer.session.lost()
        assert peer.heard() == []
        assert isinstance(world.bound(ANA), Peer)


def trace(world: World, says: Callable[[Peer], FromClient]) -> tuple[list[bytes], list[str]]:
    """What somebody who is forbidden hears, after each thing that the store does, and all that was
    looked up for them."""
    peer = world.connect()
    world.store.asked.clear()
    peer.session.receive(wire.message(says(peer)))
    heard = []
    while world.store.waiting:
        heard.append(b"".join(peer.line.sent))
        world.store.settle_one()
    (refused,) = peer.heard()
    assert refused == wire.Refused(None, Refusal.FORBIDDEN) and peer.line.closed
    return heard, list(world.store.asked)


class TestBind:
    def test_unknown_and_forbidden_answer_alike(self, world: World) -> None:
        world.pair()
        for attempt in range(3):
            peer = world.connect()
            unknown: list[FromClient] = [
                peer.bind(BO, circle=b"?" * 16),
                peer.bind(CAM),
                replace(peer.bind(BO), signature=bytes(64)),
            ]
            assert peer.refused(unknown[attempt]) == FORBIDDEN
            assert peer.line.closed

    def test_unknown_and_forbidden_take_the_same_work(self, world: World) -> None:
        """Bytes, what is looked up, and when the answer comes: all alike."""
        world.pair()
        told = [trace(world, lambda peer: peer.bind(BO, circle=b"?" * 16))]
        told.append(trace(world, lambda peer: peer.bind(CAM)))
        assert told[0] == told[1] == ([b""], ["load"])

    def test_a_signature_is_for_its_nonce(self, world: World) -> None:
        world.pair()
        one, other = world.connect(), world.connect()
        assert other.refused(one.bind(BO)) == FORBIDDEN

    def test_a_name_that_is_not_this_relays(self, world: World) -> None:
        world.pair()
        greetings: list[Callable[[Peer], FromClient]] = [
            lambda peer: peer.bind(BO),
            lambda peer: peer.create(),
            lambda peer: peer.guest(),
        ]
        for made in greetings:
            peer = world.connect(host=None)
            assert peer.refused(made(peer)) == FORBIDDEN

    def test_two_that_come_while_the_circle_is_loaded(self, world: World) -> None:
        world.pair()
        again = World(store=world.store)
        peers = [again.connect(), again.connect()]
        for peer in peers:
            peer.session.receive(wire.message(peer.bind(BO, 2)))
        assert len(again.store.waiting) == 1
        assert all(isinstance(peer.heard()[0], wire.Bound) for peer in peers)

    def test_an_entry_that_is_told_of_while_the_circle_is_loaded(self, world: World) -> None:
        world.pair()
        again = World(store=world.store)
        again.store.early = True
        peer = again.connect()
        peer.session.receive(wire.message(peer.bind(BO, 2)))
        again.store.write_elsewhere(world.elsewhere(ANA))
        assert len(again.store.waiting) == 2
        again.store.waiting.rotate(1)
        bound, caught_up, entry = peer.heard()
        assert isinstance(bound, wire.Bound) and bound.n == 2
        assert caught_up == wire.CaughtUp(2)
        assert isinstance(entry, wire.Entry) and entry.n == 3

    def test_failures_are_few(self, world: World) -> None:
        world.pair()
        for _ in range(20):
            peer = world.connect()
            assert peer.refused(peer.bind(DEE)) == FORBIDDEN
        peer = world.connect()
        assert peer.refused(peer.bind(BO)) == (Refusal.TOO_FAST, 3 * SECOND)
        assert not peer.line.closed
        elsewhere = world.connect("192.0.2.99")
        assert isinstance(elsewhere.say(elsewhere.bind(BO))[0], wire.Bound)
        world.now += 3 * SECOND
        assert isinstance(peer.say(peer.bind(BO))[0], wire.Bound)

    def test_a_log_that_does_not_fold(self, world: World) -> None:
        world.pair()
        world.records[1] = replace(world.records[1], sender=DEE.public)
        again = World(store=world.store)
        peer = again.connect()
        assert peer.refused(peer.bind(BO)) == (Refusal.BROKEN, 0)
        assert again.hub.broken and "does not fold" in again.hub.broken

    def test_a_store_that_breaks_meanwhile(self, world: World) -> None:
        world.pair()
        again = World(store=world.store)
        peer = again.connect()
        peer.session.receive(wire.message(peer.bind(BO)))
        again.store.fail()
        assert peer.heard() == [wire.Refused(None, Refusal.BROKEN)]


class TestGuest:
    def test_is_shown_the_card(self, world: World) -> None:
        world.pair()
        peer = world.connect()
        assert peer.say(peer.guest()) == [wire.Card(CARD, 2, 8)]

    def test_also_under_a_relay_that_was_started_again(self, world: World) -> None:
        world.pair()
        peer = World(store=world.store).connect()
        assert peer.say(peer.guest()) == [wire.Card(CARD, 2, 8)]

    def test_unknown_and_forbidden_answer_alike(self, world: World) -> None:
        world.pair()
        for number, by in ((7, GUEST), (0, SIGNING), (0, BO)):
            peer = world.connect()
            assert peer.refused(peer.guest(number, by)) == FORBIDDEN
            assert peer.line.closed

    def test_unknown_and_forbidden_take_the_same_work(self, world: World) -> None:
        world.pair()
        told = [
            trace(world, lambda peer: peer.guest(7)),
            trace(world, lambda peer: peer.guest(0, SIGNING)),
            trace(world, lambda peer: peer.guest(0, BO)),
        ]
        assert told == [([b""], ["find_invite"])] * 3

    def test_a_card_that_was_replaced(self, world: World) -> None:
        ana, _ = world.pair()
        ana.say(*ana.stage(b"a newer card"))
        ana.one(wire.Done, ana.commit(ReplaceCard(invite_id(0), sha256(b"a newer card"))))
        peer = world.connect()
        assert peer.one(wire.Card, peer.guest()).card == b"a newer card"

    @pytest.mark.parametrize(
        ("deltas", "code"),
        [
            ([admit(CAM), admit(DEE)], Refusal.INVITE_USED),
            ([RevokeInvite(invite_id(0))], Refusal.INVITE_REVOKED),
            ([depart(BO)], Refusal.INVITE_REVOKED),
        ],
        ids=["used", "revoked", "after a departure"],
    )
    def test_an_invite_that_is_over_says_why(
        self, world: World, deltas: list[Delta], code: Refusal
    ) -> None:
        ana, _ = world.pair()
        ana.one(wire.Done, ana.commit(*deltas))
        peer = world.connect()
        assert peer.refused(peer.guest()) == (code, 0)
        assert not peer.line.closed

    def test_so_does_one_that_expired(self, world: World) -> None:
        world.pair()
        world.now = NOW + DAY
        peer = world.connect()
        assert peer.refused(peer.guest()) == (Refusal.INVITE_EXPIRED, 0)

    def test_a_full_circle_is_shown_and_refuses_the_request(self, world: World) -> None:
        ana, _ = world.pair()
        ana.one(wire.Done, ana.commit(Cap(2)))
        peer = world.connect()
        assert peer.one(wire.Card, peer.guest()) == wire.Card(CARD, 2, 2)
        assert peer.refused(wire.Request(b"i" * 16, b"")) == (Refusal.FULL, 2)

    def test_a_line_that_is_lost_on_the_way(self, world: World) -> None:
        world.pair()
        for settled in range(3):
            peer = world.connect()
            peer.session.receive(wire.message(peer.guest()))
            for _ in range(settled):
                world.store.settle_one()
            peer.session.lost()
            peer.line.sent.clear()
            assert peer.heard() == []
        again = World(store=world.store)
        peer = again.connect()
        peer.session.receive(wire.message(peer.guest()))
        peer.session.lost()
        assert peer.heard() == []

    def test_a_store_that_lost_the_card(self, world: World) -> None:
        world.pair()
        world.store.shelves[CIRCLE].attachments.clear()
        peer = world.connect()
        assert peer.refused(peer.guest()) == (Refusal.BROKEN, 0)
        assert world.hub.broken == "the store lost a card"


class TestRendezvous:
    def opened(self, world: World) -> tuple[Peer, list[int]]:
        ana, _ = world.pair()
        plate = ana.one(wire.Nameplate, wire.OpenNameplate())
        assert plate.seconds == 600
        return ana, plate.words

    def claimed(self, world: World) -> tuple[Peer, Peer]:
        ana, words = self.opened(world)
        joiner = world.connect("192.0.2.50")
        assert joiner.say(wire.ClaimNameplate(words)) == []
        return ana, joiner

    def test_two_speak(self, world: World) -> None:
        ana, joiner = self.claimed(world)
        assert joiner.say(wire.Say(b"1 first")) == []
        assert ana.say(wire.Say(b"2 second")) == [wire.Said(b"1 first")]
        assert joiner.heard() == [wire.Said(b"2 second")]

    def test_nobody_listens_yet(self, world: World) -> None:
        ana, _ = self.opened(world)
        assert ana.refused(wire.Say(b"hello?")) == (Refusal.NAMEPLATE_GONE, 0)
        assert not ana.line.closed

    def test_the_joiner_is_no_stranger_any_more(self, world: World) -> None:
        _, joiner = self.claimed(world)
        world.now += MINUTE
        world.hub.tick()
        assert joiner.heard() == []

    def test_an_unknown_one_closes_and_a_gone_one_does_not(self, world: World) -> None:
        ana, words = self.opened(world)
        peer = world.connect()
        assert peer.refused(wire.ClaimNameplate([(words[0] + 1) % wire.WORDS])) == FORBIDDEN
        assert ana.say(wire.CloseNameplate()) == []
        late = world.connect()
        assert late.refused(wire.ClaimNameplate(words)) == (Refusal.NAMEPLATE_GONE, 0)
        assert late.session.state is State.GREETING

    def test_either_side_may_close_it(self, world: World) -> None:
        ana, joiner = self.claimed(world)
        assert joiner.say(wire.CloseNameplate()) == [wire.Closed(0)]
        assert joiner.line.closed
        assert ana.heard() == [wire.Closed(0)]
        assert ana.say(wire.CloseNameplate()) == []
        plate = ana.one(wire.Nameplate, wire.OpenNameplate())
        joiner = world.connect()
        joiner.say(wire.ClaimNameplate(plate.words))
        assert ana.say(wire.CloseNameplate()) == []
        assert joiner.heard() == [wire.Closed(0)]
        assert joiner.line.closed and not ana.line.closed

    def test_a_line_that_drops_burns_it(self, world: World) -> None:
        ana, joiner = self.claimed(world)
        joiner.session.lost()
        assert ana.heard() == [wire.Closed(Refusal.NAMEPLATE_GONE)]
        plate = ana.one(wire.Nameplate, wire.OpenNameplate())
        joiner = world.connect()
        joiner.say(wire.ClaimNameplate(plate.words))
        ana.session.lost()
        assert joiner.heard() == [wire.Closed(Refusal.NAMEPLATE_GONE)]
        assert joiner.line.closed

    def test_ten_minutes(self, world: World) -> None:
        ana, joiner = self.claimed(world)
        world.now += 10 * MINUTE
        world.hub.tick()
        gone = [wire.Closed(Refusal.NAMEPLATE_GONE)]
        assert (ana.heard()[-1:], joiner.heard()) == (gone, gone)

    def test_one_a_socket(self, world: World) -> None:
        ana, _ = self.opened(world)
        assert ana.refused(wire.OpenNameplate()) == (Refusal.TOO_FAST, 10 * MINUTE)


class TestEnd:
    def test_everyone_is_told_that_the_relay_goes(self, world: World) -> None:
        ana, bo = world.pair()
        stranger = world.connect()
        bo.say(wire.Ack(2))
        world.hub.going()
        world.store.settle()
        for peer in (ana, bo, stranger):
            assert peer.heard()[-1] == wire.Refused(None, Refusal.GOING)
            assert peer.line.closed
        assert world.store.shelves[CIRCLE].cursors == {BO.public: 2}
        assert world.hub.sessions == set()

    def test_who_comes_then_is_sent_away(self, world: World) -> None:
        world.hub.going()
        line = Line()
        session = world.hub.connect(line, "192.0.2.1", None)
        assert line.sent == [wire.encode(wire.Refused(None, Refusal.GOING))]
        assert line.closed and session.state is State.CLOSED

    def test_or_when_the_store_is_broken(self, world: World) -> None:
        world.hub.fail("the disk is gone")
        world.hub.fail("another reason")
        assert world.hub.broken == "the disk is gone"
        line = Line()
        world.hub.connect(line, "192.0.2.1", None)
        assert line.sent == [wire.encode(wire.Refused(None, Refusal.BROKEN))]


def founders(world: World, count: int) -> list[Peer]:
    """Ana in so many circles of hers, in each of which something was said just now."""
    peers = []
    for number in range(count):
        peer, circle = world.connect(), bytes([number]) * 16
        statement = create_statement(peer.nonce, HOST, circle, ANA.public, 8)
        peer.say(wire.Create(circle, ANA.public, 8, None, ANA.sign(statement)))
        peer.one(wire.Done, peer.append(0))
        peers.append(peer)
    return peers


def heads(peers: list[Peer]) -> list[int]:
    """How many heads each has heard since the last time."""
    return [sum(isinstance(frame, wire.Head) for frame in peer.heard()) for peer in peers]


class TestSteps:
    def test_circles_have_their_turns_one_after_another(self, world: World) -> None:
        peers = founders(world, 5)
        assert not world.hub.tick(3)
        assert heads(peers) == [1, 1, 0, 0, 0]
        assert not world.hub.tick(3)
        assert heads(peers) == [0, 0, 1, 1, 0]
        assert world.hub.tick(3)
        assert heads(peers) == [0, 0, 0, 0, 1]
        assert not world.hub.tick(3)
        assert heads(peers) == [0] * 5, "nothing has moved"

    def test_fewer_circles_than_steps(self, world: World) -> None:
        (peer,) = founders(world, 1)
        assert [world.hub.tick(3) for _ in range(3)] == [False, False, True]
        assert heads([peer]) == [1]

    def test_one_that_was_let_go_of_since_has_none(self, world: World) -> None:
        peers = founders(world, 2)
        world.hub.tick(2)
        world.hub.circles[bytes([1]) * 16].reload()
        assert world.hub.tick(2)
        assert heads(peers) == [1, 0]

    def test_all_at_once_in_the_midst_of_it(self, world: World) -> None:
        peers = founders(world, 3)
        assert not world.hub.tick(3)
        assert world.hub.tick()
        assert heads(peers) == [1, 1, 1]


class TestRounds:
    def test_a_circle_that_nobody_visits_leaves_memory(self, world: World) -> None:
        ana, bo = world.pair()
        ana.session.lost()
        world.now += 2 * IDLE
        world.hub.tick()
        assert CIRCLE in world.hub.circles
        bo.session.lost()
        world.now += IDLE - 1
        world.hub.tick()
        assert CIRCLE in world.hub.circles
        world.now += 1
        world.hub.tick()
        assert world.hub.circles == {}
        world.bound(BO)

    def test_retention_visits_every_circle(self, world: World) -> None:
        ana, bo = world.pair()
        ana.say(wire.Ack(2))
        bo.say(wire.Ack(2))
        ana.session.lost()
        bo.session.lost()
        world.now += 2 * DAY
        for _ in range(3):
            world.hub.tick()
            world.store.settle()
        assert [record.body for record in world.records] == [None, None]
        asked = len([each for each in world.store.submitted if isinstance(each, Forget)])
        world.now += ROUND - 1
        world.hub.tick()
        world.store.settle()
        world.hub.tick()
        world.store.settle()
        assert len([e for e in world.store.submitted if isinstance(e, Forget)]) == asked
        world.now += 1
        for _ in range(2):
            world.hub.tick()
            world.store.settle()
        assert len([e for e in world.store.submitted if isinstance(e, Forget)]) == asked + 1

    def test_retention_over_a_circle_that_vanished(self, world: World) -> None:
        world.pair()
        again = World(store=world.store)
        again.now += HOUR
        again.hub.tick()
        again.store.settle()
        again.store.shelves.clear()
        again.hub.tick()
        again.store.settle()
        assert again.hub.broken is None

    def test_the_rates_are_tidied_too(self, world: World) -> None:
        for _ in range(20):
            peer = world.connect()
            peer.refused(peer.bind(DEE))
        world.now += MINUTE
        world.hub.tick()
        peer = world.connect()
        assert peer.refused(peer.bind(DEE)) == FORBIDDEN


def test_a_binding_is_counted(world: World) -> None:
    world.pair()
    assert world.hub.statistics.bindings == 2


def test_the_whole_story(world: World) -> None:
    """Ana opens and invites, Bo asks and is let in, both speak, Bo is away and reads on."""
    ana = world.founded()
    ana.say(*ana.stage(CARD), ana.commit(invite()))
    door = world.connect()
    assert door.say(door.guest()) == [wire.Card(CARD, 1, 8)]
    request = wire.Request(world.fresh_id(), b"sealed: it is me, Bo")
    door.one(wire.Done, request)
    (seen,) = ana.heard()
    assert isinstance(seen, wire.Entry) and seen.body == request.body
    ana.one(wire.Done, ana.commit(admit(BO)))
    assert door.heard() == [wire.Answer(0)]
    bo = world.bound(BO, 0)
    ana.one(wire.Done, ana.append(body=b"welcome, Bo"))
    (hello,) = bo.heard()
    assert isinstance(hello, wire.Entry) and hello.body == b"welcome, Bo"
    bo.session.lost()
    ana.one(wire.Done, ana.append(body=b"are you there?"))
    back = world.connect()
    _, missed, end = back.say(back.bind(BO, 4))
    assert isinstance(missed, wire.Entry) and missed.body == b"are you there?"
    assert end == wire.CaughtUp(5)
