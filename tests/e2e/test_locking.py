"""Passphrases and locking: real processes, real terminals, real files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import COMMAND, Machine, Person
from tests.e2e.terminal import Terminal
from tui.locations import Locations
from tui.locking import has_passphrase, unlock
from tui.profile import LockedError, Profile, owner_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

WORDS = "correct horse battery"
LOCKED = "This profile is locked with a passphrase"


@pytest.fixture
def ana(computer: Machine) -> Person:
    """Somebody with a circle, and a passphrase."""
    ana = computer.person("Ana")
    ana.opens("Friends")
    ana.does("passphrase", "-", says=f"{WORDS}\n")
    return ana


@pytest.fixture
def words(tmp_path: Path) -> str:
    """A file that holds the passphrase."""
    path = tmp_path / "words"
    path.write_text(WORDS)
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """What is started in terminals, ended when the test is over."""
    started: list[Terminal] = []
    yield started
    for terminal in started:
        terminal.close()


def sits(terminals: list[Terminal], person: Person, *arguments: str) -> Terminal:
    """Start a command in a terminal."""
    command = [*COMMAND, *arguments]
    terminal = Terminal(command, person.environ, person.machine.folder, (80, 24))
    terminals.append(terminal)
    return terminal


def silent(terminal: Terminal, question: str, answer: str) -> None:
    """Answer a question whose answer isn't shown."""
    terminal.shows(question)
    terminal.type(f"{answer}\r")


def orders(screen: Terminal, command: str) -> None:
    """Type a command of the composer, and send it once it stands there."""
    screen.type(command)
    screen.shows(command)
    screen.press("enter")


VERBS = (
    ["circles"],
    ["members"],
    ["read"],
    ["tail"],
    ["send", "Hello"],
    ["invite"],
    ["rename", "Anna"],
    ["leave", "Friends"],
    ["open", "Others", "--as", "Ana"],
)


def test_no_verb_goes_past_it(ana: Person, words: str) -> None:
    for verb in VERBS:
        refused = ana.run(*verb)
        assert (refused.code, refused.out) == (1, ""), verb
        assert LOCKED in refused.err
        assert "--passphrase-file" in refused.err
    assert "Friends" in ana.does("circles", "--passphrase-file", words).out
    ana.environ["HALLWAY_PASSPHRASE_FILE"] = words
    ana.does("send", "Hello")
    assert ana.texts("Friends") == ["Hello"]
    Path(words).write_text("another")
    wrong = ana.run("read")
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err == "That is not the passphrase of this profile. Try again.\n"


def test_it_is_changed_and_removed_from_standard_input(ana: Person) -> None:
    before = (ana.home / "vault").read_bytes()
    for arguments, says, told in (
        (("-",), f"wrong\n{WORDS}\n", "not the passphrase"),
        (("-",), f"{WORDS}\n", "should hold 2 lines"),
        (("-",), f"{WORDS}\n\n", "at least one character"),
        (("-", "--remove"), "wrong\n", "not the passphrase"),
        ((), "", "give it on standard input"),
    ):
        refused = ana.run("passphrase", *arguments, says=says)
        assert (refused.code, refused.out) == (1, "")
        assert told in refused.err
        assert (ana.home / "vault").read_bytes() == before
    ana.does("passphrase", "-", says=f"{WORDS}\nanother\n")
    assert ana.run("circles", "--passphrase-file", "/dev/stdin", says=WORDS).code == 1
    assert "Friends" in ana.does("circles", "--passphrase-file", "/dev/stdin", says="another").out
    ana.does("passphrase", "-", "--remove", says="another\n")
    assert "Friends" in ana.does("circles").out
    refused = ana.run("passphrase", "--remove")
    assert (refused.code, refused.err) == (1, "This profile has no passphrase.\n")


def test_it_is_never_among_the_arguments(ana: Person) -> None:
    assert ana.run("passphrase", WORDS).code == 2


def test_locking_ends_what_stays_and_whoever_asks_through_it(ana: Person, words: str) -> None:
    tail = ana.start("tail", "--passphrase-file", words)
    tail.online()
    through = ana.start("tail", "--passphrase-file", words)
    through.online()
    ana.does("send", "No passphrase is needed while it is open")
    tail.until(lambda line: line.endswith("while it is open"))
    locked = ana.does("lock")
    assert locked.err == "Locked. Whatever opens this profile next asks for the passphrase.\n"
    assert owner_of(Locations.find(ana.environ)) is None
    for running in (tail, through):
        done = running.ended()
        assert done.code == 1
        assert done.err.splitlines()[-1].startswith("This profile was locked.")
        assert "Traceback" not in done.err
    assert ana.run("read").code == 1
    assert ana.does("lock").err == locked.err  # there is nothing open any more


