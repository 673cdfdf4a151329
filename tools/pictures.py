"""The pictures of the screens in docs/pictures, made from the running app: `tools/pictures.py`.

Three people's engines and a relay run in memory, on a clock that stands where the story wants it;
what is drawn is what a terminal would show. With `rsvg-convert` on the machine, PNGs for a quick
look are made beside the SVGs when `--png DIR` names a folder for them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from textual.pilot import Pilot  # noqa: E402

from tests.harness import NOW, Person  # noqa: E402
from tests.tui.hall import Town, app_of  # noqa: E402
from tui.engine import commands  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
MINUTE = 60_000
DAY = 1_440 * MINUTE

TALK = (
    (0, "maya", "Ferry is booked — five of us, one car, Saturday 07:10 from Bodø."),
    (1, "maya", "Bring warm socks. And the old camera, if anybody can find it."),
    (17, "Teo", "Found it! Two rolls of film left, too."),
    (9, "Åsa", "太好了！I'll bring the tea. 明天見"),
    (196, "Jonas", "Weather for the crossing: https://yr.no/lofoten — looks calm until noon, then "
     "a south-westerly picks up, so I would rather not miss the early boat."),
    (5, "Ines", "Agreed. I'll set three alarms."),
    (489, "maya", "Good morning! Leaving in twenty minutes."),
    (2, "Jonas", "Downstairs already"),
    (2, "Åsa", "Two minutes. I have the sandwiches, the thermos and a mildly alarming amount of "
     "cinnamon buns."),
    (0, "Åsa", "@Ines can you grab the blue bag from the hall?"),
    (1, "Ines", "Got it."),
    (3, "Teo", "Car is warm. [bold]Not[/bold] markup, by the way."),
)  # fmt: skip


class Story:
    """Six people, of whom Ines sits at the screen."""

    def __init__(self) -> None:
        self.town = Town(seed=7)
        self.world = self.town.world
        self.world.now = NOW + 9 * 3_600_000
        self.ines = self.world.person("Ines")
        self.others: dict[str, Person] = {}

    def circle(self, name: str, *, opener: str, members: tuple[str, ...] = ()) -> str:
        """A circle that somebody opened and Ines, and others, came into; its id."""
        host = self._person(opener)
        host.opens(name)
        code = host.invites(uses=len(members) + 1, circle=name)
        for member in members:
            self._person(member).joins(code)
            self.world.settle()
        self.ines.joins(code)
        self.world.settle()
        return self.ines.circle(name).id

    def _person(self, name: str) -> Person:
        if name not in self.others:
            self.others[name] = self.world.person(name)
        return self.others[name]

    def talk(self, circle: str) -> None:
        """What was said, minutes apart."""
        for minutes, name, text in TALK:
            self.world.now += minutes * MINUTE
            person = self.ines if name == "Ines" else self._person(name)
            person.says(text, circle)
            self.world.settle(wait=0)

    def read(self, circle: str, *, but: int = 0) -> None:
        """Ines has seen everything but the last rows."""
        rows = self.ines.rows(circle)
        position = rows[-1 - but].position
        self.ines.do(commands.MarkRead(circle=circle, position=position))


def lofoten() -> tuple[Story, str]:
    """The story that most pictures show."""
    story = Story()
    here = story.circle("Lofoten trip", opener="maya", members=("Jonas", "Åsa", "Teo"))
    for name, opener in (("Family", "Ada"), ("Reading group", "Lin"), ("Kitchen table", "Sam")):
        story.read(story.circle(name, opener=opener))
    maya = story.others["maya"]
    maya.ask(
        lambda ref: commands.ChangeSettings(ref=ref, circle="Lofoten trip", topic="27 to 30 June")
    )
    story.talk("Lofoten trip")
    story.read(here)
    return story, here


Step = Callable[[Pilot[None]], Awaitable[None]]


async def draw(story: Story, circle: str, name: str, size: tuple[int, int], *steps: str) -> None:
    """One picture: the app is started, keys are pressed, the screen is kept."""
    opening = story.town.opening("Ines", person=story.ines if circle else None)
    app = app_of(opening)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        if circle:
            app.show_circle(circle)
            await settled(pilot)
            story.others["Ada"].says("Call me when you are back?", "Family")
            story.town.settle()
            await settled(pilot)
        for step in steps:
            if step == "paper":
                app.action_theme()
            elif step.startswith("'"):
                await pilot.press(*step[1:])
            else:
                await pilot.press(step)
            await settled(pilot)
        svg = app.export_screenshot(title=f"hallway {size[0]}×{size[1]}")
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{name}.svg").write_text(tidied(svg), "utf-8")


def tidied(svg: str) -> str:
    """The same picture, for every program that draws SVG: it fetches no font from elsewhere, and
    has no spaces at the beginning of a text, which some programs leave out."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)

    def moved(match: re.Match[str]) -> str:
        before, x, between, length, after, spaces = match.groups()
        gone = len(spaces) // len("&#160;") * CELL_WIDTH
        return f"{before}{float(x) + gone:g}{between}{float(length) - gone:g}{after}"

    return _LEADING.sub(moved, svg)


