"""The mutants that are made of a module: of its checks, and of anything else."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.checks import check_mutants
from tests.mutation.operators import sample, small_mutants
from tests.mutation.source import Module, modules

SOURCE = '''"""A module."""

from dataclasses import dataclass

LIMIT: int = 8


@dataclass(slots=True)
class Box:
    """A box."""

    size: "int" = 1

    def fill(self, data: bytes, key: bytes) -> bytes | None:
        """Fill it — möglichst."""
        check_box(self)
        if len(data) > LIMIT:
            raise InvalidError("it's too long", "box.size")
        if not data or (key and not verify(key, data)):
            raise InvalidError(f"not {key!r}", "box.key")
        self.count = self.count + 1
        while data:
            data = data[1:]
            if data == b"x":
                break
        return data
'''


def module(source: str = SOURCE, path: str = "crypto/box.py") -> Module:
    return Module(path, source.encode())


def changes(source: str) -> set[str]:
    return {f"{m.before} => {m.after}" for m in small_mutants(module(source))}


def test_every_way_to_forget_a_check_has_a_name() -> None:
    made = {mutant.name: f"{mutant.before} => {mutant.after}" for mutant in check_mutants(module())}
    whole = "not data or (key and (not verify(key, data)))"
    assert made == {
        "box.Box.fill skipped": "check_box(self) => pass",
        "box.size never refused": "len(data) > LIMIT => False",
        "box.size wrong at its limit": "len(data) > LIMIT => len(data) >= LIMIT",
        "box.key never refused": f"{whole} => False",
        "box.key in part ignored": "not data => False",
        "box.key in part ignored 2": "key and (not verify(key, data)) => False",
        "box.key in part ignored 3": "key => True",
        "box.key in part ignored 4": "not verify(key, data) => True",
        "box.key believed": "verify(key, data) => True",
        "box.Box.fill not counted": "self.count + 1 => self.count",
    }


def test_what_is_required_and_what_is_returned_are_checks() -> None:
    source = (
        "def f(a, key):\n"
        "    require(a < 3 and b, 'no')\n"
        "    return a is None or key == a\n"
        "def g(uses):\n"
        "    return 0 < uses <= 9\n"
    )
    made = {f"{m.before} => {m.after}" for m in check_mutants(module(source))}
    assert made == {
        "a < 3 and b => True",
        "a < 3 => True",
        "a < 3 => a <= 3",
        "b => True",
        "a is None => False",
        "key == a => False",
        "0 < uses <= 9 => 0 <= uses <= 9",
        "0 < uses <= 9 => 0 < uses < 9",
        "0 < uses <= 9 => True",
        "0 < uses <= 9 => False",
    }


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("a = b + c", {"b + c => b - c"}),
        ("a = b ^ c", {"b ^ c => b & c"}),
        ("a = not b", {"not b => b"}),
        ("a = -b", {"-b => b"}),
        ("a = b and c", {"b and c => b or c"}),
        ("a = b < c", {"b < c => b <= c"}),
        ("a = b is c is d", {"b is c is d => b is not c is d", "b is c is d => b is c is not d"}),
        ("a = b @ c", set()),
        ("a = True", {"True => False"}),
        ("a = 7", {"7 => 8"}),
        ("a = 'x'", {"'x' => 'xx'"}),
        ("a = b'x'", {"b'x' => b'xx'"}),
        ("a = None", set()),
        ("a = b if c else d", {"c => not (c)"}),
        ("a = [b for b in c if d]", {"d => True"}),
        ("f(a)", {"f(a) => pass"}),
        ("a += b", {"a += b => pass"}),
        ("a.b = c", {"a.b = c => pass"}),
        ("del a", {"del a => pass"}),
        ("def f():\n    return a", {"a => None"}),
        ("def f():\n    return None", set()),
        ("while a:\n    break", {"a => not (a)", "break => continue"}),
        ("for a in b:\n    continue", {"continue => break"}),
        ("raise Bad('so')", {"raise Bad('so') => pass"}),
        ("a = Bad('so', 'rule')", {"'so' => 'sox'", "'rule' => 'rulex'"}),
        ("raise A('so', 'b')", {"raise A('so', 'b') => pass", "'b' => 'bx'"}),
        ("a: int = f'{b + c}'", set()),
        ("'a docstring'", set()),
        ("class A:\n    __slots__ = ('a',)", {"'a' => 'ax'"}),
    ],
)
def test_small_changes(code: str, made: set[str]) -> None:
    assert changes(code) == made


def test_a_mutant_is_the_module_with_one_expression_exchanged() -> None:
    made = module()
    for mutant in (*check_mutants(made), *small_mutants(made)):
        changed = mutant.apply(made.source)
        assert changed[: mutant.start] == made.source[: mutant.start]
        assert changed.endswith(made.source[mutant.end :])
        assert ast.dump(ast.parse(changed)) != ast.dump(made.tree)


def test_a_sample_is_repeatable_and_has_none_of_the_others() -> None:
    first = sample([module()], (), 8, 1)
    assert first == sample([module(), module("a = 1", "crypto/a.py")][:1], (), 8, 1)
    assert first != sample([module()], (), 8, 2)
    left_out = {mutant.key for mutant in first}
    second = sample([module()], left_out, 8, 1)
    assert not left_out & {mutant.key for mutant in second}
    assert len(sample([module()], (), 10_000, 1)) == len(small_mutants(module()))


def test_a_change_elsewhere_leaves_the_choice() -> None:
    other = module("def f():\n    return 1 + 2\n", "crypto/other.py")
    before = [mutant.key for mutant in sample([module()], (), 8, 1)]
    after = [mutant.key for mutant in sample([module(), other], (), 8, 1)]
    kept = [key for key in after if "other" not in key]
    assert kept == before[: len(kept)]


def test_all_modules_of_the_wing_are_looked_at() -> None:
    paths = {module.path for module in modules()}
    assert {"crypto/secret.py", "crypto/mls/group.py", "crypto/access/__init__.py"} <= paths
