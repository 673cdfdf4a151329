"""The demonstration's relay: a process of its own, and a folder that goes when it ends."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tui.demo.friends import DemoError

START_SECONDS = 20

_READY = b"listening on "


@asynccontextmanager
async def relay(program: tuple[str, ...] = ("-m", "relay")) -> AsyncIterator[str]:
    """The address of a relay that runs for as long as the context lasts. DemoError.

    :param program: what Python is to run as the relay.
    """
    with tempfile.TemporaryDirectory(prefix="hallway-demo.") as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", *program, "--listen", "127.0.0.1:0", "--data", folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            yield await _address(process)
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            async for line in process.stdout:
                if line.startswith(_READY):
                    return line.removeprefix(_READY).split()[0].decode()
    raise DemoError("The relay of the demonstration does not start. Is there room in /tmp?")
