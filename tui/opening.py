"""Opening a profile for the screen: its settings, its database, its engine, its relay.

The engine, its network and its cryptography are imported when they are asked for, which is after
the first paint.

    OpeningError            the profile cannot be opened; the sentence says why, and what to do
"""

from __future__ import annotations

import importlib
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from tui.screens.room import Engine, NoRelayError

if TYPE_CHECKING:
    from crypto.relay_address import Address
    from crypto.secret import Secret
    from tui.config import Config
    from tui.embedded import LocalRelay
    from tui.locations import Locations

HOLDER = "the screen"
"""What other programs are told about who owns the profile."""

REFUSED, USAGE = 1, 2

RELAY_STAYS = (
    "The relay on this computer goes on without this window, for the others who are here. "
    "`hallway relay stop` ends it."
)

Answer = TypeVar("Answer")


class InThread(Protocol):
    """Calls something that waits, without holding up the screen: `asyncio.to_thread`."""

    def __call__(self, call: Callable[[], Answer], /) -> Awaitable[Answer]: ...


class OpeningError(Exception):
    """The profile cannot be opened; `exit` is how the program ends."""

    def __init__(self, sentence: str, exit: int = REFUSED) -> None:
        super().__init__(sentence)
        self.exit = exit


class Opening(Protocol):
    """How the app comes to an engine."""

    @property
    def there(self) -> bool:
        """Whether there is a profile already; asked before the first paint."""
        ...

    @property
    def locks(self) -> bool:
        """Whether there is a passphrase, so that locking keeps anybody out."""
        ...

    async def locked(self) -> bool:
        """Whether a passphrase has to be given to `unlock` before the engine."""
        ...

    async def unlock(self, passphrase: str) -> str:
        """Try a passphrase: what is wrong, or an empty text where it was the right one."""
        ...

    @property
    def person(self) -> str:
        """What this person is called as a rule; known once the engine is there."""
        ...

    @property
    def notify(self) -> str:
        """What one is told of where one has not said for a circle: off, mentions, all."""
        ...

    def engine(self, broke: Callable[[BaseException], None]) -> AbstractAsyncContextManager[Engine]:
        """The engine, for as long as the context lasts; OpeningError. `broke` is told if it
        fails by itself."""
        ...

    async def relay(self) -> str:
        """The address of the relay to open circles on, started if need be; NoRelayError."""
        ...

    def erase_keys(self) -> None:
        """Nothing opens the profile from now on."""
        ...

    def erase_rest(self) -> None:
        """Delete what is left of the profile, once it is closed."""
        ...

    def now(self) -> int:
        """Milliseconds since 1970."""
        ...


class ProfileOpening:
    """The profile at `locations`; `settle` reads its settings.

    :param in_thread: calls something that waits, without holding up the screen.
    """

    def __init__(
        self,
        locations: Locations,
        settle: Callable[[], Config],
        in_thread: InThread,
    ) -> None:
        self._locations = locations
        self._settle = settle
        self._in_thread = in_thread
        self._config: Config | None = None
        self._local: LocalRelay | None = None
        self._key: Secret | None = None
        self._has_passphrase = False
        self.farewell = ""
        """What is said once the screen is gone, if anything."""

    @property
    def there(self) -> bool:
        """Whether a profile has been made here."""
        return self._locations.there()

    @property
    def person(self) -> str:
        """The name from the settings."""
        return "" if self._config is None else self._config.name

    @property
    def notify(self) -> str:
        """From the settings."""
        return "off" if self._config is None else self._config.notify

    @property
    def locks(self) -> bool:
        """Whether the profile was unlocked with a passphrase."""
        return self._has_passphrase

    async def locked(self) -> bool:
        """Whether a passphrase protects it. What else may be wrong, `engine` tells: so too where
        it is open elsewhere, and nobody need be asked."""
        from tui.profile import ProfileError

        try:
            self._has_passphrase = bool(await self._in_thread(self._look))
        except ProfileError:
            return False
        return self._has_passphrase

    def _look(self) -> bool:
        from tui.locking import has_passphrase
        from tui.profile import owner_of

        return owner_of(self._locations) is None and has_passphrase(self._locations)

    async def unlock(self, passphrase: str) -> str:
        """Keep the key for `engine`, which takes it."""
        from tui.locking import unlock
        from tui.profile import ProfileError

        try:
            self._key = await self._in_thread(lambda: unlock(self._locations, passphrase))
        except ProfileError as error:
            return str(error)
        return ""

    @asynccontextmanager
    async def engine(self, broke: Callable[[BaseException], None]) -> AsyncIterator[Engine]:
        """Open the profile, run its engine, and answer other programs."""
        # imported in a thread, so that the screen answers keys meanwhile
        await self._in_thread(lambda: importlib.import_module("tui.engine.runner"))
        from tui.config import ConfigError
        from tui.crash import log_to
        from tui.engine.client import Client
        from tui.engine.runner import Runner
        from tui.locations import LocationError
        from tui.profile import Profile, ProfileError

        try:
            self._config = self._settle()
            key, self._key = self._key, None
            profile = Profile.open(self._locations, HOLDER, os.urandom, key)
        except ConfigError as error:
            raise OpeningError(str(error), USAGE) from error
        except (ProfileError, LocationError) as error:
            raise OpeningError(str(error)) from error
        log = log_to(self._locations.log)
        try:
            client = Client(
                profile.database,
                rng=os.urandom,
                now=self.now,
                default_relay=self._config.default_relay,
                beats=self._config.beats,
            )
            async with Runner(client, self.now, revive=self._revive, broke=broke) as runner:
                await runner.listen(self._locations.socket, HOLDER)
                yield runner
                here = str(self._local_relay().address)
                if any(circle.relay == here for circle in client.circles()):
                    self.farewell = RELAY_STAYS
        finally:
            profile.close()
            logging.getLogger().removeHandler(log)
            log.close()

    async def relay(self) -> str:
        """The relay of the settings, or the one on this computer."""
        from tui.embedded import EmbeddedError

        config = self._config
        if config is not None and config.relay:
            return config.relay
        try:
            await self._in_thread(self._local_relay().start)
        except EmbeddedError as error:
            raise NoRelayError(str(error)) from error
        return str(self._local_relay().address)

    def _local_relay(self) -> LocalRelay:
        from tui.config import LOCAL_RELAY
        from tui.embedded import LocalRelay

        if self._local is None:
            address = LOCAL_RELAY if self._config is None else self._config.local_relay
            self._local = LocalRelay.of(self._locations, address)
        return self._local

    async def _revive(self, address: Address) -> bool:
        return bool(await self._in_thread(lambda: self._local_relay().revive(address)))

    def erase_keys(self) -> None:
        """Its vault and its key files."""
        from tui.wiping import erase_keys

        erase_keys(self._locations)

    def erase_rest(self) -> None:
        """Its folder."""
        from tui.wiping import erase_rest

        erase_rest(self._locations)
        self.farewell = "Gone: nothing of this profile is left on this computer."

    def now(self) -> int:
        """The clock of this computer."""
        return time.time_ns() // 1_000_000
