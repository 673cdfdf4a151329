"""The abuse benchmark, once and quickly: every attacker comes to attack, and nobody is hurt."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from benchmarks.load.attackers import ATTACKS, Victim
from benchmarks.relay_abuse import MEMBERS, Measured
from crypto.access.binding import AccessKeyPair

pytestmark = pytest.mark.slow  # it starts a relay, and a process for each attacker

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.relay_abuse", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def test_all_of_it_quickly() -> None:
    done = bench("--quick")
    if done.returncode == 2:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    ratios = re.findall(r"^ratio (\w+) [\d.]+$", done.stdout, re.MULTILINE)
    assert ratios == list(ATTACKS)
    assert f"circles of {MEMBERS}, " in done.stdout
    assert "and lets others in afterwards" in done.stdout
    for name in ATTACKS:
        assert re.search(rf"^{name} .* ms .* MiB .* s +[\d,]+$", done.stdout, re.MULTILINE), name


def test_what_is_asked_for_has_to_be_there() -> None:
    done = bench("--only", "nobody")
    assert done.returncode == 2
    assert "there is no 'nobody'; there are: slow_reader," in done.stderr


def test_a_victim_is_handed_over_whole() -> None:
    rng = Random(1).randbytes
    one, two, three = (AccessKeyPair.generate(rng) for _ in range(3))
    victim = Victim(b"a" * 16, one, b"b" * 16, two, three, 7)
    again = Victim.decode(victim.encode())
    assert (again.circle, again.own_circle, again.n) == (b"a" * 16, b"b" * 16, 7)
    keys = (again.key, again.own_key, again.other_key)
    assert [key.public for key in keys] == [key.public for key in (one, two, three)]


def test_a_ratio_is_taken_within_its_round() -> None:
    measured = Measured([1.0, 10.0, 2.0], [2.0, 10.0, 8.0], [0, 0, 0], [0, 0, 0], [1, 1, 1])
    assert measured.ratio == 2.0
