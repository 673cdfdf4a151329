"""What of a profile goes into a backup, and how it comes into another profile.

A backup is a database like a profile's, under a key of its own. It holds what was said, who was in
each circle, and the keys by which this person is known there. It never holds what is live: with a
group's ratchets in two places, a key would be used twice. So every circle in it is stopped, and its
device asks to come in again.
"""

from __future__ import annotations

from pathlib import Path

from crypto.content import number_of
from crypto.mls.snapshot import Standing, restore_group, save_standing
from crypto.secret import Secret
from tui.engine.circle import ACTIVE, EVICTED, FOUNDING, STOPPED, SUITE
from tui.engine.store.database import Database
from tui.engine.store.records import CircleRecord, GroupRecord, Store

KEPT = (
    "circles",
    "groups",
    "entries",
    "sent",
    "incarnations",
    "moves",
    "messages",
    "deeds",
    "invites",
    "heard",
    "senders",
    "missing",
    "forks",
    "verified",
    "leavers",
    "beacons",
)
"""The tables that are copied, each after those that it refers to."""

_GOES = "SELECT circle, {} FROM messages WHERE goes_at > 0"
STAYS = {
    "messages": "goes_at = 0",
    "deeds": f"goes_at = 0 AND (circle, target) NOT IN ({_GOES.format('id')})",
    "sent": f"(circle, n) NOT IN ({_GOES.format('n')})"  # noqa: S608
    " AND (circle, n) NOT IN (SELECT circle, position >> 16 FROM deeds WHERE goes_at > 0)",
}
"""Of these tables, what doesn't go after a while: a backup would keep it for longer."""

LEFT_OUT = (
    "ratchets",
    "intentions",
    "pending",
    "outbox",
    "requests",
    "joinings",
    "rejoinings",
    "linkings",
    "files",
    "chunks",
)
"""What is live, or under way from this device alone."""

MADE_ANEW = (
    "searchable",
    "found",
    "found_config",
    "found_content",
    "found_data",
    "found_docsize",
    "found_idx",
)
"""What the database makes of the messages by itself."""

FILE = number_of("file")

RESTORED = (
    "This circle came from a backup: what was said since then is not here. Come in again to go on,"
    " with fresh keys."
)


def write(profile: Database, path: Path, key: Secret) -> None:
    """Write a profile's backup to an empty file, encrypted under `key`; DatabaseError."""
    backup = Database.open(path, key)
    try:
        with backup.transaction():
            copy(profile, backup)
            _stop(profile, Store(backup))
    finally:
        backup.close()


def copy(source: Database, target: Database) -> None:
    """Copy every row that a backup holds; inside of a transaction of the target's."""
    for table in KEPT:
        marks = ""
        for row in source.each(f"SELECT * FROM {table} WHERE {STAYS.get(table, '1')}"):  # noqa: S608
            marks = marks or ", ".join("?" for _ in row)
            target.write(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608


def _stop(profile: Database, backup: Store) -> None:
    live = Store(profile)
    for record in backup.circles.where("1 ORDER BY number"):
        if record.status == FOUNDING:
            backup.circles.delete(record.number)
            continue
        _to_draft(live, backup, record)
        if record.status in (ACTIVE, EVICTED, STOPPED):
            _only_standing(live, backup, record)
        backup.circles.save(record)


def _only_standing(live: Store, backup: Store, record: CircleRecord) -> None:
    epoch, ratchets = live.groups.get(record.number), live.ratchets.get(record.number)
    if epoch is not None and ratchets is not None:
        group = restore_group(SUITE, Secret(epoch.epoch), Secret(ratchets.state))
        standing = Standing(group.context, group.tree, group.own_leaf)
        backup.groups.save(GroupRecord(record.number, save_standing(standing).reveal()))
    record.status, record.sentence = STOPPED, RESTORED
    record.left_at, record.branch = 0, b""


def _to_draft(live: Store, backup: Store, record: CircleRecord) -> None:
    """What waits to be sent has no ratchet to be sent with: it stands in the composer again."""
    waiting = []
    for file in live.files.where("circle = ? AND way = 'up'", record.number):
        backup.database.write(
            "DELETE FROM messages WHERE circle = ? AND id = ?", (record.number, file.id)
        )
    for outgoing in live.outbox.where("circle = ? ORDER BY seq", record.number):
        for message in live.messages.where(
            "circle = ? AND id = ? AND text != ''", record.number, outgoing.id
        ):
            waiting.append(message.text if message.type != FILE else "")
            backup.messages.delete(record.number, message.position)
        backup.database.write(
            "DELETE FROM deeds WHERE circle = ? AND id = ?", (record.number, outgoing.id)
        )
    record.draft = "\n".join(filter(None, [*waiting, record.draft]))
