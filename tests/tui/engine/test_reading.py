"""Entries that no client of ours writes: named, skipped, and the circle goes on."""

from __future__ import annotations

import os
from dataclasses import replace

import msgpack

from crypto.access.side_data import Cap
from crypto.circle.extensions import context_extensions
from crypto.content import PassedOn, write_content
from crypto.history import History, PassedOnMessage, seal_history
from crypto.mls.epoch import EpochAndRatchets
from crypto.mls.group import Group
from crypto.mls.proposals import GroupContextExtensions
from crypto.mls.treekem import TreeKemPrivate
from relay import wire
from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of, committed, encrypted, entry, envelope, show
from tui.engine import commands, timeline
from tui.engine.circle import SUITE
from tui.engine.events import Finished, LinkState, RowKind

TEXT = msgpack.packb({"text": "hello"})


def pair() -> tuple[World, Person, Person]:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    return world, ana, bo


def counter(person: Person, of: Person) -> tuple[int, bytes]:
    """How far a person has read another's messages."""
    key = circle_of(of).leaf.public
    (row,) = person.database.rows("SELECT counter, newest FROM senders WHERE leaf_key = ?", (key,))
    assert isinstance(row[0], int) and isinstance(row[1], bytes)
    return row[0], row[1]


def test_missing_messages_are_counted() -> None:
    _, ana, bo = pair()
    bo.says("first")
    bo.world.settle()
    number, newest = counter(ana, bo)
    for skip, words in ((2, "1 message from Bo is"), (5, "2 messages from Bo are")):
        made = envelope(1, TEXT, number + skip, newest, bytes([skip]) * 16)
        show(ana, entry(ana, 1, encrypted(bo, made.encode())))
        assert ana.warnings()[-1] == f"{words} missing."
    assert ana.texts()[-2:] == ["Bo: hello", "Bo: hello"]


def test_a_message_that_does_not_follow_is_shown_and_named() -> None:
    _, ana, bo = pair()
    bo.says("first")
    bo.world.settle()
    number, _ = counter(ana, bo)
    made = envelope(1, TEXT, number + 1, b"\x07" * 16)
    show(ana, entry(ana, 1, encrypted(bo, made.encode())))
    assert ana.warnings() == ["A message from Bo does not follow the one before it."]
    assert ana.texts()[-1] == "Bo: hello"


def test_a_known_message_is_not_shown_twice() -> None:
    _, ana, bo = pair()
    bo.says("first")
    bo.world.settle()
    number, newest = counter(ana, bo)
    again = envelope(1, TEXT, number, b"\x05" * 16 if number > 1 else bytes(16), newest)
    show(ana, entry(ana, 1, encrypted(bo, again.encode())))
    assert ana.texts() == ["Bo: first"] and ana.warnings() == []
    late = envelope(1, TEXT, number, b"\x05" * 16 if number > 1 else bytes(16), b"\x09" * 16)
    show(ana, entry(ana, 1, encrypted(bo, late.encode())))
    assert ana.texts() == ["Bo: first", "Bo: hello"]


def test_kinds_of_later_versions_are_kept() -> None:
    _, ana, bo = pair()
    number, newest = 0, bytes(16)
    made = envelope(4711, b"anything", number + 1, newest)
    show(ana, entry(ana, 1, encrypted(bo, made.encode())))
    row = ana.rows()[-1]
    assert (row.kind, row.text, row.author) == (RowKind.UNKNOWN, "", "Bo")


def test_what_is_no_message_is_named() -> None:
    _, ana, bo = pair()
    for content in (b"noise", b"\x02", envelope(1, b"noise").encode()):
        show(ana, entry(ana, 1, encrypted(bo, content)))
        assert ana.warnings()[-1].startswith("A message from Bo can't be read")
    assert ana.texts() == []


def test_a_departure_that_is_not_signed_is_none() -> None:
    _, ana, bo = pair()
    body = msgpack.packb({"departure": bytes(64)})
    show(ana, entry(ana, 1, encrypted(bo, envelope(2, body).encode())))
    assert ana.notices()[-1] == "Bo said to leave, but did not sign it."
    assert ana.circle().chairs == 2


def test_nothing_is_read_of_who_has_left() -> None:
    world, ana, bo = pair()
    cy = world.person("Cy")
    cy.joins(ana.invites())
    world.settle()
    ana.offline = True
    bo.offline = True
    world.settle()
    cy.says("I go")
    world.settle()
    bo.offline = False
    world.wait(60_000)
    with cy.database.transaction():
        circle = circle_of(bo)
        leaf = circle_of(cy).leaf.public
        member = circle_of(cy).member.public
    with bo.database.transaction():
        bo.database.write(
            "INSERT INTO leavers VALUES (?, ?, ?, ?)", (circle.number, member, leaf, bytes(64))
        )
    cy.says("still here")
    world.settle()
    assert bo.texts() == ["Cy: I go"]


