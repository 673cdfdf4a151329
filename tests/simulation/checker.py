"""Judges a run from its records alone (`tests.simulation.history`): which promises were broken.

It knows neither engine nor relay, nor the world that they ran in. The promises:

- nothing that was kept for somebody, or acknowledged by the relay, is lost;
- nothing is shown twice, shown and then gone, or shown that nobody said;
- all have the same in the same order, and everybody's own in the order in which they said it;
- no key is used for two things;
- every attack is named in words or does no harm, and nobody is alarmed without one;
- who is in, and how many chairs there are, changes by rightful changes alone.

Where an attack made a device come in again, or have something sent again, it may show lines at
another place than the others: if it was alarmed while that went on, it has said so. Where it was
led onto another log, what it had said into that one may be there alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tests.simulation.history import (
    Acknowledged,
    Attacked,
    Came,
    Crashed,
    Expected,
    Kept,
    Line,
    Ordered,
    Over,
    Played,
    PutBack,
    Read,
    Record,
    Said,
    Sent,
    Shown,
    Stands,
    Told,
    Went,
)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Fault:
    """A promise that was broken, and how."""

    promise: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.sentence}"


@dataclass(slots=True)
class Window:
    """The time of one attack, until everybody got back; and what they were told in it."""

    attack: Attacked
    end: int
    played: bool
    told: list[Told] = field(default_factory=list)
    died: set[str] = field(default_factory=set)

    @property
    def named(self) -> bool:
        """Whether somebody whom it was against named it."""
        words = re.compile(self.attack.words)
        return any(t.who in self.attack.whom and words.search(t.text) for t in self.told)

    @property
    def may_be_silent(self) -> bool:
        """Whether nobody has to name it: who dies at that moment may not know what they heard."""
        return self.attack.silent or self.died.issuperset(self.attack.whom)

    def alarmed(self, who: str) -> bool:
        """Whether this device has said that something is wrong."""
        return any(told.who == who and told.alarm for told in self.told)


class History:
    """A run's records, sorted out: the log as it is at the end, and what is where in it."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.said = {record.text: record.who for record in self.of(Said)}
        self.came = {record.who: record.n for record in self.of(Came)}
        self.went = {record.who for record in self.of(Went)}
        self.ends = {record.who: record.lines for record in self.of(Read)}
        self.lines = {line.id: line for lines in self.ends.values() for line in lines}
        self.sent = {record.asked: record for record in self.of(Sent)}
        self.windows = self._windows()
        messages = {sent.frame: sent.message for sent in self.sent.values() if sent.message}
        self.log: dict[int, str] = {}
        self.ordered_at: dict[str, int] = {}
        self._fold(messages)
        self.places: dict[str, int] = {}
        for n in sorted(self.log):
            message = messages.get(self.log[n])
            if message is not None:
                self.places.setdefault(message, n)

    def of(self, kind: type[R]) -> list[R]:
        """The records of one kind, in their order."""
        return [record for record in self.records if isinstance(record, kind)]

    def _fold(self, messages: dict[str, str]) -> None:
        for record in self.records:
            if isinstance(record, Ordered):
                self.log[record.n] = record.frame
                message = messages.get(record.frame)
                if message is not None:
                    self.ordered_at.setdefault(message, record.at)
            elif isinstance(record, PutBack):
                self.log = {n: frame for n, frame in self.log.items() if n <= record.n}

    def _windows(self) -> list[Window]:
        windows: list[Window] = []
        open_ = playing = False
        for record in self.records:
            if isinstance(record, Attacked):
                windows.append(Window(record, 1 << 62, True))
                open_ = playing = True
            elif isinstance(record, Played):
                playing = False
            elif isinstance(record, Over):
                windows[-1].end, windows[-1].played = record.at, record.played
                open_ = playing = False
            elif isinstance(record, Told) and open_:
                windows[-1].told.append(record)
            elif isinstance(record, Crashed) and playing:
                windows[-1].died.add(record.who)
        return windows

    def excused(self, who: str, at: int) -> bool:
        """Whether this device was alarmed by an attack that was under way at that time."""
        return any(window.alarmed(who) for window in self._under_way(at))

    def astray(self, who: str, at: int) -> bool:
        """Whether it was on another log than the others then, and was alarmed."""
        return any(
            who in window.attack.astray and window.alarmed(who) for window in self._under_way(at)
        )

    def _under_way(self, at: int) -> list[Window]:
        return [window for window in self.windows if window.attack.at <= at <= window.end]

    def line(self, message: str) -> Line | None:
        """A message as any screen has it."""
        return self.lines.get(message)

    def staying(self) -> list[str]:
        """Those who kept the rules to the end, and what they hold is known."""
        return [who for who in self.ends if who not in self.went]


