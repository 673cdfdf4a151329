"""The vault: a random key for the profile's database, and what that key is locked with.

The database key never changes; a change of protection locks it anew. The vault's bytes are a small
file beside the database:

    struct {
        opaque magic[8] = "hallwayv";
        uint8  version = 1;
        uint8  protection;           // 1 passphrase, 2 keyring, 3 key file
        select (protection) {
            case 1:    opaque salt[16]; uint32 memory_kib; uint32 passes;   // Argon2id, RFC 9106
            case 2, 3: opaque slot[16];                                     // where its key is kept
        };
        opaque sealed[60];           // nonce[12] ‖ ChaCha20-Poly1305(locking key, all of the above)
    } Vault;

A key file is the default, and protects no better than its permissions. Nothing here touches a disk
or a keyring: whoever keeps locking keys is passed in as a `KeyHolder`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self, TypeAlias

from crypto.errors import (
    FieldError,
    KeyMissingError,
    MisuseError,
    NewerVaultError,
    PassphraseNeededError,
    VaultDamagedError,
    WrongPassphraseError,
)
from crypto.fields import bounded, decoded
from crypto.mls.codec import Reader, Struct, Writer
from crypto.primitives import (
    AEAD_KEY_LENGTH,
    AEAD_NONCE_LENGTH,
    AEAD_TAG_LENGTH,
    Rng,
    argon2id,
)
from crypto.sealing import open_, seal
from crypto.secret import Secret

DATABASE_KEY_LENGTH = 32
MAGIC = b"hallwayv"
VAULT_VERSION = 1
SALT_LENGTH = 16
SLOT_LENGTH = 16
SEALED_LENGTH = AEAD_NONCE_LENGTH + DATABASE_KEY_LENGTH + AEAD_TAG_LENGTH

# What a vault may ask of this machine: a damaged one must not make it swap or stall.
_MEMORY_LOWEST, _MEMORY_HIGHEST = 8, 1_048_576
_PASSES_LOWEST, _PASSES_HIGHEST = 1, 64


class KeyHolder(Protocol):
    """Who keeps locking keys: the system's keyring, or a folder of 0600 files.

    Keys are kept by slot, 32 lower-case hexadecimal digits. A holder that cannot be reached raises
    `KeyMissingError` with a sentence of its own.
    """

    def read(self, slot: str) -> Secret | None:
        """The key of a slot, or None where there is none."""
        ...

    def write(self, slot: str, key: Secret) -> None:
        """Keep a key; it is durable when this returns."""
        ...

    def erase(self, slot: str) -> None:
        """Forget a key, if it is there."""
        ...


class Protection(IntEnum):
    """What the database key is locked with."""

    PASSPHRASE = 1
    KEYRING = 2
    KEY_FILE = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at a passphrase costs: Argon2id's memory in KiB, and its passes."""

    memory_kib: int = 65_536
    passes: int = 3

    def __post_init__(self) -> None:
        bounded(self.memory_kib, _MEMORY_LOWEST, _MEMORY_HIGHEST, "the memory of a guess")
        bounded(self.passes, _PASSES_LOWEST, _PASSES_HIGHEST, "the passes of a guess")


USUAL_COST = Cost()


@dataclass(frozen=True, slots=True)
class PassphraseLock:
    """Locked with what Argon2id makes of a passphrase and this salt."""

    salt: bytes
    cost: Cost

    @property
    def protection(self) -> Protection:
        """A passphrase."""
        return Protection.PASSPHRASE

    def key(self, passphrase: str) -> Secret:
        """The locking key; the passphrase counts in NFC, so that keyboards do not matter."""
        if not passphrase:
            raise MisuseError("A passphrase has at least one character.")
        # an error on a lone surrogate would hold the passphrase, so there is none
        data = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
        return argon2id(data, self.salt, self.cost.memory_kib, self.cost.passes)


@dataclass(frozen=True, slots=True)
class HeldLock:
    """Locked with a random key that a `KeyHolder` keeps in a slot."""

    protection: Protection
    slot: bytes

    @property
    def slot_name(self) -> str:
        """The slot as the holder knows it."""
        return self.slot.hex()


Lock: TypeAlias = PassphraseLock | HeldLock


