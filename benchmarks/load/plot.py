"""A plot as SVG: lines over a scale of powers of ten, readable on light and on dark ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 36, 40, 44
INSET = 18
"""Between the values' scale and the first point, so that its label has room."""

STYLE = """
    text { font: 12px system-ui, sans-serif; fill: #4a4238; }
    .title { font-weight: bold; }
    .grid { stroke: #ddd3c3; }
    .line { stroke: #a14a16; stroke-width: 2; fill: none; }
    .dot { fill: #a14a16; }
    .ground { fill: #fbf8f3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #d6dae3; }
      .grid { stroke: #2a2f39; }
      .line { stroke: #e8a86b; }
      .dot { fill: #e8a86b; }
      .ground { fill: #16191f; }
    }
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One line: its title, what lies along the scale, and (size, value) of each point."""

    title: str
    along: str
    points: Sequence[tuple[int, float]]


def svg(panels: Sequence[Panel], unit: str) -> str:
    """The panels side by side, with one scale for their values, which begins at nought."""
    most = 1.25 * max(value for panel in panels for _, value in panel.points)
    width = WIDTH * len(panels)
    drawn = "".join(
        f'  <g transform="translate({WIDTH * number} 0)">\n{_panel(panel, most, unit)}  </g>\n'
        for number, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}"'
        f' width="{width}" height="{HEIGHT}" role="img">\n'
        f"  <title>{'; '.join(panel.title for panel in panels)}</title>\n"
        f"  <style>{STYLE}  </style>\n"
        f'  <rect class="ground" width="{width}" height="{HEIGHT}" rx="8"/>\n{drawn}</svg>\n'
    )


def _panel(panel: Panel, most: float, unit: str) -> str:
    low, high = (math.log10(end(size for size, _ in panel.points)) for end in (min, max))

    def across(size: float) -> float:
        width = WIDTH - LEFT - INSET - RIGHT
        return LEFT + INSET + (math.log10(size) - low) / (high - low or 1) * width

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)

    lines = [f'<text class="title" x="{LEFT}" y="24">{panel.title}</text>']
    step = 10 ** math.floor(math.log10(most))
    step /= 1 if most / step > 4 else 2 if most / step > 2 else 5
    for mark in range(int(most / step) + 1):
        y = up(mark * step)
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        label = f"{mark * step:g}{' ' + unit if mark == 0 else ''}"
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    places = [(across(size), up(value)) for size, value in panel.points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    lines.append(f'<path class="line" d="M{path}"/>')
    for (x, y), (size, value) in zip(places, panel.points, strict=True):
        lines.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
        lines.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{value:.3g}</text>')
        under = HEIGHT - BOTTOM + 18
        lines.append(f'<text x="{x:.1f}" y="{under}" text-anchor="middle">{size:,}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{panel.along}</text>')
    return "".join(f"    {line}\n" for line in lines)
