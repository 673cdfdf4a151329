"""The secret tree: the published keys, receiving in two steps, what is kept and what is gone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.codec import Writer
from crypto.mls.errors import DecodeError, KeyUsedError, TooFarAheadError, UsageError
from crypto.mls.labeled import derive_tree_secret
from crypto.mls.secret_tree import (
    MAX_GENERATION,
    MAX_KEPT,
    MAX_SKIPPED,
    MessageKey,
    RatchetKind,
    SecretTree,
)
from crypto.mls.tree_math import LeafIndex
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE
from tests.vectors import vectors

HANDSHAKE, APPLICATION = RatchetKind.HANDSHAKE, RatchetKind.APPLICATION
ENCRYPTION_SECRET = Secret(b"\x07" * 32)
ANA, BO, CLEO, DAN = map(LeafIndex, range(4))


def a_tree(leaf_count: int = 4) -> SecretTree:
    return SecretTree(SUITE, ENCRYPTION_SECRET, leaf_count)


def sent(leaf: LeafIndex, kind: RatchetKind, count: int) -> list[MessageKey]:
    """The first keys of a ratchet, from its sender's tree."""
    tree = a_tree()
    return [tree.next_key(leaf, kind) for _ in range(count)]


def receive(tree: SecretTree, leaf: LeafIndex, kind: RatchetKind, generation: int) -> MessageKey:
    key = tree.peek(leaf, kind, generation)
    tree.consume(key)
    return key


# Keys


@pytest.mark.parametrize("case", range(3))
def test_the_keys_are_those_of_the_vectors(case: int) -> None:
    vector = vectors("secret-tree")[case]
    secret = Secret(bytes.fromhex(vector["encryption_secret"]))
    tree = SecretTree(SUITE, secret, len(vector["leaves"]))
    for index, generations in enumerate(vector["leaves"]):
        for expected, kind in itertools.product(generations, RatchetKind):
            key = receive(tree, LeafIndex(index), kind, expected["generation"])
            name = kind.name.lower()
            assert key.key.reveal().hex() == expected[f"{name}_key"]
            assert key.nonce.reveal().hex() == expected[f"{name}_nonce"]


def test_there_are_cases_for_every_vector() -> None:
    assert len(vectors("secret-tree")) == 3


def test_sender_and_receiver_have_the_same_keys() -> None:
    sender, receiver = a_tree(), a_tree()
    for kind in (APPLICATION, HANDSHAKE, APPLICATION):
        key = sender.next_key(BO, kind)
        assert receive(receiver, BO, kind, key.generation) == key


def test_a_sender_counts_each_ratchet_by_itself() -> None:
    tree = a_tree()
    kinds = (APPLICATION, APPLICATION, HANDSHAKE, APPLICATION, HANDSHAKE)
    assert [tree.next_key(ANA, kind).generation for kind in kinds] == [0, 1, 0, 2, 1]
    assert tree.next_key(BO, APPLICATION).generation == 0


@pytest.mark.parametrize("leaf_count", [1, 2, 4, 8, 64])
def test_no_two_keys_are_alike(leaf_count: int) -> None:
    tree = a_tree(leaf_count)
    keys = [
        tree.next_key(LeafIndex(leaf), kind)
        for leaf in range(leaf_count)
        for kind in RatchetKind
        for _ in range(3)
    ]
    assert len({key.key.reveal() for key in keys}) == 6 * leaf_count
    assert len({key.nonce.reveal() for key in keys}) == 6 * leaf_count
    assert all(len(key.key) == SUITE.aead.key_length for key in keys)
    assert all(len(key.nonce) == SUITE.aead.nonce_length for key in keys)


def test_the_order_in_which_leaves_speak_makes_no_difference() -> None:
    leaves = [LeafIndex(leaf) for leaf in range(8)]
    expected = [a_tree(8).next_key(leaf, APPLICATION) for leaf in leaves]
    for seed in range(5):
        tree = a_tree(8)
        shuffled = random.Random(seed).sample(leaves, k=8)
        for leaf in shuffled:
            assert tree.next_key(leaf, APPLICATION) == expected[leaf]


