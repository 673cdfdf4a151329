"""A relay put together: store, hub and sockets, from its start to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from relay import metrics
from relay.backup import begin_anew
from relay.certificate import NONE, Certificate, where_to_open
from relay.config import Config, ConfigError, address
from relay.directory import Directory
from relay.hub import Hub
from relay.limits import DAY, SECOND, Rate, Settings
from relay.machine import allow_files, free_disk, free_memory, usage
from relay.server import TOLD, Server
from relay.shortage import MIB, Resource, Shortage
from relay.store.write_ahead import PAGE, ROOM_PAGES
from relay.storing import open_store, unsafe
from relay.supervisor import Pulse, Supervisor

LOG = logging.getLogger("relay")

OTHER_FILES = 96
"""What a relay has open but sockets of its clients: `TOLD` more of those, its database (which it
could not do without for a moment), its operator's, and those that are just being turned away."""

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
    tls: Certificate | None,
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
    tls: Certificate | None,
    say: Callable[[str], None],
) -> str | None:
    """Run a relay until SIGTERM or SIGINT, or until its disk fails: the sentence that says so.

    ConfigError where an address cannot be listened on, StoreError where the database cannot be
    used. `say` hears a line for each address, once it is listened on.
    """
    loop = asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(server.settle)

    if not config.store:
        _tell_of_backup(begin_anew(directory.database, os.urandom, milliseconds()))
    supervisor = Supervisor(os.environ, os.getpid())
    shortage = shortage_of(config, directory)
    store = open_store(config, directory, wake, _room(config, directory))
    hub = Hub(
        store,
        settings_of(config),
        milliseconds,
        os.urandom,
        create=config.create,
        short=shortage,
    )
    server = _server(config, directory, hub, shortage, supervisor)
    server.remark = unsafe(config)
    if server.remark:
        LOG.warning(server.remark)
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, server.stopping.set)
    loop.add_signal_handler(signal.SIGHUP, _renew, tls, say)
    try:
        await _listen(config, directory, tls, server, say)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_FIRST)
        supervisor.tell("READY=1")
        await server.stopping.wait()
    finally:
        supervisor.tell("STOPPING=1")
        await server.stop()
        store.close()
    if hub.broken is None:
        return None
    return f"{hub.broken} Nothing more was acknowledged, and the relay has stopped."


def _renew(tls: Certificate | None, say: Callable[[str], None]) -> None:
    """Who comes from now on is shown the certificate as it is now; who is here stays."""
    try:
        say(NONE if tls is None else tls.renew())
    except ConfigError as error:
        LOG.warning("%s The one from before is in use.", error)


def shortage_of(config: Config, directory: Directory) -> Shortage:
    """What may run short here, and what is the least of it."""
    disk, memory = config.spare_disk_mib * MIB, config.spare_memory_mib * MIB
    resources = (
        Resource("disk", "spare_disk_mib", disk, lambda: free_disk(directory.path)),
        Resource("memory", "spare_memory_mib", memory, free_memory),
    )
    return Shortage(resources, LOG.warning)


def _room(config: Config, directory: Directory) -> int:
    """Pages that the store's log is given at once: none where they would make the disk short."""
    free = free_disk(directory.path)
    return (
        0 if free is None or free < config.spare_disk_mib * MIB + ROOM_PAGES * PAGE else ROOM_PAGES
    )


def _server(
    config: Config, directory: Directory, hub: Hub, shortage: Shortage, supervisor: Supervisor
) -> Server:
    started = milliseconds()
    pulse = Pulse(hub.store, supervisor, lambda: hub.broken is None, waits=not config.store)

    def each_second() -> None:
        now = milliseconds()
        shortage.tick(now)
        pulse.tick(now)

    def machine() -> list[metrics.Metric]:
        free = free_disk(directory.path), free_memory()
        return metrics.of_machine(usage(), *free, directory.size(), started, shortage())

    shortage.tick(started)
    return Server(
        hub,
        frozenset(name.lower() for name in config.name),
        proxies=config.proxy,
        install=config.install,
        most=max(TOLD, allow_files() - OTHER_FILES),
        each_second=each_second,
        machine=machine,
    )


def _tell_of_backup(circles: int) -> None:
    if circles:
        LOG.warning(
            "This relay was put back from a backup. Circles: %d. What they have lost is asked of"
            " their members' devices as they come; until then nothing new is ordered in them.",
            circles,
        )


async def _listen(
    config: Config,
    directory: Directory,
    tls: Certificate | None,
    server: Server,
    say: Callable[[str], None],
) -> None:
    try:
        await server.listen_locally(directory.socket)
    except OSError as error:
        # The path may be too long for a socket. The relay can do without: only status cannot.
        say(f"no status on {directory.socket}: {error.strerror or error}")
    if config.metrics:
        host, port = address(config.metrics)
        with _unable(config.metrics, "--metrics"):
            port = await server.listen_to_operator(host, port)
        say(f"metrics on http://{_shown(host)}:{port}/metrics")
    listening: list[str] = []
    server.about = {
        "listen": listening,
        "name": list(config.name),
        "proxy": list(config.proxy),
        "pin": tls.pin if tls else "",
        "key": server.hub.key.public.hex(),
    }
    for each in config.listen:
        host, port = address(each)
        with _unable(each, "--listen"):
            port = await server.listen(host, port, tls.context if tls else None)
        listening.append(f"{'wss' if tls else 'ws'}://{_shown(host)}:{port}")
        say(f"listening on {listening[-1]}")
    for each in where_to_open(listening, config.name, (), tls.pin) if tls and tls.pin else ():
        say(f"circles are opened at {each}")


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _unable(where: str, flag: str) -> Iterator[None]:
    """What an address cannot be listened on for, as a ConfigError."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{where} cannot be listened on: {error.strerror or error}."
            f" Name another address with {flag}."
        ) from error
