"""A run: which tests see a mutant, what has been found out already, and what is left to try.

Verdicts are lines of JSON in a file that is not tracked. A mutant that was killed stays so as long
as its module and the file of the test that saw it are the same; every other verdict holds as long
as all modules and tests are.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.source import CHECKOUT, Module, Mutant, load
from tests.mutation.worker import TESTS, Job

FOLDER = CHECKOUT / ".mutation"
COPIED = ("crypto", "docs", "relay", "tests", "tui", "pyproject.toml", "README.md", "CHANGELOG.md")
PATIENCE = 20.0  # seconds, beside four times what the tests take unchanged


class TestsFailedError(Exception):
    """The tests do not pass as they are, so they can say nothing of mutants."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant; `by` is the test that failed, `seconds` what it took."""

    mutant: Mutant
    verdict: str
    by: str
    seconds: float

    @property
    def killed(self) -> bool:
        """A mutant that never comes to an end is seen as well as one that fails a test."""
        return self.verdict in {"killed", "timeout"}


class Coverage:
    """Which tests run which lines, and how long each takes."""

    def __init__(self, measured: dict[str, Any]) -> None:
        self._tests: list[str] = measured["tests"]
        self._seconds: dict[str, float] = measured["seconds"]
        self._lines: dict[str, dict[str, list[int]]] = measured["lines"]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests for a mutant: its module's own first, the quick before the slow.

        What runs as its module is imported is everybody's; else it is those that run a line of it,
        and the module's own, where what a line does may have been done for several at once.
        """
        module = Path(mutant.path)
        own = (Path(TESTS) / Path(*module.parts[1:-1]) / f"test_{module.name}").as_posix()
        lines = self._lines.get(mutant.path, {})
        running = {self._tests[n] for line in mutant.lines for n in lines.get(str(line), ())}
        if not running and any(str(line) in lines for line in mutant.lines):
            running = set(self._tests)
        if not running:
            return []
        running |= {test for test in self._tests if test.startswith(f"{own}::")}
        return sorted(
            running, key=lambda test: (not test.startswith(f"{own}::"), self._seconds[test], test)
        )

    def seconds_of(self, tests: Sequence[str]) -> float:
        """How long some tests take together."""
        return sum(self._seconds[test] for test in tests)


def digest_of_tests(root: Path = CHECKOUT) -> str:
    """What changes with any test, and with any module that they test."""
    digest = hashlib.sha256()
    for folder in ("crypto", TESTS):
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


class Run:
    """Mutants tried in a copy of the checkout, so that it can be worked on meanwhile."""

    def __init__(self, root: Path, coverage: Coverage, tests: str, folder: Path) -> None:
        self._root = root
        self._verdicts = folder / "verdicts.jsonl"
        self._coverage = coverage
        self._tests = tests
        self._modules: dict[str, Module] = {}
        self._known = _stored(self._verdicts)

    @classmethod
    @contextmanager
    def begin(cls) -> Iterator[Run]:
        """Copy the checkout, and measure what covers what if that isn't known."""
        FOLDER.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="hallway-mutation-") as folder:
            root = Path(folder)
            for name in COPIED:
                _copy(CHECKOUT / name, root / name)
            tests = digest_of_tests(root)
            measured = FOLDER / f"covering-{tests}.json"
            if not measured.exists():
                for old in FOLDER.glob("covering-*.json"):
                    old.unlink()
                _measure(root, measured)
            yield cls(root, Coverage(json.loads(measured.read_text())), tests, FOLDER)

    @property
    def root(self) -> Path:
        """The copy."""
        return self._root

    def module(self, path: str) -> Module:
        """A module as it stands in the copy."""
        if path not in self._modules:
            self._modules[path] = load(path, self._root)
        return self._modules[path]

    def known(self, mutant: Mutant) -> Verdict | None:
        """What an earlier run has found out, if it still holds."""
        row = self._known.get(mutant.key)
        if row is None or row["module"] != self.module(mutant.path).digest:
            return None
        if row["tests"] != self._seen_in(row["by"]):
            return None
        return Verdict(mutant, row["verdict"], row["by"], row["seconds"])

    def job(self, mutant: Mutant) -> Job:
        """What a worker is told."""
        tests = self._coverage.tests_of(mutant)
        source = mutant.apply(self.module(mutant.path).source).decode()
        return Job(mutant.path, source, tests, PATIENCE + 4 * self._coverage.seconds_of(tests))

    def store(self, verdict: Verdict) -> None:
        """Note what was found out."""
        row = {
            "mutant": verdict.mutant.key,
            "module": self.module(verdict.mutant.path).digest,
            "tests": self._seen_in(verdict.by),
            "verdict": verdict.verdict,
            "by": verdict.by,
            "seconds": verdict.seconds,
        }
        with self._verdicts.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _seen_in(self, test: str) -> str:
        """The digest of a test's file; that of all where no test is to be named."""
        file = self._root / test.partition("::")[0]
        if not file.is_file():
            return self._tests
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16]

    def try_all(
        self, mutants: Sequence[Mutant], workers: int, done: Callable[[Verdict], None]
    ) -> None:
        """Try those of which nothing is known; `done` hears of each as it is decided."""
        left: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
        for mutant in mutants:
            verdict = self.known(mutant)
            if verdict is None:
                left.put(mutant)
            else:
                done(verdict)
        lock = threading.Lock()
        threads = [
            threading.Thread(target=self._work, args=(left, lock, done)) for _ in range(workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(
        self,
        left: queue.SimpleQueue[Mutant],
        lock: threading.Lock,
        done: Callable[[Verdict], None],
    ) -> None:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.worker"],
            cwd=self._root,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert worker.stdin is not None and worker.stdout is not None
        with worker:
            while not left.empty():
                try:
                    mutant = left.get_nowait()
                except queue.Empty:
                    break
                job = self.job(mutant)
                said: dict[str, Any] = {"verdict": "uncovered", "by": "", "seconds": 0.0}
                if job.tests:
                    worker.stdin.write(json.dumps(job) + "\n")
                    worker.stdin.flush()
                    said = json.loads(worker.stdout.readline())
                with lock:
                    verdict = Verdict(mutant, **said)
                    self.store(verdict)
                    done(verdict)
            worker.stdin.close()


def _stored(file: Path) -> dict[str, dict[str, Any]]:
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    # the last line may have been cut short
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    return {row["mutant"]: row for row in rows}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.svg"))
    else:
        shutil.copy2(source, target)


def _environment() -> dict[str, str]:
    vectors = os.environ.get("HALLWAY_VECTORS", str(CHECKOUT.parent / "shared" / "mls-vectors"))
    return os.environ | {"HALLWAY_VECTORS": vectors, "PYTHONPATH": ""}


def _measure(root: Path, into: Path) -> None:
    """Run all tests once, unchanged, to know which covers what; `TestsFailedError` if one fails."""
    command = [sys.executable, "-m", "tests.mutation.worker", str(into)]
    done = subprocess.run(
        command,
        cwd=root,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    if done.returncode:
        raise TestsFailedError(f"The tests fail before anything was changed. {done.stderr}")
