"""Which store a relay has: a file of its own, or a NATS cluster that several relays share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from crypto.primitives import Rng
from relay import tokens
from relay.config import Config, ConfigError
from relay.directory import Directory
from relay.store.contract import Store, StoreError
from relay.store.sqlite import SqliteStore
from relay.tokens import Token

REPLICAS: Final = 3
"""Servers of the cluster that hold all that is acknowledged."""

UNSAFE: Final = (
    "store_sync is unsafe: what is acknowledged may be lost with one server of the cluster, or a"
    " power cut. This is for development alone."
)


def open_store(config: Config, directory: Directory, wake: Callable[[], None], room: int) -> Store:
    """The store of this configuration. ConfigError, StoreError.

    :param room: pages that SQLite's log is given at once.
    """
    if not config.store:
        return SqliteStore(directory.database, wake, room=room)
    if directory.database.exists():
        raise ConfigError(
            f"{directory.database} is there, with the logs of a relay that kept them itself; with"
            " --store they would not be found. Name another directory with --data."
        )
    replicas = _replicas(config)
    with _client():
        from relay.store.jetstream import JetStreamStore
    store = JetStreamStore(servers(config), wake, name=config.store_name, replicas=replicas)
    if store.replicas < replicas:
        store.close()
        raise StoreError(
            f"The stream {config.store_name!r} has {store.replicas} replicas, and it takes"
            f" {REPLICAS}. Have it changed: nats stream edit {config.store_name} --replicas"
            f" {REPLICAS}"
        )
    return store


def servers(config: Config) -> list[str]:
    """The cluster's addresses, which may be separated by commas too."""
    return [each for several in config.store for each in several.split(",") if each]


def unsafe(config: Config) -> str:
    """What is to be said loudly of this store; nothing where all is well."""
    return UNSAFE if config.store and config.store_sync == "unsafe" else ""


def refuse_verb(config: Config, verb: str) -> None:
    """ConfigError for what can be done with a database alone, where there is none."""
    if config.store and verb in _OF_DATABASES:
        raise ConfigError(
            f"The logs of this relay are in a NATS cluster, and \u2018relay {verb}\u2019 is for"
            " those in a file. See docs/scaling.md."
        )


def issue_token(
    config: Config, directory: Directory, uses: int, until: int, rng: Rng
) -> tuple[str, Token]:
    """Make a token, which is told this once. TokenError, StoreError."""
    if not config.store:
        return tokens.issue(directory.database, uses, until, rng)
    with _client():
        from relay.store.jetstream import issue_token as issue
    return issue(servers(config), config.store_name, uses, until, rng)


def list_tokens(config: Config, directory: Directory) -> list[Token]:
    """Those that there are, the ones that end first before the others. StoreError."""
    if not config.store:
        return tokens.listed(directory.database)
    with _client():
        from relay.store.jetstream import list_tokens as listed
    return listed(servers(config), config.store_name)


def revoke_token(config: Config, directory: Directory, name: str) -> Token:
    """Withdraw the token whose id is, or begins with, `name`. TokenError, StoreError."""
    if not config.store:
        return tokens.revoke(directory.database, name)
    with _client():
        from relay.store.jetstream import revoke_token as revoke
    return revoke(servers(config), config.store_name, name)


@contextmanager
def _client() -> Iterator[None]:
    """For what is imported here alone: a relay by itself needs no client of NATS."""
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            "--store needs a client of NATS, which is not installed here. Install it with: pip"
            " install \u2018hallway[cluster]\u2019"
        ) from error


_OF_DATABASES = frozenset({"backup", "restore", "export", "import"})


def _replicas(config: Config) -> int:
    match config.store_sync:
        case "unstated":
            raise ConfigError(
                "NATS acknowledges before its disk has what it was given, unless its servers are"
                " told otherwise; and a relay can't ask them. Write sync_interval: always into the"
                " jetstream block of each server, and say so with --store-sync always."
            )
        case "always":
            return REPLICAS
        case "unsafe":
            return 1
