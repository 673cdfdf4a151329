"""What an operator asks of a relay that is there: the verbs of `hallway relay` but running one."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from relay.backup import Contents, back_up, restore
from relay.carrying import export, import_circle
from relay.certificate import where_to_open
from relay.config import Settled
from relay.directory import Directory, Held
from relay.round_trip import ask
from relay.storing import issue_token, list_tokens, revoke_token
from relay.tokens import Token, life, listed

STOP_SECONDS = 20
"""How long `relay stop` waits for the relay to end."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked for: the parsed arguments, the settings, and the relay's directory."""

    arguments: argparse.Namespace
    settled: Settled
    path: Path

    @property
    def directory(self) -> Directory:
        """The directory, as it is."""
        return Directory(self.path, make=False)

    def say(self, sentence: str, **facts: object) -> int:
        """What was done, to a person or, with `--json`, to a program; exit code 0."""
        print(json.dumps(facts) if self.arguments.json else sentence)
        return 0


def fail(sentence: str) -> int:
    """Why it did not work; exit code 1."""
    print(sentence, file=sys.stderr)
    return 1


def _config(operation: Operation) -> int:
    settled = operation.settled
    print("\n".join(settled.lines() if operation.arguments.show else settled.file()))
    return 0


def _address(operation: Operation) -> int:
    directory = operation.directory
    if directory.runner() is None:
        return fail(f"No relay runs on {directory.path}. Start it, and ask again.")
    try:
        about = json.loads(ask(directory.socket, "/about")[1])
        pin = about["pin"]
        addresses = where_to_open(about["listen"], about["name"], about["proxy"], pin)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        return fail(f"The relay does not answer on {directory.socket}: {_reason(error)}.")
    if any(each.startswith("HOST:") for each in addresses):
        note = "In HOST's place put an address of this machine under which others reach it."
        print(f"This relay has no --name. {note}", file=sys.stderr)
    for each in addresses:
        operation.say(each, address=each, pin=pin or None)
    return 0


