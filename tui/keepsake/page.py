"""A keepsake as one page of HTML: no script, nothing that is fetched, everything escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from tui.engine.events import Row
from tui.keepsake.what import Keepsake, said


def page(keepsake: Keepsake, rows: Iterable[Row]) -> Iterator[str]:
    """The file, piece by piece."""
    template, style, digest = _template()
    yield from template.generate(
        {"keepsake": keepsake, "said": said(keepsake, rows), "style": style, "digest": digest}
    )


@cache
def _template() -> tuple[Template, Markup, str]:
    """The template, its style sheet, and the hash of that for the page's own policy."""
    folder = resources.files("tui.keepsake")
    style = (folder / "page.css").read_text("utf-8")
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((folder / "page.html").read_text("utf-8"))
    # The only markup that is not the template's; no one's words are in it.
    return template, Markup(style), digest  # noqa: S704