def check(records: list[Record]) -> list[Fault]:
    """The promises that a run has broken; none, if all is well."""
    history = History(records)
    return [fault for part in _PARTS for fault in part(history)]


def verdicts(records: list[Record]) -> list[tuple[str, str]]:
    """Each attack that was played, and what came of it: named, harmless, or undetected."""
    return [
        (window.attack.name, _verdict(window))
        for window in History(records).windows
        if window.played
    ]


def _verdict(window: Window) -> str:
    if window.named:
        return "named"
    return "harmless" if window.may_be_silent else "undetected"


# What was kept, and acknowledged.


def _kept(history: History) -> Iterator[Fault]:
    """What somebody was told is kept is on their screen, and in the log."""
    staying = set(history.staying())
    for record in history.of(Kept):
        if record.who not in staying:
            continue
        lines = [line for line in history.ends[record.who] if line.text == record.text]
        if not lines:
            yield Fault(LOST, f"{record.who} was told that {record.text!r} is kept, and it is gone")
        elif lines[0].id not in history.places and not history.astray(record.who, record.at):
            yield Fault(LOST, f"{record.text!r} of {record.who} was kept, and never got out")


def _acknowledged(history: History) -> Iterator[Fault]:
    """What the relay said is in the log is there."""
    inside = set(history.log.values())
    for record in history.of(Acknowledged):
        sent = history.sent.get(record.asked)
        if sent is None or sent.frame in inside or sent.message in history.places:
            continue
        if sent.message:
            told = history.astray(record.who, record.at)
        else:
            told = history.excused(record.who, record.at)  # a change that a relay took back
        if not told:
            yield Fault(LOST, f"{record.who} heard that {record.asked} is entry {record.n}: not so")


def _read_by_all(history: History) -> Iterator[Fault]:
    """What is in the log is on the screen of everybody who was in."""
    for who in history.staying():
        seen = {line.id for line in history.ends[who]}
        for message, n in history.places.items():
            if n <= history.came.get(who, 0) or message in seen:
                continue
            text, author = _text(history, message)
            if not text:
                continue  # nothing to be read
            told = history.excused(who, history.ordered_at[message])
            if not (told and author in history.went):
                yield Fault(LOST, f"{who} does not see {text!r}, which is entry {n}")


def _text(history: History, message: str) -> tuple[str, str]:
    """What a message says, and who wrote it, as anybody's screen has it."""
    line = history.line(message)
    return ("", "") if line is None else (line.text, line.author)


# What is on the screens.


def _once(history: History) -> Iterator[Fault]:
    """No line comes twice, and none goes away."""
    screens: dict[str, dict[str, str]] = {}
    for record in history.records:
        if isinstance(record, Read):
            before = screens.get(record.who, {})
            now = {line.id: line.text for line in record.lines}
            twice = [t for t, n in Counter(x.text for x in record.lines).items() if n > 1]
            for text in twice:
                yield Fault(TWICE, f"{record.who} holds {text!r} more than once")
            for id in before.keys() - now.keys():
                yield Fault(LOST, f"{record.who} was shown {before[id]!r}, and it is gone")
            screens[record.who] = now
        elif isinstance(record, Shown):
            screen = screens.setdefault(record.who, {})
            if record.line.id in screen or record.line.text in screen.values():
                yield Fault(TWICE, f"{record.who} is shown {record.line.text!r} once more")
            screen[record.line.id] = record.line.text


