"""What was not shown is named, asked for, sent again by its author, and shown in its place."""

from __future__ import annotations

from collections.abc import Iterable

import msgpack
import pytest

from crypto.access.log import entry_hash
from crypto.again import Repeated, Repeats, seal_again
from crypto.content import ASKED_MOST, Ask, Content, write_content
from crypto.parts import CARRIED_LONGEST
from crypto.primitives import x25519_public
from crypto.secret import Secret
from relay import wire
from relay.wire import Entry, FromRelay
from tests.harness import Person
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.rogue import circle_of, encrypted, entry, envelope, show
from tui.engine import commands
from tui.engine.circle import SUITE
from tui.engine.events import Finished, RowAdded, RowChanged, RowKind
from tui.engine.missing import ANSWER_EVERY, ASK_AGAIN, ASKS_MOST

TEXT = msgpack.packb({"text": "hello"})
AGAIN = "1 message from Ana was missing. Ana's device sent it again."


def forgets(*places: int) -> object:
    """Of these messages, counted from when it begins, only the hashes are shown."""
    seen: list[int] = []

    def lie(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry) and frame.kind == 1:
            if frame.n not in seen:
                seen.append(frame.n)
            if seen.index(frame.n) + 1 in places:
                hashed = entry_hash(frame.time, frame.body, frame.side_data)
                yield wire.Gone(frame.n, frame.kind, hashed)
                return
        yield frame

    return lie


def circle(*names: str, seed: int = 1) -> tuple[LyingWorld, list[Person]]:
    world = LyingWorld(seed)
    people = world.circle(*names)
    world.settle()
    return world, people


def kept_from(world: LyingWorld, victim: Person, *places: int) -> None:
    world.victim, world.lie = victim, forgets(*places)  # type: ignore[assignment]


def asks(person: Person) -> int:
    """How often this person's device has asked."""
    rows = person.database.rows("SELECT coalesce(max(asks), 0) FROM missing")
    return int(str(rows[0][0]))


def warned(person: Person) -> list[str]:
    """What a person was warned of, but for what the relay threw away."""
    return [text for text in person.warnings() if "threw away" not in text]


def missing(person: Person) -> int:
    return int(str(person.database.rows("SELECT count(*) FROM missing")[0][0]))


def said(world: LyingWorld, person: Person, *texts: str) -> None:
    for text in texts:
        person.says(text)
        world.settle(wait=100)


def content(by: Person, to: Person, made: Content, id: bytes = b"\x09" * 16) -> None:
    """Somebody's device says this, by hand, as its next message."""
    number, body = write_content(made)
    row = to.database.row(
        "SELECT counter, newest FROM senders WHERE leaf_key = ?", (circle_of(by).leaf.public,)
    )
    counter, newest = (0, bytes(16)) if row is None else (int(str(row[0])), row[1])
    assert isinstance(newest, bytes)
    wrapped = envelope(number, body, counter + 1, newest, id)
    show(to, entry(to, 1, encrypted(by, wrapped.encode())))


def test_a_message_that_is_missing_is_sent_again_by_its_author() -> None:
    world, (ana, bo, cy) = circle("Ana", "Bo", "Cy")
    kept_from(world, bo, 2)
    said(world, ana, "one", "two", "three")
    world.settle()
    assert bo.texts() == ana.texts() == cy.texts() == ["Ana: one", "Ana: two", "Ana: three"]
    assert AGAIN in bo.notices() and warned(bo) == []
    assert missing(bo) == 0 and missing(cy) == 0
    assert cy.notices() == [text for text in cy.notices() if "missing" not in text]
    changed = [event.row for event in bo.told(RowChanged) if event.row.text == AGAIN]
    (added,) = [event.row for event in bo.told(RowAdded) if event.row.text == "two"]
    assert changed[0].position + 1 == added.position and changed[0].kind is RowKind.NOTICE
    assert not added.mine and added.author == "Ana" and not added.late
    bo.crash()
    world.wait(ASK_AGAIN * 2)
    assert bo.texts() == ana.texts()


