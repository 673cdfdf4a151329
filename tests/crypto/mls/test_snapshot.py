"""Stored state: it comes back the same, and damage is refused by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.errors import SnapshotError
from crypto.mls.proposals import Add
from crypto.mls.snapshot import (
    VERSION,
    Kind,
    Standing,
    restore_group,
    restore_key_package,
    restore_pending,
    restore_standing,
    save_epoch,
    save_key_package,
    save_pending,
    save_ratchets,
    save_standing,
)
from crypto.primitives import sha256
from crypto.secret import Secret
from tests.crypto.mls.aes_suite import AES128GCM_SUITE
from tests.crypto.mls.assembly import NOW, Assembly, read, stage
from tests.crypto.mls.members import SUITE

ASSEMBLY = Assembly("snapshots", 5)
PENDING = ASSEMBLY[1].commit([Add(ASSEMBLY.newcomer().key_package)], ASSEMBLY.rng, now=NOW)
EPOCH, RATCHETS = save_epoch(ASSEMBLY[1]), save_ratchets(ASSEMBLY[1])
STANDING = Standing(ASSEMBLY[1].context, ASSEMBLY[1].tree, ASSEMBLY[1].own_leaf)
STORED: list[tuple[Secret, Callable[[Secret], object]]] = [
    (EPOCH, lambda snapshot: restore_group(SUITE, snapshot, RATCHETS)),
    (RATCHETS, lambda snapshot: restore_group(SUITE, EPOCH, snapshot)),
    (save_pending(PENDING), lambda snapshot: restore_pending(SUITE, snapshot)),
    (save_key_package(ASSEMBLY.newcomer()), restore_key_package),
    (save_standing(STANDING), restore_standing),
]


def resealed(data: bytes) -> Secret:
    """Other contents with the right checksum."""
    return Secret(data + sha256(data))


def test_a_group_goes_on_from_its_snapshots() -> None:
    assembly = Assembly("restart", 3)
    for round_ in range(3):
        for leaf, group in list(assembly.groups.items()):
            snapshots = save_epoch(group), save_ratchets(group)
            restored = restore_group(SUITE, *snapshots)
            assert (save_epoch(restored), save_ratchets(restored)) == snapshots
            assembly.groups[leaf] = restored
        assembly.talk()
        assembly.commit(round_)


def test_a_standing_is_of_a_member_and_holds_no_key() -> None:
    stored = save_standing(STANDING)
    assert restore_standing(stored) == STANDING
    assert ASSEMBLY[1].state.epoch.private.leaf_key_pair.secret.reveal() not in stored.reveal()
    blank = ASSEMBLY[1].tree.leaf_count
    with pytest.raises(SnapshotError, match="not in the stored tree"):
        restore_standing(resealed(stored.reveal()[:-36] + blank.to_bytes(4)))


def test_a_member_and_keys_that_the_tree_does_not_have_are_refused() -> None:
    epoch = EPOCH.reveal()[:-32]
    nodes = ASSEMBLY[1].tree.direct_path(ASSEMBLY[1].own_leaf)
    length = bytes((4 * len(nodes),))
    listed = length + b"".join(node.to_bytes(4) for node in sorted(nodes))
    assert epoch.count(listed) == 1
    stranger = max(nodes) + 1
    for others in (
        [*sorted(nodes)[:-1], stranger],
        sorted(nodes, reverse=True),
        [nodes[0]] * len(nodes),
    ):
        put = length + b"".join(node.to_bytes(4) for node in others)
        with pytest.raises(SnapshotError, match="not of the nodes above"):
            restore_group(SUITE, resealed(epoch.replace(listed, put)), RATCHETS)
    tree = ASSEMBLY[1].tree.encode()
    at = epoch.index(tree) + len(tree)
    blank = ASSEMBLY[1].tree.leaf_count
    moved = epoch[:at] + blank.to_bytes(4) + epoch[at + 4 :]
    with pytest.raises(SnapshotError, match="not in the stored tree"):
        restore_group(SUITE, resealed(moved), RATCHETS)


def test_ratchets_are_stored_apart_from_the_epoch() -> None:
    assembly = Assembly("apart", 2)
    epoch, ratchets = save_epoch(assembly[0]), save_ratchets(assembly[0])
    message = assembly[0].encrypt(b"hi", assembly.rng)
    assert save_epoch(assembly[0]) == epoch
    assert save_ratchets(assembly[0]) != ratchets
    before = save_ratchets(assembly[1])
    read(assembly[1], message)
    assert save_ratchets(assembly[1]) != before
    assert len(before) < len(save_epoch(assembly[1]))


@pytest.mark.parametrize("adding", [0, 1])
def test_a_pending_commit_is_merged_after_a_restart(adding: int) -> None:
    assembly = Assembly("pending", 3)
    adds = [Add(assembly.newcomer().key_package) for _ in range(adding)]
    pending = assembly[0].commit(adds, assembly.rng, now=NOW)
    restored = restore_pending(SUITE, save_pending(pending))
    assert (restored.message, restored.welcome) == (pending.message, pending.welcome)
    assert (restored.welcome is None) == (adding == 0)
    assert save_pending(restored) == save_pending(pending)
    restarted = restore_group(SUITE, save_epoch(assembly[0]), save_ratchets(assembly[0]))
    restarted.merge(restored)
    assembly[1].merge(stage(assembly[1], pending.message))
    assert restarted.epoch_authenticator == assembly[1].epoch_authenticator


def test_a_key_package_comes_back_whole() -> None:
    member = ASSEMBLY.newcomer()
    assert restore_key_package(save_key_package(member)) == member


def test_the_bytes_say_their_version_and_kind() -> None:
    kinds = [Kind.EPOCH, Kind.RATCHETS, Kind.PENDING_COMMIT, Kind.KEY_PACKAGE, Kind.STANDING]
    for (snapshot, _), kind in zip(STORED, kinds, strict=True):
        assert snapshot.reveal()[:3] == VERSION.to_bytes(2) + bytes((kind,))


@pytest.mark.parametrize(("snapshot", "restore"), STORED)
class TestDamage:
    def test_any_changed_byte_is_noticed(
        self, snapshot: Secret, restore: Callable[[Secret], object]
    ) -> None:
        whole = snapshot.reveal()
        for place in range(0, len(whole), 41):
            spoilt = whole[:place] + bytes((whole[place] ^ 0x10,)) + whole[place + 1 :]
            with pytest.raises(SnapshotError, match="checksum"):
                restore(Secret(spoilt))

    def test_a_part_is_not_the_whole(
        self, snapshot: Secret, restore: Callable[[Secret], object]
    ) -> None:
        whole = snapshot.reveal()
        for length in (0, 1, 32, 35, len(whole) // 2, len(whole) - 1):
            with pytest.raises(SnapshotError):
                restore(Secret(whole[:length]))
        with pytest.raises(SnapshotError):
            restore(Secret(whole + b"\x00"))

    def test_another_version_is_named(
        self, snapshot: Secret, restore: Callable[[Secret], object]
    ) -> None:
        data = snapshot.reveal()[:-32]
        with pytest.raises(SnapshotError, match="version 2, not 1"):
            restore(resealed(b"\x00\x02" + data[2:]))

    def test_another_kind_is_named(
        self, snapshot: Secret, restore: Callable[[Secret], object]
    ) -> None:
        data = snapshot.reveal()[:-32]
        for kind in {0, 1, 2, 3, 4, 5} - {data[2]}:
            with pytest.raises(SnapshotError, match=f"kind {kind}, not"):
                restore(resealed(data[:2] + bytes((kind,)) + data[3:]))

    def test_a_right_checksum_does_not_excuse_the_rest(
        self, snapshot: Secret, restore: Callable[[Secret], object]
    ) -> None:
        data = snapshot.reveal()[:-32]
        for wrong in (data + b"\x00", data[:-1], data[:3], b""):
            with pytest.raises(SnapshotError, match="cannot be read"):
                restore(resealed(wrong))


@given(st.binary(max_size=200))
def test_foreign_bytes_are_never_anything(data: bytes) -> None:
    for _, restore in STORED:
        for snapshot in (Secret(data), resealed(data)):
            with pytest.raises(SnapshotError):
                restore(snapshot)


def test_epoch_and_ratchets_must_be_a_pair() -> None:
    assembly = Assembly("pair", 2)
    epoch, ratchets = save_epoch(assembly[0]), save_ratchets(assembly[0])
    assembly.commit(0)
    for one, other in ((save_epoch(assembly[0]), ratchets), (epoch, save_ratchets(assembly[0]))):
        with pytest.raises(SnapshotError, match="belong together"):
            restore_group(SUITE, one, other)


def test_a_group_of_another_suite_is_named() -> None:
    with pytest.raises(SnapshotError, match="suite 0x0003"):
        restore_group(AES128GCM_SUITE, EPOCH, RATCHETS)
