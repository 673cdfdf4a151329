"""A module's source, the places in it, and a mutant: the module with one expression exchanged."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
MUTATED = "crypto"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one module.

    The bytes from `start` up to `end` become `after`; `before` is what stood there, unparsed.
    `function` is the qualified name of what it lies in, empty for the module itself; `nth` tells
    apart equal expressions in one function, from 1. `lines` are those that the bytes stand on.
    """

    path: str
    function: str
    before: str
    after: str
    nth: int
    start: int
    end: int
    lines: range
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """What identifies it as long as its function keeps the expression."""
        nth = f" [{self.nth}]" if self.nth > 1 else ""
        return f"{self.path} | {self.function} | {self.before} => {self.after}{nth}"

    def apply(self, source: bytes) -> bytes:
        """The source of the module with the change made."""
        after = self.after if self.after in {"pass", "break", "continue"} else f"({self.after})"
        return source[: self.start] + after.encode() + source[self.end :]


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a module, what it lies in, and what lies around it (the innermost last)."""

    node: ast.expr | ast.stmt
    function: str
    around: tuple[ast.AST, ...]


class Module:
    """One module of the wing under test."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.source = source
        self.tree = ast.parse(source)
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    @cached_property
    def digest(self) -> str:
        """What changes with any change to the module."""
        return hashlib.sha256(self.source).hexdigest()[:16]

    @cached_property
    def places(self) -> list[Place]:
        """Every expression and statement that runs: no annotations, nothing within f-strings."""
        return list(_walk(self.tree, "", (self.tree,)))

    @cached_property
    def _texts(self) -> dict[int, tuple[str, int]]:
        """By node: how it reads, and which of the equal ones in its function it is, from 1."""
        counts: dict[tuple[str, str], int] = {}
        found = {}
        for place in self.places:
            text = ast.unparse(place.node)
            nth = counts[place.function, text] = counts.get((place.function, text), 0) + 1
            found[id(place.node)] = (text, nth)
        return found

    @cached_property
    def _places(self) -> dict[tuple[str, str, int], Place]:
        return {(place.function, *self._texts[id(place.node)]): place for place in self.places}

    def mutant(self, place: Place, after: str, name: str = "") -> Mutant:
        """The module with this node exchanged."""
        node = place.node
        end_line, end_column = node.end_lineno, node.end_col_offset
        assert end_line is not None and end_column is not None
        before, nth = self._texts[id(node)]
        return Mutant(
            self.path,
            place.function,
            before,
            after,
            nth,
            self._lines[node.lineno - 1] + node.col_offset,
            self._lines[end_line - 1] + end_column,
            range(node.lineno, end_line + 1),
            name,
        )

    def find(self, function: str, before: str, nth: int) -> Place | None:
        """The n-th node of a function that reads like that; None where there is none."""
        return self._places.get((function, before, nth))


def _walk(node: ast.AST, function: str, around: tuple[ast.AST, ...]) -> Iterator[Place]:
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            inside = function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = f"{function}.{child.name}" if function else child.name
            elif isinstance(child, ast.expr | ast.stmt) and not isinstance(node, ast.Expr):
                yield Place(child, function, around)
            yield from _walk(child, inside, (*around, child))


def load(path: str, root: Path = CHECKOUT) -> Module:
    """A module by its path in the checkout."""
    return _module(path, (root / path).read_bytes())


@cache
def _module(path: str, source: bytes) -> Module:
    """What is made of a module is made once: every line of a table asks for it."""
    return Module(path, source)


def modules(root: Path = CHECKOUT) -> list[Module]:
    """All modules of the wing under test."""
    paths = sorted((root / MUTATED).rglob("*.py"))
    return [load(path.relative_to(root).as_posix(), root) for path in paths]
