"""What the engine raises, by who is to blame.

EngineError
├── WishError        a person asked for what cannot be: becomes a `Refused` event
├── LinkError        a relay said what it must not; the connection is given up
└── TooLargeError    no entry of the log holds it; a UsageError of `crypto.mls` besides
"""

from __future__ import annotations

from crypto.mls.errors import UsageError
from tui.engine.events import Exit


class EngineError(Exception):
    """Base of what the engine itself raises."""


class WishError(EngineError):
    """What was asked for cannot be done; the message is a sentence for the person.

    `reason` is a slug, `exit` how a command line ends.
    """

    def __init__(self, reason: str, sentence: str, exit: Exit = Exit.REFUSED) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.exit = exit


class LinkError(EngineError):
    """The relay broke the protocol on a connection."""


class TooLargeError(EngineError, UsageError):
    """A message or a change of `length` bytes, more than an entry of the log may have."""

    def __init__(self, length: int, most: int) -> None:
        super().__init__(f"This takes {length:,} bytes, and only {most:,} go out at once.")
