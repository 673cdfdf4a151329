"""TreeKEM: the working group's answers, random walks, and every path that is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls import tree_math
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.codec import Writer
from crypto.mls.errors import DecodeError, InvalidError, UndecryptableError, UsageError
from crypto.mls.extensions import Extension
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.mls.labeled import derive_secret, encrypt_with_label
from crypto.mls.leaf_node import CommitSource, KeyPackageSource, UpdateSource
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.tree_hash import tree_hash, verify_tree
from crypto.mls.tree_math import LeafIndex, NodeIndex
from crypto.mls.treekem import (
    TreeKemPrivate,
    UpdatePath,
    UpdatePathNode,
    apply_path,
    create_path,
    decrypt_path,
    join_path,
)
from crypto.secret import Secret
from tests.crypto.mls.crowd import Crowd, member_at
from tests.crypto.mls.members import (
    GROUP_ID,
    LIFETIME,
    SMALL_ORDER_POINTS,
    SUITE,
    make_member,
    seeded,
)
from tests.crypto.mls.test_leaf_node import leaf_nodes
from tests.vectors import vectors

ANA, BO, CLEO, DAN = map(LeafIndex, range(4))


def key_pair_of(path_secret: Secret) -> KemKeyPair:
    return SUITE.kem.derive_key_pair(derive_secret(SUITE, path_secret, "node"))


class VectorGroup:
    """One case of the `treekem` vectors."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.group_id = bytes.fromhex(case["group_id"])
        self.tree = RatchetTree.decode(bytes.fromhex(case["ratchet_tree"]))
        self.signature_keys = {
            LeafIndex(leaf["index"]): SignatureKeyPair.from_seed(
                Secret(bytes.fromhex(leaf["signature_priv"]))
            )
            for leaf in case["leaves_private"]
        }
        self.privates = {
            LeafIndex(leaf["index"]): self._private(leaf) for leaf in case["leaves_private"]
        }

    @staticmethod
    def _private(leaf: dict[str, Any]) -> TreeKemPrivate:
        secret = Secret(bytes.fromhex(leaf["encryption_priv"]))
        node_key_pairs = {
            NodeIndex(known["node"]): key_pair_of(Secret(bytes.fromhex(known["path_secret"])))
            for known in leaf["path_secrets"]
        }
        leaf_key_pair = KemKeyPair(secret, SUITE.kem.public_of(secret))
        return TreeKemPrivate(LeafIndex(leaf["index"]), leaf_key_pair, node_key_pairs)

    def context(self, tree: RatchetTree) -> bytes:
        """The GroupContext of section 8.1, without extensions."""
        writer = Writer()
        writer.uint16(0x0001)
        writer.uint16(SUITE.code)
        writer.opaque(self.group_id)
        writer.uint64(self.case["epoch"])
        writer.opaque(tree_hash(SUITE, tree))
        writer.opaque(bytes.fromhex(self.case["confirmed_transcript_hash"]))
        writer.opaque(b"")
        return writer.getvalue()


def vector_groups() -> Iterator[VectorGroup]:
    return map(VectorGroup, vectors("treekem"))


class TestVectors:
    def test_the_keys_are_those_of_the_tree(self) -> None:
        for group in vector_groups():
            verify_tree(SUITE, group.tree)
            for leaf, private in group.privates.items():
                assert private.leaf_key_pair.public == member_at(group.tree, leaf).encryption_key
                assert private.missing_node(group.tree) is None
                assert private.pruned(group.tree) == private

    def test_everybody_follows_their_paths(self) -> None:
        for group in vector_groups():
            for update in group.case["update_paths"]:
                self._follow(group, update)

    def _follow(self, group: VectorGroup, update: dict[str, Any]) -> None:
        sender, encoded = LeafIndex(update["sender"]), bytes.fromhex(update["update_path"])
        path = UpdatePath.decode(encoded)
        assert path.encode() == encoded
        assert path.leaf_node.verify(SUITE, group.group_id, sender)
        tree = apply_path(SUITE, group.tree, sender, path, ())
        assert tree_hash(SUITE, tree).hex() == update["tree_hash_after"]
        for leaf, private in group.privates.items():
            path_secret = update["path_secrets"][leaf]
            if path_secret is None:
                assert leaf == sender
                continue
            new, commit_secret = decrypt_path(
                SUITE, tree, private, sender, path, (), group.context(tree)
            )
            assert commit_secret.reveal().hex() == update["commit_secret"]
            meeting = tree_math.common_ancestor(
                tree_math.leaf_to_node(leaf), tree_math.leaf_to_node(sender)
            )
            expected = key_pair_of(Secret(bytes.fromhex(path_secret)))
            assert new.node_key_pairs[meeting] == expected
            assert new.missing_node(tree) is None

    def test_everybody_follows_our_paths(self) -> None:
        for group in vector_groups():
            for sender, _ in group.tree.members():
                path = create_path(
                    SUITE,
                    group.tree,
                    sender,
                    member_at(group.tree, sender),
                    group.signature_keys[sender],
                    group.group_id,
                    seeded(sender),
                )
                context = group.context(path.tree)
                update = path.encrypt(SUITE, (), context, seeded(sender + 1))
                tree = apply_path(SUITE, group.tree, sender, update, ())
                assert tree == path.tree
                verify_tree(SUITE, tree)
                for leaf, private in group.privates.items():
                    if leaf != sender:
                        new, commit_secret = decrypt_path(
                            SUITE, tree, private, sender, update, (), context
                        )
                        assert commit_secret == path.commit_secret
                        assert new.missing_node(tree) is None