_LEADING = re.compile(
    r'(<text [^>]*\bx=")([\d.]+)("[^>]*\btextLength=")([\d.]+)("[^>]*>)((?:&#160;)+)(?=[^<])'
)
CELL_WIDTH = 12.2
"""Of Textual's SVG export, for a font size of 20."""


async def settled(pilot: Pilot[None]) -> None:
    """Until nothing is left to do: workers, timers of a frame, a repaint."""
    for _ in range(4):
        await pilot.pause(0.05)


async def everything(only: str) -> None:
    """All pictures, or those whose names begin so."""
    jobs: list[tuple[str, tuple[int, int], tuple[str, ...]]] = [
        ("main-80x24", (80, 24), ()),
        ("main-120x40", (120, 40), ()),
        ("main-200x60", (200, 60), ()),
        ("main-60x20", (60, 20), ()),
        ("paper-120x40", (120, 40), ("paper",)),
        ("messages-120x40", (120, 40), ("escape", "k", "k")),
        ("invite-120x40", (120, 40), ("ctrl+o",)),
        ("invite-80x24", (80, 24), ("ctrl+o",)),
        ("sealed-120x40", (120, 40), ("ctrl+o", "2", "tab", "tab", "enter")),
        ("sealed-80x24", (80, 24), ("ctrl+o", "2", "tab", "tab", "enter")),
        ("switch-80x24", (80, 24), ("ctrl+k",)),
        ("leave-120x40", (120, 40), ("'/leave", "enter")),
        ("people-80x24", (80, 24), ("'/people", "enter")),
        ("help-120x40", (120, 40), ("f1",)),
    ]
    for name, size, steps in jobs:
        if name.startswith(only):
            story, circle = lofoten()
            await draw(story, circle, name, size, *steps)
    for name, size in (("welcome-80x24", (80, 24)), ("welcome-60x20", (60, 20))):
        if name.startswith(only):
            await draw(Story(), "", name, size, "'Ines")
    for name, size in (("card-80x24", (80, 24)), ("card-120x40", (120, 40))):
        if name.startswith(only):
            story = Story()
            maya = story._person("maya")
            maya.opens("Lofoten trip")
            story._person("Jonas").joins(maya.invites())
            story.world.settle()
            code = maya.invites()
            await draw(story, "", name, size, "'Ines", "tab", "tab", "enter", f"'{code}", "enter")


def main() -> int:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="pictures whose names begin so")
    parser.add_argument("--png", metavar="DIR", help="PNGs, too, into this folder")
    arguments = parser.parse_args()
    os.environ["TZ"] = "Europe/Oslo"
    time.tzset()
    asyncio.run(everything(arguments.only))
    convert = shutil.which("rsvg-convert")
    if arguments.png and convert:
        for svg in sorted(PICTURES.glob(f"{arguments.only}*.svg")):
            png = Path(arguments.png) / f"{svg.stem}.png"
            subprocess.run([convert, "-w", "1300", str(svg), "-o", str(png)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
