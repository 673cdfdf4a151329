"""Disks that are full: small ones of their own (tmpfs), filled to the last page.

First the relay's, then one person's. What does not fit is refused in a sentence, what is there is
read, and once there is room everything goes on, with nothing lost or doubled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import Machine, Person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SIZE = "4m"
CHUNK = 4096


class SmallDisk:
    """A file system of a few megabytes, mounted at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Take every page that there is."""
        with open(self._ballast, "ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(bytes(CHUNK)):
                pass
        free = os.statvfs(self.path)
        assert free.f_bavail == 0, "it is full"

    def empty(self) -> None:
        """Give them back."""
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """A small disk at a folder for as long as a test lasts; without root there is none."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(path)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here to make a small disk with")
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def relays(tmp_path: Path) -> Iterator[SmallDisk]:
    """The disk that the relay of this computer writes to, and nobody else."""
    with small_disk(tmp_path / "data") as disk:
        yield disk


@pytest.fixture
def anas(tmp_path: Path) -> Iterator[SmallDisk]:
    """The disk that Ana's profile is on, and nothing else."""
    with small_disk(tmp_path / "small") as disk:
        yield disk


def two(computer: Machine, ana: Person, bo: Person) -> None:
    """Both in one circle, and a first word of each."""
    ana.opens("Friends")
    code = ana.code("Friends")
    door = ana.start("tail")
    door.online()
    bo.does("join", code, "--as", "Bo", "--yes")
    door.end()
    ana.does("send", "Friends", "hello")
    bo.does("send", "Friends", "hi")
    assert computer.relay_process() is not None


def test_a_relay_without_room_refuses_reads_on_and_recovers(
    relays: SmallDisk, computer: Machine
) -> None:
    computer.environ["HALLWAY_RELAY_SPARE_DISK_MIB"] = "1"  # on so small a disk it opens no circle
    ana, bo = computer.person("Ana"), computer.person("Bo")
    two(computer, ana, bo)
    relay = computer.relay_process()
    ana.does("send", "Friends", "the last that fits")
    relays.fill()

    refused = ana.run("send", "Friends", "waits")
    assert refused.code != 0 and "The relay's disk is full." in refused.err
    assert "The message is kept here" in refused.err
    code = ana.run("invite", "Friends")
    assert code.code != 0 and "The relay's disk is full." in code.err
    assert bo.texts("Friends") == ["hello", "hi", "the last that fits"], "it goes on answering"
    assert computer.relay_process() == relay

    # Killed there, it comes back for those who read.
    computer.kill_relay()
    refused = bo.run("send", "Friends", "waits, too")
    assert refused.code != 0 and "The relay's disk is full." in refused.err
    assert computer.relay_process() not in (relay, None)
    assert ana.texts("Friends")[:3] == ["hello", "hi", "the last that fits"]

    # Once there is room, what waited goes out by itself, within seconds.
    relays.empty()
    tails = [person.start("tail", "--json") for person in (ana, bo)]
    tails[0].until(lambda line: '"waits, too"' in line)
    tails[1].until(lambda line: '"waits"' in line)
    for tail in tails:
        tail.end()
    for person in (ana, bo, ana, bo):
        person.does("send", "Friends", f"{person.name} again")
    said = ana.texts("Friends")
    assert said == bo.texts("Friends")
    assert sorted(said) == sorted(
        ["hello", "hi", "the last that fits", "waits", "waits, too"] + ["Ana again", "Bo again"] * 2
    )
    assert ana.run("read", "Friends").err == ""


def test_a_profile_without_room_refuses_is_read_and_recovers(
    anas: SmallDisk, computer: Machine
) -> None:
    ana = computer.person("Ana", HALLWAY_HOME=str(anas.path / "ana"))
    bo = computer.person("Bo")
    two(computer, ana, bo)
    tail = ana.start("tail", "--json")
    tail.online()
    anas.fill()

    # While somebody stays online: by a verb that asks them.
    refused = ana.run("send", "Friends", "lost")
    assert refused.code != 0 and "Your disk is full" in refused.err
    tail.until(lambda line: "Your disk is full" in line, err=True)
    bo.does("send", "Friends", "one")
    bo.does("send", "Friends", "two")
    tail.end(signal.SIGKILL)

    # And by a verb that opens the profile itself. The first one writes back what the killed one
    # left in its log, which makes a little room.
    ana.does("read", "Friends")
    anas.fill()
    refused = ana.run("send", "Friends", "lost, too")
    assert refused.code != 0 and "Your disk is full" in refused.err
    read = ana.run("read", "Friends", "--json")
    assert read.code == 0 and "Your disk is full" in read.err
    texts = [row["text"] for row in read.lines() if row["kind"] == "text"]
    expected = ["hello", "hi", "one", "two", "three"]
    assert len(texts) >= 2 and texts == expected[: len(texts)]

    anas.empty()
    ana.does("send", "Friends", "three")
    assert ana.texts("Friends") == bo.texts("Friends") == expected
    assert ana.run("read", "Friends").err == bo.run("read", "Friends").err == ""


def test_a_profile_is_not_made_where_there_is_no_room(anas: SmallDisk, computer: Machine) -> None:
    ana = computer.person("Ana", HALLWAY_HOME=str(anas.path / "ana"))
    anas.fill()
    refused = ana.run("open", "Friends", "--as", "Ana")
    assert refused.code != 0 and "Traceback" not in refused.err and refused.err.endswith(".\n")
    anas.empty()
    ana.opens("Friends")
    ana.does("send", "Friends", "hello")
    assert ana.texts("Friends") == ["hello"]
