"""What a profile with a passphrase leaves in files: looked for with the words and keys themselves.

After a conversation, a kill in the middle of it and a crash of the program, every file on the
computer is searched: databases, write-ahead logs, the relay's, the vault, logs.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import COMMAND, Machine, Person
from tests.e2e.terminal import Terminal
from tui.locations import Locations
from tui.locking import unlock
from tui.profile import Profile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

PASSPHRASE = "canary Kanarienvögel 4711"
NAME, CIRCLE = "Canarina", "Canary Rocks"
MESSAGE, ANSWER, DRAFT = "the canary sings at dawn", "at canary's dusk", "not said by a canary"
WORDS = (PASSPHRASE, NAME, CIRCLE, MESSAGE, ANSWER, DRAFT)

SHORTEST = 12
"""Bytes of a value of the database below which it may be in a file by chance."""

STRIDE = 32
"""Of a long value, one piece in so many bytes is looked for."""


@pytest.fixture
def ana(computer: Machine, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody whose profile began with a passphrase; a file elsewhere gives it to commands."""
    file = tmp_path_factory.mktemp("elsewhere") / "passphrase"
    file.write_text(PASSPHRASE)
    file.chmod(0o600)
    ana = computer.person(NAME)
    ana.does("passphrase", "-", says=PASSPHRASE)
    ana.environ["HALLWAY_PASSPHRASE_FILE"] = str(file)
    return ana


def spelled(secret: bytes) -> Iterator[bytes]:
    """How a secret might be written down."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield repr(secret)[2:-1].encode()
    for before in range(3):  # wherever it lies in what was encoded
        coded = base64.b64encode(bytes(before) + secret)
        yield coded[4 if before else 0 : -4]


def texts(*words: str) -> Iterator[bytes]:
    """How texts might be written down."""
    for word in words:
        yield from spelled(word.encode())
        yield word.encode("utf-16-le")
        yield word.encode("unicode_escape")


def found(folder: Path, secrets: Iterable[bytes]) -> list[tuple[str, bytes]]:
    """Which of these is in which file beneath a folder."""
    wanted = list(secrets)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [
        (path.name, secret)
        for path in files
        for data in (path.read_bytes(),)
        for secret in wanted
        if secret in data
    ]


class Known:
    """What a profile holds: read from a copy, so that nothing of the profile itself is touched."""

    def __init__(self, person: Person, into: Path) -> None:
        copy = Locations.find({}, str(shutil.copytree(person.home, into, ignore=_no_sockets)))
        key = unlock(copy, PASSPHRASE)
        profile = Profile.open(copy, "the test", os.urandom, key)
        self.rows: dict[str, list[tuple[object, ...]]] = {}
        schema = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        for table in [row[0] for row in profile.database.rows(schema)]:
            assert isinstance(table, str)
            query = f'SELECT * FROM "{table}"'  # noqa: S608  # a name from the schema itself
            self.rows[table] = list(profile.database.rows(query))
        seeds = profile.database.rows("SELECT member_seed, leaf_seed, access_seed FROM circles")
        codes = profile.database.rows("SELECT secret FROM invites")
        profile.close()
        shutil.rmtree(into)
        self.keys = [key.reveal()]
        self.keys += [value for row in seeds + codes for value in row if isinstance(value, bytes)]

    def pieces(self) -> Iterator[bytes]:
        """Pieces of every value in the database."""
        for rows in self.rows.values():
            for row in rows:
                for value in row:
                    data = value.encode() if isinstance(value, str) else value
                    if isinstance(data, bytes) and len(data) >= SHORTEST:
                        yield from (
                            data[start : start + STRIDE]
                            for start in range(0, len(data), STRIDE)
                            if len(data) - start >= SHORTEST
                        )


def _no_sockets(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if (Path(folder) / name).is_socket()}


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """So that finding nothing means something."""
    for place, secret in enumerate(texts(PASSPHRASE)):
        (tmp_path / "file").write_bytes(b"before" + secret + b"after")
        assert ("file", secret) in found(tmp_path, texts(PASSPHRASE)), place
    for before in range(3):
        (tmp_path / "file").write_bytes(base64.b64encode(bytes(before) + b"k" * 32 + b"!"))
        assert found(tmp_path, spelled(b"k" * 32))


def test_nothing_of_a_conversation_is_in_any_file_not_even_after_a_kill(
    computer: Machine, ana: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bo = computer.person("Bo")
    ana.opens(CIRCLE)
    tail = ana.start("tail")
    tail.online()
    bo.does("join", ana.code(CIRCLE), "--as", "Bo", "--yes")
    ana.code(CIRCLE)  # and one that nobody has used
    ana.does("send", MESSAGE)
    bo.does("send", ANSWER)
    tail.until(lambda line: line.endswith(ANSWER))
    assert tail.end(signal.SIGKILL).code == -signal.SIGKILL

    log = ana.home / "profile.db-wal"
    assert log.stat().st_size > 4096, "it was killed with nothing in its write-ahead log"
    known = Known(ana, tmp_path_factory.mktemp("copy") / "home")
    assert any(MESSAGE in row for row in known.rows["messages"])
    assert any(ANSWER in row for row in known.rows["messages"])
    assert len(known.keys) == 5
    everything = [piece for key in known.keys for piece in spelled(key)]
    assert found(ana.home, [*texts(*WORDS), *everything, *known.pieces()]) == []

    shutil.rmtree(bo.home)  # his has no passphrase, and the relay's files lie in the same folder
    assert found(computer.folder, [*texts(*WORDS), *everything]) == []


def test_the_program_itself_fails_and_tells_nothing(computer: Machine, ana: Person) -> None:
    """The database is spoiled while it is open: a real failure, with words and keys at hand."""
    ana.opens(CIRCLE)
    tail = ana.start("tail")
    tail.online()
    ana.does("send", MESSAGE)
    spoil(ana)
    ana.run("send", ANSWER)
    done = tail.ended()
    assert done.code == 1
    noted = (ana.home / "hallway.log").read_text()
    assert "tui/engine/store/database.py" in noted
    assert found(ana.home, texts(*WORDS)) == []
    for word in (PASSPHRASE, MESSAGE, ANSWER):
        assert word not in done.err


def test_the_screen_fails_and_tells_nothing(computer: Machine, ana: Person) -> None:
    ana.opens(CIRCLE)
    screen = Terminal(COMMAND, ana.environ, computer.folder, (80, 24))
    try:
        screen.shows("This profile is locked")
        screen.type(f"{PASSPHRASE}\r")
        screen.shows("connected")
        screen.type(f"{MESSAGE}\r")
        screen.shows("Message Canary", MESSAGE)
        spoil(ana)
        before = len(screen.said)
        screen.type(f"{ANSWER}\r")
        assert screen.ended() == 70
        told = bytes(screen.said[before:]).rpartition(b"?1049l")[2].decode()
        assert "Hallway has ended because of an error in the program." in told
        assert screen.caught() == []
    finally:
        screen.close()
    noted = (ana.home / "hallway.log").read_text()
    assert "tui/engine/store/database.py" in noted
    assert found(ana.home, texts(*WORDS)) == []
    for word in WORDS:
        assert word not in told
    assert PASSPHRASE.encode() not in screen.said


def spoil(person: Person) -> None:
    """Write over every page of a database and of its log, where they are."""
    for name in ("profile.db", "profile.db-wal"):
        path = person.home / name
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(os.urandom(size))
