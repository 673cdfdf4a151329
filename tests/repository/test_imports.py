"""What may know what: the rules that import-linter can't state."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter

import pytest

from tests.repository.checkout import dotted, modules, parsed

# Where bytes meet a socket, a clock or a person. All else is handed what it needs.
EDGES = (
    "relay.certificate",
    "relay.cli",
    "relay.doctor",
    "relay.operating",
    "relay.premises",
    "relay.round_trip",
    "relay.server",
    "relay.serving",
    "relay.store.jetstream",
    "relay.supervisor",
    "tui.app",
    "tui.cli",
    "tui.demo",
    "tui.editing",
    "tui.engine.control",
    "tui.engine.remote",
    "tui.engine.runner",
    "tui.safe_app",
    "tui.screens",
    "tui.widgets",
)
BLOCKING = (
    "relay.certificate",
    "relay.cli",
    "relay.doctor",
    "relay.operating",
    "relay.premises",
    "relay.round_trip",
    "relay.supervisor",
    "tui.engine.control",
)
ASYNCIO = tuple(edge for edge in EDGES if edge not in BLOCKING)

CLOCKS_AND_DICE = {"datetime.now", "datetime.utcnow", "date.today", "os.urandom", "os.getrandom"}


@cache
def imported(tree: ast.AST) -> list[str]:
    """All that is imported, in functions and under conditions too: ``from a import b`` is a.b."""
    return list(_imported(tree))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def without_type_checking(tree: ast.Module) -> ast.Module:
    """The module as it runs: what only the type checker reads is left out."""
    kept = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.Module(kept, tree.type_ignores)


def called(tree: ast.AST) -> set[str]:
    """The last two names of everything that is called: ``datetime.now``."""
    calls = (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {".".join(call.split(".")[-2:]) for call in calls}


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """Every module of the three wings, parsed, by its dotted name."""
    return {dotted(module): parsed(module) for module in modules()}


def importers(trees: dict[str, ast.Module], *names: str) -> set[str]:
    """The modules that import one of these, or something in it."""
    return {
        module
        for module, tree in trees.items()
        if any(within(found, names) for found in imported(tree))
    }


def test_finds_imports_and_calls_wherever_they_hide() -> None:
    tree = ast.parse(
        "import a.b\ndef f():\n    from c.d import e\nif X:\n    import g as h; a.b.c()"
    )
    assert set(imported(tree)) == {"a.b", "c.d.e", "g"}
    assert called(tree) == {"b.c"}


def test_looks_at_all_wings(trees: dict[str, ast.Module]) -> None:
    assert {"crypto.primitives", "relay", "tui.cli"} <= set(trees)


def test_only_primitives_knows_libsodium(trees: dict[str, ast.Module]) -> None:
    assert importers(trees, "nacl") == {"crypto.primitives"}


def test_mls_knows_nothing_of_hallway(trees: dict[str, ast.Module]) -> None:
    """It would stand in a project of its own, with secrets and primitives taken along."""
    floor = ("crypto.mls", "crypto.primitives", "crypto.secret")
    found = {
        f"{name} imports {one}"
        for name, tree in trees.items()
        if within(name, floor)
        for one in imported(tree)
        if within(one, ("crypto", "relay", "tui")) and not within(one, floor)
    }
    assert found == set()


def test_there_are_no_import_cycles(trees: dict[str, ast.Module]) -> None:
    graph = {
        name: {
            found if found in trees else found.rpartition(".")[0]
            for found in imported(without_type_checking(tree))
            if found in trees or found.rpartition(".")[0] in trees
        }
        - {name}
        for name, tree in trees.items()
    }
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(trees)


def test_only_edges_know_asyncio(trees: dict[str, ast.Module]) -> None:
    assert {name for name in importers(trees, "asyncio") if not within(name, ASYNCIO)} == set()


def test_clock_randomness_and_network_are_passed_in(trees: dict[str, ast.Module]) -> None:
    sans_io = {
        name: tree
        for name, tree in trees.items()
        if within(name, ("crypto", "relay", "tui.engine")) and not within(name, EDGES)
    }
    assert importers(sans_io, "time", "random", "secrets", "socket", "ssl") == set()
    assert {name for name, tree in sans_io.items() if called(tree) & CLOCKS_AND_DICE} == set()


def test_some_modules_are_never_right_here(trees: dict[str, ast.Module]) -> None:
    assert importers(trees, "pickle", "marshal", "shelve", "sqlite3", "dbm") == set()


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running ``code``."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_importing_a_wing_costs_nothing() -> None:
    loaded = loaded_by("import crypto, relay, tui")
    ours = {name for name in loaded if name.partition(".")[0] in ("crypto", "relay", "tui")}
    assert ours == {"crypto", "relay", "tui"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_the_command_line_starts_without_screen_and_relay(arguments: list[str]) -> None:
    loaded = loaded_by(
        "import sys, contextlib\n"
        "from tui.cli import main\n"
        f"with contextlib.suppress(SystemExit): main({arguments!r})"
    )
    assert "tui.cli" in loaded
    heavy = {name for name in loaded if name.partition(".")[0] in ("textual", "rich", "relay")}
    assert all(f"{name}.".startswith("relay.wire.") for name in heavy - {"relay"})
