"""What a long conversation costs: 100,000 messages beside 1,000, from a real, encrypted profile.

A profile is made with the engine, and filled with messages. Then, each in a process of its own and
in turns, a conversation is opened, scrolled through, and added to: the processor's time for each is
counted, from the call to the drawn frame, and the process's memory at its peak. Last, keys are
typed into a composer in a real terminal, once alone and once while 20 messages a second come in.

    ./hallway bench conversation [ROUNDS]
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pexpect
from textual.app import ComposeResult
from textual.pilot import Pilot

from crypto.secret import Secret
from tests.harness import CrashingDatabase, World
from tui.cli.screens import FRAMES
from tui.engine.client import Client
from tui.engine.events import Row, RowKind
from tui.engine.store.database import Database
from tui.engine.store.records import MessageRecord, Store
from tui.engine.timeline import PLACE_BITS
from tui.safe_app import SafeApp
from tui.widgets.composer import Composer
from tui.widgets.conversation import Conversation
from tui.widgets.rows import EngineSource
from tui.widgets.rows_view import FRAME

SMALL, LARGE = 1_000, 100_000
SIZE = (120, 40)
PAGES = 50
APPENDS = 60
KEYS = 120
BUSY_EVERY = 1 / 20
KEY = Secret(bytes(range(32)))
WORDS = (
    "the boat leaves at seven so bring warm socks and maybe the old camera I found last summer we "
    "could stop by the lighthouse if weather holds 明天見 naïve https://example.org/trips?day=2"
).split()
PEOPLE = ("Bo", "Cy", "林小雨", "Åsa", "priya")


# A profile to measure on.


def prepare(path: Path, count: int) -> None:
    """Open a circle with the engine, and fill it with messages as if they had been received."""
    world = World()
    ana = world.person("Ana")
    database = CrashingDatabase.open(path, KEY)
    assert isinstance(database, CrashingDatabase)
    ana.database = database
    ana.client = ana._start()
    ana.opens()
    dice = random.Random(7)
    at, who = world.now - count * 240_000, 0
    first = 1_000
    with database.transaction():
        messages = Store(database).messages
        for number in range(first, first + count):
            if dice.random() < 0.5:
                who = dice.randrange(len(PEOPLE))
            at += int(dice.expovariate(1 / 240_000))
            words = [dice.choice(WORDS) for _ in range(1 + int(dice.lognormvariate(1.9, 0.9)))]
            messages.insert(record(number, who, at, " ".join(words)))
        database.write("UPDATE circles SET n = ?, sub = 0", (first + count - 1,))
    database.close()


def record(number: int, who: int, at: int, text: str) -> MessageRecord:
    """A message at its place in the log."""
    return MessageRecord(
        circle=1,
        position=number << PLACE_BITS,
        id=number.to_bytes(16, "big"),
        n=number,
        author=bytes([who]) * 32,
        author_name=PEOPLE[who],
        hue=who,
        at=at,
        logged_at=at,
        kind=RowKind.TEXT,
        text=text,
        type=1,
        body=text.encode(),
        state="received",
    )


class Screen(SafeApp):
    """A conversation of the profile, over a composer."""

    def __init__(self, path: Path, *, busy: bool = False) -> None:
        super().__init__()
        self._path = path
        self._busy = busy
        self._next = 0

    def compose(self) -> ComposeResult:
        yield Conversation()
        yield Composer()

    def on_mount(self) -> None:
        super().on_mount()
        self.database = Database.open(self._path, KEY)
        clock = [time.time_ns() // 1_000_000]
        self.client = Client(self.database, rng=os.urandom, now=lambda: clock[0])
        self.circle = self.client.circles()[0].id
        self.store = Store(self.database)
        self._next = (self.client.newest_position(self.circle) >> PLACE_BITS) + 1
        self.query_one(Composer).focus()
        if os.environ.get("HALLWAY_BENCH_TERMINAL"):
            self.open()
        if self._busy:
            self.set_interval(BUSY_EVERY, self.receive)

    def on_unmount(self) -> None:
        super().on_unmount()
        self.database.close()

    @property
    def conversation(self) -> Conversation:
        return self.query_one(Conversation)

    def open(self) -> None:
        """What opening a circle does."""
        self.conversation.show(EngineSource(self.client, self.circle), me="Ana")

    def receive(self) -> None:
        """Write a message to the database, and tell the conversation, as the engine does."""
        number, self._next = self._next, self._next + 1
        text = " ".join(WORDS[number % 20 :][:12])
        at = time.time_ns() // 1_000_000
        with self.database.transaction():
            self.store.messages.insert(record(number, number % len(PEOPLE), at, text))
        rows: list[Row] = self.client.rows_before(self.circle, (number << PLACE_BITS) + 1, 1)
        self.conversation.added(rows[0])


# In a process of its own.


async def timed(pilot: Pilot[None], act: Callable[[], object]) -> float:
    """Processor seconds from a call to the drawn frame."""
    drawn = asyncio.Event()
    began = time.process_time()
    act()
    pilot.app.screen.call_after_refresh(drawn.set)
    await drawn.wait()
    return time.process_time() - began


async def measure(path: Path) -> dict[str, float]:
    """Open, scroll up, come back down and add to the conversation of a profile."""
    app = Screen(path)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        opened = await timed(pilot, app.open)
        await pilot.pause()
        pages: list[float] = []
        for direction in (app.conversation.action_page_up, app.conversation.action_page_down):
            pages += [await timed(pilot, direction) for _ in range(PAGES)]
        app.conversation.action_last()
        await pilot.pause()
        appends: list[float] = []
        for _ in range(APPENDS):
            appends.append(await timed(pilot, app.receive))
            await settled(app.conversation)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "open": opened,
        "page": statistics.median(pages),
        "page95": quantile(pages, 0.95),
        "append": statistics.median(appends),
        "append95": quantile(appends, 0.95),
        "memory": peak / 1024,
    }


async def settled(conversation: Conversation) -> None:
    """Until everything that came in is drawn, so that the next one is measured alone."""
    await asyncio.sleep(2 * FRAME)
    if conversation.pending:
        raise RuntimeError("what came in was not drawn within two frames")


def quantile(values: list[float], share: float) -> float:
    """The value that this share of all stays below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def child(path: Path) -> dict[str, float]:
    """Measure in a fresh process."""
    command = [sys.executable, __file__, "--measure", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


# In a terminal.


def echo(path: Path, busy: bool) -> float:
    """Median seconds from a key to its echo."""
    environ = dict(os.environ) | {
        "HALLWAY_BENCH_TERMINAL": "1",
        "TERM": "xterm-256color",
        "TEXTUAL_FPS": FRAMES,
    }
    dice = random.Random(11)
    terminal = pexpect.spawn(
        sys.executable,
        [__file__, "--terminal", str(path), "busy" if busy else "idle"],
        env=environ,
        encoding="utf-8",
        dimensions=(SIZE[1], SIZE[0]),
        timeout=60,
    )
    terminal.delaybeforesend = None
    try:
        terminal.expect("Bo|Cy|priya")
        drain(terminal, 1.2)
        taken = []
        for number in range(KEYS):
            # Else every key would come at the same moment between two messages.
            drain(terminal, 0.12 + dice.random() * BUSY_EVERY)
            key = "§¤"[number % 2]
            began = time.perf_counter()
            terminal.send(key)
            read_until(terminal, key)
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)
    finally:
        terminal.sendcontrol("q")
        terminal.expect(pexpect.EOF)
        terminal.close()


