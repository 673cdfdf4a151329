"""Every rightful commit, drafted; and every wish that the circle does not allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.access.side_data import (
    AddDevice,
    AddInvite,
    Admit,
    Cap,
    Delta,
    Depart,
    Flag,
    Keep,
    LeaveWelcome,
    Rekey,
    Remove,
    ReplaceCard,
    RevokeInvite,
    WholeRoster,
    decode,
)
from crypto.circle import drafts
from crypto.circle.drafts import Departure, Draft
from crypto.circle.errors import MisuseError
from crypto.circle.extensions import context_extensions, leaf_extensions
from crypto.circle.happened import CameInAgain, Removed, Renamed
from crypto.circle.sides import committed_hash
from crypto.circle.state import CircleState, Door, MemberRecord
from crypto.mls import proposals as mls
from crypto.mls.credential import BasicCredential
from crypto.mls.key_package import KeyPackage
from crypto.primitives import sha256
from crypto.relay_address import RelayAddress
from crypto.secret import Secret
from tests.crypto.circle.scene import (
    ANA,
    ANAS_CODE,
    AT_ANA,
    AT_BO,
    AT_CY,
    AT_LAPTOP,
    BO,
    BOS_CODE,
    CY,
    DEE,
    EVE,
    GENESIS,
    LAPTOP,
    NOW,
    STATE,
    VIEW,
    Code,
    Somebody,
    package,
    resigned,
    seeded,
    spent,
    without,
)

CARD = b"\x0f" * 32
RNG = seeded("drafts")
NEW_BEACON = Secret(seeded("drafts")(32))


def signature(delta: Delta) -> bytes:
    assert isinstance(delta, Admit | Rekey | Depart)
    return delta.signature


def entering(somebody: Somebody = DEE, code: Code = ANAS_CODE) -> tuple[KeyPackage, bytes]:
    admit = signature(code.admit(somebody.leaf().access_key))
    return package(somebody, code).key_package, admit


def departure(somebody: Somebody) -> Departure:
    return Departure(somebody.access.public, signature(somebody.departure()))


def extensions_of(draft: Draft) -> CircleState | None:
    """The state that the draft's proposals set, if any."""
    for proposal in draft.proposals:
        if isinstance(proposal, mls.GroupContextExtensions):
            assert proposal.extensions == context_extensions(GENESIS, draft.outcome.state)
            return draft.outcome.state
    return None


# What a draft is


def test_a_draft_holds_what_the_commit_and_the_relay_need() -> None:
    key_package, admit = entering()
    draft = drafts.admit(VIEW, AT_CY, key_package, admit, NOW)
    assert draft.authenticated_data() == committed_hash(draft.deltas)
    told = decode(draft.side_data(b"the Welcome"))
    assert told == (*draft.deltas, LeaveWelcome(DEE.access.public, sha256(b"the Welcome")))
    assert committed_hash(told) == draft.authenticated_data()


def test_where_somebody_comes_in_the_relay_needs_the_welcome() -> None:
    key_package, admit = entering()
    with pytest.raises(MisuseError, match="so it has a Welcome"):
        drafts.admit(VIEW, AT_CY, key_package, admit, NOW).side_data()


def test_where_nobody_comes_in_there_is_none() -> None:
    assert drafts.refresh(VIEW, AT_CY).side_data() == b"\x90"


# Oneself


def test_a_refresh_is_an_empty_commit() -> None:
    draft = drafts.refresh(VIEW, AT_CY)
    assert draft.proposals == ()
    assert draft.leaf_extensions is None
    assert draft.outcome.state == STATE


def test_a_host_tells_the_relay_anew_who_is_here() -> None:
    draft = drafts.put_right(VIEW, AT_ANA)
    assert draft.proposals == () and draft.outcome.state == STATE
    assert draft.deltas[:2] == (WholeRoster(STATE.cap), Keep(STATE.retention))
    assert len(draft.deltas) == 2 + len(VIEW.leaves) + len(STATE.invites)
    with pytest.raises(MisuseError, match="Only a host"):
        drafts.put_right(VIEW, AT_CY)


def test_somebody_is_called_otherwise() -> None:
    draft = drafts.rename(VIEW, AT_BO, " Bob ", "phone")
    device = resigned(BO, name="Bob", label="phone").device
    assert draft.leaf_extensions == leaf_extensions(device)
    assert draft.proposals == ()
    assert isinstance(draft.outcome.happened[0], Renamed)


