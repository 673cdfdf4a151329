"""Reactions, edits, taking back, replies and mentions: whose they are, and in which order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import msgpack
import pytest

from crypto.content import Ask, Content, Delete, Edit, React, Text, Vote, write_content
from crypto.history import History, PassedOnMessage, seal_history
from crypto.primitives import x25519_public
from crypto.secret import Secret
from tests.harness import Person, World
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.rogue import circle_of, encrypted, entry, envelope, show
from tests.tui.engine.test_mending import pretended
from tests.tui.engine.test_missing import forgets
from tui.engine import commands, deeds, saying, timeline
from tui.engine.circle import SUITE
from tui.engine.deeds import EDITS_MOST, REACTIONS_MOST, WAITING_MOST
from tui.engine.events import Edits, Messages, PollFacts, Queued, Row, RowAdded, RowChanged
from tui.engine.timeline import WAITING_FROM

HEART, THUMB = "\u2764\ufe0f", "\U0001f44d"


def last(person: Person) -> Row:
    """The newest row that somebody wrote."""
    return [row for row in person.rows() if row.author][-1]


def find(person: Person, id: str) -> Row:
    row = person.client.row(person.circle().id, id)
    assert row is not None
    return row


def hello(*names: str, seed: int = 1) -> tuple[World, list[Person], str]:
    """A circle where the first has said hello, and that message's id."""
    world = World(seed)
    people = world.circle(*names)
    people[0].says("hello")
    world.settle()
    return world, people, last(people[0]).id


def reacted(row: Row) -> list[tuple[str, list[str], bool]]:
    return [(found.what, found.names, found.mine) for found in row.reactions]


class Hand:
    """A member who writes what no client of ours would, straight to another's device."""

    def __init__(self, by: Person, to: Person) -> None:
        self.by, self.to, self.id = by, to, 0
        by.offline = True
        by.world.settle(wait=0)

    def says(self, content: Content | tuple[int, bytes], id: bytes = b"") -> bytes:
        number, body = content if isinstance(content, tuple) else write_content(content)
        self.id += 1
        id = id or b"\xee" * 8 + self.id.to_bytes(8)
        row = self.to.database.row(
            "SELECT counter, newest FROM senders WHERE leaf_key = ?",
            (circle_of(self.by).leaf.public,),
        )
        counter, newest = (0, bytes(16)) if row is None else (int(str(row[0])), row[1])
        assert isinstance(newest, bytes)
        wrapped = envelope(number, body, counter + 1, newest, id)
        show(self.to, entry(self.to, 1, encrypted(self.by, wrapped.encode())))
        return id


def in_clear(person: Person, text: str) -> list[str]:
    """Tables of a person's profile in which these bytes stand."""
    found = []
    tables = person.database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")
    for name in (str(row[0]) for row in tables):
        for row in person.database.rows(f"SELECT * FROM {name}"):  # noqa: S608
            for value in row:
                data = value.encode() if isinstance(value, str) else value
                if isinstance(data, bytes) and text.encode() in data:
                    found.append(name)
    return found


# Replies, mentions, what is said of oneself.


def test_a_reply_shows_what_it_answers() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    bo.expect(Queued, lambda ref: commands.SendText(ref=ref, text="hi", reply=id[:6]))
    world.settle()
    for person in (ana, bo):
        quote = last(person).reply
        assert quote is not None
        assert (quote.id, quote.author, quote.text, quote.hue) == (id, "Ana", "hello", 0)
    ana.do(commands.Edit(id=id, text="\n  good morning\nall"))
    world.settle()
    for person in (ana, bo):
        quote = last(person).reply
        assert quote is not None and quote.text == "good morning"
        told = [event.row for event in person.told(RowChanged) if event.row.reply is not None]
        assert told[-1].reply == quote
    ana.do(commands.Delete(id=id))
    world.settle()
    quote = last(bo).reply
    assert quote is not None and (quote.author, quote.text) == ("Ana", "")
    told = [event.row for event in bo.told(RowChanged) if event.row.reply is not None]
    assert told[-1].reply == quote


def test_a_reply_to_what_is_not_here_is_shown_without_it() -> None:
    _world, (ana, bo), _ = hello("Ana", "Bo")
    Hand(ana, bo).says(Text("hm", b"\x05" * 16))
    quote = last(bo).reply
    assert quote is not None and (quote.id, quote.author, quote.text) == ("05" * 16, "", "")