class TestLayout:
    @given(
        st.builds(
            UpdatePath,
            leaf_nodes,
            st.lists(
                st.builds(
                    UpdatePathNode,
                    st.binary(max_size=40),
                    st.lists(
                        st.builds(HpkeCiphertext, st.binary(max_size=40), st.binary(max_size=40)),
                        max_size=3,
                    ).map(tuple),
                ),
                max_size=4,
            ).map(tuple),
        )
    )
    def test_what_is_written_is_read_back(self, path: UpdatePath) -> None:
        assert UpdatePath.decode(path.encode()) == path

    def test_a_nodes_fields_in_their_order(self) -> None:
        node = UpdatePathNode(b"key", (HpkeCiphertext(b"kem", b"ct"), HpkeCiphertext(b"", b"")))
        assert node.encode() == b"\x03key\x09\x03kem\x02ct\x00\x00"
        with pytest.raises(DecodeError):
            UpdatePathNode.decode(node.encode()[:-1])


class TestWalk:
    @pytest.mark.parametrize("seed", range(4))
    def test_everybody_agrees_after_any_changes(self, seed: int) -> None:
        chance = random.Random(seed)
        crowd = Crowd.of(seeded(seed), 3)
        for _ in range(25):
            leaves = sorted(crowd.privates)
            committer = chance.choice(leaves)
            others = [leaf for leaf in leaves if leaf != committer]
            removing = chance.sample(others, min(len(others), chance.choice((0, 0, 1, 2))))
            adding = chance.choice((0, 1, 1, 3)) if len(leaves) < 12 else 0
            only_adds = adding > 0 and not removing
            crowd.commit(
                committer,
                adding=adding,
                removing=removing,
                with_path=not (only_adds and chance.random() < 0.5),
            )

    def test_a_lone_member_makes_a_path_of_its_leaf_alone(self) -> None:
        crowd = Crowd.founded(seeded(1))
        before = crowd.privates[ANA].leaf_key_pair
        crowd.commit(ANA)
        leaf = member_at(crowd.tree, ANA)
        assert leaf.parent_hash == b""
        assert crowd.privates[ANA].leaf_key_pair != before

    def test_each_path_has_another_commit_secret(self) -> None:
        for count in (1, 2):
            crowd = Crowd.of(seeded(1), count)
            secrets = [crowd.make_path(crowd.tree, ANA).commit_secret for _ in range(2)]
            assert secrets[0] != secrets[1]


class TestCreating:
    def test_the_tree_that_is_given_stays_as_it_is(self) -> None:
        crowd = Crowd.of(seeded(1), 4)
        before = crowd.tree.encode()
        crowd.make_path(crowd.tree, ANA)
        assert crowd.tree.encode() == before

    def test_the_new_leaf_keeps_what_it_was_asked_to_say(self) -> None:
        crowd = Crowd.of(seeded(1), 2)
        old = member_at(crowd.tree, ANA)
        capabilities = replace(old.capabilities, extensions=(0xF000,))
        wanted = replace(old, extensions=(Extension(0xF000, b"x"),), capabilities=capabilities)
        key_pair = crowd.secrets[ANA].signature_key_pair
        path = create_path(SUITE, crowd.tree, ANA, wanted, key_pair, GROUP_ID, crowd.rng)
        new = path.leaf_node
        assert (new.credential, new.signature_key) == (old.credential, old.signature_key)
        assert (new.extensions, new.capabilities) == (wanted.extensions, capabilities)
        assert new.encryption_key != old.encryption_key
        assert new.verify(SUITE, GROUP_ID, ANA)

    def test_leaves_just_added_get_no_ciphertext(self) -> None:
        crowd = Crowd.of(seeded(1), 2)
        tree, newcomers = crowd.propose(1, ())
        path = crowd.make_path(tree, ANA)
        update, _ = crowd.seal(path, list(newcomers))
        assert [step.node for step in path.steps] == [1, 3]
        assert [len(node.encrypted_path_secret) for node in update.nodes] == [1, 0]
        assert path.path_secret_for(CLEO) == path.path_secrets[1]

    def test_the_committer_is_no_newcomer(self) -> None:
        crowd = Crowd.of(seeded(1), 2)
        with pytest.raises(UsageError, match="leaf 0 is not on the other side"):
            crowd.make_path(crowd.tree, ANA).path_secret_for(ANA)

    def test_it_shows_no_secret(self) -> None:
        crowd = Crowd.of(seeded(1), 2)
        path = crowd.make_path(crowd.tree, ANA)
        shown = repr(path.private) + repr(path.path_secrets) + repr(path.commit_secret)
        assert shown.count("Secret(32 bytes)") == 4  # leaf, node, path secret, commit secret


