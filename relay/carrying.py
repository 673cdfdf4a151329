"""One circle, carried in a file: out of a relay or one of its backups, and into the same relay.

A file holds what the database holds of the circle, in the same tables, and the public half of the
relay's key; its blobs are in a folder beside the file. It goes into a relay with that key alone:
the circle's devices take no other relay's word for it. (To another relay a host of the circle moves
it; that needs no operator.) As with a backup, what was acknowledged after the file was made is
asked of the devices.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from crypto.access.binding import AccessKeyPair
from crypto.access.errors import AccessError
from crypto.access.log import EMPTY_CHAIN, chain, entry_hash
from crypto.primitives import Rng
from relay.backup import copying, open_file, restart
from relay.circles import CircleState
from relay.limits import Settings
from relay.store.blobs import copy_blobs
from relay.store.contract import Loaded, StoreError
from relay.store.copying import appearing
from relay.store.migrations import connect, prepare, refuse_foreign, steps
from relay.store.reader import Reader

CARRIED_ID = 0x48574C43
"""`HWLC`, the `application_id` of a file with one circle."""

ID_LENGTH = 16

_OWN_PLACE = "place"
"""The column that counts a table's rows: each file counts its own."""


def export(database: Path, circle: str, target: Path, replace: bool = False) -> int:
    """Write a circle to `target`; how many entries it has. StoreError.

    :param database: the relay's database, which may be in use, or a backup.
    :param circle: the circle's id in hexadecimal, or as much of its beginning as is unmistakable.
    """
    if not database.is_file():
        raise StoreError(f"{database} is not there.")
    if target.exists() and (not replace or target.samefile(database)):
        raise StoreError(f"{target} is there already. Name another file, or say --replace.")
    with copying(database, target):
        source = open_file(database, apsw.SQLITE_OPEN_READWRITE)
        try:
            refuse_foreign(source, database)
            _of_this_schema(source, database)
            number, id_ = _find(source, circle)
            relay_key = AccessKeyPair.from_seed(Reader(source).relay_key()).public
        finally:
            source.close()
        with appearing(target) as part:
            entries = _write(part, database, number, relay_key)
        copy_blobs(database, target, id_)
    return entries


def import_circle(database: Path, source: Path, rng: Rng, now: int) -> tuple[str, int]:
    """Take a circle into the database of a relay that does not run: its id, how many entries.

    StoreError, and nothing is changed, where it is another relay's, here already, or damaged. `now`
    in milliseconds since 1970.
    """
    if not source.is_file():
        raise StoreError(f"{source} is not there, or no file.")
    if not database.exists():
        raise StoreError(f"There is no relay's database in {database.parent}. Name it with --data.")
    with copying(source, database):
        carried = open_file(source, apsw.SQLITE_OPEN_READONLY)
        try:
            loaded, relay_key = _examine(carried, source)
        finally:
            carried.close()
        here = connect(database)
        try:
            prepare(here, database, rng)
            if AccessKeyPair.from_seed(Reader(here).relay_key()).public != relay_key:
                raise StoreError(
                    f"{source} is of another relay, and the circle's devices trust no other in its"
                    " place. A host of the circle can move it here: hallway move."
                )
            entries = _take(here, source, loaded.creation.circle, rng, now)
            copy_blobs(source, database, loaded.creation.circle)
        finally:
            here.close()
    return loaded.creation.circle.hex(), entries


def _find(connection: apsw.Connection, circle: str) -> tuple[int, bytes]:
    wanted = circle.strip().lower()
    rows = connection.execute("SELECT number, lower(hex(id)) FROM circle").fetchall()
    found = [number for number, name in rows if str(name).startswith(wanted)] if wanted else []
    if len(found) != 1:
        many = "several circles begin" if found else "no circle begins"
        raise StoreError(f"Here {many} with {circle!r}. A member sees the id with: hallway circles")
    number = int(str(found[0]))
    return number, bytes.fromhex(next(str(name) for each, name in rows if each == number))


def _of_this_schema(connection: apsw.Connection, path: Path) -> None:
    schema = int(connection.pragma("user_version"))
    if schema != len(steps()):
        raise StoreError(
            f"{path} has schema {schema}, and this Hallway writes {len(steps())}. Start the relay"
            " on it once, which brings it up to date."
        )


