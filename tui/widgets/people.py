"""Who is in a circle, and who let them in."""

from __future__ import annotations

from textual.content import Content

from tui.engine.events import MemberFacts
from tui.safe_text import sanitise_line
from tui.themes import hue


def people(members: list[MemberFacts]) -> Content:
    """Two lines a member: the name with what they are here, and on whose word they came in."""
    return Content("\n").join(_member(member) for member in members)


def _member(member: MemberFacts) -> Content:
    notes = [note for note, holds in (("you", member.me), ("host", member.host)) if holds]
    first = Content.assemble(
        (sanitise_line(member.name), f"bold {hue(member.hue)}"),
        ("  " + ", ".join(notes) if notes else "", "$muted"),
    )
    how = _how(member)
    return first if not how else Content.assemble(first, "\n", (f"  {how}", "$muted"))


def _how(member: MemberFacts) -> str:
    invited, admitted = sanitise_line(member.invited_by), sanitise_line(member.admitted_by)
    if not invited:
        return ""
    if not admitted or admitted == invited:
        return f"on {invited}'s code"
    return f"on {invited}'s code, let in by {admitted}"
