"""Verbs, flags and examples. Parsing them imports nothing that only some verb needs.

Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tui.circle_settings import CIRCLE_SETTINGS
from tui.version import version

EPILOG = """\
CIRCLE is a circle's name, or its id from `hallway circles`; where there is only one it may be left
out. TEXT or CODE may be -, for standard input. HALLWAY_HOME or --home names the profile, and
HALLWAY_PASSPHRASE_FILE or --passphrase-file the file that holds its passphrase, if it has one.

exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable
"""

NO_TERMINAL = (
    "Hallway's screens need a terminal, and there is none here. `hallway --plain` reads and prints"
    " lines. In a script run `hallway send`, `hallway read` or `hallway tail`; `hallway --help`"
    " lists all commands."
)

SCREENS_ASK = "The screens ask for the passphrase: --passphrase-file is for commands."


class _Version(argparse.Action):
    """``--version``: finding the version costs time that no other command should pay."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(f"hallway {version()}")
        parser.exit()


class _RelayParser(argparse.ArgumentParser):
    """`hallway relay …`: the relay's own flags are looked up when something is to be parsed.

    Of a verb with a `settle`, flags may stand between what may be left out; it says what is wrong.
    """

    filled = True
    settle: Callable[[argparse.Namespace], str] | None = None

    def fill(self) -> None:
        """Take the relay's flags and verbs over."""
        if not self.filled:
            self.filled = True
            from relay.cli import configure

            configure(self)

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        self.fill()
        settle = self.settle
        if settle is None:
            return super().parse_known_args(*arguments, **named)
        self.settle = None  # argparse comes back here for a part of the line
        try:
            found, rest = self.parse_known_intermixed_args(*arguments, **named)
        finally:
            self.settle = settle
        wrong = settle(found)
        if wrong:
            self.error(wrong)
        return found, rest