def test_who_is_mentioned_knows_until_it_is_read() -> None:
    world, (ana, bo, cy), _ = hello("Ana", "Bo", "Cy")
    ana.says("@Bo: are you there?")
    world.settle()
    assert last(bo).mentions_me and bo.circle().mentioned
    assert not last(cy).mentions_me and not cy.circle().mentioned
    assert not last(ana).mentions_me
    bo.do(commands.MarkRead(position=last(bo).position))
    assert not bo.circle().mentioned and last(bo).mentions_me
    ana.do(commands.Edit(id=last(ana).id, text="@Cy and @Ana: are you there?"))
    world.settle()
    assert last(cy).mentions_me and cy.circle().mentioned
    assert not last(bo).mentions_me and not last(ana).mentions_me
    assert not ana.circle().mentioned


def test_what_is_said_of_oneself() -> None:
    world, (ana, bo), _ = hello("Ana", "Bo")
    ana.do(commands.SendText(text="waves", me=True))
    world.settle()
    assert last(bo).me and last(bo).text == "waves" and last(ana).me


# Reactions.


def test_reactions_are_names_in_the_order_of_the_log() -> None:
    world, (ana, bo, cy), id = hello("Ana", "Bo", "Cy")
    for person, what in ((bo, THUMB), (cy, HEART), (cy, THUMB), (ana, THUMB)):
        person.expect(
            Queued,
            lambda ref, what=what: commands.React(ref=ref, id=id, what=what),  # type: ignore[misc]
        )
        world.settle()
    assert reacted(find(ana, id)) == [
        (THUMB, ["Bo", "Cy", "Ana"], True),
        (HEART, ["Cy"], False),
    ]
    cy.do(commands.React(id=id, what=THUMB, on=False))
    world.settle()
    for person in (ana, bo, cy):
        person.crash()
        assert [found[:2] for found in reacted(find(person, id))] == [
            (THUMB, ["Bo", "Ana"]),
            (HEART, ["Cy"]),
        ]
    cy.do(commands.React(id=id, what=THUMB))
    world.settle()
    assert reacted(find(bo, id))[0][1] == ["Bo", "Ana", "Cy"]
    assert [event.row.id for event in bo.told(RowChanged)][-1] == id


def test_an_own_reaction_shows_at_once_and_waits_for_the_line() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    bo.offline = True
    world.settle()
    bo.do(commands.React(id=id, what=HEART))
    assert reacted(find(bo, id)) == [(HEART, ["Bo"], True)]
    assert find(ana, id).reactions == [] and bo.circle().unsent and bo.circle().waiting == 0
    bo.crash()
    bo.offline = False
    world.settle()
    assert reacted(find(ana, id)) == [(HEART, ["Bo"], False)]
    assert not bo.circle().unsent


def test_what_is_no_emoji_or_not_there_is_refused() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    refused = bo.refused(lambda ref: commands.React(ref=ref, id=id, what="ok"))
    assert refused.reason == "emoji"
    missing = "ffff" if id[:4] != "ffff" else "0000"
    refused = bo.refused(lambda ref: commands.React(ref=ref, id=missing, what=HEART))
    assert refused.reason == "unknown_message"
    ana.do(commands.Delete(id=id))
    world.settle()
    refused = bo.refused(lambda ref: commands.React(ref=ref, id=id, what=HEART))
    assert refused.sentence == "There is no message there any more."


def test_a_flood_of_reactions_is_bounded() -> None:
    _world, (ana, bo), id = hello("Ana", "Bo")
    hand = Hand(bo, ana)
    emoji = [chr(0x1F400 + number) for number in range(REACTIONS_MOST + 5)]
    for _ in range(2):
        for what in emoji:
            hand.says(React(bytes.fromhex(id), what, True))
    assert [found[0] for found in reacted(find(ana, id))] == emoji[:REACTIONS_MOST]
    assert ana.database.rows("SELECT count(*) FROM deeds") == [(REACTIONS_MOST,)]
    target = bytes.fromhex(id)
    hand.says(React(target, emoji[0], False))
    assert len(find(ana, id).reactions) == REACTIONS_MOST - 1


def test_one_s_own_flood_is_refused() -> None:
    world, (ana, _bo), id = hello("Ana", "Bo")
    for number in range(REACTIONS_MOST):
        ana.do(commands.React(id=id, what=chr(0x1F400 + number)))
    refused = ana.refused(lambda ref: commands.React(ref=ref, id=id, what=HEART))
    assert str(REACTIONS_MOST) in refused.sentence
    ana.do(commands.React(id=id, what=chr(0x1F400), on=False))
    world.settle()
    assert len(find(ana, id).reactions) == REACTIONS_MOST - 1


