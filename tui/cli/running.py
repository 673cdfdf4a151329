"""Carrying a verb out: its place, its loop, and what its errors come to.

A verb is `async def verb(place, arguments) -> int | None`; None is 0.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from crypto.process import keep_memory_private
from tui.cli.printing import CommandError, note
from tui.config import Config, ConfigError, settle
from tui.embedded import EmbeddedError, LocalRelay
from tui.engine.control import ControlError
from tui.engine.events import Exit
from tui.engine.runner import OwnerGoneError, RunnerError
from tui.locations import LocationError, Locations
from tui.profile import ProfileError

FILE_VARIABLE = "HALLWAY_PASSPHRASE_FILE"
"""Names the file in the environment. A passphrase itself never stands there."""

INTERRUPTED = 130
TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verb is carried out: the profile, its settings, the relay on this computer, and the
    file that holds the profile's passphrase, empty where nobody named one."""

    locations: Locations
    config: Config
    local: LocalRelay
    passphrase_file: str

    @classmethod
    def find(
        cls,
        environ: Mapping[str, str],
        home: str | None,
        flags: Mapping[str, str],
        passphrase_file: str | None,
    ) -> Place:
        """From the environment, `--home` and `--passphrase-file`; ConfigError."""
        locations = Locations.find(environ, home)
        config = settle(flags, environ, locations.config)
        local = LocalRelay.of(locations, config.local_relay)
        file = passphrase_file or environ.get(FILE_VARIABLE, "")
        return cls(locations, config, local, file)


Verb: TypeAlias = Callable[[Place, argparse.Namespace], Awaitable[int | None]]


def carry_out(verb: Verb, arguments: argparse.Namespace) -> int:
    """Run a verb to its end; the exit code."""
    keep_memory_private()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        file = arguments.passphrase_file
        place = Place.find(os.environ, arguments.home, _flags(arguments), file)
        return asyncio.run(_until_ended(verb(place, arguments))) or 0
    except CommandError as error:
        return _fail(str(error), error.exit)
    except OwnerGoneError as error:
        sentence = f"{error} What was asked may have been done: look with `hallway read`."
        return _fail(sentence, Exit.UNREACHABLE)
    except (
        ConfigError,
        ControlError,
        EmbeddedError,
        LocationError,
        ProfileError,
        RunnerError,
    ) as error:
        return _fail(str(error), Exit.REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    except BrokenPipeError:
        # Whoever read this has enough. What is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


async def _until_ended(verb: Awaitable[int | None]) -> int | None:
    """SIGTERM and SIGHUP leave a verb as Ctrl-C does, so that all is closed."""
    task = asyncio.ensure_future(verb)
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(ending, task.cancel)
    return await task


def _flags(arguments: argparse.Namespace) -> dict[str, str]:
    given = {"name": "person", "relay": "relay"}
    found = {name: getattr(arguments, flag, None) for name, flag in given.items()}
    return {name: value for name, value in found.items() if value is not None}


def _fail(sentence: str, exit: int) -> int:
    note(sentence)
    return int(exit)