def test_a_label_stays_where_none_is_given() -> None:
    draft = drafts.rename(VIEW, AT_LAPTOP, "Bob")
    assert draft.leaf_extensions == leaf_extensions(resigned(LAPTOP, name="Bob").device)


def test_ones_own_name_in_another_spelling_is_no_imitation() -> None:
    assert drafts.rename(VIEW, AT_BO, "BO").leaf_extensions is not None


@pytest.mark.parametrize(
    ("name", "words"),
    [("Аna", "looks like Ana, who is in"), ("", "needs at least one"), ("A\u200b", "U\\+200B")],
)
def test_nobody_takes_a_name_that_is_none_or_anothers(name: str, words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        drafts.rename(VIEW, AT_BO, name)


def test_a_device_changes_its_access_key() -> None:
    leaf = resigned(BO, access_key=EVE.access.public)
    rekey = BO.rekey(EVE.access.public)
    draft = drafts.rekey(VIEW, AT_BO, leaf.device, rekey.signature)
    assert draft.deltas == (rekey,)
    assert draft.leaf_extensions == leaf_extensions(leaf.device)
    with pytest.raises(MisuseError, match="a signature that is not valid"):
        drafts.rekey(VIEW, AT_BO, leaf.device, bytes(64))


# Settings and hosts


def test_a_host_changes_all_settings_at_once() -> None:
    relays = (RelayAddress("elsewhere.example"),)
    draft = drafts.settings(
        VIEW,
        AT_ANA,
        name=" Elsewhere ",
        topic="Talk",
        cap=3,
        door=Door.ASK,
        history=1,
        retention=86_400,
        disappear=3_600,
        presence=True,
        heard=True,
        relays=relays,
        relay_key=b"\x01" * 32,
    )
    expected = replace(
        STATE,
        name="Elsewhere",
        topic="Talk",
        cap=3,
        door=Door.ASK,
        history=1,
        retention=86_400,
        disappear=3_600,
        presence=True,
        heard=True,
        relays=relays,
        relay_key=b"\x01" * 32,
        invites=(),
    )
    assert extensions_of(draft) == draft.outcome.state == expected
    revoked = [RevokeInvite(invite.id) for invite in STATE.invites]
    assert draft.deltas == (Cap(3), Keep(86_400), *revoked)


@pytest.mark.parametrize(
    ("wish", "moves"),
    [
        ({"relay_key": b"\x01" * 32}, True),
        ({"relays": (RelayAddress("elsewhere.example"),)}, True),
        ({"relays": (*STATE.relays, RelayAddress("elsewhere.example"))}, False),
        ({"relays": STATE.relays, "relay_key": STATE.relay_key}, False),
    ],
)
def test_codes_go_where_the_relay_that_is_in_use_changes(
    wish: dict[str, object], moves: bool
) -> None:
    draft = drafts.settings(VIEW, AT_ANA, **wish)  # type: ignore[arg-type]
    assert draft.outcome.state.invites == (() if moves else STATE.invites)
    assert len(draft.deltas) == (len(STATE.invites) if moves else 0)


def test_settings_that_stay_are_no_change() -> None:
    draft = drafts.settings(VIEW, AT_CY)
    assert draft.proposals == ()
    assert draft.deltas == ()
    assert drafts.settings(VIEW, AT_ANA, topic="").outcome.state.topic == ""


@pytest.mark.parametrize(
    ("committer", "wish", "words"),
    [
        (AT_CY, {"topic": "Mine"}, "Only a host can change the topic"),
        (AT_ANA, {"cap": 6}, "never raised"),
        (AT_ANA, {"cap": 2}, "3 members do not fit 2 chairs"),
        (AT_ANA, {"cap": 51}, "from 2 to 50"),
        (AT_ANA, {"name": ""}, "A circle's name needs"),
        (AT_ANA, {"topic": "\x00"}, "A topic can't hold"),
        (AT_ANA, {"relays": ()}, "the number of relay addresses"),
    ],
)
def test_a_setting_that_is_not_possible_is_said(
    committer: object, wish: dict[str, object], words: str
) -> None:
    with pytest.raises(MisuseError, match=words):
        drafts.settings(VIEW, committer, **wish)  # type: ignore[arg-type]


def test_hosts_are_named() -> None:
    draft = drafts.appoint(VIEW, AT_ANA, [CY.key, BO.key, CY.key])
    assert draft.outcome.state.hosts == tuple(sorted((BO.key, CY.key)))
    flags = [delta for delta in draft.deltas if isinstance(delta, Flag)]
    assert [flag.host for flag in flags] == [True, True, False]
    assert flags[-1].access_key == ANA.access.public
    assert drafts.appoint(VIEW, AT_ANA, [ANA.key]).deltas == ()


@pytest.mark.parametrize(
    ("committer", "hosts", "words"),
    [
        (AT_BO, [BO.key], "Only a host can make hosts"),
        (AT_ANA, [], "at least one"),
        (AT_ANA, [EVE.key], "some of the members"),
    ],
)
def test_hosts_are_named_by_hosts_among_members(
    committer: object, hosts: list[bytes], words: str
) -> None:
    with pytest.raises(MisuseError, match=words):
        drafts.appoint(VIEW, committer, hosts)  # type: ignore[arg-type]


# Codes


def test_a_member_makes_a_code() -> None:
    code = Code.by(CY, 2, "new")
    draft = drafts.open_invite(VIEW, AT_CY, code.invite, code.keys.access.public, CARD)
    assert draft.outcome.state.invite(code.invite.id) == code.invite
    assert draft.deltas == (
        AddInvite(
            code.invite.id,
            code.keys.access.public,
            code.invite.signing_key,
            2,
            code.invite.expires_at,
            CARD,
        ),
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Code.by(CY, 3, "three"), "as many free chairs; 2 of 5 are free"),
        (Code.by(BO, 1, "Bo's other"), "in one's own name only"),
        (BOS_CODE, "not in ascending order"),
    ],
)
def test_a_code_that_is_not_possible_is_said(code: Code, words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        drafts.open_invite(VIEW, AT_CY, code.invite, code.keys.access.public, CARD)


def test_a_code_is_withdrawn() -> None:
    draft = drafts.revoke_invite(VIEW, AT_ANA, BOS_CODE.invite.id)
    assert draft.deltas == (RevokeInvite(BOS_CODE.invite.id),)
    assert draft.outcome.state.invites == (ANAS_CODE.invite,)
    with pytest.raises(MisuseError, match="Only its issuer or a host"):
        drafts.revoke_invite(VIEW, AT_CY, BOS_CODE.invite.id)
    with pytest.raises(MisuseError, match="not open any more"):
        drafts.revoke_invite(VIEW, AT_ANA, bytes(16))


def test_a_card_is_renewed() -> None:
    draft = drafts.replace_card(VIEW, AT_LAPTOP, BOS_CODE.invite.id, CARD)
    assert draft.deltas == (ReplaceCard(BOS_CODE.invite.id, CARD),)
    with pytest.raises(MisuseError, match="is not what the commit does"):
        drafts.replace_card(VIEW, AT_ANA, BOS_CODE.invite.id, CARD)
    with pytest.raises(MisuseError, match="not open any more"):
        drafts.replace_card(VIEW, AT_ANA, bytes(16), CARD)


# Coming in


@pytest.mark.parametrize("code", [ANAS_CODE, BOS_CODE])
def test_somebody_is_let_in(code: Code) -> None:
    key_package, admit = entering(DEE, code)
    draft = drafts.admit(VIEW, AT_CY, key_package, admit, NOW)
    state = draft.outcome.state
    assert state.invites == spent(STATE, code)
    assert state.members[-1] == MemberRecord(DEE.key, 4, 8, code.invite.issuer, CY.key)
    assert extensions_of(draft) == state
    assert mls.Add(key_package) in draft.proposals
    assert draft.deltas == (Admit(code.invite.id, DEE.access.public, admit),)
    assert draft.arriving == (DEE.access.public,)


def test_a_code_is_good_to_its_last_millisecond() -> None:
    key_package, admit = entering()
    end = ANAS_CODE.invite.expires_at
    drafts.admit(VIEW, AT_CY, key_package, admit, end)
    with pytest.raises(MisuseError, match="The code's time is over"):
        drafts.admit(VIEW, AT_CY, key_package, admit, end + 1)


def test_who_asks_without_a_code_is_not_let_in() -> None:
    with pytest.raises(MisuseError, match="does not say on which code"):
        drafts.admit(VIEW, AT_CY, package(DEE).key_package, bytes(64), NOW)


def test_what_is_no_device_of_a_circle_is_not_let_in() -> None:
    key_package, admit = entering()
    other = replace(key_package.leaf_node, credential=BasicCredential(b"Dee"))
    with pytest.raises(MisuseError, match="no device of Hallway's"):
        drafts.admit(VIEW, AT_CY, replace(key_package, leaf_node=other), admit, NOW)


def test_nobody_is_let_in_on_a_code_that_is_not_open() -> None:
    key_package, admit = entering(DEE, Code.by(ANA, 1, "withdrawn"))
    with pytest.raises(MisuseError, match="not open any more"):
        drafts.admit(VIEW, AT_CY, key_package, admit, NOW)


def test_nobody_is_let_in_where_all_chairs_are_taken() -> None:
    full = replace(VIEW, state=replace(STATE, cap=3))
    key_package, admit = entering()
    with pytest.raises(MisuseError, match="All 3 chairs are taken"):
        drafts.admit(full, AT_CY, key_package, admit, NOW)


@pytest.mark.parametrize("name", ["Αna", "ANA", "C y", "bo"])
def test_nobody_is_let_in_under_anothers_name(name: str) -> None:
    key_package, admit = entering(Somebody.called(name))
    with pytest.raises(MisuseError, match="who is in"):
        drafts.admit(VIEW, AT_ANA, key_package, admit, NOW)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("\u202eeed", "can't hold the character"),
        (" Dee", "not written as names are here"),
        ("Zoe\u0308", "not written as names are here"),
    ],
)
def test_nobody_is_let_in_under_a_name_that_is_none(name: str, words: str) -> None:
    key_package, admit = entering(Somebody.called(name))
    with pytest.raises(MisuseError, match=words):
        drafts.admit(VIEW, AT_ANA, key_package, admit, NOW)