def test_what_waits_for_messages_that_never_come_is_bounded() -> None:
    _world, (ana, bo), _ = hello("Ana", "Bo")
    hand = Hand(bo, ana)
    for number in range(WAITING_MOST + 3):
        hand.says(React(number.to_bytes(16), HEART, True))
    rows = ana.database.rows("SELECT target FROM deeds ORDER BY position")
    assert rows == [(number.to_bytes(16),) for number in range(3, WAITING_MOST + 3)]
    hand.says(Text("here"), (5).to_bytes(16))
    assert reacted(last(ana)) == [(HEART, ["Bo"], False)]


# Edits.


def test_the_last_edit_in_the_order_of_the_log_stands_and_all_can_be_read() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    for text in ("hello!", "good evening"):
        ana.expect(Queued, lambda ref, text=text: commands.Edit(ref=ref, id=id, text=text))  # type: ignore[misc]
    world.settle()
    for person in (ana, bo):
        row = find(person, id)
        assert (row.text, row.edited, row.deleted) == ("good evening", True, False)
        answer = person.expect(Edits, lambda ref: commands.ListEdits(ref=ref, id=id))
        assert [edit.text for edit in answer.edits] == ["hello", "hello!", "good evening"]
        assert answer.id == id
    assert bo.texts() == ["Ana: good evening"]


def test_two_devices_of_one_member_edit_the_same_message() -> None:
    """The other device's edit is ordered while this one's waits: this one's is later, for all."""
    world, (ana, bo), id = hello("Ana", "Bo")
    hand = Hand(ana, bo)
    hand.says(Edit(bytes.fromhex(id), "second"))
    hand.says(Edit(bytes.fromhex(id), "first"))
    assert find(bo, id).text == "first"
    assert world.people == [ana, bo]


def test_a_flood_of_edits_is_bounded() -> None:
    _world, (ana, bo), id = hello("Ana", "Bo")
    hand = Hand(ana, bo)
    for number in range(EDITS_MOST + 5):
        hand.says(Edit(bytes.fromhex(id), f"edit {number}"))
    assert bo.database.rows("SELECT count(*) FROM deeds") == [(EDITS_MOST,)]
    assert find(bo, id).text == f"edit {EDITS_MOST + 4}"
    answer = bo.expect(Edits, lambda ref: commands.ListEdits(ref=ref, id=id))
    assert [edit.text for edit in answer.edits][:2] == ["hello", "edit 5"]


def test_nobody_edits_or_takes_back_what_another_wrote() -> None:
    _world, (ana, bo), id = hello("Ana", "Bo")
    for make in (
        lambda ref: commands.Edit(ref=ref, id=id, text="x"),
        lambda ref: commands.Delete(ref=ref, id=id),
    ):
        assert "who wrote it alone" in bo.refused(make).sentence
    hand = Hand(bo, ana)
    tried: list[Content] = [Edit(bytes.fromhex(id), "x"), Delete(bytes.fromhex(id))]
    for number, content in enumerate(tried, 1):
        hand.says(content)
        row = find(ana, id)
        assert (row.text, row.edited, row.deleted) == ("hello", False, False)
        assert (
            ana.warnings() == ["Bo tried to change a message of Ana. It stays as it is."] * number
        )
    assert ana.database.rows("SELECT count(*) FROM deeds") == [(0,)]


def test_who_tries_before_the_message_is_there_is_named_when_it_comes() -> None:
    world, (ana, bo, cy), _ = hello("Ana", "Bo", "Cy")
    hand = Hand(bo, cy)
    target = b"\x77" * 16
    hand.says(Edit(target, "what Ana never said"))
    hand.says(Delete(target))
    hand.says(React(target, HEART, True))
    assert cy.warnings() == []
    Hand(ana, cy).says(Text("what Ana said"), target)
    row = find(cy, target.hex())
    assert (row.text, row.edited, row.deleted) == ("what Ana said", False, False)
    assert reacted(row) == [(HEART, ["Bo"], False)]
    assert len(cy.warnings()) == 2
    assert world.people == [ana, bo, cy]


