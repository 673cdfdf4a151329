"""`hallway export`: a circle's conversation as a file to keep."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tui.cli.owning import Visit, milliseconds, visiting
from tui.cli.printing import CommandError, note, rfc3339, row_facts, say_document
from tui.cli.running import Place
from tui.cli.talking import newest
from tui.engine.commands import ListMembers
from tui.engine.events import Exit, Members, Row
from tui.keepsake.what import Keepsake, staying

FORMATS = ("md", "html", "json")
SUFFIXES = {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".json": "json"}

EVERYTHING = 1 << 62


async def export(place: Place, arguments: argparse.Namespace) -> None:
    """Write a circle down, all that is here of it."""
    to = _file(arguments)
    kind = arguments.format or (SUFFIXES.get(to.suffix.lower()) if to else None) or "md"
    async with visiting(place, "export") as visit:
        circle = await visit.circle_id(arguments.circle)
        keepsake = await _keepsake(visit, circle)
        rows = await newest(visit, circle, EVERYTHING)
    going = sum(row.goes_at > 0 for row in rows)
    if going:
        note(
            f"{going:,} of the messages go after a while, as their authors want: they are left out."
        )
    rows = staying(rows)
    pieces = _written(kind, keepsake, rows)
    if to is None:
        say_document(pieces)
    else:
        _keep(to, pieces)
        note(f"{keepsake.name} is kept in {to}. Whoever can read that file can read all of it.")


def _file(arguments: argparse.Namespace) -> Path | None:
    """Where it is to be kept; None for standard output."""
    if arguments.output in (None, "-"):
        return None
    to = Path(arguments.output)
    if to.exists() and not arguments.replace:
        raise CommandError(f"{to} is there already. Name another file, or say --replace.")
    return to


async def _keepsake(visit: Visit, circle: str) -> Keepsake:
    facts = await visit.facts(circle)
    if visit.ours and not facts.left:
        try:
            facts = await visit.settled(circle)
        except CommandError as error:
            note(f"{error} What is kept is what is here.")
    members = (await visit.ask(ListMembers(circle=circle), Members)).members
    return Keepsake(facts, members, milliseconds(), _local)


def _local(time: int) -> datetime:
    return datetime.fromtimestamp(time / 1000).astimezone()


def _written(kind: str, keepsake: Keepsake, rows: list[Row]) -> Iterable[str]:
    if kind == "html":
        from tui.keepsake.page import page

        return page(keepsake, rows)
    if kind == "json":
        from tui.keepsake.facts import facts

        return facts(keepsake, rows, row_facts, rfc3339)
    from tui.keepsake.markdown import markdown

    return markdown(keepsake, rows)


def _keep(to: Path, pieces: Iterable[str]) -> None:
    """The whole file or nothing, for its owner alone."""
    try:
        descriptor, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, to)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise CommandError(
            f"{to} can't be written: {error.strerror}. Name a file elsewhere.", Exit.REFUSED
        ) from error
