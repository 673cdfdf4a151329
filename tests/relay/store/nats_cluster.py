"""Three NATS servers that are one cluster, as real processes, for what befalls them."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import nats
import nats.errors

from tests.relay.store.nats_server import NatsServer, free_ports

NAMES = ("n0", "n1", "n2")


class NatsCluster:
    """The servers, each of which can be killed, held and started again."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(2 * len(NAMES))
        clients, ports = ports[: len(NAMES)], ports[len(NAMES) :]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
        self.servers = {
            name: NatsServer(
                folder / name,
                client,
                more=f"server_name: {name}\n"
                f'cluster {{ name: hallway, listen: "127.0.0.1:{port}", routes: [{routes}] }}\n',
            )
            for name, client, port in zip(NAMES, clients, ports, strict=True)
        }

    @property
    def urls(self) -> str:
        return ",".join(server.url for server in self.servers.values())

    def start(self) -> None:
        """Start those that do not run."""
        for server in self.servers.values():
            if server.process is None:
                server.start()

    def kill(self, *names: str) -> None:
        for name in names or NAMES:
            self.servers[name].kill()

    def hold(self, name: str) -> None:
        """Have it answer nothing, without its connections being closed."""
        self._signal(name, signal.SIGSTOP)

    def let_go(self, name: str) -> None:
        self._signal(name, signal.SIGCONT)

    def _signal(self, name: str, number: int) -> None:
        process = self.servers[name].process
        assert process is not None
        process.send_signal(number)

    async def leader(self, stream: str = "hallway") -> str:
        """The server that leads the stream."""
        client = await nats.connect(self.urls.split(","))
        try:
            reply = await client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=5)
            return str(json.loads(reply.data)["cluster"]["leader"])
        finally:
            await client.close()