@pytest.mark.parametrize("leaf", [-2, 4, 100])
def test_a_leaf_outside_the_tree_is_the_callers_mistake(leaf: int) -> None:
    tree = a_tree()
    before = tree.encode()
    with pytest.raises(UsageError):
        tree.next_key(LeafIndex(leaf), APPLICATION)
    with pytest.raises(UsageError):
        tree.peek(LeafIndex(leaf), APPLICATION, 0)
    assert tree.encode() == before


# Receiving in two steps


def test_to_peek_changes_nothing() -> None:
    tree = a_tree()
    fresh = tree.encode()
    tree.peek(BO, APPLICATION, 5)
    assert tree.encode() == fresh
    receive(tree, BO, APPLICATION, 3)
    moved = tree.encode()
    assert moved != fresh
    tree.peek(BO, APPLICATION, 1)
    tree.peek(BO, APPLICATION, 9)
    tree.peek(CLEO, HANDSHAKE, 2)
    assert tree.encode() == moved


def test_a_key_can_be_peeked_at_again_until_it_is_consumed() -> None:
    tree = a_tree()
    key = tree.peek(BO, APPLICATION, 2)
    assert tree.peek(BO, APPLICATION, 2) == key
    tree.consume(key)
    with pytest.raises(KeyUsedError):
        tree.peek(BO, APPLICATION, 2)


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_used_generation_is_a_replay(generation: int) -> None:
    tree = a_tree()
    for number in range(3):
        receive(tree, BO, APPLICATION, number)
    before = tree.encode()
    with pytest.raises(KeyUsedError, match=f"generation {generation} of leaf 1"):
        tree.peek(BO, APPLICATION, generation)
    assert tree.encode() == before


def test_a_key_is_consumed_once() -> None:
    tree = a_tree()
    ahead, late = tree.peek(BO, APPLICATION, 1), tree.peek(BO, APPLICATION, 0)
    tree.consume(ahead)
    tree.consume(late)
    before = tree.encode()
    for key in (ahead, late):
        with pytest.raises(KeyUsedError):
            tree.consume(key)
    assert tree.encode() == before


def test_two_keys_peeked_at_together_are_both_consumed() -> None:
    tree = a_tree()
    keys = [tree.peek(BO, APPLICATION, generation) for generation in (4, 1, 3)]
    for key in keys:
        tree.consume(key)
    assert tree.peek(BO, APPLICATION, 0).generation == 0
    assert tree.peek(BO, APPLICATION, 2).generation == 2
    assert tree.next_key(BO, APPLICATION).generation == 5


def test_a_sender_cannot_open_its_own_messages() -> None:
    tree = a_tree()
    key = tree.next_key(ANA, APPLICATION)
    with pytest.raises(KeyUsedError):
        tree.peek(ANA, APPLICATION, key.generation)


@given(st.permutations(range(12)))
def test_messages_are_received_in_any_order(order: list[int]) -> None:
    expected = sent(BO, APPLICATION, 12)
    tree = a_tree()
    for generation in order:
        assert receive(tree, BO, APPLICATION, generation) == expected[generation]
    for generation in order:
        with pytest.raises(KeyUsedError):
            tree.peek(BO, APPLICATION, generation)


def test_the_ratchets_of_a_leaf_do_not_move_each_other() -> None:
    tree = a_tree()
    receive(tree, BO, APPLICATION, 3)
    assert receive(tree, BO, HANDSHAKE, 0) == sent(BO, HANDSHAKE, 1)[0]
    assert receive(tree, BO, APPLICATION, 1) == sent(BO, APPLICATION, 2)[1]
    with pytest.raises(KeyUsedError):
        tree.peek(BO, HANDSHAKE, 0)
    assert tree.peek(BO, HANDSHAKE, 1).generation == 1


# Bounds


