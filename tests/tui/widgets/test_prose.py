"""Markdown in messages: what is read, what looks otherwise, and what stays as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.safe_text import sanitise_block
from tui.widgets.code import COLOURED_MOST, LINE_MOST, colours
from tui.widgets.prose import FORMATTED_MOST, Face, Prose, read

CODE = 'def f(x):\n    return "a"  # why'


def prose(text: str) -> Prose:
    return read(sanitise_block(text))


def faced(text: str) -> list[tuple[str, str]]:
    """The parts of a text, each with its face."""
    made = prose(text)
    return [(made.text[start:end], face.name) for start, end, face in made.parts]


@pytest.mark.parametrize(
    ("written", "shown", "parts"),
    [
        ("so *kind*", "so kind", [("kind", "ITALIC")]),
        ("so _kind_!", "so kind!", [("kind", "ITALIC")]),
        ("**no**", "no", [("no", "BOLD")]),
        ("***no***", "no", [("no", "BOLD"), ("no", "ITALIC")]),
        ("~~old~~ new", "old new", [("old", "STRUCK")]),
        ("`a*b*`", "a*b*", [("a*b*", "CODE")]),
        ("*a `b`*", "a b", [("b", "CODE"), ("a b", "ITALIC")]),
        (r"\*a\*", "*a*", []),
        ("> she said *so*\nyes", "> she said so\nyes",
         [("> ", "MARKER"), ("so", "ITALIC"), ("she said so", "QUOTED")]),
        ("- one\n  2. **two**", "- one\n  2. two",
         [("- ", "MARKER"), ("  2. ", "MARKER"), ("two", "BOLD")]),
        ("* one", "* one", [("* ", "MARKER")]),
        ("```\na *b*\n```\nso", "a *b*\nso", [("a *b*", "CODE")]),
        ("~~~\na\n~~~", "a", [("a", "CODE")]),
        ("see:\n```\nnever closed", "see:\nnever closed", [("never closed", "CODE")]),
    ],
)  # fmt: skip
def test_marks_become_faces(written: str, shown: str, parts: list[tuple[str, str]]) -> None:
    assert prose(written).text == shown
    assert faced(written) == parts


@pytest.mark.parametrize(
    "text",
    [
        "nothing at all",
        "2*3*4 = 24",
        "a*b*c and snake_case_name and __init__ and 5 * 3 * 2",
        "**never closed",
        "*",
        "```",
        "```\n```",
        "C:\\Users\\ana",
        "[here](https://example.org) ![x](y) <b>bold</b> &amp;",
        "# 1 is not a heading",
        "    four   spaces * stay",
        "\n\n~",
    ],
)
def test_what_is_no_mark_stays(text: str) -> None:
    assert prose(text) == Prose(sanitise_block(text))


@pytest.mark.parametrize(
    "text",
    ["https://example.org/_a_b_/*x*/~~y~~ z", "*https://example.org/a_b_c* `x`"],
)
def test_links_stay_whole(text: str) -> None:
    link = text.strip("*").split("* ")[0].split(" ")[0]
    assert link in prose(text).text


def test_fenced_code_keeps_its_language() -> None:
    made = prose(f"so:\n```Python\n{CODE}\n```")
    assert [(made.text[start:end], language) for start, end, language in made.code] == [
        (CODE, "python")
    ]
    assert prose("```\nx\n```").code == ()
    moved = made.moved(3, sanitise_block(f"Bo {made.text}"))
    assert moved.text[moved.code[0][0] : moved.code[0][1]] == CODE


def test_code_has_colours_where_its_language_is_known() -> None:
    faces = {CODE[start:end]: face for start, end, face in colours(CODE, "python")}
    assert faces["def"] is faces["return"] is Face.KEYWORD
    assert faces["f"] is Face.NAME
    assert faces["# why"] is Face.COMMENT
    assert colours(CODE, "klingon") == ()


def test_code_that_would_take_long_has_no_colours() -> None:
    assert colours("1\n" * (COLOURED_MOST // 2), "py")
    assert colours("1\n" * COLOURED_MOST, "py") == ()
    assert colours("1" * (LINE_MOST + 1), "py") == ()


def test_of_a_long_message_only_the_beginning_is_looked_at() -> None:
    text = "**a** " + "x" * FORMATTED_MOST + " **b**"
    made = prose(text)
    assert made.text.startswith("a x")
    assert made.text.endswith("x **b**")


ODD = st.text(
    st.sampled_from("*_~`\\> -1.a\n \x01#[]()<>&:/htps\u0301\u200d\N{FAMILY}é"), max_size=80
)


@given(ODD)
def test_whatever_is_written_nothing_but_marks_gets_lost(text: str) -> None:
    written = sanitise_block(text)
    made = read(written)
    assert sanitise_block(made.text) == made.text
    kept = [sign for sign in written if sign not in "*_~`\\"]
    shown = [sign for sign in made.text if sign not in "*_~`\\"]
    if "```" not in written and "~~~" not in written:
        assert shown == kept
    assert all(0 <= start < end <= len(made.text) for start, end, _ in made.parts)
    assert all(isinstance(face, Face) for *_, face in made.parts)