def drain(terminal: pexpect.spawn[str], seconds: float) -> None:
    """Read on, so that nothing of this frame can pass for the next echo."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        try:
            terminal.read_nonblocking(65_536, timeout=left)
        except pexpect.TIMEOUT:
            break


def read_until(terminal: pexpect.spawn[str], text: str) -> None:
    """Read until a text has come; what came before it is not kept."""
    seen = ""
    while text not in seen:
        seen = seen[-len(text) :] + terminal.read_nonblocking(65_536, timeout=20)


def main(rounds: int) -> None:
    """Measure, print the table, then the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {count: Path(folder) / f"{count}.db" for count in (SMALL, LARGE)}
        for count, path in paths.items():
            prepare(path, count)
        found: dict[int, list[dict[str, float]]] = {SMALL: [], LARGE: []}
        for _ in range(rounds):
            for count, path in paths.items():
                found[count].append(child(path))
        idle = statistics.median(echo(paths[LARGE], False) for _ in range(2))
        busy = statistics.median(echo(paths[LARGE], True) for _ in range(2))
    middle = {
        count: {name: statistics.median(one[name] for one in many) for name in many[0]}
        for count, many in found.items()
    }
    names = {
        "open": "open a circle, ms",
        "page": "scroll a page, ms",
        "page95": "scroll a page, p95 ms",
        "append": "a message comes in, ms",
        "append95": "a message comes in, p95 ms",
        "memory": "memory at its peak, MB",
    }
    print(f"{'':<28}{SMALL:>10,}{LARGE:>10,}")
    for name, shown in names.items():
        scale = 1 if name == "memory" else 1000
        values = [middle[count][name] * scale for count in (SMALL, LARGE)]
        print(f"{shown:<28}{values[0]:>10.1f}{values[1]:>10.1f}")
    print(
        f"key to echo: alone {idle * 1000:.1f} ms, with 20 messages a second {busy * 1000:.1f} ms"
    )
    print()
    print(f"ratio open_100k {ratio(found, 'open'):.2f}")
    print(f"ratio memory_100k {ratio(found, 'memory'):.2f}")
    print(f"ratio echo_busy {busy / idle:.2f}")


def ratio(found: dict[int, list[dict[str, float]]], name: str) -> float:
    """The median over the rounds, each of which measured both."""
    pairs = zip(found[LARGE], found[SMALL], strict=True)
    return statistics.median(large[name] / small[name] for large, small in pairs)


def run(act: Awaitable[dict[str, float]]) -> dict[str, float]:
    """Run to its end."""

    async def go() -> dict[str, float]:
        return await act

    return asyncio.run(go())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--measure", where]:
            print(json.dumps(run(measure(Path(where)))))
        case ["--terminal", where, how]:
            Screen(Path(where), busy=how == "busy").run()
        case [] | [_] as given:
            main(int(given[0]) if given else 5)
        case _:
            sys.exit(str(__doc__))
