"""The process that tries mutants, started in a copy of the checkout: jobs in, verdicts out.

It has imported what tests need, but nothing of the project. For each job it forks; the fork imports
the project with one module exchanged, runs the chosen tests until one fails, and is gone. A job is
a line of JSON on standard input, its verdict one on standard output. With a file as its argument it
runs all tests once instead, unchanged, and writes there which of them run which lines.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import coverage
import hypothesis
import nacl.bindings
import pytest
import pytest_asyncio

TESTS = "tests/crypto"
MEMORY = 4 << 30
OPTIONS = (
    "-x",
    "-q",
    "--tb=no",
    "--assert=plain",
    "--no-header",
    "--timeout=20",  # seconds a test; none takes a fifth of it
    "-p",
    "no:cacheprovider",
)
PRELOADED = (hypothesis, nacl.bindings, pytest_asyncio)


class Exchanged(importlib.machinery.SourceFileLoader):
    """Loads one module from a source other than its file's; nothing of it is cached."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class Exchange(importlib.abc.MetaPathFinder):
    """Finds that module before anybody else does."""

    def __init__(self, path: str, source: bytes) -> None:
        parts = Path(path).with_suffix("").parts
        self._name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self._path, self._source = str(Path(path).resolve()), source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = Exchanged(fullname, self._path, self._source)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


class Repeatable:
    """Property tests draw the same in every run, and don't look for a smaller failure."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        hypothesis.settings.register_profile(
            "mutation",
            hypothesis.settings.get_profile("quick"),
            derandomize=True,
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        )
        hypothesis.settings.load_profile("mutation")


class Chosen(Repeatable):
    """Keeps the tests of a job, in its order, and notes the first that fails."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: number for number, test in enumerate(tests)}
        self.failed = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = (item for item in items if item.nodeid in self._order)
        items[:] = sorted(chosen, key=lambda item: self._order[item.nodeid])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid or "collection"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid


class Covering(Repeatable):
    """Tells the coverage measurement which test is running, and how long each takes."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._measured.switch_context(item.nodeid)
        yield
        self._measured.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


class Job(NamedTuple):
    """A mutant to try: a module's path and other source, the tests in their order, a time limit."""

    path: str
    source: str
    tests: Sequence[str]
    seconds: float


def attempt(job: Job) -> dict[str, Any]:
    """Try one mutant; what happened, and the test that saw it.

    The tests of the first test's file are run by themselves before the others: mostly one of them
    fails, and the files of the others need not be imported.
    """
    started = time.monotonic()
    file = f"{job.tests[0].partition('::')[0]}::"
    first = [test for test in job.tests if test.startswith(file)]
    verdict = _attempt(job._replace(tests=first))
    if verdict["verdict"] == "survived" and len(first) < len(job.tests):
        others = [test for test in job.tests if not test.startswith(file)]
        verdict = _attempt(job._replace(tests=others))
    return verdict | {"seconds": round(time.monotonic() - started, 2)}


def _attempt(job: Job) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _run_fork(job, writing)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], job.seconds)
    if not ready:
        os.kill(child, signal.SIGKILL)
    said = os.read(reading, 1 << 16)
    os.close(reading)
    os.waitpid(child, 0)
    if not ready:
        return {"verdict": "timeout", "by": ""}
    verdict: dict[str, Any] = {"verdict": "killed", "by": "the process died"}
    return json.loads(said) if said else verdict


def _run_fork(job: Job, writing: int) -> None:
    """Never returns."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.meta_path.insert(0, Exchange(job.path, job.source.encode()))
    chosen = Chosen(job.tests)
    files = list(dict.fromkeys(test.partition("::")[0] for test in job.tests))
    try:
        code = pytest.main([*OPTIONS, *files], plugins=[chosen])
    except BaseException as error:
        code, chosen.failed = pytest.ExitCode.TESTS_FAILED, f"{type(error).__name__} in pytest"
    survived = code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    verdict = {"verdict": "survived" if survived else "killed", "by": chosen.failed}
    os.write(writing, json.dumps(verdict).encode())
    os._exit(0)


def cover(into: Path) -> int:
    """Run all tests unchanged; write their seconds, and for each line the tests that run it."""
    measured = coverage.Coverage(data_file=None, branch=False, source=["crypto"], config_file=False)
    plugin = Covering(measured)
    measured.start()
    code = pytest.main([*OPTIONS, TESTS], plugins=[plugin])
    measured.stop()
    if code != pytest.ExitCode.OK:
        print("failed:", *plugin.failed, file=sys.stderr)
        return 1
    data = measured.get_data()
    tests = list(plugin.seconds)
    numbers = {test: number for number, test in enumerate(tests)}
    lines = {
        Path(file).relative_to(Path.cwd()).as_posix(): {
            line: [numbers[context] for context in contexts if context in numbers]
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    into.write_text(json.dumps({"seconds": plugin.seconds, "tests": tests, "lines": lines}))
    return 0


def serve() -> int:
    """Answer jobs until there are no more."""
    for line in sys.stdin:
        print(json.dumps(attempt(Job(*json.loads(line)))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(cover(Path(sys.argv[1])) if sys.argv[1:] else serve())
