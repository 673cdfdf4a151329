"""Finding what was said, in all circles: words, phrases, and `from:`, `in:`, `before:`, `after:`,
`has:`.

What a person types is never the index's own language: it is parted into words here, and each of
them goes there between quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from crypto.content import number_of
from tui.engine.errors import WishError
from tui.engine.events import Exit
from tui.engine.store.database import Database, Value
from tui.engine.store.records import MessageRecord, Store
from tui.engine.store.spacing import spaced

LONGEST = 400
TERMS_MOST = 20
_PART = re.compile(r'(?:(from|in|before|after|has):)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(slots=True)
class Query:
    """What is looked for. `words` are phrases of the text; the last may be the beginning of a word.

    Times are milliseconds since 1970, of this computer's days.
    """

    words: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    circles: list[str] = field(default_factory=list)
    has: list[str] = field(default_factory=list)
    before: int | None = None
    after: int | None = None


def read(text: str) -> Query:
    """What a person typed; WishError says what of it can't be."""
    if len(text) > LONGEST:
        raise WishError("query", f"A search has at most {LONGEST} characters.", Exit.USAGE)
    query = Query()
    for operator, phrase, word in _PART.findall(text):
        value = (phrase or word).strip()
        if not value:
            continue
        match operator.lower():
            case "from":
                query.authors.append(value.removeprefix("@").casefold())
            case "in":
                query.circles.append(value.casefold())
            case "before":
                query.before = _day(value)
            case "after":
                query.after = _day(value, 1)
            case "has":
                if value.casefold() not in HAS:
                    known = ", ".join(HAS)
                    raise WishError("query", f"has: knows {known}; not {value}.", Exit.USAGE)
                query.has.append(value.casefold())
            case _:
                query.words.append(value)
    if not (query.words or query.authors or query.circles or query.has) and (
        query.before is None and query.after is None
    ):
        raise WishError("query", "Say what to look for.", Exit.USAGE)
    if len(query.words) > TERMS_MOST:
        raise WishError("query", f"A search has at most {TERMS_MOST} words.", Exit.USAGE)
    return query


def _day(value: str, later: int = 0) -> int:
    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        day = date.fromisoformat(value) + timedelta(days=later)
        return int(datetime(day.year, day.month, day.day).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        sentence = f"Name a day like this: before:2026-03-01; not {value}."
        raise WishError("query", sentence, Exit.USAGE) from None


def matching(words: list[str]) -> str:
    """The index's expression for words: all of them, each as it stands, the last as a beginning."""
    terms = []
    for word in words:
        inside = " ".join(part for part in re.split(r"[^\w]+", spaced(word)) if part)
        if inside:
            terms.append(f'"{inside}"')
    return " AND ".join(terms) + "*" if terms else ""


HAS = {
    "link": "instr(m.text, '://') > 0",
    "poll": f"m.type = {number_of('poll')}",
    "file": f"m.type = {number_of('file')}",
}
"""What `has:` knows, as a condition on a message."""


def find(store: Store, query: Query, limit: int, now: int) -> list[MessageRecord]:
    """Up to `limit` messages that are there still, the newest first."""
    circles = _circles(store, query.circles)
    expression = matching(query.words)
    if circles == [] or (query.words and not expression):
        return []
    conditions = ["m.type != 0", "m.text != ''", "(m.goes_at = 0 OR m.goes_at > ?)"]
    values: list[Value] = [now]
    if expression:
        conditions.append("found MATCH ?")
        values.append(expression)
    if circles is not None:
        conditions.append(f"m.circle IN ({', '.join('?' for _ in circles)})")
        values += circles
    if query.before is not None:
        conditions.append("m.logged_at < ?")
        values.append(query.before)
    if query.after is not None:
        conditions.append("m.logged_at >= ?")
        values.append(query.after)
    conditions += [HAS[name] for name in query.has]
    if query.authors:
        authors = _authors(store.database, query.authors)
        conditions.append(
            "(" + " OR ".join("(m.circle = ? AND m.author = ?)" for _ in authors) + ")"
            if authors
            else "0"
        )
        values += [value for author in authors for value in author]
    tables = "searchable s JOIN messages m ON m.circle = s.circle AND m.id = s.id"
    if expression:
        tables = f"found CROSS JOIN {tables.replace(' ON ', ' ON s.number = found.rowid AND ', 1)}"
    order = "found.rowid" if expression else "s.number"
    columns = ", ".join(f"m.{name}" for name in MessageRecord.__slots__)
    rows = store.database.rows(
        f"SELECT {columns} FROM {tables} WHERE {' AND '.join(conditions)}"  # noqa: S608
        f" ORDER BY {order} DESC LIMIT ?",
        (*values, limit),
    )
    return [MessageRecord(*row) for row in rows]  # type: ignore[arg-type]


def _circles(store: Store, named: list[str]) -> list[Value] | None:
    """The numbers of the circles that are named; None where none is."""
    if not named:
        return None
    return [
        record.number
        for record in store.circles.where("1")
        if any(record.name.casefold().startswith(name) or record.id.hex() == name for name in named)
    ]


def _authors(database: Database, named: list[str]) -> list[tuple[Value, Value]]:
    """Whose messages are meant, by circle: members as they were called when they wrote."""
    rows = database.rows(
        "SELECT DISTINCT circle, author, author_name FROM messages WHERE type != 0"
    )
    return list(
        {
            (circle, author): None
            for circle, author, name in rows
            if any(str(name).casefold().startswith(one) for one in named)
        }
    )
