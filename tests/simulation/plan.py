"""What a seed draws before its life begins: which attacks, which crashes, and at which epochs."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.simulation.attacks import ATTACKS
from tests.simulation.world import POINTS, RELAY_POINTS

EPOCHS = 300
ATTACKS_EACH = 8
"""Dealt out like cards, so that a few seeds that follow each other play every kind."""

CRASHES_EACH = 3
"""At each point."""

FIRST, LAST = 0.02, 0.9
"""In which part of a life, from beginning to end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Attacks by name, and crash points; each from when its epoch is reached."""

    epochs: int
    attacks: tuple[tuple[int, str], ...]
    crashes: tuple[tuple[int, str], ...]


def _dealt(seed: int, count: int) -> list[str]:
    """The attacks of a seed: its hand of a deck that it shares with its neighbours."""
    hands = max(1, -(-len(ATTACKS) // count)) if count else 1
    deck, hand = divmod(seed, hands)
    cards = sorted(attack.name for attack in ATTACKS)
    random.Random(f"deck {deck}").shuffle(cards)
    return [cards[at % len(cards)] for at in range(hand * count, (hand + 1) * count)]


def draw(seed: int, epochs: int = EPOCHS, attacks: int = ATTACKS_EACH) -> Plan:
    """The plan of a seed."""
    drawn = random.Random(f"plan {seed}")
    earliest, latest = round(epochs * FIRST), round(epochs * LAST)
    names = _dealt(seed, attacks)
    points = [point for point in (*POINTS, *RELAY_POINTS) for _ in range(CRASHES_EACH)]
    return Plan(
        epochs,
        tuple(sorted((drawn.randint(earliest, latest), name) for name in names)),
        tuple(sorted((drawn.randint(earliest, latest), point) for point in points)),
    )