def test_as_many_generations_may_be_left_out_as_are_allowed() -> None:
    tree = a_tree()
    assert receive(tree, BO, APPLICATION, MAX_SKIPPED).generation == MAX_SKIPPED
    assert tree.next_key(BO, APPLICATION).generation == MAX_SKIPPED + 1


def test_one_more_is_too_far() -> None:
    tree = a_tree()
    before = tree.encode()
    with pytest.raises(TooFarAheadError, match="generation 1001 of leaf 1"):
        tree.peek(BO, APPLICATION, MAX_SKIPPED + 1)
    assert tree.encode() == before
    receive(tree, BO, APPLICATION, 0)
    assert tree.peek(BO, APPLICATION, MAX_SKIPPED + 1).generation == MAX_SKIPPED + 1
    with pytest.raises(TooFarAheadError):
        tree.peek(BO, APPLICATION, MAX_SKIPPED + 2)


def test_the_oldest_keys_are_erased_first() -> None:
    tree = a_tree()
    receive(tree, BO, APPLICATION, MAX_KEPT + 2)
    for generation in (0, 1):
        with pytest.raises(KeyUsedError):
            tree.peek(BO, APPLICATION, generation)
    assert tree.peek(BO, APPLICATION, 2).generation == 2
    assert tree.peek(BO, APPLICATION, MAX_KEPT + 1).generation == MAX_KEPT + 1


def test_the_bound_on_kept_keys_is_for_all_ratchets_together() -> None:
    tree = a_tree()
    receive(tree, BO, APPLICATION, 2)
    receive(tree, CLEO, APPLICATION, MAX_KEPT - 2)
    tree.peek(BO, APPLICATION, 0)
    receive(tree, DAN, HANDSHAKE, 1)
    with pytest.raises(KeyUsedError):
        tree.peek(BO, APPLICATION, 0)
    tree.peek(BO, APPLICATION, 1)
    tree.peek(CLEO, APPLICATION, 0)
    tree.peek(DAN, HANDSHAKE, 0)


def test_a_late_message_makes_room() -> None:
    tree = a_tree()
    receive(tree, BO, APPLICATION, MAX_KEPT)
    receive(tree, BO, APPLICATION, 7)
    receive(tree, CLEO, APPLICATION, 1)
    tree.peek(BO, APPLICATION, 0)
    receive(tree, DAN, APPLICATION, 1)
    with pytest.raises(KeyUsedError):
        tree.peek(BO, APPLICATION, 0)


def at_generation(generation: int) -> SecretTree:
    """A tree of one leaf, both of whose ratchets stand at a generation."""
    ratchet = generation.to_bytes(4) + bytes(32)
    return SecretTree.decode(SUITE, stored(1, b"", bytes(4) + 2 * ratchet, b""))


def test_a_ratchet_comes_to_its_end() -> None:
    tree = at_generation(MAX_GENERATION)
    assert tree.next_key(ANA, APPLICATION).generation == MAX_GENERATION
    before = tree.encode()
    with pytest.raises(UsageError, match="a Commit begins a new one"):
        tree.next_key(ANA, APPLICATION)
    assert tree.encode() == before
    assert SecretTree.decode(SUITE, before).encode() == before


def test_nothing_is_received_beyond_the_end_of_a_ratchet() -> None:
    tree = at_generation(MAX_GENERATION - 1)
    with pytest.raises(TooFarAheadError):
        tree.peek(ANA, APPLICATION, MAX_GENERATION + 1)
    receive(tree, ANA, APPLICATION, MAX_GENERATION)
    with pytest.raises(TooFarAheadError):
        tree.peek(ANA, APPLICATION, MAX_GENERATION + 1)


# What is gone


