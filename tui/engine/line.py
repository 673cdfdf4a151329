"""A connection that the engine keeps up: which one it wishes for, and what comes of it.

One attempt after the other, each under a number of its own, with growing waits between those that
fail. What speaks over it is in the subclasses: `circle_line`, `entering`, `founding`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from relay.wire import FromRelay
from tui.engine.context import Context
from tui.engine.errors import LinkError
from tui.engine.links import LONGEST_WAIT, LinkWish, back_off
from tui.engine.session import Session

HURRY_EVERY = 3_000
"""Milliseconds from one hurried attempt to the next: a person's patience, not a relay's burden."""


class Line(ABC):
    """One connection's owner. With `over` it wants none any more, and is let go of."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.link = context.next_link()
        self.not_before = 0
        self.failures = 0
        self.session: Session | None = None
        self.certificate = b""
        self.over = False
        self._backing_off = False
        self._hurried = -HURRY_EVERY

    @abstractmethod
    def wish(self) -> LinkWish | None:
        """The connection that is wanted now, or None."""

    @abstractmethod
    def begin(self) -> Session:
        """The session of a connection that is there."""

    @abstractmethod
    def take(self, frame: FromRelay) -> None:
        """Something that the relay says; LinkError where it breaks the protocol."""

    @abstractmethod
    def lost(self, reason: str) -> None:
        """The connection is gone, or was never made; `reason` is a sentence or empty."""

    @property
    def connected(self) -> Session:
        """The session; only while there is a connection."""
        if self.session is None:
            raise ValueError("there is no connection")
        return self.session

    def opened(self, certificate: bytes = b"") -> None:
        """The connection is there; `certificate` as in `Client.link_opened`."""
        self.certificate = certificate
        self.session = self.begin()

    def received(self, data: bytes) -> None:
        """A websocket message came."""
        if self.session is None:
            return
        link = self.link
        try:
            for frame in self.session.receive(data):
                self.take(frame)
                if self.over or self.link != link:
                    return
        except LinkError as error:
            self.closed(str(error))

    def closed(self, reason: str) -> None:
        """The connection ended: another one is wanted after a while."""
        self.failures += 1
        self.again(back_off(self.failures, self.context.rng), reason)
        self._backing_off = True

    def hurry(self) -> bool:
        """Somebody waits: try at once what is to be tried later. Whether that is done.

        Not where it was done a moment ago, and not where the relay itself asks to wait.
        """
        now = self.context.now()
        if not self._backing_off or self.not_before <= now or self.wish() is None:
            return False
        if abs(now - self._hurried) < HURRY_EVERY:
            return False
        self._hurried = self.not_before = now
        self.link = self.context.next_link()
        return True

    def again(self, wait: int = 0, reason: str = "") -> None:
        """Give this connection up, and want another one in `wait` milliseconds.

        However long a relay asks to wait, it is tried again after LONGEST_WAIT at the latest.
        """
        self.session = None
        self._backing_off = False
        self.link = self.context.next_link()
        self.not_before = self.context.now() + min(wait, LONGEST_WAIT)
        self.lost(reason)
