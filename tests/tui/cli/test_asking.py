"""Asking for a passphrase: at a real pseudo-terminal, and from files and pipes."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.cli.asking import LONGEST, from_file, hidden, unlocked
from tui.cli.printing import CommandError
from tui.cli.running import Place
from tui.locking import protect
from tui.profile import LockedError


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The ends of a pseudo-terminal: a person's, and a program's."""
    person, program = pty.openpty()
    yield person, program
    os.close(person)
    os.close(program)


def echoes(program: int) -> bool:
    return bool(termios.tcgetattr(program)[3] & termios.ECHO)


async def silent(program: int) -> None:
    """Let the question be asked: from then on nothing is shown of what is typed."""
    await asyncio.sleep(0)
    assert not echoes(program)


async def test_what_is_typed_is_not_shown(
    terminal: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    person, program = terminal
    answer = asyncio.ensure_future(hidden(program, "Passphrase: "))
    await silent(program)
    os.write(person, "schöner Käse\n".encode())
    assert await answer == "schöner Käse"
    assert echoes(program)
    os.write(program, b"end")
    assert os.read(person, 100) == b"end"
    assert capsys.readouterr().err == "Passphrase: \n"


async def test_the_terminal_is_given_back_where_nobody_answers(terminal: tuple[int, int]) -> None:
    _, program = terminal
    answer = asyncio.ensure_future(hidden(program, "Passphrase: "))
    await silent(program)
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    assert echoes(program)


async def test_what_is_no_text_is_refused_without_being_shown(terminal: tuple[int, int]) -> None:
    person, program = terminal
    answer = asyncio.ensure_future(hidden(program, "Passphrase: "))
    await silent(program)
    os.write(person, b"canary\xff\n")
    with pytest.raises(CommandError, match="not text") as refused:
        await answer
    assert "canary" not in repr(refused.value.__cause__) + repr(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_of_its_owner_alone(end: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(f"two words {end}")
    path.chmod(0o600)
    assert from_file(str(path)) == "two words "


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660])
def test_a_file_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("canary")
    path.chmod(mode)
    with pytest.raises(CommandError, match="chmod 600") as refused:
        from_file(str(path))
    assert "canary" not in str(refused.value)


def test_a_pipe() -> None:
    read, write = os.pipe()
    os.write(write, b"two words\n")
    os.close(write)
    assert from_file(f"/dev/fd/{read}") == "two words"
    os.close(read)


def test_files_that_cannot_be_it(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot be read \(No such file"):
        from_file(str(tmp_path / "none"))
    with pytest.raises(CommandError, match="cannot be read"):
        from_file(str(tmp_path))
    path = tmp_path / "long"
    path.write_bytes(b"x" * (LONGEST + 1))
    path.chmod(0o600)
    with pytest.raises(CommandError, match="at most"):
        from_file(str(path))


async def test_a_place_with_a_file_asks_nobody(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one\n")
    file.chmod(0o600)
    environ = {"HALLWAY_HOME": str(tmp_path / "home"), "HALLWAY_PASSPHRASE_FILE": str(file)}
    place = Place.find(environ, None, {}, None)
    protect(place.locations, "", "one", os.urandom)
    assert len(await unlocked(place)) == 32
    file.write_text("two\n")
    with pytest.raises(LockedError):
        await unlocked(place)
    flagged = Place.find(environ, None, {}, str(tmp_path / "none"))
    with pytest.raises(CommandError, match="none cannot be read"):
        await unlocked(flagged)
