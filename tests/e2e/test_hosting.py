"""Somebody hosts for friends: the relay as they run it, what they ask of it, and their bad days."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from relay import wire
from tests.e2e.machine import COMMAND, Done, Machine, Person, Running, free_port
from tests.e2e.test_backup import code, talk
from tests.e2e.test_kills import Online
from tests.relay.client import Client, fresh_id
from tui.engine.mending import IS_WHOLE_AGAIN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class Host:
    """Somebody who runs a relay for others, under `hallway relay`, on a port of its own."""

    def __init__(self, computer: Machine, name: str = "host") -> None:
        self._computer = computer
        self.data = computer.folder / name
        self.address = f"127.0.0.1:{free_port()}"

    def start(self, *flags: str, **environ: str) -> Running:
        """Have the relay run, and listen."""
        place = ("--data", str(self.data), "--listen", self.address)
        running = self._computer.start(self._computer.environ | environ, "relay", *place, *flags)
        running.until(lambda line: line == f"listening on ws://{self.address}")
        return running

    def asks(self, *words: str) -> Done:
        """A verb of `hallway relay`, on this relay's directory."""
        command = [*COMMAND, "relay", *words, "--data", str(self.data)]
        done = subprocess.run(
            command,
            env=self._computer.environ,
            cwd=self._computer.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def does(self, *words: str) -> str:
        """A verb that has to be done; what it prints."""
        done = self.asks(*words)
        assert done.code == 0, done
        return done.out


@pytest.fixture
def host(computer: Machine) -> Host:
    return Host(computer)


def friends(computer: Machine, host: Host) -> tuple[Person, Person]:
    """Ana and Bo, in a circle at the host's relay."""
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends", "--relay", host.address)
    asked = ana.start("tail", "--json")
    asked.online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    asked.end()
    return ana, bo


async def test_a_drill_a_backup_is_put_back_and_nothing_is_lost_or_doubled(
    computer: Machine, host: Host
) -> None:
    """The relay's machine is lost an hour after the backup; a new one gets the copy."""
    relay = host.start()
    ana, bo = (Online(person) for person in friends(computer, host))
    await talk(ana, bo, 5)
    copy = computer.folder / "copies" / "monday.db"
    copy.parent.mkdir()
    written = json.loads(await asyncio.to_thread(host.does, "backup", str(copy), "--json"))
    await talk(ana, bo, 20)
    await code(ana)  # with a commit comes the relay's word for all that was said before
    relay.end(signal.SIGKILL)
    (host.data / "relay.db").unlink()
    for beside in ("-wal", "-shm"):
        (host.data / f"relay.db{beside}").unlink(missing_ok=True)

    put_back = await asyncio.to_thread(host.does, "restore", str(copy))
    assert f"entries: {written['entries']}," in put_back
    relay = host.start()
    relay.until(lambda line: "put back from a backup. Circles: 1." in line, err=True)
    await talk(ana, bo, 5)

    for one in (ana, bo):
        one.tail.end()
        rows = one.person.does("read", "Friends", "--last", "5000", "--json").lines()
        assert [row["text"] for row in rows if row["kind"] == "warning"] == []
        assert [row["text"] for row in rows].count(IS_WHOLE_AGAIN) == 1
    said = ana.person.texts("Friends")
    assert said == bo.person.texts("Friends")
    assert sorted(said) == sorted(ana.tried + bo.tried)
    assert relay.end().code == 0


def test_what_a_host_asks(computer: Machine, host: Host) -> None:
    relay = host.start("--install", "https://example.org/hallway")
    assert host.does("healthcheck") == "ready\n"
    checks = [json.loads(line) for line in host.does("doctor", "--json").splitlines()]
    assert {row["state"] for row in checks} <= {"ok", "odd"}
    assert [row["state"] for row in checks if row["check"] == "round trip"] == ["ok"]
    friends(computer, host)
    facts = json.loads(host.does("status", "--json"))
    assert facts["entries_total"] > 0
    with urllib.request.urlopen(f"http://{host.address}/i") as answer:
        page = answer.read().decode()
    assert "https://example.org/hallway" in page and "./hallway join" in page
    assert host.does("stop") == ""
    ended = relay.ended()
    assert (ended.code, ended.err) == (0, "")
    assert host.asks("healthcheck").code == 1


def test_while_disk_is_short_no_circle_is_opened_and_friends_go_on(
    computer: Machine, host: Host
) -> None:
    relay = host.start()
    ana, bo = friends(computer, host)
    relay.end()
    relay = host.start("--spare-disk-mib", "1000000000")
    relay.until(lambda line: line.startswith("WARNING: Short of disk: "), err=True)
    refused = computer.person("Cy").run("open", "Mine", "--as", "Cy", "--relay", host.address)
    assert refused.code != 0 and "opens no circle just now" in refused.err, refused
    ana.does("send", "Friends", "still here")
    reading = bo.start("tail", "--json")
    reading.until(lambda line: "still here" in line)
    assert "short 1\n" in host.does("status")


def starting(*command: str) -> Running:
    """A command that stays, as it is given."""
    return Running(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    )


async def test_a_disk_that_fails_ends_the_relay_with_a_sentence(tmp_path: Path) -> None:
    """A file may not grow beyond 200 KiB: SQLite meets an error that is not a full disk."""
    command = ["/bin/sh", "-c", 'ulimit -f 400; exec "$@"', "sh", *COMMAND, "relay"]
    place = ["--data", str(tmp_path / "relay"), "--listen", "127.0.0.1:0"]
    relay = await asyncio.to_thread(starting, *command, *place)
    url = relay.until(lambda line: "listening on " in line).rpartition(" ")[2]
    acknowledged = 0
    async with Client(url) as ana:
        await ana.create()
        with pytest.raises((ConnectionClosed, AssertionError)):
            while True:
                await ana.say(wire.Append(fresh_id(), 0, bytes(4000)))
                acknowledged = (await ana.hear(wire.Done)).n
    ended = await asyncio.to_thread(relay.ended)
    assert ended.code == 1
    assert ended.err.startswith("The relay cannot write to its disk: ")
    assert ended.err.endswith("Nothing more was acknowledged, and the relay has stopped.")
    assert acknowledged > 5


@contextmanager
def supervising(path: Path) -> Iterator[socket.socket]:
    """What systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(30)
        yield listening


def test_systemd_hears_of_its_start_its_health_and_its_end(computer: Machine, host: Host) -> None:
    with supervising(computer.folder / "notify") as heard:
        relay = host.start(NOTIFY_SOCKET=str(computer.folder / "notify"), WATCHDOG_USEC="3000000")
        assert heard.recv(100) == b"READY=1"
        assert [heard.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
        assert relay.end().code == 0
        last = heard.recv(100)
        while last == b"WATCHDOG=1":
            last = heard.recv(100)
        assert last == b"STOPPING=1"


def test_a_directory_is_for_its_owner_alone(host: Host) -> None:
    host.start()
    modes = {each.name: os.stat(each).st_mode & 0o077 for each in host.data.iterdir()}
    assert set(modes.values()) == {0}, modes
    assert os.stat(host.data).st_mode & 0o077 == 0
