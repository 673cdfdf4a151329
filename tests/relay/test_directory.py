"""One relay on a directory, known by its lock."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from relay.directory import Directory, DirectoryError, Held

HOLDER = """
import sys
from pathlib import Path
from relay.directory import Directory, Held
with Held(Directory(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_directory_is_its_users_alone(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "a" / "b")
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DirectoryError, match="cannot be made"):
        Directory(tmp_path / "file" / "b")


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    with (
        pytest.raises(DirectoryError, match="cannot be written"),
        Held(Directory(tmp_path / "nowhere", make=False)),
    ):
        pass


def test_nobody_runs_where_nobody_ran(tmp_path: Path) -> None:
    assert Directory(tmp_path / "nowhere", make=False).runner() is None


def test_the_lock_says_who_runs_and_goes_with_the_process(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert directory.runner() == holder.pid
        with pytest.raises(DirectoryError, match=rf"process {holder.pid}\) runs on"):
            Held(directory).__enter__()
        holder.kill()
    assert directory.lock.exists()
    assert directory.runner() is None
    with Held(directory):
        assert directory.runner() == os.getpid()
    assert directory.runner() is None


def test_a_relay_that_has_not_said_its_name_yet(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    with Held(directory):
        os.truncate(directory.lock, 0)
        with pytest.raises(DirectoryError, match="just starting or stopping"):
            directory.runner()
        with pytest.raises(DirectoryError, match="just starting or stopping"):
            Held(directory).__enter__()


def test_that_a_person_ended_it_is_forgotten_when_it_runs_again(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.stopped.touch()
    with Held(directory):
        assert not directory.stopped.exists()


def test_a_lock_that_takes_no_name_is_a_sentence(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.lock.symlink_to("/dev/full")
    with pytest.raises(DirectoryError, match=r"relay\.lock cannot be written: "):
        Held(directory).__enter__()