@dataclass(frozen=True, slots=True)
class Vault(Struct):
    """A locked database key."""

    lock: Lock
    sealed: bytes

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The vault in a file's bytes; VaultDamagedError or NewerVaultError."""
        if not data.startswith(MAGIC):
            raise VaultDamagedError("This file is not a vault of Hallway's.")
        version = data[len(MAGIC) : len(MAGIC) + 1]
        if version > bytes((VAULT_VERSION,)):
            raise NewerVaultError(
                "This profile was written by a later version of Hallway. Update Hallway to open it."
            )
        try:
            return decoded(cls, data, "the vault")
        except FieldError as error:
            raise VaultDamagedError(
                "The vault of this profile is damaged. Restore it from a backup."
            ) from error

    @property
    def protection(self) -> Protection:
        """What it takes to open it."""
        return self.lock.protection

    def open_with_passphrase(self, passphrase: str) -> Secret:
        """The database key, or WrongPassphraseError; it takes as long as the lock's cost."""
        if not isinstance(self.lock, PassphraseLock):
            raise MisuseError("this vault is not locked with a passphrase")
        database_key = self._open(self.lock.key(passphrase))
        if database_key is None:
            raise WrongPassphraseError("That is not the passphrase of this profile. Try again.")
        return database_key

    def open_with_holder(self, holder: KeyHolder) -> Secret:
        """The database key; PassphraseNeededError, KeyMissingError or VaultDamagedError."""
        if isinstance(self.lock, PassphraseLock):
            raise PassphraseNeededError("This profile is locked with a passphrase.")
        key = holder.read(self.lock.slot_name)
        if key is None:
            raise KeyMissingError(f"The key of this profile is not in {_place(self.protection)}.")
        database_key = self._open(key)
        if database_key is None:
            raise VaultDamagedError(
                f"The key in {_place(self.protection)} does not open this profile's vault: one of "
                "the two is damaged or of another profile. Restore it from a backup."
            )
        return database_key

    def forget(self, holder: KeyHolder) -> None:
        """Erase the locking key, once another vault has taken this one's place on the disk."""
        if isinstance(self.lock, HeldLock):
            holder.erase(self.lock.slot_name)

    def _open(self, key: Secret) -> Secret | None:
        if len(key) != AEAD_KEY_LENGTH:
            return None
        plaintext = open_(key, _header(self.lock), self.sealed)
        return None if plaintext is None else Secret(plaintext)

    def write(self, writer: Writer) -> None:
        writer.raw(_header(self.lock))
        writer.raw(self.sealed)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        magic, version = reader.raw(len(MAGIC)), reader.uint8()
        if magic != MAGIC or version != VAULT_VERSION:
            raise FieldError("a vault starts with its name and version")
        return cls(_read_lock(reader), reader.raw(SEALED_LENGTH))


def new_database_key(rng: Rng) -> Secret:
    """A key for a new profile's database: 32 bytes."""
    return Secret(rng(DATABASE_KEY_LENGTH))


def lock_with_passphrase(
    database_key: Secret, passphrase: str, rng: Rng, cost: Cost = USUAL_COST
) -> Vault:
    """A vault that this passphrase opens."""
    lock = PassphraseLock(rng(SALT_LENGTH), cost)
    return _locked(database_key, lock, lock.key(passphrase), rng)


def lock_with_holder(
    database_key: Secret, protection: Protection, holder: KeyHolder, rng: Rng
) -> Vault:
    """A vault whose locking key the holder keeps, already when this returns.

    The new slot is another than any before: until the vault's bytes are on the disk, the former
    vault and its key still work. After that, `former.forget(holder)`.
    """
    if protection is Protection.PASSPHRASE:
        raise MisuseError("a passphrase is not kept by anybody")
    lock = HeldLock(protection, rng(SLOT_LENGTH))
    key = Secret(rng(AEAD_KEY_LENGTH))
    vault = _locked(database_key, lock, key, rng)
    holder.write(lock.slot_name, key)
    return vault


def _locked(database_key: Secret, lock: Lock, key: Secret, rng: Rng) -> Vault:
    if len(database_key) != DATABASE_KEY_LENGTH:
        raise MisuseError(f"a database key has {DATABASE_KEY_LENGTH} bytes")
    return Vault(lock, seal(key, _header(lock), database_key.reveal(), rng))


def _header(lock: Lock) -> bytes:
    writer = Writer()
    writer.raw(MAGIC)
    writer.uint8(VAULT_VERSION)
    writer.uint8(lock.protection)
    if isinstance(lock, PassphraseLock):
        writer.raw(lock.salt)
        writer.uint32(lock.cost.memory_kib)
        writer.uint32(lock.cost.passes)
    else:
        writer.raw(lock.slot)
    return writer.getvalue()


def _read_lock(reader: Reader) -> Lock:
    protection = reader.uint8()
    bounded(protection, Protection.PASSPHRASE, Protection.KEY_FILE, "a vault's protection")
    if protection == Protection.PASSPHRASE:
        return PassphraseLock(reader.raw(SALT_LENGTH), Cost(reader.uint32(), reader.uint32()))
    return HeldLock(Protection(protection), reader.raw(SLOT_LENGTH))


def _place(protection: Protection) -> str:
    return "the system's keyring" if protection is Protection.KEYRING else "its key file"