def test_nothing_that_could_derive_a_used_key_is_left() -> None:
    tree = a_tree(2)
    assert ENCRYPTION_SECRET.reveal() in tree.encode()
    used = tree.next_key(ANA, APPLICATION)
    data = tree.encode()
    assert ENCRYPTION_SECRET.reveal() not in data
    assert used.key.reveal() not in data
    # Every 32 bytes that are stored, taken as a ratchet's or a node's secret, give other keys.
    for at in range(len(data) - 31):
        candidate = Secret(data[at : at + 32])
        assert derive_tree_secret(SUITE, candidate, "key", 0, 32) != used.key
        tree_of_one = SecretTree(SUITE, candidate, 1)
        assert tree_of_one.peek(LeafIndex(0), APPLICATION, 0).key != used.key


def test_a_left_out_key_is_stored_until_it_is_used() -> None:
    expected = sent(BO, APPLICATION, 3)
    tree = a_tree()
    receive(tree, BO, APPLICATION, 2)
    for key in expected[:2]:
        assert key.key.reveal() in tree.encode()
    receive(tree, BO, APPLICATION, 0)
    assert expected[0].key.reveal() not in tree.encode()
    assert expected[1].key.reveal() in tree.encode()


def test_keys_are_not_printed() -> None:
    key = a_tree().next_key(ANA, APPLICATION)
    assert key.key.reveal().hex() not in repr(key)
    assert repr(key.key.reveal())[2:-1] not in repr(key)


# Copies and storing


def test_a_copy_goes_its_own_way() -> None:
    tree = a_tree()
    receive(tree, BO, APPLICATION, 2)
    before = tree.encode()
    twin = tree.copy()
    assert twin.encode() == before
    receive(twin, BO, APPLICATION, 0)
    receive(twin, BO, APPLICATION, 4)
    twin.next_key(CLEO, HANDSHAKE)
    assert tree.encode() == before
    assert twin.encode() != before
    tree.next_key(DAN, HANDSHAKE)
    with pytest.raises(KeyUsedError):
        twin.peek(BO, APPLICATION, 0)
    assert tree.peek(BO, APPLICATION, 0).generation == 0


steps = st.tuples(
    st.sampled_from([ANA, BO, CLEO, DAN]),
    st.sampled_from(RatchetKind),
    st.none() | st.integers(0, 20),
)


@given(st.lists(steps, max_size=12))
def test_a_stored_tree_goes_on_as_if_it_had_not_been_stored(
    walk: list[tuple[LeafIndex, RatchetKind, int | None]],
) -> None:
    """None is a key to send with, a number a generation to receive."""
    kept, stored_each_time = a_tree(), a_tree()
    for leaf, kind, generation in walk:
        stored_each_time = SecretTree.decode(SUITE, stored_each_time.encode())
        outcomes = [outcome(tree, leaf, kind, generation) for tree in (kept, stored_each_time)]
        assert outcomes[0] == outcomes[1]
        assert kept.encode() == stored_each_time.encode()


def outcome(
    tree: SecretTree, leaf: LeafIndex, kind: RatchetKind, generation: int | None
) -> MessageKey | str:
    if generation is None:
        return tree.next_key(leaf, kind)
    try:
        return receive(tree, leaf, kind, generation)
    except KeyUsedError as error:
        return str(error)


def stored(leaf_count: int, nodes: bytes, ratchets: bytes, kept: bytes) -> bytes:
    writer = Writer()
    writer.uint32(leaf_count)
    for part in (nodes, ratchets, kept):
        writer.opaque(part)
    return writer.getvalue()


def node(index: int) -> bytes:
    return index.to_bytes(4) + b"\x01" * 32


def ratchets_at(leaf: int, handshake: int = 3, application: int = 5) -> bytes:
    return leaf.to_bytes(4) + b"".join(
        generation.to_bytes(4) + b"\x02" * 32 for generation in (handshake, application)
    )


def kept_key(leaf: int, kind: int, generation: int) -> bytes:
    return leaf.to_bytes(4) + bytes((kind,)) + generation.to_bytes(4) + b"\x03" * 44


GOOD = (4, node(5), ratchets_at(0) + ratchets_at(1), kept_key(1, 1, 4) + kept_key(0, 0, 2))


