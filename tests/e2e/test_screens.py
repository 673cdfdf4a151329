"""The first conversation on the screens: terminals, programs and a relay, all of them real."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.machine import COMMAND, Machine, Person
from tests.e2e.terminal import Terminal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]
SPOKEN = re.compile(r"(?<!\S)[a-z]+-[a-z]+-[a-z]+(?!\S)")
HUNG_UP, TERMINATED = 128 + signal.SIGHUP, 128 + signal.SIGTERM


class Screen(Terminal):
    """A terminal with Hallway in it."""

    def __init__(self, person: Person, size: tuple[int, int], *arguments: str) -> None:
        self.person = person
        folder = person.machine.folder
        super().__init__([*COMMAND, *arguments], person.environ, folder, size)

    def writes(self, text: str) -> None:
        """Type a line and send it; it is safe when the composer is empty."""
        self.type(text)
        self.shows_in_composer(text)
        self.press("enter")
        self.shows_in_composer("Message ")

    def shows_in_composer(self, text: str) -> None:
        """Wait until the field that has the focus begins like this."""
        field = re.compile(rf"▌ ?{re.escape(text)}")
        self.until(lambda: any(map(field.search, self.lines)), f"shows {text!r} in the composer")


class Desk:
    """Where the people of a computer sit."""

    def __init__(self, computer: Machine, size: tuple[int, int]) -> None:
        self.computer = computer
        self.size = size
        self.screens: list[Screen] = []

    def sit(self, person: Person, *arguments: str) -> Screen:
        """Start Hallway in a terminal."""
        screen = Screen(person, self.size, *arguments)
        self.screens.append(screen)
        return screen

    def nothing_ugly(self) -> None:
        """No row was wider than its terminal, and no error of the program was shown or noted."""
        for screen in self.screens:
            assert screen.surface.spilled == []
            for told in (b"Traceback", b"error in the program"):
                assert told not in screen.said
            log = screen.person.home / "hallway.log"
            assert not log.exists() or "CRITICAL" not in log.read_text()

    def close(self) -> None:
        """Everybody goes."""
        for screen in self.screens:
            screen.close()


@pytest.fixture
def size() -> tuple[int, int]:
    """Columns and rows, where a test does not choose."""
    return 80, 24


@pytest.fixture
def desk(computer: Machine, size: tuple[int, int]) -> Iterator[Desk]:
    made = Desk(computer, size)
    try:
        yield made
    finally:
        made.close()


def ana_opens(desk: Desk, ana: Person) -> tuple[Screen, str]:
    """From nothing to a code to say: a name, and Enter twice."""
    screen = desk.sit(ana)
    screen.shows("What should they call you?", "Open a circle", "I have a code")
    screen.type("Ana")
    screen.shows_in_composer("Ana")
    screen.press("enter")
    # The mark of the field goes when the button has the focus.
    screen.until(lambda: not any("▌Ana" in line for line in screen.lines), "leaves the field")
    screen.press("enter")
    screen.shows("Invite to Ana's circle ●○○○○○○○ 1 of 8", "waiting for somebody to use it…")
    screen.shows("It works once, until", "Whoever comes in sees nothing of what was said before.")
    screen.shows("runs on this computer, and only somebody at this computer can reach it.")
    found = SPOKEN.search(screen.flat)
    assert found is not None, screen.flat
    return screen, found.group()


def comes_in(desk: Desk, person: Person, code: str, *card: str) -> Screen:
    """From a code to a chair: the card, a name, Enter."""
    screen = desk.sit(person, "join", code)
    screen.shows(*card, "What should they call you?", "Not now")
    screen.type(person.name)
    screen.shows_in_composer(person.name)
    screen.press("enter")
    screen.shows("You are here, on the code that", "● connected")
    return screen


def both_write(first: Screen, other: Screen) -> None:
    first.writes("Hello Bo")
    other.shows("Hello Bo")
    other.writes("Hello Ana")
    first.shows("Hello Ana")


def goes_away_and_comes_back(desk: Desk, stays: Screen, goes: Screen) -> Screen:
    """A window is closed over half a sentence, and opened again."""
    goes.type("and one more th")
    goes.shows_in_composer("and one more th")
    assert goes.hang_up() == HUNG_UP
    stays.writes("Bo is asleep")
    stays.hides("waiting to be sent")
    back = desk.sit(goes.person)
    back.shows("Bo is asleep", "● connected")
    back.shows_in_composer("and one more th")
    back.press("ctrl+u")
    back.shows_in_composer("Message ")
    return back


def the_relay_dies_while_they_write(desk: Desk, everybody: list[Screen]) -> None:
    """Killed when the first line of many has arrived; nobody does anything about it."""
    first, other, _ = everybody
    before = desk.computer.relay_process()
    for turn in range(3):
        for screen in everybody:
            screen.writes(f"line {turn} of {screen.person.name}")
        if turn == 0:
            other.shows(f"line 0 of {first.person.name}")
            desk.computer.kill_relay()
    for screen in everybody:
        screen.shows(*(f"line 2 of {one.person.name}" for one in everybody), "● connected")
    assert desk.computer.relay_process() not in (before, None)


def all_have_the_same(everybody: list[Screen], last_in: Screen) -> None:
    """Asked of the screens that run, over their profiles' sockets."""
    read = {one.person.name: one.person.texts("Ana's circle") for one in everybody}
    said = [f"line {turn} of {name}" for turn in range(3) for name in read]
    fresh = read[last_in.person.name]
    assert sorted(fresh) == sorted(said), "lost or doubled"
    for name in read:
        assert [text for text in fresh if text.endswith(name)] == [
            f"line {turn} of {name}" for turn in range(3)
        ]
    for one in everybody:
        earlier = [] if one is last_in else ["Hello Bo", "Hello Ana", "Bo is asleep"]
        assert read[one.person.name] == earlier + fresh


