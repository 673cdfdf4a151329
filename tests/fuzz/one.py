"""One target under atheris, in a process of its own: `python -m tests.fuzz.one TARGET …`.

What follows the target is libFuzzer's own.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]  # there for fuzzing alone

with atheris.instrument_imports(include=["crypto", "relay", "tui", "msgpack"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until libFuzzer has enough."""
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
