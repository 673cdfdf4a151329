"""NATS servers as real processes, for tests of the store that is kept in them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

SERVER = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which(
    "nats-server"
)

needed = pytest.mark.skipif(SERVER is None, reason="nats-server is not installed here")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


class NatsServer:
    """One server, with JetStream in `folder`, synced before it acknowledges."""

    def __init__(self, folder: Path, port: int | None = None, more: str = "") -> None:
        self.port = free_port() if port is None else port
        self.url = f"nats://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        config = folder / "nats.conf"
        config.write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{folder}/js", sync_interval: always }}\n{more}'
        )
        self._command = [str(SERVER), "-c", str(config), "-l", str(folder / "nats.log")]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again on what it has kept. A client connects once it can."""
        self.process = subprocess.Popen(self._command)

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
