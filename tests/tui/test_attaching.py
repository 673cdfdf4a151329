"""Files of this computer: sealed as they are read, put under safe names, never over another."""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from crypto.blob import FILE_LARGEST
from crypto.file import is_name
from tests.harness import Person, World
from tests.tui.engine.filing import row, some, stands
from tui import attaching
from tui.attaching import FileError, media_of, safe_name, said_name
from tui.engine.commands import Command, FetchFile
from tui.engine.events import Event, FileChunks, FileStands, Finished


def asks(person: Person) -> Callable[[Command], Awaitable[Event]]:
    async def ask(command: Command) -> Event:
        return person.ask(lambda ref: msgspec.structs.replace(command, ref=ref))

    return ask


def pair() -> tuple[World, Person, Person]:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    return world, ana, bo


async def sent(tmp_path: Path, data: bytes, name: str = "tea.jpg") -> tuple[Person, FileStands]:
    """A file that Ana sent, and Bo has here."""
    world, ana, bo = pair()
    source = tmp_path / "source" / name
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(data)
    queued = await attaching.send(asks(ana), "", source)
    world.settle(wait=60_000)
    return bo, stands(bo, queued.id)


@pytest.mark.parametrize("size", [0, 1, 70_000, 300_000])
async def test_a_file_goes_from_disk_to_disk(tmp_path: Path, size: int) -> None:
    bo, stood = await sent(tmp_path, some(size))
    file = row(bo, stood.id).file
    assert file is not None
    assert (file.name, file.media, file.size) == ("tea.jpg", "image/jpeg", size)
    saved = await attaching.save(asks(bo), stood, tmp_path)
    assert saved == tmp_path / "tea.jpg"
    assert saved.read_bytes() == some(size)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    again = await attaching.save(asks(bo), stood, tmp_path)
    assert again == tmp_path / "tea (2).jpg"
    named = await attaching.save(asks(bo), stood, tmp_path / "other")
    assert named.read_bytes() == some(size)


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    bo, stood = await sent(tmp_path, b"x")
    target, link = tmp_path / "mine", tmp_path / "link"
    target.write_bytes(b"mine")
    link.symlink_to(tmp_path / "elsewhere")
    for place in (target, link):
        with pytest.raises(FileError, match="is there already"):
            await attaching.save(asks(bo), stood, place)
    assert target.read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(FileError, match="can't be written"):
        await attaching.save(asks(bo), stood, tmp_path / "no" / "folder")


async def test_a_folder_with_every_name_is_said(tmp_path: Path) -> None:
    bo, stood = await sent(tmp_path, b"x")
    folder = tmp_path / "full"
    folder.mkdir()
    for number in range(1, 1000):
        (folder / ("tea.jpg" if number == 1 else f"tea ({number}).jpg")).symlink_to("nowhere")
    with pytest.raises(FileError, match="too many files of that name"):
        await attaching.save(asks(bo), stood, folder)


async def test_what_can_not_be_sent_is_said(tmp_path: Path) -> None:
    _, ana, _ = pair()
    large, fifo = tmp_path / "large", tmp_path / "fifo"
    with large.open("wb") as file:
        file.truncate(FILE_LARGEST + 1)
    os.mkfifo(fifo)
    small = tmp_path / "small"
    small.write_bytes(b"x")
    for path, words in (
        (tmp_path / "none", "can't be read: No such file"),
        (tmp_path, "is no file that could be sent"),
        (fifo, "is no file that could be sent"),
        (large, "26.3 MB are the most"),
    ):
        with pytest.raises(FileError, match=words):
            await attaching.send(asks(ana), "", path)
    with pytest.raises(FileError, match="There is no circle Nowhere"):
        await attaching.send(asks(ana), "Nowhere", small)


async def test_a_file_that_grows_while_it_is_read_is_said(tmp_path: Path) -> None:
    _, ana, _ = pair()
    path = tmp_path / "log"
    path.write_bytes(some(300_000))
    ask = asks(ana)

    async def ask_while_it_grows(command: Command) -> Event:
        with path.open("ab") as file:
            file.write(b"more")
        return await ask(command)

    with pytest.raises(FileError, match="changed while it was read"):
        await attaching.send(ask_while_it_grows, "", path)


async def test_other_chunks_than_were_sealed_are_not_opened(tmp_path: Path) -> None:
    bo, stood = await sent(tmp_path, some(100))
    ask = asks(bo)

    def answers(chunks: list[bytes]) -> Callable[[Command], Awaitable[Event]]:
        async def other(command: Command) -> Event:
            return FileChunks(chunks=chunks)

        return other

    for chunks in ([], [bytes(1040)]):
        with pytest.raises(FileError, match="sealed it wrongly"):
            await attaching.save(answers(chunks), stood, tmp_path)
    assert not (tmp_path / "tea.jpg").exists()
    assert (await attaching.save(ask, stood, tmp_path)).exists()


async def test_an_answer_of_another_kind_is_said() -> None:
    async def other(command: Command) -> Event:
        return Finished()

    with pytest.raises(FileError, match="answered something else"):
        await attaching.asked(other, FetchFile(id="00"), FileStands)


@pytest.mark.parametrize(
    ("name", "safe"),
    [("tea.jpg", "tea.jpg"), ("../../etc/passwd", "_.._etc_passwd"), (".bashrc", "bashrc"),
     ("-rf", "rf"), ("~root", "root"), ("a\u202egpj.exe", "agpj.exe"), ("a\x1b[31m", "a[31m"),
     ("...", "file"), ("", "file"), ("a\u2028b", "ab"), ("a b.txt ", "a b.txt"),
     ("C:\\x", "C__x"), ("\ud800", "file"), ("\u200b", "file"), ("caf\u00e9.txt", "caf\u00e9.txt"),
     ("x" * 300, "x" * 200), ("x" * 300 + ".jpg", "x" * 196 + ".jpg"),
     ("\u00e9" * 200 + ".jpg", "\u00e9" * 98 + ".jpg"),
     ("a." + "x" * 300, "a." + "x" * 198)],
)  # fmt: skip
def test_a_name_from_somebody_else_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert len(safe.encode()) <= attaching.NAME_KEPT


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/tea.jpg", "tea.jpg"), ("/a/b\\c", "b_c"), ("/a/x\ny", "x_y"), ("/", "file"),
     ("/a/\udcff", "?"), ("/" + "x" * 300 + ".jpg", "x" * 251 + ".jpg")],
)  # fmt: skip
def test_a_name_that_is_said_is_one(path: str, name: str) -> None:
    assert said_name(Path(path)) == name
    assert is_name(name)


@pytest.mark.parametrize(
    ("name", "media"),
    [("a.JPG", "image/jpeg"), ("a.png", "image/png"), ("a", "application/octet-stream"),
     ("a.tar.gz", "application/octet-stream")],
)  # fmt: skip
def test_the_media_type_is_that_of_the_name(name: str, media: str) -> None:
    assert media_of(Path(name)) == media
