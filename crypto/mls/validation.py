"""The checks on what a peer sends that span more than one structure (RFC 9420).

Each check is one small function, or one line of one, and names its rule; `crypto.mls.rules` numbers
them all, those of the lower modules included. Order within a function is from cheap to dear.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.commit import Commit, ProposalReference
from crypto.mls.errors import InvalidError, RefusedError
from crypto.mls.extensions import Extension, repeated_type, required_capabilities
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import (
    MLS10,
    KeyPackageSource,
    LeafNode,
)
from crypto.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    Update,
)
from crypto.mls.psk import PreSharedKeyID, ResumptionPsk, ResumptionPskUsage
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_hash import verify_encryption_keys, verify_signature_keys, verify_size
from crypto.mls.tree_math import LeafIndex


def check_leaf_node(suite: CipherSuite, leaf: LeafNode, group_id: bytes, at: LeafIndex) -> None:
    """What a leaf must be by itself, wherever it came from (section 7.3)."""
    capabilities = leaf.capabilities
    if MLS10 not in capabilities.versions or suite.code not in capabilities.cipher_suites:
        raise InvalidError("a leaf does not support the group's version and suite", "leaf.suite")
    if not capabilities.supports_credentials([leaf.credential.credential_type]):
        raise InvalidError("a leaf does not list its own credential type", "leaf.credential_listed")
    if not capabilities.supports_extensions(e.extension_type for e in leaf.extensions):
        raise InvalidError("a leaf holds an extension it does not list", "leaf.extension_listed")
    check_extensions(leaf.extensions)
    if not leaf.verify(suite, group_id, at):
        raise InvalidError("a leaf's signature is not by its own key", "leaf.signature")


def check_key_package(suite: CipherSuite, key_package: KeyPackage) -> None:
    """What a key package must be before its client is added (section 10.1)."""
    if key_package.version != MLS10:
        raise InvalidError("a key package is for another version", "key_package.version")
    if key_package.cipher_suite != suite.code:
        raise InvalidError("a key package is for another cipher suite", "key_package.suite")
    leaf = key_package.leaf_node
    if not isinstance(leaf.source, KeyPackageSource):
        raise InvalidError("a key package's leaf is not made for one", "key_package.source")
    if not suite.kem.valid_public(key_package.init_key):
        raise InvalidError("an init key is no usable public key", "key_package.init_key")
    if key_package.init_key == leaf.encryption_key:
        raise InvalidError("a key package uses one key for two ends", "key_package.keys_differ")
    check_extensions(key_package.extensions)
    if not key_package.verify(suite):
        raise InvalidError("a key package's signature is invalid", "key_package.signature")
    check_leaf_node(suite, leaf, b"", LeafIndex(0))


def check_lifetime(leaf: LeafNode, now: int, longest: int | None = None) -> None:
    """That a key package's leaf may be used at `now` (Unix seconds; sections 7.2 and 7.3).

    `longest` is the longest lifetime in seconds that the application accepts. Leaves that did not
    come in a key package have no lifetime. Clocks differ, so only who adds or joins asks this.
    """
    if not isinstance(leaf.source, KeyPackageSource):
        return
    lifetime = leaf.source.lifetime
    if not lifetime.covers(now):
        raise InvalidError("a key package is expired or not valid yet", "leaf.lifetime")
    if longest is not None and lifetime.not_after - lifetime.not_before > longest:
        raise InvalidError("a key package's lifetime is too long", "leaf.lifetime_length")


def check_extensions(extensions: Iterable[Extension]) -> None:
    """That no type occurs twice (section 13.4)."""
    repeated = repeated_type(extensions)
    if repeated is not None:
        raise InvalidError(f"the extension {repeated:#06x} occurs twice", "extensions.repeated")


def check_members(
    suite: CipherSuite, tree: RatchetTree, group_extensions: tuple[Extension, ...]
) -> None:
    """What must hold between the members of a tree and its group (sections 7.3 and 13.4)."""
    verify_size(tree)
    check_extensions(group_extensions)
    required = required_capabilities(group_extensions)
    leaves = [leaf for _, leaf in tree.members()]
    credential_types = {leaf.credential.credential_type for leaf in leaves}
    for leaf in leaves:
        capabilities = leaf.capabilities
        if not capabilities.meet(required):
            raise InvalidError(
                "a member lacks what the group requires", "members.required_capabilities"
            )
        if not capabilities.supports_extensions(e.extension_type for e in group_extensions):
            raise InvalidError(
                "a member does not know an extension of the group", "members.extensions"
            )
        if not capabilities.supports_credentials(credential_types):
            raise InvalidError("a member does not know a credential in use", "members.credentials")
    verify_signature_keys(tree)
    verify_encryption_keys(suite, tree)


def check_proposals(
    suite: CipherSuite, commit: Commit, committer: LeafIndex, tree: RatchetTree
) -> tuple[Proposal, ...]:
    """The proposals of a Commit by a member, valid as a list (sections 12.1 and 12.2).

    What depends on the tree that they lead to is left to `check_members`.
    """
    proposals = _by_value(commit)
    removed: set[LeafIndex] = set()
    for proposal in proposals:
        match proposal:
            case Add():
                check_key_package(suite, proposal.key_package)
            case Update():
                raise InvalidError("a Commit holds its sender's Update", "proposals.own_update")
            case Remove():
                _check_remove(proposal, committer, tree, removed)
            case _:
                pass
    check_psks(suite, [p.psk for p in proposals if isinstance(p, PreSharedKey)])
    if sum(isinstance(proposal, GroupContextExtensions) for proposal in proposals) > 1:
        raise InvalidError(
            "a Commit sets the group's extensions twice", "proposals.extensions_twice"
        )
    return proposals


def _by_value(commit: Commit) -> tuple[Proposal, ...]:
    proposals: list[Proposal] = []
    for proposal in commit.proposals:
        if isinstance(proposal, ProposalReference):
            raise RefusedError(
                "a Commit names a proposal by reference; all are by value here",
                "proposals.by_reference",
            )
        if isinstance(proposal, ReInit):
            raise RefusedError("a group is never re-initialised here", "proposals.reinit")
        if isinstance(proposal, ExternalInit):
            raise RefusedError("nobody joins by an external commit here", "proposals.external_init")
        proposals.append(proposal)
    return tuple(proposals)


def _check_remove(
    proposal: Remove, committer: LeafIndex, tree: RatchetTree, removed: set[LeafIndex]
) -> None:
    if proposal.removed == committer:
        raise InvalidError("a Commit removes its sender", "proposals.remove_committer")
    if tree.leaf(proposal.removed) is None:
        raise InvalidError("a Remove names a leaf where nobody is", "proposals.remove_blank")
    if proposal.removed in removed:
        raise InvalidError("a Commit removes a member twice", "proposals.same_leaf")
    removed.add(proposal.removed)


def check_psks(suite: CipherSuite, psks: Sequence[PreSharedKeyID]) -> None:
    """The pre-shared keys of a Commit or of a Welcome (sections 12.1.4, 12.2 and 12.4.3.1)."""
    for psk_id in psks:
        psk = psk_id.psk
        if isinstance(psk, ResumptionPsk) and psk.usage is not ResumptionPskUsage.APPLICATION:
            raise InvalidError("a pre-shared key is for a group that starts anew", "psk.usage")
        if len(psk_id.psk_nonce) != suite.hash_length:
            raise InvalidError("a pre-shared key's nonce has a wrong length", "psk.nonce_length")
    if len(set(psks)) != len(psks):
        raise InvalidError("a pre-shared key is used twice", "psk.repeated")


def path_required(proposals: tuple[Proposal, ...]) -> bool:
    """Whether a Commit of these must hold a path (section 12.4)."""
    return not proposals or any(
        isinstance(proposal, Update | Remove | GroupContextExtensions) for proposal in proposals
    )


def check_path_present(commit: Commit, proposals: tuple[Proposal, ...]) -> None:
    """That a path is there where the proposals need one (section 12.4)."""
    if commit.path is None and path_required(proposals):
        raise InvalidError("a Commit lacks the path that it needs", "commit.path_required")


def check_path_leaf(
    suite: CipherSuite, old_leaf: LeafNode, new_leaf: LeafNode, group_id: bytes, at: LeafIndex
) -> None:
    """What a committer's new leaf must be (sections 7.3 and 12.4.2).

    The path itself, and that the leaf's key is fresh, is checked where the path is applied.
    """
    if new_leaf.credential != old_leaf.credential:
        raise InvalidError("a path changes its sender's credential", "path.credential")
    check_leaf_node(suite, new_leaf, group_id, at)