def _genuine(history: History) -> Iterator[Fault]:
    """Every line was said, by whom it names."""
    for who, lines in history.ends.items():
        for line in lines:
            if history.said.get(line.text) != line.author:
                yield Fault(FORGED, f"{who} is shown {line.text!r} of {line.author}, never said")


def _in_order(history: History) -> Iterator[Fault]:
    """Lines stand where the log has them; each author's in the order in which they were said."""
    spoken = {text: number for number, text in enumerate(history.said)}
    for who in history.staying():
        newest: dict[str, int] = {}
        last = -1
        for line in sorted(history.ends[who], key=lambda line: line.position):
            n = history.places.get(line.id)
            if n is None or line.place < 0:
                continue
            if history.excused(who, history.ordered_at[line.id]):
                continue
            if line.place != n or n <= last:
                yield Fault(ORDER, f"{who} has {line.text!r} at {line.place}, the log at {n}")
            elif spoken.get(line.text, -1) < newest.get(line.author, -1):
                yield Fault(ORDER, f"{line.author} said {line.text!r} before what stands before it")
            else:
                newest[line.author] = spoken.get(line.text, -1)
            last = max(last, n)


# Keys.


def _keys(history: History) -> Iterator[Fault]:
    """One key, one frame."""
    used: dict[tuple[str, int, int, int], Sent] = {}
    for sent in history.of(Sent):
        if not sent.key:
            continue
        key = (sent.key, sent.leaf, sent.kind, sent.generation)
        first = used.setdefault(key, sent)
        if first.frame != sent.frame:
            yield Fault(KEYS, f"{sent.who} used generation {sent.generation} of {sent.key} twice")


# Attacks.


def _attacks(history: History) -> Iterator[Fault]:
    """Each is named, or does no harm; and there is no alarm without one."""
    for window in history.windows:
        if window.played and _verdict(window) == "undetected":
            attack = window.attack
            yield Fault(
                UNDETECTED, f"{attack.name} against {', '.join(attack.whom)} at {attack.at}"
            )
    quiet, went = True, set[str]()
    for record in history.records:
        if isinstance(record, Attacked | Over):
            quiet = isinstance(record, Over)
        elif isinstance(record, Went):
            went.add(record.who)
        elif isinstance(record, Told) and record.alarm and quiet and record.who not in went:
            yield Fault(ALARM, f"{record.who} was alarmed by nothing: {record.text}")


def _standing(history: History) -> Iterator[Fault]:
    """All are in the same epoch, with those who are rightfully in, and take part."""
    expected = history.of(Expected)
    stands = history.of(Stands)
    for record in stands:
        if not record.takes_part:
            yield Fault(STANDING, f"{record.who} takes no part at the end")
        if expected and (record.names, record.cap) != (expected[-1].names, expected[-1].cap):
            inside = f"{', '.join(record.names)} of {record.cap}"
            yield Fault(STANDING, f"{record.who} is in a circle of {inside}")
    if len({record.epoch for record in stands}) > 1:
        yield Fault(STANDING, "not all are in the same epoch at the end")


LOST, TWICE, FORGED = (
    "nothing is lost",
    "nothing is shown twice",
    "nothing is shown but what was said",
)
ORDER, KEYS = "the same order for all", "no key is used twice"
UNDETECTED, ALARM = "attacks are named or harmless", "nobody is alarmed without cause"
STANDING = "who is in changes rightfully alone"

PROMISES = (LOST, TWICE, FORGED, ORDER, KEYS, UNDETECTED, ALARM, STANDING)

_PARTS = (
    _kept,
    _acknowledged,
    _read_by_all,
    _once,
    _genuine,
    _in_order,
    _keys,
    _attacks,
    _standing,
)