def _stop(operation: Operation) -> int:
    directory = operation.directory
    process = directory.runner()
    if process is None:
        return fail(f"No relay runs on {directory.path}.")
    # Clients that run on this computer start the relay again where they find it dead. This is not.
    directory.stopped.touch(mode=0o600)
    os.kill(process, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while directory.runner() == process:
        if time.monotonic() > end:
            return fail(f"The relay (process {process}) has not ended after {STOP_SECONDS} s.")
        time.sleep(0.05)
    return 0


def _status(operation: Operation) -> int:
    directory = operation.directory
    process = directory.runner()
    if process is None:
        return fail(f"No relay runs on {directory.path}.")
    try:
        _, page = ask(directory.socket, "/metrics")
        listen = json.loads(ask(directory.socket, "/about")[1])["listen"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        running = f"A relay (process {process}) runs on {directory.path}."
        return fail(f"{running} It does not answer on {directory.socket}: {_reason(error)}.")
    counts = dict(_sample(line) for line in page.splitlines() if not line.startswith("#"))
    lines = [f"A relay (process {process}) runs on {directory.path}."]
    lines += [f"It listens on {each}." for each in listen]
    lines += [f"{name} {value:.15g}" for name, value in counts.items()]
    return operation.say("\n".join(lines), process=process, listen=listen, **counts)


def _doctor(operation: Operation) -> int:
    # Imported here: it is the only one that needs a TLS library and a store.
    from relay.doctor import examine

    return examine(operation.settled, operation.directory, operation.arguments.json)


def _healthcheck(operation: Operation) -> int:
    directory = operation.directory
    try:
        status, text = ask(directory.socket, "/readyz")
    except OSError as error:
        return fail(f"No relay answers on {directory.socket}: {_reason(error)}.")
    if status != HTTPStatus.OK:
        return fail(text.strip())
    print(text.strip())
    return 0


def _backup(operation: Operation) -> int:
    target = Path(operation.arguments.file)
    found = back_up(operation.directory.database, target, operation.arguments.replace)
    sentence = (
        f"{target} holds all that the relay keeps ({found}). It has the relay's key in it: keep it"
        " where nobody else can read it."
    )
    return operation.say(sentence, file=str(target), **_facts(found))


def _restore(operation: Operation) -> int:
    directory = Directory(operation.path)
    source = Path(operation.arguments.file)
    with Held(directory):
        found, aside = restore(directory.database, source, operation.arguments.replace)
    lines = [f"{source} is in its place ({found}). Start the relay."]
    if aside is not None:
        lines.append(f"What was there before is {aside}.")
    lines.append(
        "What was said since the backup was made is asked of the circles' devices as they come;"
        " until then nothing new is ordered in them."
    )
    if listed(directory.database, copied=True):
        lines.append(
            "Tokens are as they were then: what has been withdrawn since is good again"
            " (hallway relay token list)."
        )
    kept = None if aside is None else str(aside)
    return operation.say("\n".join(lines), file=str(source), replaced=kept, **_facts(found))


def _export(operation: Operation) -> int:
    arguments, target = operation.arguments, Path(operation.arguments.file)
    database = Path(arguments.source) if arguments.source else operation.directory.database
    entries = export(database, arguments.circle, target, arguments.replace)
    sentence = f"{target} holds the circle (entries: {entries})."
    return operation.say(sentence, file=str(target), entries=entries)


def _import(operation: Operation) -> int:
    directory = Directory(operation.path)
    source = Path(operation.arguments.file)
    now = time.time_ns() // 1_000_000
    with Held(directory):
        circle, entries = import_circle(directory.database, source, os.urandom, now)
    sentence = (
        f"The circle {circle} is here (entries: {entries}). Start the relay. What was said in it"
        " since it was exported is asked of its devices as they come."
    )
    return operation.say(sentence, circle=circle, entries=entries)


def _token_new(operation: Operation) -> int:
    arguments, now = operation.arguments, time.time_ns() // 1_000_000
    until = now + life(arguments.expires)
    config = operation.settled.config
    token, kept = issue_token(config, operation.directory, arguments.uses, until, os.urandom)
    create = config.create
    if create != "token":
        # As a note: what is on standard output is the token alone, to be handed on by a script.
        note = f'Its settings say create = "{create}": unless it was started with --create token,'
        print(f"{note} the relay asks for no token.", file=sys.stderr)
    return operation.say(token, token=token, **_token_facts(kept, now))


def _token_list(operation: Operation) -> int:
    now = time.time_ns() // 1_000_000
    tokens = list_tokens(operation.settled.config, operation.directory)
    for token in tokens:
        until = datetime.fromtimestamp(token.until / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        line = f"{token.id}  {token.state(now):8}uses left: {token.uses}  until {until}"
        operation.say(line, **_token_facts(token, now))
    if not tokens and not operation.arguments.json:
        print("There is no token. Make one with: hallway relay token new")
    return 0


def _token_revoke(operation: Operation) -> int:
    token = revoke_token(operation.settled.config, operation.directory, operation.arguments.id)
    now = time.time_ns() // 1_000_000
    return operation.say(f"Token {token.id} opens nothing any more.", **_token_facts(token, now))


def _token_facts(token: Token, now: int) -> dict[str, object]:
    until = datetime.fromtimestamp(token.until // 1000, UTC).isoformat().replace("+00:00", "Z")
    return {"id": token.id, "uses": token.uses, "until": until, "state": token.state(now)}


def _facts(contents: Contents) -> dict[str, int]:
    return {"circles": contents.circles, "entries": contents.entries, "bytes": contents.size}


def _sample(line: str) -> tuple[str, float]:
    name, _, value = line.removeprefix("hallway_").rpartition(" ")
    return name, float(value)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


OPERATIONS: Mapping[str, Callable[[Operation], int]] = {
    "address": _address,
    "backup": _backup,
    "config": _config,
    "doctor": _doctor,
    "export": _export,
    "healthcheck": _healthcheck,
    "import": _import,
    "restore": _restore,
    "status": _status,
    "stop": _stop,
    "token list": _token_list,
    "token new": _token_new,
    "token revoke": _token_revoke,
}
