"""Every target keeps its promises on its corpus, and a little way from it."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.seeds import CORPUS, SEEDS
from tests.fuzz.targets import ASSEMBLY, TARGETS

MUTANTS = 3
"""Of each seed."""


def stored(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def mutant(dice: random.Random, seed: bytes) -> bytes:
    """A seed with a few bytes changed, left out, doubled, or cut off."""
    data = bytearray(seed)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0 if at < len(data):
                data[at] = dice.randrange(256)
            case 1:
                del data[at : at + dice.randrange(1, 9)]
            case 2:
                data[at:at] = data[at : at + dice.randrange(1, 9)]
            case _:
                data = data[: max(at, len(data) // 2)]
    return bytes(data)


def test_every_target_has_a_corpus() -> None:
    assert TARGETS.keys() == SEEDS.keys() == {path.name for path in CORPUS.iterdir()}
    assert all(stored(target) for target in TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_promises_are_kept(target: str) -> None:
    dice = random.Random(target)
    for seed in stored(target) + list(SEEDS[target]()):
        TARGETS[target](seed)
        for _ in range(MUTANTS):
            TARGETS[target](mutant(dice, seed))


def test_a_target_can_fail() -> None:
    good = ASSEMBLY[0].encrypt(b"said by a member", ASSEMBLY.rng)
    with pytest.raises(AssertionError, match="no member sent"):
        TARGETS["group"](good)
