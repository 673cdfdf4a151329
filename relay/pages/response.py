"""A page as it is sent: status, bytes, and the headers that keep a browser from doing more.

Every page says what a browser may do with it, and that is nothing: no script, nothing from
elsewhere, no frame, no address handed on. A page that brings its own style names the style's hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

NOT_KEPT = "no-store"
AN_HOUR = "public, max-age=3600"

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Robots-Tag", "noindex"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a GET is answered with. `style` is what its CSP allows of styles, as `'sha256-…'`."""

    status: HTTPStatus
    text: str
    kind: str = TEXT
    kept: str = NOT_KEPT
    style: str = ""

    def headers(self) -> Iterator[tuple[str, str]]:
        """The headers that are this page's own."""
        yield "Content-Type", self.kind
        yield "Cache-Control", self.kept
        yield from guards(self.style)


def guards(style: str = "") -> Iterator[tuple[str, str]]:
    """The headers that every answer has which is not a websocket's."""
    styles = f"; style-src {style}" if style else ""
    yield "Content-Security-Policy", _NOTHING + styles
    yield from _ALWAYS


NOT_FOUND = Page(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
ALIVE = Page(HTTPStatus.OK, "alive\n")
NOT_READY = Page(HTTPStatus.SERVICE_UNAVAILABLE, "not ready\n")


def ready(remark: str) -> Page:
    """The relay takes sockets; and what its operator should hear of it."""
    return Page(HTTPStatus.OK, "ready\n" + (f"{remark}\n" if remark else ""))


def metrics(text: str) -> Page:
    """The counts, for Prometheus."""
    return Page(HTTPStatus.OK, text, "text/plain; version=0.0.4; charset=utf-8")


def facts(about: Mapping[str, object]) -> Page:
    """What a program asks for."""
    return Page(HTTPStatus.OK, json.dumps(about) + "\n", "application/json")
