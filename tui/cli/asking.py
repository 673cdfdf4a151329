"""Asking for a passphrase: at the terminal without showing it, or from a file that a script names.

It is never taken from the command line or from an environment variable: other programs can read
both. What the file is, is looked at as ssh looks at its keys.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from crypto.secret import Secret
from tui.cli.printing import CommandError, note, prompt
from tui.cli.running import Place
from tui.locking import unlock
from tui.profile import LockedError

TRIES = 3
LONGEST = 4096
"""Bytes that a passphrase may have."""

NOBODY = (
    "This profile is locked with a passphrase, and nobody can be asked for it here. Name a file "
    "that holds it with --passphrase-file."
)


async def unlocked(place: Place) -> Secret:
    """The key of a locked profile's database; CommandError where the passphrase isn't given."""
    if place.passphrase_file:
        return await asyncio.to_thread(unlock, place.locations, from_file(place.passphrase_file))
    with terminal(NOBODY) as at:
        for left in reversed(range(TRIES)):
            try:
                given = await hidden(at, "Passphrase: ")
                return await asyncio.to_thread(unlock, place.locations, given)
            except LockedError as error:
                if not left:
                    raise
                note(str(error))
    raise AssertionError("the last try returns or raises")


@contextmanager
def terminal(otherwise: str) -> Iterator[int]:
    """The terminal that a person sits at, also where standard input is something else.

    CommandError with the sentence `otherwise` where there is none.
    """
    if sys.stdin.isatty():
        yield sys.stdin.fileno()
        return
    if not sys.stderr.isatty():
        raise CommandError(otherwise)
    # Not /dev/tty: some systems can't wait for that one.
    descriptor = os.open(os.ttyname(sys.stderr.fileno()), os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def hidden(at: int, question: str) -> str:
    """A line that a person types without seeing it; the loop goes on meanwhile."""
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    before = termios.tcgetattr(at)
    silent = before.copy()
    silent[3] &= ~termios.ECHO
    loop.add_reader(at, typed.set)
    try:
        # What was typed ahead was typed in the open, and is not taken for it.
        termios.tcsetattr(at, termios.TCSAFLUSH, silent)
        prompt(question)
        await typed.wait()
        data = os.read(at, LONGEST + 1)
    finally:
        termios.tcsetattr(at, termios.TCSAFLUSH, before)
        loop.remove_reader(at)
        note("")  # the line end that was not shown
    return _text(data.removesuffix(b"\n"))


def from_file(path: str) -> str:
    """The passphrase in a file of its owner's alone, or in a pipe; without its line end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if stat.S_ISREG(facts.st_mode) and stat.S_IMODE(facts.st_mode) & 0o077:
                raise CommandError(
                    f"Others can read {path}, which holds a passphrase. Type: chmod 600 {path}"
                )
            return _text(file.read(LONGEST + 2).removesuffix(b"\n"))
    except OSError as error:
        raise CommandError(
            f"The passphrase file {path} cannot be read ({error.strerror})."
        ) from error


def lines_of_input(many: int) -> list[str]:
    """Lines of standard input, so many and no more."""
    lines = sys.stdin.buffer.read(many * (LONGEST + 1) + 1).removesuffix(b"\n").split(b"\n")
    if len(lines) != many:
        lines_ = "a line" if many == 1 else f"{many} lines"
        raise CommandError(f"Standard input should hold {lines_}; there are {len(lines)}.")
    return [_text(line) for line in lines]


def _text(data: bytes) -> str:
    if len(data) > LONGEST:
        raise CommandError(f"A passphrase has at most {LONGEST} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        # `from None`: the error's text would hold a part of it
        raise CommandError("The passphrase is not text (UTF-8).") from None
