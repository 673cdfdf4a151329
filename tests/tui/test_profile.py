"""A profile on a disk: one owner, a key, a database."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crypto.secret import Secret
from tui.locations import Locations
from tui.profile import InUseError, KeyFolder, Profile, ProfileError, owner_of, write_durably


@pytest.fixture
def here(tmp_path: Path) -> Locations:
    return Locations.find({}, str(tmp_path / "ana"))


def opened(here: Locations) -> Profile:
    return Profile.open(here, "the test", os.urandom)


def test_a_new_profile_is_there_when_it_is_opened_again(here: Locations) -> None:
    assert not here.there()
    opened(here).close()
    assert here.there()
    before = here.vault.read_bytes()
    opened(here).close()
    assert here.vault.read_bytes() == before


def test_its_files_are_for_their_owner_alone(here: Locations) -> None:
    profile = opened(here)
    (key,) = here.keys.iterdir()
    for path, mode in ((here.home, 0o700), (here.keys, 0o700), (key, 0o600), (here.vault, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    profile.close()


def test_a_second_owner_is_told_who_the_first_is(here: Locations) -> None:
    assert owner_of(here) is None
    profile = opened(here)
    with pytest.raises(InUseError, match=f"the test .process {os.getpid()}.") as refused:
        opened(here)
    assert owner_of(here) == refused.value.holder == f"the test (process {os.getpid()})"
    profile.close()
    assert owner_of(here) is None
    opened(here).close()


def test_a_killed_owner_leaves_the_profile_free(here: Locations) -> None:
    program = (
        "import os, sys, signal; from tui.locations import Locations; from tui.profile import "
        "Profile; p = Profile.open(Locations.find({}, sys.argv[1]), 'it', os.urandom); "
        "print('open', flush=True); signal.pause()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(here.home)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "open\n"
        with pytest.raises(InUseError, match=str(child.pid)):
            opened(here)
        child.send_signal(signal.SIGKILL)
        child.wait()
    opened(here).close()


def test_a_profile_whose_vault_is_gone_is_not_made_anew(here: Locations) -> None:
    opened(here).close()
    vault = here.vault.read_bytes()
    here.vault.unlink()
    with pytest.raises(ProfileError, match="Put it back"):
        opened(here)
    here.vault.write_bytes(vault)
    opened(here).close()


def test_a_profile_whose_key_or_database_is_another_says_so(
    here: Locations, tmp_path: Path
) -> None:
    opened(here).close()
    other = Locations.find({}, str(tmp_path / "bo"))
    opened(other).close()
    here.database.write_bytes(other.database.read_bytes())
    with pytest.raises(ProfileError, match="its key does not fit"):
        opened(here)
    (key,) = here.keys.iterdir()
    key.unlink()
    with pytest.raises(ProfileError, match="is not in its key file"):
        opened(here)
    opened(other).close()


def test_a_vault_that_cannot_be_read_says_so(here: Locations) -> None:
    here.prepare()
    here.vault.mkdir()
    with pytest.raises(ProfileError, match="cannot be read"):
        opened(here)
    assert owner_of(here) is None


def test_a_damaged_vault_says_so(here: Locations) -> None:
    opened(here).close()
    here.vault.write_bytes(here.vault.read_bytes()[:-1])
    with pytest.raises(ProfileError, match="damaged"):
        opened(here)


def test_the_key_folder_keeps_reads_and_erases(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path / "keys")
    assert folder.read("a" * 32) is None
    folder.write("a" * 32, Secret(b"k" * 32))
    assert folder.read("a" * 32) == Secret(b"k" * 32)
    folder.erase("a" * 32)
    folder.erase("a" * 32)
    assert folder.read("a" * 32) is None
    (tmp_path / "keys" / ("b" * 32)).mkdir()
    with pytest.raises(Exception, match="cannot be read"):
        folder.read("b" * 32)


def test_a_file_is_put_in_place_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_takes_nothing_is_a_sentence(here: Locations) -> None:
    opened(here).close()
    (key,) = here.keys.iterdir()
    key.unlink()
    here.keys.rmdir()
    here.keys.write_text("in the way")
    with pytest.raises(ProfileError, match=r"."):
        opened(here)
    here.vault.unlink()
    here.database.unlink()
    with pytest.raises(ProfileError, match="cannot be written: "):
        opened(here)
    here.lock.unlink()
    here.lock.mkdir()
    with pytest.raises(ProfileError, match="cannot be written: "):
        opened(here)
    here.lock.rmdir()
    here.keys.unlink()
    opened(here).close()


def test_an_owner_whose_name_finds_no_room_owns_it_all_the_same(here: Locations) -> None:
    here.prepare()
    here.lock.symlink_to("/dev/full")
    opened(here).close()
