"""The page that the tables of frames, bounds and refusals have to agree with."""

from __future__ import annotations

from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs/protocol.md").read_text(encoding="utf-8")


def section(number: str) -> str:
    """One section of docs/protocol.md."""
    start = PAGE.index(f"### {number} ")
    return PAGE[start : PAGE.index("### ", start + 4)]
