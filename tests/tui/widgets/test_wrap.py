"""Breaking lines."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len, split_graphemes

from tui.safe_text import sanitise_block
from tui.widgets.wrap import wrap

anything = st.text(alphabet=st.sampled_from("ab c,.  \n天見，。é\u0301👍🏽❤\ufe0f")) | st.text()


def pieces(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, width)]


def test_short_lines_stay_whole() -> None:
    assert pieces("", 10) == [""]
    assert pieces("0123456789", 10) == ["0123456789"]
    assert pieces("one\n\ntwo", 10) == ["one", "", "two"]


def test_lines_break_at_spaces() -> None:
    assert pieces("the boat leaves", 8) == ["the boat ", "leaves"]
    assert pieces("the boat   leaves", 8) == ["the boat   ", "leaves"]
    assert pieces("é boat leaves", 6) == ["é boat ", "leaves"]


def test_long_words_are_cut() -> None:
    assert pieces("a verylongword b", 6) == ["a ", "verylo", "ngword ", "b"]


def test_wide_characters_take_two_cells_and_part_anywhere() -> None:
    assert pieces("太好了明天見", 6) == ["太好了", "明天見"]
    assert pieces("ab太好了", 5) == ["ab太", "好了"]


def test_closing_marks_do_not_begin_a_line() -> None:
    assert pieces("太好了，明天", 6) == ["太好", "了，明", "天"]


def test_clusters_are_never_split() -> None:
    flag = "❤\ufe0f"
    assert pieces(flag * 4, 4) == [flag * 2, flag * 2]
    assert pieces("e\u0301" * 6, 3) == ["e\u0301" * 3] * 2


def test_a_mark_begins_a_line_where_it_would_not_fit_otherwise() -> None:
    assert pieces("a👍，", 3) == ["a", "👍", "，"]


@given(anything, st.integers(2, 30))
@example("a👍，", 3)
def test_every_line_fits_and_nothing_is_lost(text: str, width: int) -> None:
    safe = sanitise_block(text)
    spans = wrap(safe, width)
    for start, end in spans:
        line = safe[start:end]
        assert "\n" not in line
        widest = max((cells for _, _, cells in split_graphemes(line)[0]), default=0)
        assert cell_len(line.rstrip(" ")) <= max(width, widest)
    assert "".join(safe[start:end] for start, end in spans) == safe.replace("\n", "")
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@given(st.text(alphabet="ab "), st.integers(2, 12))
def test_as_few_lines_as_fit(text: str, width: int) -> None:
    """A line ends only where the next word would not fit any more."""
    for (start, end), (_, next_end) in zip(wrap(text, width), wrap(text, width)[1:], strict=False):
        word = text[end:next_end].split(" ", 1)[0]
        assert (end - start) + len(word) > width
