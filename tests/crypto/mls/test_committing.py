"""Making Commits: what goes into them and into their Welcomes."""

from __future__ import annotations

import pytest

from crypto.mls.committing import CommitRequest, make_commit, sign_group_info
from crypto.mls.extensions import RATCHET_TREE, Extension, find_extension
from crypto.mls.framing import MlsMessage, WireFormat
from crypto.mls.group import Group
from crypto.mls.key_schedule import derive_welcome_secret
from crypto.mls.proposals import Add, PreSharedKey, Proposal, Remove
from crypto.mls.psk import ExternalPsk, PreSharedKeyID, derive_psk_secret
from crypto.mls.tree_hash import tree_hash
from crypto.mls.tree_math import LeafIndex
from crypto.mls.welcome import Welcome, open_group_info, open_group_secrets
from crypto.secret import Secret
from tests.crypto.mls.assembly import LEAF_EXTENSION, NOW, Assembly
from tests.crypto.mls.members import SUITE

PSK_ID = PreSharedKeyID(ExternalPsk(b"a key"), bytes(32))


def made(assembly: Assembly, *proposals: Proposal, **changes: object) -> Welcome | None:
    request = CommitRequest(tuple(proposals), NOW, **changes)  # type: ignore[arg-type]
    return make_commit(assembly[0].state.epoch, request, assembly.rng).welcome


@pytest.mark.parametrize("with_path", [False, True])
def test_one_welcome_serves_all_newcomers(with_path: bool) -> None:
    assembly = Assembly("welcome", 3)
    newcomers = [assembly.newcomer() for _ in range(6)]
    adds = [Add(newcomer.key_package) for newcomer in newcomers]
    pending = assembly[1].commit(adds, assembly.rng, now=NOW, force_path=with_path)
    assert pending.welcome is not None
    joined = [Group.join(SUITE, pending.welcome, newcomer) for newcomer in newcomers]
    assert [group.own_leaf for group in joined] == [3, 4, 5, 6, 7, 8]
    assembly[1].merge(pending)
    for group in joined:
        assert group.epoch_authenticator == assembly[1].epoch_authenticator


def test_each_newcomer_gets_the_secret_of_its_own_common_node() -> None:
    assembly = Assembly("path secrets", 2)
    newcomers = [assembly.newcomer() for _ in range(4)]
    welcome = made(assembly, *(Add(n.key_package) for n in newcomers), force_path=True)
    assert welcome is not None
    secrets = [
        open_group_secrets(
            SUITE,
            newcomer.init_key_pair,
            welcome.encrypted_group_info,
            entry.encrypted_group_secrets,
        )
        for newcomer, entry in zip(newcomers, welcome.secrets, strict=True)
    ]
    # Leaves 2 and 3 meet leaf 0 below the root, leaves 4 and 5 at the root.
    paths = [secret.path_secret for secret in secrets]
    assert paths[0] == paths[1] != paths[2] == paths[3]
    assert len({secret.joiner_secret.reveal() for secret in secrets}) == 1


def test_nobody_added_means_no_welcome() -> None:
    assembly = Assembly("no welcome", 3)
    assert made(assembly) is None
    assert made(assembly, Remove(LeafIndex(2))) is None


def test_the_welcome_names_its_pre_shared_keys_and_carries_extensions() -> None:
    assembly = Assembly("psks", 2)
    newcomer = assembly.newcomer()
    psk = Secret(b"known")
    grease = Extension(0x0A0A, b"grease")
    welcome = made(
        assembly,
        PreSharedKey(PSK_ID),
        Add(newcomer.key_package),
        psks={PSK_ID: psk}.get,
        group_info_extensions=(grease,),
    )
    assert welcome is not None
    (entry,) = welcome.secrets
    secrets = open_group_secrets(
        SUITE,
        newcomer.init_key_pair,
        welcome.encrypted_group_info,
        entry.encrypted_group_secrets,
    )
    assert secrets.psks == (PSK_ID,)
    psk_secret = derive_psk_secret(SUITE, [(PSK_ID, psk)])
    welcome_secret = derive_welcome_secret(SUITE, secrets.joiner_secret, psk_secret)
    info = open_group_info(SUITE, welcome_secret, welcome.encrypted_group_info)
    assert find_extension(info.extensions, RATCHET_TREE) is not None
    assert info.extensions[-1] == grease


def test_the_state_that_it_starts_from_stays_as_it_is() -> None:
    assembly = Assembly("pure", 4)
    before = assembly.snapshots()
    request = CommitRequest((Remove(LeafIndex(3)),), NOW)
    first = make_commit(assembly[0].state.epoch, request, assembly.rng)
    second = make_commit(assembly[0].state.epoch, request, assembly.rng)
    assert assembly.snapshots() == before
    assert first.content != second.content
    assert first.state.epoch.context.epoch == assembly[0].epoch + 1
    assert first.content.wire_format is WireFormat.PRIVATE_MESSAGE


def test_a_new_path_has_new_keys_every_time() -> None:
    assembly = Assembly("fresh", 4)
    keys = {node.encryption_key for _, node in assembly[0].tree.nodes()}
    for _ in range(3):
        assembly.commit(0, leaf_extensions=(Extension(LEAF_EXTENSION, b""),))
        tree = assembly[0].tree
        own = tree.leaf(LeafIndex(0))
        assert own is not None
        path = [own, *(tree.parent(node) for node in tree.direct_path(LeafIndex(0)))]
        new = {node.encryption_key for node in path if node is not None}
        assert not new & keys
        keys |= new


def test_a_group_info_is_of_the_epoch_and_signed_by_us() -> None:
    epoch = Assembly("info", 3)[2].state.epoch
    info = sign_group_info(epoch)
    assert info.signer == 2
    assert info.verify(SUITE, epoch.signature_key_pair.public)
    assert info.group_context.tree_hash == tree_hash(SUITE, epoch.tree)
    assert info.confirmation_tag == epoch.confirmation_tag
    assert MlsMessage.decode(MlsMessage(info).encode()).body == info
