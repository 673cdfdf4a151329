"""`/i`: what somebody sees who opens an invite link in a browser.

The link's secret stands behind its `#`, and no browser sends that. The page is the same for
everybody, has no script that could read the address, and asks nothing of anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from http import HTTPStatus

from relay.pages.response import AN_HOUR, HTML, Page

_STYLE = """\
:root { color-scheme: light dark; }
body { max-width: 38rem; margin: 3rem auto; padding: 0 1.25rem;
  font: 1.05rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; }
li { margin: 0 0 1rem; }
code { font-family: ui-monospace, monospace; padding: .1em .3em; border-radius: .3em;
  background: #8882; }
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>An invitation to Hallway</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Somebody has invited you into their circle</h1>
<p>The link that you opened is an invite. With it you can come into a small circle of people who
talk with each other in <strong>Hallway</strong>, a chat for the terminal. What they say is
encrypted between their devices; this machine carries it and can't read it.</p>
<h2>How to come in</h2>
<ol>
<li>Get Hallway{install}. It runs on Linux and macOS, needs Python 3.11 or newer, and no account
or telephone number. In its folder, <code>./hallway</code> starts it; the first time it prepares
itself.</li>
<li>Copy the <strong>whole link</strong> from your browser's address bar, with everything behind the
<code>#</code>.</li>
<li>In a terminal type <code>./hallway join</code>, and paste the link when it asks for the code.
(Or start <code>./hallway</code> and choose <em>I have a code</em>.) You are shown who invites you
and who is in before you come in.</li>
</ol>
<h2>About the link</h2>
<p>The part behind the <code>#</code> is the key. Your browser keeps it to itself: it was not sent
here, and Hallway keeps no record of who opens this page. Whoever has the link can come in as long
as it is good, so pass it on to nobody. If you did not expect it, ask the person whom you have it
from, by some other way.</p>
</main>
</body>
</html>
"""


def page(install: str) -> Page:
    """The page. `install` is the address where Hallway can be had, or empty."""
    where = ". Whoever sent you the link can tell you where they have it from"
    if install:
        where = f' from <a href="{escape(install)}" rel="noreferrer">{escape(install)}</a>'
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    text = _PAGE.format(style=_STYLE, install=where)
    return Page(HTTPStatus.OK, text, HTML, AN_HOUR, f"'sha256-{digest}'")
