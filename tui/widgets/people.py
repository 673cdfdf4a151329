"""Who is in a circle, and who let them in."""

from __future__ import annotations

from textual.content import Content

from tui.engine.events import MemberFacts
from tui.glyphs import Glyphs
from tui.safe_text import sanitise_line
from tui.themes import hue

WHERE = {"here": "here", "writing": "writing\N{HORIZONTAL ELLIPSIS}", "away": "away"}
"""What is said of where somebody is, in a circle that wants it shown."""


def people(members: list[MemberFacts], glyphs: Glyphs) -> Content:
    """A few lines a member: the name, what they are here, and on whose word they came in."""
    return Content("\n").join(_member(member, glyphs) for member in members)


def _member(member: MemberFacts, glyphs: Glyphs) -> Content:
    how = _how(member)
    if member.verified:
        how.append(f"{glyphs.verified} verified")
    if len(member.devices) > 1:
        labels = ", ".join(sanitise_line(label) for label in member.devices if label)
        how.append(f"{len(member.devices)} devices" + (f": {labels}" if labels else ""))
    if member.new_device:
        how.append(f"{glyphs.new_device} new device, not verified")
    notes = [note for note, holds in (("you", member.me), ("host", member.host)) if holds]
    notes += [WHERE[member.here]] if member.here in WHERE and not member.me else []
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
