"""Writing in an editor, and what is left of it: nothing."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import stat
import sys
from pathlib import Path

import pytest

from tui.editing import (
    LONGEST,
    EditorError,
    editor,
    interrupts_ignored,
    place,
    private_file,
    wipe,
    write_elsewhere,
)

pytestmark = pytest.mark.slow  # starts processes


def scripted(folder: Path, code: str) -> dict[str, str]:
    """An environment whose editor is this Python code; `path` is the file."""
    script = folder / "editor.py"
    script.write_text(f"import os, pathlib, sys\npath = pathlib.Path(sys.argv[-1])\n{code}\n")
    memory = folder / "memory"
    memory.mkdir(mode=0o700, exist_ok=True)
    command = shlex.join([sys.executable, str(script)])
    return {"EDITOR": command, "XDG_RUNTIME_DIR": str(memory), "PATH": os.environ["PATH"]}


def left(folder: Path) -> list[Path]:
    return list((folder / "memory").iterdir())


def test_variables_are_asked_in_their_order() -> None:
    assert editor({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert editor({"VISUAL": " ", "EDITOR": "'my editor' -x"}) == ["my editor", "-x"]


def test_without_variables_a_usual_one_is_taken(tmp_path: Path) -> None:
    with pytest.raises(EditorError, match="Set EDITOR"):
        editor({"PATH": str(tmp_path)})
    found = tmp_path / "vi"
    found.write_text("#!/bin/sh\n")
    found.chmod(0o700)
    assert editor({"PATH": str(tmp_path)}) == [str(found)]


def test_a_broken_variable_is_named() -> None:
    with pytest.raises(EditorError, match="EDITOR is no command"):
        editor({"EDITOR": "vi 'oops"})


def test_memory_comes_before_the_disk(tmp_path: Path) -> None:
    runtime, memory = tmp_path / "runtime", tmp_path / "memory"
    assert place({"XDG_RUNTIME_DIR": str(runtime)}, memory) is None
    memory.mkdir()
    assert place({"XDG_RUNTIME_DIR": str(runtime)}, memory) == memory
    runtime.mkdir()
    assert place({"XDG_RUNTIME_DIR": str(runtime)}, memory) == runtime
    assert place({}, memory) == memory


def test_the_file_is_private_and_goes(tmp_path: Path) -> None:
    with private_file("grüezi", tmp_path) as path:
        assert path.read_text("utf-8") == "grüezi\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_an_editor_left_beside_it_is_overwritten(tmp_path: Path) -> None:
    """Seen through a second name for the same file, which outlives the folder."""
    folder = tmp_path / "made"
    folder.mkdir()
    for name in ("message.md", ".message.md.swp"):
        (folder / name).write_text("secret")
        os.link(folder / name, tmp_path / f"kept{name}")
    wipe(folder)
    assert not folder.exists()
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {bytes(6)}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "made"
    outside.write_text("mine")
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    wipe(folder)
    assert outside.read_text() == "mine"


async def test_an_editor_changes_the_text(tmp_path: Path) -> None:
    environ = scripted(tmp_path, "path.write_text(path.read_text() + 'second line\\n')")
    assert await write_elsewhere("first line", environ) == "first line\nsecond line"
    assert left(tmp_path) == []


async def test_what_an_editor_writes_is_made_safe(tmp_path: Path) -> None:
    environ = scripted(tmp_path, "path.write_bytes(b'a\\x1b[31m\\xff')")
    assert await write_elsewhere("", environ) == "a␛[31m\ufffd"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("path.write_text('half'); sys.exit(1)", "stays as it was"),
        ("path.unlink()", "left no file"),
        (f"path.write_text('x' * {LONGEST + 1})", "far longer"),
    ],
)
async def test_an_editor_that_fails(tmp_path: Path, code: str, sentence: str) -> None:
    with pytest.raises(EditorError, match=sentence):
        await write_elsewhere("text", scripted(tmp_path, code))
    assert left(tmp_path) == []


async def test_an_editor_that_is_not_there(tmp_path: Path) -> None:
    environ = scripted(tmp_path, "") | {"EDITOR": str(tmp_path / "none")}
    with pytest.raises(EditorError, match="cannot be started"):
        await write_elsewhere("text", environ)
    assert left(tmp_path) == []


@pytest.mark.parametrize("stubborn", [False, True])
async def test_who_does_not_wait_any_more_leaves_nothing(tmp_path: Path, stubborn: bool) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    code = "import signal\n"
    code += "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if stubborn else ""
    code += f"open({str(started)!r}, 'w').write(str(os.getpid()))\n"
    code += "while True: signal.pause()"
    environ, patience = scripted(tmp_path, code), 0.05 if stubborn else 30
    waiting = asyncio.create_task(write_elsewhere("text", environ, patience))
    pid = int(await asyncio.to_thread(started.read_text))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert left(tmp_path) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_ctrl_c_is_the_editors(tmp_path: Path) -> None:
    """The one who waits goes on; the editor has not learnt to ignore it."""
    code = "import signal; path.write_text(str(signal.getsignal(signal.SIGINT) != signal.SIG_IGN))"
    before = signal.getsignal(signal.SIGINT)
    with interrupts_ignored():
        signal.raise_signal(signal.SIGINT)
        assert await write_elsewhere("", scripted(tmp_path, code)) == "True"
    assert signal.getsignal(signal.SIGINT) is before
