"""Choosing how an environment is built, and knowing whether one is good."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools.environment import (
    EnvironmentFailure,
    Machine,
    Target,
    build,
    commands,
    inputs,
    is_ready,
    look_around,
    write_stamp,
)

PYTHON = "/usr/bin/python3.12"
BARE = Machine(
    python=PYTHON, version=(3, 12), uv=None, venv=True, ensurepip=False, pip=None, apt=True
)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A checkout, with an environment that stands but was not stamped."""
    target = Target(tmp_path, tmp_path / ".venv-run", tmp_path / "requirements.lock")
    target.lock.write_text("a==1 --hash=sha256:00\n")
    target.project.write_text('[project]\nrequires-python = ">=3.11"\n')
    target.python.parent.mkdir(parents=True)
    target.python.symlink_to(sys.executable)
    return target


def stamp(target: Target, python: str, named: str | None) -> None:
    write_stamp(target, inputs(target), python, named)


class TestCommands:
    def test_uv_comes_first(self, target: Target) -> None:
        machine = replace(BARE, uv="/bin/uv", ensurepip=True, pip=("pip",))
        made, installed = commands(machine, target)
        assert made[:2] == ["/bin/uv", "venv"]
        assert "--no-python-downloads" in made
        assert made[-1] == str(target.env)
        assert installed[:3] == ["/bin/uv", "pip", "install"]

    def test_then_the_pip_that_venv_brings(self, target: Target) -> None:
        made, installed = commands(replace(BARE, ensurepip=True), target)
        assert made == [PYTHON, "-I", "-m", "venv", str(target.env)]
        assert installed[:4] == [str(target.python), "-I", "-m", "pip"]

    def test_then_a_pip_that_exists(self, target: Target) -> None:
        made, installed = commands(replace(BARE, pip=("pip3",)), target)
        assert made == [PYTHON, "-I", "-m", "venv", "--without-pip", str(target.env)]
        assert installed[:4] == ["pip3", "--python", str(target.python), "install"]

    @pytest.mark.parametrize("machine", [BARE, replace(BARE, venv=False, pip=("pip3",))])
    def test_else_the_exact_apt_line(self, target: Target, machine: Machine) -> None:
        with pytest.raises(EnvironmentFailure, match=r"sudo apt install python3\.12-venv\n"):
            commands(machine, target)

    def test_no_apt_line_where_there_is_no_apt(self, target: Target) -> None:
        with pytest.raises(EnvironmentFailure) as failed:
            commands(replace(BARE, apt=False), target)
        assert "apt" not in str(failed.value)
        assert "uv" in str(failed.value)

    def test_every_way_checks_hashes_and_runs_no_setup_script(self, target: Target) -> None:
        ways = itertools.product((None, "/bin/uv"), (True, False), (None, ("pip3",)))
        for uv, ensurepip, pip in ways:
            machine = replace(BARE, uv=uv, ensurepip=ensurepip, pip=pip)
            if machine == BARE:
                continue
            _, installed = commands(machine, target)
            at = installed.index("--require-hashes")
            assert installed[at:] == [
                *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
                *("-r", str(target.lock)),
            ]


class TestMachine:
    def test_is_the_interpreter_itself_not_a_link_to_it(self) -> None:
        machine = look_around({})
        assert machine.python == str(Path(machine.python).resolve())
        assert machine.version == sys.version_info[:2]

    def test_has_no_uv_where_it_is_not_wanted(self) -> None:
        assert look_around({"HALLWAY_NO_UV": "1"}).uv is None


class TestStamp:
    def test_a_stamped_environment_is_ready(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        assert is_ready(target, PYTHON, None)

    def test_an_environment_without_stamp_is_not(self, target: Target) -> None:
        assert not is_ready(target, PYTHON, None)

    @pytest.mark.parametrize("name", ["origin", "requirements.lock", "pyproject.toml"])
    def test_nor_with_half_a_stamp(self, target: Target, name: str) -> None:
        stamp(target, PYTHON, None)
        (target.stamp / name).unlink()
        assert not is_ready(target, PYTHON, None)

    def test_nor_with_an_origin_that_was_cut(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        (target.stamp / "origin").write_text("")
        assert not is_ready(target, PYTHON, None)

    def test_nor_after_the_lock_changed(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        target.lock.write_text("a==2 --hash=sha256:00\n")
        assert not is_ready(target, PYTHON, None)

    def test_nor_after_the_project_asks_for_another_python(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        target.project.write_text('[project]\nrequires-python = ">=3.12"\n')
        assert not is_ready(target, PYTHON, None)

    def test_but_after_another_change_of_the_project(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        target.project.write_text('[project]\nversion = "2"\nrequires-python = ">=3.11"\n')
        assert is_ready(target, PYTHON, None)

    def test_not_where_the_checkout_was_moved(self, target: Target, tmp_path: Path) -> None:
        stamp(target, PYTHON, None)
        elsewhere = replace(target, root=tmp_path / ".." / "elsewhere")
        assert not is_ready(elsewhere, PYTHON, None)

    def test_not_where_its_python_is_gone(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        target.python.unlink()
        target.python.symlink_to("/no/such/python")
        assert not is_ready(target, PYTHON, None)

    def test_another_python_counts_only_when_it_was_asked_for(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        assert is_ready(target, "/usr/bin/python3.13", None)
        assert not is_ready(target, "/usr/bin/python3.13", "python3.13")
        assert is_ready(target, PYTHON, "python3.12")

    def test_stamping_again_replaces_what_was_said(self, target: Target) -> None:
        stamp(target, PYTHON, None)
        target.lock.write_text("a==2 --hash=sha256:00\n")
        stamp(target, PYTHON, "python3.12")
        assert is_ready(target, PYTHON, "python3.12")
        assert (target.stamp / "origin").read_text() == f"{target.root}\npython3.12\n{PYTHON}\n"


@pytest.mark.parametrize("make", ["file", "link"])
def test_what_is_no_folder_is_not_removed(target: Target, tmp_path: Path, make: str) -> None:
    env = tmp_path / ".venv"
    if make == "file":
        env.write_text("mine")
    else:
        env.symlink_to(target.env)
    with pytest.raises(EnvironmentFailure, match="is not a folder"):
        build(replace(target, env=env), replace(BARE, uv="/bin/uv"), None)
    assert env.is_symlink() if make == "link" else env.read_text() == "mine"
    assert target.python.exists()
