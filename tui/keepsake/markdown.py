"""A keepsake as Markdown (CommonMark), to be read as it is or drawn.

What somebody said stands in a quotation under their name, so that no text can look as if another
person had said it. Its own Markdown is kept, but for what a reader of Markdown would take for HTML
or for an image that it has to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tui.engine.events import Row
from tui.keepsake.what import Keepsake, Said, said
from tui.safe_text import SafeText, sanitise_line

_SPECIAL = re.compile(r"[\\`*_\[\]<&|~#]|^[-+>=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
"""What may mean something in one line: a name, a topic, a notice."""

_ACTIVE = re.compile(
    r"(?<!\\)(?P<slashes>(?:\\\\)*)(?:<(?=[A-Za-z/!?])|&(?=[A-Za-z#])|!(?=\[))|(?<=\]):"
)
"""What begins HTML, an entity or an image and is not escaped as it stands, or says where a link
leads that somebody else wrote. The pairs of backslashes before it are each one in the text."""


def markdown(keepsake: Keepsake, rows: Iterable[Row]) -> Iterator[str]:
    """The file, piece by piece."""
    yield f"# {_plain(keepsake.name)}\n\n"
    if keepsake.topic:
        yield f"{_plain(keepsake.topic)}\n\n"
    if keepsake.members:
        yield f"With {_plain(keepsake.people())}.\n\n"
    yield f"{_plain(keepsake.made())}\n"
    for each in said(keepsake, rows):
        if each.day:
            yield f"\n## {each.day}\n"
        yield from _row(each)


def _row(each: Said) -> Iterator[str]:
    time = f"{each.at:%H:%M}"
    if not each.author:
        mark = "**!** " if each.warning else ""
        yield f"\n*{time}* {mark}{_plain(sanitise_line(' '.join(each.text.split())))}\n"
        return
    remark = f" ({_plain(each.remark)})" if each.remark else ""
    if each.named or each.remark:
        yield f"\n**{_plain(each.author)}** {time}{remark}\n\n"
    else:
        yield "\n<!-- -->\n\n"  # else two quotations in a row would be one
    if each.answers:
        yield f"*{_plain(each.answers)}*\n\n"
    for line in each.text.split("\n"):
        yield f"> {_ACTIVE.sub(_disarmed, line)}".rstrip() + "\n"
    if each.options:
        yield "\n"
    for number, (option, names) in enumerate(each.options, 1):
        yield f"{number}. {_plain(option)}{f' ({_plain(names)})' if names else ''}\n"
    if each.marks:
        yield "\n" + ", ".join(f"{what} {_plain(names)}" for what, names in each.marks) + "\n"


def _plain(text: SafeText) -> str:
    """One line in which nothing is Markdown."""
    return _SPECIAL.sub(_escaped, text.strip())


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[0]


def _disarmed(found: re.Match[str]) -> str:
    before = found["slashes"] or ""
    return before + "\\" + found[0].removeprefix(before)
