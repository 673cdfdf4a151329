"""Several relays beside one, briefly: the run goes through, over one file too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import relay_workers

pytestmark = pytest.mark.slow

ROOT = Path(relay_workers.__file__).parents[1]


def test_a_brief_run_compares_them() -> None:
    done = subprocess.run(
        (sys.executable, "benchmarks/relay_workers.py", "--rounds", "1", "--slice", "0.1"),
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
    assert [name for _, name, _ in ratios] == ["workers_one_store", "workers_two_stores"]
    assert all(float(value) > 0 for _, _, value in ratios)
