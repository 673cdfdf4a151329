"""What is read about the machine, from files as Linux writes them, and from this one."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from relay.machine import MOST_FILES, allow_files, free_disk, free_memory, usage

MIB = 1024 * 1024


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc of a machine with 300 MiB to be had, the process in the group /a/b."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    text = "MemTotal:  2000000 kB\nMemFree:   100 kB\nMemAvailable:   307200 kB\n"
    (tmp_path / "proc" / "meminfo").write_text(text)
    (tmp_path / "proc" / "self" / "cgroup").write_text("3:cpu:/x\n0::/a/b\n")
    return tmp_path / "proc"


def group(folder: Path, most: str, now: int, cached: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{now}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\nactive_file 5\n")


def test_the_machines_memory_counts_where_no_group_has_less(proc: Path, tmp_path: Path) -> None:
    assert free_memory(proc, tmp_path / "none") == 300 * MIB
    group(tmp_path / "groups" / "a" / "b", "max", MIB)
    assert free_memory(proc, tmp_path / "groups") == 300 * MIB


def test_a_group_may_have_less_and_caches_are_given_back(proc: Path, tmp_path: Path) -> None:
    group(tmp_path / "groups" / "a" / "b", str(100 * MIB), 90 * MIB, 30 * MIB)
    assert free_memory(proc, tmp_path / "groups") == 40 * MIB


def test_a_group_further_out_counts_too(proc: Path, tmp_path: Path) -> None:
    group(tmp_path / "groups" / "a" / "b", str(100 * MIB), 10 * MIB)
    group(tmp_path / "groups" / "a", str(20 * MIB), 25 * MIB)
    assert free_memory(proc, tmp_path / "groups") == 0


def test_a_container_is_in_the_outermost_group(proc: Path, tmp_path: Path) -> None:
    (proc / "self" / "cgroup").write_text("0::/\n")
    group(tmp_path / "groups", str(64 * MIB), 60 * MIB)
    assert free_memory(proc, tmp_path / "groups") == 4 * MIB


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert free_memory(tmp_path, tmp_path) is None
    assert free_disk(tmp_path / "nowhere") is None
    assert (usage(tmp_path).memory, usage(tmp_path).files) == (None, None)


def test_this_machine_has_some_of_each(tmp_path: Path) -> None:
    disk, memory, taken = free_disk(tmp_path), free_memory(), usage()
    assert disk is not None and disk > 0
    assert memory is None or memory >= 0
    assert taken.processor > 0
    assert taken.memory is None or taken.memory > MIB
    assert taken.files is None or taken.files > 2


def test_as_many_files_as_there_may_be() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = before[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
        allowed = allow_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, hard)
        assert allowed == (MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES))
        assert allow_files() == allowed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
