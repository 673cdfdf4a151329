"""The operator's tokens: each opens so many circles at a relay with `create = "token"`.

A token is text that its operator hands to somebody. The database keeps its hash alone, so neither a
backup nor whoever reads the file can open a circle with it; 160 random bits need no slower hash.
Made, listed and withdrawn in the database while the relay runs on it or not; spent by the store,
together with the circle that is opened.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import apsw

from crypto.primitives import Rng, sha256
from relay.store.contract import StoreError, TokenError
from relay.store.copying import COPY_ID
from relay.store.migrations import BUSY_MS, named, refuse_foreign, steps

TOKEN_BYTES = 20
"""Of randomness; 32 letters and digits of base32."""

ID_DIGITS = 8
"""By so many hexadecimal digits of its hash the operator tells one token from another."""

USES_MOST = 1_000_000
LIFE_MOST = 10 * 365 * 24 * 3_600_000
_ANY = "SELECT 1 FROM sqlite_schema WHERE name = 'token'"
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of one: `until` in milliseconds since 1970."""

    id: str
    uses: int
    until: int

    @classmethod
    def of(cls, hashed: bytes, uses: int, until: int) -> Self:
        """The token with this hash."""
        return cls(hashed.hex()[:ID_DIGITS], uses, until)

    def state(self, now: int) -> str:
        """Whether it still opens a circle: `good`, `spent` or `expired`."""
        if self.uses < 1:
            return "spent"
        return "good" if self.until > now else "expired"


def token_hash(token: str) -> bytes:
    """What is kept in a token's place (32 bytes). White space around it and case don't matter."""
    return sha256(b"hallway token 1" + token.strip().lower().encode())


def life(text: str) -> int:
    """`30m`, `12h`, `7d` or `4w` in milliseconds. TokenError."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and len(number) < 9 and unit in _UNITS):
        raise TokenError(f"--expires is a number and m, h, d or w, as in 7d; not {text!r}.")
    if not 0 < int(number) * _UNITS[unit] <= LIFE_MOST:
        raise TokenError("--expires is more than nothing, and ten years at most.")
    return int(number) * _UNITS[unit]


def issue(database: Path, uses: int, until: int, rng: Rng) -> tuple[str, Token]:
    """Make a token, which is told this once. TokenError, StoreError."""
    token, hashed, kept = fresh(uses, until, rng)
    with _opened(database) as connection:
        connection.execute("INSERT INTO token VALUES (?, ?, ?)", (hashed, uses, until))
    return token, kept


def fresh(uses: int, until: int, rng: Rng) -> tuple[str, bytes, Token]:
    """A token that nobody has kept yet, with its hash. TokenError."""
    if not 1 <= uses <= USES_MOST:
        raise TokenError(f"--uses is 1 to {USES_MOST:,}, not {uses}.")
    token = b32encode(rng(TOKEN_BYTES)).decode().lower()
    hashed = token_hash(token)
    return token, hashed, Token.of(hashed, uses, until)


def chosen(hashes: Sequence[bytes], name: str) -> bytes:
    """The hash of the token whose id is, or begins with, `name`. TokenError."""
    wanted = name.strip().lower()
    found = [hashed for hashed in hashes if hashed.hex().startswith(wanted)]
    if not wanted or len(found) != 1:
        many = "several tokens begin" if found and wanted else "no token begins"
        raise TokenError(f"Here {many} with {name!r}. See: hallway relay token list")
    return found[0]


def listed(database: Path, copied: bool = False) -> list[Token]:
    """Those that there are, the ones that end first before the others. StoreError.

    `copied` is whether it may be a backup, and of an earlier schema without any.
    """
    with _opened(database, copied) as connection:
        if copied and not connection.execute(_ANY).get:
            return []
        return [Token.of(*row) for row in _rows(connection)]


def revoke(database: Path, name: str) -> Token:
    """Withdraw the token whose id is, or begins with, `name`. TokenError, StoreError."""
    with _opened(database) as connection:
        rows = {row[0]: row for row in _rows(connection)}
        hashed = chosen(list(rows), name)
        connection.execute("DELETE FROM token WHERE hash = ?", (hashed,))
    return Token.of(*rows[hashed])


def _rows(connection: apsw.Connection) -> list[tuple[bytes, int, int]]:
    rows = connection.execute("SELECT hash, uses, until FROM token ORDER BY until, hash").fetchall()
    return [(bytes(hashed), int(uses), int(until)) for hashed, uses, until in rows]  # type: ignore[arg-type]


@contextmanager
def _opened(database: Path, copied: bool = False) -> Iterator[apsw.Connection]:
    """The relay's database, in one transaction. StoreError where there is none to be used."""
    if not database.is_file():
        raise StoreError(
            f"There is no relay's database in {database.parent}. Start the relay once, or name its"
            " directory with --data."
        )
    with named(database):
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(BUSY_MS)
            connection.transaction_mode = "IMMEDIATE"
            _usable(connection, database, copied)
            connection.pragma("synchronous", "full")
            with connection:
                yield connection
        except (apsw.BusyError, apsw.ReadOnlyError) as error:
            raise StoreError(f"{database} cannot be written: {error}. Try again.") from error
        finally:
            connection.close()


def _usable(connection: apsw.Connection, database: Path, copied: bool) -> None:
    refuse_foreign(connection, database)
    if copied:
        return
    if connection.pragma("application_id") == COPY_ID:
        raise StoreError(f"{database} is a backup. Start the relay on it once.")
    if int(connection.pragma("user_version")) != len(steps()):
        raise StoreError(
            f"{database} is of an earlier Hallway. Start the relay on it once, which brings it up"
            " to date."
        )