def _write(part: Path, database: Path, number: int, relay_key: bytes) -> int:
    written = apsw.Connection(str(part))
    try:
        written.execute("ATTACH ? AS there", (str(database),))
        with written:
            for step in steps():
                written.execute(step)
            written.execute("CREATE TABLE carried (relay_key BLOB NOT NULL) STRICT")
            written.execute("INSERT INTO carried VALUES (?)", (relay_key,))
            entries = _carry(written, number)[1]
            written.pragma("user_version", len(steps()))
            written.pragma("application_id", CARRIED_ID)
        return entries
    finally:
        written.close()


def _carry(connection: apsw.Connection, number: int) -> tuple[int, int]:
    """Copy circle `number` of `there`: its number here, and how many entries came along."""
    columns = ", ".join(name for name in _columns(connection, "circle") if name != "number")
    connection.execute(
        f"INSERT INTO main.circle ({columns})"  # noqa: S608 - our own tables
        f" SELECT {columns} FROM there.circle WHERE number = ?",
        (number,),
    )
    here, entries = connection.last_insert_rowid(), 0
    for table in _tables(connection):
        names = _columns(connection, table)
        if "circle" not in names:
            continue
        columns = ", ".join(each for each in names if each not in ("circle", _OWN_PLACE))
        order = f" ORDER BY {_OWN_PLACE}" if _OWN_PLACE in names else ""
        connection.execute(
            f"INSERT OR IGNORE INTO main.{table} (circle, {columns})"  # noqa: S608
            f" SELECT ?, {columns} FROM there.{table} WHERE circle = ?{order}",
            (here, number),
        )
        if table == "entry":
            entries = connection.changes()
    return here, entries


def _tables(connection: apsw.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")
    return [str(name) for (name,) in rows]


def _columns(connection: apsw.Connection, table: str) -> list[str]:
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return [str(name) for (name,) in rows]


def _examine(carried: apsw.Connection, path: Path) -> tuple[Loaded, bytes]:
    """What is in a file, once all of it was looked at, and the key of the relay that it is of."""
    if carried.pragma("application_id") != CARRIED_ID:
        raise StoreError(f"{path} holds no circle that \u2018hallway relay export\u2019 wrote.")
    _of_this_schema(carried, path)
    circle = carried.execute("SELECT id FROM circle").get
    relay_key = carried.execute("SELECT relay_key FROM carried").get
    damaged = StoreError(f"{path} is damaged: its log does not hang together.")
    if not isinstance(circle, bytes) or not isinstance(relay_key, bytes):
        raise damaged
    loaded = Reader(carried).load(circle)
    if loaded is None or len(circle) != ID_LENGTH or not _hangs_together(carried, loaded):
        raise damaged
    try:
        CircleState.fold(loaded, Settings())
    except AccessError as error:
        raise damaged from error
    return loaded, relay_key


def _hangs_together(carried: apsw.Connection, loaded: Loaded) -> bool:
    told, circle = loaded.creation.settlement, loaded.creation.circle
    n, before = (0, EMPTY_CHAIN) if told is None else (told.base, told.base_hash)
    rows = carried.execute(
        "SELECT n, kind, time, body, side_data, entry_hash, chain FROM entry ORDER BY n"
    )
    for at, kind, time, body, side_data, hashed, chained in rows:
        n += 1
        before = chain(circle, n, kind, before, hashed)
        whole = body is None or entry_hash(time, body, side_data) == hashed
        if at != n or before != chained or not whole:
            return False
    return True


def _take(here: apsw.Connection, source: Path, circle: bytes, rng: Rng, now: int) -> int:
    here.execute("ATTACH ? AS there", (str(source),))
    with here:
        if here.execute("SELECT 1 FROM main.circle WHERE id = ?", (circle,)).get is not None:
            raise StoreError(f"The circle {circle.hex()} is here already. Nothing was changed.")
        there = here.execute("SELECT number FROM there.circle").get
        number, entries = _carry(here, int(str(there)))
        restart(here, number, rng, now)
    return entries
