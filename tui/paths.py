"""Paths that a person types, pastes or drops on the terminal."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

LOOKED_AT = 2_000
"""Names of a folder, at most, in which a completion is looked for."""


def as_path(typed: str) -> Path:
    """The file that is meant: as it stands, or as a shell would take it where that is there."""
    import shlex  # the first paint does not wait for it

    path = Path(typed.strip()).expanduser()
    try:
        words = shlex.split(typed)
    except ValueError:
        words = []
    if len(words) == 1 and not os.path.lexists(path):
        path = Path(words[0].removeprefix("file://")).expanduser()
    return path.absolute()


def completion(typed: str) -> str:
    """The rest of the first name in a folder that begins like this; a folder's ends with a slash.

    What is hidden is found where a dot was typed.
    """
    folder, slash, start = typed.rpartition("/")
    if typed == "~":
        return "/"
    place = Path(folder + slash).expanduser() if slash else Path()
    try:
        with os.scandir(place) as entries:
            found = sorted(
                (entry.name, entry.is_dir())
                for entry in islice(entries, LOOKED_AT)
                if entry.name.startswith(start or "") and (start or entry.name[0] != ".")
            )
    except OSError:
        return ""
    for name, is_folder in found:
        rest = name[len(start) :] + ("/" if is_folder else "")
        if rest and name.isprintable():
            return rest
    return ""


def downloads() -> Path:
    """Where files go that nobody names a place for."""
    home = Path.home()
    folder = home / "Downloads"
    return folder if folder.is_dir() else home