def test_a_label_is_written_as_labels_are() -> None:
    key_package, admit = entering(replace(DEE, label="my  phone"))
    with pytest.raises(MisuseError, match="not written as names are here"):
        drafts.admit(VIEW, AT_ANA, key_package, admit, NOW)


def test_keys_out_of_date_let_nobody_in() -> None:
    long_ago = NOW - 90 * 86_400_000
    key_package = package(DEE, ANAS_CODE, long_ago).key_package
    admit = signature(ANAS_CODE.admit(DEE.access.public))
    with pytest.raises(MisuseError, match="out of date"):
        drafts.admit(VIEW, AT_ANA, key_package, admit, NOW)


def test_a_forged_admission_is_not_drafted() -> None:
    key_package, _ = entering()
    with pytest.raises(MisuseError, match="a signature that is not valid"):
        drafts.admit(VIEW, AT_ANA, key_package, bytes(64), NOW)


def test_a_person_adds_a_device() -> None:
    tablet = BO.another_device("tablet")
    key_package = package(tablet).key_package
    draft = drafts.add_device(VIEW, AT_LAPTOP, key_package, NOW)
    assert draft.proposals == (mls.Add(key_package),)
    assert draft.deltas == (AddDevice(tablet.access.public),)
    with pytest.raises(MisuseError, match="comes in without a code"):
        drafts.add_device(VIEW, AT_CY, key_package, NOW)