def test_only_texts_are_edited() -> None:
    _world, (ana, bo), _ = hello("Ana", "Bo")
    hand = Hand(bo, ana)
    for number, body in ((999, b"later"), (999, b"")):
        id = hand.says((number, body))
        hand.says(Edit(id, "x"))
        row = find(ana, id.hex())
        assert (row.kind, row.edited) == ("unknown", False)
        hand.says(React(id, HEART, True))
        assert reacted(find(ana, id.hex())) == [(HEART, ["Bo"], False)]


def test_notices_are_nothing_that_anybody_wrote() -> None:
    world, (ana, bo), _ = hello("Ana", "Bo")
    world.person("Cy").joins(ana.invites())
    world.settle()
    notice = next(row for row in ana.rows() if row.kind == "notice")
    hand = Hand(bo, ana)
    for content in (
        Edit(bytes.fromhex(notice.id), "x"),
        Delete(bytes.fromhex(notice.id)),
        React(bytes.fromhex(notice.id), HEART, True),
    ):
        hand.says(content)
    assert find(ana, notice.id) == notice


# Taking back.


def test_what_is_taken_back_is_gone_from_everybody_s_profile() -> None:
    world, (ana, bo), _ = hello("Ana", "Bo")
    ana.says("a secret")
    world.settle()
    id = last(ana).id
    ana.do(commands.Edit(id=id, text="another secret"))
    bo.do(commands.React(id=id, what=HEART))
    world.settle()
    assert in_clear(ana, "secret") and in_clear(bo, "secret")
    ana.expect(Queued, lambda ref: commands.Delete(ref=ref, id=id))
    assert in_clear(ana, "secret") == []
    world.settle()
    for person in (ana, bo):
        row = find(person, id)
        assert (row.kind, row.text) == ("notice", "Ana took a message back.")
        assert row.deleted and not row.edited and row.reactions == [] and row.author == "Ana"
        assert in_clear(person, "secret") == []
        answer = person.expect(Edits, lambda ref: commands.ListEdits(ref=ref, id=id))
        assert answer.edits == []
    assert bo.texts() == ["Ana: hello"]


def test_a_message_that_waits_is_taken_back_before_anybody_reads_it() -> None:
    world, (ana, bo), _ = hello("Ana", "Bo")
    ana.offline = True
    world.settle()
    ana.says("a secret")
    id = last(ana).id
    ana.do(commands.Edit(id=id, text="a worse secret"))
    ana.do(commands.Delete(id=id))
    assert in_clear(ana, "secret") == []
    ana.offline = False
    world.settle()
    assert in_clear(bo, "secret") == [] and bo.texts() == ["Ana: hello"]
    assert bo.warnings() == [] and not ana.circle().unsent
    ana.says("and on")
    world.settle()
    assert bo.texts() == ["Ana: hello", "Ana: and on"] and bo.warnings() == []


def test_taking_back_before_the_message_comes_shows_it_to_nobody() -> None:
    _world, (ana, bo), _ = hello("Ana", "Bo")
    hand, target = Hand(ana, bo), b"\x77" * 16
    hand.says(Delete(target))
    bo.heard.clear()
    hand.says(Text("a secret"), target)
    (added,) = bo.told(RowAdded)
    assert added.row.deleted and "secret" not in added.row.text
    assert in_clear(bo, "secret") == []


def test_nothing_is_done_to_what_was_taken_back() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    ana.do(commands.Delete(id=id))
    world.settle()
    gone = find(bo, id)
    hand = Hand(ana, bo)
    for content in (
        Edit(bytes.fromhex(id), "x"),
        React(bytes.fromhex(id), HEART, True),
        Delete(bytes.fromhex(id)),
    ):
        hand.says(content)
    assert find(bo, id) == gone and bo.warnings() == []


# Pins.


def pinned(person: Person) -> list[str]:
    person.heard.clear()
    person.do(commands.ListPins(ref=77))
    (answer,) = person.told(Messages)
    assert all(row.pinned for row in answer.rows)
    return [row.text for row in answer.rows]


def test_anybody_pins_and_unpins() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    bo.says("where the keys are")
    world.settle()
    keys = last(bo).id
    ana.do(commands.Pin(id=keys))
    world.settle()
    bo.do(commands.Pin(id=id))
    world.settle()
    assert pinned(ana) == pinned(bo) == ["hello", "where the keys are"]
    bo.do(commands.Pin(id=keys, on=False))
    world.settle()
    assert pinned(ana) == pinned(bo) == ["hello"]
    assert not find(ana, keys).pinned and find(ana, id).pinned
    ana.do(commands.Edit(id=id, text="good evening"))
    world.settle()
    assert pinned(bo) == ["good evening"]
    ana.do(commands.Delete(id=id))
    world.settle()
    assert pinned(ana) == pinned(bo) == []


