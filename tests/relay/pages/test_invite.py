"""The page behind an invite link: what it says, and what it can't do."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from relay.pages import invite
from relay.pages.response import HTML


class Reader(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_says_what_the_link_is_and_what_to_do_with_it() -> None:
    page = invite.page("")
    text = " ".join(Reader(page.text).text.split())
    for said in (
        "The link that you opened is an invite",
        "Python 3.11 or newer",
        "In a terminal type ./hallway join, and paste the link",
        "with everything behind the #",
        "Whoever sent you the link can tell you where they have it from",
    ):
        assert said in text


def test_nothing_on_it_runs_or_comes_from_elsewhere() -> None:
    page = invite.page("https://example.org/hallway")
    reader = Reader(page.text)
    assert reader.open == []
    assert set(reader.tags).isdisjoint({"script", "img", "link", "iframe", "form", "base"})
    assert not any(name.startswith("on") or name == "style" for name, _ in reader.attributes)
    away = [value for name, value in reader.attributes if name in ("href", "src")]
    assert away == ["https://example.org/hallway"]


def test_its_own_style_is_all_that_the_browser_may_use() -> None:
    page = invite.page("")
    found = re.search(r"<style>(.*)</style>", page.text, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    policy = dict(page.headers())["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        f" style-src 'sha256-{digest}'"
    )
    assert "url(" not in found[1] and "@import" not in found[1]


def test_an_operators_address_is_text_and_nothing_else() -> None:
    page = invite.page('https://example.org/"><script>alert(1)</script>')
    assert "<script>" not in page.text
    assert "script" not in Reader(page.text).tags


def test_it_is_html_that_may_be_kept_for_an_hour() -> None:
    headers = dict(invite.page("").headers())
    assert headers["Content-Type"] == HTML
    assert headers["Cache-Control"] == "public, max-age=3600"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