def test_a_device_comes_in_again() -> None:
    again = LAPTOP.another_device("again")
    key_package = package(again).key_package
    rekey = LAPTOP.rekey(again.access.public)
    old = LAPTOP.identity.leaf.public
    draft = drafts.rejoin(VIEW, AT_CY, old, key_package, rekey.signature, NOW)
    assert draft.proposals == (mls.Remove(AT_LAPTOP), mls.Add(key_package))
    assert draft.deltas == (rekey,)
    assert draft.outcome.state == STATE
    assert isinstance(draft.outcome.happened[0], CameInAgain)


def test_a_device_does_not_let_itself_in_again() -> None:
    again = LAPTOP.another_device("again")
    signature = LAPTOP.rekey(again.access.public).signature
    old = LAPTOP.identity.leaf.public
    with pytest.raises(MisuseError, match="can't remove itself"):
        drafts.rejoin(VIEW, AT_LAPTOP, old, package(again).key_package, signature, NOW)


def test_who_was_removed_does_not_come_in_again() -> None:
    key_package = package(EVE).key_package
    with pytest.raises(MisuseError, match="not in this circle any more"):
        drafts.rejoin(VIEW, AT_CY, EVE.identity.leaf.public, key_package, bytes(64), NOW)


def test_nobody_comes_in_again_without_the_old_keys_word() -> None:
    key_package = package(LAPTOP.another_device("again")).key_package
    with pytest.raises(MisuseError, match="did not ask to come in again"):
        drafts.rejoin(VIEW, AT_CY, LAPTOP.identity.leaf.public, key_package, bytes(64), NOW)