def test_pins_are_found_by_their_index() -> None:
    _world, (ana, _bo), _ = hello("Ana", "Bo")
    plan = ana.database.rows(
        "EXPLAIN QUERY PLAN SELECT target FROM deeds INDEXED BY deeds_that_pin"
        " WHERE circle = 1 AND type = 10"
    )
    assert "deeds_that_pin" in str(plan[0][3])


# Polls.


def asked(*names: str, several: bool = False) -> tuple[World, list[Person], str]:
    """A circle where the first has asked where to meet, and that poll's id."""
    world = World()
    people = world.circle(*names)
    people[0].expect(
        Queued,
        lambda ref: commands.OpenPoll(
            ref=ref, question="Where?", options=["here", "there"], several=several
        ),
    )
    world.settle()
    return world, people, last(people[0]).id


def votes(person: Person, id: str) -> tuple[list[int], list[list[str]] | None]:
    poll = find(person, id).poll
    assert poll is not None
    return poll.mine, poll.choices


def test_who_has_chosen_sees_who_chose_what() -> None:
    world, (ana, bo, cy), id = asked("Ana", "Bo", "Cy")
    for person in (ana, bo, cy):
        row = find(person, id)
        assert row.poll == PollFacts(["here", "there"], False) and row.text == "Where?"
        assert row.kind == "text"
    ana.expect(Queued, lambda ref: commands.Vote(ref=ref, id=id, choices=[1]))
    world.settle()
    assert votes(ana, id) == ([1], [[], ["Ana"]])
    assert votes(bo, id) == votes(cy, id) == ([], None)
    bo.do(commands.Vote(id=id, choices=[0]))
    world.settle()
    cy.do(commands.Vote(id=id, choices=[1]))
    world.settle()
    assert votes(ana, id) == ([1], [["Bo"], ["Ana", "Cy"]])
    ana.do(commands.Vote(id=id, choices=[0]))
    world.settle()
    assert votes(cy, id) == ([1], [["Bo", "Ana"], ["Cy"]])
    ana.do(commands.Vote(id=id, choices=[]))
    world.settle()
    assert votes(ana, id) == ([], None) and votes(bo, id) == ([0], [["Bo"], ["Cy"]])


def test_several_may_be_chosen_where_the_poll_says_so() -> None:
    world, (ana, bo), id = asked("Ana", "Bo", several=True)
    bo.do(commands.Vote(id=id, choices=[1, 0, 1]))
    world.settle()
    assert votes(bo, id) == ([0, 1], [["Bo"], ["Bo"]])
    assert find(ana, id).poll == PollFacts(["here", "there"], True)


def test_votes_that_can_not_be_are_refused_and_passed_over() -> None:
    world, (ana, bo), id = asked("Ana", "Bo")
    ana.says("no poll")
    world.settle()
    text = last(ana).id
    for named, choices, reason in (
        (id, [2], "message"),
        (id, [0, 1], "message"),
        (text, [0], "message"),
        (id, [-1], "vote"),
        (id, [10], "vote"),
    ):
        refused = bo.refused(
            lambda ref, named=named, choices=choices: commands.Vote(  # type: ignore[misc]
                ref=ref, id=named, choices=choices
            )
        )
        assert refused.reason == reason
    ana.do(commands.Vote(id=id, choices=[0]))
    world.settle()
    hand = Hand(bo, ana)
    for of, chosen in ((id, (2,)), (id, (0, 1)), (text, (0,))):
        hand.says(Vote(bytes.fromhex(of), chosen))
    assert votes(ana, id) == ([0], [["Ana"], []])
    hand.says(Edit(bytes.fromhex(id), "x"))
    assert find(ana, id).text == "Where?"


def test_a_wrong_vote_does_not_outdo_a_right_one() -> None:
    _world, (ana, bo), id = asked("Ana", "Bo")
    ana.do(commands.Vote(id=id, choices=[0]))
    hand = Hand(bo, ana)
    hand.says(Vote(bytes.fromhex(id), (1,)))
    hand.says(Vote(bytes.fromhex(id), (0, 1)))
    hand.says(Vote(bytes.fromhex(id), (9,)))
    assert votes(ana, id) == ([0], [["Ana"], ["Bo"]])


