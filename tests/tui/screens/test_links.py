"""Links in messages."""

from __future__ import annotations

import pytest

from tui.screens.links import MOST, links_of


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.example/x?y=1#z.", ["https://a.example/x?y=1#z"]),
        ("(http://a.example), <https://b.example>", ["http://a.example", "https://b.example"]),
        ("https://a.example https://a.example", ["https://a.example"]),
        ("javascript:alert(1) file:///etc/passwd ftp://a", []),
        ("https:// http://", []),
        ("https://ex\u0430mple.com", ["https://ex"]),
        ("https://a.example/\x1b[31m", ["https://a.example/"]),
    ],
)
def test_what_is_a_link(text: str, links: list[str]) -> None:
    assert links_of(text) == links


def test_there_are_not_too_many() -> None:
    assert len(links_of(" ".join(f"https://a.example/{n}" for n in range(50)))) == MOST