# Going


def test_a_host_removes_a_member() -> None:
    draft = drafts.remove(VIEW, AT_ANA, BO.key, seeded("drafts"))
    assert draft.proposals[:2] == (mls.Remove(AT_BO), mls.Remove(AT_LAPTOP))
    assert draft.deltas == (Remove(BO.access.public), Remove(LAPTOP.access.public))
    assert draft.outcome.state == replace(without(STATE, BO), beacon_key=NEW_BEACON)
    assert isinstance(draft.outcome.happened[0], Removed)


def test_a_device_is_removed_by_its_person_or_a_host() -> None:
    for committer in (AT_BO, AT_ANA):
        draft = drafts.remove_devices(VIEW, committer, [AT_LAPTOP], RNG)
        assert draft.proposals[0] == mls.Remove(AT_LAPTOP)
        assert draft.deltas == (Remove(LAPTOP.access.public),)
        assert draft.outcome.state.members == STATE.members


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: drafts.remove(VIEW, AT_BO, CY.key, RNG), "Only a host can remove Cy"),
        (lambda: drafts.remove(VIEW, AT_ANA, EVE.key, RNG), "Nobody of that key"),
        (lambda: drafts.remove(VIEW, AT_ANA, ANA.key, RNG), "To go yourself"),
        (lambda: drafts.remove_devices(VIEW, AT_BO, [AT_BO], RNG), "can't remove itself"),
        (lambda: drafts.finish_leaves(VIEW, AT_BO, [], RNG), "nobody here"),
        (lambda: drafts.finish_leaves(VIEW, AT_BO, [departure(EVE)], RNG), "nobody here"),
        (lambda: drafts.finish_leaves(VIEW, AT_LAPTOP, [departure(BO)], RNG), "nobody here"),
        (
            lambda: drafts.finish_leaves(
                VIEW, AT_BO, [Departure(CY.access.public, bytes(64))], RNG
            ),
            "nobody here",
        ),
    ],
)
def test_a_removal_that_is_not_possible_is_said(attempt: Callable[[], Draft], words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        attempt()


def test_who_left_is_taken_out_with_all_devices() -> None:
    draft = drafts.finish_leaves(VIEW, AT_CY, [departure(LAPTOP), departure(BO)], RNG)
    assert draft.proposals[:2] == (mls.Remove(AT_BO), mls.Remove(AT_LAPTOP))
    assert draft.deltas == (LAPTOP.departure(),)
    assert [record.member for record in draft.outcome.state.members] == [ANA.key, CY.key]


def test_what_nobody_said_does_not_keep_who_left_from_going() -> None:
    said = [
        Departure(ANA.access.public, bytes(64)),
        Departure(ANA.access.public, departure(CY).signature),
        departure(EVE),
        departure(BO),
        departure(CY),
    ]
    draft = drafts.finish_leaves(VIEW, AT_BO, said, RNG)
    assert draft.deltas == (CY.departure(),)
    assert [record.member for record in draft.outcome.state.members] == [ANA.key, BO.key]


def test_when_the_last_host_left_the_next_one_is_named() -> None:
    draft = drafts.finish_leaves(VIEW, AT_CY, [departure(ANA)], RNG)
    assert draft.outcome.state.hosts == (BO.key,)
    assert draft.deltas[0] == ANA.departure()
    assert isinstance(draft.deltas[1], Flag)
    alone = drafts.finish_leaves(VIEW, AT_CY, [departure(ANA), departure(BO)], RNG)
    assert alone.outcome.state.hosts == (CY.key,)
    assert alone.deltas == (ANA.departure(), BO.departure(), Flag(CY.access.public, True))


def test_drafts_see_the_epoch_that_they_are_given() -> None:
    view = replace(VIEW, leaves={**VIEW.leaves, AT_CY: resigned(CY, name="Dee")})
    key_package, admit = entering()
    with pytest.raises(MisuseError, match="looks like Dee"):
        drafts.admit(view, AT_ANA, key_package, admit, NOW)
