"""The relay at all sizes, small: the whole run goes through, and says what it is to say."""

from __future__ import annotations

import subprocess
import sys
from math import isfinite
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import relay_scale
from benchmarks.load.plot import Panel, svg

pytestmark = pytest.mark.slow

ROOT = Path(relay_scale.__file__).parents[1]


def test_a_quick_run_has_every_ratio_and_writes_the_page(tmp_path: Path) -> None:
    page = tmp_path / relay_scale.PAGE
    begins, ends = relay_scale.MARKS
    page.write_text(f"before\n{begins}old\n{ends}after\n")
    done = subprocess.run(
        (sys.executable, "benchmarks/relay_scale.py", "--quick", "--plot", tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == 2:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    ratios = [line.split() for line in done.stdout.splitlines() if line.startswith("ratio ")]
    names = [name for _, name, _ in ratios]
    assert [name for name in names if name != "idle_memory_nats"] == [
        "idle_memory_bare",
        "reconnect_seconds",
        "cost_circles",
        "cost_entries",
    ]
    measured = {name: float(value) for _, name, value in ratios}
    # In so short a run one tick of the clock of the processor outweighs what is measured.
    assert all(isfinite(value) for value in measured.values())
    written = page.read_text()
    assert written.startswith(f"before\n{begins}\n| idle connections (36) |")
    assert written.endswith(f"|\n\n{ends}after\n") and "old" not in written
    assert (tmp_path / relay_scale.PLOT).read_text().endswith("</svg>\n")


def test_a_plot_has_each_point_where_its_size_says() -> None:
    points = [(10, 50.0), (100, 60.0), (1000, 50.0)]
    drawn = ElementTree.fromstring(svg([Panel("cost", "circles", points)], "µs"))  # noqa: S314
    dots = [each for each in drawn.iter() if each.tag.endswith("circle")]
    xs, ys = ([float(dot.attrib[name]) for dot in dots] for name in ("cx", "cy"))
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2), "a scale of powers"
    assert ys[0] == ys[2] > ys[1], "more is higher"
    texts = [each.text for each in drawn.iter() if each.tag.endswith("text")]
    assert {"50", "60", "1,000", "circles", "cost"} <= set(texts)
