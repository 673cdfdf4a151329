"""A relay that was put back from a backup: nothing is lost, nothing doubled, one order for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.access.binding import AccessKeyPair
from crypto.access.log import Head, Kind
from crypto.secret import Secret
from relay import wire
from relay.restoring import AT_LEAST, STALLED
from relay.store.contract import Restart
from tests.harness import Backup, Person, World
from tests.tui.engine.rogue import circle_of, show
from tests.tui.engine.test_heads import RELAY
from tui.engine import commands, mending
from tui.engine.circle_line import NOT_KNOWN
from tui.engine.desk import BODIES_KEPT
from tui.engine.entering import RESTORING
from tui.engine.events import EntryMoved, LinkState, MessageState, Refused, RowChanged
from tui.engine.mending import (
    CHANGES_LOST,
    IS_WHOLE_AGAIN,
    PATIENCE,
    REQUEST_LOST,
    SHOWS_LESS,
    WINDOW,
)

pytestmark = pytest.mark.slow  # whole circles, with a crash at every input

DAY = 86_400_000


FEW, MANY = 7, 2 * WINDOW + 3
"""Messages after the backup: of the latter, not all are handed in at once."""


def talked(*names: str, later: int = FEW) -> tuple[World, list[Person], Backup]:
    """A circle that has talked; the relay's backup, and then some more."""
    world = World()
    people = world.circle(*names)
    people[0].says("kept")
    world.settle()
    backup = world.backup()
    for number in range(later):
        people[number % len(people)].says(f"later {number}")
        world.settle()
    return world, people, backup


def pretended(world: World, backup: Backup) -> None:
    """The relay gives up the end of its log, and says that it was put back and nobody had more."""
    world.put_back(backup)
    for id, shelf in world.store.shelves.items():
        fresh = world.random.randbytes(16)
        shelf.restarts.append(Restart(id, shelf.incarnation, fresh, world.now))


def records(world: World) -> int:
    (shelf,) = world.store.shelves.values()
    return len(shelf.records)


def kept(backup: Backup) -> int:
    (shelf,) = backup.shelves.values()
    return len(shelf.records)


def agree(*people: Person) -> list[str]:
    """What everybody has read, once, in one order."""
    texts = people[0].texts()
    assert len(set(texts)) == len(texts)
    for person in people:
        assert person.texts() == texts, person.name
        assert set(person.states()) <= {"delivered", "confirmed"}
    return texts


def test_what_it_lost_is_given_back_to_it() -> None:
    world, (ana, bo, cy), backup = talked("Ana", "Bo", "Cy", later=MANY)
    ana.invites()
    bo.says("the last")
    world.settle()
    before, chain = agree(ana, bo, cy), circle_of(ana).record.chain
    world.put_back(backup)
    world.wait(60_000)
    assert agree(ana, bo, cy) == before and circle_of(bo).record.chain == chain
    for person in (ana, bo, cy):
        facts = person.circle()
        assert (facts.link, facts.link_sentence) == (LinkState.ONLINE, "")
        assert person.notices().count(IS_WHOLE_AGAIN) == 1
        assert person.warnings() == []
    cy.says("on we go")
    world.wait(10 * 60_000)
    assert agree(ana, bo, cy) == [*before, "Cy: on we go"]
    assert ana.rows()[-1].state is MessageState.RECEIVED
    assert cy.states()[-1] == "confirmed"


def test_whoever_was_away_reads_what_was_given_back() -> None:
    world, (ana, bo, cy), backup = talked("Ana", "Bo", "Cy")
    cy.offline = True
    world.settle()
    bo.says("while Cy is away")
    ana.invites()
    world.settle()
    world.put_back(backup)
    world.wait(60_000)
    assert "give it what it lost" in ana.circle().link_sentence
    world.wait(AT_LEAST)
    ana.says("and after it")
    world.settle()
    cy.offline = False
    world.wait(30_000)
    assert agree(ana, bo, cy)[-2:] == ["Bo: while Cy is away", "Ana: and after it"]


def test_it_waits_for_a_host_and_says_so() -> None:
    world, (ana, bo), backup = talked("Ana", "Bo")
    ana.offline = True
    world.put_back(backup)
    bo.says("written meanwhile")
    world.wait(20 * 60_000)
    assert bo.circle().link_sentence.endswith("It waits for the device of a host.")
    assert bo.states()[-1] == "waiting"
    ana.offline = False
    world.wait(60_000)
    assert bo.circle().link_sentence == ""
    assert agree(ana, bo)[-1] == "Bo: written meanwhile"