class Scene:
    """Ana's path in a tree of four, where Dan has just been added; to be forged and refused."""

    def __init__(self) -> None:
        self.crowd = Crowd.of(seeded("scene"), 3)
        self.tree, newcomers = self.crowd.propose(1, ())
        self.added = list(newcomers)
        self.new = self.crowd.make_path(self.tree, ANA)
        self.path, self.context = self.crowd.seal(self.new, self.added)
        assert [len(node.encrypted_path_secret) for node in self.path.nodes] == [1, 1]

    def with_node(self, number: int, **changes: Any) -> UpdatePath:
        nodes = list(self.path.nodes)
        nodes[number] = replace(nodes[number], **changes)
        return replace(self.path, nodes=tuple(nodes))

    def with_leaf(self, **changes: Any) -> UpdatePath:
        return replace(self.path, leaf_node=replace(self.path.leaf_node, **changes))

    def apply(self, path: UpdatePath) -> RatchetTree:
        return apply_path(SUITE, self.tree, ANA, path, self.added)

    def decrypt(
        self, path: UpdatePath, leaf: LeafIndex = BO, context: bytes | None = None
    ) -> tuple[TreeKemPrivate, Secret]:
        return decrypt_path(
            SUITE,
            self.new.tree,
            self.crowd.privates[leaf],
            ANA,
            path,
            self.added,
            self.context if context is None else context,
        )


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestApplying:
    def test_the_path_as_it_was_sent_is_taken(self, scene: Scene) -> None:
        before = scene.tree.encode()
        assert scene.apply(scene.path) == scene.new.tree
        assert scene.tree.encode() == before

    def refused(self, scene: Scene, path: UpdatePath, rule: str) -> None:
        before = scene.tree.encode()
        with pytest.raises(InvalidError) as caught:
            scene.apply(path)
        assert caught.value.rule == rule
        assert scene.tree.encode() == before

    def test_a_node_too_few_or_too_many_is_refused(self, scene: Scene) -> None:
        nodes = scene.path.nodes
        self.refused(scene, replace(scene.path, nodes=nodes[:-1]), "path.length")
        self.refused(scene, replace(scene.path, nodes=()), "path.length")
        self.refused(scene, replace(scene.path, nodes=(*nodes, nodes[-1])), "path.length")

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_ciphertext_too_few_or_too_many_is_refused(self, scene: Scene, number: int) -> None:
        (only,) = scene.path.nodes[number].encrypted_path_secret
        for ciphertexts in ((), (only, only)):
            forged = scene.with_node(number, encrypted_path_secret=ciphertexts)
            self.refused(scene, forged, "path.ciphertexts")

    def test_a_ciphertext_for_the_leaf_just_added_is_refused(self, scene: Scene) -> None:
        update, _ = scene.crowd.seal(scene.new, ())
        assert [len(node.encrypted_path_secret) for node in update.nodes] == [1, 2]
        self.refused(scene, update, "path.ciphertexts")

    @pytest.mark.parametrize("node", [NodeIndex(0), NodeIndex(2), NodeIndex(3), NodeIndex(6)])
    def test_a_key_that_the_tree_holds_is_refused(self, scene: Scene, node: NodeIndex) -> None:
        key = scene.tree.encryption_key(node)
        self.refused(scene, scene.with_node(1, encryption_key=key), "path.key_reuse")
        self.refused(scene, scene.with_leaf(encryption_key=key), "path.key_reuse")

    def test_a_key_twice_in_the_path_is_refused(self, scene: Scene) -> None:
        key = scene.path.nodes[0].encryption_key
        self.refused(scene, scene.with_node(1, encryption_key=key), "path.key_reuse")
        self.refused(scene, scene.with_leaf(encryption_key=key), "path.key_reuse")

    @pytest.mark.parametrize("key", [SMALL_ORDER_POINTS[1], b"", bytes(range(33))])
    def test_a_key_that_nobody_can_encrypt_to_is_refused(self, scene: Scene, key: bytes) -> None:
        self.refused(scene, scene.with_node(0, encryption_key=key), "path.encryption_key")
        self.refused(scene, scene.with_leaf(encryption_key=key), "path.encryption_key")

    @pytest.mark.parametrize("source", [KeyPackageSource(LIFETIME), UpdateSource()])
    def test_a_leaf_not_of_a_commit_is_refused(
        self, scene: Scene, source: KeyPackageSource | UpdateSource
    ) -> None:
        self.refused(scene, scene.with_leaf(source=source), "path.leaf_source")

    @pytest.mark.parametrize("parent_hash", [b"", bytes(32)])
    def test_another_parent_hash_is_refused(self, scene: Scene, parent_hash: bytes) -> None:
        forged = scene.with_leaf(source=CommitSource(parent_hash))
        self.refused(scene, forged, "path.parent_hash")

    def test_another_key_on_the_path_is_refused(self, scene: Scene) -> None:
        key = SUITE.kem.generate_key_pair(seeded("other")).public
        for number in (0, 1):
            forged = scene.with_node(number, encryption_key=key)
            self.refused(scene, forged, "path.parent_hash")

    def test_swapped_nodes_are_refused(self, scene: Scene) -> None:
        swapped = replace(scene.path, nodes=scene.path.nodes[::-1])
        self.refused(scene, swapped, "path.parent_hash")

    def test_a_path_for_another_tree_is_refused(self, scene: Scene) -> None:
        scene.tree.remove_leaf(DAN)
        scene.tree.add_leaf(make_member(seeded("another Dan")).key_package.leaf_node)
        self.refused(scene, scene.path, "path.parent_hash")

    def test_who_is_nobody_has_no_path(self, scene: Scene) -> None:
        update, _ = scene.crowd.seal(scene.crowd.make_path(scene.tree, BO), scene.added)
        tree = scene.tree.copy()
        tree.remove_leaf(BO)
        with pytest.raises(UsageError, match="no member at leaf 1"):
            apply_path(SUITE, tree, BO, update, scene.added)


