"""A batch of next entries as one statement, and all that is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import apsw
import pytest

from relay.store.contract import STORED, Append, Attachment, Conflict, Cursor, Intention, Known
from relay.store.migrations import connect, prepare
from relay.store.reader import Reader
from relay.store.writer import Writer
from tests.relay.store_contract import ANA, C, D, append, creation, record


class Desk:
    """A writer, and what it says that others have done."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)
        prepare(self.connection, path, Random(1).randbytes)
        self.moved: list[tuple[bytes, int]] = []
        self.writer = Writer(self.connection, lambda circle, n: self.moved.append((circle, n)))

    def do(self, *batch: Intention) -> list[object]:
        outcomes: list[object] = []
        with self.connection:
            outcomes += self.writer.carry_out(batch)
        return outcomes


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    desks = Desk(tmp_path / "relay.db"), Desk(tmp_path / "relay.db")
    desks[0].do(creation(C), creation(D), append(C, 1), append(D, 1))
    yield desks
    for desk in desks:
        desk.connection.close()


def entries(desk: Desk) -> list[int]:
    return [each.n for each in Reader(desk.connection).read(C, 1, 1000, 1 << 30)]


def test_next_entries_of_several_circles(desks: tuple[Desk, Desk]) -> None:
    ours, theirs = desks
    assert ours.writer.append_alone([append(C, 2), append(D, 2), append(C, 3)])
    assert not ours.connection.in_transaction
    assert entries(theirs) == [1, 2, 3]
    assert ours.do(append(C, 4)) == [STORED], "what it remembers is what there is"


@pytest.mark.parametrize(
    "batch",
    [
        [append(C, 2), Cursor(C, ANA, 1)],
        [append(C, 2), append(C, 4)],
        [append(C, 2), append(b"nowhere" * 2 + b"!!", 1)],
        [append(C, 2), Append(C, record(3), (Attachment(b"h" * 32, b"card"),))],
        [append(C, 2), Append(C, record(3), invites=(b"i" * 16,))],
        [append(C, n) for n in range(2, 80)],
    ],
)
def test_anything_else_is_left_alone(desks: tuple[Desk, Desk], batch: list[Intention]) -> None:
    ours, theirs = desks
    assert not ours.writer.append_alone(batch)
    assert entries(theirs) == [1]
    assert ours.writer.append_alone([append(C, 2)]), "nothing of it is remembered either"


def test_where_somebody_else_was_first(desks: tuple[Desk, Desk]) -> None:
    ours, theirs = desks
    theirs.do(append(C, 2, tag=b"theirs"))
    batch = [append(D, 2), append(C, 2)]
    assert not ours.writer.append_alone(batch)
    assert ours.do(*batch) == [STORED, Conflict(2)]
    assert ours.moved == [(C, 2)]


def test_an_idempotency_id_that_is_known(desks: tuple[Desk, Desk]) -> None:
    ours, _ = desks
    again = Append(C, record(2, tag=b"again"))
    assert ours.writer.append_alone([again])
    twice = Append(C, replace(record(3), idempotency_id=again.record.idempotency_id))
    assert not ours.writer.append_alone([twice])
    assert ours.do(twice) == [Known(2, again.record.time)]


def test_what_others_did_is_noticed(desks: tuple[Desk, Desk]) -> None:
    ours, theirs = desks
    assert ours.writer.append_alone([append(C, 2)])
    theirs.do(append(D, 2))
    assert ours.writer.append_alone([append(C, 3)])
    assert ours.moved == [(D, 2)]


def test_a_disk_that_fails_is_the_callers(desks: tuple[Desk, Desk]) -> None:
    ours, _ = desks
    ours.connection.close()
    with pytest.raises(apsw.Error):
        ours.writer.append_alone([append(C, 2)])