def test_several_come_again_in_their_order() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    kept_from(world, bo, 1, 2, 4, 5, 6)
    said(world, ana, "0")  # the first of all: nobody knows its number yet
    bo.says("mine")
    said(world, ana, "1", "2", "3", "4", "5", "6", "7")
    world.wait(ASK_AGAIN + 60_000)  # an answer may have been among what was not shown
    assert warned(bo) == [] and missing(bo) == 0
    assert [text for text in bo.texts() if text != "Bo: mine"] == [
        text for text in ana.texts() if text != "Bo: mine"
    ]
    assert any("sent them again." in text for text in bo.notices())


def test_what_held_nothing_is_said_to_have_held_nothing() -> None:
    """Ana lets Cy in: her device says something that nobody is shown."""
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "one")
    code = ana.invites()
    bo.offline = True
    world.settle()
    cy = world.person("Cy")
    cy.joins(code)
    world.settle()
    said(world, ana, "two")
    kept_from(world, bo, 1)
    bo.offline = False
    world.settle()
    nothing = "1 message from Ana was missing. Ana's device says that there is nothing to read in "
    assert bo.notices()[-1] == nothing + "it."
    assert bo.texts() == ["Ana: one", "Ana: two"] and warned(bo) == []


def test_an_author_who_is_away_answers_later() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    bo.offline = True
    world.settle()
    said(world, ana, "one", "two", "three")
    said(world, ana, "four")
    ana.offline = True
    kept_from(world, bo, 2, 3)
    bo.offline = False
    world.settle()
    assert warned(bo) == ["2 messages from Ana are missing."]
    assert asks(bo) == 1
    world.wait(ASK_AGAIN - 30_000)
    assert asks(bo) == 1
    world.wait(60_000)
    assert asks(bo) == 2
    world.wait(ASK_AGAIN)
    assert asks(bo) == 2
    world.lie = None
    ana.offline = False
    world.settle()
    assert bo.texts() == ana.texts() == ["Ana: one", "Ana: two", "Ana: three", "Ana: four"]
    assert warned(bo) == []
    again = [row for row in ana.database.rows("SELECT counter FROM circles")]
    assert again == [(ana_counter(ana),)]


def ana_counter(ana: Person) -> int:
    return circle_of(ana).record.counter


def test_one_does_not_ask_for_ever() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    bo.offline = True
    world.settle()
    said(world, ana, "one", "two", "three", "four")
    ana.offline = True
    kept_from(world, bo, 2)
    bo.offline = False
    world.settle()
    for number in range(ASKS_MOST + 2):
        world.now += (ASK_AGAIN << number) + 60_000
        world.settle()
    assert asks(bo) == ASKS_MOST and warned(bo) == ["1 message from Ana is missing."]


def test_who_is_gone_is_not_asked() -> None:
    world, (ana, bo, cy) = circle("Ana", "Bo", "Cy")
    kept_from(world, bo, 2)
    said(world, cy, "one")
    cy.says("two")
    cy.says("three")
    cy.offline = True
    world.settle(wait=0)
    ana.expect(Finished, lambda ref: commands.Remove(ref=ref, member="Cy"))
    world.settle()
    if not any("Cy are" in text or "Cy is" in text for text in warned(bo)):
        cy_key = circle_of(cy).leaf.public
        bo_circle = circle_of(bo)
        with bo.database.transaction():
            bo.database.write(
                "INSERT INTO missing VALUES (?, ?, 2, 1, 1, 1, 0, 0, 0, x'')",
                (bo_circle.number, cy_key),
            )
    world.wait(1_000)
    assert missing(bo) == 0


def test_it_is_sent_again_to_the_same_device_once_in_a_while() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "one", "two")
    secret = Secret(b"k" * 32)
    ask = Ask(circle_of(ana).leaf.public, (1, 2, 2**60), x25519_public(secret))
    before = circle_of(ana).record.counter
    for number, more in ((1, 1), (2, 0)):
        content(bo, ana, ask, bytes([number]) * 16)
        assert circle_of(ana).record.counter == before + more
        before += more
    world.now += ANSWER_EVERY
    content(bo, ana, ask, bytes([3]) * 16)
    assert circle_of(ana).record.counter == before + 1


