"""What MLS costs over its primitives: encrypt, decrypt, and a commit in a circle of 12 and of 50.

The floor is measured in the same run: one operation is carried out with every call of
`crypto.primitives` written down, and those calls alone are then made again. Slices of the operation
and of its floor alternate, and the ratio is the median over the pairs, so that a machine that
slows down between two slices does not count.

    ./hallway bench mls [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from crypto import primitives
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.credential import BasicCredential
from crypto.mls.group import Group, StagedCommit
from crypto.mls.key_package import KeyPackageSecrets
from crypto.mls.leaf_node import MLS10, Capabilities, Lifetime
from crypto.mls.proposals import Add

NOW = 1_800_000_000
MESSAGE = bytes(1024)
SLICE_SECONDS = 0.05
SLICE_RUNS = 500
PRIMITIVES = [
    name
    for name in vars(primitives)
    if callable(getattr(primitives, name))
    and getattr(primitives, name).__module__ == "crypto.primitives"
]


def member(number: int) -> KeyPackageSecrets:
    """A key package of somebody new."""
    return KeyPackageSecrets.generate(
        SUITE,
        SignatureKeyPair.generate(os.urandom),
        BasicCredential(b"member %d" % number),
        Capabilities((MLS10,), (SUITE.code,), (), (), (BasicCredential.credential_type,)),
        Lifetime(NOW - 1000, NOW + 1_000_000),
        os.urandom,
    )


def circle(size: int) -> list[Group]:
    """A circle in which everybody has committed once, as in one that has been used for a while."""
    first = Group.create(SUITE, b"a circle measured", member(0), os.urandom)
    newcomers = [member(number) for number in range(1, size)]
    adds = [Add(newcomer.key_package) for newcomer in newcomers]
    pending = first.commit(adds, os.urandom, now=NOW)
    if pending.welcome is None:
        raise RuntimeError("who is added gets a Welcome")
    groups = [first, *(Group.join(SUITE, pending.welcome, each) for each in newcomers)]
    first.merge(pending)
    for committer in groups:
        commit(groups, committer)
    return groups


def commit(groups: list[Group], committer: Group) -> None:
    """An empty commit that everybody follows."""
    pending = committer.commit([], os.urandom, now=NOW)
    for group in groups:
        if group is not committer:
            staged = group.process(pending.message)
            if not isinstance(staged, StagedCommit):
                raise RuntimeError("a commit was expected")
            group.merge(staged)
    committer.merge(pending)


class Recorder:
    """Writes down every call of a primitive while it is entered, arguments and all."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], Any]] = []
        self._swapped: list[tuple[ModuleType, str, Any]] = []
        self._depth = 0

    def __enter__(self) -> Recorder:
        originals = {getattr(primitives, name): name for name in PRIMITIVES}
        modules = [m for n, m in sys.modules.items() if n.startswith("crypto.") and m is not None]
        for module in modules:
            for attribute, value in list(vars(module).items()):
                if callable(value) and getattr(value, "__hash__", None) and value in originals:
                    self._swapped.append((module, attribute, value))
                    setattr(module, attribute, self._writing(value))
        return self

    def __exit__(self, *exc: object) -> None:
        for module, attribute, value in self._swapped:
            setattr(module, attribute, value)

    def _writing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def written(*arguments: Any) -> Any:
            # A primitive that calls another is one call: the inner one is part of its cost.
            if not self._depth:
                self.calls.append(partial(call, *arguments))
            self._depth += 1
            try:
                return call(*arguments)
            finally:
                self._depth -= 1

        return written


def floor_of(operation: Callable[[], object]) -> Callable[[], None]:
    """The primitives that an operation calls, and nothing around them."""
    with Recorder() as recorder:
        operation()
    calls = recorder.calls

    def floor() -> None:
        for call in calls:
            call()

    return floor


def seconds(operation: Callable[[], object], most: int) -> float:
    """One run's time in a slice of many, `most` at most."""
    runs, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SLICE_SECONDS and runs < most:
        operation()
        runs += 1
    return spent / runs


def measure(
    name: str,
    operation: Callable[[], object],
    rounds: int,
    prepare: Callable[[int], None] = lambda runs: None,
) -> float:
    """Alternate the operation and its floor, print the row, give the median of the ratios.

    `prepare(n)` makes ready what n runs of the operation need; its time does not count.
    """
    prepare(SLICE_RUNS)
    operation()  # the first one derives what later ones have
    floor = floor_of(operation)
    pairs = []
    for _ in range(rounds):
        prepare(SLICE_RUNS)
        pairs.append((seconds(operation, SLICE_RUNS), seconds(floor, SLICE_RUNS)))
    ratio = statistics.median(whole / alone for whole, alone in pairs)
    whole, alone = (statistics.median(column) * 1e6 for column in zip(*pairs, strict=True))
    print(f"{name:<16}{whole:>12.0f}{alone:>15.0f}{ratio:>10.2f}")
    return ratio


class Decrypting:
    """A member that decrypts what another said, each message once."""

    def __init__(self, sender: Group, receiver: Group) -> None:
        self._sender = sender
        self._receiver = receiver
        self._said: deque[bytes] = deque()

    def prepare(self, runs: int) -> None:
        """Say what is missing for so many runs."""
        for _ in range(runs - len(self._said)):
            self._said.append(self._sender.encrypt(MESSAGE, os.urandom))

    def __call__(self) -> object:
        return self._receiver.process(self._said.popleft())


def main() -> int:
    """Measure, print a table, then a ratio for each goal."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    twelve, fifty = circle(12), circle(50)
    encrypt = partial(twelve[0].encrypt, MESSAGE, os.urandom)
    decrypt = Decrypting(twelve[2], twelve[1])
    print(f"{'1 KiB messages':<16}{'µs':>12}{'primitives µs':>15}{'ratio':>10}")
    ratios = {
        "mls_encrypt": measure("encrypt", encrypt, rounds),
        "mls_decrypt": measure("decrypt", decrypt, rounds, decrypt.prepare),
    }
    for groups in (twelve, fifty):
        size = len(groups)
        making = partial(groups[0].commit, [], os.urandom, now=NOW)
        name = f"commit at {size}"
        ratios[f"mls_commit_{size}"] = measure(name, making, rounds)
    print()
    for name, ratio in ratios.items():
        print(f"ratio {name} {ratio:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
