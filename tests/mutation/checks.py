"""Finds the checks of a module, and how each of them could be forgotten or be wrong by one.

Each of these mutants has to stand in the table of named ones (`tests.mutation.named`): where a
condition leads to a `raise`, the whole of it and each of its parts; where something is ordered, its
limit; where a signature or MAC is verified or another check is called, that call; where something
of secrets, hashes or counters is compared; and where something is counted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from tests.mutation.source import Module, Mutant, Place

LIMITS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
}
BOUNDING = {"bounded", "sized"}
VERIFYING = {"compare_digest", "ed25519_verify", "equal", "exact", "verifies", *BOUNDING}
GUARDED = re.compile(
    r"\blen\(|digest|hash|key\b|mac\b|proof|public|secret|signature|signed|tag\b|check\b",
    re.IGNORECASE,
)
COUNTED = re.compile(r"count|epoch|generation|number|taken|uses|sequence", re.IGNORECASE)


def check_mutants(module: Module) -> list[Mutant]:
    """The mutants of a module that have to have a name, with a name proposed."""
    found: dict[str, Mutant] = {}
    for place in module.places:
        for after, name in _at(place):
            mutant = module.mutant(place, after, f"{_subject(module, place)} {name}")
            found.setdefault(mutant.key, mutant)
    return _numbered(list(found.values()))


def _at(place: Place) -> Iterator[tuple[str, str]]:
    node = place.node
    if refusal(place) is not None:
        yield "False", "never refused"
    if _is_required(node, place.around[-1]):
        yield "True", "not required"
    for group in place.around[-2:]:
        if isinstance(group, ast.BoolOp) and node in group.values and _guards(place, group):
            yield ("True" if isinstance(group.op, ast.And) else "False"), "in part ignored"
    if isinstance(node, ast.Compare):
        yield from _compared(place, node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _verifies(node.value):
        yield "pass", "skipped"
    if isinstance(node, ast.Call) and _verifies(node):
        if not _name(node).startswith(("check", "_check", "_verified")):
            yield "True", "believed"
    parent = place.around[-1]
    if isinstance(parent, ast.Call) and _name(parent) in BOUNDING and node in parent.args[1:3]:
        yield f"{ast.unparse(node)} + 1", "one more"
        if ast.unparse(node) != "0":  # what is counted or measured is never less
            yield f"{ast.unparse(node)} - 1", "one less"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        one = isinstance(node.right, ast.Constant) and node.right.value == 1
        if one and COUNTED.search(ast.unparse(node.left)):
            yield ast.unparse(node.left), "not counted"


def _compared(place: Place, node: ast.Compare) -> Iterator[tuple[str, str]]:
    ordered = False
    for at, op in enumerate(node.ops):
        other = LIMITS.get(type(op))
        if other is not None:
            ordered = True
            ops = [*node.ops[:at], other, *node.ops[at + 1 :]]
            yield ast.unparse(ast.Compare(node.left, ops, node.comparators)), "wrong at its limit"
    within_refusal = (
        _is_required(node, place.around[-1])
        or refusal(place) is not None
        or any(
            isinstance(group, ast.BoolOp) and _guards(place, group) for group in place.around[-2:]
        )
    )
    if within_refusal:
        return
    equality = isinstance(node.ops[0], ast.Eq | ast.NotEq) and GUARDED.search(ast.unparse(node))
    if ordered or equality:
        yield "True", "taken as true"
        yield "False", "taken as false"


def refusal(place: Place) -> ast.If | None:
    """The statement that raises where this condition holds; None where it is no such condition."""
    parent = place.around[-1]
    if isinstance(parent, ast.If) and place.node is parent.test:
        if any(isinstance(statement, ast.Raise) for statement in parent.body):
            return parent
    return None


def rule_of(statement: ast.If) -> str | None:
    """The rule that a refusal names, as the second argument of its error."""
    for inner in statement.body:
        if isinstance(inner, ast.Raise) and isinstance(inner.exc, ast.Call):
            match inner.exc.args:
                case [_, ast.Constant(value=str(rule))]:
                    return rule
    return None


def _guards(place: Place, group: ast.BoolOp) -> bool:
    """Whether a group of conditions decides about a refusal, or is what a function returns."""
    around = place.around[: place.around.index(group)]
    parent: ast.AST = group
    for outer in reversed(around):
        if isinstance(outer, ast.UnaryOp | ast.BoolOp):
            parent = outer
            continue
        if isinstance(outer, ast.If):
            return refusal(Place(parent, "", (outer,))) is not None  # type: ignore[arg-type]
        return isinstance(outer, ast.Return) or _is_required(parent, outer)
    return False


def _is_required(node: ast.AST, parent: ast.AST) -> bool:
    """Whether this is what a call of `require` demands."""
    return isinstance(parent, ast.Call) and _name(parent) == "require" and node is parent.args[0]


def _verifies(node: ast.Call) -> bool:
    name = _name(node)
    return name in VERIFYING or "verify" in name or re.match(r"_?check(_|$)", name) is not None


def _name(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _subject(module: Module, place: Place) -> str:
    """The rule that is at stake, else the module and function."""
    for at, outer in enumerate(place.around):
        if isinstance(outer, ast.If) and not isinstance(place.node, ast.stmt):
            inner = place.around[at + 1] if at + 1 < len(place.around) else place.node
            if inner is outer.test and rule_of(outer) is not None:
                return str(rule_of(outer))
    dotted = module.path.removeprefix("crypto/").removesuffix(".py").replace("/", ".")
    return f"{dotted}.{place.function}" if place.function else dotted


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """The same with names that are different."""
    counts: dict[str, int] = {}
    named = []
    for mutant in mutants:
        number = counts[mutant.name] = counts.get(mutant.name, 0) + 1
        named.append(replace(mutant, name=f"{mutant.name} {number}" if number > 1 else mutant.name))
    return named
