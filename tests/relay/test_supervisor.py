"""What systemd is told, over real sockets, and when it is told nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.store.contract import Creation, Cursor
from relay.supervisor import Pulse, Supervisor
from tests.relay.memory import MemoryStore
from tests.relay.people import NOW

PROCESS = 4711


class Systemd:
    """The other end of the notifications."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + path[1:] if path.startswith("@") else path)
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": path}

    def hears(self) -> list[str]:
        """Everything that it was told since the last time."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    made = Systemd(str(tmp_path / "notify"))
    yield made
    made.close()


class Relay:
    """A store, its pulse, and a clock."""

    def __init__(self, systemd: Systemd, seconds: int = 30) -> None:
        self.systemd = systemd
        self.store = MemoryStore()
        self.well = True
        watched = systemd.environment | {"WATCHDOG_USEC": str(seconds * 1_000_000)}
        self.pulse = Pulse(self.store, Supervisor(watched, PROCESS), lambda: self.well)
        self.now = NOW

    def lives(self, seconds: int) -> int:
        """Let time pass; how often it was said that all is well."""
        for _ in range(seconds):
            self.now += 1000
            self.pulse.tick(self.now)
            self.store.settle()
        heard = self.systemd.hears()
        assert set(heard) <= {"WATCHDOG=1"}
        return len(heard)


def test_lines_come_together(systemd: Systemd) -> None:
    Supervisor(systemd.environment, PROCESS).tell("READY=1", "STATUS=well")
    assert systemd.hears() == ["READY=1\nSTATUS=well"]


def test_the_socket_may_be_an_abstract_one(tmp_path: Path) -> None:
    systemd = Systemd(f"@hallway-test-{tmp_path}")
    Supervisor(systemd.environment, PROCESS).tell("READY=1")
    assert systemd.hears() == ["READY=1"]
    systemd.close()


def test_nobody_there_is_no_harm(tmp_path: Path) -> None:
    Supervisor({}, PROCESS).tell("READY=1")
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}, PROCESS).tell("READY=1")


@pytest.mark.parametrize(
    ("environment", "milliseconds"),
    [
        ({}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({"WATCHDOG_USEC": "60000000"}, 60_000),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(PROCESS)}, 60_000),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, 0),
    ],
)
def test_the_watchdog_is_the_one_that_is_meant(
    environment: dict[str, str], milliseconds: int
) -> None:
    assert Supervisor(environment, PROCESS).watchdog == milliseconds


def test_while_it_is_well_it_says_so_three_times_as_often_as_it_must(systemd: Systemd) -> None:
    assert Relay(systemd).lives(60) == 6


def test_without_a_watchdog_the_store_is_left_alone(systemd: Systemd) -> None:
    relay = Relay(systemd, seconds=0)
    assert relay.lives(60) == 0
    assert relay.store.submitted == []


def test_a_store_that_hangs_is_not_well(systemd: Systemd) -> None:
    relay = Relay(systemd)
    for _ in range(60):
        relay.now += 1000
        relay.pulse.tick(relay.now)
    assert systemd.hears() == []
    assert len(relay.store.submitted) == 1


def test_a_cluster_is_not_waited_for(systemd: Systemd) -> None:
    relay = Relay(systemd)
    relay.pulse.waits = False
    for _ in range(60):
        relay.now += 1000
        relay.pulse.tick(relay.now)
    assert len(systemd.hears()) == 6
    assert relay.store.submitted == []


def test_a_store_that_fails_is_not_well(systemd: Systemd) -> None:
    relay = Relay(systemd)
    relay.store.fail()
    assert relay.lives(60) == 0


def test_a_relay_that_is_broken_is_not_well(systemd: Systemd) -> None:
    relay = Relay(systemd)
    relay.well = False
    assert relay.lives(60) == 0


def test_a_clock_that_is_set_back_does_not_silence_it(systemd: Systemd) -> None:
    relay = Relay(systemd)
    assert relay.lives(30) == 3
    relay.now -= 3_600_000
    assert relay.lives(30) == 3


def test_asking_changes_nothing(systemd: Systemd) -> None:
    relay = Relay(systemd)
    circle = Creation(b"c" * 16, b"k" * 32, 2, NOW, b"i" * 16)
    relay.store.submit(circle, lambda outcome: None)
    relay.store.submit(Cursor(circle.circle, b"k" * 32, 0), lambda outcome: None)
    relay.store.settle()
    relay.lives(60)
    (shelf,) = relay.store.shelves.values()
    assert shelf.cursors == {b"k" * 32: 0}
