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
    unnamed,
    write_table,
)
from tests.mutation.source import Mutant, load


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


def test_every_rule_has_a_mutant() -> None:
    """One that changes an expression of a module which raises it."""
    modules_of: dict[str, set[str]] = {}
    for mutant in named():
        modules_of.setdefault(mutant.name.partition(" ")[0], set()).add(mutant.path)
    assert BY_NAME.keys() <= modules_of.keys()
    sources = {path: load(path).source.decode() for mutant in named() for path in (mutant.path,)}
    for rule in BY_NAME:
        assert all(f'"{rule}"' in sources[path] for path in modules_of[rule]), rule


def test_every_check_has_its_mutants() -> None:
    """A new check needs lines in a table; `tests/mutation/run --draft` proposes them."""
    stale, missing = unnamed()
    assert stale == []
    assert write_table(missing).strip() == ""


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
        ("crypto/secret.py\n  equal\n    gone: a is b => True\n", "line 3, is not in the code"),
        ("crypto/gone.py\n  equal\n    gone: a is b => True\n", "line 3, is not in the code"),
        ("crypto/secret.py\n  equal\n    no arrow\n", "line 3, can't be read"),
        ("    before a path: a => b\n", "line 1, is not in the code"),
    ],
)
def test_lines_that_are_out_of_date_are_told(tmp_path: Path, table: str, said: str) -> None:
    path = tmp_path / "table.txt"
    path.write_text(table)
    stale: list[str] = []
    assert list(read_table(path, stale)) == []
    assert len(stale) == 1 and stale[0].startswith(f"table.txt, {said}: ")


def test_tables_that_are_out_of_date_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StaleTableError) as caught:
        named_mutants(tmp_path)
    assert len(str(caught.value).splitlines()) == len(named())


def test_a_table_finds_the_second_of_two(tmp_path: Path) -> None:
    (tmp_path / "crypto").mkdir()
    (tmp_path / "crypto" / "a.py").write_text("def f(x):\n    return x + 1, x + 1\n")
    table = tmp_path / "table.txt"
    table.write_text("crypto/a.py\n  f\n    second: x + 1 => x [2]\n")
    (mutant,) = read_table(table, [], tmp_path)
    assert b"return x + 1, (x)" in mutant.apply(load("crypto/a.py", tmp_path).source)
