"""Who is in a circle, and who let them in."""

from __future__ import annotations

from textual.content import Content

from tui.engine.events import MemberFacts
from tui.safe_text import sanitise_line
from tui.themes import hue


def people(members: list[MemberFacts]) -> Content:
    """A few lines a member: the name, what they are here, and on whose word they came in."""
    return Content("\n").join(_member(member) for member in members)


def _member(member: MemberFacts) -> Content:
    how = _how(member)
    notes = [note for note, holds in (("you", member.me), ("host", member.host)) if holds]
    first = Content.assemble(
        (sanitise_line(member.name), f"bold {hue(member.hue)}"),
        ("  " + ", ".join(notes) if notes else "", "$muted"),
    )
    return Content("\n").join([first, *(Content.styled(f"  {line}", "$muted") for line in how)])


def _how(member: MemberFacts) -> list[str]:
    invited, admitted = sanitise_line(member.invited_by), sanitise_line(member.admitted_by)
    if not invited:
        return []
    if not admitted or admitted == invited:
        return [f"on {invited}'s code"]
    return [f"on {invited}'s code", f"let in by {admitted}"]
