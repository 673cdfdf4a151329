"""Writing a message in the person's own editor: a private file, which is gone afterwards.

The file lies in a folder of its own (0700, the file 0600), in memory where the system has a place
for that. What is left in the folder is overwritten and deleted, whatever ended the editor. What the
editor itself keeps elsewhere (backups, an undo file) is not known here.

    EditorError             the editor cannot be used; its sentence says what to do
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.safe_text import sanitise_block

VARIABLES = ("VISUAL", "EDITOR")
USUAL = ("nano", "vim", "vi", "emacs")
"""What is taken where no variable names one."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108  # the folder in it is made by mkdtemp
PATIENCE = 3
"""Seconds that an editor has to end in, once it was asked to."""
LONGEST = 1 << 20
"""Bytes that are read of a file; a message is a good deal shorter."""


class EditorError(Exception):
    """The editor cannot be used; the sentence says what to do."""


def editor(environ: Mapping[str, str]) -> list[str]:
    """The command that the person's variables name, or one of the usual ones; EditorError."""
    for variable in VARIABLES:
        if environ.get(variable, "").strip():
            try:
                return shlex.split(environ[variable])
            except ValueError as error:
                raise EditorError(f"{variable} is no command: a quote is not closed.") from error
    for name in USUAL:
        if found := shutil.which(name, path=environ.get("PATH")):
            return [found]
    raise EditorError("There is no editor here. Set EDITOR to the command of yours.")


def place(environ: Mapping[str, str], in_memory: Path = IN_MEMORY) -> Path | None:
    """Where the private folder is made: in memory where there is such a place, else None."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    for folder in (Path(runtime) if runtime else None, in_memory):
        if folder is not None and folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return None


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EditorError(f"No file can be made for the editor: {error.strerror}.") from error


@contextmanager
def private_file(text: str, folder: Path | None) -> Iterator[Path]:
    """A file with this text that nobody else can read, wiped at the end."""
    made = Path(tempfile.mkdtemp(prefix="hallway-", dir=folder))
    try:
        path = made / "message.md"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text and f"{text}\n")  # editors remark upon a last line without an end
        yield path
    finally:
        wipe(made)


def wipe(folder: Path) -> None:
    """Overwrite all files of a folder, an editor's own among them, and delete it."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with suppress(OSError), path.open("r+b") as file:
                file.write(bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Ctrl+C is the editor's meanwhile: the terminal sends it to all that run there."""
    # A handler that does nothing: unlike one that is ignored, the editor does not inherit it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def write_elsewhere(text: str, environ: Mapping[str, str], patience: float = PATIENCE) -> str:
    """Have the person change a text in their editor, which has the terminal meanwhile.

    Raises EditorError where it can't be started or says that it failed: nothing is taken over then.
    A wait that is cancelled ends the editor, which has `patience` seconds for that.
    """
    command = editor(environ)
    with _on_disk(), private_file(text, place(environ)) as path:
        try:
            process = await asyncio.create_subprocess_exec(*command, str(path))
        except OSError as error:
            raise EditorError(f"{command[0]} cannot be started: {error.strerror}.") from error
        try:
            code = await process.wait()
        finally:
            await _end(process, patience)
        if code:
            raise EditorError(f"{command[0]} failed, and what you wrote stays as it was.")
        return _written(path)


async def _end(process: asyncio.subprocess.Process, patience: float) -> None:
    """Nothing of it is left when this returns, even if it would rather stay."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(patience):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _written(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise EditorError("The editor left no file behind.") from error
    if len(data) > LONGEST:
        raise EditorError("That is far longer than a message can be.")
    return sanitise_block(data.decode("utf-8", "replace").removesuffix("\n"))
