"""An attack as it is staged on a life, and what goes on in the circle meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tests.simulation.world import SimPerson
from tui.engine import commands

if TYPE_CHECKING:
    from tests.simulation.life import Life

CAP = 12
"""Chairs of the circle."""


@dataclass(frozen=True)
class Scene:
    """An attack about to be played. `astray` are led onto another log, `out` breaks the rules."""

    whom: list[SimPerson]
    play: Callable[[], bool]
    astray: list[SimPerson] = field(default_factory=list)
    out: SimPerson | None = None
    words: str = ""


@dataclass(frozen=True)
class Attack:
    """One kind of attack; `words` is a regular expression."""

    name: str
    words: str
    stage: Callable[[Life], Scene]
    silent: bool = False


Talk: TypeAlias = "Callable[[Life, SimPerson], None]"


# What goes on meanwhile.


def chat(life: Life, victim: SimPerson) -> None:
    """Others talk."""
    others = [person for person in life.inside if person is not victim]
    for speaker in life.random.sample(others, min(3, len(others))):
        life.says(speaker)
        life.world.settle(wait=100)


def change(life: Life, victim: SimPerson) -> None:
    """Somebody else changes the circle, and others talk in its next epoch."""
    others = [person for person in life.inside if person is not victim]
    before = life.epoch()
    for _ in range(2):  # whoever dies over it leaves it to somebody else
        life.random.choice(others).do(commands.CreateInvite())
        life.world.settle(wait=100)
        if life.epoch() > before:
            break
    chat(life, victim)


def own_words(life: Life, victim: SimPerson) -> None:
    """The victim talks, and then others."""
    life.says(victim)
    life.world.settle(wait=100)
    chat(life, victim)


def cut(*people: SimPerson) -> None:
    for person in people:
        for socket in list(person.sockets.values()):
            socket.cut()
