"""What else could be wrong in a module: small changes anywhere in it.

Left alone are docstrings, annotations, decorators, imports, and sentences, which are for people.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Container, Iterable, Iterator
from copy import copy

from tests.mutation.source import Module, Mutant, Place

COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}
ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.FloorDiv(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.FloorDiv(),
    ast.LShift: ast.RShift(),
    ast.RShift: ast.LShift(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
    ast.BitXor: ast.BitAnd(),
    ast.Pow: ast.Mult(),
}


def small_mutants(module: Module) -> list[Mutant]:
    """Every small change to a module that these operators make."""
    found: dict[str, Mutant] = {}
    for place in module.places:
        if not _for_people(place):
            for after in (*_of_expression(place), *_of_statement(place.node)):
                mutant = module.mutant(place, after)
                found.setdefault(mutant.key, mutant)
    return list(found.values())


def sample(
    modules: Iterable[Module], without: Container[str], size: int, seed: int
) -> list[Mutant]:
    """Some of all small mutants, but none of those keys; a change elsewhere leaves the choice."""
    ranked = sorted(
        (hashlib.sha256(f"{seed} | {mutant.key}".encode()).digest(), mutant.key, mutant)
        for module in modules
        for mutant in small_mutants(module)
        if mutant.key not in without
    )
    return [mutant for _, _, mutant in ranked[:size]]


def _for_people(place: Place) -> bool:
    node, parent = place.node, place.around[-1]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(parent, ast.Expr) and isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if " " in node.value.strip():
            return True
        # the sentence of an error is the first argument where it is raised
        calls = [outer for outer in place.around if isinstance(outer, ast.Call)]
        raised = any(isinstance(outer, ast.Raise) for outer in place.around)
        if raised and calls and calls[0].args:
            first = calls[0].args[0]
            return node is first or first in place.around
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__"


def _of_expression(place: Place) -> Iterator[str]:
    node, parent = place.node, place.around[-1]
    changed: ast.expr
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            changed = copy(node)
            changed.ops = [*node.ops[:at], COMPARISONS[type(op)], *node.ops[at + 1 :]]
            yield ast.unparse(changed)
    elif isinstance(node, ast.BoolOp):
        changed = copy(node)
        changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.unparse(changed)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield ast.unparse(node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        changed = copy(node)
        changed.op = ARITHMETIC[type(node.op)]
        yield ast.unparse(changed)
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)
    if isinstance(node, ast.expr):
        if isinstance(parent, ast.If | ast.While | ast.IfExp) and node is parent.test:
            yield f"not ({ast.unparse(node)})"
        if isinstance(parent, ast.comprehension) and node in parent.ifs:
            yield "True"
        if isinstance(parent, ast.Return) and ast.unparse(node) != "None":
            yield "None"


def _of_constant(node: ast.Constant) -> Iterator[str]:
    value = node.value
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, int):
        yield repr(value + 1)
    elif isinstance(value, str):
        yield repr(value + "x")
    elif isinstance(value, bytes):
        yield repr(value + b"x")


def _of_statement(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "pass"
    elif isinstance(node, ast.AugAssign | ast.Raise | ast.Delete):
        yield "pass"
    elif isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple):
        yield "pass"
    elif isinstance(node, ast.Break):
        yield "continue"
    elif isinstance(node, ast.Continue):
        yield "break"
