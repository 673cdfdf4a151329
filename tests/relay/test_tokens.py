"""The operator's tokens: made, listed, withdrawn in a database that a relay may have open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import apsw
import pytest

from relay.backup import back_up, begin_anew, restore
from relay.carrying import export
from relay.limits import DAY, HOUR, MINUTE
from relay.store.contract import NO_TOKEN, SPENT, STORED, StoreError, TokenError
from relay.store.migrations import APPLICATION_ID, steps
from relay.store.sqlite import SqliteStore
from relay.tokens import Token, issue, life, listed, revoke, token_hash
from tests.relay.store_contract import Desk, creation

RNG = Random(3).randbytes
LATER = 1 << 50
IDS = [bytes((n,)) * 16 for n in range(1, 9)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
def opened(database: Path) -> Iterator[Callable[[], Desk]]:
    stores: list[SqliteStore] = []

    def open_one() -> Desk:
        def open_store(wake: Callable[[], None]) -> SqliteStore:
            stores.append(SqliteStore(database, wake, RNG))
            return stores[-1]

        return Desk(open_store)

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def desk(opened: Callable[[], Desk]) -> Desk:
    return opened()


def opens(desk: Desk, number: int, token: str) -> object:
    return desk.do(replace(creation(IDS[number]), token=token_hash(token)))


def test_a_relay_that_runs_takes_a_new_token(desk: Desk, database: Path) -> None:
    token, kept = issue(database, 2, LATER, RNG)
    assert len(token) == 32 and token.isascii() and token.isalnum() and token == token.lower()
    assert opens(desk, 0, f" {token.upper()}\n") is STORED
    assert listed(database) == [replace(kept, uses=1)]
    assert opens(desk, 1, token) is STORED
    assert opens(desk, 2, token) is SPENT
    assert [each.state(0) for each in listed(database)] == ["spent"]


def test_only_its_hash_is_kept(desk: Desk, database: Path) -> None:
    token, _ = issue(database, 1, LATER, RNG)
    assert opens(desk, 0, token) is STORED
    for path in database.parent.iterdir():
        assert token.encode() not in path.read_bytes()


def test_withdrawing_one(desk: Desk, database: Path) -> None:
    token, kept = issue(database, 3, LATER, RNG)
    _, other = issue(database, 1, 5, RNG)
    assert opens(desk, 0, token) is STORED
    assert revoke(database, kept.id[:4].upper()) == replace(kept, uses=2)
    assert opens(desk, 1, token) is NO_TOKEN
    assert listed(database) == [other]
    assert desk.ask(desk.store.load, IDS[0]) is not None


def test_what_is_not_unmistakable_is_not_withdrawn(desk: Desk, database: Path) -> None:
    for _ in range(17):
        issue(database, 1, LATER, RNG)
    first = [each.id[0] for each in listed(database)]
    twice = next(digit for digit in first if first.count(digit) > 1)
    with pytest.raises(TokenError, match="several tokens begin"):
        revoke(database, twice)
    for name in ("", " ", "xyz", "0" * 65):
        with pytest.raises(TokenError, match="no token begins"):
            revoke(database, name)
    assert len(listed(database)) == 17


def test_states() -> None:
    assert Token("x", 1, 1000).state(999) == "good"
    assert Token("x", 1, 1000).state(1000) == "expired"
    assert Token("x", 0, 1000).state(2000) == "spent"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30m", 30 * MINUTE), ("12h", 12 * HOUR), ("7d", 7 * DAY), ("4w", 28 * DAY)],
)
def test_life(text: str, expected: int) -> None:
    assert life(text) == expected


@pytest.mark.parametrize("text", ["", "d", "7", "7y", "-1d", "0d", "999999w", "٣d", "9" * 20])
def test_life_that_is_none(text: str) -> None:
    with pytest.raises(TokenError, match="--expires"):
        life(text)


@pytest.mark.parametrize("uses", [0, -1, 1_000_001])
def test_uses_within_bounds(desk: Desk, database: Path, uses: int) -> None:
    with pytest.raises(TokenError, match="--uses is 1 to"):
        issue(database, uses, LATER, RNG)
    assert listed(database) == []


def test_where_there_is_no_relay(database: Path) -> None:
    with pytest.raises(StoreError, match="no relay's database"):
        issue(database, 1, LATER, RNG)
    assert not database.exists()


def test_a_database_of_an_earlier_schema(database: Path) -> None:
    old = apsw.Connection(str(database))
    old.execute(steps()[0])
    old.pragma("user_version", 1)
    old.pragma("application_id", APPLICATION_ID)
    old.close()
    with pytest.raises(StoreError, match="Start the relay on it once"):
        listed(database)
    assert listed(database, copied=True) == []


def test_a_backup_has_them_and_an_exported_circle_has_not(
    opened: Callable[[], Desk], database: Path, tmp_path: Path
) -> None:
    desk = opened()
    token, kept = issue(database, 2, LATER, RNG)
    copy, carried = tmp_path / "copy.db", tmp_path / "one.circle"
    back_up(database, copy)
    assert opens(desk, 0, token) is STORED
    export(database, IDS[0].hex(), carried)
    with apsw.Connection(str(carried)) as connection:
        assert connection.execute("SELECT count(*) FROM token").get == 0
    desk.store.close()
    restore(database, copy, replace=True)
    assert listed(database, copied=True) == [kept]
    with pytest.raises(StoreError, match="is a backup"):
        listed(database)
    assert begin_anew(database, RNG, 1000) == 0
    assert listed(database) == [kept], "the circle that its use was spent on is not there either"
