"""Servers under measurement: each on the servers' core, whichever of them was started first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.load.servers import Server, cores, free_port

pytestmark = pytest.mark.slow

LISTENS = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "while True: s.accept()"
)


@pytest.fixture(autouse=True)
def affinity() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    cores.cache_clear()
    yield
    os.sched_setaffinity(0, before)
    cores.cache_clear()


def test_all_servers_share_a_core_that_the_generator_does_not_use(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core only")
    servers = []
    try:
        for name in ("first", "second", "third"):
            port = free_port()
            command = (sys.executable, "-c", LISTENS, str(port))
            servers.append(Server(name, command, port, tmp_path / name))
        theirs = [os.sched_getaffinity(server.pid) for server in servers]
        assert theirs[0] == theirs[1] == theirs[2]
        assert len(theirs[0]) == 1
        assert not theirs[0] & os.sched_getaffinity(0)
    finally:
        for server in servers:
            server.stop()