class TestDecrypting:
    @pytest.mark.parametrize("leaf", [BO, CLEO])
    def test_everybody_who_was_there_can(self, scene: Scene, leaf: LeafIndex) -> None:
        private, commit_secret = scene.decrypt(scene.path, leaf)
        assert commit_secret == scene.new.commit_secret
        assert private.missing_node(scene.new.tree) is None

    def undecryptable(self, forge: Callable[[], object]) -> None:
        with pytest.raises(UndecryptableError):
            forge()

    @pytest.mark.parametrize("part", ["kem_output", "ciphertext"])
    def test_an_altered_ciphertext_is_only_its_receivers_concern(
        self, scene: Scene, part: str
    ) -> None:
        (sealed,) = scene.path.nodes[0].encrypted_path_secret
        altered = bytes((getattr(sealed, part)[0] ^ 1,)) + getattr(sealed, part)[1:]
        forged = scene.with_node(0, encrypted_path_secret=(replace(sealed, **{part: altered}),))
        assert scene.apply(forged) == scene.new.tree
        self.undecryptable(lambda: scene.decrypt(forged, BO))
        assert scene.decrypt(forged, CLEO)[1] == scene.new.commit_secret

    def test_an_unusable_encapsulated_key_does_not_open(self, scene: Scene) -> None:
        (sealed,) = scene.path.nodes[0].encrypted_path_secret
        zero = replace(sealed, kem_output=bytes(32))
        forged = scene.with_node(0, encrypted_path_secret=(zero,))
        self.undecryptable(lambda: scene.decrypt(forged))

    def test_another_context_does_not_open(self, scene: Scene) -> None:
        self.undecryptable(lambda: scene.decrypt(scene.path, BO, tree_hash(SUITE, scene.tree)))

    def test_a_secret_that_leads_to_other_keys_is_refused(self, scene: Scene) -> None:
        for secret in (bytes(32), b"", scene.new.path_secrets[1].reveal()):
            sealed = encrypt_with_label(
                SUITE,
                scene.tree.encryption_key(NodeIndex(2)),
                "UpdatePathNode",
                scene.context,
                secret,
                seeded(1),
            )
            forged = scene.with_node(0, encrypted_path_secret=(sealed,))
            assert scene.apply(forged) == scene.new.tree
            with pytest.raises(UndecryptableError, match="public key of node 1"):
                scene.decrypt(forged)

    def test_every_key_up_to_the_root_is_compared(self, scene: Scene) -> None:
        # The first secret is right for Bo, the key above it is not what follows from the secret.
        other = SUITE.kem.generate_key_pair(seeded("other")).public
        root = scene.new.tree.parent(scene.new.tree.root)
        assert root is not None
        parents = {
            NodeIndex(3): replace(root, encryption_key=other),
            NodeIndex(1): scene.new.tree.parent(NodeIndex(1)),
        }
        scene.new.tree.replace_path(
            ANA, scene.path.leaf_node, {index: node for index, node in parents.items() if node}
        )
        with pytest.raises(UndecryptableError, match="public key of node 3"):
            scene.decrypt(scene.path)

    def test_who_holds_none_of_the_keys_cannot(self, scene: Scene) -> None:
        stranger = make_member(seeded("stranger"))
        for private in (
            TreeKemPrivate(DAN, stranger.leaf_key_pair, {}),
            replace(scene.crowd.privates[CLEO], leaf_index=DAN),
        ):
            scene.crowd.privates[DAN] = private
            with pytest.raises(UndecryptableError, match=r"none of the keys.*\(path\.not_ours\)"):
                scene.decrypt(scene.path, DAN)

    def test_nobody_decrypts_their_own(self, scene: Scene) -> None:
        with pytest.raises(UsageError, match="its own path"):
            scene.decrypt(scene.path, ANA)


