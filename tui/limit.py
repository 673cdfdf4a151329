"""A person's own limit on how many people they speak with, over all circles: known here alone.

People are told apart by their names, as nothing else ties somebody in one circle to somebody in
another; two of one name count as one.
"""

from __future__ import annotations

from collections.abc import Iterable

USUAL = 50


def exceeded(limit: int, known: Iterable[str], others: Iterable[str]) -> str:
    """A sentence, where with `others` there would be more people than one wanted; else nothing.

    It is a reminder, and keeps nobody from anything.
    """
    before = {name.casefold() for name in known}
    after = before | {name.casefold() for name in others}
    if len(after) <= max(limit, len(before)):
        return ""
    return (
        f"You would speak with {len(after)} people then, over all your circles; you set yourself a"
        f" limit of {limit}."
    )