def test_what_is_of_others_is_not_sent_again_and_nothing_is_sealed_to_no_key() -> None:
    world, (ana, bo, cy) = circle("Ana", "Bo", "Cy")
    said(world, ana, "one")
    before = circle_of(ana).record.counter
    content(bo, ana, Ask(circle_of(cy).leaf.public, (1,), b"k" * 32))
    content(bo, ana, Ask(circle_of(ana).leaf.public, (before,), bytes(32)), b"\x0a" * 16)
    assert circle_of(ana).record.counter == before


def test_nothing_of_before_one_came_in_is_sent() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "before Cy")
    cy = world.person("Cy")
    cy.joins(ana.invites())
    world.settle()
    said(world, ana, "after")
    counters = tuple(range(1, circle_of(ana).record.counter + 1))
    (early,) = ana.database.rows("SELECT counter FROM messages WHERE text = 'before Cy'")
    secret = Secret(b"k" * 32)
    sent = []

    def listens(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry):
            sent.append(frame)
        yield frame

    world.victim, world.lie = cy, listens
    with cy.database.transaction():
        cy.database.write(
            "INSERT INTO missing SELECT number, ?, ?, 1, 1, 0, 0, ?, 1, ? FROM circles",
            (circle_of(ana).leaf.public, early[0], world.now, secret.reveal()),
        )
    content(cy, ana, Ask(circle_of(ana).leaf.public, counters, x25519_public(secret)))
    world.settle()
    assert sent and "before Cy" not in str(cy.texts())
    assert missing(cy) == 1  # its number is that of a message before: there is no answer to it
    assert bo.texts() == ["Ana: before Cy", "Ana: after"]


def answered(by: Person, to: Person, repeats: Repeats, seed: bytes, id: bytes) -> None:
    """A device sends messages again, whether they were asked for or not."""
    ask = Ask(bytes(32), (1,), x25519_public(Secret(seed)))
    circle = circle_of(to)
    again = seal_again(
        SUITE, circle.id, circle.leaf.public, ask, repeats, by.world.random.randbytes
    )
    content(by, to, again, id)


def test_only_what_was_asked_for_is_taken_and_from_its_author_alone() -> None:
    world, (ana, bo, cy) = circle("Ana", "Bo", "Cy")
    said(world, ana, "one")
    said(world, cy, "I am here")
    made = envelope(1, TEXT, circle_of(ana).record.counter + 3, b"\x07" * 16)
    show(bo, entry(bo, 1, encrypted(ana, made.encode())))
    (key,) = {row[0] for row in bo.database.rows("SELECT key FROM missing")}
    assert isinstance(key, bytes) and warned(bo) == ["2 messages from Ana are missing."]
    counter = circle_of(ana).record.counter + 1
    claimed = Repeats((Repeated(counter, b"\x33" * 16, world.now, 1, TEXT),))
    answered(cy, bo, claimed, key, b"\x21" * 16)  # Cy speaks for Ana
    answered(ana, bo, claimed, b"other" * 6 + b"xx", b"\x22" * 16)  # to another key
    stranger = Repeats((Repeated(2**40, b"\x34" * 16, world.now, 1, TEXT),))
    answered(ana, bo, stranger, key, b"\x23" * 16)  # what nobody asked for
    assert bo.texts() == ["Ana: one", "Cy: I am here", "Ana: hello"] and missing(bo) == 2
    answered(ana, bo, claimed, key, b"\x24" * 16)
    assert bo.texts().count("Ana: hello") == 2 and missing(bo) == 1
    assert warned(bo) == ["2 messages from Ana are missing."]
    answered(ana, bo, claimed, key, b"\x25" * 16)  # twice
    assert bo.texts().count("Ana: hello") == 2
    departure = Repeated(counter + 1, b"\x35" * 16, world.now, 2, write_content_leave())
    answered(ana, bo, Repeats((departure,)), key, b"\x26" * 16)
    assert missing(bo) == 0 and bo.circle().chairs == 3
    text = "2 messages from Ana were missing. Ana's device sent them again."
    assert text in bo.notices()


def write_content_leave() -> bytes:
    return msgpack.packb({"departure": bytes(64)})