def test_polls_have_bounds() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    for question, options in (("", ["a", "b"]), ("?", ["a"]), ("?", ["a", "a"]), ("?", ["a", ""])):
        refused = ana.refused(
            lambda ref, question=question, options=options: commands.OpenPoll(  # type: ignore[misc]
                ref=ref, question=question, options=options
            )
        )
        assert refused.reason == "poll" and "2 to 10 different options" in refused.sentence
    assert ana.rows() == []


def test_a_poll_is_taken_back_with_its_votes() -> None:
    world, (ana, bo), id = asked("Ana", "Bo")
    bo.do(commands.Vote(id=id, choices=[0]))
    world.settle()
    ana.do(commands.Delete(id=id))
    world.settle()
    for person in (ana, bo):
        assert find(person, id).poll is None and find(person, id).deleted
        assert person.database.rows("SELECT type FROM deeds") == [(9,)]


def test_a_poll_is_passed_on_with_its_votes_and_pin() -> None:
    world, (ana, bo), id = asked("Ana", "Bo")
    bo.do(commands.Vote(id=id, choices=[1]))
    bo.do(commands.Pin(id=id))
    world.settle()
    cy = world.person("Cy")
    cy.joins(ana.invites(history=5))
    world.settle()
    assert votes(cy, id) == ([], None) and find(cy, id).pinned
    cy.do(commands.Vote(id=id, choices=[1]))
    world.settle()
    assert votes(cy, id) == ([1], [[], ["Bo", "Cy"]])
    assert votes(bo, id) == ([1], [[], ["Bo", "Cy"]])


def test_a_poll_that_is_missing_comes_again() -> None:
    world, ana, bo, _ = lied_to(1)
    ana.do(commands.OpenPoll(question="Where?", options=["here", "there"]))
    world.settle(wait=100)
    id = last(ana).id
    ana.do(commands.Vote(id=id, choices=[0]))
    world.settle()
    bo.do(commands.Vote(id=id, choices=[0]))
    world.settle()
    assert votes(bo, id) == ([0], [["Ana", "Bo"], []])


def test_a_poll_that_can_not_be_read_is_none() -> None:
    """It may come so where it was missing: then it is shown as what can't be read."""
    _world, (ana, bo), id = asked("Ana", "Bo")
    circle = circle_of(ana)
    (record,) = circle.context.store.messages.where("type = 11")
    wrong = replace(record, id=b"\x77" * 16, position=record.position + 1, body=b"\x80")
    with ana.database.transaction():
        timeline.came_again(circle, wrong)
    row = find(ana, "77" * 16)
    assert (row.kind, row.text, row.poll) == ("unknown", "", None)
    refused = ana.refused(lambda ref: commands.Vote(ref=ref, id="7777", choices=[0]))
    assert refused.sentence == "That is no poll."
    assert find(bo, id).poll is not None


# What was not shown, what comes again, what is passed on.


def lied_to(*places: int) -> tuple[LyingWorld, Person, Person, str]:
    """Of what Ana's device says after hello, some is kept from Bo."""
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    ana.says("hello")
    world.settle()
    world.victim, world.lie = bo, forgets(*places)  # type: ignore[assignment]
    return world, ana, bo, last(ana).id


def test_deeds_that_are_missing_come_again() -> None:
    world, ana, bo, id = lied_to(1, 2)
    ana.do(commands.Edit(id=id, text="changed"))
    ana.do(commands.React(id=id, what=HEART))
    world.settle(wait=100)
    ana.says("on")
    world.settle()
    row = find(bo, id)
    assert row.text == "changed" and reacted(row) == [(HEART, ["Ana"], False)]
    assert any("sent them again" in text for text in bo.notices())


def test_a_message_that_is_missing_comes_with_what_was_done_to_it() -> None:
    world, ana, bo, _ = lied_to(1)
    ana.says("a secret")
    world.settle(wait=100)
    id = last(ana).id
    ana.do(commands.Edit(id=id, text="no secret"))
    bo.heard.clear()
    world.settle()
    assert find(bo, id).text == "no secret" and find(bo, id).edited
    (added,) = [event.row for event in bo.told(RowAdded) if event.row.id == id]
    assert added.text == "no secret"


def test_what_was_taken_back_does_not_come_again() -> None:
    world, ana, bo, _ = lied_to(1)
    ana.says("a secret")
    ana.do(commands.Delete(id=last(ana).id))
    world.settle()
    world.settle()
    assert in_clear(bo, "secret") == []
    assert any("nothing to read" in text for text in bo.notices())


