"""What happens in the demonstration: who is there, and who says what."""

from __future__ import annotations

from dataclasses import dataclass

YOU = "You"
CIRCLE = "Kitchen table"
CAP = 8


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody says, so many seconds after what was said before."""

    after: float
    who: str
    text: str


HOST = "Maya"
FRIENDS = ("Maya", "Jonas", "Åsa")
"""The host, and who came in after her."""

BEFORE = (
    Line(0, "Maya", "This is what a circle looks like. It has eight chairs, and four are taken."),
    Line(0, "Jonas", "The three of us follow a script. The rest is real: a relay on this computer, "
         "codes, keys."),
    Line(0, "Åsa", "And when you leave, it's gone. 再见!"),
)  # fmt: skip
"""What is there when you come in."""

TALK = (
    Line(4, "Maya", "Say something, whenever you like."),
    Line(6, "Jonas", "`Ctrl+O` shows a code that lets somebody in: three words to say aloud, or "
         "one to send."),
    Line(7, "Åsa", "`Esc` and then the arrows go from message to message. `F1` lists all keys."),
    Line(9, "Maya", "**Ferry is booked**, by the way: five of us, one car, Saturday 07:10."),
    Line(3, "Åsa", "太好了! I'll bring the tea."),
    Line(8, "Jonas", "Weather for the crossing: https://yr.no/lofoten\nCalm until noon, then a "
         "south-westerly picks up, so let's not miss the early boat."),
    Line(5, "Maya", "I'll set three alarms."),
    Line(20, "Jonas", "There is no counter anywhere, did you notice? Nobody follows anybody."),
    Line(15, "Åsa", "`/people` shows who let whom in. `/theme` changes the light."),
)  # fmt: skip
"""What is said while you look around."""

ANSWERS = (
    Line(2, "Maya", "Heard, and by nobody but us."),
    Line(2.5, "Åsa", "Good point."),
    Line(2, "Jonas", "My script has no line for that, but I liked it."),
    Line(3, "Maya", "For the real thing: `hallway`, and then *Open a circle*."),
)
"""What you are answered, one after another; then no more."""
