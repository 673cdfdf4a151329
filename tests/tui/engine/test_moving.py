"""A circle that goes to another relay: nothing is lost, nothing doubled, one order for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.move_code import MoveCode
from crypto.relay_address import RelayAddress
from crypto.secret import Secret
from relay.hub import Hub
from relay.restoring import AT_LEAST
from tests.harness import GENEROUS, HOST, CrashError, Other, Person, World
from tests.relay.memory import Shelf
from tests.tui.engine.renegade import Renegade, Try
from tests.tui.engine.rogue import circle_of
from tests.tui.engine.test_mending import agree
from tui.engine import commands, moving
from tui.engine.desk import BODIES_KEPT
from tui.engine.events import CircleMoved, Exit, Finished, LinkState, MessageState, Refused
from tui.engine.mending import CHANGES_LEFT, MOVED

pytestmark = pytest.mark.slow  # whole circles, with a crash at every input

THERE = "chat.example.net"
DAY = 86_400_000


def talked(*names: str, token: str | None = None) -> tuple[World, list[Person], Other]:
    """A circle that has talked, and another relay."""
    world = World()
    people = world.circle(*names)
    for number in range(5):
        people[number % len(people)].says(f"before {number}")
        world.settle()
    return world, people, world.relay(THERE, token)


def moves(person: Person, relay: str = THERE, **more: object) -> CircleMoved:
    return person.expect(
        CircleMoved,
        lambda ref: commands.MoveCircle(ref=ref, relay=relay, **more),  # type: ignore[arg-type]
    )


def gone(world: World, person: Person, relay: str = THERE, **more: object) -> CircleMoved:
    """The relay is gone for good, and a host says so."""
    world.relay_down = True
    for socket in world.sockets():
        if socket.host == HOST:
            socket.cut()
    world.settle()
    return moves(person, relay, gone=True, **more)


def follows(person: Person, code: str, circle: str = "") -> None:
    person.expect(Finished, lambda ref: commands.FollowMove(ref=ref, code=code, circle=circle))


def at(world: World, *people: Person, host: str = THERE) -> None:
    """Everybody is online at this relay, in one state of the circle."""
    for person in people:
        facts = person.circle()
        assert (facts.relay, facts.link, facts.link_sentence) == (host, LinkState.ONLINE, "")
        assert {socket.host for socket in person.sockets.values()} == {host}
        relay, key = circle_of(person).view.state.relay
        assert (relay.address, key) == (host, circle_of(person).record.relay_key)
        assert person.client.invites(facts.id) == []
        assert not circle_of(person).context.store.moves.where("1")
    assert len({circle_of(person).record.chain for person in people}) == 1


class TestOrdered:
    def test_everybody_goes_on_at_the_other_relay(self) -> None:
        world, (ana, bo, cy), there = talked("Ana", "Bo", "Cy")
        bo.invites()
        before = agree(ana, bo, cy)
        told = moves(ana)
        assert told.relay == THERE
        world.wait(60_000)
        at(world, ana, bo, cy)
        assert agree(ana, bo, cy) == before
        (shelf,) = there.store.shelves.values()
        assert shelf.complete
        for person in (ana, bo, cy):
            who = "You" if person is ana else "Ana"
            sentence = f"{who} moved the circle to {THERE}. All open codes were withdrawn."
            assert person.notices()[-1] == sentence and person.warnings() == []
        cy.says("on we go")
        world.wait(10 * 60_000)
        assert agree(ana, bo, cy) == [*before, "Cy: on we go"]
        assert ana.rows()[-1].state is MessageState.RECEIVED and cy.states()[-1] == "confirmed"
        assert cy.warnings() == [] and ana.warnings() == []

    def test_newcomers_come_in_there(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        moves(ana)
        world.wait(30_000)
        cy = world.person("Cy", THERE)
        code = bo.invites()
        assert code.startswith(f"{THERE}/")
        cy.joins(code)
        world.wait(10 * 60_000)
        cy.says("here")
        world.settle()
        assert cy.warnings() == [] and agree(ana, bo)[-1] == "Cy: here"
        world.wait(10 * 60_000)
        at(world, ana, bo, cy)

    def test_what_waits_goes_out_there(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        bo.offline = True
        world.settle()
        bo.says("written offline")
        moves(ana)
        ana.says("on my way")
        bo.offline = False
        world.wait(60_000)
        assert set(agree(ana, bo)[-2:]) == {"Bo: written offline", "Ana: on my way"}
        at(world, ana, bo)

    def test_nothing_behind_it_in_the_old_log_is_read(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        ana.do(commands.MoveCircle(ref=9, relay=THERE))
        while not ana.told(CircleMoved):
            assert world.step()
        world.others[THERE].down = True
        world.settle()
        (shelf,) = world.store.shelves.values()
        assert shelf.n == circle_of(ana).record.n == circle_of(bo).record.n
        bo.says("waits")
        world.wait(20_000)
        assert shelf.n == circle_of(bo).record.n and bo.states()[-1] == "waiting"
        world.others[THERE].down = False
        world.wait(10 * 60_000)
        assert agree(ana, bo)[-1] == "Bo: waits"

    def test_a_follower_who_is_first_waits_and_says_so(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        ana.do(commands.MoveCircle(ref=9, relay=THERE))
        while not ana.told(CircleMoved):
            assert world.step()
        ana.offline = True
        world.wait(40_000)
        assert bo.circle().link_sentence == f"Ana moved the circle to {THERE}; it is not there yet."
        ana.offline = False
        world.wait(60_000)
        at(world, ana, bo)

    def test_after_a_while_it_is_looked_for_seldom(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        ana.do(commands.MoveCircle(ref=9, relay=THERE))
        while not ana.told(CircleMoved):
            assert world.step()
        ana.offline = True
        world.wait(moving.EXPECTED + 60_000)
        (wish,) = bo.client.links().values()
        assert wish.not_before - world.now > 60_000
        assert "not there yet" in bo.circle().link_sentence

    def test_who_was_away_reads_of_it_at_the_old_relay(self) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        cy.offline = True
        world.settle()
        ana.says("while you are away")
        world.settle()
        moves(ana)
        world.wait(30_000)
        bo.says("at the new one")
        cy.offline = False
        world.wait(60_000)
        assert agree(ana, bo, cy)[-2:] == ["Ana: while you are away", "Bo: at the new one"]
        at(world, ana, bo, cy)

    def test_who_was_away_comes_by_the_code_once_that_is_off(self) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        cy.offline = True
        world.settle()
        ana.says("while you are away")
        world.settle()
        told = moves(ana)
        world.wait(30_000)
        world.relay_down = True
        cy.offline = False
        follows(cy, told.code)
        world.wait(60_000)
        assert agree(ana, bo, cy)[-1] == "Ana: while you are away"
        at(world, ana, bo, cy)
        assert cy.notices()[-1].startswith("Ana moved the circle")

    @pytest.mark.parametrize("crash", ["before", "after"])
    @pytest.mark.parametrize("steps", range(0, 60, 4))
    def test_a_host_who_crashes_goes_on(self, crash: str, steps: int) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        before = agree(ana, bo)
        ana.do(commands.MoveCircle(ref=9, relay=THERE))
        for _ in range(steps):
            world.step()
        ana.database.crash = crash
        world.wait(120_000)
        if ana.circle().relay == HOST:
            moves(ana)  # it crashed before anything was written down
            world.wait(120_000)
        at(world, ana, bo)
        ana.says("on")
        world.settle()
        assert agree(ana, bo) == [*before, "Ana: on"]

    @pytest.mark.parametrize("steps", range(10, 70, 4))
    def test_either_relay_may_be_killed(self, steps: int) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        before = agree(ana, bo)
        ana.do(commands.MoveCircle(ref=9, relay=THERE))
        for _ in range(steps):
            world.step()
        world.restart_relay()
        world.restart(THERE)
        world.wait(10 * 60_000)
        if not ana.told(CircleMoved) and ana.circle().relay == HOST:
            moves(ana)
            world.wait(60_000)
        at(world, ana, bo)
        bo.says("on")
        world.wait(60_000)
        assert agree(ana, bo) == [*before, "Bo: on"]

    def test_two_hosts_at_once(self) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        world.relay("third.example")
        both = [member.id for member in ana.client.members("") if member.name in ("Ana", "Bo")]
        ana.expect(Finished, lambda ref: commands.AppointHosts(ref=ref, members=both))
        ana.do(commands.MoveCircle(ref=91, relay=THERE))
        bo.do(commands.MoveCircle(ref=92, relay="third.example"))
        world.wait(120_000)
        (won,) = [*ana.told(CircleMoved), *bo.told(CircleMoved)]
        (lost,) = [each for each in (*ana.told(Refused), *bo.told(Refused))]
        assert lost.reason == "moved" and "moved the circle first" in lost.sentence
        at(world, ana, bo, cy, host=won.relay)

    def test_and_back_again(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        moves(ana)
        world.wait(30_000)
        bo.says("there")
        world.settle()
        third = world.relay("third.example")
        moves(ana, "third.example")
        world.wait(60_000)
        at(world, ana, bo, host="third.example")
        assert agree(ana, bo)[-1] == "Bo: there" and third.store.shelves
        assert ana.warnings() == bo.warnings() == []

    def test_to_another_address_of_the_same_relay(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        there = world.others[THERE]
        there.store, there.hub = world.store, world.hub
        before = agree(ana, bo)
        moves(ana)
        world.wait(60_000)
        at(world, ana, bo)
        bo.says("same log")
        world.settle()
        assert agree(ana, bo) == [*before, "Bo: same log"]


class TestGone:
    def test_the_host_goes_first_and_the_others_follow_its_code(self) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        before = agree(ana, bo, cy)
        told = gone(world, ana)
        ana.says("written meanwhile")
        follows(bo, told.code)
        follows(cy, told.code, circle="Hallway")
        world.wait(60_000)
        at(world, ana, bo, cy)
        assert agree(ana, bo, cy) == [*before, "Ana: written meanwhile"]
        for person in (ana, bo, cy):
            assert person.warnings() == []
            assert sum("moved the circle" in text for text in person.notices()) == 1

    def test_without_the_others_it_waits_two_minutes_for_them(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        told = gone(world, ana)
        world.wait(30_000)
        sentence = moving.COMES.format(where=THERE)
        assert ana.circle().link_sentence == sentence
        world.wait(AT_LEAST)
        assert ana.circle().link_sentence == ""
        ana.says("alone")
        world.settle()
        follows(bo, told.code)
        world.wait(60_000)
        at(world, ana, bo)
        assert agree(ana, bo)[-1] == "Ana: alone"

    def test_a_member_who_has_read_more_brings_it(self) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        ana.offline = True
        world.settle()
        for number in range(3):
            bo.says(f"Ana has not read this {number}")
            world.settle()
        cy.invites()
        world.relay_down = True
        ana.offline = False
        told = gone(world, ana)
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        follows(cy, told.code)
        world.wait(60_000)
        at(world, ana, bo, cy)
        assert "Bo: Ana has not read this 2" in agree(ana, bo, cy)

    def test_who_brings_more_too_late_sends_it_again(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        ana.offline = True
        world.settle()
        bo.says("Ana has not read this")
        world.settle()
        ana.offline = False
        told = gone(world, ana)
        world.wait(AT_LEAST + 60_000)
        ana.says("first")
        world.settle()
        follows(bo, told.code)
        world.wait(5 * 60_000)
        assert agree(ana, bo)[-2:] == ["Ana: first", "Bo: Ana has not read this"]
        assert any(text.startswith(MOVED) for text in bo.warnings())

    def test_a_device_without_a_signed_head_brings_what_it_holds(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        before = agree(ana, bo)
        told = gone(world, ana)
        with bo.database.transaction():
            circle_of(bo).record.head = b""
            circle_of(bo).changed()
            circle_of(bo).flush()
        ana.offline = True
        follows(bo, told.code)
        world.wait(60_000)
        ana.offline = False
        world.wait(AT_LEAST + 60_000)
        at(world, ana, bo)
        assert agree(ana, bo) == before

    def test_a_log_that_parts_before_its_end_proves_nothing(self) -> None:
        world, (ana, bo), there = talked("Ana", "Bo")
        told = gone(world, ana)
        world.wait(1_000)
        (shelf,) = there.store.shelves.values()
        assert shelf.creation.settlement is not None
        parted = replace(shelf.creation.settlement, hash=b"?" * 32)
        shelf.creation = replace(shelf.creation, settlement=parted)
        shelf.records.clear()
        shelf.complete = False
        world.restart(THERE)
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        assert shelf.records == [] and not shelf.complete
        assert bo.circle().link_sentence == moving.COMES.format(where=THERE)

    def test_whose_changes_did_not_come_along_comes_in_again(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        ana.offline = True
        world.settle()
        bo.invites()
        ana.offline = False
        told = gone(world, ana)
        world.wait(AT_LEAST + 60_000)
        follows(bo, told.code)
        world.wait(5 * 60_000)
        assert bo.warnings() == [CHANGES_LEFT]
        bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
        world.wait(60_000)
        bo.says("in again")
        world.settle()
        assert ana.texts()[-1] == bo.texts()[-1] == "Bo: in again"

    @pytest.mark.parametrize("crash", ["before", "after"])
    @pytest.mark.parametrize("steps", range(0, 48, 6))
    def test_a_host_who_crashes_goes_on(self, crash: str, steps: int) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        before = agree(ana, bo)
        told = gone(world, ana)
        for _ in range(steps):
            world.step()
        ana.database.crash = crash
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        at(world, ana, bo)
        assert agree(ana, bo) == before

    def test_two_hosts_at_once_are_brought_together(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        world.relay("third.example")
        both = [member.id for member in ana.client.members("")]
        ana.expect(Finished, lambda ref: commands.AppointHosts(ref=ref, members=both))
        one = gone(world, ana)
        gone(world, bo, "third.example")
        world.wait(AT_LEAST + 120_000)
        assert (ana.circle().relay, bo.circle().relay) == (THERE, "third.example")
        follows(bo, one.code)
        world.wait(5 * 60_000)
        assert bo.warnings() == [CHANGES_LEFT]
        bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
        world.wait(60_000)
        at(world, ana, bo)

    def test_a_move_that_no_relay_has_ordered_yet_gives_way(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        world.relay("third.example")
        ana.do(commands.MoveCircle(ref=91, relay="third.example"))
        ana.do(commands.CreateInvite(ref=92))  # the commit that goes before
        while len(circle_of(ana).context.store.intentions.where("1")) < 2:
            assert world.step()
        told = gone(world, ana)
        (refused,) = ana.told(Refused)
        assert (refused.ref, refused.sentence) == (91, moving.MOVED_OTHERWISE)
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        assert (ana.circle().relay, bo.circle().relay) == (THERE, THERE)

    def test_so_does_one_that_nobody_waits_for_any_more(self) -> None:
        world, (ana, _), _ = talked("Ana", "Bo")
        world.relay("third.example")
        ana.do(commands.CreateInvite(ref=92))  # the commit that goes before
        ana.do(commands.MoveCircle(ref=91, relay="third.example"))
        while len(circle_of(ana).context.store.intentions.where("1")) < 2:
            assert world.step()
        ana.crash()
        gone(world, ana)
        assert ana.told(Refused) == [] and ana.circle().relay == THERE

    @pytest.mark.parametrize("steps", range(0, 12, 2))
    def test_one_that_may_have_been_ordered_is_gone_on_with(self, steps: int) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        world.relay("third.example")
        ana.do(commands.MoveCircle(ref=91, relay=THERE))
        while not circle_of(ana).context.store.pending.where("1"):
            assert world.step()
        for _ in range(steps):
            world.step()
        world.relay_down = True
        for socket in world.sockets():
            if socket.host == HOST:
                socket.cut()
        while world.sockets():
            world.step()
        if ana.told(CircleMoved):
            return  # Ana's device has heard of it
        elsewhere = ana.refused(
            lambda ref: commands.MoveCircle(ref=ref, relay="third.example", gone=True)
        )
        assert elsewhere.sentence == moving.UNDER_WAY.format(where=THERE)
        told = moves(ana, gone=True)
        if bo.circle().relay == HOST:
            follows(bo, told.code)
        world.wait(AT_LEAST + 120_000)
        at(world, ana, bo)

    def test_to_the_same_address_where_another_relay_is_now(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        before = agree(ana, bo)
        world.relay(HOST)
        for socket in world.sockets():
            socket.cut()
        world.settle()
        told = moves(ana, HOST, gone=True)
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        at(world, ana, bo, host=HOST)
        assert agree(ana, bo) == before
        expected = (
            f"Ana moved the circle to another relay at {HOST}. All open codes were withdrawn."
        )
        assert bo.notices()[-1] == expected

    @pytest.mark.parametrize("missed", [True, False])
    def test_who_was_away_for_too_long(self, missed: bool) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        cy.offline = True
        world.settle()
        if missed:
            bo.expect(Finished, lambda ref: commands.Rename(ref=ref, person="Bob"))
        bo.says("long ago")
        world.settle()
        world.now += BODIES_KEPT + DAY
        world.tick()
        bo.says("lately")
        world.wait(60_000)
        told = gone(world, ana)
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        (shelf,) = world.others[THERE].store.shelves.values()
        assert shelf.base > circle_of(cy).record.n
        cy.offline = False
        follows(cy, told.code)
        world.wait(60_000)
        assert moving.AWAY_BEFORE in cy.warnings()
        if missed:
            assert cy.circle().link_sentence == moving.AWAY_BEFORE
            cy.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
        else:
            assert moving.NO_CHANGE_MISSED in cy.notices()
        world.wait(60_000)
        cy.says("here")
        world.wait(60_000)
        assert ana.texts()[-1] == bo.texts()[-1] == cy.texts()[-1] == "Cy: here"
        at(world, ana, bo, cy)

    def test_who_was_stopped_before_stays_so(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        bo.offline = True
        world.settle()
        ana.says("long ago")
        world.settle()
        world.now += BODIES_KEPT + DAY
        world.tick()
        told = gone(world, ana)
        with bo.database.transaction():
            circle_of(bo).stop("This device was stopped.")
            circle_of(bo).flush()
        bo.offline = False
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        assert bo.circle().link_sentence == "This device was stopped." and bo.warnings() == []


class TestCodes:
    def code(self, ana: Person, **changes: object) -> str:
        """A code that Ana's device has signed."""
        circle = circle_of(ana)
        given: dict[str, object] = {
            "leaf": circle.leaf,
            "circle_id": circle.id,
            "relay": RelayAddress(THERE),
            "relay_key": b"k" * 32,
            "n": circle.record.n,
            "hash": circle.record.chain,
        }
        return MoveCode.sign(**{**given, **changes}).text()  # type: ignore[arg-type]

    def refused(self, person: Person, code: str) -> str:
        before = circle_of(person).record
        kept = (before.address, before.relay_key, before.n)
        refused = person.refused(
            lambda ref: commands.FollowMove(ref=ref, code=code, circle="Hallway")
        )
        after = circle_of(person).record
        assert (after.address, after.relay_key, after.n) == kept
        assert person.circle().link is LinkState.ONLINE
        return refused.reason

    def test_each_bad_one_has_its_sentence_and_changes_nothing(self) -> None:
        _, (ana, bo), _ = talked("Ana", "Bo")
        good = self.code(ana)
        bos, stranger = circle_of(bo).leaf, SignatureKeyPair.from_seed(Secret(b"s" * 32))
        parsed = MoveCode.parse(good)
        reasons = {
            "chat.example.org/0000": "code",
            good[:-3]: "code",
            self.code(ana, circle_id=bytes(16)): "other_circle",
            self.code(ana, leaf=bos): "not_signed",
            self.code(ana, leaf=stranger): "not_signed",
            replace(parsed, n=1).text(): "not_signed",
            self.code(ana, relay=RelayAddress("not/an/address")): "address",
            self.code(ana, hash=b"?" * 32): "other_log",
            self.code(
                ana, relay=RelayAddress(HOST), relay_key=circle_of(bo).record.relay_key
            ): "there_already",
        }
        for code, reason in reasons.items():
            assert self.refused(bo, code) == reason
        refused = bo.refused(
            lambda ref: commands.FollowMove(ref=ref, code=self.code(ana, circle_id=bytes(16)))
        )
        assert refused.reason == "unknown_circle"

    def test_one_of_before_a_later_move_is_not_followed(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        old = self.code(ana, relay=RelayAddress("third.example"))
        moves(ana)
        world.wait(60_000)
        assert self.refused(bo, old) == "older"

    def test_one_that_was_given_before_a_backup_was_put_back_still_counts(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        backup = world.backup()
        bo.says("later")
        world.settle()
        world.put_back(backup)
        world.wait(60_000)
        told = gone(world, ana)
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        at(world, ana, bo)
        assert bo.texts() == ana.texts() and bo.warnings() == []


class TestCommits:
    def test_a_host_whose_client_keeps_the_codes_is_refused_by_all(self) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        ana.expect(
            Finished,
            lambda ref: commands.AppointHosts(
                ref=ref, members=[each.id for each in ana.client.members("")][:2]
            ),
        )
        ana.invites()
        eve = Renegade(bo)
        moved = eve.with_state(relays=(RelayAddress(THERE),))
        assert eve.commits(Try([moved]))
        world.settle()
        for person in (ana, cy):
            assert person.circle().relay == HOST
            assert "all open codes go" in person.warnings()[-1]

    def test_an_address_that_nobody_can_read_is_named_and_not_gone_to(self) -> None:
        world, (ana, bo, cy), _ = talked("Ana", "Bo", "Cy")
        eve = Renegade(ana)
        moved = eve.with_state(relays=(RelayAddress("not/an/address"),))
        assert eve.commits(Try([moved]))
        world.settle()
        for person in (bo, cy):
            assert person.circle().relay == HOST
            expected = moving.NOT_TO_BE_READ.format(who="Ana", where="not/an/address")
            assert expected in person.warnings()
        bo.says("still here")
        world.settle()
        assert cy.texts()[-1] == "Bo: still here"

    def test_relays_that_stand_ready_move_nobody(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        bo.invites()
        eve = Renegade(ana)
        listed = (*eve.state.relays, RelayAddress(THERE))
        assert eve.commits(Try([eve.with_state(relays=listed)]))
        world.settle()
        assert bo.circle().relay == HOST and len(bo.client.invites("")) == 1
        assert bo.notices()[-1] == "Ana changed the relays that stand ready."

    def test_who_asked_to_come_in_is_told_that_the_code_was_withdrawn(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
        cy = world.person("Cy")
        card = cy.reads(ana.invites())
        cy.do(commands.Enter(ref=77, entry=card.entry, person="Cy"))
        world.settle()
        assert ana.client.requests("")
        moves(ana)
        world.wait(60_000)
        assert ana.client.requests("") == [] and bo.client.requests("") == []
        (refused,) = cy.told(Refused)
        assert refused.ref == 77 and "withdrawn" in refused.sentence

    def test_a_disk_that_fails_while_the_key_is_asked_for(self) -> None:
        world, (ana, _), _ = talked("Ana", "Bo")
        ana.do(commands.MoveCircle(ref=9, relay=THERE))
        ana.database.crash = "before"
        with pytest.raises(CrashError):
            ana.client.tick()
        ana.collect()
        (refused,) = ana.told(Refused)
        assert refused.ref == 9
        world.settle()
        assert ana.circle().relay == HOST


class TestRefusals:
    def test_only_a_host_moves(self) -> None:
        world, (_, bo), _ = talked("Ana", "Bo")
        refused = bo.refused(lambda ref: commands.MoveCircle(ref=ref, relay=THERE))
        assert refused.sentence == moving.ONLY_HOSTS and refused.exit is Exit.REFUSED
        world.wait(10_000)
        assert bo.circle().relay == HOST

    def test_where_the_relay_cannot_be_reached_it_says_what_to_do(self) -> None:
        world, (ana, _), _ = talked("Ana", "Bo")
        world.relay_down = True
        for socket in world.sockets():
            socket.cut()
        world.settle()
        refused = ana.refused(lambda ref: commands.MoveCircle(ref=ref, relay=THERE))
        assert refused.sentence == moving.NOT_REACHED and refused.exit is Exit.UNREACHABLE
        assert "--gone" in refused.sentence

    def test_an_address_that_is_none(self) -> None:
        _, (ana, _), _ = talked("Ana", "Bo")
        refused = ana.refused(lambda ref: commands.MoveCircle(ref=ref, relay="not an address"))
        assert refused.reason == "address"

    def test_a_relay_that_is_not_there(self) -> None:
        _, (ana, _), there = talked("Ana", "Bo")
        there.down = True
        refused = ana.refused(lambda ref: commands.MoveCircle(ref=ref, relay=THERE))
        assert refused.exit is Exit.UNREACHABLE and THERE in refused.sentence

    def test_one_that_is_shutting_down(self) -> None:
        _, (ana, _), there = talked("Ana", "Bo")
        there.hub.going()
        refused = ana.refused(lambda ref: commands.MoveCircle(ref=ref, relay=THERE))
        assert refused.exit is Exit.UNREACHABLE
        assert ana.circle().relay == HOST

    @pytest.mark.parametrize("is_gone", [False, True])
    def test_the_relay_that_it_is_on_already(self, is_gone: bool) -> None:
        _, (ana, _), _ = talked("Ana", "Bo")
        refused = ana.refused(lambda ref: commands.MoveCircle(ref=ref, relay=HOST, gone=is_gone))
        assert refused.sentence == moving.THERE_ALREADY

    def test_a_circle_that_was_left(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        bo.expect(Finished, lambda ref: commands.Leave(ref=ref))
        world.wait(30_000)
        refused = bo.refused(lambda ref: commands.MoveCircle(ref=ref, relay=THERE))
        assert refused.reason == "not_active"
        told = moves(ana)
        refused = bo.refused(lambda ref: commands.FollowMove(ref=ref, code=told.code))
        assert refused.reason == "not_active"

    def test_a_relay_that_wants_a_token_gets_it_later(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo", token="good")
        moves(ana)
        world.wait(30_000)
        assert "its operator's token" in ana.circle().link_sentence
        assert "not there yet" in bo.circle().link_sentence
        again = ana.expect(
            CircleMoved,
            lambda ref: commands.MoveCircle(ref=ref, relay=THERE, gone=True, token="good"),
        )
        assert again.code
        world.wait(AT_LEAST + 120_000)
        at(world, ana, bo)

    def test_a_token_that_can_be_none(self) -> None:
        world, (ana, _), _ = talked("Ana", "Bo", token="good")
        refused = ana.refused(
            lambda ref: commands.MoveCircle(ref=ref, relay=THERE, token="x" * 129)
        )
        assert refused.reason == "not_possible"
        world.settle()
        assert ana.circle().relay != THERE

    def test_a_relay_that_opens_no_circle_with_any_token(self) -> None:
        world, (ana, _), other = talked("Ana", "Bo", token="good")
        other.hub = Hub(other.store, GENEROUS, lambda: world.now, world.random.randbytes, "closed")
        moves(ana, token="good")
        world.settle()
        assert "opens no new circles" in ana.circle().link_sentence

    def test_a_token_that_is_right_at_once(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo", token="good")
        moves(ana, token="good")
        world.wait(60_000)
        at(world, ana, bo)

    def test_a_refusal_that_has_nothing_to_do_with_the_move(self) -> None:
        world, (ana, bo), there = talked("Ana", "Bo")
        ana.do(commands.MoveCircle(ref=9, relay=THERE))
        while not ana.told(CircleMoved):
            assert world.step()
        there.hub.going()
        world.wait(5_000)
        assert ana.circle().link_sentence == "The relay is being shut down."
        world.restart(THERE)
        world.wait(10 * 60_000)
        at(world, ana, bo)

    def test_where_somebody_else_has_opened_the_circle(self) -> None:
        world, (ana, bo), there = talked("Ana", "Bo")
        there.store.shelves.update(
            {id: _squatted(shelf) for id, shelf in world.store.shelves.items()}
        )
        moves(ana)
        world.wait(30_000)
        assert ana.circle().link_sentence == moving.TAKEN.format(where=THERE)
        world.relay("third.example")
        told = moves(ana, "third.example", gone=True)
        follows(bo, told.code)
        world.wait(AT_LEAST + 60_000)
        at(world, ana, bo, host="third.example")

    def test_another_log_under_its_name_is_not_gone_on_with(self) -> None:
        world, (ana, bo), there = talked("Ana", "Bo")
        bo.offline = True
        told = moves(ana)
        world.wait(60_000)
        (id,) = there.store.shelves
        shelf = there.store.shelves[id]
        assert shelf.creation.settlement is not None
        forged = replace(shelf.creation.settlement, base_hash=b"?" * 32)
        shelf.creation = replace(shelf.creation, settlement=forged)
        world.restart(THERE)
        follows(bo, told.code)
        bo.offline = False
        world.wait(60_000)
        assert bo.circle().link_sentence == moving.ANOTHER_LOG


def _squatted(shelf: Shelf) -> Shelf:
    """A circle of the same id that somebody else has opened."""
    return Shelf(replace(shelf.creation, access_key=b"x" * 32))
