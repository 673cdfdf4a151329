"""Labels, and what they say beside them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content

from tests.tui.brisk import Brisk, until
from tests.tui.screen_text import screen_text
from tui.widgets.columns import Columns, columns

PAIRS = [
    (Content("before"), Content("You will see nothing of what was said before you came in.")),
    (Content("door"), Content("open")),
]


def lines(width: int) -> list[str]:
    return [line.plain.rstrip() for line in columns(PAIRS, 8, width)]


def test_what_is_long_wraps_in_its_own_column() -> None:
    assert lines(80) == ["before  " + PAIRS[0][1].plain, "door    open"]
    assert lines(40) == [
        "before  You will see nothing of what was",
        "        said before you came in.",
        "door    open",
    ]
    assert max(map(len, lines(1))) == 16


def test_styles_stay_with_their_words() -> None:
    (line,) = columns([(Content.styled("a", "bold"), Content("b c").stylize("italic", 2))], 4, 20)
    assert [(span.start, span.end, span.style) for span in line.spans] == [
        (0, 1, "bold"),
        (6, 7, "italic"),
    ]


class Page(Brisk):
    def compose(self) -> ComposeResult:
        yield Columns(PAIRS, label=8)


async def test_it_is_as_high_as_it_has_to_be() -> None:
    app = Page()
    async with app.run_test(size=(40, 12)) as pilot:
        shown = app.query_one(Columns)
        await until(pilot, lambda: screen_text(app).startswith("\n".join(lines(40))))
        assert shown.size.height == 3
        await pilot.resize_terminal(80, 12)
        await until(pilot, lambda: screen_text(app).startswith("\n".join(lines(80))))
        assert shown.size.height == 2
        shown.show(PAIRS[1:])
        await until(pilot, lambda: shown.size.height == 1)
        assert screen_text(app).startswith("door    open\n\n")
