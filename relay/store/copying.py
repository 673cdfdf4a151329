"""A copy of a database that is in use: one file, whole, on the disk, and marked as a copy.

The mark is in the file's header, so it goes wherever the file goes. Put in the place of the relay's
own database, by whichever means, a copy is known for one: what a relay acknowledged after the copy
was made is not in it (`relay.backup`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from relay.store.contract import StoreError

COPY_ID = 0x48574C42
"""`HWLB`, the `application_id` of a copy."""

UNFINISHED = ".part"
"""Behind the name of a copy that is being made."""


def copy(source: apsw.Connection, target: Path, thorough: bool = False) -> None:
    """Copy what `source` shows now to `target`, which appears there whole or not at all.

    Writers go on meanwhile. StoreError where the copy is damaged, which means that the source is:
    `thorough` looks at the indexes too, which takes longer. OSError, apsw.Error where it can't be
    written; then nothing is left of it.
    """
    with appearing(target) as part:
        _write(source, part, "integrity_check" if thorough else "quick_check")


@contextlib.contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A file for this user alone, to be written to; it becomes `target` when all went well."""
    part = target.with_name(target.name + UNFINISHED)
    part.unlink(missing_ok=True)
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        yield part
        _keep(part)
        part.replace(target)
        _keep(target.parent)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _write(source: apsw.Connection, part: Path, check: str) -> None:
    written = apsw.Connection(str(part))
    try:
        with written.backup("main", source, "main") as backup:
            backup.step()  # all of it, in one transaction of the source
        written.pragma("journal_mode", "delete")  # one file, that needs none beside it
        written.pragma("application_id", COPY_ID)
        found = written.execute(f"PRAGMA {check}(1)").get
        if found != "ok":
            raise StoreError(f"The database is damaged: {found}. No copy was made.")
    finally:
        written.close()


def _keep(path: Path) -> None:
    """A file's bytes, or a directory's names, survive a power cut from here on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