@pytest.mark.parametrize("size", SIZES)
def test_the_first_conversation(desk: Desk) -> None:
    ana, bo, cy = (desk.computer.person(name) for name in ("Ana", "Bo", "Cy"))
    at_ana, spoken = ana_opens(desk, ana)
    at_bo = comes_in(
        desk, bo, spoken, "Ana invites you to Ana's circle", "inside Ana", "●○○○○○○○ 1 of 8",
        "7 of 8 chairs are free.", "before You will see nothing of what was said before you",
    )  # fmt: skip
    at_ana.shows("Bo is here.")
    at_ana.press("escape")
    at_ana.hides("Invite to")
    at_ana.shows("Bo is here, on the code that you gave.")

    both_write(at_ana, at_bo)
    at_bo = goes_away_and_comes_back(desk, at_ana, at_bo)

    assert at_ana.end(signal.SIGTERM) == TERMINATED
    assert at_ana.caught() == []
    assert "The relay on this computer goes on without this window" in at_ana.flat

    # Bo alone is there. The code is made by the program that runs on his screen.
    sealed = bo.code("Ana's circle")
    at_cy = comes_in(desk, cy, sealed, "Bo invites you to", "inside Ana and Bo", "●●○○○○○○ 2 of 8")
    at_bo.shows("Cy is here, on the code that you gave.")
    assert "Hello" not in at_cy.flat

    at_ana = desk.sit(ana)
    at_ana.shows("Cy is here, on the code that Bo gave.", "3 of 8", "● connected")
    second = desk.sit(ana)
    assert second.ended() == 1
    second.shows("This profile is open already, in the screen (process")
    assert second.caught() == []

    everybody = [at_ana, at_bo, at_cy]
    the_relay_dies_while_they_write(desk, everybody)
    all_have_the_same(everybody, last_in=at_cy)
    desk.nothing_ugly()


@pytest.mark.parametrize("size", [pytest.param((60, 20), id="60x20")])
def test_a_small_terminal(desk: Desk) -> None:
    ana = desk.computer.person("Ana")
    ana.opens("Friends")
    screen = desk.sit(ana)
    screen.shows("Friends ●○○○○○○○ 1 of 8", "Only you so far. Invite someone: ^o")
    screen.shows("enter send", "● connected")
    screen.writes("Room enough")
    screen.shows("Ana", "Room enough")
    screen.press("ctrl+o")
    screen.shows("waiting for somebody to use it", "esc close")
    screen.press("escape")
    screen.hides("waiting for somebody to use it")
    screen.press("ctrl+c")
    screen.shows("^q or /quit ends Hallway.")
    assert {"the alternate screen", "the mouse", "bracketed paste"} <= set(screen.caught())
    screen.press("ctrl+q")
    assert screen.ended() == 0
    assert screen.caught() == []
    desk.nothing_ugly()


def test_a_paste_presses_no_key(desk: Desk) -> None:
    """What it holds would quit, open a dialog, and send, if it were typed."""
    ana = desk.computer.person("Ana")
    ana.opens("Friends")
    screen = desk.sit(ana)
    screen.shows("Only you so far.", "● connected")
    screen.paste("one\x1b[A\x1b\x1bOP\ntwo\x11\x0f\rthree\x1b[31m\u202ecool\r\n/quit")
    screen.shows("one␛[A␛␛OP", "two␑␏", "three␛[31m‹U+202E›cool", "/quit")
    assert ana.texts("Friends") == []
    screen.press("enter")
    screen.shows_in_composer("Message ")
    assert ana.texts("Friends") == ["one␛[A␛␛OP\ntwo␑␏\nthree␛[31m‹U+202E›cool\n/quit"]
    screen.type("/quit")
    screen.shows_in_composer("/quit")
    screen.press("enter")
    assert screen.ended() == 0
    desk.nothing_ugly()


def test_a_demonstration_keeps_nothing(desk: Desk) -> None:
    ana = desk.computer.person("Ana")
    screen = desk.sit(ana, "--demo")
    screen.shows("Kitchen table", "4 of 8", "Jonas", "Say something, whenever you like.")
    screen.writes("Hello all")
    screen.shows("Heard, and by nobody but us.")
    screen.press("ctrl+q")
    assert screen.ended() == 0
    screen.shows("nothing of it is kept")
    assert ana.does("circles").out == "", "there is no profile"
    desk.nothing_ugly()
