"""A relay put together: store, hub and sockets, from its start to its end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import ssl
import time
from collections.abc import Callable

from relay.config import Config, ConfigError, address
from relay.directory import Directory
from relay.hub import Hub
from relay.limits import DAY, SECOND, Rate, Settings
from relay.server import Server
from relay.store.sqlite import SqliteStore

MIB = 1024 * 1024

GC_FIRST = 20_000
"""Objects between two rounds of the garbage collector: sessions hold each other in few cycles."""


def settings_of(config: Config) -> Settings:
    """The hub's bounds as this configuration has them."""
    return Settings(
        sockets_per_source=config.connections,
        messages=Rate(config.messages_at_once, SECOND / config.messages_per_second),
        circle_size=config.circle_mib * MIB,
        circles=Rate(config.circles_per_day, DAY / config.circles_per_day),
    )


def milliseconds() -> int:
    """Now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def run_until_ended(
    config: Config,
    directory: Directory,
    tls: ssl.SSLContext | None,
    say: Callable[[str], None],
) -> str | None:
    """`serve` in an event loop of its own, the fastest that is installed."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(serve(config, directory, tls, say))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # it is not made for every platform
        return None
    return uvloop.new_event_loop


async def serve(
    config: Config,
    directory: Directory,
    tls: ssl.SSLContext | None,
    say: Callable[[str], None],
) -> str | None:
    """Run a relay until SIGTERM or SIGINT, or until its disk fails: the sentence that says so.

    ConfigError where an address cannot be listened on, StoreError where the database cannot be
    used. `say` hears a line for each address, once it is listened on.
    """
    loop = asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(server.settle)

    store = SqliteStore(directory.database, wake)
    hub = Hub(
        store,
        settings_of(config),
        milliseconds,
        os.urandom,
        may_create=lambda token: config.create == "open",
    )
    server = Server(hub, frozenset(name.lower() for name in config.name))
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, server.stopping.set)
    try:
        await _listen(config, directory, tls, server, say)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_FIRST)
        await server.stopping.wait()
    finally:
        await server.stop()
        store.close()
    if hub.broken is None:
        return None
    return f"{hub.broken} Nothing more was acknowledged, and the relay has stopped."


async def _listen(
    config: Config,
    directory: Directory,
    tls: ssl.SSLContext | None,
    server: Server,
    say: Callable[[str], None],
) -> None:
    try:
        await server.listen_locally(directory.socket)
    except OSError as error:
        # The path may be too long for a socket. The relay can do without: only status cannot.
        say(f"no status on {directory.socket}: {error.strerror or error}")
    for each in config.listen:
        host, port = address(each)
        try:
            port = await server.listen(host, port, tls)
        except OSError as error:
            raise ConfigError(
                f"{each} cannot be listened on: {error.strerror or error}."
                " Name another address with --listen."
            ) from error
        shown = f"[{host}]" if ":" in host else host
        say(f"listening on {'wss' if tls else 'ws'}://{shown}:{port}")
