"""One person with two devices, for tests: the words said, the yes given, the circles come in."""

from __future__ import annotations

from tests.harness import Person, World
from tui.engine import commands
from tui.engine.events import Finished, LinkAsked, LinkOpened, LinkTaken

COMES_IN = 60_000
"""Milliseconds within which a device is in every circle that it was given."""


def begins(first: Person, new: Person, history: int = 0, label: str = "laptop") -> None:
    """The code is shown on one device and typed on the other; the first is asked."""
    opened = first.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref, history=history))
    new.ref += 1
    new.do(commands.FollowLink(ref=new.ref, code=opened.code, label=label))
    first.world.settle()
    assert [asked.label for asked in first.told(LinkAsked)] == [label]


def links(first: Person, new: Person, history: int = 0, label: str = "laptop") -> LinkTaken:
    """As `begins`, with a yes; the new device is in everything that it was given."""
    begins(first, new, history, label)
    first.expect(Finished, lambda ref: commands.AnswerLink(ref=ref, yes=True))
    first.world.wait(COMES_IN)
    taken = [event for event in new.told(LinkTaken) if event.ref == new.ref]
    assert len(taken) == 1, new.heard[-5:]
    first.heard.clear()
    return taken[0]


def pair(history: int = 0, said: tuple[str, ...] = ()) -> tuple[World, Person, Person, Person]:
    """Ana, Bo, and Bo's laptop; `said` is what Ana had said before the laptop came in."""
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    for text in said:
        ana.says(text)
        world.settle()
    laptop = world.person("Bo's laptop")
    links(bo, laptop, history)
    return world, ana, bo, laptop
