"""What the process that started the relay is told: systemd's notifications, and its watchdog.

The protocol is a datagram of `NAME=VALUE` lines to the socket in `NOTIFY_SOCKET` (sd_notify(3)).
With a watchdog the relay is killed and started again unless it says in time that it is well; it
says so only while its event loop turns and its store still writes.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from relay.store.contract import STORED, Dismiss, Outcome, Store

NOWHERE = b""
"""The id of no circle, so that asking the store to write there changes nothing."""


class Supervisor:
    """Whoever is named by the environment; where nobody is, nobody is told.

    `process` is this process's id: a watchdog may be meant for another one.
    """

    def __init__(self, environment: Mapping[str, str], process: int) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._path = "\0" + path[1:] if path.startswith("@") else path
        mine = environment.get("WATCHDOG_PID", "") in ("", str(process))
        microseconds = environment.get("WATCHDOG_USEC", "")
        self.watchdog = int(microseconds) // 1000 if microseconds.isdigit() and mine else 0
        """Milliseconds within which it wants to hear that the relay is well; 0 never."""

    def tell(self, *lines: str) -> None:
        """Tell it, as far as it can be told: the relay does not depend upon it."""
        if self._path:
            with contextlib.suppress(OSError), _datagrams() as sender:
                sender.setblocking(False)  # a supervisor that hangs must not hang the relay
                sender.sendto("\n".join(lines).encode(), self._path)


def _datagrams() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)


@dataclass(slots=True)
class Pulse:
    """Says that the relay is well, as long as it is: `tick` about once a second.

    A store that does not answer within the watchdog's time is not well: a disk may hang for ever
    without an error. A cluster that is away is not `waits`ed for: another relay would not find it
    either.
    """

    store: Store
    supervisor: Supervisor
    well: Callable[[], bool]
    waits: bool = True
    _asked: bool = field(default=False)
    _next: int = field(default=0)

    def tick(self, now: int) -> None:
        """Ask the store, if it is time; `now` in milliseconds."""
        every = self.supervisor.watchdog // 3
        if not every or self._asked or (self._next - every <= now < self._next):
            return
        self._asked, self._next = True, now + every
        if not self.waits:
            return self._answered(STORED)
        self.store.submit(Dismiss(NOWHERE, NOWHERE), self._answered)

    def _answered(self, outcome: Outcome) -> None:
        self._asked = False
        if self.well() and self.store.broken is None:
            self.supervisor.tell("WATCHDOG=1")
