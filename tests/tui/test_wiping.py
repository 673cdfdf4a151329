"""Erasing a profile: keys first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crypto.errors import CryptoError
from tui.locations import Locations
from tui.locking import protect
from tui.profile import Profile, ProfileError
from tui.wiping import erase_keys, erase_rest


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    found = Locations.find({"XDG_DATA_HOME": str(tmp_path)}, str(tmp_path / "home"))
    Profile.open(found, "a test", os.urandom).close()
    return found


def test_without_its_keys_nothing_opens_it(locations: Locations) -> None:
    database = locations.database.read_bytes()
    (key,) = locations.keys.iterdir()
    # Another name for the same bytes on the disk: what is written over is gone there, too.
    kept, vault = locations.data / "kept", locations.data / "vault"
    os.link(key, kept)
    os.link(locations.vault, vault)
    erase_keys(locations)
    assert not any(kept.read_bytes()) and not any(vault.read_bytes())
    assert not list(locations.keys.iterdir()) and not locations.vault.exists()
    assert locations.database.read_bytes() == database
    with pytest.raises((ProfileError, CryptoError)):
        Profile.open(locations, "a test", os.urandom)
    erase_rest(locations)
    assert not locations.home.exists()
    erase_keys(locations)
    erase_rest(locations)


def test_one_with_a_passphrase_loses_its_vault(locations: Locations) -> None:
    protect(locations, "", "correct horse", os.urandom)
    erase_keys(locations)
    assert not locations.vault.exists()
