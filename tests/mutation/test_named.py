"""The tables of mutants hold to the code, and leave out no check."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from crypto.mls.rules import BY_NAME
from tests.mutation.checks import check_mutants
from tests.mutation.named import (
    StaleTableError,
    known_survivors,
    named_mutants,
    read_table,
    write_table,
)
from tests.mutation.source import Mutant, load, modules


@cache
def named() -> list[Mutant]:
    return named_mutants()


@cache
def survivors() -> dict[str, str]:
    return known_survivors()


def test_names_and_mutants_are_there_once() -> None:
    names = [mutant.name for mutant in named()]
    keys = [mutant.key for mutant in named()]
    assert sorted(names) == sorted(set(names))
    assert sorted(keys) == sorted(set(keys))


def test_what_has_to_be_killed_is_not_said_to_survive() -> None:
    assert {mutant.key for mutant in named()} & survivors().keys() == set()
    assert all(reason.endswith(".") for reason in survivors().values())


@pytest.mark.parametrize("rule", BY_NAME)
def test_every_rule_has_a_mutant(rule: str) -> None:
    """One that changes an expression of `crypto.mls` which stands by that rule's name."""
    of_rule = [mutant for mutant in named() if mutant.name.partition(" ")[0] == rule]
    assert of_rule
    assert all(rule in load(mutant.path).source.decode() for mutant in of_rule)


def test_every_check_has_its_mutants() -> None:
    """A new check needs lines in a table; `tests/mutation/run --draft` proposes them."""
    known = {mutant.key for mutant in named()} | survivors().keys()
    checks = [mutant for module in modules() for mutant in check_mutants(module)]
    assert write_table(mutant for mutant in checks if mutant.key not in known).strip() == ""


def test_every_mutant_differs_from_the_code() -> None:
    for mutant in named():
        assert ast.unparse(ast.parse(mutant.after)) != mutant.before, mutant.key


def test_tables_are_written_as_they_are_read() -> None:
    module = load("crypto/mls/secret_tree.py")
    made = check_mutants(module)
    assert made
    rows = write_table(made).splitlines()
    assert rows[0] == module.path
    assert [row.split(": ")[0].strip() for row in rows if row.startswith("    ")] == [
        mutant.name for mutant in made
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("crypto/secret.py\n  equal\n    gone: a is b => True\n", "not in crypto/secret.py, equal"),
        ("crypto/secret.py\n  equal\n    no arrow\n", "line 3: not readable"),
        ("    before a path: a => b\n", "line 1: not readable"),
    ],
)
def test_a_table_that_is_out_of_date_is_refused(tmp_path: Path, table: str, said: str) -> None:
    path = tmp_path / "table.txt"
    path.write_text(table)
    with pytest.raises(StaleTableError, match=said):
        list(read_table(path))


def test_a_table_finds_the_second_of_two(tmp_path: Path) -> None:
    (tmp_path / "crypto").mkdir()
    (tmp_path / "crypto" / "a.py").write_text("def f(x):\n    return x + 1, x + 1\n")
    table = tmp_path / "table.txt"
    table.write_text("crypto/a.py\n  f\n    second: x + 1 => x [2]\n")
    (mutant,) = read_table(table, tmp_path)
    assert isinstance(mutant, Mutant)
    assert b"return x + 1, (x)" in mutant.apply(load("crypto/a.py", tmp_path).source)
