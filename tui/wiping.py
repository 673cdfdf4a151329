"""Erasing a profile from this computer: its keys first, at once; then everything else.

Without its keys the database is noise, and they are a few dozen bytes: written over, synced and
deleted before anything that takes time. What a disk keeps in spare blocks of its own, nobody can
reach from here.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from tui.locations import Locations


def erase_keys(locations: Locations) -> None:
    """Everything that opens the database is gone from the disk when this returns."""
    folders = {locations.home}
    found = [*locations.home.glob("vault*"), *locations.home.glob("keys/*")]
    for path in found:
        with suppress(FileNotFoundError):
            _write_over(path)
            path.unlink()
            folders.add(path.parent)
    for folder in folders:
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _write_over(path: Path) -> None:
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(os.fstat(file.fileno()).st_size))
        os.fsync(file.fileno())


def erase_rest(locations: Locations) -> None:
    """Delete what is left of the profile, its folder with it."""
    with suppress(FileNotFoundError):
        locations.socket.unlink()
    shutil.rmtree(locations.home, ignore_errors=True)
