"""Fuzzing, on demand: every target for a minute, or those that are named for as long as is asked.

    tests/fuzz/run [--seconds 60] [TARGET …]

Starts from `tests/fuzz/corpus/`, and from what earlier runs have found, which is kept in
`.fuzz/TARGET/`. An input that breaks a promise is written to `.fuzz/crash-TARGET-…`; the run goes
on with the other targets, and its exit code is 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from tests.fuzz.seeds import CORPUS
from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).parents[2] / ".fuzz"
LONGEST = 8192
"""Bytes of an input. What is longer differs in its length alone."""


def fuzz(target: str, seconds: int) -> bool:
    """Run one target; whether all promises were kept."""
    found = FOUND / target
    found.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.one", target, str(found), str(CORPUS / target)]
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        f"-artifact_prefix={FOUND / f'crash-{target}-'}",
        "-print_final_stats=1",
    ]
    done = subprocess.run(command + options, check=False, stderr=subprocess.PIPE, text=True)
    runs = [line.split()[-1] for line in done.stderr.splitlines() if "executed_units" in line]
    print(f"{target:<10} {runs[0] if runs else '?':>10} inputs  ", end="")
    print("ok" if done.returncode == 0 else "FAILED", flush=True)
    if done.returncode:
        print(done.stderr[-4000:])
    return done.returncode == 0


def main() -> int:
    """Fuzz the targets that were asked for."""
    parser = argparse.ArgumentParser(prog="tests/fuzz/run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[*TARGETS, []])
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    asked = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("Fuzzing needs atheris: .venv/bin/python -m pip install 'atheris>=3,<4'")
        return 2
    good = [fuzz(target, asked.seconds) for target in asked.targets or TARGETS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