class TestPrivate:
    def test_keys_are_found_by_node(self) -> None:
        private = Crowd.of(seeded(1), 3).privates[BO]
        assert private.key_pair(NodeIndex(2)) == private.leaf_key_pair
        assert private.key_pair(NodeIndex(1)) == private.node_key_pairs[NodeIndex(1)]
        assert private.key_pair(NodeIndex(0)) is None

    def test_keys_of_blanked_nodes_are_dropped(self) -> None:
        crowd = Crowd.of(seeded(1), 4)
        private = crowd.privates[ANA]
        assert set(private.node_key_pairs) == {1, 3}
        tree = crowd.tree.copy()
        tree.remove_leaf(CLEO)
        assert set(private.pruned(tree).node_key_pairs) == {1}

    def test_keys_of_replaced_nodes_are_dropped_and_missed(self) -> None:
        crowd = Crowd.of(seeded(1), 4)
        tree = crowd.make_path(crowd.tree, CLEO).tree
        private = crowd.privates[ANA]
        assert set(private.pruned(tree).node_key_pairs) == {1}
        assert private.missing_node(tree) == 3
        assert private.pruned(tree).missing_node(tree) == 3

    def test_a_key_is_not_missed_where_the_leaf_is_unmerged(self) -> None:
        crowd = Crowd.of(seeded(1), 3)
        crowd.commit(ANA, adding=1, with_path=False)
        assert crowd.privates[DAN].node_key_pairs == {}
        assert crowd.privates[DAN].missing_node(crowd.tree) is None


class TestJoining:
    def join(self, scene: Scene, path_secret: Secret | None) -> TreeKemPrivate:
        key_pair = make_member(seeded("Dan")).leaf_key_pair
        return join_path(SUITE, scene.new.tree, DAN, key_pair, ANA, path_secret)

    def test_the_path_secret_gives_all_keys_above(self, scene: Scene) -> None:
        private = self.join(scene, scene.new.path_secret_for(DAN))
        assert private.node_key_pairs == {NodeIndex(3): scene.new.private.key_pair(NodeIndex(3))}

    @pytest.mark.parametrize("secret", [b"", bytes(32)])
    def test_another_path_secret_is_refused(self, scene: Scene, secret: bytes) -> None:
        with pytest.raises(InvalidError) as caught:
            self.join(scene, Secret(secret))
        assert caught.value.rule == "welcome.path_secret"

    def test_the_secret_of_another_node_is_refused(self, scene: Scene) -> None:
        with pytest.raises(InvalidError, match=r"welcome\.path_secret"):
            self.join(scene, scene.new.path_secrets[0])

    def test_a_tree_that_wants_a_key_not_given_is_refused(self, scene: Scene) -> None:
        with pytest.raises(InvalidError, match="no key for node 3 above the newcomer") as caught:
            self.join(scene, None)
        assert caught.value.rule == "welcome.path_secret"
