"""What a circle's log in the stream is made of, and its bytes.

A message under the subject of a circle's log holds one or more events, each of which changes what
the circle is. It is published only where the subject stands at the sequence `before`, so that every
node folds the same messages in the same order. `writer` names whoever wrote it, and which of its
messages it is (16 bytes): so it recognises what it does not know the fate of.

In msgpack: [writer, before, [event, ...]], an event being [number, field, ...].
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, TypeAlias

import msgpack

from crypto.access.settlement import Settlement
from relay.store.contract import Complete, Creation, Record, Restart, StoreError


class DamagedLog(StoreError):
    """A message of a log is none. The store can't be relied upon."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the circle's log; of attachments (hash, length), of invites the ids."""

    record: Record
    attachments: tuple[tuple[bytes, int], ...] = ()
    invites: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """Entries that have had their time: as they stay, without body. All up to `swept` but commits
    are so; the attachments with these hashes are gone."""

    records: tuple[Record, ...]
    swept: int
    attachments: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """A blob that is whole; `chunks` are (offset, sequence), under the subject of the device."""

    hash: bytes
    size: int
    time: int
    device: bytes
    chunks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Struck:
    """Blobs that have had their time, by their hashes."""

    hashes: tuple[bytes, ...]


Event: TypeAlias = Creation | Entry | Restart | Complete | Gone | Whole | Struck


@dataclass(frozen=True, slots=True)
class Events:
    """One message of a circle's log."""

    writer: bytes
    before: int
    events: tuple[Event, ...]


def encode(events: Events) -> bytes:
    """The message's bytes."""
    packed = [_plain(event) for event in events.events]
    data: bytes = msgpack.packb([events.writer, events.before, packed])
    return data


def decode(circle: bytes, data: bytes) -> Events:
    """The message of a circle's log; DamagedLog."""
    try:
        writer, before, packed = msgpack.unpackb(data, use_list=False)
        return Events(writer, before, tuple(_event(circle, *each) for each in packed))
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise DamagedLog(f"The log of circle {circle.hex()} is damaged in the cluster.") from error


def _plain(event: Event) -> tuple[Any, ...]:
    match event:
        case Creation():
            told = None if event.settlement is None else astuple(event.settlement)
            return (0, event.access_key, event.cap, event.time, event.incarnation, told)
        case Entry():
            return (1, _row(event.record), event.attachments, event.invites)
        case Restart():
            return (2, event.before, event.incarnation, event.time)
        case Complete():
            return (3, event.incarnation)
        case Gone():
            rows = [_row(record) for record in event.records]
            return (4, rows, event.swept, event.attachments)
        case Whole():
            return (5, event.hash, event.size, event.time, event.device, event.chunks)
        case Struck():
            return (6, event.hashes)


def _event(circle: bytes, number: int, *fields: Any) -> Event:
    match number:
        case 0:
            key, cap, time, incarnation, told = fields
            settlement = None if told is None else Settlement(*told)
            return Creation(circle, key, cap, time, incarnation, settlement)
        case 1:
            row, attachments, invites = fields
            return Entry(Record(*row), attachments, invites)
        case 2:
            return Restart(circle, *fields)
        case 3:
            return Complete(circle, *fields)
        case 4:
            rows, swept, attachments = fields
            return Gone(tuple(Record(*row) for row in rows), swept, attachments)
        case 5:
            return Whole(*fields)
        case 6:
            return Struck(*fields)
    raise ValueError(number)


def _row(record: Record) -> tuple[Any, ...]:
    return (
        record.n,
        record.kind,
        record.time,
        record.body,
        record.side_data,
        record.sender,
        record.idempotency_id,
        record.entry_hash,
        record.chain,
    )
