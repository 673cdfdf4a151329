"""Builds an environment for ``./hallway``: a virtual environment from a hash-checked lock file.

``hallway`` (the shell script beside ``tools/``) calls ``python tools/environment.py ENV LOCK`` when
the environment is absent or was built from other files. Only the standard library is used, and
any Python from 3.11 on will do.

What installs the packages, in this order: ``uv``; the pip that ``python -m venv`` brings; where
Debian split ``ensurepip`` out, a pip that exists already (``pip --python``); else nothing can, and
the message says what to type.

``ENV/.built-1`` is the stamp: copies of the lock file and of ``pyproject.toml``, and ``origin``
(the checkout, then ``HALLWAY_PYTHON`` as it was, then the interpreter). It is written last and
removed first, so a build that was cut short never counts. The shell script compares these files
byte by byte; a change of the format needs a new number there and here.

Exit codes: 0 ready, 1 could not be built, 130 interrupted.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

STAMP = ".built-1"
_PIP_WITH_PYTHON_OPTION = (22, 3)


class EnvironmentFailure(Exception):
    """The environment can't be built; the message says why, and what to type next."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine offers for building an environment.

    ``python`` is the interpreter itself, links resolved: an environment that points at
    ``/usr/bin/python3`` would break silently when that becomes the next version.
    """

    python: str
    version: tuple[int, int]
    uv: str | None
    venv: bool
    ensurepip: bool
    pip: tuple[str, ...] | None
    apt: bool


@dataclass(frozen=True, slots=True)
class Target:
    """One environment: where it goes, and what it is built from."""

    root: Path
    env: Path
    lock: Path

    @property
    def python(self) -> Path:
        return self.env / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.env / STAMP

    @property
    def project(self) -> Path:
        return self.root / "pyproject.toml"


def look_around(environ: dict[str, str]) -> Machine:
    """Find out what there is on this machine."""
    python = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    ensurepip = _importable("ensurepip")
    return Machine(
        python=python,
        version=sys.version_info[:2],
        uv=None if environ.get("HALLWAY_NO_UV") else shutil.which("uv"),
        venv=_importable("venv"),
        ensurepip=ensurepip,
        pip=None if ensurepip else _existing_pip(python),
        apt=shutil.which("apt") is not None,
    )


def _importable(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _existing_pip(python: str) -> tuple[str, ...] | None:
    """A pip that can install into another interpreter's environment (22.3 and later)."""
    for command in ((python, "-I", "-m", "pip"), ("pip3",), ("pip",)):
        if shutil.which(command[0]) is None:
            continue
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
        words = said.stdout.split()
        if said.returncode or len(words) < 2:
            continue
        numbers = tuple(int(part) for part in words[1].split(".")[:2] if part.isdigit())
        if numbers >= _PIP_WITH_PYTHON_OPTION:
            return command
    return None


def commands(machine: Machine, target: Target) -> list[list[str]]:
    """The commands that build the environment, in order.

    Raises :class:`EnvironmentFailure` where this machine can't, with the line to type.
    """
    env, python, lock = str(target.env), str(target.python), str(target.lock)
    exact = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", lock]
    if machine.uv is not None:
        make = ["venv", "-q", "--no-project", "--no-python-downloads", "--python", machine.python]
        install = ["pip", "install", "-q", "--compile-bytecode", "--python", python]
        return [[machine.uv, *make, env], [machine.uv, *install, *exact]]
    options = ["install", "-q", "--disable-pip-version-check", "--no-input", *exact]
    make = [machine.python, "-I", "-m", "venv"]
    if machine.venv and machine.ensurepip:
        return [[*make, env], [python, "-I", "-m", "pip", *options]]
    if machine.venv and machine.pip is not None:
        return [
            [*make, "--without-pip", env],
            [*machine.pip, "--python", python, *options],
        ]
    raise EnvironmentFailure(_nothing_installs(machine))


def _nothing_installs(machine: Machine) -> str:
    major, minor = machine.version
    lacks = "ensurepip" if machine.venv else "the venv module"
    line = (
        f"Type: sudo apt install python{major}.{minor}-venv"
        if machine.apt
        else "Install uv (https://docs.astral.sh/uv/), or pip with the system's package manager."
    )
    return (
        f"{machine.python} came without {lacks}, and there is no uv or pip to do its work.\n"
        f"{line}\nThen start again."
    )


def is_ready(target: Target, python: str, named: str | None) -> bool:
    """Whether the environment stands and was built from what is in the checkout now.

    ``pyproject.toml`` may have changed in what doesn't concern the environment: only the Python
    it asks for does. ``named`` is ``HALLWAY_PYTHON``; where it is set, ``python`` has to be the
    interpreter that the environment was built with.
    """
    try:
        origin = _origin(target)
        return (
            os.access(target.python, os.X_OK)
            and origin.root == str(target.root)
            and (named is None or origin.python == python)
            and (target.stamp / target.lock.name).read_bytes() == target.lock.read_bytes()
            and _wanted_python(target.stamp / target.project.name) == _wanted_python(target.project)
        )
    except (OSError, ValueError, TypeError):
        return False


