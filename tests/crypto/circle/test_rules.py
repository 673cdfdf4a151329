"""The table of fields: each row as a rightful change and as an attack.

`commit` runs the whole judgement, so an attack here has everything else right, the side data too:
what refuses it is the row under test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import pytest

from crypto.access.side_data import AddInvite, Cap, Delta, Flag, Keep, Remove, RevokeInvite
from crypto.circle.errors import CommitRefusedError
from crypto.circle.rules import TABLE, Who, check
from crypto.circle.state import CircleState, Door, Invite, MemberRecord
from crypto.circle.view import Change
from crypto.mls.tree_math import LeafIndex
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
    LAPTOP,
    STATE,
    VIEW,
    Code,
    Somebody,
    change,
    entry,
    newcomer,
    spent,
    welcome,
    with_newcomer,
    without,
)

SETTINGS: dict[str, object] = {
    "name": "Elsewhere",
    "topic": "",
    "door": Door.ASK,
    "history": 0,
    "retention": 86_400,
    "disappear": 3_600,
    "presence": True,
    "heard": True,
    "relays": (*STATE.relays, RelayAddress("elsewhere.example")),
}

MOVES: dict[str, object] = {
    "relays": (RelayAddress("elsewhere.example"), *STATE.relays),
    "relay_key": b"\x99" * 32,
}

WHERE = {AT_ANA: ANA, AT_BO: BO, AT_CY: CY, AT_LAPTOP: LAPTOP}


def refused(attempt: Change, rule: str, words: str) -> CommitRefusedError:
    with pytest.raises(CommitRefusedError, match=words) as caught:
        check(attempt)
    assert caught.value.rule == rule
    assert caught.value.name == WHERE[attempt.committer].name
    assert caught.value.member == WHERE[attempt.committer].key
    return caught.value


def commit(committer: LeafIndex, deltas: Sequence[Delta] = (), /, **changes: object) -> Change:
    new = replace(STATE, **changes)  # type: ignore[arg-type]
    return change(committer, new, deltas=deltas)


def removal(committer: LeafIndex, *who: Somebody) -> Change:
    at = [index for index, somebody in WHERE.items() if somebody in who]
    removed = [somebody for somebody in who if somebody is not LAPTOP]
    state = without(STATE, *removed)
    deltas = [Remove(VIEW.leaves[index].access_key) for index in at]
    return change(committer, state, removed=at, deltas=deltas)


def departure(committer: LeafIndex, who: Somebody) -> Change:
    at = [index for index in VIEW.leaves if VIEW.leaves[index].member == who.key]
    return change(committer, without(STATE, who), removed=at, deltas=[who.departure()])


def opened(code: Code) -> tuple[tuple[Invite, ...], AddInvite]:
    invite = code.invite
    invites = tuple(sorted((*STATE.invites, invite), key=lambda listed: listed.id))
    delta = AddInvite(
        invite.id,
        code.keys.access.public,
        invite.signing_key,
        invite.uses,
        invite.expires_at,
        b"\x01" * 32,
    )
    return invites, delta


def withdrawn(code: Code) -> tuple[Invite, ...]:
    return tuple(invite for invite in STATE.invites if invite.id != code.invite.id)


# The table itself


def test_every_field_of_the_state_has_one_row() -> None:
    assert sorted(row.field for row in TABLE) == sorted(f.name for f in fields(CircleState))


def test_an_empty_commit_is_anybodys() -> None:
    for committer in VIEW.leaves:
        outcome = check(change(committer))
        assert outcome.state == STATE
        assert outcome.happened == ()


# Settings


@pytest.mark.parametrize("field", SETTINGS)
def test_a_host_changes_a_setting(field: str) -> None:
    told: list[Delta] = [Keep(86_400)] if field == "retention" else []
    outcome = check(commit(AT_ANA, told, **{field: SETTINGS[field]}))
    assert getattr(outcome.state, field) == SETTINGS[field]


@pytest.mark.parametrize("field", SETTINGS)
@pytest.mark.parametrize("committer", [AT_BO, AT_CY, AT_LAPTOP])
def test_who_is_no_host_changes_no_setting(field: str, committer: LeafIndex) -> None:
    refused(commit(committer, **{field: SETTINGS[field]}), field, "^Only a host can change ")


@pytest.mark.parametrize("field", SETTINGS)
def test_an_entry_changes_no_setting_on_the_side(field: str) -> None:
    attempt = entry(AT_BO, BO, DEE, ANAS_CODE)
    new = replace(attempt.new, **{field: SETTINGS[field]})  # type: ignore[arg-type]
    refused(replace(attempt, new=new), field, "^Only a host can change ")


@pytest.mark.parametrize("field", MOVES)
def test_a_circle_that_moves_leaves_all_codes_behind(field: str) -> None:
    revoked = [RevokeInvite(invite.id) for invite in STATE.invites]
    changes = {field: MOVES[field], "invites": ()}
    outcome = check(commit(AT_ANA, revoked, **changes))
    assert getattr(outcome.state, field) == MOVES[field] and outcome.state.invites == ()
    for kept in (STATE.invites, withdrawn(ANAS_CODE)):
        attempt = commit(AT_ANA, revoked, **{**changes, "invites": kept})
        refused(attempt, "invites", "When the circle moves, all open codes go")


@pytest.mark.parametrize("field", MOVES)
@pytest.mark.parametrize("committer", [AT_BO, AT_CY, AT_LAPTOP])
def test_who_is_no_host_moves_no_circle(field: str, committer: LeafIndex) -> None:
    revoked = [RevokeInvite(invite.id) for invite in STATE.invites]
    attempt = commit(committer, revoked, **{field: MOVES[field], "invites": ()})
    refused(attempt, field, "^Only a host can change the relay's")


def test_nobody_comes_in_on_a_code_in_the_same_breath() -> None:
    attempt = entry(AT_ANA, ANA, DEE, ANAS_CODE)
    new = replace(attempt.new, relay_key=b"\x99" * 32)
    refused(replace(attempt, new=new), "invites", "When the circle moves")


def test_settings_are_the_rows_of_hosts_that_have_no_further_rule() -> None:
    free = {row.field for row in TABLE if row.who is Who.HOSTS} - {"cap", "rules"}
    assert free == SETTINGS.keys() | MOVES.keys()


# cap


@pytest.mark.parametrize("cap", [3, 4])
def test_a_host_lowers_the_cap_down_to_the_chairs_taken(cap: int) -> None:
    assert check(commit(AT_ANA, [Cap(cap)], cap=cap)).state.cap == cap


def test_nobody_raises_the_cap() -> None:
    refused(commit(AT_ANA, [Cap(6)], cap=6), "cap", "never raised; 5 would become 6")


def test_who_is_no_host_does_not_lower_the_cap() -> None:
    refused(commit(AT_BO, [Cap(4)], cap=4), "cap", "Only a host can change the number of chairs")


def test_a_cap_below_the_chairs_taken_needs_an_untrue_list_of_members() -> None:
    attempt = commit(
        AT_ANA,
        [Cap(2)],
        cap=2,
        members=(STATE.members[0], STATE.members[2]),
        invites=withdrawn(BOS_CODE),
    )
    refused(attempt, "cap", "3 chairs are taken; 2 would be too few")


def test_a_cap_is_lowered_to_the_chairs_that_a_removal_leaves() -> None:
    attempt = removal(AT_ANA, CY)
    new = replace(attempt.new, cap=2)
    assert check(replace(attempt, new=new, deltas=(*attempt.deltas, Cap(2)))).state.cap == 2


# hosts


def test_a_host_names_another_and_steps_back() -> None:
    both = tuple(sorted((ANA.key, BO.key)))
    assert check(commit(AT_ANA, [Flag(BO.access.public, True)], hosts=both)).state.hosts == both
    handed = commit(
        AT_ANA, [Flag(LAPTOP.access.public, True), Flag(ANA.access.public, False)], hosts=(BO.key,)
    )
    assert check(handed).state.hosts == (BO.key,)


def test_nobody_else_names_a_host() -> None:
    both = tuple(sorted((ANA.key, BO.key)))
    refused(
        commit(AT_BO, [Flag(BO.access.public, True)], hosts=both), "hosts", "Only a host can make"
    )
    refused(
        commit(
            AT_BO,
            [Flag(BO.access.public, True), Flag(ANA.access.public, False)],
            hosts=(BO.key,),
        ),
        "hosts",
        "Only a host can make",
    )


def test_when_the_last_host_leaves_the_longest_in_is_next() -> None:
    for committer in (AT_BO, AT_CY, AT_LAPTOP):
        attempt = departure(committer, ANA)
        attempt = replace(attempt, deltas=(*attempt.deltas, Flag(BO.access.public, True)))
        assert check(attempt).state.hosts == (BO.key,)


def test_nobody_else_is_next() -> None:
    attempt = departure(AT_CY, ANA)
    usurped = replace(
        attempt,
        new=replace(attempt.new, hosts=(CY.key,)),
        deltas=(*attempt.deltas, Flag(CY.access.public, True)),
    )
    refused(usurped, "hosts", "who has been in longest is next")


def test_there_is_no_succession_while_a_host_stays() -> None:
    state = replace(STATE, hosts=tuple(sorted((ANA.key, CY.key))))
    view = replace(VIEW, state=state)
    new = without(state, ANA)
    attempt = change(AT_BO, new, view=view, removed=[AT_ANA], deltas=[ANA.departure()])
    assert check(attempt).state.hosts == (CY.key,)
    usurped = replace(
        attempt,
        new=replace(new, hosts=tuple(sorted((BO.key, CY.key)))),
        deltas=(*attempt.deltas, Flag(BO.access.public, True)),
    )
    refused(usurped, "hosts", "Only a host can make hosts")


def test_a_host_names_hosts_among_who_comes_in() -> None:
    attempt = entry(AT_ANA, ANA, DEE, ANAS_CODE)
    hosts = tuple(sorted((ANA.key, DEE.key)))
    named = replace(
        attempt,
        new=replace(attempt.new, hosts=hosts),
        deltas=(*attempt.deltas, Flag(DEE.access.public, True)),
    )
    assert check(named).state.hosts == hosts


# invites


@pytest.mark.parametrize(("committer", "by"), [(AT_ANA, ANA), (AT_LAPTOP, BO), (AT_CY, CY)])
def test_any_member_makes_a_code(committer: LeafIndex, by: Somebody) -> None:
    invites, delta = opened(Code.by(by, 2, "new"))
    assert check(commit(committer, [delta], invites=invites)).state.invites == invites


def test_nobody_makes_a_code_in_anothers_name_not_even_a_host() -> None:
    for committer, in_name_of in ((AT_ANA, BO), (AT_BO, ANA)):
        invites, delta = opened(Code.by(in_name_of, 2, "new"))
        refused(commit(committer, [delta], invites=invites), "invites", "in one's own name only")


@pytest.mark.parametrize(
    ("committer", "code"), [(AT_ANA, ANAS_CODE), (AT_ANA, BOS_CODE), (AT_LAPTOP, BOS_CODE)]
)
def test_a_code_is_withdrawn_by_its_issuer_or_a_host(committer: LeafIndex, code: Code) -> None:
    attempt = commit(committer, [RevokeInvite(code.invite.id)], invites=withdrawn(code))
    assert check(attempt).state.invites == withdrawn(code)


@pytest.mark.parametrize(("committer", "code"), [(AT_BO, ANAS_CODE), (AT_CY, BOS_CODE)])
def test_nobody_else_withdraws_a_code(committer: LeafIndex, code: Code) -> None:
    refused(
        commit(committer, [RevokeInvite(code.invite.id)], invites=withdrawn(code)),
        "invites",
        "Only its issuer or a host can withdraw",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": CY.key},
        {"signing_key": b"\x01" * 32},
        {"request_secret": Secret(b"\x01" * 32)},
        {"history": 1},
        {"expires_at": 0},
    ],
)
@pytest.mark.parametrize("committer", [AT_ANA, AT_BO])
def test_nobody_changes_an_open_code(committer: LeafIndex, changes: dict[str, object]) -> None:
    edited = tuple(
        replace(invite, **changes)  # type: ignore[arg-type]
        if invite.id == ANAS_CODE.invite.id
        else invite
        for invite in STATE.invites
    )
    refused(commit(committer, invites=edited), "invites", "can't be changed")


@pytest.mark.parametrize("uses", [1, 3, 50])
def test_nobody_changes_how_many_a_code_lets_in(uses: int) -> None:
    edited = tuple(
        replace(invite, uses=uses) if invite.id == ANAS_CODE.invite.id else invite
        for invite in STATE.invites
    )
    refused(commit(AT_ANA, invites=edited), "invites", "loses one use for each")


def test_who_comes_in_spends_a_use() -> None:
    outcome = check(entry(AT_CY, CY, DEE, ANAS_CODE))
    assert outcome.state.invites == spent(STATE, ANAS_CODE)
    unspent = entry(AT_CY, CY, DEE, ANAS_CODE)
    unspent = replace(unspent, new=replace(unspent.new, invites=STATE.invites))
    refused(unspent, "invites", "loses one use for each")


def test_with_its_last_use_a_code_is_gone() -> None:
    assert check(entry(AT_CY, CY, DEE, BOS_CODE)).state.invites == withdrawn(BOS_CODE)
    unspent = entry(AT_CY, CY, DEE, BOS_CODE)
    unspent = replace(unspent, new=replace(unspent.new, invites=STATE.invites))
    refused(unspent, "invites", "loses one use for each")


def test_two_who_come_in_spend_two_uses() -> None:
    both = with_newcomer(with_newcomer(STATE, DEE, ANAS_CODE, BO), EVE, ANAS_CODE, BO)
    joiners = [newcomer(DEE, ANAS_CODE), newcomer(EVE, ANAS_CODE)]
    deltas = [
        delta
        for joiner in joiners
        for delta in (ANAS_CODE.admit(joiner.leaf.access_key), welcome(joiner))
    ]
    outcome = check(change(AT_BO, both, added=joiners, deltas=deltas))
    assert outcome.state.invites == withdrawn(ANAS_CODE)


def test_spending_a_use_withdraws_no_other() -> None:
    attempt = entry(AT_CY, CY, DEE, ANAS_CODE)
    gone = tuple(i for i in attempt.new.invites if i.id == BOS_CODE.invite.id)
    refused(
        replace(
            attempt,
            new=replace(attempt.new, invites=gone),
            deltas=(*attempt.deltas, RevokeInvite(ANAS_CODE.invite.id)),
        ),
        "invites",
        "Only its issuer or a host can withdraw",
    )


@pytest.mark.parametrize(
    "attempt",
    [removal(AT_ANA, CY), removal(AT_BO, LAPTOP), departure(AT_BO, CY)],
    ids=["removed", "own device", "left"],
)
def test_every_removal_takes_all_codes(attempt: Change) -> None:
    assert check(attempt).state.invites == ()
    members = attempt.new.member_keys()
    kept = tuple(invite for invite in STATE.invites if invite.issuer in members)
    refused(
        replace(attempt, new=replace(attempt.new, invites=kept)), "invites", "all open codes go"
    )


def test_no_code_is_made_along_with_a_removal() -> None:
    attempt = removal(AT_ANA, CY)
    code = Code.by(ANA, 1, "new")
    _, delta = opened(code)
    refused(
        replace(
            attempt,
            new=replace(attempt.new, invites=(code.invite,)),
            deltas=(*attempt.deltas, delta),
        ),
        "invites",
        "all open codes go",
    )


# beacon_key


@pytest.mark.parametrize(
    "attempt",
    [removal(AT_ANA, CY), removal(AT_BO, LAPTOP), departure(AT_BO, CY)],
    ids=["removed", "own device", "left"],
)
def test_a_removal_changes_the_beacon_key(attempt: Change) -> None:
    assert check(attempt).state.beacon_key != STATE.beacon_key
    kept = replace(attempt.new, beacon_key=STATE.beacon_key)
    refused(replace(attempt, new=kept), "beacon_key", "changes when somebody goes")


@pytest.mark.parametrize(
    "attempt",
    [change(AT_ANA), entry(AT_ANA, ANA, DEE, ANAS_CODE), commit(AT_ANA, topic="New")],
    ids=["empty", "entry", "setting"],
)
def test_nothing_else_changes_it(attempt: Change) -> None:
    other = replace(attempt.new, beacon_key=Secret(b"\x09" * 32))
    refused(replace(attempt, new=other), "beacon_key", "only then")


def test_who_comes_in_again_keeps_beacon_key_codes_and_chair() -> None:
    again = newcomer(CY.another_device("again"))
    attempt = change(
        AT_BO,
        added=[again],
        removed=[AT_CY],
        deltas=[CY.rekey(again.leaf.access_key), welcome(again)],
    )
    assert check(attempt).state == STATE
    refused(
        replace(attempt, new=replace(STATE, beacon_key=Secret(b"\x09" * 32))),
        "beacon_key",
        "only then",
    )
    refused(replace(attempt, new=replace(STATE, invites=())), "invites", "Only its issuer")


# next_join_number, members


def test_join_numbers_go_up_with_who_comes_in_only() -> None:
    refused(commit(AT_ANA, next_join_number=5), "next_join_number", "go up by one")


def test_no_join_number_is_left_out() -> None:
    attempt = entry(AT_ANA, ANA, DEE, ANAS_CODE)
    record = replace(attempt.new.members[-1], join_number=5)
    skipped = replace(attempt.new, next_join_number=6, members=(*STATE.members, record))
    refused(replace(attempt, new=skipped), "next_join_number", "go up by one")


def test_a_join_number_is_never_used_again() -> None:
    gone = replace(STATE, members=STATE.members[:2], next_join_number=3)
    view = replace(
        VIEW,
        state=replace(STATE, members=STATE.members[:2], invites=()),
        leaves={index: VIEW.leaves[index] for index in (AT_ANA, AT_BO, AT_LAPTOP)},
    )
    refused(
        change(AT_ANA, replace(gone, invites=()), view=view), "next_join_number", "go up by one"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"member": EVE.key},
        {"join_number": 2},
        {"epoch": 7},
        {"invited_by": BO.key},
        {"admitted_by": BO.key},
    ],
)
def test_a_newcomers_record_is_what_the_commit_makes_it(changes: dict[str, object]) -> None:
    attempt = entry(AT_ANA, ANA, DEE, ANAS_CODE)
    record = replace(attempt.new.members[-1], **changes)  # type: ignore[arg-type]
    records = sorted((*STATE.members, record), key=lambda listed: listed.join_number)
    forged = replace(attempt.new, members=tuple(records))
    refused(replace(attempt, new=forged), "members", "is not what the commit's proposals make it")


@pytest.mark.parametrize("position", [1, 2])
@pytest.mark.parametrize("changes", [{"epoch": 1}, {"invited_by": CY.key}, {"admitted_by": CY.key}])
def test_nobody_rewrites_how_others_came_in(position: int, changes: dict[str, object]) -> None:
    records = list(STATE.members)
    records[position] = replace(records[position], **changes)  # type: ignore[arg-type]
    refused(commit(AT_ANA, members=tuple(records)), "members", "is not what")


def test_nobody_is_listed_who_did_not_come_in() -> None:
    ghost = MemberRecord(EVE.key, 4, 8, ANA.key, ANA.key)
    attempt = commit(AT_ANA, members=(*STATE.members, ghost), next_join_number=5)
    refused(attempt, "next_join_number", "go up by one")
    squeezed = MemberRecord(EVE.key, 2, 8, ANA.key, ANA.key)
    records = sorted((*STATE.members, squeezed), key=lambda record: record.join_number)
    refused(commit(AT_ANA, members=tuple(records)), "members", "is not what")


def test_nobody_is_struck_who_did_not_go() -> None:
    refused(commit(AT_ANA, members=STATE.members[:2]), "members", "is not what")


def test_who_went_is_struck() -> None:
    attempt = removal(AT_ANA, CY)
    listed = replace(attempt.new, members=STATE.members)
    refused(replace(attempt, new=listed), "members", "is not what")