def test_the_layout_is_the_one_that_is_described() -> None:
    data = stored(*GOOD)
    tree = SecretTree.decode(SUITE, data)
    assert tree.encode() == data
    assert tree.next_key(ANA, HANDSHAKE).generation == 3
    assert tree.next_key(BO, APPLICATION).generation == 5
    assert tree.next_key(CLEO, APPLICATION).generation == 0
    late = tree.peek(BO, APPLICATION, 4)
    assert late.key.reveal() == b"\x03" * 32
    assert late.nonce.reveal() == b"\x03" * 12


def damages() -> Iterator[tuple[str, bytes]]:
    leaf_count, nodes, ratchets, kept = GOOD
    yield "no leaves", stored(0, b"", b"", b"")
    yield "no leaves, but ratchets", stored(0, b"", ratchets_at(0), b"")
    yield "leaves that are no power of two", stored(3, node(1) + node(4), b"", b"")
    yield "a leaf without secrets", stored(leaf_count, nodes, ratchets_at(0), b"")
    yield "a leaf in the middle without secrets", stored(4, node(5), ratchets_at(1), b"")
    yield "more leaves than the tree has", stored(2, nodes, ratchets, kept)
    yield "fewer leaves than the tree has", stored(8, nodes, ratchets, kept)
    yield "a secret above ratchets", stored(4, node(3), ratchets_at(0), b"")
    yield "a secret above a secret", stored(4, node(1) + node(2) + node(5), b"", b"")
    yield "nodes out of order", stored(4, node(5) + node(1), b"", b"")
    yield "a node twice", stored(4, node(1) + node(5) + node(5), b"", b"")
    yield "ratchets out of order", stored(4, nodes, ratchets_at(1) + ratchets_at(0), b"")
    yield "a node far outside", stored(4, node(5) + node(0xFFFF_FFFF), ratchets, b"")
    yield "an unknown kind of ratchet", stored(4, nodes, ratchets, kept_key(0, 2, 0))
    yield "a kept key of a leaf without ratchets", stored(4, nodes, ratchets, kept_key(2, 0, 0))
    yield "a kept key that is still to come", stored(4, nodes, ratchets, kept_key(0, 0, 3))
    yield "a kept key twice", stored(4, nodes, ratchets, 2 * kept_key(0, 0, 1))
    many = b"".join(kept_key(0, 1, generation) for generation in range(MAX_KEPT + 1))
    yield "too many kept keys", stored(1, b"", ratchets_at(0, 0, 300), many)
    yield "a secret cut short", stored(4, nodes[:-1], ratchets, kept)
    yield "bytes that follow", stored(*GOOD) + b"\x00"
    yield "nothing", b""


@pytest.mark.parametrize("data", [pytest.param(data, id=what) for what, data in damages()])
def test_a_damaged_tree_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        SecretTree.decode(SUITE, data)


def test_as_many_kept_keys_as_are_allowed_are_read_back() -> None:
    kept = b"".join(kept_key(0, 1, generation) for generation in range(MAX_KEPT))
    data = stored(1, b"", ratchets_at(0, 0, 300), kept)
    assert SecretTree.decode(SUITE, data).encode() == data


def test_a_tree_that_is_cut_anywhere_is_refused() -> None:
    data = stored(*GOOD)
    for length in range(len(data)):
        with pytest.raises(DecodeError):
            SecretTree.decode(SUITE, data[:length])


def flips(data: bytes) -> Iterator[bytes]:
    rng = random.Random(9)
    for at in range(len(data)):
        yield data[:at] + bytes((data[at] ^ (1 << rng.randrange(8)),)) + data[at + 1 :]


def test_a_tree_with_a_flipped_bit_is_refused_or_another_tree() -> None:
    data = stored(*GOOD)
    refused = 0
    for flipped in flips(data):
        try:
            assert SecretTree.decode(SUITE, flipped).encode() == flipped
        except DecodeError:
            refused += 1
    assert refused >= 4 + 3 * 4
