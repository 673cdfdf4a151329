"""What all stories take place on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import Machine, machine

# A run in the background may have been told to ignore these, and what it starts would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Machine]:
    """A computer with folders and a port of its own."""
    with machine(tmp_path) as made:
        yield made
