"""Writes requirements.lock and requirements-dev.lock from pyproject.toml.

    python3 tools/lock.py            keep the versions that still fit, add and drop what changed
    python3 tools/lock.py --upgrade  take the newest versions that fit

The locks hold for every machine that Hallway supports (uv's universal resolution), name no
registry, and carry the hashes of wheels alone: an environment is built with --only-binary, so that
installing runs nobody's setup script. A package without any wheel is an error here. Needs the
network and any Python from 3.11 on; uv is installed from PyPI into a throwaway environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INDEX = "https://pypi.org/simple"
UV = "uv>=0.9,<1"

# The last cryptography with a wheel for Intel Macs; spake2 is content with it.
CONSTRAINTS = "cryptography<49; sys_platform == 'darwin' and platform_machine == 'x86_64'\n"


def clean_environ() -> dict[str, str]:
    """The environment without this user's own registries and wheel folders."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "PIP_"))}
    for name in ("PIP_CERT", "UV_SYSTEM_CERTS"):
        if name in os.environ:
            kept[name] = os.environ[name]
    return kept | {"PIP_CONFIG_FILE": os.devnull}


def install_uv(folder: Path) -> Path:
    """A throwaway environment with uv in it; returns the program."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--index-url", INDEX]
    subprocess.run([*pip, UV], check=True, env=clean_environ())
    return folder / "bin" / "uv"


def resolve(uv: Path, output: Path, *options: str | Path) -> None:
    """One universal resolution of pyproject.toml, written to ``output``."""
    command = [str(uv), "pip", "compile", "-q", "--no-config", "--default-index", INDEX]
    command += ["--universal", "--python-version", "3.11"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["pyproject.toml", "-o", str(output), *map(str, options)]
    subprocess.run(command, check=True, cwd=ROOT, env=clean_environ())


def lines(pylock: Path) -> list[str]:
    """The requirement lines for a resolution: exact version, marker, every wheel's hash."""
    written = []
    for package in tomllib.loads(pylock.read_text())["packages"]:
        hashes = sorted(wheel["hashes"]["sha256"] for wheel in package.get("wheels", []))
        if not hashes:
            sys.exit(f"tools/lock.py: {package['name']} {package['version']} has no wheel on PyPI")
        marker = f" ; {package['marker']}" if "marker" in package else ""
        head = f"{package['name']}=={package['version']}{marker}"
        written.append(" \\\n    ".join([head, *(f"--hash=sha256:{one}" for one in hashes)]))
    return written


def lock(uv: Path, work: Path, name: str, *options: str | Path) -> None:
    """Resolve twice: once against the pins in the present lock, once for the wheels' hashes."""
    present, pins, pylock = ROOT / name, work / name, work / f"pylock.{Path(name).stem}.toml"
    if present.exists():
        pins.write_text(present.read_text())
    resolve(uv, pins, *options)
    fixed = [option for option in options if option != "--upgrade"]
    resolve(uv, pylock, "--format", "pylock.toml", "--constraint", pins, *fixed)
    present.write_text("\n".join(lines(pylock)) + "\n")
    print(f"{name}: {len(lines(pylock))} packages")


def main() -> None:
    unknown = set(sys.argv[1:]) - {"--upgrade"}
    if unknown:
        sys.exit(__doc__)
    upgrade = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        uv = install_uv(work / "uv")
        constraints = work / "constraints.txt"
        constraints.write_text(CONSTRAINTS)
        lock(uv, work, "requirements.lock", "--constraint", constraints, *upgrade)
        shared: list[str | Path] = ["--constraint", constraints, "--constraint"]
        shared += [work / "requirements.lock", "--group", "dev"]
        lock(uv, work, "requirements-dev.lock", *shared, *upgrade)


if __name__ == "__main__":
    main()
