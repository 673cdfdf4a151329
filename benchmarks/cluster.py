"""The JetStream store: messages in one publish against one each, against SQLite, and what rests.

One NATS server with `sync_interval: always`, in the folder that `--folder` names (else a temporary
one: name one on the disk that counts). The slices take turns; the ratios are medians over the
rounds. Then circles are made in which nothing goes on, to see what each costs.

    ./hallway bench cluster [--rounds N] [--circles N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

from relay.machine import usage
from relay.store.contract import STORED, Append, Creation, Outcome, Record, Store
from relay.store.jetstream import JetStreamStore
from relay.store.sqlite import SqliteStore
from tests.relay.store.nats_server import NatsServer

BODY = 500
WINDOW = 64
"""Entries under way in each circle: what queues up while one message is on its way."""

MESSAGES = 4000
SINGLE = 400


class Desk:
    """Hands entries in to a store, so many at a time in each circle."""

    def __init__(self, open_store: Callable[[Callable[[], None]], Store]) -> None:
        self._woken = threading.Event()
        self.store = open_store(self._woken.set)
        self._ends: dict[bytes, int] = {}
        self._waiting = 0

    def create(self, circles: list[bytes]) -> None:
        """Make these, at most 256 at a time."""
        for at in range(0, len(circles), 256):
            for circle in circles[at : at + 256]:
                self._ends[circle] = 0
                self._submit(Creation(circle, bytes(32), 12, 1000, circle))
            self._until(0)

    def seconds(self, circles: list[bytes], messages: int, window: int) -> float:
        """How long so many messages take, with `window` under way in each circle."""
        began = time.perf_counter()
        for at in range(0, messages, len(circles)):
            for circle in circles[: messages - at]:
                self._until(window * len(circles) - 1)
                self._append(circle)
        self._until(0)
        return time.perf_counter() - began

    def _append(self, circle: bytes) -> None:
        n = self._ends[circle] = self._ends[circle] + 1
        unique = sha256(circle + n.to_bytes(8)).digest()
        record = Record(n, 1, 1000 + n, bytes(BODY), b"", bytes(32), unique[:16], unique, unique)
        self._submit(Append(circle, record))

    def _submit(self, intention: Append | Creation) -> None:
        self._waiting += 1
        self.store.submit(intention, self._done)

    def _done(self, outcome: Outcome) -> None:
        assert outcome is STORED, outcome
        self._waiting -= 1

    def _until(self, most: int) -> None:
        self.store.settle()
        while self._waiting > most:
            self._woken.wait()
            self._woken.clear()
            self.store.settle()


@contextmanager
def desks(folder: Path) -> Iterator[tuple[Desk, Desk]]:
    """A desk at a store in a server, and at one in a file."""
    with ExitStack() as stack:
        server = NatsServer(folder / "nats")
        server.start()
        stack.callback(server.kill)
        cluster = Desk(lambda wake: JetStreamStore([server.url], wake))
        stack.callback(cluster.store.close)
        single = Desk(lambda wake: SqliteStore(folder / "relay.db", wake))
        stack.callback(single.store.close)
        yield cluster, single


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--circles", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster, single = stack.enter_context(desks(folder))
        circles = [place.to_bytes(16) for place in range(20)]
        for desk in (cluster, single):
            desk.create(circles)
            desk.seconds(circles, MESSAGES // 4, WINDOW)
        rates: dict[str, list[float]] = {"packed": [], "single": [], "sqlite": [], "one circle": []}
        for _ in range(arguments.rounds):
            rates["packed"].append(MESSAGES / cluster.seconds(circles, MESSAGES, WINDOW))
            rates["single"].append(SINGLE / cluster.seconds(circles, SINGLE, 1))
            rates["sqlite"].append(MESSAGES / single.seconds(circles, MESSAGES, WINDOW))
            rates["one circle"].append(MESSAGES / cluster.seconds(circles[:1], MESSAGES, WINDOW))
        for name, found in rates.items():
            print(f"{name:12} {statistics.median(found):10,.0f} entries a second")
        for name, one, other in (
            ("packed_over_single", "packed", "single"),
            ("jetstream_over_sqlite", "packed", "sqlite"),
        ):
            each = [a / b for a, b in zip(rates[one], rates[other], strict=True)]
            print(f"ratio {name} {statistics.median(each):.3f}")
        rest(arguments.circles, cluster)


def rest(count: int, cluster: Desk) -> None:
    """What circles cost in which nothing goes on."""
    few = [place.to_bytes(16) for place in range(1000, 1010)]
    cluster.create(few)
    own = usage().memory or 0
    before = statistics.median(cluster.seconds(few, SINGLE, 1) for _ in range(5))
    cluster.create([place.to_bytes(16) for place in range(10_000, 10_000 + count)])
    after = statistics.median(cluster.seconds(few, SINGLE, 1) for _ in range(5))
    memory = ((usage().memory or 0) - own) / count / 1024
    print(f"{count} circles at rest: {memory:.2f} KiB of the relay's memory each")
    print(f"ratio entry_beside_them {after / before:.3f}")


if __name__ == "__main__":
    main()
