"""Ten planted bugs, each found by the checker; and nothing is found without them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest

from tests.simulation.bugs import BUGS, CLIENTS, Bug, plan
from tests.simulation.checker import check
from tests.simulation.life import Life

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # every one is a life of its own

LIVES = sorted({(bug.seed, bug.attack) for bug in BUGS})


def broken(seed: int, attack: str, planted: AbstractContextManager[None]) -> set[str]:
    """The promises that a small life breaks; a bug may bring it to an early end."""
    life = Life(seed, plan(attack), CLIENTS)
    ended = set()
    with planted:
        try:
            life.live()
        except Exception as error:
            ended = {f"{type(error).__name__}: {error}"}
            life.end()
    faults = check(life.history)
    print(*ended, *faults, sep="\n")
    return ended | {fault.promise for fault in faults}


def test_there_are_ten() -> None:
    assert len({bug.name for bug in BUGS}) == 10


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_is_found(bug: Bug) -> None:
    assert bug.promise in broken(bug.seed, bug.attack, bug.planted())


@pytest.mark.parametrize(("seed", "attack"), LIVES)
def test_without_it_nothing_is_found(seed: int, attack: str) -> None:
    assert broken(seed, attack, nullcontext()) == set()
