"""What is handed out: the wheel, installed into an empty environment with the locked versions."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.repository.checkout import ROOT, WINGS, tracked
from tools.environment import Target, commands, look_around

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (only,) = folder.glob("*.whl")
    return only


@pytest.fixture(scope="module")
def hallway(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed program, in an environment that knows nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    target = Target(folder, folder / "env", ROOT / "requirements.lock")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    itself = folder / "wheel.lock"
    itself.write_text(f"hallway @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    machine = look_around(dict(os.environ))
    steps = commands(machine, target) + commands(machine, replace(target, lock=itself))[1:]
    for step in steps:
        subprocess.run(step, check=True, capture_output=True)
    return target.env / "bin" / "hallway"


def stated() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def test_holds_every_file_of_the_wings_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist()}
    assert set(tracked(*WINGS)) <= names
    assert {name.parts[0] for name in names} == {*WINGS, f"hallway-{stated()}.dist-info"}
    assert not any("__pycache__" in name.parts for name in names)
    assert Path(f"hallway-{stated()}.dist-info/licenses/LICENSE") in names


def test_runs_where_there_is_no_checkout(hallway: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [hallway, "--version"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout == f"hallway {stated()}\n"


def test_doctor_finds_nothing_wrong(hallway: Path, tmp_path: Path) -> None:
    environ = os.environ | {"HALLWAY_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [hallway, "doctor"], cwd=tmp_path, env=environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Hallway works on this machine." in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_has_all_that_it_imports(hallway: Path, tmp_path: Path) -> None:
    """Every module of every wing can be imported from the installed wheel, but for what needs the
    extra `cluster`."""
    code = (
        "import importlib, pkgutil, crypto, relay, tui\n"
        "cluster = ('relay.store.jetstream', 'relay.store.cluster.')\n"
        "for wing in (crypto, relay, tui):\n"
        "    assert 'site-packages' in wing.__file__, wing.__file__\n"
        "    for found in pkgutil.walk_packages(wing.__path__, wing.__name__ + '.'):\n"
        "        if not found.name.endswith('.__main__') and not found.name.startswith(cluster):\n"
        "            importlib.import_module(found.name)\n"
    )
    python = hallway.parent / "python"
    done = subprocess.run(
        [python, "-I", "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
