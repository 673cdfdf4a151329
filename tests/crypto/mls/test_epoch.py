"""Epochs: what a member knows in one, and what the step to the next depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.mls.epoch import look_up_psks, no_psks
from crypto.mls.errors import InternalError
from crypto.mls.extensions import Extension
from crypto.mls.psk import ExternalPsk, PreSharedKeyID, derive_psk_secret
from crypto.mls.tree_hash import tree_hash
from crypto.mls.tree_math import LeafIndex
from crypto.secret import Secret
from tests.crypto.mls.assembly import CIRCLE_EXTENSION, NOW, Assembly, stage
from tests.crypto.mls.members import SUITE

FIRST = PreSharedKeyID(ExternalPsk(b"first"), bytes(32))
SECOND = PreSharedKeyID(ExternalPsk(b"second"), bytes(32))


def test_a_member_knows_its_own_leaf_and_everybodys_key() -> None:
    assembly = Assembly("epoch", 3)
    epoch = assembly[1].state.epoch
    assert epoch.own_leaf == 1
    assert epoch.own_leaf_node() == assembly[0].member(LeafIndex(1))
    for leaf, node in epoch.tree.members():
        assert epoch.signature_key(leaf) == node.signature_key
    assert epoch.signature_key(LeafIndex(3)) is None
    assert epoch.signature_key(LeafIndex(1 << 30)) is None


def test_a_state_without_its_own_leaf_is_our_own_bug() -> None:
    epoch = Assembly("blank", 3)[1].state.epoch
    elsewhere = replace(epoch, private=replace(epoch.private, leaf_index=LeafIndex(3)))
    with pytest.raises(InternalError, match="our own leaf"):
        elsewhere.own_leaf_node()


def test_the_provisional_context_is_new_but_for_the_transcript() -> None:
    epoch = Assembly("provisional", 3)[0].state.epoch
    tree = epoch.tree.copy()
    tree.remove_leaf(LeafIndex(2))
    extensions = (Extension(CIRCLE_EXTENSION, b"new"),)
    context = epoch.provisional_context(tree, extensions)
    assert context == replace(
        epoch.context,
        epoch=epoch.context.epoch + 1,
        tree_hash=tree_hash(SUITE, tree),
        extensions=extensions,
    )
    assert context.confirmed_transcript_hash == epoch.context.confirmed_transcript_hash


def test_every_input_changes_the_next_epoch() -> None:
    assembly = Assembly("advance", 2)
    epoch = assembly[0].state.epoch
    change = stage(assembly[1], assembly[0].commit([], assembly.rng, now=NOW).message).change
    context = replace(change.new_context, confirmed_transcript_hash=bytes(32))
    zero, one = Secret(bytes(32)), Secret(b"\x01" * 32)
    inputs = [
        (context, zero, zero),
        (context, one, zero),
        (context, zero, one),
        (replace(context, confirmed_transcript_hash=b"\x01" * 32), zero, zero),
    ]
    reached = [
        epoch.advance(change, context_, epoch.private, commit_secret, psk_secret)
        for context_, commit_secret, psk_secret in inputs
    ]
    authenticators = {
        advance.state.epoch.secrets.epoch_authenticator.reveal() for advance in reached
    }
    assert len(authenticators) == len(inputs)
    assert len({advance.state.epoch.confirmation_tag for advance in reached}) == len(inputs)
    # The joiner secret is there before the pre-shared keys are mixed in.
    assert reached[0].joiner_secret == reached[2].joiner_secret
    assert reached[0].joiner_secret != reached[1].joiner_secret


def test_pre_shared_keys_are_all_there_or_there_is_nothing() -> None:
    known = {FIRST: Secret(b"1"), SECOND: Secret(b"2")}
    assert look_up_psks(SUITE, (), no_psks) == derive_psk_secret(SUITE, [])
    assert look_up_psks(SUITE, (FIRST, SECOND), known.get) == derive_psk_secret(
        SUITE, [(FIRST, Secret(b"1")), (SECOND, Secret(b"2"))]
    )
    assert look_up_psks(SUITE, (FIRST,), no_psks) is None
    assert look_up_psks(SUITE, (FIRST, SECOND), {FIRST: Secret(b"1")}.get) is None


def test_no_secret_is_printed() -> None:
    epoch = Assembly("repr", 2)[0].state.epoch
    printed = repr(epoch)
    for secret in (
        epoch.secrets.init_secret,
        epoch.private.leaf_key_pair.secret,
        epoch.signature_key_pair.secret,
    ):
        assert repr(secret.reveal()) not in printed
        assert secret.reveal().hex() not in printed