def test_history_is_taken_from_who_let_one_in_alone() -> None:
    world, ana, bo = pair()
    cy = world.person("Cy")
    cy.joins(ana.invites())
    world.settle()
    number, body = write_content(PassedOn(circle_of(cy).leaf.public, b"x" * 64))
    rows = len(cy.rows())
    stranger = ana if circle_of(cy).record.admitter != circle_of(ana).member.public else bo
    host = bo if stranger is ana else ana
    for person, told in ((stranger, 0), (host, 1)):
        count, newest = counter_or_first(cy, person)
        made = envelope(number, body, count + 1, newest, person.name.encode().ljust(16))
        show(cy, entry(cy, 1, encrypted(person, made.encode())))
        assert len(cy.rows()) == rows + told
    assert cy.warnings()[-1].startswith(f"What {host.name} passed on can't be read")


def counter_or_first(person: Person, of: Person) -> tuple[int, bytes]:
    key = circle_of(of).leaf.public
    rows = person.database.rows("SELECT counter, newest FROM senders WHERE leaf_key = ?", (key,))
    if not rows:
        return 0, bytes(16)
    return int(str(rows[0][0])), rows[0][1]  # type: ignore[return-value]


def test_a_commit_that_the_circle_does_not_allow_is_named_and_skipped() -> None:
    world, ana, bo = pair()
    view = circle_of(bo).view
    higher = replace(view.state, cap=view.state.cap - 1)
    proposal = GroupContextExtensions(context_extensions(view.genesis, higher))
    made = committed(bo, [proposal], [Cap(higher.cap)])
    epoch = circle_of(ana).members.epoch
    show(ana, entry(ana, 2, made.body, made.side_data))
    assert circle_of(ana).members.epoch == epoch
    assert "Bo tried what this circle does not allow" in ana.warnings()[0]
    assert "Only a host can change the number of chairs" in ana.warnings()[0]
    assert ana.circle().cap == 8 and ana.circle().link is LinkState.ONLINE
    show(ana, entry(ana, 2, made.body, made.side_data))
    world.settle()


def test_rules_of_a_later_version_stop_this_one() -> None:
    _, ana, bo = pair()
    view = circle_of(ana).view
    extensions = list(context_extensions(view.genesis, view.state))
    state = bytearray(extensions[-1].extension_data)
    state[0:2] = b"\x00\x02"
    extensions[-1] = replace(extensions[-1], extension_data=bytes(state))
    made = committed(ana, [GroupContextExtensions(tuple(extensions))], [])
    show(bo, entry(bo, 2, made.body, made.side_data))
    assert bo.circle().link is LinkState.STOPPED
    assert "Update Hallway" in bo.circle().link_sentence
    bo.says("not sent")
    assert bo.circle().waiting == 0


def test_messages_while_stuck_are_not_complained_about() -> None:
    world, ana, _bo = pair()
    cy = world.person("Cy")
    cy.joins(ana.invites())
    world.settle()
    circle = circle_of(cy)
    circle.record.stuck_at = circle.record.n
    circle.stop("This device can't follow.")
    show(
        cy,
        entry(cy, 1, b"of another epoch"),
    )
    show(cy, entry(cy, 2, b"of another epoch", b"\x90"))
    assert cy.warnings() == []
    # Everybody skipped what this device could not follow: a valid commit on its epoch follows.
    made = committed(ana, [], [])
    show(cy, entry(cy, 2, made.body, made.side_data))
    assert cy.circle().link is LinkState.ONLINE
    assert circle_of(cy).record.stuck_at == 0


def test_a_request_that_is_none_is_named() -> None:
    _, ana, bo = pair()
    ana.invites()
    (invite,) = ana.client.invites(ana.circle().id)
    show(ana, entry(ana, 3, b"x" * 100, invite.id))
    assert ana.notices()[-1] == "A request to come in can't be read."
    show(ana, entry(ana, 3, b"x" * 100, b"unknown invite!!"))
    assert ana.client.requests(ana.circle().id) == []
    assert bo.warnings() == []


def test_beats_confirm_and_cover() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    code = ana.invites()
    ana.offline = True
    world.settle()
    cy = world.person("Cy")
    assert not cy.joins(code).confirmed
    ana.offline = False
    world.wait(1_000)
    assert cy.circle().confirmed  # Ana has said nothing: her heartbeat has
    show(cy, wire.BeatOf(b"k" * 32, b"noise"))
    show(cy, wire.EphemeralOf(b"k" * 32, b"typing"))
    assert cy.warnings() == [] and bo.warnings() == []