@pytest.mark.parametrize(
    ("type", "body", "kind"), [(1, b"noise", RowKind.UNKNOWN), (77, b"x", RowKind.UNKNOWN)]
)
def test_what_can_not_be_read_is_shown_as_such(type: int, body: bytes, kind: RowKind) -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "one")
    made = envelope(1, TEXT, circle_of(ana).record.counter + 2, b"\x07" * 16)
    show(bo, entry(bo, 1, encrypted(ana, made.encode())))
    (key,) = {row[0] for row in bo.database.rows("SELECT key FROM missing")}
    assert isinstance(key, bytes)
    counter = circle_of(ana).record.counter + 1
    again = Repeats((Repeated(counter, b"\x33" * 16, world.now, type, body),))
    answered(ana, bo, again, key, b"\x21" * 16)
    assert [row.kind for row in bo.rows()][-2] == kind
    assert missing(bo) == 0


def test_what_comes_late_is_missing_no_longer() -> None:
    """Everybody was shown the second before the first."""
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "one")
    number = circle_of(ana).record.counter
    first = envelope(1, TEXT, number + 1, circle_of(ana).record.newest, b"\x31" * 16)
    second = envelope(1, TEXT, number + 2, b"\x31" * 16, b"\x32" * 16)
    bodies = [encrypted(ana, made.encode()) for made in (first, second)]
    show(bo, entry(bo, 1, bodies[1]))
    assert warned(bo) == ["1 message from Ana is missing."]
    show(bo, entry(bo, 1, bodies[0]))
    assert bo.texts() == ["Ana: one", "Ana: hello", "Ana: hello"]
    assert missing(bo) == 0 and warned(bo) == []


def test_a_number_far_away_does_not_fill_the_disk() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "one")
    previous = b"\x07" * 16
    for number, counter in enumerate((2**40, 2**50, 2**63 - 1)):
        made = envelope(1, TEXT, counter, previous, bytes([number + 40]) * 16)
        show(bo, entry(bo, 1, encrypted(ana, made.encode())))
    assert missing(bo) == ASKED_MOST
    assert len(warned(bo)) == 3
    beyond = envelope(1, TEXT, 2**63, previous, b"\x50" * 16)
    show(bo, entry(bo, 1, encrypted(ana, beyond.encode())))
    assert warned(bo)[-1].startswith("A message from Ana can't be read: a message's counter")


def test_a_message_too_long_to_be_sent_again_stays_missing() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "one", "two")
    counter = circle_of(ana).record.counter
    with ana.database.transaction():
        ana.database.write(
            "UPDATE messages SET body = zeroblob(?) WHERE counter = ?",
            (CARRIED_LONGEST + 1, counter),
        )
    content(bo, ana, Ask(circle_of(ana).leaf.public, (counter,), x25519_public(Secret(b"k" * 32))))
    assert circle_of(ana).record.counter == counter


def test_a_device_that_came_in_again_asks_for_what_it_missed() -> None:
    world, (ana, bo, cy) = circle("Ana", "Bo", "Cy")
    said(world, ana, "one")
    with bo.database.transaction():
        circle_of(bo).stop("Something stands in the way.")
        circle_of(bo).flush()
    bo.expect(Finished, lambda ref: commands.Rejoin(ref=ref))
    bo.offline = True
    world.wait(30_000)
    said(world, ana, "two", "three")
    bo.offline = False
    world.wait(60_000)
    said(world, ana, "four")
    world.settle()
    assert [text for text in bo.texts()] == ana.texts() == cy.texts()


def test_what_is_here_already_is_not_shown_twice_and_a_notice_of_more_stays() -> None:
    world, (ana, bo) = circle("Ana", "Bo")
    said(world, ana, "one")
    known = bytes.fromhex(bo.rows()[-1].id)
    previous, counter = b"\x07" * 16, 2**40
    made = envelope(1, TEXT, counter, previous)
    show(bo, entry(bo, 1, encrypted(ana, made.encode())))
    ((key,),) = bo.database.rows("SELECT DISTINCT key FROM missing")
    assert isinstance(key, bytes) and missing(bo) == ASKED_MOST
    first = counter - ASKED_MOST
    texts = bo.texts()
    again = tuple(
        Repeated(first + number, known, world.now, 1, TEXT) for number in range(ASKED_MOST)
    )
    answered(ana, bo, Repeats(again), key, b"\x21" * 16)
    assert missing(bo) == 0 and bo.texts() == texts
    assert warned(bo)[-1].endswith("messages from Ana are missing.")
