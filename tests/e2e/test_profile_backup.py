"""`hallway backup` and `hallway restore`: another computer, the same person."""

from __future__ import annotations

import stat

import pytest

from tests.e2e.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

WORDS = "correct horse battery\n"


def test_what_was_said_and_who_one_is_come_to_another_computer(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    ana.start("tail").online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    bo.does("send", "so far")
    kept = computer.folder / "bo.backup"
    done = bo.does("backup", str(kept), "-", says=WORDS)
    assert done.out == "" and "Only its passphrase opens it" in done.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert b"so far" not in kept.read_bytes() and b"Friends" not in kept.read_bytes()
    ana.does("send", "meanwhile")

    again = computer.person("again")
    wrong = again.run("restore", str(kept), "-", says="wrong\n")
    assert wrong.code == 1 and "not the passphrase of this backup" in wrong.err
    assert "hallway rejoin CIRCLE" in again.does("restore", str(kept), "-", says=WORDS).err
    assert "so far" in again.does("read", "Friends").out
    again.does("rejoin", "Friends")
    again.does("send", "here again")
    assert "came in again" in ana.does("read", "Friends").out
    assert "meanwhile" in again.does("read", "Friends").out
    over = again.run("restore", str(kept), "-", says=WORDS)
    assert over.code == 1 and "circles in this profile already" in over.err


def test_an_open_profile_is_backed_up_and_nothing_is_written_over(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    ana.start("tail").online()
    kept = computer.folder / "ana.backup"
    ana.does("backup", str(kept), "-", says=WORDS)
    before = kept.read_bytes()
    again = ana.run("backup", str(kept), "-", says=WORDS)
    assert again.code == 1 and "is there already" in again.err and kept.read_bytes() == before
    empty = ana.run("backup", str(computer.folder / "other"), "-", says="\n")
    assert empty.code == 1 and "at least one character" in empty.err
    nowhere = ana.run("backup", str(computer.folder / "no" / "b"), "-", says=WORDS)
    assert nowhere.code == 1 and "can't be used" in nowhere.err
    assert [path.name for path in computer.folder.glob("*backup*")] == ["ana.backup"]


def test_what_is_no_backup_is_said_to_be_none(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    kept = computer.folder / "ana.backup"
    ana.does("backup", str(kept), "-", says=WORDS)
    whole, other = kept.read_bytes(), computer.person("other")
    for name, data, sentence in (
        ("text", b"Dear Ana", "is not a backup of Hallway"),
        ("empty", b"", "is not a backup of Hallway"),
        ("short", whole[:40], "is damaged"),
        ("cut", whole[: len(whole) // 2], "can't be restored"),
        ("changed", whole[:5000] + bytes((whole[5000] ^ 1,)) + whole[5001:], "can't be restored"),
    ):
        path = computer.folder / name
        path.write_bytes(data)
        refused = other.run("restore", str(path), "-", says=WORDS)
        assert refused.code == 1 and sentence in refused.err, (name, refused.err)
        assert "Traceback" not in refused.err
    missing = other.run("restore", str(computer.folder / "none"), "-", says=WORDS)
    assert missing.code == 1 and "No such file" in missing.err
    other.does("restore", str(kept), "-", says=WORDS)
