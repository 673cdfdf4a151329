"""A run: the tests of a mutant, verdicts that hold, and real mutants in real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.running import Coverage, Run, Verdict
from tests.mutation.source import CHECKOUT, Module, Mutant
from tests.mutation.worker import Job

SOURCE = b"LIMIT = 1\n\ndef f(a):\n    return a + LIMIT\n"
OWN = "tests/crypto/mls/test_a.py"
MEASURED: dict[str, Any] = {
    "tests": ["tests/crypto/test_b.py::x", f"{OWN}::slow", f"{OWN}::quick", f"{OWN}::elsewhere"],
    "seconds": {
        "tests/crypto/test_b.py::x": 0.1,
        f"{OWN}::slow": 3.0,
        f"{OWN}::quick": 1.0,
        f"{OWN}::elsewhere": 5.0,
    },
    "lines": {"crypto/mls/a.py": {"1": [], "3": [], "4": [0, 1, 2]}},
}


def mutant(before: str, after: str, source: bytes = SOURCE) -> Mutant:
    module = Module("crypto/mls/a.py", source)
    (place,) = (p for p in module.places if module.mutant(p, "").before == before)
    return module.mutant(place, after)


class TestCovering:
    def test_own_tests_come_first_and_quick_ones_before_slow(self) -> None:
        assert Coverage(MEASURED).tests_of(mutant("a + LIMIT", "a")) == [
            f"{OWN}::quick",
            f"{OWN}::slow",
            f"{OWN}::elsewhere",
            "tests/crypto/test_b.py::x",
        ]

    def test_what_runs_at_import_is_everybodys(self) -> None:
        assert sorted(Coverage(MEASURED).tests_of(mutant("1", "2"))) == sorted(MEASURED["tests"])

    def test_what_never_runs_has_no_tests(self) -> None:
        measured = MEASURED | {"lines": {}}
        assert Coverage(measured).tests_of(mutant("a + LIMIT", "a")) == []

    def test_seconds_add_up(self) -> None:
        assert Coverage(MEASURED).seconds_of([f"{OWN}::slow", f"{OWN}::quick"]) == 4.0


class TestVerdicts:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "crypto" / "mls").mkdir(parents=True)
        (tmp_path / "crypto" / "mls" / "a.py").write_bytes(SOURCE)
        return tmp_path

    def run(self, folder: Path, tests: str = "digest") -> Run:
        return Run(folder, Coverage(MEASURED), tests, folder)

    @pytest.mark.parametrize("verdict", ["killed", "timeout", "survived", "uncovered"])
    def test_hold_for_the_same_code_and_tests(self, folder: Path, verdict: str) -> None:
        one = Verdict(mutant("a + LIMIT", "a - LIMIT"), verdict, "a test", 1.5)
        assert self.run(folder).known(one.mutant) is None
        self.run(folder).store(one)
        assert self.run(folder).known(one.mutant) == one
        assert self.run(folder).known(mutant("a + LIMIT", "a")) is None

    def test_end_with_what_they_depend_on(self, folder: Path) -> None:
        test = folder / OWN
        test.parent.mkdir(parents=True)
        test.write_text("a test")
        killed = Verdict(mutant("a + LIMIT", "a - LIMIT"), "killed", f"{OWN}::quick", 1.5)
        survived = Verdict(mutant("a + LIMIT", "a"), "survived", "", 1.5)
        for verdict in (killed, survived):
            self.run(folder).store(verdict)
        other = self.run(folder, "other tests")
        assert (other.known(killed.mutant), other.known(survived.mutant)) == (killed, None)
        test.write_text("another test")
        assert other.known(killed.mutant) is None
        test.write_text("a test")
        assert other.known(killed.mutant) == killed
        (folder / "crypto" / "mls" / "a.py").write_bytes(SOURCE + b"\n")
        assert self.run(folder).known(killed.mutant) is None

    def test_survive_a_line_that_was_cut_short(self, folder: Path) -> None:
        one = Verdict(mutant("a + LIMIT", "a"), "killed", "a test", 1.5)
        self.run(folder).store(one)
        file = folder / "verdicts.jsonl"
        file.write_text(file.read_text() + '{"mutant": "crypto/m')
        assert self.run(folder).known(one.mutant) == one

    def test_a_job_has_time_enough(self, folder: Path) -> None:
        job = self.run(folder).job(mutant("a + LIMIT", "a"))
        assert job.source == "LIMIT = 1\n\ndef f(a):\n    return (a)\n"
        assert job.seconds > 4 * 9.1
        assert job.path == "crypto/mls/a.py"


def attempts(*jobs: Job) -> list[dict[str, Any]]:
    """What a worker in this checkout says to some jobs."""
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.worker"],
        cwd=CHECKOUT,
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_a_worker_tells_what_became_of_each_mutant() -> None:
    path = "crypto/mls/tree_math.py"
    source = (CHECKOUT / path).read_text("utf-8")
    test = "tests/crypto/mls/test_tree_math.py::test_what_does_not_exist_is_the_callers_mistake"
    wrong = source.replace("    if is_leaf(node):\n        raise", "    if False:\n        raise")
    assert wrong != source
    verdicts = attempts(
        Job(path, source, [test], 60.0),
        Job(path, wrong, [test], 60.0),
        Job(path, "while True: pass", [test], 1.0),
        Job(path, "import os; os.abort()", [test], 60.0),
    )
    said = [(verdict["verdict"], verdict["by"]) for verdict in verdicts]
    assert said == [
        ("survived", ""),
        ("killed", test),
        ("timeout", ""),
        ("killed", "the process died"),
    ]