def test_a_device_whose_admission_was_lost_comes_back_with_it() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    backup = world.backup()
    bo = world.person("Bo")
    bo.joins(ana.invites())
    world.settle()
    bo.says("hello")
    world.settle()
    world.put_back(backup)
    world.wait(10 * 60_000)
    ana.says("welcome back")
    world.wait(5 * 60_000)
    assert agree(ana, bo) == ["Bo: hello", "Ana: welcome back"]
    assert bo.notices().count(IS_WHOLE_AGAIN) == 1


class TestCrashes:
    @pytest.mark.parametrize("crash", ["before", "after"])
    @pytest.mark.parametrize("steps", range(0, 36, 6))
    def test_of_a_device_in_the_middle(self, crash: str, steps: int) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        before = agree(ana, bo)
        world.put_back(backup)
        world.now += 5_000
        for _ in range(steps):
            world.step()
        for person in (ana, bo):
            person.database.crash = crash
        world.wait(AT_LEAST + 60_000)
        assert agree(ana, bo) == before

    @pytest.mark.parametrize("steps", range(2, 80, 12))
    def test_of_the_relay_in_the_middle(self, steps: int) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo", later=MANY)
        before = agree(ana, bo)
        world.put_back(backup)
        world.now += 5_000
        for _ in range(steps):
            world.step()
        world.restart_relay()
        world.wait(AT_LEAST + 60_000)
        assert agree(ana, bo) == before
        ana.says("on")
        world.settle()
        assert agree(ana, bo) == [*before, "Ana: on"]

    @pytest.mark.parametrize("crash", ["before", "after"])
    def test_while_going_back(self, crash: str) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        before = agree(ana, bo)
        pretended(world, backup)
        world.wait(PATIENCE - 5_000)
        ana.database.crash = crash
        world.wait(PATIENCE + 60_000)
        assert sorted(agree(ana, bo)) == sorted(before)

    def test_put_back_again_in_the_middle(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo", later=MANY)
        before = agree(ana, bo)
        world.put_back(backup)
        world.now += 5_000
        for _ in range(60):
            world.step()
        world.put_back(backup)
        world.wait(AT_LEAST + 60_000)
        assert agree(ana, bo) == before
        assert len(ana.warnings()) == 0


class TestGoingBack:
    """A relay that drops the end of its log, and calls it a backup."""

    def test_every_author_sends_again_and_all_read_one_order(self) -> None:
        world, (ana, bo, cy), backup = talked("Ana", "Bo", "Cy")
        before = agree(ana, bo, cy)
        pretended(world, backup)
        world.wait(30_000)
        assert ana.circle().link_sentence == SHOWS_LESS
        assert records(world) == kept(backup)
        world.wait(PATIENCE + 30_000)
        after = agree(ana, bo, cy)
        assert sorted(after) == sorted(before) and after[0] == before[0]
        for person in (ana, bo, cy):
            (warning,) = person.warnings()
            assert f"{FEW} entries were lost" in warning
            assert person.circle().link is LinkState.ONLINE
        ana.says("on")
        world.wait(6 * 60_000)
        assert agree(ana, bo, cy) == [*after, "Ana: on"] and "on" in cy.texts()[-1]
        assert ana.states()[-1] == "confirmed"

    def test_what_waits_stands_behind_what_is_sent_again(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        ana.offline = True
        pretended(world, backup)
        ana.says("not sent yet")
        world.wait(30_000)
        ana.heard.clear()
        ana.offline = False
        world.wait(2 * PATIENCE)
        texts = agree(ana, bo)
        assert [text for text in texts if text.startswith("Ana")][-1] == "Ana: not sent yet"
        moved = [event for event in ana.told(RowChanged) if event.was is not None]
        assert moved and all(event.was != event.row.position for event in moved)

    def test_whose_author_is_away_is_read_where_it_was_until_it_comes(self) -> None:
        world, (ana, bo, cy), backup = talked("Ana", "Bo", "Cy")
        before = agree(ana, bo, cy)
        cy.offline = True
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        for person in (ana, bo):
            assert sorted(person.texts()) == sorted(before)
        cy.offline = False
        world.wait(3 * PATIENCE)
        assert sorted(agree(ana, bo, cy)) == sorted(before)

    def test_a_newcomer_reads_what_was_sent_again(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        cy = world.person("Cy")
        cy.joins(ana.invites())
        bo.says("hello Cy")
        world.settle()
        assert cy.texts() == ["Bo: hello Cy"] and cy.circle().link is LinkState.ONLINE

    def test_one_entry_is_one_entry(self) -> None:
        world = World()
        ana, bo = world.circle("Ana", "Bo")
        backup = world.backup()
        ana.says("one")
        world.settle()
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        assert agree(ana, bo) == ["Ana: one"]
        assert "1 entry was lost" in bo.warnings()[0]

    def test_to_the_very_beginning(self) -> None:
        world = World()
        ana = world.person("Ana")
        ana.opens()
        backup = world.backup()
        ana.says("one")
        world.settle()
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        assert agree(ana) == ["Ana: one"] and ana.circle().link is LinkState.ONLINE

    def test_a_head_of_what_was_given_up_says_nothing_and_of_before_it_does(self) -> None:
        world, (ana, _bo), backup = talked("Ana", "Bo")
        record = circle_of(ana).record
        old, n = record.incarnation, record.n
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        for far in (n, n + 100):
            given_up = Head.sign(RELAY, circle_of(ana).id, old, far, b"x" * 32)
            show(ana, wire.Head(old, far, given_up.hash, given_up.signature))
            assert ana.circle().link is not LinkState.STOPPED
            world.wait(60_000)
        forked = Head.sign(RELAY, circle_of(ana).id, old, 2, b"x" * 32)
        show(ana, wire.Head(old, 2, forked.hash, forked.signature))
        assert ana.circle().link is LinkState.STOPPED

    def test_a_commit_that_was_followed_can_not_be_taken_back(self) -> None:
        world, (ana, bo, cy), backup = talked("Ana", "Bo", "Cy")
        before = agree(ana, bo, cy)
        cy.offline = True
        world.settle()
        ana.invites()
        ana.says("after the code")
        world.settle()
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        for person in (ana, bo):
            assert person.circle().link_sentence == CHANGES_LOST
            assert person.warnings() == [CHANGES_LOST]
        cy.offline = False
        world.wait(3 * PATIENCE)
        assert cy.circle().link is LinkState.ONLINE
        for person in (ana, bo):
            person.do(commands.Rejoin(ref=99))
            world.wait(60_000)
            assert person.circle().link is LinkState.ONLINE
        world.wait(60_000)
        for person in (ana, bo, cy):
            assert sorted(person.texts()) == sorted([*before, "Ana: after the code"])
            assert set(person.states()) <= {"delivered", "confirmed"}
        assert "came in again" in ana.notices()[-1] or "came in again" in ana.notices()[-2]

    def test_who_is_stopped_goes_back_too(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        ana.invites()
        circle_of(bo).stop("For another reason.")
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        assert bo.circle().link_sentence == "For another reason."
        assert circle_of(bo).record.n == records(world)

    def test_a_request_that_was_lost_is_not_answered(self) -> None:
        world, (ana, _bo), _ = talked("Ana", "Bo")
        ana.do(commands.ChangeSettings(ref=1, door_asks=True))
        world.settle()
        code = ana.invites()
        world.settle()
        backup = world.backup()
        cy = world.person("Cy")
        card = cy.reads(code)
        cy.do(commands.Enter(ref=1, entry=card.entry, person="Cy"))
        world.settle()
        (request,) = ana.client.requests(ana.circle().id)
        cy.offline = ana.offline = True
        world.settle()
        ana.do(commands.AnswerRequest(ref=50, circle=ana.circle().id, n=request.n, admit=True))
        ana.do(commands.Rename(ref=51, person="Anna"))
        pretended(world, backup)
        ana.offline = False
        world.wait(3 * PATIENCE)
        assert ana.client.requests(ana.circle().id) == []
        assert ana.circle().chairs == 2 and ana.circle().me == "Anna"
        (no,) = ana.told(Refused)
        assert (no.ref, no.sentence) == (50, REQUEST_LOST)

    def test_nor_is_one_by_nobody_who_waits_for_the_answer(self) -> None:
        world, (ana, _bo), _ = talked("Ana", "Bo")
        ana.do(commands.ChangeSettings(ref=1, door_asks=True))
        world.settle()
        code = ana.invites()
        backup = world.backup()
        cy = world.person("Cy")
        card = cy.reads(code)
        cy.do(commands.Enter(ref=1, entry=card.entry, person="Cy"))
        world.settle()
        (request,) = ana.client.requests(ana.circle().id)
        cy.offline = ana.offline = True
        world.settle()
        ana.do(commands.AnswerRequest(ref=50, circle=ana.circle().id, n=request.n, admit=True))
        ana.crash()
        pretended(world, backup)
        ana.offline = False
        world.wait(3 * PATIENCE)
        assert ana.told(Refused) == [] and ana.circle().chairs == 2

    def test_a_request_to_come_in_again_that_was_lost_is_made_again(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        circle_of(bo).stop("For a reason.")
        bo.do(commands.Rejoin(ref=9))
        while not bo.database.rows("SELECT 1 FROM rejoinings WHERE n > 0"):
            world.step()
        ana.offline = True
        pretended(world, backup)
        world.wait(3 * PATIENCE)
        ana.offline = False
        world.wait(5 * PATIENCE)
        assert bo.circle().link is LinkState.ONLINE
        assert "This device came in again, with fresh keys." in bo.notices()


class TestWhatIsLess:
    def test_in_the_incarnation_that_it_signed_more_of_is_waited_for(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        (shelf,) = world.store.shelves.values()
        kept = list(shelf.records)
        del shelf.records[-1]
        world.restart_relay()
        world.store.full = True  # so that it can't begin another one
        for person in (ana, bo):
            person.says("not into this")
        world.wait(3 * PATIENCE)
        for person in (ana, bo):
            assert person.circle().link_sentence == SHOWS_LESS
            assert person.states()[-1] == "waiting"
        world.restart_relay()
        world.store.full = False
        shelf.records[:] = kept
        world.wait(10 * 60_000)
        assert len(ana.texts()) == FEW + 3 and ana.texts() == bo.texts()
        assert ana.warnings() == []

    def test_what_no_head_proves_is_sent_again_under_the_same_name(self) -> None:
        world = World()
        ana, bo = world.circle("Ana", "Bo")
        ana.says("one")
        world.settle()
        world.wait(60_000)
        backup = world.backup()
        for socket in world.sockets():
            if socket.person is bo:
                socket.cut()
        bo.offline = True
        ana.says("two")
        while ana.states()[-1] != "delivered":
            world.step()
        newest = Head.decode(circle_of(ana).record.head)
        assert newest.n < circle_of(ana).record.n
        world.put_back(backup)
        bo.offline = False
        world.wait(3 * PATIENCE)
        assert agree(ana, bo) == ["Ana: one", "Ana: two"]
        (shelf,) = world.store.shelves.values()
        assert shelf.restarts == []

    def test_a_log_that_went_on_without_its_end_is_another_log(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        world.put_back(backup)
        (shelf,) = world.store.shelves.values()
        last = shelf.records[-1]
        entered = replace(last, n=last.n + 1, body=b"another entry", kind=Kind.MESSAGE)
        shelf.records.append(replace(entered, idempotency_id=b"f" * 16, chain=b"x" * 32))
        world.wait(3 * PATIENCE)
        for person in (ana, bo):
            assert person.circle().link is LinkState.STOPPED
            assert person.circle().forks
        assert shelf.restarts == []


class TestWhatIsGoneAltogether:
    def test_a_relay_without_any_data_until_it_has_them_again(self) -> None:
        world = World()
        nothing = world.backup()
        ana, bo = world.circle("Ana", "Bo")
        ana.says("kept")
        world.settle()
        backup = world.backup()
        bo.says("later")
        world.settle()
        world.put_back(nothing)
        ana.says("meanwhile")
        world.wait(60_000)
        for person in (ana, bo):
            facts = person.circle()
            assert (facts.link, facts.link_sentence) == (LinkState.OFFLINE, NOT_KNOWN)
        world.put_back(backup)
        world.wait(20 * 60_000)
        assert agree(ana, bo) == ["Ana: kept", "Bo: later", "Ana: meanwhile"]
        assert bo.notices().count(IS_WHOLE_AGAIN) == 1 and bo.warnings() == []

    def test_a_relay_that_has_lost_its_key_too_is_another_one(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        world.restart_relay()
        world.hub.key = AccessKeyPair.from_seed(Secret(b"k" * 32))
        ana.says("meanwhile")
        world.wait(60_000)
        facts = ana.circle()
        assert facts.link is LinkState.OFFLINE and "or the same one without" in facts.link_sentence
        assert ana.states()[-1] == "waiting"
        world.restart_relay()
        world.wait(20 * 60_000)
        assert agree(ana, bo)[-1] == "Ana: meanwhile" and ana.warnings() == []

    def test_twice_and_to_an_earlier_time(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        ana.invites()
        world.settle()
        for turn, copy in enumerate((backup, backup, world.backup(), backup)):
            before = agree(ana, bo)
            world.put_back(copy)
            world.wait(AT_LEAST + 60_000)
            assert agree(ana, bo) == before
            ana.says(f"turn {turn}")
            world.settle()
            assert ana.notices().count(IS_WHOLE_AGAIN) == turn + 1
        assert agree(ana, bo)[-1] == "Ana: turn 3"
        assert ana.warnings() == bo.warnings() == []

    def test_a_change_of_which_nobody_has_the_bytes_ends_in_words(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        ana.invites()
        ana.says("after the code")
        world.settle()
        for person in (ana, bo):
            with person.database.transaction():
                person.database.write("UPDATE entries SET body = NULL WHERE kind = 2")
        world.put_back(backup)
        for _ in range(3):
            world.wait(STALLED)
        for person in (ana, bo):
            assert person.circle().link is LinkState.STOPPED
            assert person.circle().link_sentence == CHANGES_LOST
            assert person.warnings() == [CHANGES_LOST]

    def test_a_backup_of_months_ago_across_a_change(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        ana.invites()
        ana.says("after the code")
        world.settle()
        before = agree(ana, bo)
        for _ in range(3):
            world.now += 30 * DAY
            ana.client.tick()
            bo.client.tick()
        world.put_back(backup)
        world.wait(10 * 60_000)
        ana.says("on")
        world.wait(60_000)
        assert agree(ana, bo) == [*before, "Ana: on"]
        assert bo.notices().count(IS_WHOLE_AGAIN) == 1 and bo.warnings() == []

    def test_no_host_for_a_day(self) -> None:
        world, (ana, bo, cy), backup = talked("Ana", "Bo", "Cy")
        before = agree(ana, bo, cy)
        ana.offline = True
        world.put_back(backup)
        world.wait(DAY - 60 * 60_000)
        assert bo.circle().link_sentence.endswith("It waits for the device of a host.")
        world.wait(2 * 60 * 60_000)
        cy.says("at last")
        world.settle()
        assert agree(bo, cy) == [*before, "Cy: at last"]
        ana.offline = False
        world.wait(20 * 60_000)
        assert agree(ana, bo, cy) == [*before, "Cy: at last"]


class TestFrames:
    def test_a_device_that_holds_no_more_reports_all_the_same(self) -> None:
        world, (ana, _bo), _ = talked("Ana", "Bo")
        n = circle_of(ana).record.n
        show(ana, wire.Restoring(n, n, False))
        assert ana.circle().link_sentence.endswith("of a host.")
        show(ana, wire.Restoring(n, n, True))
        assert not ana.circle().link_sentence.endswith("of a host.")
        ana.says("waits")
        world.wait(60_000)
        assert ana.states()[-1] == "waiting"
        show(ana, wire.Restored())
        world.wait(60_000)
        assert ana.states()[-1] == "delivered"

    def test_a_device_whose_log_is_in_doubt_hands_nothing_in(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        circle_of(ana).stop("For a reason.")
        bo.offline = True
        world.put_back(backup)
        world.wait(20 * 60_000)
        assert records(world) == kept(backup)

    def test_hashes_of_before_they_were_kept(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        before = agree(ana, bo)
        for person in (ana, bo):
            with person.database.transaction():
                person.database.write("UPDATE entries SET hash = x''")
        world.put_back(backup)
        world.wait(AT_LEAST + 60_000)
        assert agree(ana, bo) == before and ana.warnings() == []

    def test_without_hash_and_bytes_nothing_can_be_outlined(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        before = agree(ana, bo)
        for person in (ana, bo):
            with person.database.transaction():
                person.database.write("UPDATE entries SET hash = x'', body = NULL")
        world.put_back(backup)
        world.wait(20 * 60_000)
        world.wait(3 * PATIENCE)
        assert sorted(agree(ana, bo)) == sorted(before)
        assert len(ana.warnings()) == 1

    def test_what_is_gone_everywhere_stays_gone_and_keeps_its_place(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        before, chain = agree(ana, bo), circle_of(ana).record.chain
        world.now += BODIES_KEPT + DAY
        ana.client.tick()
        bo.client.tick()
        world.put_back(backup)
        world.wait(10 * 60_000)
        assert agree(ana, bo) == before
        (shelf,) = world.store.shelves.values()
        lost = shelf.records[kept(backup) : kept(backup) + FEW]
        assert [record.body for record in lost] == [None] * FEW
        assert any(record.chain == chain for record in shelf.records)

    def test_a_newcomers_request_goes_out_when_it_is_over(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        code = ana.invites()
        world.settle()
        backup = world.backup()
        bo.says("lost")
        world.settle()
        bo.offline = True
        world.put_back(backup)
        world.wait(30_000)
        cy = world.person("Cy")
        card = cy.reads(code)
        cy.do(commands.Enter(ref=7, entry=card.entry, person="Cy"))
        world.settle()
        assert any(event.sentence == RESTORING for event in cy.told(EntryMoved))
        world.wait(AT_LEAST + 2 * 60_000)
        assert cy.circle().link is LinkState.ONLINE
        bo.offline = False
        world.wait(60_000)
        assert bo.circle().chairs == ana.circle().chairs == 3

    def test_what_was_on_its_way_when_it_began_waits(self) -> None:
        world, (ana, bo), backup = talked("Ana", "Bo")
        bo.offline = True
        world.settle()
        ana.says("one more")
        world.settle()
        world.put_back(backup)
        world.wait(30_000)
        assert "give it" in ana.circle().link_sentence
        refused = wire.Refused(b"u" * 16, wire.Refusal.RESTORING)
        show(ana, refused)
        ana.do(commands.CreateInvite(ref=77))
        bo.offline = False
        world.wait(AT_LEAST + 60_000)
        assert agree(ana, bo)[-1] == "Ana: one more"
        assert len(ana.client.invites(ana.circle().id)) == 1

    def test_a_commit_that_it_refuses_meanwhile_is_sent_later(self) -> None:
        world, (ana, bo), _ = talked("Ana", "Bo")
        ana.do(commands.CreateInvite(ref=77))
        pending = circle_of(ana).context.store.pending.where("1")
        show(ana, wire.Refused(pending[0].idempotency, wire.Refusal.RESTORING))
        world.wait(60_000)
        assert len(bo.client.invites(bo.circle().id)) == 1

    def test_every_word_without_a_connection_is_none(self) -> None:
        _, (ana, _bo), _ = talked("Ana", "Bo")
        circle = circle_of(ana)
        circle.connection = None
        assert mending.sentence(circle) == ""


@pytest.mark.parametrize("seed", range(8))
def test_long_walks(seed: int) -> None:
    """People talk, crash, come and go; now and then the relay's disk is put back."""
    world = World(seed)
    people = list(world.circle("Ana", "Bo", "Cy"))
    chosen, said = world.random, 0
    backup = world.backup()
    for _ in range(60):
        person = chosen.choice(people)
        match chosen.randrange(8):
            case 0 | 1 | 2:
                person.says(f"{said}")
                said += f"{person.name}: {said}" in person.texts()
            case 3:
                person.offline = not person.offline
            case 4:
                person.database.crash = chosen.choice(["before", "after"])
            case 5:
                world.settle()
                backup = world.backup()
            case 6:
                for other in people:
                    other.offline = False
                world.wait(AT_LEAST)
                if chosen.random() < 0.5:
                    world.put_back(backup)
                    world.wait(AT_LEAST + 60_000)
                    backup = world.backup()
            case _:
                for _ in range(chosen.randrange(30)):
                    world.step()
    for person in people:
        person.offline = False
    world.wait(20 * 60_000)
    assert len(agree(*people)) == said
    for person in people:
        assert person.circle().link is LinkState.ONLINE and person.warnings() == []
