"""`hallway relay`: running a relay, ending it, and asking how it is.

Exit codes: 0 done, 1 it did not work (the reason is on standard error), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from crypto.process import keep_memory_private
from relay.config import FILE, Config, ConfigError, Settled, default_directory, settle
from relay.directory import Directory, DirectoryError, Held
from relay.store.contract import StoreError, TokenError

RUN_EXAMPLE = """\
examples:
  hallway relay                                        for this computer alone
  hallway relay --listen 0.0.0.0:7600 --tls own        for others, with a certificate of its own
"""


def add_parser(subparsers: Any) -> None:
    """Add `relay` with its verbs to a command line's subparsers; `run` carries it out."""
    configure(
        subparsers.add_parser(
            "relay",
            help="run a relay, or see to one that runs",
            description="Run a relay that keeps the logs of circles. Ctrl-C ends it.",
        )
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Give a parser the flags and verbs of `hallway relay`."""
    parser.set_defaults(run=run, verb="run")
    parser.epilog = RUN_EXAMPLE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    _add_place(parser)
    _add_settings(parser)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for verb in VERBS:
        _add_verb(verbs, verb)


@dataclass(frozen=True, slots=True)
class Verb:
    """One of `hallway relay`'s, as its parser and its help have it; or several, as `verbs`."""

    name: str
    help: str
    example: str = "--data ~/relay"
    arguments: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = ()
    settings: bool = False
    verbs: tuple[Verb, ...] = ()


def _flag(name: str, text: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    return (name,), {"action": "store_true", "help": text}


_JSON = _flag("--json", "print one JSON object a line")
_FILE = (("file",), {"metavar": "FILE"})

VERBS = (
    Verb("stop", "end the relay that runs on the directory"),
    Verb("status", "say whether a relay runs there, and its counts", arguments=(_JSON,)),
    Verb(
        "config",
        "print a settings file to begin with, or where each value comes from",
        "--show",
        (_flag("--show", "each value, and where it comes from"),),
        settings=True,
    ),
    Verb(
        "address",
        "print the addresses to open circles at, with the pin of the relay's own certificate",
        "--data ~/relay",
        (_JSON,),
    ),
    Verb(
        "doctor",
        "look at all that a relay stands on: disk, clock, certificate, port, the way to it",
        "--data ~/relay",
        (_JSON,),
        settings=True,
    ),
    Verb("healthcheck", "say by the exit code whether the relay is ready: 0 if it is, else 1"),
    Verb(
        "backup",
        "copy all that the relay keeps to a file; the relay may run meanwhile",
        "~/backups/monday.db",
        (_FILE, _flag("--replace", "a file that is there already may go"), _JSON),
    ),
    Verb(
        "restore",
        "put a backup in the place of what the relay has; the relay may not run",
        "~/backups/monday.db --replace",
        (_FILE, _flag("--replace", "keep what is there under another name"), _JSON),
    ),
    Verb(
        "export",
        "copy one circle to a file; the relay may run meanwhile",
        "1f3a friends.circle",
        (
            (("circle",), {"metavar": "CIRCLE", "help": "its id, or how that begins"}),
            _FILE,
            (("--from",), {"metavar": "BACKUP", "dest": "source", "help": "out of a backup"}),
            _flag("--replace", "a file that is there already may go"),
            _JSON,
        ),
    ),
    Verb(
        "import",
        "take a circle that was exported back into this relay, which may not run",
        "friends.circle",
        (_FILE, _JSON),
    ),
    Verb(
        "token",
        "make, list and withdraw tokens, with which others open circles here",
        "new --uses 3 --expires 7d",
        verbs=(
            Verb(
                "token new",
                "print a new token, for somebody who is to open circles; it is shown this once",
                "--uses 3 --expires 7d",
                (
                    (
                        ("--uses",),
                        {
                            "metavar": "N",
                            "type": int,
                            "default": 1,
                            "help": "circles that it opens (else 1)",
                        },
                    ),
                    (
                        ("--expires",),
                        {
                            "metavar": "TIME",
                            "default": "7d",
                            "help": "30m, 12h, 7d or 4w (else 7d)",
                        },
                    ),
                    _JSON,
                ),
            ),
            Verb(
                "token list",
                "list the tokens: id, uses that are left, until when; not the tokens themselves",
                arguments=(_JSON,),
            ),
            Verb(
                "token revoke",
                "withdraw a token; circles that were opened with it stay",
                "5f0c83b1",
                ((("id",), {"metavar": "ID", "help": "as it is listed, or how it begins"}), _JSON),
            ),
        ),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m relay`: as `hallway relay`."""
    parser = argparse.ArgumentParser(
        prog="python -m relay",
        description="Run a relay that keeps the logs of circles. Ctrl-C ends it.",
    )
    configure(parser)
    return run(parser.parse_args(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Carry out a parsed command; the exit code."""
    keep_memory_private()
    try:
        settled = _settle(arguments)
        path = Path(arguments.data) if arguments.data else default_directory(os.environ)
        if arguments.verb == "run":
            return _run(settled.config, Directory(path))
        # Imported here: whoever only wants the parser needs none of it.
        from relay.operating import OPERATIONS, Operation
        from relay.storing import refuse_verb

        refuse_verb(settled.config, arguments.verb)
        return OPERATIONS[arguments.verb](Operation(arguments, settled, path))
    except (ConfigError, DirectoryError, StoreError, TokenError) as error:
        return _fail(str(error))


def _add_place(parser: argparse.ArgumentParser, default: Any = None) -> None:
    parser.add_argument(
        "--data",
        metavar="DIR",
        default=default,
        help=f"the relay's directory (else {default_directory(os.environ)})",
    )
    parser.add_argument(
        "--config", metavar="FILE", default=default, help=f"settings in TOML (else DIR/{FILE})"
    )


def _add_verb(verbs: Any, verb: Verb) -> None:
    under = verbs.add_parser(
        verb.name.rpartition(" ")[2],
        help=verb.help,
        description=verb.help[0].upper() + verb.help[1:] + ".",
        epilog=f"example: hallway relay {verb.name} {verb.example}",
    )
    if verb.verbs:
        below = under.add_subparsers(title="verbs", metavar="VERB", required=True)
        for each in verb.verbs:
            _add_verb(below, each)
        return
    under.set_defaults(run=run, verb=verb.name)
    _add_place(under, default=argparse.SUPPRESS)
    for flags, options in verb.arguments:
        under.add_argument(*flags, **options)
    if verb.settings:
        _add_settings(under, default=argparse.SUPPRESS)


def _add_settings(parser: argparse.ArgumentParser, default: Any = None) -> None:
    hints = get_type_hints(Config)
    for each in fields(Config):
        kind = hints[each.name]
        several = kind == tuple[str, ...]
        parser.add_argument(
            "--" + each.name.replace("_", "-"),
            default=default,
            action="append" if several else "store",
            type=int if kind is int else str,
            choices=get_args(kind) if get_origin(kind) is Literal else None,
            metavar=None if get_origin(kind) is Literal else ("N" if kind is int else "VALUE"),
            help=each.metadata["help"],
        )


def _settle(arguments: argparse.Namespace) -> Settled:
    path = Path(arguments.data) if arguments.data else default_directory(os.environ)
    file = Path(arguments.config) if arguments.config else path / FILE
    flags = {each.name: getattr(arguments, each.name, None) for each in fields(Config)}
    return settle(flags, os.environ, file, wanted=arguments.config is not None)


def _run(config: Config, directory: Directory) -> int:
    # Imported here: stop, status and config need no server.
    from relay.certificate import certificate
    from relay.logs import begin
    from relay.serving import run_until_ended

    begin(config.log, sys.stderr)
    log = logging.getLogger("relay")
    say = log.info if config.log == "json" else partial(print, flush=True)
    with Held(directory):
        broken = run_until_ended(config, directory, certificate(config, directory), say)
    if broken and config.log == "json":
        log.critical(broken)
        return 1
    return _fail(broken) if broken else 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
