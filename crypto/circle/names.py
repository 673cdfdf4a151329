"""Names of people, devices and circles: what may be one, and which look like another's.

These rules are kept by whoever writes a name and by the device that answers the door. They are no
part of what every member judges alike, because they depend on the version of Unicode at hand.

`imitates` follows the skeletons of Unicode Technical Standard 39 (its table is
`crypto/data/confusables.tsv`), and goes further: spaces, punctuation, diacritics and case do not
make two names different enough for one small circle.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from itertools import groupby

from crypto.circle.device import LABEL_LONGEST
from crypto.circle.device import NAME_LONGEST as PERSON_LONGEST
from crypto.circle.errors import TextRefusedError
from crypto.circle.state import NAME_LONGEST as CIRCLE_LONGEST
from crypto.circle.state import TOPIC_LONGEST

MARKS_IN_A_ROW = 3
"""Combining marks that may follow each other; more only serve to climb out of the line."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Drawn as nothing, though Unicode counts them as letters, marks or symbols."""

_DIACRITICS = (
    range(0x0300, 0x0370),
    range(0x1AB0, 0x1B00),
    range(0x1DC0, 0x1E00),
    range(0x20D0, 0x2100),
    range(0xFE20, 0xFE30),
)


def person_name(text: str) -> str:
    """What somebody may be called: tidied, 1 to 64 bytes, or TextRefusedError."""
    return _tidy(text, 1, PERSON_LONGEST, "A name")


def device_label(text: str) -> str:
    """What a device may be called: tidied, at most 32 bytes, or TextRefusedError."""
    return _tidy(text, 0, LABEL_LONGEST, "A device's label")


def circle_name(text: str) -> str:
    """What a circle may be called: tidied, 1 to 64 bytes, or TextRefusedError."""
    return _tidy(text, 1, CIRCLE_LONGEST, "A circle's name")


def circle_topic(text: str) -> str:
    """What a circle's topic may be: tidied, at most 256 bytes, or TextRefusedError."""
    return _tidy(text, 0, TOPIC_LONGEST, "A topic")


def _tidy(text: str, shortest: int, longest: int, what: str) -> str:
    tidied = unicodedata.normalize("NFC", " ".join(text.split()))
    for character in tidied:
        # Cc, Cf, Cs, Co, Cn: control, format, surrogate, private, unassigned
        if unicodedata.category(character)[0] == "C" or character in _BLANK:
            raise TextRefusedError(
                f"{what} can't hold the character U+{ord(character):04X}, which shows as nothing "
                "or as something else. Leave it out."
            )
    if _most_marks(tidied) > MARKS_IN_A_ROW:
        raise TextRefusedError(
            f"{what} can't stack more than {MARKS_IN_A_ROW} marks on one letter. Use fewer."
        )
    length = len(tidied.encode())
    if length > longest:
        raise TextRefusedError(
            f"{what} has at most {longest} bytes, this one has {length}. Choose a shorter one."
        )
    if (shortest or tidied) and not any(_visible(character) for character in tidied):
        raise TextRefusedError(f"{what} needs at least one letter, digit or symbol.")
    return tidied


def _most_marks(text: str) -> int:
    marks = (unicodedata.category(character)[0] == "M" for character in text)
    return max((len(list(run)) for is_mark, run in groupby(marks) if is_mark), default=0)


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNS"


def imitates(name: str, others: Iterable[str]) -> str | None:
    """The first of the other names that this one could be taken for, or None."""
    exact, folded = skeletons(name)
    for other in others:
        other_exact, other_folded = skeletons(other)
        if exact == other_exact or folded == other_folded:
            return other
    return None


@lru_cache(maxsize=1024)
def skeletons(name: str) -> tuple[str, str]:
    """What is left of a name for an eye that does not look twice: with its case, and without.

    Two, because capital I looks like l while small i does not.
    """
    return _skeleton(name), _skeleton(name.casefold()).casefold()


def _skeleton(name: str) -> str:
    prototypes = _prototypes()
    looked_up = "".join(prototypes.get(character, character) for character in _bare(name))
    return looked_up or name


def _bare(name: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", name)
        if unicodedata.category(character)[0] not in "ZPC"
        and not any(ord(character) in block for block in _DIACRITICS)
    )


@cache
def _prototypes() -> dict[str, str]:
    """Each confusable character with what it looks like."""
    table = resources.files("crypto").joinpath("data", "confusables.tsv").read_text("utf-8")
    prototypes: dict[str, str] = {}
    for line in table.splitlines():
        prototype, lookalikes = line.split("\t")
        for character in lookalikes:
            prototypes[character] = prototype
    return prototypes