def test_a_rename_and_a_leave_are_done_by_whoever_is_there() -> None:
    world, ana, bo = pair()
    cy = world.person("Cy")
    cy.joins(ana.invites())
    bo.expect(Finished, lambda ref: commands.Leave(ref=ref))
    refused = bo.refused(lambda ref: commands.Leave(ref=ref))
    assert refused.reason in ("not_active", "leaving")
    world.wait(30_000)
    assert ana.circle().chairs == cy.circle().chairs == 2


def test_a_commit_that_this_device_alone_cannot_follow_stops_it() -> None:
    world, ana, bo = pair()
    cy = world.person("Cy")
    cy.joins(ana.invites())
    world.settle()
    group = circle_of(bo).members
    epoch, ratchets = group.state
    other = SUITE.kem.generate_key_pair(os.urandom)
    lost = replace(epoch, private=TreeKemPrivate(group.own_leaf, other, {}))
    circle_of(bo).group = Group(EpochAndRatchets(lost, ratchets))
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, topic="moved on"))
    world.settle()
    assert bo.circle().link is LinkState.STOPPED
    assert "can't follow" in bo.circle().link_sentence
    assert cy.circle().topic == "moved on"
    ana.says("in the new epoch")
    world.settle()
    assert bo.texts() == []
    asked, told = bo.warnings()
    assert "though others may" in asked
    assert told.startswith(("Ana's device has followed", "Cy's device has followed"))
    assert bo.circle().link_sentence == told
    bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    world.wait(60_000)
    assert bo.circle().link is LinkState.ONLINE and bo.circle().topic == "moved on"
    bo.says("back")
    world.settle()
    assert ana.texts() == cy.texts() == ["Ana: in the new epoch", "Bo: back"]


def test_who_was_removed_reads_nothing_that_comes_behind_it() -> None:
    """The relay shows more in the same message; it is none of this device's business."""
    _, ana, bo = pair()
    ana.offline = True
    ana.do(commands.Remove(member="Bo"))
    frame, side_data = ana.database.rows("SELECT frame, side_data FROM pending")[0]
    assert isinstance(frame, bytes) and isinstance(side_data, bytes)
    removal = entry(bo, 2, frame, side_data)
    behind = wire.Entry(removal.n + 1, 1, removal.time, encrypted(ana, b"behind"), b"")
    show(bo, removal, behind)
    assert bo.circle().link is LinkState.STOPPED
    assert bo.notices()[-1] == "Ana removed you from this circle."


def test_history_that_comes_twice_is_shown_once() -> None:
    world, ana, bo = pair()
    ana.says("before")
    world.settle()
    cy = world.person("Cy")
    cy.joins(ana.invites(history=5))
    world.settle()
    assert cy.texts() == []  # it is no message to this device, but one that was passed on
    rows = [row.text for row in cy.rows() if row.kind is RowKind.PASSED_ON]
    assert rows == ["before"]
    admitter = circle_of(cy).record.admitter
    host = next(one for one in (ana, bo) if circle_of(one).member.public == admitter)
    (index,) = circle_of(host).view.devices(circle_of(cy).member.public)
    leaf = circle_of(host).members.member(index)
    assert leaf is not None
    (message,) = [row for row in cy.rows() if row.text == "before"]
    passed_on = PassedOnMessage(
        bytes.fromhex(message.id), "Ana", circle_of(ana).member.public, message.at, 1, TEXT
    )
    again = seal_history(
        SUITE,
        circle_of(host).id,
        circle_of(cy).leaf.public,
        leaf.encryption_key,
        History((passed_on,)),
        os.urandom,
    )
    number, body = write_content(again)
    count, newest = counter_or_first(cy, host)
    made = envelope(number, body, count + 1, newest, b"again".ljust(16))
    show(cy, entry(cy, 1, encrypted(host, made.encode())))
    assert [row.text for row in cy.rows() if row.kind is RowKind.PASSED_ON] == rows
    assert cy.warnings() == []


def test_nobody_brings_back_what_another_said() -> None:
    """Bo's message has lost its place in the log. What Cy sends under its id moves nothing."""
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    bo.says("one")
    world.settle()
    (row,) = [row for row in ana.rows() if row.text == "one"]
    circle = circle_of(ana)
    with ana.database.transaction():
        timeline.given_up(circle, circle.record.n - 1)
    id = bytes.fromhex(row.id)
    places = list(ana.database.rows("SELECT position, n FROM messages ORDER BY position"))
    count, newest = counter_or_first(ana, cy)
    made = envelope(1, TEXT, count + 1, newest, id)
    show(ana, entry(ana, 1, encrypted(cy, made.encode())))
    assert list(ana.database.rows("SELECT position, n FROM messages ORDER BY position")) == places
    assert ana.texts() == ["Bo: one"]