def parser(whole: bool = False) -> argparse.ArgumentParser:
    """The command line; `whole` with the relay's own flags and verbs, which cost an import."""
    top = argparse.ArgumentParser(
        prog="hallway",
        description="A terminal chat client for small encrypted circles, and its relay.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    top.add_argument(
        "--demo", action="store_true",
        help="look around in a circle with scripted friends; nothing of it is kept",
    )  # fmt: skip
    top.add_argument(
        "--plain", action="store_true",
        help="line mode, for screen readers, plain terminals and pipes",
    )  # fmt: skip
    _add_home(top, default=None)
    top.set_defaults(run=_screens)
    verbs = top.add_subparsers(title="commands", metavar="COMMAND", parser_class=_RelayParser)
    for add in (_add_beginning, _add_talking, _add_circle, _add_device, _add_settings, _add_rest):
        add(verbs)
    if whole:
        verbs.choices["relay"].fill()
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit code."""
    parsed = parser().parse_args(arguments)
    done: int = parsed.run(parsed)
    return done


def _add_home(parser: argparse.ArgumentParser, default: Any) -> None:
    parser.add_argument("--home", metavar="DIR", default=default, help="the profile's folder")
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        default=default,
        help="holds the profile's passphrase, for scripts; a pipe, or a file for its owner alone",
    )


def _verb(verbs: Any, name: str, help: str, example: str, where: str) -> _RelayParser:
    """A verb, carried out by the function `where` (`module:function`, of this package)."""
    made: _RelayParser = verbs.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"example: hallway {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_home(made, default=argparse.SUPPRESS)
    made.set_defaults(run=_later(where))
    return made


def _later(where: str) -> Callable[[argparse.Namespace], int]:
    module, _, function = where.partition(":")

    def run(arguments: argparse.Namespace) -> int:
        from tui.cli.running import carry_out

        return carry_out(getattr(import_module(f"tui.cli.{module}"), function), arguments)

    return run


def _screens(arguments: argparse.Namespace) -> int:
    """`hallway` alone."""
    if arguments.plain:
        return _later("plain:plain")(arguments)
    if not _is_terminal():
        print(NO_TERMINAL, file=sys.stderr)
        return 2
    if arguments.passphrase_file:
        print(SCREENS_ASK, file=sys.stderr)
        return 2
    from tui.cli.screens import show, show_demo

    return show_demo() if arguments.demo else show(arguments.home)


def _join(arguments: argparse.Namespace) -> int:
    """`hallway join CODE` at a terminal goes on in the screens; with more said it stays here."""
    more = arguments.person or arguments.yes or arguments.json or arguments.wait is not None
    more = more or arguments.passphrase_file
    if more or arguments.code in (None, "-") or not _is_terminal():
        return _later("joining:join")(arguments)
    from tui.cli.screens import show

    return show(arguments.home, arguments.code)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _add_circle_name(parser: argparse.ArgumentParser, needed: bool = False) -> None:
    parser.add_argument(
        "circle", metavar="CIRCLE", nargs=None if needed else "?", default="", help="name or id"
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="person", metavar="WHO", help="your name in this circle")


def _add_beginning(verbs: Any) -> None:
    verb = _verb(
        verbs, "open", "open a circle, and take its first chair",
        "open Friends --as Ana --cap 5", "opening:open_circle",
    )  # fmt: skip
    verb.add_argument("name", metavar="NAME", help="what the circle is called")
    _add_person(verb)
    verb.add_argument(
        "--relay",
        metavar="URL",
        help="the relay that carries it (else one on this computer); HOST:PORT+PIN where the relay"
        " made its own certificate",
    )
    verb.add_argument("--cap", metavar="N", type=int, default=8, help="chairs, 2 to 50 (else 8)")
    verb.add_argument(
        "--token", metavar="TOKEN", help="of the relay's operator, where it wants one"
    )
    _add_json(verb)
    verb = _verb(
        verbs, "invite", "make a code that somebody can come in with",
        "invite Friends --spoken", "inviting:invite",
    )  # fmt: skip
    _add_circle_name(verb)
    verb.add_argument(
        "--spoken",
        action="store_true",
        help="three words to say aloud; stay until they were used, ten minutes at most",
    )
    verb.add_argument("--words", action="store_true", help="print the code as words")
    verb.add_argument("--qr", action="store_true", help="draw it, too (on standard error)")
    verb.add_argument("--uses", metavar="N", type=int, help="how many may come in (else 1)")
    verb.add_argument("--expires", metavar="TIME", help="30m, 12h or 7d (else 7d)")
    verb.add_argument("--history", metavar="N", type=int, help="messages of before that they see")
    verb.add_argument("--wait", action="store_true", help="stay until it was used")
    verb.add_argument("--list", action="store_true", help="list the codes that are open")
    verb.add_argument("--revoke", metavar="ID", help="withdraw the code of this id, from --list")
    _add_json(verb)
    verb = _verb(
        verbs, "join", "come in with a code",
        "join walrus-tulip-violin --as Bo", "joining:join",
    )  # fmt: skip
    verb.add_argument(
        "code", metavar="CODE", nargs="?", help="the code; asked for, or read, if left out"
    )
    _add_person(verb)
    verb.add_argument("--yes", action="store_true", help="come in without being asked")
    verb.add_argument(
        "--wait", metavar="SECONDS", type=float, help="how long to wait to be let in (else on)"
    )
    _add_json(verb)
    verb.set_defaults(run=_join)


def _add_talking(verbs: Any) -> None:
    _add_sending(verbs)
    _add_marking(verbs)
    verb = _verb(
        verbs, "read", "print what was said last",
        "read Friends --last 50", "talking:read",
    )  # fmt: skip
    _add_circle_name(verb)
    verb.add_argument("--last", metavar="N", type=int, default=20, help="how much (else 20)")
    verb.add_argument("--ids", action="store_true", help="print how each message's id begins")
    _add_json(verb)
    verb = _verb(
        verbs, "search", "find what was said, in all circles; the newest comes first",
        "search ferry from:Bo in:Friends before:2026-03-01 has:link", "finding:search",
    )  # fmt: skip
    verb.add_argument(
        "words", metavar="WORD", nargs="+",
        help="words, or a \"phrase\"; from:NAME, in:CIRCLE, before:DATE, after:DATE,"
        " has:link|poll|file",
    )  # fmt: skip
    verb.add_argument("--last", metavar="N", type=int, default=50, help="how much (else 50)")
    _add_json(verb)
    verb = _verb(
        verbs, "export", "write a circle's conversation into a file to keep",
        "export Friends friends.html", "keeping:export",
    )  # fmt: skip
    _add_circle_name(verb, needed=True)
    verb.add_argument(
        "output", metavar="FILE", nargs="?", help="the file (else, and for -, standard output)"
    )
    verb.add_argument(
        "--format", choices=("md", "html", "json"), help="else what FILE's name ends with, or md"
    )
    verb.add_argument("--replace", action="store_true", help="write over a file that is there")
    verb = _verb(
        verbs, "tail", "stay online, print what is said, answer the door",
        "tail Friends --json", "tailing:tail",
    )  # fmt: skip
    _add_circle_name(verb)
    _add_json(verb)


def _settle_text(found: argparse.Namespace) -> str:
    """Of one word, without a file, it is the text; CIRCLE is left out."""
    if found.file is None and found.text is None:
        found.circle, found.text = "", found.circle or None
    nothing = found.file is None and found.text is None
    return "the following arguments are required: TEXT, or --file" if nothing else ""


def _add_sending(verbs: Any) -> None:
    verb = _verb(
        verbs, "send", "say something, or send a file; done when the relay has it on its disk",
        "send Friends --file tea.jpg 'See you at seven'", "filing:send",
    )  # fmt: skip
    verb.settle = _settle_text
    _add_circle_name(verb)
    verb.add_argument(
        "text", metavar="TEXT", nargs="?", help="what to say, or - for standard input"
    )
    verb.add_argument(
        "--file", metavar="FILE", type=_file, help="send this file; TEXT is said before it"
    )
    verb.add_argument("--me", action="store_true", help="say it of yourself: 'waves'")
    _add_queue(verb)
    _add_json(verb)
    verb = _verb(
        verbs, "save", "fetch the file of a message, and put it on this computer",
        "save Friends 3f9a tea.jpg", "filing:save",
    )  # fmt: skip
    _add_circle_name(verb, needed=True)
    _add_id(verb)
    verb.add_argument(
        "path", metavar="PATH", nargs="?", type=_file,
        help="a file that is not there yet, or a folder (else where you are)",
    )  # fmt: skip
    _add_json(verb)


def _add_queue(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--queue", action="store_true", help="do not wait; it goes out when Hallway runs"
    )


def _add_id(parser: argparse.ArgumentParser, optional: bool = False) -> None:
    parser.add_argument(
        "id", metavar="ID", nargs="?" if optional else None,
        help="how the message's id begins (4 digits or more), from `hallway read --ids`",
    )  # fmt: skip


def _add_marking(verbs: Any) -> None:
    verb = _verb(
        verbs, "reply", "answer a message",
        "reply Friends 3f9a 'I will be there'", "talking:reply",
    )  # fmt: skip
    _add_circle_name(verb)
    _add_id(verb)
    verb.add_argument("text", metavar="TEXT", help="what to say, or - for standard input")
    marking: list[argparse.ArgumentParser] = [verb]
    verb = _verb(
        verbs, "react", "mark a message with an emoji",
        "react Friends 3f9a \N{THUMBS UP SIGN}", "marking:react",
    )  # fmt: skip
    _add_circle_name(verb)
    _add_id(verb)
    verb.add_argument("emoji", metavar="EMOJI", help="one emoji")
    verb.add_argument("--off", action="store_true", help="take it back")
    marking.append(verb)
    verb = _verb(
        verbs, "edit", "change what an own message says; without a text, print what it has said",
        "edit Friends 3f9a 'See you at eight'", "marking:edit",
    )  # fmt: skip
    _add_circle_name(verb, needed=True)
    _add_id(verb)
    verb.add_argument(
        "text", metavar="TEXT", nargs="?", help="what it is to say, or - for standard input"
    )
    marking.append(verb)
    verb = _verb(
        verbs, "delete", "take an own message back, for all",
        "delete Friends 3f9a", "marking:delete",
    )  # fmt: skip
    _add_circle_name(verb)
    _add_id(verb)
    marking.append(verb)
    for each in (*marking, *_add_asking(verbs)):
        _add_queue(each)
        _add_json(each)


def _add_asking(verbs: Any) -> list[argparse.ArgumentParser]:
    pin = _verb(
        verbs, "pin", "pin a message for all; without one, print those that are pinned",
        "pin Friends 3f9a", "marking:pin",
    )  # fmt: skip
    _add_circle_name(pin, needed=True)
    _add_id(pin, optional=True)
    pin.add_argument("--off", action="store_true", help="unpin it")
    poll = _verb(
        verbs, "poll", "ask a question; who has chosen sees who chose what",
        "poll Friends 'Where?' 'At home' 'By the river'", "talking:poll",
    )  # fmt: skip
    _add_circle_name(poll, needed=True)
    poll.add_argument("question", metavar="QUESTION", help="what is asked")
    poll.add_argument("options", metavar="OPTION", nargs="+", help="2 to 10 of them")
    poll.add_argument("--several", action="store_true", help="more than one may be chosen")
    vote = _verb(
        verbs, "vote", "choose in a poll; without a number, take the vote back",
        "vote Friends 3f9a 2", "marking:vote",
    )  # fmt: skip
    _add_circle_name(vote, needed=True)
    _add_id(vote)
    vote.add_argument("numbers", metavar="NUMBER", nargs="*", type=int, help="options, from 1")
    return [pin, poll, vote]


def _add_members(verbs: Any) -> None:
    verb = _verb(
        verbs, "members", "list who is in, and who let them in",
        "members Friends", "membership:members",
    )  # fmt: skip
    _add_circle_name(verb)
    comparing = verb.add_mutually_exclusive_group()
    comparing.add_argument(
        "--words", metavar="WHO", help="print the six words to compare with this member"
    )
    comparing.add_argument(
        "--verified", metavar="WHO", help="remember that their words are the same as yours"
    )
    comparing.add_argument("--not-verified", dest="forget", metavar="WHO", help="forget that")
    _add_json(verb)


def _add_device(verbs: Any) -> None:
    verb = _verb(
        verbs, "device", "link another device of yours, list your devices, or take one out",
        "device link", "devices:device",
    )  # fmt: skip
    verb.add_argument("what", choices=("link", "list", "remove"), help="what to do")
    verb.add_argument(
        "named", metavar="CODE|LABEL", nargs="?",
        help="to link this device: the code that the first one shows; to remove one: its label",
    )  # fmt: skip
    verb.add_argument("--label", metavar="NAME", help="what this device is to be called")
    verb.add_argument(
        "--history", metavar="N", default="none",
        help="how many messages of each circle the other device is told: none, all, or a number",
    )  # fmt: skip
    verb.add_argument("--yes", action="store_true", help="give it without asking")
    _add_json(verb)


def _add_circle(verbs: Any) -> None:
    verb = _verb(
        verbs, "circles", "list the circles of this profile",
        "circles --json", "membership:circles",
    )  # fmt: skip
    _add_json(verb)
    _add_members(verbs)
    verb = _verb(
        verbs, "remove", "remove a member; for hosts",
        "remove Friends Bo", "membership:remove",
    )  # fmt: skip
    _add_circle_name(verb, needed=True)
    verb.add_argument("who", metavar="WHO", help="a name, or an id from `hallway members --json`")
    verb = _verb(
        verbs, "leave", "leave a circle for good; what was said stays readable here",
        "leave Friends", "membership:leave",
    )  # fmt: skip
    _add_circle_name(verb, needed=True)
    verb = _verb(
        verbs, "rename", "be called otherwise in a circle",
        "rename Friends Anabel", "membership:rename",
    )  # fmt: skip
    _add_circle_name(verb)
    verb.add_argument("person", metavar="WHO", help="your new name")
    verb = _verb(
        verbs, "rejoin", "come in again with fresh keys, where this device was stopped",
        "rejoin Friends", "membership:rejoin",
    )  # fmt: skip
    _add_circle_name(verb, needed=True)
    whose = verb.add_mutually_exclusive_group()
    whose.add_argument(
        "--mine", action="store_true",
        help="where the relay has shown two conversations: this one stands",
    )  # fmt: skip
    whose.add_argument(
        "--with", dest="whose", metavar="NAME", help="that of this member stands; come in there",
    )  # fmt: skip
    verb = _verb(
        verbs, "move", "take a circle to another relay, for hosts; or follow it there by a code",
        "move Friends chat.example.org", "moving:move",
    )  # fmt: skip
    _add_circle_name(verb, needed=True)
    verb.add_argument("relay", metavar="RELAY", nargs="?", help="the other relay, as for open")
    verb.add_argument(
        "--gone", action="store_true",
        help="the relay that the circle is on is gone for good: the others need the code that is"
        " printed",
    )  # fmt: skip
    verb.add_argument("--token", metavar="TOKEN", help="its operator's, where it wants one")
    verb.add_argument(
        "--code", metavar="CODE", help="go where this move code says, or - for standard input"
    )
    _add_json(verb)


def _add_settings(verbs: Any) -> None:
    verb = _verb(
        verbs, "circle", "print how a circle is set up, and change it, for hosts",
        "circle Friends --topic 'Soup on Sunday' --door ask", "settings:circle",
    )  # fmt: skip
    _add_circle_name(verb)
    for setting in (each for each in CIRCLE_SETTINGS if each.field):
        verb.add_argument(
            f"--{setting.name}",
            metavar=setting.takes or None,
            choices=setting.choices or None,
            help=setting.help.rstrip("."),
        )
    verb.add_argument(
        "--host", dest="hosts", metavar="WHO", action="append", default=[],
        help="the hosts from now on: say it once for each, yourself among them if you stay one",
    )  # fmt: skip
    _add_json(verb)


def _file(text: str) -> Path:
    """A path, wherever the process that uses it runs."""
    return Path(text).expanduser().absolute()


def _add_backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=_file, help="the backup")
    parser.add_argument(
        "source", metavar="-", nargs="?", choices=("-",),
        help="read the backup's passphrase from standard input",
    )  # fmt: skip


def _add_rest(verbs: Any) -> None:
    verb = _verb(
        verbs, "doctor", "try everything on this machine, without touching a profile",
        "doctor", "doctor:doctor",
    )  # fmt: skip
    _add_json(verb)
    verb = _verb(
        verbs, "passphrase", "set, change or remove the passphrase that opens this profile",
        "passphrase", "locking:passphrase",
    )  # fmt: skip
    verb.add_argument(
        "source", metavar="-", nargs="?", choices=("-",),
        help="read it from standard input: the one until now, if there is one, then the new one,"
        " a line each",
    )  # fmt: skip
    verb.add_argument("--remove", action="store_true", help="go back to a key file")
    _verb(
        verbs, "lock", "close this profile wherever it is open, until its passphrase is given",
        "lock", "locking:lock",
    )  # fmt: skip
    verb = _verb(
        verbs, "wipe", "erase this profile from this computer: its keys at once, then all of it",
        "wipe", "wiping:wipe",
    )  # fmt: skip
    verb.add_argument("--yes", action="store_true", help="do not ask")
    verb = _verb(
        verbs, "backup", "write what was said and who you are into a file that a passphrase opens",
        "backup hallway.backup", "copying:backup",
    )  # fmt: skip
    _add_backup(verb)
    verb = _verb(
        verbs, "restore", "bring a backup into a profile that has no circle",
        "restore hallway.backup", "copying:restore_backup",
    )  # fmt: skip
    _add_backup(verb)
    relay: _RelayParser = verbs.add_parser(
        "relay",
        help="run a relay, or see to one that runs",
        description="Run a relay that keeps the logs of circles. Ctrl-C ends it.",
    )
    relay.filled = False
    verb = _verb(
        verbs, "completion", "print what makes a shell complete these commands",
        "completion bash > ~/.local/share/bash-completion/completions/hallway",
        "completing:completion",
    )  # fmt: skip
    verb.add_argument("shell", choices=("bash", "zsh"))
