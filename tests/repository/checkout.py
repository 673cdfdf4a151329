"""The checkout under test, as the tests of this folder see it."""

from __future__ import annotations

import ast
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WINGS = ("crypto", "relay", "tui")


def tracked(*under: str) -> list[Path]:
    """The files that git knows, relative to the checkout, as far as they exist."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git, and a checkout that is a clone")
    said = subprocess.run(
        ["git", "ls-files", "-z", "--", *under], cwd=ROOT, check=True, capture_output=True
    ).stdout
    names = [Path(name.decode()) for name in said.split(b"\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


def modules() -> list[Path]:
    """Every Python module of the three wings, relative to the checkout."""
    found = [path for wing in WINGS for path in (ROOT / wing).rglob("*.py")]
    return sorted(path.relative_to(ROOT) for path in found)


@cache
def parsed(module: Path) -> ast.Module:
    """A module's tree; all tests look at the same one."""
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), str(module))


def dotted(module: Path) -> str:
    """``relay/store/contract.py`` → ``relay.store.contract``."""
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