def test_locking_ends_a_code_that_waits(ana: Person, words: str) -> None:
    inviting = ana.start("invite", "--spoken", "--passphrase-file", words)
    inviting.until(lambda line: line.count("-") == 2)
    ana.does("lock")
    done = inviting.ended()
    assert done.code == 1
    assert "This profile was locked." in done.err


def test_without_a_passphrase_there_is_nothing_to_lock(computer: Machine) -> None:
    bo = computer.person("Bo")
    nothing = bo.run("lock")
    assert (nothing.code, nothing.err) == (
        1, "There is no profile here yet, and nothing to lock.\n",
    )  # fmt: skip
    assert not bo.home.exists()
    bo.opens("Friends")
    tail = bo.start("tail")
    tail.online()
    refused = bo.run("lock")
    assert refused.code == 1
    assert "has no passphrase" in refused.err
    assert tail.popen.poll() is None


def test_at_a_terminal_it_is_asked_for_without_being_shown(
    ana: Person, terminals: list[Terminal]
) -> None:
    changing = sits(terminals, ana, "passphrase")
    silent(changing, "Passphrase until now:", WORDS)
    silent(changing, "New passphrase:", "canary")
    silent(changing, "Once more:", "canari")
    changing.shows("These were not the same. Nothing has changed.")
    assert changing.ended() == 1
    again = sits(terminals, ana, "passphrase")
    silent(again, "Passphrase until now:", WORDS)
    silent(again, "New passphrase:", "canary")
    silent(again, "Once more:", "canary")
    again.shows("opens with its passphrase alone")
    assert again.ended() == 0
    reading = sits(terminals, ana, "circles")
    silent(reading, "Passphrase:", "wrong")
    reading.shows("That is not the passphrase")
    reading.until(lambda: reading.flat.count("Passphrase:") == 2, "asks again")
    reading.type("canary\r")
    reading.shows("1 of 8 chairs taken")
    assert reading.ended() == 0
    for terminal in terminals:
        assert terminal.caught() == []
        for secret in (b"canar", WORDS.encode(), b"wrong"):
            assert secret not in terminal.said


def test_three_wrong_ones_are_enough_and_ctrl_c_gives_the_terminal_back(
    ana: Person, terminals: list[Terminal]
) -> None:
    reading = sits(terminals, ana, "circles")
    for asked in (1, 2, 3):
        reading.until(lambda asked=asked: reading.flat.count("Passphrase:") == asked, "asks")  # type: ignore[misc]
        reading.type("wrong\r")
    assert reading.ended() == 1
    for key, code in (("ctrl+c", 130), ("", 143)):
        asking = sits(terminals, ana, "circles")
        asking.shows("Passphrase:")
        if key:
            asking.press(key)
            assert asking.ended() == code
        else:
            assert asking.end(signal.SIGTERM) == code
        assert asking.caught() == []


