"""What the machine has left for the relay: disk, memory, and what the process has taken of both.

Nothing is known on every system. What is not is None, and nobody concludes anything from it.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")

MOST_FILES = 1 << 20
"""Where a system allows any number."""

_KIB = 1024


def free_disk(folder: Path) -> int | None:
    """Bytes that this user may still write where `folder` is."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def free_memory(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """Bytes of memory that may be had: of the machine's, and of what this process's group may take.

    A container or a systemd unit may have far less than the machine (`memory.max`, cgroup v2).
    """
    found = [_of_machine(proc), *_of_groups(proc, cgroups)]
    return min((each for each in found if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the process takes: bytes of memory, seconds of processor time, open files."""

    memory: int | None
    processor: float
    files: int | None


def usage(proc: Path = PROC) -> Usage:
    """This process's, now."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return Usage(_resident(proc), spent.ru_utime + spent.ru_stime, _open_files(proc))


def allow_files() -> int:
    """Let this process have as many files open as it may at all; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    with suppress(OSError, ValueError):  # some systems say they allow more than they do
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def _of_machine(proc: Path) -> int | None:
    for line in _lines(proc / "meminfo"):
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * _KIB
    return None


def _of_groups(proc: Path, cgroups: Path) -> Iterator[int]:
    for line in _lines(proc / "self" / "cgroup"):
        number, _, path = line.partition("::")
        if number == "0":
            inside = cgroups / path.lstrip("/")
            for group in (inside, *inside.parents):
                if group.is_relative_to(cgroups):
                    yield from _of_group(group)


def _of_group(group: Path) -> Iterator[int]:
    most, now = _number(group / "memory.max"), _number(group / "memory.current")
    if most is not None and now is not None:
        # What is cached of files is given back before anything is refused.
        cached = next(
            (
                int(line.split()[1])
                for line in _lines(group / "memory.stat")
                if line.startswith("inactive_file ")
            ),
            0,
        )
        yield max(0, most - now + cached)


def _resident(proc: Path) -> int | None:
    fields = " ".join(_lines(proc / "self" / "statm")).split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else None


def _open_files(proc: Path) -> int | None:
    try:
        return len(os.listdir(proc / "self" / "fd"))
    except OSError:
        return None


def _number(path: Path) -> int | None:
    text = " ".join(_lines(path))
    return int(text) if text.isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except OSError:
        return []
