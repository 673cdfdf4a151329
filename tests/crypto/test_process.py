"""Core files are off: looked at in processes that really run, and really crash."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crypto.process import keep_memory_private

LINUX = sys.platform == "linux"

LOOK = """
import ctypes, resource
limits = resource.getrlimit(resource.RLIMIT_CORE)
print("core", *limits, "dumpable", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
"""What a process says of itself: 3 is PR_GET_DUMPABLE."""

OFF = "core 0 0 dumpable 0"

STARTS = {
    "the call itself": "from crypto.process import keep_memory_private; keep_memory_private()",
    "a verb": "from tui.cli import main; main(['circles', '--home', {home!r}])",
    "the relay": "from relay.cli import main; main(['stop', '--data', {home!r}])",
    "the relay as a verb": "from tui.cli import main; main(['relay', 'stop', '--data', {home!r}])",
}


def child(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not LINUX, reason="dumpable is a word of Linux")
@pytest.mark.parametrize("start", STARTS)
def test_a_process_that_has_secrets_leaves_no_core_file(start: str, tmp_path: Path) -> None:
    program = STARTS[start].format(home=str(tmp_path / "home"))
    assert child(f"{program}\n{LOOK}").stdout.strip().endswith(OFF)


@pytest.mark.skipif(not LINUX, reason="dumpable is a word of Linux")
def test_an_ordinary_process_would() -> None:
    """So that the test above can fail."""
    assert child(LOOK).stdout.strip().endswith("dumpable 1")


def test_what_can_be_done_was_done() -> None:
    """In this process, whose core files nobody wants either; once more does no harm."""
    assert keep_memory_private()
    assert keep_memory_private()
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def test_a_process_that_crashes_says_that_it_left_none() -> None:
    """The system's own word, in the status that its parent is told."""
    program = (
        "import os; from crypto.process import keep_memory_private;"
        "assert keep_memory_private(); os.abort()"
    )
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", program], dict(os.environ))
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
