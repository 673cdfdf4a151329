"""The table of rules: complete, tested rule by rule, and the same as docs/validation.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from crypto.mls import errors
from crypto.mls.errors import PeerError
from crypto.mls.rules import BY_NAME, RULES

CHECKOUT = Path(__file__).parents[3]
MODULES = sorted((CHECKOUT / "crypto" / "mls").glob("*.py"))
TESTS = sorted(Path(__file__).parent.glob("test_*.py"))
PAGE = CHECKOUT / "docs" / "validation.md"


def raised() -> Iterator[tuple[str, str]]:
    """Every pair of rule and error class that is written in `crypto.mls`."""
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                kind = getattr(errors, node.func.id, None)
                if isinstance(kind, type) and issubclass(kind, PeerError) and len(node.args) == 2:
                    name = node.args[1]
                    if isinstance(name, ast.Constant):
                        yield str(name.value), kind.__name__


def test_numbers_ascend_and_names_are_used_once() -> None:
    numbers = [rule.number for rule in RULES]
    assert all(one < next_ for one, next_ in pairwise(numbers))
    assert len(BY_NAME) == len(RULES)


def test_every_rule_cites_its_section_and_is_a_sentence() -> None:
    for rule in RULES:
        assert re.fullmatch(r"subset|\d+(\.\d+)*(, \d+(\.\d+)*)*", rule.section), rule
        assert rule.sentence[0].isupper() and rule.sentence.endswith("."), rule
        assert "|" not in rule.sentence


def test_the_table_has_what_the_code_raises_and_no_more() -> None:
    assert set(raised()) == {(rule.name, rule.error.__name__) for rule in RULES}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_rule_is_broken_by_a_test(name: str) -> None:
    """Its name, as the error carries it, stands in a test."""
    quoted = (f'"{name}"', f"({name})")
    sources = (path.read_text("utf-8").replace("\\", "") for path in TESTS)
    assert any(mention in source for source in sources for mention in quoted)


def test_every_refusal_of_a_message_leaves_the_state_as_it_was() -> None:
    """What is processed or joined, and refused, is so within `refusing`, which looks at it."""
    unseen = []
    for path in TESTS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.With) and (expected := expected_error(node)) is not None:
                kind = getattr(errors, expected, PeerError if expected.islower() else Exception)
                if issubclass(kind, PeerError) and called(node) & {"process", "join"}:
                    unseen.append(f"{path.name}:{node.lineno}")
    assert unseen == []


def expected_error(node: ast.With) -> str | None:
    """What `pytest.raises` expects, if that is what the block begins with."""
    match node.items[0].context_expr:
        case ast.Call(func=ast.Attribute(attr="raises"), args=[ast.Name(id=name), *_]):
            return name
    return None


def called(node: ast.With) -> set[str]:
    """The methods that a block calls on a group, or on the class of groups."""
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return {
        f.attr
        for f in calls
        if isinstance(f, ast.Attribute) and ast.unparse(f.value) not in {"self", "path"}
    }


@pytest.mark.docs
def test_the_page_is_the_table() -> None:
    rows = re.findall(
        r"^\| (\d+) \| `(\S+)` \| (.+) \| (.+) \| `(\w+)` \|$",
        PAGE.read_text("utf-8"),
        re.MULTILINE,
    )
    assert rows == [
        (str(rule.number), rule.name, rule.sentence, rule.section, rule.error.__name__)
        for rule in RULES
    ]


@pytest.mark.docs
def test_the_page_groups_rules_by_their_first_digit() -> None:
    group = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            group = line[3]
        if re.match(r"\| \d", line):
            assert line[2] == group


@pytest.mark.docs
def test_the_page_explains_every_error_of_the_table() -> None:
    text = PAGE.read_text("utf-8")
    head = text[: text.index("## 1.")]
    for kind in {rule.error.__name__ for rule in RULES}:
        assert f"`{kind}`" in head
