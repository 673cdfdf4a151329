"""Links in what somebody wrote: found, and opened in the person's browser, never by themselves."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

_LINK = re.compile(r"https?://[!-~]+", re.ASCII)
_BEHIND = ".,;:!?'\")]}>*_"
MOST = 8
OPENERS = ("open",) if sys.platform == "darwin" else ("xdg-open", "gio", "wslview")
OPENERS_MISSING = "Nothing here opens a browser."


def links_of(text: str) -> list[str]:
    """The http and https links in a text, in their order, each once. ASCII alone: a letter that
    looks like another can't hide in one."""
    found: list[str] = []
    for match in _LINK.finditer(text):
        link = match.group().rstrip(_BEHIND)
        if link not in found and "://" in link and len(link) > len("https://"):
            found.append(link)
    return found[:MOST]


def open_link(link: str) -> bool:
    """Hand a link to the desktop; whether there is one that took it."""
    for name in OPENERS:
        tool = shutil.which(name)
        if tool is not None:
            words = [tool, "open", link] if name == "gio" else [tool, link]
            try:
                done = subprocess.run(  # noqa: S603  # a fixed list of tools; the link is one word
                    words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, timeout=10, check=False,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired):
                continue
            if done.returncode == 0:
                return True
    return False