def test_the_screen_asks_and_locks(ana: Person, terminals: list[Terminal]) -> None:
    screen = sits(terminals, ana)
    screen.shows("This profile is locked", "Only its passphrase opens it")
    screen.type("wrong\r")
    screen.shows("That is not the passphrase of this profile.")
    screen.type(f"{WORDS}\r")
    screen.shows("Message Friends", "connected")
    ana.does("send", "Said while it was open")  # through the screen's process
    screen.shows("Said while it was open")

    orders(screen, "/lock")
    screen.shows("This profile is locked", "Only its passphrase opens it")
    screen.hides("Said while it was open")
    assert owner_of(Locations.find(ana.environ)) is None
    assert LOCKED in ana.run("read").err
    screen.type(f"{WORDS}\r")
    screen.shows("Said while it was open", "connected")

    ana.does("lock")
    screen.shows("This profile is locked", "Only its passphrase opens it")
    screen.press("escape")
    assert screen.ended() == 0
    assert screen.caught() == []
    assert WORDS.encode() not in screen.said
    assert b"Traceback" not in screen.said


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_locked_screen_is_a_process_that_never_knew(
    ana: Person, terminals: list[Terminal]
) -> None:
    """Root may look into the memory of a process that lets nobody else: the key is not in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can look into the memory of such a process")
    key = unlock(Locations.find(ana.environ), WORDS).reveal()
    screen = sits(terminals, ana, "--home", str(ana.home))
    screen.shows("This profile is locked")
    screen.type(f"{WORDS}\r")
    screen.shows("Message Friends", "connected")
    ana.does("send", "canary-in-memory")
    screen.shows("canary-in-memory")
    holder = owner_of(Locations.find(ana.environ))
    assert holder is not None
    process = process_of(holder)
    assert found(process, key.hex().encode(), b"canary-in-memory")
    orders(screen, "/lock")
    screen.shows("This profile is locked")
    assert not found(process, key, key.hex().encode(), b"canary-in-memory", WORDS.encode())


def found(process: int, *secrets: bytes) -> list[bytes]:
    """Which of these are in the memory that a process has written to."""
    held: set[bytes] = set()
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb") as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if "w" not in rights:
                continue
            start, end = (int(edge, 16) for edge in span.split("-"))
            memory.seek(start)
            try:
                data = memory.read(end - start)
            except OSError:
                continue
            held |= {secret for secret in secrets if secret in data}
    return sorted(held)


def test_the_screens_ask_a_person(ana: Person, words: str, terminals: list[Terminal]) -> None:
    screen = sits(terminals, ana, "--passphrase-file", words)
    assert screen.ended() == 2
    assert "The screens ask for the passphrase" in screen.flat


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_stays_leaves_no_core_files(
    ana: Person, words: str, terminals: list[Terminal]
) -> None:
    """The relay of this computer, a verb, and the screen, before and after it was locked."""
    relay = ana.machine.relay_process()
    assert relay is not None
    tail = ana.start("tail", "--passphrase-file", words)
    tail.online()
    assert core_files(relay) == core_files(tail.popen.pid) == ["0", "0"]
    ana.does("lock")
    screen = sits(terminals, ana)
    for _ in range(2):
        screen.shows("This profile is locked")
        screen.type(f"{WORDS}\r")
        screen.shows("Message Friends", "connected")
        holder = owner_of(Locations.find(ana.environ))
        assert holder is not None
        assert core_files(process_of(holder)) == ["0", "0"]
        orders(screen, "/lock")


def process_of(holder: str) -> int:
    """The process that calls itself so."""
    return int(holder.rpartition(" ")[2].rstrip(")"))


def core_files(process: int) -> list[str]:
    """How large a core file of a process may be: now, and at most."""
    limits = Path(f"/proc/{process}/limits").read_text()
    (line,) = [one for one in limits.splitlines() if one.startswith("Max core file size")]
    return line.split()[4:6]


@pytest.mark.parametrize("moment", ["the new vault is there", "it is in its place"])
def test_a_change_that_is_killed_leaves_a_profile_that_opens(ana: Person, moment: str) -> None:
    """From one passphrase to another, to a key file, and back, each killed on its way."""
    locations = Locations.find(ana.environ)
    fresh = locations.vault.with_name("vault.new")
    now = WORDS
    for turn in range(9):
        new = "" if turn % 3 == 1 else f"words {turn}"
        before = locations.vault.read_bytes()
        changing = subprocess.Popen(
            [*COMMAND, "passphrase", "-", *([] if new else ["--remove"])],
            env=ana.environ,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert changing.stdin is not None
        with changing.stdin as typed:
            typed.write("".join(f"{line}\n" for line in (now, new) if line).encode())
        while changing.poll() is None:
            if fresh.exists() if moment == "the new vault is there" else reads(locations, before):
                changing.kill()
                break
        changing.wait()
        now = next(words for words in (now, new) if opens(locations, words))
    assert not opens(locations, "something else")


def reads(locations: Locations, before: bytes) -> bool:
    """Whether the vault is another than before."""
    return locations.vault.read_bytes() != before


def opens(locations: Locations, words: str) -> bool:
    """Whether a passphrase opens the profile; the key file, where it is empty."""
    if has_passphrase(locations) is not bool(words):
        return False
    try:
        key = unlock(locations, words) if words else None
        Profile.open(locations, "the test", os.urandom, key).close()
    except LockedError:
        return False
    return True
