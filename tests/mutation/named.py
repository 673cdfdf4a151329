"""The tables of mutants that people keep: those with a name, and those known to survive.

Each file under `table/` reads like this, a mutant a line; two mutants never have the same name:

    crypto/mls/tree_hash.py
      verify_size
        tree.size never refused: tree.leaf_count > MAX_LEAVES => False

A `[2]` at a line's end means the second of two equal expressions in the function. In
`survivors.txt` the reason stands where the name would. Lines that begin with `#` are for readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from tests.mutation.source import CHECKOUT, Module, Mutant, load

TABLES = Path(__file__).parent / "table"
SURVIVORS = TABLES / "survivors.txt"
_LINE = re.compile(r"    (?P<name>[^:]+): (?P<before>.+) => (?P<after>.+?)(?: \[(?P<nth>\d+)\])?")


class StaleTableError(Exception):
    """A line of a table speaks of an expression that is not there."""


def read_table(table: Path, root: Path = CHECKOUT) -> Iterator[Mutant]:
    """The mutants of one table; `StaleTableError` where the code has no such expression."""
    module: Module | None = None
    function = ""
    for number, line in enumerate(table.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            module = load(line.strip(), root)
        elif not line.startswith("    "):
            function = line.strip().removeprefix("(module)")
        else:
            match = _LINE.fullmatch(line)
            if match is None or module is None:
                raise StaleTableError(f"{table.name}, line {number}: not readable: {line}")
            place = module.find(function, match["before"], int(match["nth"] or 1))
            if place is None:
                raise StaleTableError(
                    f"{table.name}, line {number}: not in {module.path}, {function}: {line.strip()}"
                )
            yield module.mutant(place, match["after"], match["name"])


def named_mutants(root: Path = CHECKOUT) -> list[Mutant]:
    """All mutants that have a name, each of which has to be killed."""
    tables = (table for table in sorted(TABLES.glob("*.txt")) if table != SURVIVORS)
    return [mutant for table in tables for mutant in read_table(table, root)]


def known_survivors(root: Path = CHECKOUT) -> dict[str, str]:
    """The reason, by the key of a mutant that nothing can kill."""
    return {mutant.key: mutant.name for mutant in read_table(SURVIVORS, root)}


def write_table(mutants: Iterable[Mutant]) -> str:
    """Mutants as lines of a table."""
    lines = []
    for path, of_module in groupby(mutants, lambda mutant: mutant.path):
        lines.append(f"\n{path}")
        for function, of_function in groupby(of_module, lambda mutant: mutant.function):
            lines.append(f"  {function or '(module)'}")
            for m in of_function:
                nth = f" [{m.nth}]" if m.nth > 1 else ""
                lines.append(f"    {m.name}: {m.before} => {m.after}{nth}")
    return "\n".join(lines).lstrip() + "\n"
