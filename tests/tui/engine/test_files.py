"""Files: said when the relay has all of them, fetched and compared, given up in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from crypto.file import File
from relay import wire
from relay.wire import FromRelay, Refusal
from tests.harness import GENEROUS, Person, World
from tests.tui.engine.filing import (
    CHUNK,
    attaches,
    handed_in,
    read,
    row,
    sends,
    some,
    stands,
    way,
)
from tests.tui.engine.lying import LyingWorld
from tests.tui.engine.rogue import circle_of, show
from tests.tui.engine.test_backup import written
from tests.tui.engine.test_deeds import last
from tui.engine import commands, files, timeline
from tui.engine.events import (
    FileChunks,
    FileFailed,
    Finished,
    Found,
    LinkState,
    Messages,
    Queued,
    RowChanged,
    RowKind,
)
from tui.engine.store.records import Store

DATA = some(2 * CHUNK + 5)
DAY = 86_400_000


def pair(seed: int = 1) -> tuple[World, Person, Person]:
    world = World(seed)
    ana, bo = world.circle("Ana", "Bo")
    return world, ana, bo


def count(person: Person, table: str) -> int:
    return int(str(person.database.rows(f"SELECT count(*) FROM {table}")[0][0]))  # noqa: S608


def kept(world: World) -> list[bytes]:
    """The blobs that the relay has."""
    return [data for shelf in world.store.shelves.values() for _, data in shelf.blobs.values()]


# What goes well.


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK + 5])
def test_a_file_comes_over(size: int) -> None:
    world, ana, bo = pair()
    data = some(size)
    id = sends(ana, data)
    assert row(ana, id).state == "delivered"
    assert count(ana, "files") == count(ana, "chunks") == 0
    shown = row(bo, id)
    assert shown.text.startswith("a file: tea.jpg (")
    assert shown.file is not None
    assert (shown.file.name, shown.file.media, shown.file.size) == ("tea.jpg", "image/jpeg", size)
    assert way(bo, id) == ("", 0)
    assert count(bo, "files") == 0, "nothing is fetched unasked"
    stands(bo, id)
    assert way(bo, id) == ("here", 100)
    assert read(bo, id) == data
    assert stands(bo, id).here
    assert len(kept(world)) == 1
    assert data not in kept(world)[0] or size < 9


def test_its_row_says_how_far_it_is_and_keeps_its_id() -> None:
    world, ana, bo = pair()
    id = attaches(ana, DATA)
    first = row(ana, id)
    assert (first.state, way(ana, id)) == ("waiting", ("up", 0))
    assert (ana.circle().waiting, ana.circle().unsent) == (1, True)
    ana.heard.clear()
    world.settle(wait=60_000)
    parts = [event.row.file.done for event in ana.told(RowChanged) if event.row.file]
    assert parts == sorted(parts, key=lambda done: (done == 0, done)) or parts[0] == 0
    assert any(0 < done < 100 for done in parts)
    moved = [event.was for event in ana.told(RowChanged) if event.was is not None]
    assert moved[0] == first.position
    assert [found.id for found in ana.rows() if found.author] == [id]
    assert row(bo, id).state == "received"
    assert (ana.circle().waiting, ana.circle().unsent) == (0, False)
    stands(bo, id)
    done = [event.row.file.done for event in bo.told(RowChanged) if event.row.file]
    assert done[-1] == 100 and any(0 < part < 100 for part in done)


def test_messages_go_before_chunks() -> None:
    world, ana, bo = pair()
    attaches(ana, DATA)
    ana.says("first")
    world.settle(wait=60_000)
    ana.says("second")
    world.settle()
    assert [found.text for found in bo.rows() if found.author] == [
        "first", "a file: tea.jpg (132 kB)", "second",
    ]  # fmt: skip


def test_one_after_the_other() -> None:
    world, ana, bo = pair()
    ids = [attaches(ana, some(size), f"{size}.jpg") for size in (CHUNK + 1, 7)]
    world.settle(wait=60_000)
    assert [found.id for found in bo.rows() if found.author] == ids
    assert [read_when_here(bo, id) for id in ids] == [some(CHUNK + 1), some(7)]


def read_when_here(person: Person, id: str) -> bytes:
    stands(person, id)
    return read(person, id)


def test_it_is_found_and_answered_and_passed_on() -> None:
    world, ana, bo = pair()
    id = sends(ana, b"x")
    bo.do(commands.SendText(text="lovely", reply=id))
    world.settle()
    quote = last(bo).reply
    assert quote is not None and quote.text == "a file: tea.jpg (1 byte)"
    for text in ("has:file", "tea", "jpg has:file"):
        answer = ana.expect(Found, lambda ref, text=text: commands.Search(ref=ref, text=text))  # type: ignore[misc]
        assert [found.id for found in answer.rows] == [id]
    assert bo.refused(lambda ref: commands.Edit(ref=ref, id=id, text="other")).sentence.startswith(
        "A message can be changed by"
    )
    assert ana.refused(lambda ref: commands.Edit(ref=ref, id=id, text="other")).sentence == (
        "Only a text can be changed."
    )
    cy = world.person("Cy")
    cy.joins(bo.invites(history=5))
    world.settle()
    passed = [found for found in cy.rows() if found.kind is RowKind.PASSED_ON]
    assert [found.text for found in passed] == ["a file: tea.jpg (1 byte)", "lovely"]
    assert read_when_here(cy, id) == b"x"


def test_ones_own_file_is_there_while_it_is_sent_and_fetched_after() -> None:
    world, ana, _ = pair()
    ana.offline = True
    world.settle()
    id = attaches(ana, DATA)
    assert stands(ana, id).here
    assert read(ana, id) == DATA
    ana.offline = False
    world.settle(wait=60_000)
    assert read_when_here(ana, id) == DATA


def test_a_file_that_is_taken_back_is_gone_from_here() -> None:
    world, ana, bo = pair()
    id = sends(ana, DATA)
    stands(bo, id)
    assert count(bo, "chunks") == 3
    ana.do(commands.Delete(id=id))
    world.settle()
    assert count(bo, "files") == count(bo, "chunks") == 0
    assert row(bo, id).file is None
    for person in (ana, bo):
        refused = person.refused(lambda ref: commands.FetchFile(ref=ref, id=id))
        assert refused.sentence == "There is no file in that message."


def test_it_goes_to_the_other_relay_when_the_circle_moves_first() -> None:
    world, ana, bo = pair()
    world.relay("other.example.org")
    ana.offline = True
    id = attaches(ana, DATA)
    ana.offline = False
    ana.ask(lambda ref: commands.MoveCircle(ref=ref, relay="other.example.org"))
    world.settle(wait=120_000)
    assert row(ana, id).state in ("delivered", "confirmed")
    assert read_when_here(bo, id) == DATA


# What was fetched long ago, or never handed in whole.


def test_what_was_fetched_goes_after_a_day() -> None:
    world, ana, bo = pair()
    id = sends(ana, DATA)
    stands(bo, id)
    handed_in(bo, b"never said")
    assert count(bo, "files") == 2
    world.now += DAY - 60_000
    world.tick()
    assert count(bo, "files") == 2
    world.now += 2 * 3_600_000
    world.tick()
    assert count(bo, "files") == count(bo, "chunks") == 0
    assert way(bo, id) == ("", 0)
    refused = bo.refused(lambda ref: commands.ReadChunks(ref=ref, id=id))
    assert refused.sentence == "This file is not here any more. Fetch it again."
    assert read_when_here(bo, id) == DATA


# Giving up.


def test_a_file_that_waits_can_be_taken_back() -> None:
    world, ana, bo = pair()
    ana.offline = True
    world.settle()
    id = attaches(ana, DATA)
    was = row(ana, id).position
    answer = ana.expect(Queued, lambda ref: commands.Delete(ref=ref, id=id))
    assert answer.id == id
    shown = row(ana, id)
    assert (shown.kind, shown.text) == (
        RowKind.NOTICE, "You took back tea.jpg (132 kB) before it was sent.",
    )  # fmt: skip
    assert shown.position < was
    assert count(ana, "files") == 0
    ana.offline = False
    world.settle()
    assert not [found for found in bo.rows() if found.author]
    assert kept(world) == []


def test_an_answer_about_what_was_taken_back_is_nothing() -> None:
    world, ana, _ = pair()
    id = attaches(ana, DATA)
    for _ in range(200):
        if circle_of(ana).connected.blob:
            break
        assert world.step() or world.tick() is None  # type: ignore[func-returns-value]
    assert circle_of(ana).connected.blob
    ana.do(commands.Delete(id=id))
    world.settle()
    assert circle_of(ana).link is LinkState.ONLINE
    assert row(ana, id).kind is RowKind.NOTICE


def test_a_relay_without_room_for_it_is_named() -> None:
    world = World(settings=replace(GENEROUS, circle_size=150_000))
    ana, bo = world.circle("Ana", "Bo")
    id = attaches(ana, some(160_000))
    world.settle()
    shown = row(ana, id)
    assert (shown.kind, shown.file) == (RowKind.WARNING, None)
    assert shown.text == "The relay has no room for tea.jpg (160 kB): it was not sent."
    (failed,) = ana.told(FileFailed)
    assert (failed.id, failed.sentence) == (id, shown.text)
    ana.says("still here")
    world.settle()
    assert bo.texts() == ["Ana: still here"]
    found = ana.expect(Messages, lambda ref: commands.ReadMessages(ref=ref))
    assert [each.text for each in found.rows[-2:]] == [shown.text, "still here"]


def test_a_full_disk_at_the_relay_is_waited_for() -> None:
    world, ana, bo = pair()
    id = attaches(ana, DATA)
    world.store.full = True
    world.settle(wait=3_000)
    assert ana.circle().link_sentence.startswith("The relay's disk is full.")
    world.store.full = False
    world.settle(wait=120_000)
    assert ana.circle().link_sentence == ""
    assert read_when_here(bo, id) == DATA


def lying(lie: Callable[[Person], Callable[[FromRelay], Iterable[FromRelay]]]) -> LyingWorld:
    world = LyingWorld()
    ana, _ = world.circle("Ana", "Bo")
    world.victim, world.lie = ana, lie(ana)
    return world


def refuses(times: int, code: Refusal, number: int = 0) -> LyingWorld:
    """A relay that refuses chunks to the first, so many times."""
    left = [times]

    def lie(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, wire.BlobKept | wire.BlobPart) and left[0]:
            left[0] -= 1
            return [wire.Refused(frame.hash[:16], code, number)]
        return [frame]

    return lying(lambda _: lie)


@pytest.mark.parametrize(
    ("code", "number", "least"),
    [(Refusal.TOO_FAST, 7_000, 14_000), (Refusal.NO_SPACE, 10_000, 20_000),
     (Refusal.CROWDED, 4, 120_000), (Refusal.OTHER_BYTES, 0, 120_000),
     (Refusal.RESTORING, 0, 120_000), (Refusal.TOO_FAST, 1 << 40, 120_000)],
)  # fmt: skip
def test_what_is_refused_for_now_goes_later(code: Refusal, number: int, least: int) -> None:
    world = refuses(2, code, number)
    ana, bo = world.people
    began = world.now
    id = attaches(ana, DATA)
    world.settle(wait=3_600_000)
    assert world.now - began >= least
    assert read_when_here(bo, id) == DATA


def test_too_large_of_what_is_fetched_is_only_a_refusal() -> None:
    world = refuses(1, Refusal.TOO_LARGE)
    ana, bo = world.people
    id = sends(bo, b"x")
    stands(ana, id)
    assert way(ana, id) == ("down", 0)
    world.settle(wait=70_000)
    assert read(ana, id) == b"x"


# A relay that lies.


def changed(**fields: object) -> LyingWorld:
    """A relay that gives the first another `BlobPart`."""

    def lie(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, wire.BlobPart):
            return [replace(frame, **fields)]  # type: ignore[arg-type]
        return [frame]

    return lying(lambda _: lie)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"chunk": bytes(1040)}, files.OTHER_BYTES), ({"chunk": b"short"}, files.OTHER_BYTES),
     ({"total": 1041}, files.OTHER_BYTES), ({"offset": 1}, files.OTHER_BYTES),
     ({"total": 0, "chunk": b""}, files.GONE)],
)  # fmt: skip
def test_other_bytes_are_refused_by_name(fields: dict[str, object], sentence: str) -> None:
    world = changed(**fields)
    ana, bo = world.people
    id = sends(bo, b"x")
    stands(ana, id)
    (failed,) = ana.told(FileFailed)
    assert (failed.circle, failed.id, failed.sentence) == (ana.circle().id, id, sentence)
    assert (way(ana, id), count(ana, "chunks")) == (("", 0), 0)
    world.lie = None
    assert read_when_here(ana, id) == b"x"


def test_a_word_on_what_was_not_asked_ends_the_connection() -> None:
    world, ana, _ = pair()
    for frame in (wire.BlobKept(b"h" * 32, 1), wire.BlobPart(b"h" * 32, 0, 1, b"x")):
        show(ana, frame)
        assert ana.circle().link_sentence == (
            "The relay speaks of a file that it was not asked about."
        )
        world.settle()
        assert ana.circle().link is LinkState.ONLINE


def test_more_than_there_is_ends_the_connection() -> None:
    def lie(frame: FromRelay) -> Iterable[FromRelay]:
        return [replace(frame, offset=1 << 40) if isinstance(frame, wire.BlobKept) else frame]

    world = lying(lambda _: lie)
    ana, bo = world.people
    id = attaches(ana, b"x")
    world.settle(wait=0)
    assert "more of a file than there is" in ana.circle().link_sentence
    world.lie = None
    world.settle(wait=60_000)
    assert read_when_here(bo, id) == b"x"


def test_a_relay_that_keeps_nothing_is_given_time() -> None:
    given: list[int] = []

    def lie(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, wire.BlobKept):
            given.append(world.now)
            return [replace(frame, offset=0)]
        return [frame]

    world = lying(lambda _: lie)
    ana, bo = world.people
    id = attaches(ana, b"x")
    world.settle(wait=21_000)
    assert len(given) <= 6
    assert row(ana, id).state == "waiting"
    world.lie = None
    world.settle(wait=60_000)
    assert read_when_here(bo, id) == b"x"


def test_an_answer_for_the_other_direction_is_nothing() -> None:
    world, ana, bo = pair()
    id = sends(bo, b"x")
    ana.do(commands.FetchFile(id=id))
    hash = circle_of(ana).connected.blob
    assert hash
    show(ana, wire.BlobKept(hash, 1))
    assert way(ana, id) == ("down", 0)
    world.settle()
    id = attaches(ana, b"y")
    hash = circle_of(ana).connected.blob
    assert hash
    show(ana, wire.BlobPart(hash, 0, 0, b""))
    assert way(ana, id) == ("up", 0)


def test_an_answer_finds_its_file_behind_another() -> None:
    world, ana, bo = pair()
    wanted = sends(bo, b"x")
    id = attaches(ana, b"y")
    hash = circle_of(ana).connected.blob
    assert hash
    ana.do(commands.FetchFile(id=wanted))
    show(ana, wire.BlobKept(hash, 0))
    world.settle(wait=60_000)
    assert read(ana, wanted) == b"x"
    assert read_when_here(bo, id) == b"y"


def test_a_refusal_of_something_else_is_not_one_of_a_file() -> None:
    world, ana, bo = pair()
    id = attaches(ana, b"y")
    assert circle_of(ana).connected.blob
    show(ana, wire.Refused(b"?" * 16, Refusal.TOO_FAST, 1))
    assert circle_of(ana).connected.blob
    world.settle(wait=60_000)
    assert read_when_here(bo, id) == b"y"


def test_a_file_whose_message_is_gone_is_let_go_of() -> None:
    world, ana, bo = pair()
    id = attaches(ana, b"x")
    store = circle_of(ana).context.store
    with ana.database.transaction():
        ana.database.write("DELETE FROM messages WHERE id = ?", (bytes.fromhex(id),))
    world.settle(wait=60_000)
    assert count(ana, "files") == 0
    assert not [found for found in bo.rows() if found.author]
    circle, record = circle_of(ana), store.files.where("1")
    assert record == []
    id = attaches(ana, b"x")
    (file,) = store.files.where("1")
    with ana.database.transaction():
        ana.database.write("DELETE FROM messages WHERE id = ?", (bytes.fromhex(id),))
        assert files._end(circle, file, files.NO_ROOM, RowKind.WARNING) == ""
        files._moved(circle, file)


# What can't be asked.


def test_what_is_no_file_is_refused() -> None:
    world, ana, bo = pair()
    ana.says("hello")
    world.settle()
    id = last(bo).id
    refused = bo.refused(lambda ref: commands.FetchFile(ref=ref, id=id))
    assert refused.sentence == "There is no file in that message."
    refused = bo.refused(lambda ref: commands.ReadChunks(ref=ref, id=id))
    assert refused.reason == "file"


def test_chunks_are_whole_but_the_last() -> None:
    _, ana, _ = pair()
    id, _ = handed_in(ana, b"x")
    for bad in ([b"x"], [b""], [bytes(65_537)]):
        refused = ana.refused(lambda ref, bad=bad: commands.AddChunks(ref=ref, id=id, chunks=bad))  # type: ignore[misc]
        assert refused.sentence == "These are not the chunks of a sealed file."
    for unknown in ("00" * 16, "no id"):
        refused = ana.refused(
            lambda ref, unknown=unknown: commands.AddChunks(ref=ref, id=unknown, chunks=[])  # type: ignore[misc]
        )
        assert refused.sentence.startswith("This file is not being handed in here")


def test_more_than_a_relay_takes_is_refused() -> None:
    _, ana, _ = pair()
    id, _ = handed_in(ana, some(CHUNK))
    held = 25 * 1024 * 1024 - 65_536
    with ana.database.transaction():
        ana.database.write("UPDATE files SET held = ?", (held,))
    full = bytes(65_536)
    refused = ana.refused(lambda ref: commands.AddChunks(ref=ref, id=id, chunks=[full, full]))
    assert refused.sentence == "These are not the chunks of a sealed file."
    ana.expect(Finished, lambda ref: commands.AddChunks(ref=ref, id=id, chunks=[full]))
    assert count(ana, "chunks") == 3


def test_another_file_than_was_handed_in_is_not_said() -> None:
    _, ana, _ = pair()
    id, reference = handed_in(ana, b"x")
    longer = reference[:64] + (5000).to_bytes(8)
    other = b"i" * 32 + reference[32:]
    for given, name in ((longer, "a"), (other, "a"), (b"", "a"), (reference, "a/b")):
        refused = ana.refused(
            lambda ref, given=given, name=name: commands.SendFile(  # type: ignore[misc]
                ref=ref, id=id, reference=given, name=name, media="text/plain"
            )
        )
        assert refused.sentence == "This is not what was handed in. Attach it again."
    assert count(ana, "files") == 1
    assert not [found for found in ana.rows() if found.author]


def test_nothing_is_fetched_where_one_is_not_in() -> None:
    world, ana, bo = pair()
    sends(ana, b"x")
    id = last(bo).id
    bo.ask(lambda ref: commands.Leave(ref=ref))
    world.settle()
    assert bo.refused(lambda ref: commands.FetchFile(ref=ref, id=id)).sentence == "You left."


def test_no_key_is_printed() -> None:
    id, reference = "ab" * 16, b"k" * 72
    wish = commands.SendFile(id=id, reference=reference, name="secret.txt", media="text/plain")
    assert repr(wish) == f"SendFile(id={id!r})"
    assert repr(commands.AddChunks(id=id, chunks=[b"k"])) == f"AddChunks(id={id!r})"
    _, ana, _ = pair()
    sent = sends(ana, b"x")
    assert repr(stands(ana, sent)) == f"FileStands(id={sent!r}, here=False)"
    (record,) = circle_of(ana).context.store.files.where("1")
    assert "reference" not in repr(record)
    assert repr(FileChunks(chunks=[b"k"])) == "FileChunks(1)"


def test_a_row_of_an_unreadable_file_has_no_facts() -> None:
    _, ana, bo = pair()
    id = sends(ana, b"x")
    circle = circle_of(bo)
    record = timeline.find(circle, bytes.fromhex(id))
    assert record is not None
    record.kind = RowKind.UNKNOWN
    assert timeline.rows(circle, [record])[0].file is None
    assert File(bytes(72), "a", "b/c").reference.size == 0


# A backup.


def test_a_backup_leaves_out_what_is_under_way(tmp_path: Path) -> None:
    world, ana, bo = pair()
    fetched = sends(bo, DATA)
    stands(ana, fetched)
    ana.offline = True
    world.settle()
    attaches(ana, DATA, "waits.jpg")
    ana.says("waits, too")
    said = attaches(ana, b"x", "said.jpg")
    circle = circle_of(ana)
    with ana.database.transaction():
        record = circle.context.store.files.where("id = ?", bytes.fromhex(said))[0]
        files._say(circle, record)
        circle.flush()
    copy = written(ana, tmp_path / "copy")
    rows = Store(copy).messages.where("type != 0 ORDER BY position")
    assert [record.text for record in rows] == ["a file: tea.jpg (132 kB)"]
    (kept_circle,) = Store(copy).circles.where("1")
    assert kept_circle.draft == "waits, too"
    copy.close()