class _Origin(NamedTuple):
    root: str
    named: str
    python: str


def _origin(target: Target) -> _Origin:
    return _Origin(*os.fsdecode((target.stamp / "origin").read_bytes()).split("\n")[:3])


def _wanted_python(project: Path) -> str:
    with project.open("rb") as file:
        return str(tomllib.load(file).get("project", {}).get("requires-python", ""))


def build(target: Target, machine: Machine, named: str | None) -> None:
    """Build the environment anew and stamp it."""
    steps = commands(machine, target)
    # Read first: what is changed while this runs must not pass for what was installed.
    built_from = inputs(target)
    installer = "uv" if machine.uv is not None else "pip"
    _say(f"preparing {target.env.name} with {installer}; this is done once.")
    _remove(target)
    for step in steps:
        _run(step, target)
    site_packages = next(target.env.glob("lib/python3.*/site-packages"))
    (site_packages / "hallway.pth").write_bytes(os.fsencode(target.root) + b"\n")
    write_stamp(target, built_from, machine.python, named)


def inputs(target: Target) -> dict[str, bytes]:
    """What the environment is built from: file name → content."""
    return {path.name: path.read_bytes() for path in (target.lock, target.project)}


def _remove(target: Target) -> None:
    if target.env.is_symlink() or target.env.is_file():
        raise EnvironmentFailure(
            f"{target.env} is not a folder, and it is where the environment goes.\n"
            f"Type: mv {shlex.quote(str(target.env))} {shlex.quote(f'{target.env}.old')}"
        )
    if target.stamp.exists():
        shutil.rmtree(target.stamp)
    if target.env.exists():
        shutil.rmtree(target.env)


def _run(command: Sequence[str], target: Target) -> None:
    environ = dict(os.environ, PIP_USER="0")
    # An installer outlives a parent that is killed. It inherits the lock, so
    # that the next start waits for it instead of building around it.
    done = subprocess.run(command, stdout=sys.stderr, env=environ, close_fds=False, check=False)
    if done.returncode:
        hint = "HALLWAY_NO_UV=1 " if Path(command[0]).name == "uv" else ""
        raise EnvironmentFailure(
            f"{target.env.name} could not be prepared; what went wrong is above "
            f"({Path(command[0]).name} ended with code {done.returncode}).\n"
            "The first start needs the network. When it is there, type: "
            f"{hint}./hallway"
        )


def write_stamp(
    target: Target, built_from: dict[str, bytes], python: str, named: str | None
) -> None:
    """Say that the environment is good. Nothing may follow this."""
    fresh = target.env / f"{STAMP}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for name, content in built_from.items():
        (fresh / name).write_bytes(content)
    (fresh / "origin").write_bytes(os.fsencode(f"{target.root}\n{named or ''}\n{python}\n"))
    if target.stamp.exists():
        shutil.rmtree(target.stamp)
    fresh.rename(target.stamp)


@contextmanager
def alone(target: Target) -> Iterator[None]:
    """Hold the environment's file lock; wait, and say so, while another start holds it."""
    descriptor = os.open(target.root / f"{target.env.name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"another start is preparing {target.env.name}; waiting for it.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.set_inheritable(descriptor, True)
        yield
    finally:
        os.close(descriptor)


def prepare(target: Target, environ: dict[str, str]) -> None:
    """Make the environment ready, whatever state it is in."""
    named = environ.get("HALLWAY_PYTHON") or None
    with alone(target):
        machine = look_around(environ)
        if is_ready(target, machine.python, named):
            # The shell's comparison is stricter than ours: let it succeed next time.
            write_stamp(target, inputs(target), _origin(target).python, named)
        else:
            build(target, machine, named)


def _say(sentence: str) -> None:
    print(f"hallway: {sentence}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """``ENV LOCK``, both names in the checkout's top folder."""
    env, lock = arguments
    root = Path(__file__).resolve().parent.parent
    try:
        prepare(Target(root, root / env, root / lock), dict(os.environ))
    except EnvironmentFailure as failure:
        _say(str(failure))
        return 1
    except OSError as error:
        _say(
            f"{env} could not be prepared in {root}: {error}\n"
            "The first start has to write there. To have a copy of your own, type: "
            f"cp -r {shlex.quote(str(root))} ~/hallway && ~/hallway/hallway"
        )
        return 1
    except KeyboardInterrupt:
        _say(f"interrupted; {env} will be built from the beginning next time.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
