"""Whole lives: 300 epochs of eight clients, with attacks and crashes, and no promise broken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.attacks import ATTACKS
from tests.simulation.bugs import CLIENTS, plan
from tests.simulation.one import run
from tests.simulation.plan import EPOCHS, draw
from tests.simulation.world import POINTS, RELAY_POINTS

pytestmark = pytest.mark.slow  # every one is a life of its own

SEEDS = range(1, 21)
AGAIN = "from tests.simulation import test_seeds; print(test_seeds.small(5))"


def small(seed: int) -> str:
    """What a small life comes to."""
    result = run(seed, plan("alters a message"), CLIENTS)
    assert not result.faults, str(result)
    return result.digest


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_keeps_every_promise(seed: int) -> None:
    result, drawn = run(seed), draw(seed)
    assert not result.faults, str(result)
    assert result.epochs >= EPOCHS
    assert [name for name, _ in result.attacks] == [name for _, name in drawn.attacks]
    assert set(result.crashes) >= {*POINTS, *RELAY_POINTS}


def test_among_them_every_attack_and_every_crash_point_is_drawn() -> None:
    plans = [draw(seed) for seed in SEEDS]
    assert {name for drawn in plans for _, name in drawn.attacks} == {
        attack.name for attack in ATTACKS
    }
    for drawn in plans:
        assert {point for _, point in drawn.crashes} == {*POINTS, *RELAY_POINTS}


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_the_same_seed_is_the_same_life_in_every_process_and_another_one_is_not() -> None:
    """Python's sets come in another order in each; nothing may hang on that."""
    done = subprocess.run(
        [sys.executable, "-c", AGAIN],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == small(5) != small(6)
    assert draw(5) == draw(5) != draw(6)
