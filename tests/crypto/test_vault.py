"""The vault: one database key, three ways to lock it, and what happens when it does not open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import (
    FieldError,
    KeyMissingError,
    MisuseError,
    NewerVaultError,
    PassphraseNeededError,
    VaultDamagedError,
    VaultError,
    WrongPassphraseError,
)
from crypto.secret import Secret
from crypto.vault import (
    MAGIC,
    USUAL_COST,
    Cost,
    HeldLock,
    PassphraseLock,
    Protection,
    Vault,
    lock_with_holder,
    lock_with_passphrase,
    new_database_key,
)
from tests.crypto.material import flipped, scripted, seeded

KEY = Secret(bytes(range(32)))
CHEAP = Cost(memory_kib=8, passes=1)
PASSPHRASE = "correct horse battery staple"


class Shelf:
    """A holder of keys in memory."""

    def __init__(self) -> None:
        self.keys: dict[str, Secret] = {}

    def read(self, slot: str) -> Secret | None:
        return self.keys.get(slot)

    def write(self, slot: str, key: Secret) -> None:
        self.keys[slot] = key

    def erase(self, slot: str) -> None:
        self.keys.pop(slot, None)


class Unreachable(Shelf):
    """A keyring that does not answer."""

    def read(self, slot: str) -> Secret | None:
        raise KeyMissingError("The keyring is locked. Unlock it.")


def with_passphrase(passphrase: str = PASSPHRASE, cost: Cost = CHEAP) -> Vault:
    return lock_with_passphrase(KEY, passphrase, seeded("vault"), cost)


def held(shelf: Shelf, protection: Protection = Protection.KEY_FILE, seed: str = "a") -> Vault:
    return lock_with_holder(KEY, protection, shelf, seeded(seed))


HELD = [Protection.KEYRING, Protection.KEY_FILE]


class TestPassphrase:
    def test_opens_it(self) -> None:
        vault = Vault.parse(with_passphrase().encode())
        assert vault.protection is Protection.PASSPHRASE
        assert vault.open_with_passphrase(PASSPHRASE) == KEY

    def test_another_does_not(self) -> None:
        for wrong in ("correct horse", PASSPHRASE + " ", PASSPHRASE.upper()):
            with pytest.raises(WrongPassphraseError, match="Try again"):
                with_passphrase().open_with_passphrase(wrong)

    def test_is_the_same_on_every_keyboard(self) -> None:
        vault = with_passphrase("Zoe\u0308")
        assert vault.open_with_passphrase("Zo\u00eb") == KEY

    def test_may_hold_what_a_terminal_could_not_decode(self) -> None:
        # such bytes come as lone surrogates
        assert with_passphrase("caf\udce9").open_with_passphrase("caf\udce9") == KEY

    def test_is_not_empty(self) -> None:
        with pytest.raises(MisuseError, match="at least one character"):
            with_passphrase("")
        with pytest.raises(MisuseError):
            with_passphrase().open_with_passphrase("")

    def test_is_asked_for(self) -> None:
        with pytest.raises(PassphraseNeededError, match="locked with a passphrase"):
            with_passphrase().open_with_holder(Shelf())

    def test_is_not_what_opens_the_other_kinds(self) -> None:
        with pytest.raises(MisuseError):
            held(Shelf()).open_with_passphrase(PASSPHRASE)

    def test_the_usual_cost_is_64_mib_and_3_passes(self) -> None:
        assert (USUAL_COST.memory_kib, USUAL_COST.passes) == (64 * 1024, 3)
        vault = lock_with_passphrase(KEY, PASSPHRASE, seeded("usual"))
        assert isinstance(vault.lock, PassphraseLock)
        assert vault.lock.cost == USUAL_COST
        assert vault.open_with_passphrase(PASSPHRASE) == KEY

    def test_salts_are_fresh(self) -> None:
        other = lock_with_passphrase(KEY, PASSPHRASE, seeded("other"), CHEAP)
        assert other.lock != with_passphrase().lock
        assert other.sealed != with_passphrase().sealed

    def test_nothing_is_kept_elsewhere(self) -> None:
        shelf = Shelf()
        shelf.keys["x"] = KEY
        with_passphrase().forget(shelf)
        assert shelf.keys == {"x": KEY}


class TestHolder:
    @pytest.mark.parametrize("protection", HELD)
    def test_opens_it(self, protection: Protection) -> None:
        shelf = Shelf()
        vault = Vault.parse(held(shelf, protection).encode())
        assert vault.protection is protection
        assert vault.open_with_holder(shelf) == KEY

    def test_keeps_a_random_key_and_not_the_databases(self) -> None:
        shelf = Shelf()
        vault = lock_with_holder(
            KEY, Protection.KEYRING, shelf, scripted(b"s" * 16, b"k" * 32, b"n" * 12)
        )
        assert shelf.keys == {(b"s" * 16).hex(): Secret(b"k" * 32)}
        assert vault.open_with_holder(shelf) == KEY

    @pytest.mark.parametrize(
        ("protection", "place"),
        [(Protection.KEYRING, "the system's keyring"), (Protection.KEY_FILE, "its key file")],
    )
    def test_a_lost_key_is_said_to_be_lost(self, protection: Protection, place: str) -> None:
        with pytest.raises(KeyMissingError, match=f"not in {place}"):
            held(Shelf(), protection).open_with_holder(Shelf())

    @pytest.mark.parametrize("key", [Secret(bytes(32)), Secret(b""), Secret(bytes(33))])
    def test_another_key_is_said_to_be_another(self, key: Secret) -> None:
        shelf = Shelf()
        vault = held(shelf)
        shelf.keys = dict.fromkeys(shelf.keys, key)
        with pytest.raises(VaultDamagedError, match="of another profile"):
            vault.open_with_holder(shelf)

    def test_speaks_for_itself_when_it_is_not_there(self) -> None:
        with pytest.raises(KeyMissingError, match="Unlock it"):
            held(Shelf()).open_with_holder(Unreachable())

    def test_does_not_keep_passphrases(self) -> None:
        shelf = Shelf()
        with pytest.raises(MisuseError):
            held(shelf, Protection.PASSPHRASE)
        assert shelf.keys == {}


class TestChange:
    @pytest.mark.parametrize("to", HELD)
    def test_keeps_the_key_and_works_at_every_moment(self, to: Protection) -> None:
        shelf = Shelf()
        former = held(shelf)
        key = former.open_with_holder(shelf)
        new = lock_with_holder(key, to, shelf, seeded("b"))
        assert former.open_with_holder(shelf) == new.open_with_holder(shelf) == KEY
        former.forget(shelf)
        assert new.open_with_holder(shelf) == KEY
        with pytest.raises(KeyMissingError):
            former.open_with_holder(shelf)

    def test_to_a_passphrase_and_back(self) -> None:
        shelf = Shelf()
        former = held(shelf)
        locked = lock_with_passphrase(
            former.open_with_holder(shelf), PASSPHRASE, seeded("c"), CHEAP
        )
        former.forget(shelf)
        assert shelf.keys == {}
        opened = locked.open_with_passphrase(PASSPHRASE)
        assert lock_with_holder(opened, Protection.KEYRING, shelf, seeded("d")).open_with_holder(
            shelf
        ) == (KEY)

    def test_forgetting_twice_is_no_mistake(self) -> None:
        shelf = Shelf()
        vault = held(shelf)
        vault.forget(shelf)
        vault.forget(shelf)


VAULTS: list[Callable[[], Vault]] = [with_passphrase, lambda: held(Shelf())]


class TestBytes:
    def test_are_a_header_and_a_sealed_key(self) -> None:
        data = with_passphrase().encode()
        assert data[:10] == b"hallwayv\x01\x01"
        assert data[26:34] == (8).to_bytes(4) + (1).to_bytes(4)
        assert len(data) == 10 + 16 + 8 + 60
        data = held(Shelf(), Protection.KEYRING).encode()
        assert data[:10] == b"hallwayv\x01\x02"
        assert len(data) == 10 + 16 + 60

    @pytest.mark.parametrize("make", VAULTS)
    def test_survive(self, make: Callable[[], Vault]) -> None:
        assert Vault.parse(make().encode()) == make()

    @pytest.mark.parametrize("make", VAULTS)
    def test_cut_or_prolonged_are_damaged(self, make: Callable[[], Vault]) -> None:
        data = make().encode()
        for length in range(len(MAGIC), len(data)):
            with pytest.raises(VaultDamagedError, match="Restore it from a backup"):
                Vault.parse(data[:length])
        with pytest.raises(VaultDamagedError):
            Vault.parse(data + b"\0")

    def test_of_something_else_are_no_vault(self) -> None:
        for data in (b"", b"SQLite format 3\0", MAGIC[:-1]):
            with pytest.raises(VaultDamagedError, match="not a vault"):
                Vault.parse(data)

    def test_of_a_later_version_say_update(self) -> None:
        for version in (2, 255):
            with pytest.raises(NewerVaultError, match="Update Hallway"):
                Vault.parse(MAGIC + bytes((version,)) + b"whatever")
        with pytest.raises(VaultDamagedError):
            Vault.parse(MAGIC + b"\0" + with_passphrase().encode()[9:])

    def test_with_another_header_do_not_open(self) -> None:
        shelf = Shelf()
        data = held(shelf, Protection.KEYRING).encode()
        other = Vault.parse(data[:9] + bytes((Protection.KEY_FILE,)) + data[10:])
        with pytest.raises(VaultDamagedError):
            other.open_with_holder(shelf)

    @given(st.integers(10, 93))
    def test_with_any_bit_wrong_do_not_open(self, index: int) -> None:
        damaged = flipped(with_passphrase().encode(), index)
        with pytest.raises(VaultError):
            Vault.parse(damaged).open_with_passphrase(PASSPHRASE)

    def test_of_an_unheard_of_protection_are_damaged(self) -> None:
        data = held(Shelf()).encode()
        for protection in (0, 4, 255):
            with pytest.raises(VaultDamagedError):
                Vault.parse(data[:9] + bytes((protection,)) + data[10:])

    @pytest.mark.parametrize(
        ("memory_kib", "passes"), [(7, 1), (1_048_577, 1), (8, 0), (8, 65), (2**32 - 1, 1)]
    )
    def test_that_would_stall_the_machine_are_damaged(self, memory_kib: int, passes: int) -> None:
        data = with_passphrase().encode()
        cost = memory_kib.to_bytes(4) + passes.to_bytes(4)
        with pytest.raises(VaultDamagedError):
            Vault.parse(data[:26] + cost + data[34:])
        with pytest.raises(FieldError):
            Cost(memory_kib, passes)

    def test_ask_up_to_the_very_bounds(self) -> None:
        for cost in ((8, 1), (1_048_576, 64)):
            assert (Cost(*cost).memory_kib, Cost(*cost).passes) == cost

    def test_start_with_their_name_when_read_as_a_structure_too(self) -> None:
        with pytest.raises(FieldError):
            Vault.decode(b"x" + held(Shelf()).encode()[1:])


def test_a_database_key_has_32_bytes() -> None:
    assert new_database_key(scripted(bytes(range(32)))) == KEY
    with pytest.raises(MisuseError, match="32 bytes"):
        lock_with_passphrase(Secret(bytes(31)), PASSPHRASE, seeded("x"), CHEAP)


def test_no_key_is_kept_for_a_vault_that_is_not_made() -> None:
    shelf = Shelf()
    with pytest.raises(MisuseError):
        lock_with_holder(Secret(b""), Protection.KEY_FILE, shelf, seeded("x"))
    assert shelf.keys == {}


def test_no_key_is_printed() -> None:
    shelf = Shelf()
    vault = held(shelf)
    assert isinstance(vault.lock, HeldLock)
    for secret in (KEY, *shelf.keys.values()):
        assert secret.reveal().hex() not in repr(vault)
