"""What is found wrong with a disk, a clock, a database or a certificate before it does harm."""

from __future__ import annotations

import os
import time
from pathlib import Path

import apsw
import pytest

from relay import premises
from relay.config import Config
from relay.directory import Directory
from relay.premises import Finding, State
from relay.store.migrations import steps
from relay.store.sqlite import SqliteStore
from tests.relay.certificate import self_signed

NOW = time.time_ns() // 1_000_000
DAY = 86_400_000


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    """A relay's directory, with a database of its own making."""
    made = Directory(tmp_path / "relay")
    SqliteStore(made.database, lambda: None).close()
    return made


def does(place: Directory, sql: str) -> None:
    connection = apsw.Connection(str(place.database))
    connection.execute(sql)
    connection.close()


def is_so(found: Finding, state: State, words: str) -> None:
    assert found.state is state, found
    assert words in found.sentence


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2"])
def test_a_sqlite_that_may_lose_something(version: str) -> None:
    is_so(premises.sqlite(version), State.WRONG, f"SQLite {version} may lose")


@pytest.mark.parametrize("version", ["3.51.3", "3.54.0", "4.0"])
def test_a_sqlite_that_is_good(version: str) -> None:
    is_so(premises.sqlite(version), State.WELL, version)


def test_a_directory_is_for_one_alone(place: Directory) -> None:
    is_so(premises.directory(place), State.WELL, "this user's alone")
    os.chmod(place.path, 0o710)  # noqa: S103 - that is the point
    is_so(premises.directory(place), State.ODD, f"chmod go-rwx {place.path}")
    os.chmod(place.path, 0o700)
    os.chmod(place.database, 0o644)
    found = premises.directory(place)
    assert found.state is State.ODD and found.sentence.endswith(f"{place.database}")


def test_what_is_not_there_yet_is_made_later(tmp_path: Path) -> None:
    place = Directory(tmp_path / "some" / "where", make=False)
    is_so(premises.directory(place), State.WELL, "the relay makes it when it starts")
    is_so(premises.database(place), State.WELL, "the relay makes it when it starts")
    assert premises.disk(place, 1).state is not State.WRONG
    assert list(tmp_path.iterdir()) == []


def test_too_little_of_something(place: Directory) -> None:
    is_so(premises.disk(place, 1 << 60), State.WRONG, "no circle is opened")
    found = premises.memory(1 << 60)
    assert found.state is State.WRONG or "does not say" in found.sentence
    assert premises.memory(1).state is State.WELL


def test_a_database_of_this_version(place: Directory) -> None:
    is_so(premises.database(place), State.WELL, f"Schema {len(steps())}, circles: 0")


def test_a_database_that_will_be_upgraded(place: Directory) -> None:
    does(place, "PRAGMA user_version = 1")
    is_so(premises.database(place), State.ODD, "is brought up to")


def test_databases_that_cannot_be_used(place: Directory) -> None:
    does(place, "PRAGMA user_version = 1000")
    is_so(premises.database(place), State.WRONG, "written by a newer Hallway")
    does(place, "PRAGMA application_id = 5")
    is_so(premises.database(place), State.WRONG, "not a relay's")
    place.database.write_bytes(b"Dear diary, " * 1000)
    is_so(premises.database(place), State.WRONG, "damaged or not a relay's database")


def test_a_clock_that_is_behind_what_was_ordered(place: Directory) -> None:
    assert premises.clock(place, NOW).state is not State.WRONG
    does(place, "INSERT INTO entry VALUES (1, 1, 1, 1, 0, x'', x'', x'', x'', 0, x'', x'')")
    does(place, f"UPDATE entry SET time = {NOW}")  # noqa: S608 - a number
    assert premises.clock(place, NOW - 30_000).state is not State.WRONG
    is_so(premises.clock(place, NOW - 600_000), State.WRONG, "The clock is 10 min behind")


def test_without_a_certificate(tmp_path: Path) -> None:
    is_so(premises.certificate(Config(), NOW), State.WELL, "plain ws, or a proxy")


def certified(folder: Path, host: str, days: float = 60.5, names: tuple[str, ...] = ()) -> Config:
    certificate, key = self_signed(folder, host, days)
    return Config(tls_cert=str(certificate), tls_key=str(key), name=names)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("chat.example.org", "chat.example.org"),
        ("chat.example.org", "Chat.example.org:7600"),
        ("*.example.org", "chat.example.org"),
    ],
)
def test_a_certificate_for_its_names(tmp_path: Path, host: str, name: str) -> None:
    config = certified(tmp_path, host, names=(name,))
    is_so(premises.certificate(config, NOW), State.WELL, f"is for {host}, for 60 days more")


@pytest.mark.parametrize("name", ["other.example.org", "a.b.example.org", "example.org:1"])
def test_a_certificate_for_other_names(tmp_path: Path, name: str) -> None:
    config = certified(tmp_path, "*.example.org", names=("chat.example.org", name))
    if name == "other.example.org":
        assert premises.certificate(config, NOW).state is State.WELL
    else:
        host = name.partition(":")[0]
        is_so(premises.certificate(config, NOW), State.WRONG, f"not for {host}")


def test_a_certificate_that_ends(tmp_path: Path) -> None:
    config = certified(tmp_path, "chat.example.org", days=13.5)
    is_so(premises.certificate(config, NOW), State.ODD, "expires in 13 days")
    config = certified(tmp_path, "chat.example.org", days=-1)
    is_so(premises.certificate(config, NOW), State.WRONG, "certificate has expired")


def test_a_certificate_that_cannot_be_used(tmp_path: Path) -> None:
    config = certified(tmp_path, "chat.example.org")
    (tmp_path / "key.pem").write_text("no key")
    is_so(premises.certificate(config, NOW), State.WRONG, "cannot be used")
    (tmp_path / "key.pem").unlink()
    is_so(premises.certificate(config, NOW), State.WRONG, "No such file")
