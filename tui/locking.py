"""A profile's passphrase: unlocking with it, setting it, changing it, taking it away.

The database's key never changes: what is exchanged is the vault that it is locked in, one small
file put in the place of another. Cut short anywhere, an exchange leaves a profile that opens with
what protected it before or with what protects it from now on.

An exchange is for the profile's owner alone; unlocking reads the vault and touches nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from crypto.errors import CryptoError, WrongPassphraseError
from crypto.primitives import Rng
from crypto.secret import Secret
from crypto.vault import (
    USUAL_COST,
    Cost,
    Protection,
    Vault,
    lock_with_holder,
    lock_with_passphrase,
    new_database_key,
)
from tui.locations import Locations
from tui.profile import (
    KeyFolder,
    LockedError,
    ProfileError,
    erase_keys,
    own,
    read_vault,
    write_durably,
)

HOLDER = "hallway passphrase"


def has_passphrase(locations: Locations) -> bool:
    """Whether a passphrase protects the profile; ProfileError where that can't be told."""
    try:
        vault = read_vault(locations)
    except CryptoError as error:
        raise ProfileError(str(error)) from error
    return vault is not None and vault.protection is Protection.PASSPHRASE


def unlock(locations: Locations, passphrase: str) -> Secret:
    """The database's key, for `Profile.open`; LockedError for a wrong passphrase, ProfileError.

    It takes a tenth of a second or more, by design.
    """
    try:
        vault = read_vault(locations)
        if vault is None:
            raise ProfileError("There is no profile here any more.")
        return _opened(vault, KeyFolder(locations.keys), passphrase)
    except CryptoError as error:
        raise ProfileError(str(error)) from error


def protect(locations: Locations, old: str, new: str, rng: Rng, cost: Cost = USUAL_COST) -> None:
    """Protect the profile with another passphrase; a profile that is not there yet is begun.

    :param old: the passphrase that protects it now, empty where none does.
    :param new: the one from now on; empty for a key file.

    LockedError for a wrong one, InUseError where another process owns the profile, ProfileError.
    """
    locations.prepare()
    owner = own(locations.lock, HOLDER)
    try:
        protect_own(locations, old, new, rng, cost)
    finally:
        os.close(owner)


def protect_own(
    locations: Locations, old: str, new: str, rng: Rng, cost: Cost = USUAL_COST
) -> None:
    """As `protect`, for the process that owns the profile already."""
    try:
        keys = KeyFolder(locations.keys)
        vault = read_vault(locations)
        key = new_database_key(rng) if vault is None else _opened(vault, keys, old)
        exchange(key, new, keys, partial(write_durably, locations.vault), rng, cost)
    except CryptoError as error:
        raise ProfileError(str(error)) from error
    except OSError as error:
        raise ProfileError(
            f"The vault {locations.vault} cannot be written ({error.strerror})."
        ) from error


def exchange(
    key: Secret,
    new: str,
    keys: KeyFolder,
    write: Callable[[bytes], None],
    rng: Rng,
    cost: Cost = USUAL_COST,
) -> None:
    """Lock a key anew. The order is what matters: a key file is on the disk before the vault that
    wants it, and what opened the former vault goes after the new one has taken its place.

    :param write: puts a vault's bytes in the place of the former's, whole and on the disk.
    """
    if new:
        vault = lock_with_passphrase(key, new, rng, cost)
    else:
        vault = lock_with_holder(key, Protection.KEY_FILE, keys, rng)
    write(vault.encode())
    erase_keys(keys, vault)


def _opened(vault: Vault, keys: KeyFolder, passphrase: str) -> Secret:
    if vault.protection is not Protection.PASSPHRASE:
        return vault.open_with_holder(keys)
    if not passphrase:
        raise LockedError("This profile is locked with a passphrase.")
    try:
        return vault.open_with_passphrase(passphrase)
    except WrongPassphraseError as error:
        raise LockedError(str(error)) from error
