"""docs/tour.md and its pictures, made from the running app: `tools/tour.py`.

Each stop is drawn at three sizes. The people, their engines and their relay are those of
`tools/pictures.py`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402

from tests.tui.engine.filing import handed_in  # noqa: E402
from tools.pictures import Story, draw, lofoten  # noqa: E402
from tui.engine import commands  # noqa: E402

SIZES = ((80, 24), (120, 40), (200, 60))
PAGE = ROOT / "docs" / "tour.md"
HEAD = """# A tour

Made by `tools/tour.py` from the running app, at three sizes: 80×24, 120×40 and 200×60. To walk
through it yourself: `./hallway --demo`.
"""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place to look at: its name, what is said about it, and the keys that lead there."""

    name: str
    title: str
    text: str
    steps: tuple[str, ...] = ()


STOPS = (
    Stop(
        "conversation", "A circle",
        "Names and times once a run, the new line, what is answered above an answer, reactions by"
        " name. Wide windows have room for the circles, and the widest for the people.",
    ),
    Stop(
        "menu", "What can be done with a message",
        "Esc or ↑ goes to the messages, Enter on one shows everything: answer, mark, pin, copy,"
        " open a link, change, take back. Each has a key, and a command.",
        ("escape", "k", "k", "enter"),
    ),
    Stop(
        "answer", "Answering",
        "`r`, and what is answered stands above the composer until it is sent, or let go with Esc.",
        ("escape", "k", "k", "r", "'It is by the door."),
    ),
    Stop(
        "mark", "Marking",
        "`+`, then an emoji or the beginning of its name. Marks are names, never numbers.",
        ("escape", "k", "+", "'tad"),
    ),
    Stop(
        "poll", "Choosing",
        "`/poll` asks, `V` or `/vote` chooses. Who chose what is shown to those who have chosen.",
        ("'/vote", "enter"),
    ),
    Stop(
        "search", "Finding",
        "Ctrl+F looks in all circles, in the encrypted database on this computer. Enter goes"
        " there.",
        ("ctrl+f", "'boat"),
    ),
    Stop(
        "pins", "What is pinned", "`/pins` lists it; Enter goes there.", ("'/pins", "enter"),
    ),
    Stop(
        "verify", "Is this really Teo?",
        "`/verify` shows six words to compare by another way. Both see the same six, if nobody"
        " stands between them.",
        ("'/verify Teo", "enter"),
    ),
    Stop(
        "people", "People", "Who is in, on whose code, and who let them in.", ("'/people", "enter"),
    ),
    Stop(
        "picture", "A picture",
        "`/file PATH` sends a file, `s` puts one on this computer, and `v` shows a picture in the"
        " terminal: two points a cell, decoded in a process that may do little.",
        ("escape", "v"),
    ),
    Stop(
        "circle", "How a circle is set up",
        "`/circle`, for all to see and for its hosts to change: chairs, the door, whether messages"
        " go after a while, whether one sees who is here and who read what. Both are off at first.",
        ("'/circle", "enter", "down", "down", "down", "down", "down"),
    ),
    Stop(
        "settings", "Settings",
        "`/settings`: what is chosen holds at once, and stands in one file with your own comments.",
        ("'/settings", "enter", "down"),
    ),
    Stop(
        "palette", "Anything, by a few letters",
        "Ctrl+P finds all that can be done, with its key and its command.",
        ("ctrl+p", "'mess"),
    ),
    Stop(
        "dense", "A line each",
        "`/density`: names in a column of their own, as on IRC.",
        ("'/density", "enter"),
    ),
    Stop(
        "contrast", "Contrast",
        "One of four themes: dusk, paper, contrast, and the terminal's own colours (`/theme`).",
        ("'/theme contrast", "enter"),
    ),
)  # fmt: skip


def lively() -> tuple[Story, str]:
    """The story of the other pictures, with something done to what was said."""
    story, circle = lofoten()
    ines, teo, maya = story.ines, story.others["Teo"], story.others["maya"]
    asked = next(row for row in ines.rows(circle) if "blue bag" in row.text)
    socks = next(row for row in ines.rows(circle) if "warm socks" in row.text)
    boat = next(row for row in ines.rows(circle) if "early boat" in row.text)
    teo.do(commands.SendText(circle="Lofoten trip", text="Which one?", reply=asked.id))
    maya.do(commands.React(circle="Lofoten trip", id=asked.id, what="\N{THUMBS UP SIGN}"))
    ines.do(commands.React(circle=circle, id=socks.id, what="\N{HEAVY BLACK HEART}"))
    maya.do(commands.Pin(circle="Lofoten trip", id=boat.id))
    story.world.settle(wait=0)
    maya.do(
        commands.OpenPoll(
            circle="Lofoten trip", question="First stop?", options=["Å", "Reine", "the bakery"]
        )
    )
    story.world.settle(wait=0)
    teo.do(
        commands.SendText(
            circle="Lofoten trip",
            text="Packed: **film**, *both* rolls. `ffmpeg -i lens.mov` made this of it:",
        )
    )
    story.world.settle(wait=0)
    id, reference = handed_in(teo, lens())
    teo.do(
        commands.SendFile(
            id=id, reference=reference, name="through the lens.png", media="image/png"
        )
    )
    story.world.settle(wait=60_000)
    story.read(circle, but=2)
    return story, circle


def lens() -> bytes:
    """A sky, a sun and the sea, as a PNG."""
    columns, rows = 120, 80
    image = Image.new("RGB", (columns, rows))
    for x in range(columns):
        for y in range(rows):
            near = max(0.0, 1 - ((x - 84) ** 2 + (y - 40) ** 2) ** 0.5 / 60)
            if (x - 84) ** 2 + (y - 40) ** 2 < 90 and y < 48:
                color = (255, 224, 160)
            elif y < 48:
                color = (int(40 + 190 * near), int(60 + 90 * near), int(110 + 20 * near))
            else:
                wave = 18 if (x * 3 + y * 7) % 11 < 3 else 0
                color = (int(20 + 150 * near) + wave, int(50 + 60 * near) + wave, 90 + wave)
            image.putpixel((x, y), color)
    written = BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


async def walk(only: str) -> None:
    """Draw every stop, or those whose names begin so."""
    for stop in STOPS:
        for columns, rows in SIZES:
            if stop.name.startswith(only):
                story, circle = lively()
                name = f"tour-{stop.name}-{columns}x{rows}"
                await draw(story, circle, name, (columns, rows), *stop.steps)


def page() -> str:
    """The page that shows them."""
    parts = [HEAD]
    for stop in STOPS:
        parts.append(f"## {stop.title}\n\n{stop.text}\n")
        for columns, rows in SIZES:
            picture = f"pictures/tour-{stop.name}-{columns}x{rows}.svg"
            parts.append(f"![{stop.title}, {columns}×{rows}]({picture})\n")
    return "\n".join(parts)


def main() -> int:
    """Make the pictures and the page."""
    os.environ["TZ"] = "Europe/Oslo"
    time.tzset()
    asyncio.run(walk(sys.argv[1] if len(sys.argv) > 1 else ""))
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
