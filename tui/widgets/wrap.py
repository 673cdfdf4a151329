"""Breaking text into lines of so many cells, as spans of the text itself.

Spans keep offsets true: what is selected, linked or coloured is said in characters of the text,
however it is broken. Lines break at spaces, beside wide characters (as Chinese and Japanese do),
and inside a word only where it is wider than a line. Clusters are never split.
"""

from __future__ import annotations

from rich.cells import split_graphemes

Span = tuple[int, int]

# Marks of Chinese and Japanese that don't begin a line.
_NO_START = frozenset("，。、！？；：）」』】》〉〕”’…ー～,.!?;:)]}")


def wrap(text: str, width: int) -> list[Span]:
    """The lines of a text as (start, end), at least one; trailing spaces may hang over."""
    lines: list[Span] = []
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if len(line) <= width and line.isascii():
            lines.append((start, end))
        else:
            lines += _wrap_line(line, start, max(1, width))
        start = end + 1
    return lines


def _wrap_line(line: str, offset: int, width: int) -> list[Span]:
    clusters = _clusters(line)
    lines: list[Span] = []
    start = used = 0
    break_at = since = 0  # where the line may end, and the cells that stand after that place
    before = " "
    was_wide = False
    for begin, _, cells in clusters:
        character = line[begin]
        is_wide = cells == 2
        if before == " " != character or (
            (is_wide or was_wide) and character != " " and character not in _NO_START
        ):
            break_at, since = begin, 0
        # Twice where even what is kept with a mark that begins no line is too wide beside it.
        while used + cells > width and character != " " and used:
            if break_at <= start:
                break_at, since = begin, 0
            lines.append((offset + start, offset + break_at))
            start, used = break_at, since
        used += cells
        since += cells
        before, was_wide = character, is_wide
    lines.append((offset + start, offset + len(line)))
    return lines


def _clusters(line: str) -> list[tuple[int, int, int]]:
    if line.isascii():
        return [(at, at + 1, 1) for at in range(len(line))]
    return split_graphemes(line)[0]