def test_deeds_of_before_are_not_sent_to_who_came_later() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    ana.do(commands.React(id=id, what=HEART))
    world.settle()
    cy = world.person("Cy")
    cy.joins(ana.invites())
    world.settle()
    (deed,) = circle_of(ana).context.store.deeds.where("1")
    question = Ask(circle_of(ana).leaf.public, (deed.counter,), x25519_public(Secret(b"k" * 32)))
    for asker, answers in ((cy, 0), (bo, 1)):
        Hand(asker, ana).says(question)
        assert ana.database.rows("SELECT count(*) FROM outbox") == [(answers,)]


def test_what_was_outdone_is_not_sent_again() -> None:
    world, ana, bo, id = lied_to(1)
    ana.do(commands.React(id=id, what=HEART))
    world.settle(wait=100)
    ana.do(commands.React(id=id, what=HEART, on=False))
    world.settle(wait=100)
    ana.says("on")
    world.settle()
    assert find(bo, id).reactions == []
    assert any("nothing to read" in text for text in bo.notices())


def test_deeds_that_come_late_do_not_outdo_later_ones() -> None:
    world, ana, bo, id = lied_to(1)
    ana.do(commands.Edit(id=id, text="one"))
    world.settle(wait=100)
    ana.do(commands.Edit(id=id, text="two"))
    world.settle(wait=100)
    world.settle()
    assert find(bo, id).text == "two"
    answer = bo.expect(Edits, lambda ref: commands.ListEdits(ref=ref, id=id))
    assert [edit.text for edit in answer.edits] == ["hello", "one", "two"]


def test_a_newcomer_is_passed_on_what_stands() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    ana.do(commands.Edit(id=id, text="hello @Bo"))
    ana.says("a secret")
    secret = last(ana).id
    bo.do(commands.SendText(text="hi", reply=id))
    world.settle()
    bo.do(commands.React(id=id, what=HEART))
    world.settle()
    ana.do(commands.React(id=id, what=HEART))
    ana.do(commands.Delete(id=secret))
    world.settle()
    cy = world.person("Cy")
    cy.joins(ana.invites(history=9))
    world.settle()
    told = [row for row in cy.rows() if row.kind == "passed_on"]
    assert [(row.author, row.text, row.by) for row in told] == [
        ("Ana", "hello @Bo", "Ana"),
        ("Bo", "hi", "Ana"),
    ]
    assert reacted(told[0]) == [(HEART, ["Bo", "Ana"], False)]
    assert told[1].reply is not None and told[1].reply.text == "hello @Bo"
    assert in_clear(cy, "secret") == [] and not told[0].mentions_me
    ana.do(commands.Edit(id=id, text="once more"))
    world.settle()
    assert find(cy, id).text == "once more" and cy.warnings() == []


# Crashes, cuts, and a relay that was put back.


