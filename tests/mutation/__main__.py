"""Mutation testing of `crypto/`: `tests/mutation/run --help` says how, docs/testing.md why."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.mutation.named import (
    StaleTableError,
    known_survivors,
    named_mutants,
    unnamed,
    write_table,
)
from tests.mutation.operators import sample
from tests.mutation.running import Run, TestsFailedError, Verdict
from tests.mutation.source import Mutant, modules


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/mutation/run", description="Try mutants of crypto/; goes on where it stopped."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--named", action="store_true", help="all that have a name")
    what.add_argument("--sample", type=int, metavar="N", help="N of all the others")
    what.add_argument(
        "--draft", action="store_true", help="print what the tables lack, and what is in vain"
    )
    parser.add_argument("--seed", type=int, default=1, help="which sample (default: 1)")
    parser.add_argument("--only", default="", metavar="PATH", help="only modules below this path")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    return parser.parse_args()


def _chosen(arguments: argparse.Namespace, run: Run) -> list[Mutant]:
    named = named_mutants(run.root)
    if arguments.named:
        mutants = named
    else:
        keys = {mutant.key for mutant in named}
        mutants = sample(modules(run.root), keys, arguments.sample, arguments.seed)
    return [mutant for mutant in mutants if mutant.path.startswith(arguments.only)]


def _report(verdicts: Sequence[Verdict], known: dict[str, str]) -> int:
    killed = sum(verdict.killed for verdict in verdicts)
    unexplained = 0
    for verdict in sorted(verdicts, key=lambda verdict: verdict.mutant.key):
        if not verdict.killed:
            reason = known.get(verdict.mutant.key)
            unexplained += reason is None
            name = f"{verdict.mutant.name}: " if verdict.mutant.name else ""
            print(f"{verdict.verdict}: {name}{verdict.mutant.key}")
            print(f"    line {verdict.mutant.lines.start}; {reason or 'no reason is known'}")
    ended = sum(verdict.verdict == "timeout" for verdict in verdicts)
    took = sum(verdict.seconds for verdict in verdicts)
    print(f"{killed} of {len(verdicts)} killed ({ended} by the clock), in {took:.0f} s altogether")
    return 1 if unexplained else 0


def main() -> int:
    """Returns the exit code: 0 where every survivor is in the table of survivors."""
    arguments = _arguments()
    if arguments.draft:
        stale, missing = unnamed()
        print("".join(f"# {line}\n" for line in stale) + write_table(missing), end="")
        return 0
    verdicts: list[Verdict] = []
    with Run.begin() as run:
        mutants = _chosen(arguments, run)
        started = time.monotonic()

        def done(verdict: Verdict) -> None:
            verdicts.append(verdict)
            if not verdict.killed or len(verdicts) % 50 == 0:
                took = time.monotonic() - started
                print(
                    f"{len(verdicts)} of {len(mutants)}, {took:.0f} s: "
                    f"{verdict.verdict}: {verdict.mutant.key}",
                    flush=True,
                )

        run.try_all(mutants, arguments.workers, done)
        known = known_survivors(run.root)
    return _report(verdicts, known)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StaleTableError, TestsFailedError) as error:
        sys.exit(str(error))
