"""`hallway doctor`: a whole round trip, and what it says when something is wrong."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.machine import COMMAND, Machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_all_steps_are_done_and_no_profile_is_touched(computer: Machine) -> None:
    ana = computer.person("Ana")
    done = ana.does("doctor")
    lines = done.out.splitlines()
    assert len(lines) == 10
    assert all(line.startswith("ok ") and " s  " in line for line in lines[:-1])
    assert lines[-1].startswith("Hallway works on this machine.")
    for step in ("spoken code", "sealed code", "removes", "killed", "all read the same"):
        assert step in done.out
    assert not ana.home.exists()
    assert not computer.relay_home.exists()


def test_scripts_have_it_in_json(computer: Machine) -> None:
    lines = computer.person("Ana").does("doctor", "--json").lines()
    assert len(lines) == 9
    assert all(line.keys() == {"step", "ok", "seconds", "problem"} for line in lines)
    assert all(line["ok"] and not line["problem"] for line in lines)


def test_what_is_wrong_is_a_sentence(computer: Machine) -> None:
    """Nothing can be written: not even the folder can be had."""
    ana = computer.person("Ana")
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *COMMAND, "doctor"],
        env=ana.environ,
        cwd=computer.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("No folder can be had for what is tried")
    assert done.stderr.count("\n") == 1
