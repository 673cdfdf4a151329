"""Groups of several members: create, join, commit, process, merge, and what each call leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.mls.errors import (
    DecodeError,
    InvalidError,
    KeyUsedError,
    OwnLeafError,
    RefusedError,
    UndecryptableError,
    UsageError,
)
from crypto.mls.evolution import CommitChange
from crypto.mls.extensions import Extension, RequiredCapabilities, find_extension
from crypto.mls.framing import MlsMessage, PrivateMessage, PublicMessage
from crypto.mls.group import ApplicationMessage, Group, StagedCommit
from crypto.mls.leaf_node import Lifetime
from crypto.mls.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    Remove,
)
from crypto.mls.psk import ExternalPsk, PreSharedKeyID
from crypto.mls.secret_tree import MAX_SKIPPED, RatchetKind
from crypto.mls.snapshot import restore_group, save_epoch, save_ratchets
from crypto.mls.tree_math import LeafIndex
from crypto.mls.welcome import GroupInfo
from crypto.secret import Secret
from tests.crypto.mls.assembly import (
    CIRCLE_EXTENSION,
    LEAF_EXTENSION,
    NOW,
    Assembly,
    read,
    refusing,
    stage,
)
from tests.crypto.mls.forge import framed_content, send_private, send_public, sign
from tests.crypto.mls.members import GROUP_ID, SUITE

PSK_ID = PreSharedKeyID(ExternalPsk(b"a key of ours"), bytes(32))


class TestLife:
    def test_a_founder_is_alone_in_epoch_0(self) -> None:
        group = Assembly("founder")[0]
        assert (group.epoch, group.own_leaf, group.is_active) == (0, 0, True)
        assert group.context.group_id == GROUP_ID
        assert [leaf for leaf, _ in group.members()] == [0]
        assert group.member(LeafIndex(0)) is not None
        assert group.member(LeafIndex(1)) is None

    def test_members_come_and_go_and_stay_in_step(self) -> None:
        assembly = Assembly("life", 5)
        assembly.talk()
        assembly.commit(2)
        assembly.commit(1, [Remove(LeafIndex(3))])
        assembly.talk()
        assembly.commit(4, [Remove(LeafIndex(0))], adding=[assembly.newcomer()])
        assert set(assembly.groups) == {0, 1, 2, 4}
        assembly.commit(0, adding=[assembly.newcomer() for _ in range(6)])
        assembly.talk()

    def test_adding_alone_needs_no_path(self) -> None:
        assembly = Assembly("partial", 3)
        private = assembly[0].state.epoch.private
        assembly.commit(0, adding=[assembly.newcomer(), assembly.newcomer()])
        assert assembly[0].state.epoch.private == private
        assembly.commit(4, force_path=True)
        assembly.talk()

    def test_a_commit_can_be_sent_in_clear(self) -> None:
        assembly = Assembly("clear", 3)
        pending = assembly.commit(1, in_clear=True)
        assert isinstance(MlsMessage.decode(pending.message).body, PublicMessage)
        pending = assembly.commit(1)
        assert isinstance(MlsMessage.decode(pending.message).body, PrivateMessage)

    def test_authenticated_data_goes_with_message_and_commit(self) -> None:
        assembly = Assembly("aad", 2)
        message = assembly[0].encrypt(b"hi", assembly.rng, authenticated_data=b"beside")
        assert assembly[1].process(message) == ApplicationMessage(LeafIndex(0), 0, b"beside", b"hi")
        pending = assembly[0].commit([], assembly.rng, now=NOW, authenticated_data=b"side data")
        staged = stage(assembly[1], pending.message)
        assert staged.change.authenticated_data == b"side data"

    def test_padding_hides_the_length(self) -> None:
        assembly = Assembly("padding", 2)

        def to_1024(length: int) -> int:
            return -length % 1024

        lengths = set()
        for size in (0, 1, 500, 900):
            message = assembly[0].encrypt(bytes(size), assembly.rng, padding=to_1024)
            lengths.add(len(message))
            assert read(assembly[1], message) == (0, bytes(size))
        assert len(lengths) == 1
        pending = assembly[0].commit([], assembly.rng, now=NOW, padding=to_1024)
        body = MlsMessage.decode(pending.message).body
        assert isinstance(body, PrivateMessage)
        assert len(body.ciphertext) % 1024 == 16

    def test_the_tree_that_is_given_out_is_a_copy(self) -> None:
        group = Assembly("copy", 2)[0]
        group.tree.remove_leaf(LeafIndex(1))
        assert group.member(LeafIndex(1)) is not None

    def test_a_group_info_is_signed_and_brings_the_tree(self) -> None:
        group = Assembly("info", 2)[1]
        info = MlsMessage.decode(group.group_info((Extension(0x0A0A, b"grease"),))).body
        assert isinstance(info, GroupInfo)
        assert (info.signer, info.group_context) == (1, group.context)
        leaf = group.member(LeafIndex(1))
        assert leaf is not None and info.verify(SUITE, leaf.signature_key)
        assert find_extension(info.extensions, 0x0002) == group.tree.encode()
        assert find_extension(info.extensions, 0x0A0A) == b"grease"


class TestChanges:
    def test_group_extensions_change_by_commit(self) -> None:
        assembly = Assembly("gce", 3)
        wanted = (Extension(CIRCLE_EXTENSION, b"a name"),)
        assembly.commit(0, [GroupContextExtensions(wanted)])
        assert {group.context.extensions for group in assembly.groups.values()} == {wanted}
        assembly.commit(1, [GroupContextExtensions(())], adding=[assembly.newcomer()])
        assert assembly[3].context.extensions == ()

    def test_required_capabilities_can_be_met(self) -> None:
        required = RequiredCapabilities((CIRCLE_EXTENSION, LEAF_EXTENSION), (), (1,))
        assembly = Assembly("required", 3, extensions=(required.as_extension(),))
        assert assembly[2].context.extensions == (required.as_extension(),)

    def test_ones_own_leaf_gets_new_extensions(self) -> None:
        assembly = Assembly("leaf", 3)
        wanted = (Extension(LEAF_EXTENSION, b"a new name"),)
        assembly.commit(1, leaf_extensions=wanted)
        leaf = assembly[0].member(LeafIndex(1))
        assert leaf is not None and leaf.extensions == wanted

    def test_a_pre_shared_key_enters_the_epoch(self) -> None:
        assembly = Assembly("psk", 3)
        psks = {PSK_ID: Secret(b"known to all")}.get
        assembly.commit(0, [PreSharedKey(PSK_ID)], adding=[assembly.newcomer()], psks=psks)
        assembly.talk()
        other = PreSharedKeyID(ExternalPsk(b"another"), bytes(31) + b"\x01")
        both = {PSK_ID: Secret(b"known to all"), other: Secret(b"and this")}.get
        assembly.commit(3, [PreSharedKey(other), PreSharedKey(PSK_ID)], psks=both)

    def test_a_resumption_key_of_a_former_epoch_can_be_used(self) -> None:
        assembly = Assembly("resumption", 2)
        former = assembly[0].resumption_psk
        assert former == assembly[1].resumption_psk
        assembly.commit(0)
        assert former != assembly[0].resumption_psk
        assembly.commit(1, [PreSharedKey(PSK_ID)], psks={PSK_ID: former}.get)

    def test_a_missing_pre_shared_key_stops_our_own_commit(self) -> None:
        assembly = Assembly("missing psk", 2)
        before = assembly.snapshots()
        with pytest.raises(UsageError, match="pre-shared key"):
            assembly[0].commit([PreSharedKey(PSK_ID)], assembly.rng, now=NOW)
        assert assembly.snapshots() == before

    @pytest.mark.parametrize("now", [NOW - 2, NOW + 10**8])
    def test_an_expired_key_package_is_not_added(self, now: int) -> None:
        assembly = Assembly("lifetime", 2)
        before = assembly.snapshots()
        newcomer = assembly.newcomer()
        with pytest.raises(InvalidError) as caught:
            assembly[0].commit([Add(newcomer.key_package)], assembly.rng, now=now)
        assert caught.value.rule == "leaf.lifetime"
        assert assembly.snapshots() == before

    def test_receivers_do_not_judge_lifetimes(self) -> None:
        assembly = Assembly("clocks", 2)
        newcomer = assembly.newcomer(lifetime=Lifetime(5, 10))
        pending = assembly[0].commit([Add(newcomer.key_package)], assembly.rng, now=7)
        assembly[1].merge(stage(assembly[1], pending.message))
        assert pending.welcome is not None
        assert Group.join(SUITE, pending.welcome, newcomer).epoch == 2
        with refusing(newcomer, "leaf.lifetime"):
            Group.join(SUITE, pending.welcome, newcomer, now=11)


class TestStaging:
    def test_nothing_changes_until_the_merge(self) -> None:
        assembly = Assembly("staging", 3)
        before = save_epoch(assembly[0])
        pending = assembly[0].commit([], assembly.rng, now=NOW)
        assert save_epoch(assembly[0]) == before
        receiver = (save_epoch(assembly[1]), save_ratchets(assembly[1]))
        staged = stage(assembly[1], pending.message)
        assert (save_epoch(assembly[1]), save_ratchets(assembly[1])) == receiver
        assembly[1].merge(staged)
        assembly[0].merge(pending)
        assert assembly[0].epoch_authenticator == assembly[1].epoch_authenticator

    def test_a_dropped_commit_has_used_up_its_generation(self) -> None:
        assembly = Assembly("dropped", 2)
        ratchets = save_ratchets(assembly[0])
        first = assembly[0].commit([], assembly.rng, now=NOW)
        assert save_ratchets(assembly[0]) != ratchets
        second = assembly[0].commit([], assembly.rng, now=NOW)
        for pending in (second, first):  # either could be ordered first
            stage(assembly[1], pending.message)
        assembly[1].merge(stage(assembly[1], first.message))
        assembly[0].merge(first)
        with pytest.raises(UsageError, match="another epoch"):
            assembly[0].merge(second)
        assembly.check_in_step()

    def test_another_members_commit_replaces_our_own(self) -> None:
        assembly = Assembly("rebased", 3)
        ours = assembly[0].commit([], assembly.rng, now=NOW)
        theirs = assembly[1].commit([], assembly.rng, now=NOW)
        for group in (assembly[0], assembly[2]):
            group.merge(stage(group, theirs.message))
        assembly[1].merge(theirs)
        with pytest.raises(UsageError, match="another epoch"):
            assembly[0].merge(ours)
        assembly.commit(0)

    def test_a_commit_is_merged_once(self) -> None:
        assembly = Assembly("once", 2)
        pending = assembly[0].commit([], assembly.rng, now=NOW)
        staged = stage(assembly[1], pending.message)
        assembly[1].merge(staged)
        for group, commit in ((assembly[1], staged), (assembly[1], pending)):
            with pytest.raises(UsageError, match="another epoch"):
                group.merge(commit)

    def test_a_commit_of_a_twin_group_is_not_merged(self) -> None:
        one, two = Assembly("twin", 2), Assembly("twins", 2)
        pending = one[0].commit([], one.rng, now=NOW)
        assert one[0].epoch == two[0].epoch
        with pytest.raises(UsageError, match="another epoch"):
            two[0].merge(pending)

    def test_who_is_removed_is_told_and_has_nothing_left(self) -> None:
        assembly = Assembly("removed", 3)
        pending = assembly[0].commit([Remove(LeafIndex(2))], assembly.rng, now=NOW)
        staged = stage(assembly[2], pending.message)
        assert staged.removes_us
        assert not stage(assembly[1], pending.message).removes_us
        gone = assembly[2]
        gone.merge(staged)
        assert not gone.is_active
        for use in (
            lambda: gone.epoch,
            lambda: gone.encrypt(b"", assembly.rng),
            lambda: gone.process(pending.message),
            lambda: gone.commit([], assembly.rng, now=NOW),
            lambda: gone.merge(staged),
            lambda: save_epoch(gone),
        ):
            with pytest.raises(UsageError, match="removed"):
                use()


class TestPolicy:
    def test_it_sees_the_whole_change(self) -> None:
        assembly = Assembly("policy", 3)
        newcomer = assembly.newcomer()
        extensions = (Extension(CIRCLE_EXTENSION, b"new"),)
        proposals: list[Proposal] = [
            Add(newcomer.key_package),
            Remove(LeafIndex(2)),
            GroupContextExtensions(extensions),
        ]
        seen: list[CommitChange] = []
        pending = assembly[0].commit(
            proposals, assembly.rng, now=NOW, authenticated_data=b"why", policy=seen.append
        )
        staged = stage(assembly[1], pending.message, policy=seen.append)
        ours, theirs = seen
        assert theirs == staged.change
        assert ours == theirs
        assert theirs.committer == 0
        assert theirs.proposals == tuple(proposals)
        assert theirs.authenticated_data == b"why"
        assert [(added.leaf, added.key_package) for added in theirs.added] == [
            (2, newcomer.key_package)
        ]
        assert [removed.leaf for removed in theirs.removed] == [2]
        assert theirs.removed[0].leaf_node == assembly[0].member(LeafIndex(2))
        assert theirs.old_context == assembly[0].context
        assert theirs.old_tree == assembly[0].tree
        assert theirs.new_context.extensions == extensions
        assert theirs.new_context.epoch == assembly[0].epoch + 1
        assembly[0].merge(pending)
        assert theirs.new_tree == assembly[0].tree
        assert theirs.new_context.tree_hash == assembly[0].context.tree_hash
        assert theirs.path_leaf == assembly[0].member(LeafIndex(0))

    def test_a_commit_without_a_path_has_no_path_leaf(self) -> None:
        assembly = Assembly("no path", 2)
        adds = [Add(assembly.newcomer().key_package)]
        pending = assembly[0].commit(adds, assembly.rng, now=NOW)
        assert stage(assembly[1], pending.message).change.path_leaf is None

    def test_its_refusal_goes_through_and_nothing_has_changed(self) -> None:
        assembly = Assembly("refused", 2)

        class Veto(Exception):
            pass

        def veto(change: CommitChange) -> None:
            raise Veto

        before = assembly.snapshots()
        with pytest.raises(Veto):
            assembly[0].commit([], assembly.rng, now=NOW, policy=veto)
        assert assembly.snapshots() == before
        pending = assembly[0].commit([], assembly.rng, now=NOW)
        before = assembly.snapshots()
        with pytest.raises(Veto):
            assembly[1].process(pending.message, policy=veto)
        assert assembly.snapshots() == before

    def test_it_is_asked_before_our_own_keys_are(self) -> None:
        assembly = Assembly("order", 2)
        psks = {PSK_ID: Secret(b"only the sender has it")}.get
        pending = assembly[0].commit([PreSharedKey(PSK_ID)], assembly.rng, now=NOW, psks=psks)

        class Veto(Exception):
            pass

        def veto(change: CommitChange) -> None:
            raise Veto

        with pytest.raises(Veto):
            assembly[1].process(pending.message, policy=veto)


class TestMessages:
    def test_order_does_not_matter(self) -> None:
        assembly = Assembly("order of messages", 2)
        messages = [assembly[0].encrypt(b"%d" % i, assembly.rng) for i in range(20)]
        order = list(range(20))
        for i in order[::-2] + order[::2]:
            assert read(assembly[1], messages[i]) == (0, b"%d" % i)

    def test_a_replay_changes_nothing(self) -> None:
        assembly = Assembly("replay", 2)
        message = assembly[0].encrypt(b"once", assembly.rng)
        assert read(assembly[1], message) == (0, b"once")
        for group in assembly.groups.values():  # the sender's own state has used the key as well
            with refusing(group, "ratchet.key_used", KeyUsedError):
                group.process(message)

    def test_a_message_of_our_own_that_we_never_sent_means_an_old_copy(self) -> None:
        assembly = Assembly("copies", 2)
        epoch, ratchets = save_epoch(assembly[0]), save_ratchets(assembly[0])
        messages = [
            assembly[0].encrypt(b"from the newer copy", assembly.rng),
            assembly[0].commit([], assembly.rng, now=NOW).message,
            assembly[0].commit([], assembly.rng, now=NOW, in_clear=True).message,
        ]
        old = restore_group(SUITE, epoch, ratchets)
        for message in messages:
            with refusing(old, "framing.own_leaf", OwnLeafError):
                old.process(message, allow_public=True)
        assert (save_epoch(old), save_ratchets(old)) == (epoch, ratchets)

    def test_a_message_of_another_epoch_is_not_read(self) -> None:
        assembly = Assembly("epochs", 2)
        late = assembly[0].encrypt(b"too late", assembly.rng)
        assembly.commit(0)
        with refusing(assembly[1], "framing.epoch"):
            assembly[1].process(late)

    def test_a_message_in_clear_is_refused_unless_allowed(self) -> None:
        assembly = Assembly("in clear", 2)
        pending = assembly[0].commit([], assembly.rng, now=NOW, in_clear=True)
        with refusing(assembly[1], "framing.in_clear", RefusedError):
            assembly[1].process(pending.message)
        assert isinstance(assembly[1].process(pending.message, allow_public=True), StagedCommit)

    def test_a_proposal_on_its_own_is_refused(self) -> None:
        assembly = Assembly("lone", 3)
        epoch = assembly[0].state.epoch
        content = framed_content(epoch, Remove(LeafIndex(2)))
        private = send_private(assembly[0], sign(epoch, content), assembly.rng)
        public_content = sign(
            epoch,
            content,
            MlsMessage.decode(
                assembly[0].commit([], assembly.rng, now=NOW, in_clear=True).message
            ).wire_format,
        )
        public = send_public(assembly[0], public_content)
        for message in (private, public):
            with refusing(assembly[1], "framing.lone_proposal", RefusedError):
                assembly[1].process(message, allow_public=True)

    def test_only_messages_of_a_group_are_processed(self) -> None:
        assembly = Assembly("kinds", 2)
        pending = assembly.commit(0, adding=[assembly.newcomer()])
        assert pending.welcome is not None
        key_package = MlsMessage(assembly.newcomer().key_package).encode()
        for message in (pending.welcome, assembly[0].group_info(), key_package):
            with refusing(assembly[1], "framing.kind", DecodeError):
                assembly[1].process(message)

    def test_a_padding_that_cannot_be_is_our_own_mistake(self) -> None:
        assembly = Assembly("errors of ours", 2)
        before = assembly.snapshots()
        with pytest.raises(UsageError, match="padding"):
            assembly[0].encrypt(b"", assembly.rng, padding=lambda length: -1)
        assert assembly.snapshots() == before

    def test_a_stranger_reads_nothing(self) -> None:
        assembly, others = Assembly("ours", 2), Assembly("theirs", 2)
        message = assembly[0].encrypt(b"for us", assembly.rng)
        with refusing(others[1], "framing.sender_data", UndecryptableError):
            others[1].process(message)


class TestCreating:
    def test_founder_and_group_must_fit(self) -> None:
        assembly = Assembly("misfit")
        unknown = (Extension(0xFF01, b"nobody knows it"),)
        with pytest.raises(InvalidError) as caught:
            Group.create(SUITE, GROUP_ID, assembly.newcomer(), assembly.rng, extensions=unknown)
        assert caught.value.rule == "members.extensions"
        founder = assembly.newcomer()
        leaf = replace(founder.key_package.leaf_node, signature=bytes(64))
        package = replace(founder.key_package, leaf_node=leaf)
        with pytest.raises(InvalidError) as caught:
            Group.create(SUITE, GROUP_ID, replace(founder, key_package=package), assembly.rng)
        assert caught.value.rule == "leaf.signature"


def test_what_was_said_and_what_members_share_is_not_printed() -> None:
    assembly = Assembly("printing", 2, extensions=(Extension(CIRCLE_EXTENSION, b"shared key"),))
    group, other = assembly[0], assembly[1]
    said = other.process(group.encrypt(b"for you alone", assembly.rng))
    content = framed_content(group.state.epoch, b"for you alone")
    staged = stage(other, group.commit([], assembly.rng, now=NOW).message)
    printed = f"{said!r} {content!r} {staged!r} {group.context!r} {group.state.epoch!r}"
    assert "for you alone" not in printed
    assert "shared key" not in printed


def test_no_commit_is_made_that_lies_too_far_ahead_for_the_others() -> None:
    assembly = Assembly("dropped commits", 2)
    group, ratchets = assembly[0], assembly[0].state.ratchets
    for _ in range(MAX_SKIPPED):
        ratchets.next_key(group.own_leaf, RatchetKind.HANDSHAKE)
    last = group.commit([], assembly.rng, now=NOW)
    stage(assembly[1], last.message)
    before = save_ratchets(group)
    with pytest.raises(UsageError, match="too many Commits"):
        group.commit([], assembly.rng, now=NOW)
    assert save_ratchets(group) == before
    assert group.commit([], assembly.rng, now=NOW, in_clear=True).base_epoch == group.epoch
    group.merge(last)
    assert group.commit([], assembly.rng, now=NOW).base_epoch == group.epoch
