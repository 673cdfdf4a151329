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

from tests.mutation.checks import check_mutants
from tests.mutation.source import CHECKOUT, Module, Mutant, load, modules

TABLES = Path(__file__).parent / "table"
SURVIVORS = TABLES / "survivors.txt"
_LINE = re.compile(r"    (?P<name>[^:]+): (?P<before>.+) => (?P<after>.+?)(?: \[(?P<nth>\d+)\])?")


class StaleTableError(Exception):
    """Lines of tables that speak of expressions which are not there, or can't be read."""


def read_table(table: Path, stale: list[str], root: Path = CHECKOUT) -> Iterator[Mutant]:
    """The mutants of one table; what it says of lines that are none goes to `stale`."""
    module: Module | None = None
    function = ""
    for number, line in enumerate(table.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            path = line.strip()
            module = load(path, root) if (root / path).is_file() else None
        elif not line.startswith("    "):
            function = line.strip().removeprefix("(module)")
        elif (match := _LINE.fullmatch(line)) is None:
            stale.append(f"{table.name}, line {number}, can't be read: {line.strip()}")
        else:
            at = (function, match["before"], int(match["nth"] or 1))
            place = None if module is None else module.find(*at)
            if module is None or place is None:
                stale.append(f"{table.name}, line {number}, is not in the code: {line.strip()}")
            else:
                yield module.mutant(place, match["after"], match["name"])


def _read(tables: Iterable[Path], root: Path) -> list[Mutant]:
    stale: list[str] = []
    mutants = [mutant for table in tables for mutant in read_table(table, stale, root)]
    if stale:
        raise StaleTableError("\n".join(stale))
    return mutants


def named_mutants(root: Path = CHECKOUT) -> list[Mutant]:
    """All mutants that have a name, each of which has to be killed; or StaleTableError."""
    return _read((table for table in sorted(TABLES.glob("*.txt")) if table != SURVIVORS), root)


def known_survivors(root: Path = CHECKOUT) -> dict[str, str]:
    """The reason, by the key of a mutant that nothing can kill; or StaleTableError."""
    return {mutant.key: mutant.name for mutant in _read([SURVIVORS], root)}


def unnamed(root: Path = CHECKOUT) -> tuple[list[str], list[Mutant]]:
    """What is wrong with the tables: lines that are none, and mutants of checks that they lack."""
    stale: list[str] = []
    tables = sorted(TABLES.glob("*.txt"))
    keys = {mutant.key for table in tables for mutant in read_table(table, stale, root)}
    checks = (mutant for module in modules(root) for mutant in check_mutants(module))
    return stale, [mutant for mutant in checks if mutant.key not in keys]


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
