"""The relay on this computer, as a process: started once, found, started again, left alone."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crypto.relay_address import Address
from tests.e2e.machine import Machine, machine
from tui.embedded import EmbeddedError, LocalRelay
from tui.locations import Locations

pytestmark = pytest.mark.slow


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Machine]:
    """A folder and a port; whatever runs there is ended at the end."""
    with machine(tmp_path) as made:
        yield made


def relay(computer: Machine) -> LocalRelay:
    """As another client has it."""
    return LocalRelay.of(Locations.find(computer.environ), computer.address)


def process(computer: Machine) -> int:
    found = computer.relay_process()
    assert found is not None
    return found


def test_it_is_started_once_and_is_nobodys_child(computer: Machine) -> None:
    assert relay(computer).start() is True
    running = process(computer)
    assert relay(computer).start() is False
    assert process(computer) == running
    with pytest.raises(ChildProcessError):
        os.waitpid(running, os.WNOHANG)
    assert os.getsid(running) != os.getsid(0)
    assert oct(computer.relay_home.stat().st_mode)[-3:] == "700"


def test_clients_that_start_it_at_once_start_one(computer: Machine) -> None:
    with ThreadPoolExecutor(6) as pool:
        started = list(pool.map(lambda _: relay(computer).start(), range(6)))
    assert sorted(started) == [False] * 5 + [True]


def test_who_finds_it_dead_starts_it_again(computer: Machine) -> None:
    client = relay(computer)
    assert client.revive(client.address) is False, "there has been none here"
    client.start()
    killed = computer.kill_relay()
    assert client.revive(Address.parse("127.0.0.1:1")) is False, "that is somebody else's"
    assert client.revive(client.address) is True
    assert process(computer) != killed


def test_who_ran_when_it_was_stopped_leaves_it_alone(computer: Machine) -> None:
    ana = computer.person("Ana")
    before = relay(computer)
    before.start()
    ana.does("relay", "stop")
    assert before.revive(before.address) is False
    after = relay(computer)
    assert after.revive(after.address) is True
    # What ends it by itself is no wish of a person's.
    computer.kill_relay(signal.SIGTERM)
    assert before.revive(before.address) is True


def test_what_stands_in_its_way_is_a_sentence(computer: Machine) -> None:
    """A port that is bound to and not listened on: nobody answers there, and it can't be had."""
    client = relay(computer)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", client.address.port))
        with pytest.raises(EmbeddedError, match="cannot be listened on"):
            client.start()
        assert client.revive(client.address) is False


def test_a_folder_that_can_not_be_made_is_a_sentence(computer: Machine) -> None:
    (computer.folder / "data").write_text("in the way")
    with pytest.raises(EmbeddedError, match="can't have its folder"):
        relay(computer).start()


def test_it_says_who_can_reach_it(computer: Machine) -> None:
    said = relay(computer).reach
    assert computer.address in said
    assert "only programs on this computer can reach it" in said
