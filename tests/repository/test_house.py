"""The house rules about names and sizes, and what no file may mention."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.repository.checkout import ROOT, dotted, modules, parsed, tracked

VAGUE = {"common", "helper", "helpers", "manager", "misc", "shared", "util", "utils"}
LONGEST_FUNCTION = 60

# Written in two parts, so that this file doesn't hold what it looks for.
UNMENTIONED = ("/" + "work/", "ht" + "tps://pypi.org/simple/", "TO" + "DO", "FIX" + "ME")


def trees() -> dict[str, ast.Module]:
    return {dotted(module): parsed(module) for module in modules()}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_names_say_something() -> None:
    words = {
        name: {word for part in name.split(".") for word in part.split("_")} for name in trees()
    }
    assert {name for name, found in words.items() if found & VAGUE} == set()


def test_every_module_says_what_it_is() -> None:
    written = {name: tree for name, tree in trees().items() if tree.body}
    assert {name for name, tree in written.items() if not ast.get_docstring(tree)} == set()


def test_functions_fit_on_a_screen() -> None:
    lengths = {
        f"{name}.{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for name, tree in trees().items()
        for function in functions(tree)
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def test_no_file_mentions_what_is_none_of_its_business() -> None:
    found = []
    for path in tracked():
        text = (ROOT / path).read_bytes().decode("utf-8", "replace")
        found += [f"{path}: {word}" for word in UNMENTIONED if word in text]
    assert found == []


def test_nothing_generated_is_tracked() -> None:
    assert [
        path for path in tracked() if "__pycache__" in path.parts or path.suffix == ".pyc"
    ] == []
