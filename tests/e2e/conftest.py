"""What all stories take place on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import Machine, machine


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Machine]:
    """A computer with folders and a port of its own."""
    with machine(tmp_path) as made:
        yield made
