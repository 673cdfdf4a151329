"""A keepsake as one page of HTML: no script, nothing that is fetched, everything escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib import resources

from minijinja import Environment, safe

from tui.engine.events import Row
from tui.keepsake.what import Keepsake, said

PAGE = "page.html"
"""By its name the template engine knows that everything is to be escaped."""


def page(keepsake: Keepsake, rows: Iterable[Row]) -> Iterator[str]:
    """The file, piece by piece."""
    environment, style, digest = _environment()
    yield environment.render_template(
        PAGE,
        keepsake=keepsake,
        said=said(keepsake, rows),
        # The only markup that is not the template's; no one's words are in it.
        style=safe(style),
        digest=digest,
    )


@cache
def _environment() -> tuple[Environment, str, str]:
    """The template, its style sheet, and the hash of that for the page's own policy."""
    folder = resources.files("tui.keepsake")
    style = (folder / "page.css").read_text("utf-8")
    environment = Environment(
        templates={PAGE: (folder / PAGE).read_text("utf-8")},
        undefined_behavior="strict",
        trim_blocks=True,
        lstrip_blocks=True,
        debug=False,
    )
    return environment, style, base64.b64encode(sha256(style.encode()).digest()).decode()
