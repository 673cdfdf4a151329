"""The three formats, and what somebody might try in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser

import msgspec
import pytest
from markdown_it import MarkdownIt

from tests.tui.hostile import payloads
from tests.tui.keepsake.shelf import DONE, ROWS, keepsake, row
from tui.cli.printing import rfc3339, row_facts
from tui.engine.events import PollFacts, Quote, Reaction, Row, RowKind
from tui.keepsake.facts import facts
from tui.keepsake.markdown import markdown
from tui.keepsake.page import page

WRITTEN = """\
# Kitchen table

Soup

With Ana, Bo.

Ana kept this on Thursday, 5 March 2026. Times are local ones: CET (UTC+0100) on that day.

## Thursday, 5 March 2026

*23:58* Bo has come in.

**Ana** 23:59

> Soup on *Sunday*?
>
> - leek
> - potato

## Friday, 6 March 2026

**Ana** 00:00

> Or not

**Bo** 00:01

> Yes please

**Bo** 00:07

> and bread

**Cleo** 00:08 (passed on by Bo)

> We had lentils.

**Cleo** 00:09

> (a kind of message that this version does not know)

*00:10* **!** The relay has shown two conversations.

**Ana** 01:03 (not sent yet)

> still here?
"""

TEXTS = [payload.text for payload in payloads()]


def test_markdown() -> None:
    assert "".join(markdown(keepsake(), ROWS)) == WRITTEN


def test_code_stays_as_it_was_written() -> None:
    text = "`if a < b && c: x = d[0]`"
    assert f"> {text}\n" in "".join(markdown(keepsake(), [row(1, text)]))


@pytest.mark.parametrize("slashes", range(6))
@pytest.mark.parametrize("active", ["<script>x", "</p>", "<!--", "&lt;b>", "![x](http://y)"])
def test_what_is_escaped_already_is_not_undone(slashes: int, active: str) -> None:
    rows = [row(1, "\\" * slashes + active)]
    drawn = MarkdownIt("commonmark").render("".join(markdown(keepsake(), rows)))
    said = drawn.partition("<blockquote>")[2].partition("</blockquote>")[0]
    assert set(re.findall(r"</?(\w+)", said)) <= {"p", "a"} and "<!--" not in said
    assert "&amp;lt;" in said or "&lt;" not in active


def test_nobody_says_where_anothers_link_leads() -> None:
    rows = [row(1, "[Sunday]: http://elsewhere", "Mallory"), row(2, "on [Sunday]", "Ana")]
    drawn = MarkdownIt("commonmark").render("".join(markdown(keepsake(), rows)))
    assert "href" not in drawn and "on [Sunday]" in drawn


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.said: list[str] = []
        self._in: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        if tag not in ("meta", "link", "br"):
            self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._in.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._in and self._in[-1] in ("p", "span", "h1", "h2"):
            self.said.append(data)


def html(name: str, topic: str, people: tuple[str, ...], rows: list[Row]) -> str:
    return "".join(page(keepsake(name, topic, *people), rows))


def test_the_page_says_everything_once() -> None:
    written = Page("".join(page(keepsake(), ROWS)))
    assert written.tags["h1"] == 1 and written.tags["h2"] == 2
    assert written.tags["article"] == 7 and written.tags["script"] == 0
    for text in ("Soup on *Sunday*?\n\n- leek\n- potato", "Thursday, 5 March 2026", "Cleo"):
        assert text in written.said
    assert written.said.count("Bo") == 2, "above each of his runs"


@pytest.mark.parametrize("payload", [*TEXTS, *(f"</p>{x}" for x in ("<b>", "<!--", "]]>"))])
def test_nothing_that_is_said_becomes_the_page(payload: str) -> None:
    plain = Page(html("x", "x", ("x", "x"), [row(1, "x", "x"), row(2, "x", kind=RowKind.NOTICE)]))
    rows = [row(1, payload, payload), row(2, payload, kind=RowKind.NOTICE)]
    hostile = html(payload, payload, (payload, payload), rows)
    tried = Page(hostile)
    assert (tried.tags, tried.attributes) == (plain.tags, plain.attributes)
    assert not any(ord(each) < 32 and each != "\n" for each in hostile)


@pytest.mark.parametrize("payload", [*TEXTS, "![a](http://b)", "<b>x", "&lt;", "\n\n# Bo\n\n"])
def test_nothing_that_is_said_becomes_another_persons_words(payload: str) -> None:
    rows = [row(11, payload, payload), row(12, "x", "Bo"), row(13, payload, kind=RowKind.NOTICE)]
    written = "".join(markdown(keepsake(payload, payload, payload), rows))
    reading = MarkdownIt("commonmark")
    tokens = reading.parse(written)
    outside = [token for token in tokens if token.level == 0]
    assert [token.tag for token in outside if token.type == "heading_open"] == ["h1", "h2"], (
        "one day"
    )
    assert [token.type for token in outside].count("blockquote_open") == 2
    drawn = reading.render(written)
    assert "<img" not in drawn and "<b>" not in drawn and "<script" not in drawn


def test_json_has_what_read_prints() -> None:
    written = "".join(facts(keepsake(), ROWS, row_facts, rfc3339))
    kept = json.loads(written)
    assert kept["messages"] == [row_facts(each) for each in ROWS]
    assert kept["circle"]["name"] == "Kitchen table" and kept["keepsake"] == 1
    assert [each["name"] for each in kept["members"]] == ["Ana", "Bo"]
    assert json.loads("".join(facts(keepsake(), [], row_facts, rfc3339)))["messages"] == []
    assert written.isascii() and len(written.splitlines()) == len(ROWS) + 2


def test_every_format_has_what_was_done() -> None:
    drawn = "".join(markdown(keepsake(), DONE))
    for text in (
        "*in answer to Ana: still here?*\n\n> Yes.\n\n♥ Ana, Cleo, 👍 Bo\n",
        "> Bo waves\n",
        "> Where?\n\n1. here (Ana, Bo)\n2. there\n",
        "> When?\n\n1. now\n2. then\n",
    ):
        assert text in drawn
    written = Page("".join(page(keepsake(), DONE)))
    assert (written.tags["ol"], written.tags["li"]) == (2, 4)
    for text in ("in answer to Ana: still here?", "♥ Ana, Cleo", "Bo waves", "(Ana, Bo)"):
        assert text in written.said


@pytest.mark.parametrize("payload", TEXTS)
def test_nothing_that_is_done_becomes_the_page(payload: str) -> None:
    def rows(text: str) -> list[Row]:
        poll = PollFacts([text, "b"], False, [0], [[text], []])
        quote, marks = Quote(id="1", author=text, text=text), [Reaction(text, [text])]
        return [msgspec.structs.replace(row(1, "x"), reply=quote, reactions=marks, poll=poll)]

    plain, tried = (Page(html("x", "x", ("x",), rows(text))) for text in ("x", payload))
    assert (tried.tags, tried.attributes) == (plain.tags, plain.attributes)
    tokens = MarkdownIt("commonmark").parse("".join(markdown(keepsake(), rows(payload))))
    outside = [token.type for token in tokens if token.level == 0]
    assert [outside.count(each) for each in ("blockquote_open", "heading_open", "html_block")] == [
        1,
        2,
        0,
    ]