def moves(person: Person, id: str) -> Iterator[commands.Command]:
    yield commands.React(id=id, what=HEART)
    yield commands.React(id=id, what=THUMB)
    yield commands.React(id=id, what=HEART, on=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("crash", ["before", "after", "cut"])
def test_nothing_is_lost_or_doubled_by_crashes_and_cuts(seed: int, crash: str) -> None:
    world, (ana, bo), id = hello("Ana", "Bo", seed=seed)
    for number, command in enumerate(moves(bo, id)):
        bo.do(command)
        ana.do(commands.Edit(id=id, text=f"edit {number}"))
        if crash == "cut":
            for socket in world.sockets():
                socket.cut()
        else:
            bo.database.crash = crash
            ana.database.crash = crash
        world.wait(60_000)
    for person in (ana, bo):
        row = find(person, id)
        assert row.text == "edit 2"
        assert [found[:2] for found in reacted(row)] == [(THUMB, ["Bo"])]
        assert person.warnings() == []


def test_deeds_beyond_a_backup_are_sent_again() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    backup = world.backup()
    bo.do(commands.React(id=id, what=HEART))
    ana.do(commands.Edit(id=id, text="changed"))
    world.settle()
    world.put_back(backup)
    world.wait(10 * 60_000)
    for person in (ana, bo):
        row = find(person, id)
        assert row.text == "changed"
        assert [found[:2] for found in reacted(row)] == [(HEART, ["Bo"])]
        assert not person.circle().unsent


def test_deeds_that_a_relay_has_lost_wait_again() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    backup = world.backup()
    bo.do(commands.React(id=id, what=HEART))
    ana.do(commands.Edit(id=id, text="changed"))
    world.settle()
    pretended(world, backup)
    world.wait(10 * 60_000)
    for person in (ana, bo):
        assert any("sent again" in text for text in person.notices())
        row = find(person, id)
        assert row.text == "changed"
        assert [found[:2] for found in reacted(row)] == [(HEART, ["Bo"])]
        assert not person.circle().unsent
        places = person.database.rows("SELECT position FROM deeds")
        assert all(int(str(place)) < WAITING_FROM for (place,) in places)


def test_what_waits_is_counted_anew_with_a_new_leaf() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    bo.offline = True
    world.settle()
    bo.says("one")
    bo.do(commands.React(id=id, what=HEART))
    circle = circle_of(bo)
    with bo.database.transaction():
        saying.renumber(circle)
    assert deeds.by_counter(circle, 2) is not None and deeds.by_counter(circle, 1) is None
    assert ana.circle().id == bo.circle().id


def test_an_older_deed_does_not_outdo_a_later_one() -> None:
    world, (ana, bo), id = hello("Ana", "Bo")
    bo.do(commands.React(id=id, what=HEART))
    world.settle()
    circle = circle_of(ana)
    (held,) = circle.context.store.deeds.where("1")
    number, body = write_content(React(bytes.fromhex(id), HEART, False))
    older = replace(held, position=held.position - 1, id=b"o" * 16, type=number, body=body)
    with ana.database.transaction():
        deeds.keep(circle, older)
    assert circle.context.store.deeds.where("1") == [held]
    with ana.database.transaction():
        deeds.keep(circle, replace(older, position=held.position + 1))
    assert find(ana, id).reactions == []


def pass_on(by: Person, to: Person, *contents: tuple[Content, bytes, bytes]) -> None:
    """Whoever let somebody in passes on what they like: (content, id, author)."""
    circle = circle_of(by)
    (index,) = circle.view.devices(circle_of(to).member.public)
    leaf = circle.members.member(index)
    assert leaf is not None
    told = tuple(
        PassedOnMessage(id, "Somebody", author, 1, *write_content(content))
        for content, id, author in contents
    )
    key = circle_of(to).leaf.public
    history = History(told)
    made = seal_history(SUITE, circle.id, key, leaf.encryption_key, history, os.urandom)
    Hand(by, to).says(made)


def test_what_is_told_of_others_touches_what_was_told_alone() -> None:
    world, (ana, bo), before = hello("Ana", "Bo")
    cy = world.person("Cy")
    cy.joins(ana.invites(history=1))
    world.settle()
    bo.says("live")
    world.settle()
    live = bytes.fromhex(last(bo).id)
    members = {name: key for key, name in circle_of(ana).view.names().items()}
    admitter = circle_of(cy).record.admitter
    by = next(one for one in (ana, bo) if circle_of(one).member.public == admitter)
    told = bytes.fromhex(before)
    pass_on(
        by,
        cy,
        (Delete(live), b"1" * 16, members["Bo"]),
        (Edit(live, "forged"), b"2" * 16, members["Bo"]),
        (React(live, HEART, True), b"3" * 16, members["Bo"]),
        (React(b"\x99" * 16, HEART, True), b"4" * 16, members["Bo"]),
        (Edit(told, "forged"), b"5" * 16, members["Ana"]),
        (React(told, THUMB, True), b"6" * 16, members["Cy"]),
        (React(told, HEART, True), b"7" * 16, members["Bo"]),
    )
    row = find(cy, live.hex())
    assert (row.text, row.deleted, row.reactions) == ("live", False, [])
    row = find(cy, before)
    assert (row.text, reacted(row)) == ("hello", [(HEART, ["Somebody"], False)])
    assert cy.database.rows("SELECT count(*) FROM deeds") == [(1,)] and cy.warnings() == []


def test_bodies_of_later_versions_do_as_these_do() -> None:
    _world, (ana, bo), id = hello("Ana", "Bo")
    hand = Hand(bo, ana)
    values = {"of": bytes.fromhex(id), "what": HEART, "on": True, "later": [1]}
    hand.says((7, msgpack.packb(values)))
    hand.says((1, msgpack.packb({"text": "hi", "lasts": 60})))
    assert reacted(find(ana, id)) == [(HEART, ["Bo"], False)]
    assert last(ana).text == "hi"
    hand.says((7, msgpack.packb(values | {"what": "no emoji"})))
    assert any("can't be read" in text for text in ana.warnings())
