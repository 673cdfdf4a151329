"""A profile's passphrase: set, changed, taken away, and cut short at every step."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.secret import Secret
from crypto.vault import Cost, Vault
from tui.locations import Locations
from tui.locking import exchange, has_passphrase, protect, unlock
from tui.profile import (
    InUseError,
    KeyFolder,
    LockedError,
    Profile,
    ProfileError,
    read_vault,
    write_durably,
)

CHEAP = Cost(memory_kib=8, passes=1)
"""A guess that costs nothing: what it should cost is `crypto.vault`'s matter."""


@pytest.fixture
def here(tmp_path: Path) -> Locations:
    return Locations.find({}, str(tmp_path / "ana"))


@pytest.fixture
def there(here: Locations) -> Locations:
    """A profile that has something in it, protected by a key file."""
    profile = Profile.open(here, "the test", os.urandom)
    with profile.database.transaction():
        profile.database.write("CREATE TABLE mark (word TEXT)")
        profile.database.write("INSERT INTO mark VALUES ('kept')")
    profile.close()
    return here


def opens(here: Locations, passphrase: str = "") -> bool:
    """Whether the profile opens, and holds what it held; False where it asks for another."""
    try:
        key = unlock(here, passphrase) if has_passphrase(here) else None
        profile = Profile.open(here, "the test", os.urandom, key)
    except LockedError:
        return False
    assert profile.database.row("SELECT word FROM mark") == ("kept",)
    profile.close()
    return True


def key_files(here: Locations) -> int:
    return len(KeyFolder(here.keys).slots())


def test_set_change_and_remove(there: Locations) -> None:
    assert not has_passphrase(there)
    protect(there, "", "one", os.urandom, CHEAP)
    assert has_passphrase(there)
    assert key_files(there) == 0
    assert opens(there, "one")
    assert not opens(there, "two")
    assert not opens(there, "")
    protect(there, "one", "two", os.urandom, CHEAP)
    assert (opens(there, "one"), opens(there, "two")) == (False, True)
    protect(there, "two", "", os.urandom)
    assert not has_passphrase(there)
    assert key_files(there) == 1
    assert opens(there)


def test_without_the_right_one_nothing_changes(there: Locations) -> None:
    protect(there, "", "one", os.urandom, CHEAP)
    before = there.vault.read_bytes()
    for old in ("", "two", "One"):
        for new in ("mine", ""):
            with pytest.raises(LockedError):
                protect(there, old, new, os.urandom, CHEAP)
    assert there.vault.read_bytes() == before
    assert opens(there, "one")


def test_a_locked_profile_does_not_open_by_itself(there: Locations) -> None:
    protect(there, "", "one", os.urandom, CHEAP)
    with pytest.raises(LockedError, match="locked with a passphrase"):
        Profile.open(there, "the test", os.urandom)
    assert opens(there, "one")


def test_a_profile_may_begin_with_one(here: Locations) -> None:
    """So that no key file has ever been on the disk."""
    protect(here, "", "one", os.urandom, CHEAP)
    assert here.there()
    assert has_passphrase(here)
    assert not here.keys.exists()
    Profile.open(here, "the test", os.urandom, unlock(here, "one")).close()


def test_while_it_is_open_it_is_not_changed(there: Locations) -> None:
    profile = Profile.open(there, "the test", os.urandom)
    with pytest.raises(InUseError):
        protect(there, "", "one", os.urandom, CHEAP)
    profile.close()
    assert opens(there)


def test_the_usual_cost_is_what_a_guess_costs(there: Locations) -> None:
    protect(there, "", "one", os.urandom)
    vault = read_vault(there)
    assert vault is not None
    assert "65536" in repr(vault.lock)
    assert opens(there, "one")


def test_damaged_and_missing_vaults_are_told(there: Locations) -> None:
    whole = there.vault.read_bytes()
    there.vault.write_bytes(whole[:-1])
    attempts: list[Callable[[], object]] = [
        lambda: has_passphrase(there),
        lambda: unlock(there, "one"),
        lambda: protect(there, "", "one", os.urandom, CHEAP),
    ]
    for attempt in attempts:
        with pytest.raises(ProfileError, match="damaged"):
            attempt()
    there.vault.unlink()
    for attempt in attempts:
        with pytest.raises(ProfileError, match="Put it back"):
            attempt()
    there.database.unlink()
    assert not has_passphrase(there)
    with pytest.raises(ProfileError, match="no profile here any more"):
        unlock(there, "one")


def test_a_vault_that_cannot_be_written_says_so(there: Locations) -> None:
    there.vault.with_name("vault.new").mkdir()
    with pytest.raises(ProfileError, match="cannot be written"):
        protect(there, "", "one", os.urandom, CHEAP)
    assert opens(there)


class CutShortError(Exception):
    """The process is gone, here and now."""


class Steps:
    """Lets so many steps on the disk be done, and no more."""

    def __init__(self, many: int) -> None:
        self.left = many

    def take(self) -> None:
        if not self.left:
            raise CutShortError
        self.left -= 1


class CutShort(KeyFolder):
    """A key folder whose process ends after so many steps."""

    def __init__(self, folder: Path, steps: Steps) -> None:
        super().__init__(folder)
        self._steps = steps

    def write(self, slot: str, key: Secret) -> None:
        self._steps.take()
        super().write(slot, key)

    def erase(self, slot: str) -> None:
        self._steps.take()
        super().erase(slot)


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize(("old", "new"), [("", "two"), ("one", "two"), ("one", ""), ("", "")])
def test_an_exchange_that_is_cut_short_leaves_a_profile_that_opens(
    there: Locations, old: str, new: str, steps: int
) -> None:
    if old:
        protect(there, "", old, os.urandom, CHEAP)
    vault = read_vault(there)
    assert vault is not None
    key = vault.open_with_passphrase(old) if old else vault.open_with_holder(KeyFolder(there.keys))
    left = Steps(steps)

    def write(data: bytes) -> None:
        left.take()
        write_durably(there.vault, data)

    try:
        exchange(key, new, CutShort(there.keys, left), write, os.urandom, CHEAP)
    except CutShortError:
        done = False
    else:
        done = True
    assert opens(there, new) or (not done and opens(there, old))
    if has_passphrase(there):
        assert key_files(there) == 0  # what was left behind went when it was opened
    protect(there, new if opens(there, new) else old, "three", os.urandom, CHEAP)
    assert opens(there, "three")
    assert key_files(there) == 0


def test_a_vault_that_was_half_written_is_none(there: Locations) -> None:
    """The new bytes are put beside the old ones, and take their place whole."""
    protect(there, "", "one", os.urandom, CHEAP)
    there.vault.with_name("vault.new").write_bytes(there.vault.read_bytes()[:20])
    assert opens(there, "one")
    protect(there, "one", "two", os.urandom, CHEAP)
    assert opens(there, "two")
    assert not there.vault.with_name("vault.new").exists()


def test_a_key_file_is_written_over_before_it_goes(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "keys")
    keys.write("a" * 32, Secret(b"k" * 32))
    kept = tmp_path / "the same file under another name"
    kept.hardlink_to(tmp_path / "keys" / ("a" * 32))
    keys.erase("a" * 32)
    assert keys.slots() == []
    assert kept.read_bytes() == bytes(32)


def test_a_vault_holds_neither_key_nor_passphrase(there: Locations) -> None:
    protect(there, "", "canary", os.urandom, CHEAP)
    data = there.vault.read_bytes()
    assert b"canary" not in data
    assert unlock(there, "canary").reveal() not in data
    assert "canary" not in repr(Vault.parse(data))
