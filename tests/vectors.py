"""Finding the published MLS test vectors: the one place that knows where they are.

The vectors are not part of this repository. They are read from the folder that the environment
variable ``HALLWAY_VECTORS`` names, else from the folder ``shared/mls-vectors`` beside the checkout.

A test calls :func:`vectors` with a file's name. Where the folder is absent the test is skipped and
says what to set; with ``HALLWAY_REQUIRE_VECTORS=1`` (as ``.ci/run`` sets it) it fails instead, so
that a run without vectors can't pass for one with them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

_CHECKOUT = Path(__file__).resolve().parent.parent


def vectors(name: str, environ: Mapping[str, str] = os.environ) -> list[dict[str, Any]]:
    """Every case in the vector file ``name`` (``"tree-math"``, with or without ``.json``).

    A file that holds a single object is a list of one case. An empty file is an error: a test that
    walks over no case would pass without having shown anything. At module level too: a skip or a
    failure then concerns the whole module.
    """
    path = _folder(environ) / (name if name.endswith(".json") else f"{name}.json")
    if not path.is_file():
        _absent(path, required=environ.get("HALLWAY_REQUIRE_VECTORS", "") not in ("", "0"))
    return _cases(path)


def _folder(environ: Mapping[str, str]) -> Path:
    named = environ.get("HALLWAY_VECTORS")
    return Path(named) if named else _CHECKOUT.parent / "shared" / "mls-vectors"


def _absent(path: Path, *, required: bool) -> NoReturn:
    message = (
        f"no MLS vectors at {path}: set HALLWAY_VECTORS to the folder that holds them, "
        "or put it at shared/mls-vectors beside the checkout"
    )
    if required:
        pytest.fail(f"{message} (HALLWAY_REQUIRE_VECTORS is set)", pytrace=False)
    pytest.skip(message, allow_module_level=True)


@cache
def _cases(path: Path) -> list[dict[str, Any]]:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    cases = loaded if isinstance(loaded, list) else [loaded]
    if not cases or not all(isinstance(case, dict) for case in cases):
        raise ValueError(f"{path} holds no test cases")
    return cases
