"""What a modified client may try against each row of docs/protocol.md section 2, and by whom.

An attack is a rightful-looking commit with one thing in it that its row does not allow. It is made
under a member's own keys, signed, encrypted and framed as it should be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from crypto.access.binding import admit_statement, depart_statement, rekey_statement
from crypto.access.side_data import Admit, Delta, Depart, LeaveWelcome, Rekey
from crypto.circle.device import Identity, sign_device
from crypto.circle.extensions import leaf_extensions
from crypto.circle.state import Door, Invite, MemberRecord
from crypto.circle.view import Leaf
from crypto.invite import InviteKeys
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.mls.proposals import Add, GroupContextExtensions, PreSharedKey, Remove
from crypto.mls.psk import ExternalPsk, PreSharedKeyID
from crypto.primitives import HASH_LENGTH
from crypto.relay_address import RelayAddress
from crypto.secret import Secret
from tests.tui.engine.renegade import Outsider, Renegade, Try


@dataclass(frozen=True)
class Keys:
    """What a code's secret gives to whoever has been told it: one is open, one used up."""

    open: InviteKeys
    used: InviteKeys


Make = Callable[[Renegade, Keys], Try]


@dataclass(frozen=True)
class Attack:
    """`row` is the page's; `words` are in the sentence by which everybody refuses it."""

    row: str
    what: str
    words: str
    make: Make
    host: bool = False


def state(**changes: object) -> Make:
    """The circle's state with one thing changed, and nothing else in the commit."""
    return lambda by, keys: Try([by.with_state(**changes)])


# Who is there, as the renegade sees it.


def leaf_of(by: Renegade, name: str) -> Leaf:
    return next(leaf for leaf in by.view.leaves.values() if leaf.name == name)


def removal(by: Renegade, name: str) -> Remove:
    index = by.view.with_access_key(leaf_of(by, name).access_key)
    assert index is not None
    return Remove(index)


def without(by: Renegade, name: str, **changes: object) -> GroupContextExtensions:
    """The state after somebody went, just as the rules want it."""
    gone = leaf_of(by, name).member
    members = tuple(record for record in by.state.members if record.member != gone)
    hosts = tuple(host for host in by.state.hosts if host != gone) or (members[0].member,)
    fields = {
        "members": members,
        "hosts": hosts,
        "invites": (),
        "beacon_key": Secret(by.rng(32)),
    }
    return by.with_state(**(fields | changes))


def entering(
    by: Renegade, somebody: Outsider, keys: InviteKeys, spend: int = 1
) -> GroupContextExtensions:
    """The state after somebody came in on a code, whether it is open or not."""
    invite = by.state.invite(keys.id)
    issuer = by.state.members[0].member if invite is None else invite.issuer
    number = by.state.next_join_number
    member = somebody.identity.member.public
    record = MemberRecord(member, number, by.view.epoch + 1, issuer, by.circle.member.public)
    left = [
        replace(other, uses=other.uses - spend) if other.id == keys.id else other
        for other in by.state.invites
        if other.id != keys.id or other.uses > spend
    ]
    return by.with_state(
        invites=tuple(left), members=(*by.state.members, record), next_join_number=number + 1
    )


def admission(by: Renegade, somebody: Outsider, keys: InviteKeys) -> list[Delta]:
    signature = keys.signing.sign(admit_statement(by.circle.id, keys.id, somebody.access))
    welcome = LeaveWelcome(somebody.access, bytes(HASH_LENGTH))
    return [Admit(keys.id, somebody.access, signature), welcome]


# Add, by invite.


def uses_a_used_code(by: Renegade, keys: Keys) -> Try:
    somebody = by.outsider(keys.used)
    return Try([Add(somebody.package.key_package), entering(by, somebody, keys.used)])


def adds_without_holding_the_code(by: Renegade, keys: Keys) -> Try:
    """The id of an open code is known to all, its signing key is not."""
    own = SignatureKeyPair.generate(by.rng)
    somebody = by.outsider(replace(keys.open, signing=own))
    return Try([Add(somebody.package.key_package), entering(by, somebody, keys.open)])


def adds_who_is_in(by: Renegade, keys: Keys) -> Try:
    fresh = Identity.generate(by.rng)
    somebody = by.device_of(replace(fresh, member=by.circle.member), keys.open)
    return Try([Add(somebody.package.key_package)])


def adds_without_spending(by: Renegade, keys: Keys) -> Try:
    somebody = by.outsider(keys.open)
    return Try([Add(somebody.package.key_package), entering(by, somebody, keys.open, spend=0)])


def adds_one_more_than_the_code_has(by: Renegade, keys: Keys) -> Try:
    invite = by.state.invite(keys.open.id)
    assert invite is not None
    people = [by.outsider(keys.open, f"Zoe {number}") for number in range(invite.uses + 1)]
    adds = [Add(somebody.package.key_package) for somebody in people]
    return Try([*adds, by.with_state(invites=())])


def adds_beyond_the_cap(by: Renegade, keys: Keys) -> Try:
    """As many as the code has uses, with the number of chairs lowered in the same commit."""
    people = [by.outsider(keys.open, f"Zoe {number}") for number in range(2)]
    adds = [Add(somebody.package.key_package) for somebody in people]
    changed = by.with_state(invites=(), cap=len(by.state.members) + 1)
    return Try([*adds, changed])


# The other proposals.


def adds_a_stranger_as_a_device(by: Renegade, keys: Keys) -> Try:
    return Try([Add(by.outsider().package.key_package)])


def adds_a_fourth_device(by: Renegade, keys: Keys) -> Try:
    """Three more of its own at once: one has at most three."""
    fresh = [Identity.generate(by.rng) for _ in range(3)]
    own = [by.device_of(replace(one, member=by.circle.member)) for one in fresh]
    return Try([Add(device.package.key_package) for device in own])


def swaps_a_leaf(by: Renegade, keys: Keys) -> Try:
    """Somebody else in Bo's place, though Bo has not asked to come in again.

    The relay sees that Bo's key did not sign; without the side data it is no rejoin at all.
    """
    old, somebody = leaf_of(by, "Bo").access_key, by.outsider()
    signature = by.circle.access.sign(rekey_statement(by.circle.id, old, somebody.access))
    delta = Rekey(old, somebody.access, signature)
    return Try([removal(by, "Bo"), Add(somebody.package.key_package)], [delta])


def returns_as_itself_twice(by: Renegade, keys: Keys) -> Try:
    """It comes in again without taking its old leaf away."""
    fresh = replace(Identity.generate(by.rng), member=by.circle.member)
    somebody, access = by.device_of(fresh), by.circle.access
    signature = access.sign(rekey_statement(by.circle.id, access.public, somebody.access))
    delta = Rekey(access.public, somebody.access, signature)
    return Try([Add(somebody.package.key_package)], [delta])


def evicts(by: Renegade, keys: Keys) -> Try:
    return Try([removal(by, "Bo"), without(by, "Bo")])


def evicts_the_host(by: Renegade, keys: Keys) -> Try:
    """With itself as the next one."""
    successor = without(by, "Ana", hosts=(by.circle.member.public,))
    return Try([removal(by, "Ana"), successor])


def forges_a_leave(by: Renegade, keys: Keys) -> Try:
    key = leaf_of(by, "Bo").access_key
    signature = by.circle.access.sign(depart_statement(by.circle.id, key))
    return Try([removal(by, "Bo"), without(by, "Bo")], [Depart(key, signature)])


def takes_anothers_access_key(by: Renegade, keys: Keys) -> Try:
    device = sign_device(
        by.circle.member,
        by.circle.id,
        by.circle.leaf.public,
        leaf_of(by, "Bo").access_key,
        by.person.name,
    )
    return Try(leaf_extensions=leaf_extensions(device))


def is_vouched_for_by_nobody(by: Renegade, keys: Keys) -> Try:
    device = sign_device(
        SignatureKeyPair.generate(by.rng),
        by.circle.id,
        by.circle.leaf.public,
        by.circle.access.public,
        "Somebody else",
    )
    return Try(leaf_extensions=leaf_extensions(device))


def mixes_in_a_key(by: Renegade, keys: Keys) -> Try:
    return Try([PreSharedKey(PreSharedKeyID(ExternalPsk(b"ours"), bytes(HASH_LENGTH)))])


# Fields.


def raises_the_rules(by: Renegade, keys: Keys) -> Try:
    return Try([by.with_bytes(b"\0\2" + by.state.encode()[2:])])


def lowers_the_rules(by: Renegade, keys: Keys) -> Try:
    return Try([by.with_bytes(b"\0\0" + by.state.encode()[2:])])


def moves_away(by: Renegade, keys: Keys) -> Try:
    return Try([by.with_state(relays=(RelayAddress("elsewhere.example", b""),))])


def makes_itself_host(by: Renegade, keys: Keys) -> Try:
    own = by.circle.member.public
    return Try([by.with_state(hosts=tuple(sorted((*by.state.hosts, own))))])


def leaves_no_host(by: Renegade, keys: Keys) -> Try:
    """Written by hand: no client of ours could even make such a state."""
    encoded, hosts = by.state.encode(), b"".join(by.state.hosts)
    listed = bytes([0x40, len(hosts)]) if len(hosts) > 63 else bytes([len(hosts)])
    assert encoded.count(listed + hosts) == 1
    return Try([by.with_bytes(encoded.replace(listed + hosts, b"\0"))])


def invite_of(by: Renegade, issuer: bytes) -> Invite:
    made = InviteKeys.of(Secret(by.rng(16)))
    request = Secret(by.rng(32))
    return Invite(made.id, issuer, made.signing.public, request, 1, 0, 1 << 50)


def opens_a_code_in_anothers_name(by: Renegade, keys: Keys) -> Try:
    invite = invite_of(by, leaf_of(by, "Bo").member)
    listed = sorted((*by.state.invites, invite), key=lambda open_: open_.id)
    return Try([by.with_state(invites=tuple(listed))])


def withdraws_anothers_code(by: Renegade, keys: Keys) -> Try:
    left = tuple(invite for invite in by.state.invites if invite.id != keys.open.id)
    return Try([by.with_state(invites=left)])


def _changed_code(by: Renegade, keys: Keys, **changes: object) -> Try:
    changed = tuple(
        replace(invite, **changes) if invite.id == keys.open.id else invite  # type: ignore[arg-type]
        for invite in by.state.invites
    )
    return Try([by.with_state(invites=changed)])


def gives_a_code_more_uses(by: Renegade, keys: Keys) -> Try:
    return _changed_code(by, keys, uses=9)


def takes_a_code_over(by: Renegade, keys: Keys) -> Try:
    """The signing key becomes one that the attacker holds."""
    return _changed_code(by, keys, signing_key=SignatureKeyPair.generate(by.rng).public)


def keeps_codes_at_a_removal(by: Renegade, keys: Keys) -> Try:
    return Try([removal(by, "Bo"), without(by, "Bo", invites=by.state.invites)])


def keeps_the_beacon_at_a_removal(by: Renegade, keys: Keys) -> Try:
    return Try([removal(by, "Bo"), without(by, "Bo", beacon_key=by.state.beacon_key)])


def strikes_somebody_off(by: Renegade, keys: Keys) -> Try:
    """Off the list of members; the tree stays."""
    gone = leaf_of(by, "Bo").member
    members = tuple(record for record in by.state.members if record.member != gone)
    return Try([by.with_state(members=members)])


def rewrites_who_let_whom_in(by: Renegade, keys: Keys) -> Try:
    first, *others, last = by.state.members
    changed = replace(last, invited_by=by.circle.member.public)
    assert changed != last
    return Try([by.with_state(members=(first, *others, changed))])


def skips_a_join_number(by: Renegade, keys: Keys) -> Try:
    return Try([by.with_state(next_join_number=by.state.next_join_number + 1)])


def below_the_chairs(by: Renegade, keys: Keys) -> Try:
    """Written by hand, as above."""
    encoded, cap = by.state.encode(), by.state.cap
    mark = by.state.topic.encode() + bytes([cap])
    assert encoded.count(mark) == 1
    return Try([by.with_bytes(encoded.replace(mark, mark[:-1] + b"\2"))])


BY_INVITE, AS_DEVICE, AS_REJOIN = "Add, by invite", "Add, as another device", "Add, as rejoin"
ADDS, REUSES, EVICTS, RAISES = (
    "adds a member",
    "reuses an invite",
    "evicts one",
    "raises the cap",
)
"""What a relay and a member in league with it would want above all."""

ATTACKS = [
    Attack("rules", "raises the version", "Only a host can raise", raises_the_rules),
    Attack("rules", "lowers the version", "Only a host can raise", lowers_the_rules, host=True),
    Attack("name", "names it", "change the circle's name", state(name="Mine")),
    Attack("topic", "sets a topic", "change the topic", state(topic="Mine")),
    Attack("door", "keeps the door otherwise", "how the door is kept", state(door=Door.ASK)),
    Attack("history", "gives more history", "the history that codes grant", state(history=999)),
    Attack("retention", "keeps less", "how long the relay keeps", state(retention=86_400)),
    Attack("disappear", "lets it go", "how long messages stay", state(disappear=60)),
    Attack("presence", "shows who is here", "who is here", state(presence=True)),
    Attack("heard", "shows who read", "who read what", state(heard=True)),
    Attack("relays", "moves", "the relay's address", moves_away),
    Attack("relay_key", "trusts another relay", "the relay's key", state(relay_key=bytes(32))),
    Attack("cap", "lowers it", "change the number of chairs", state(cap=7)),
    Attack("cap", RAISES, "never raised", state(cap=9), host=True),
    Attack("cap", f"{RAISES}, as a member", "change the number of chairs", state(cap=9)),
    Attack("cap", "below the chairs", "do not fit", below_the_chairs, host=True),
    Attack("hosts", "makes itself host", "Only a host can make hosts", makes_itself_host),
    Attack("hosts", "leaves no host", "at least one", leaves_no_host, host=True),
    Attack("invites", "another's name", "in one's own name", opens_a_code_in_anothers_name),
    Attack("invites", "withdraws", "Only its issuer or a host", withdraws_anothers_code),
    Attack("invites", "more uses", "loses one use for each", gives_a_code_more_uses),
    Attack("invites", "another key", "can't be changed", takes_a_code_over, host=True),
    Attack("invites", "keeps codes", "all open codes go too", keeps_codes_at_a_removal, host=True),
    Attack("beacon_key", "changes", "beacon key changes", state(beacon_key=Secret(bytes(32)))),
    Attack("beacon_key", "keeps", "beacon key changes", keeps_the_beacon_at_a_removal, host=True),
    Attack("next_join_number", "skips one", "Join numbers go up by one", skips_a_join_number),
    Attack("members", "strikes off", "list of members is not", strikes_somebody_off, host=True),
    Attack("members", "rewrites", "list of members is not", rewrites_who_let_whom_in, host=True),
    Attack(BY_INVITE, REUSES, "on a code that is not open", uses_a_used_code),
    Attack(BY_INVITE, "holds no code", "did not sign for Zoe", adds_without_holding_the_code),
    Attack(BY_INVITE, "is in", "is in already", adds_who_is_in),
    Attack(BY_INVITE, "spends nothing", "loses one use for each", adds_without_spending),
    Attack(BY_INVITE, "too often", "more people than it was", adds_one_more_than_the_code_has),
    Attack(BY_INVITE, "beyond the cap", "chairs are taken", adds_beyond_the_cap, host=True),
    Attack(AS_DEVICE, ADDS, "comes in without a code", adds_a_stranger_as_a_device),
    Attack(AS_DEVICE, f"{ADDS}, as a host", "without a code", adds_a_stranger_as_a_device, True),
    Attack(AS_DEVICE, "a fourth", "at most 3 devices", adds_a_fourth_device),
    Attack(AS_REJOIN, "swaps Bo", "comes in without a code", swaps_a_leaf, host=True),
    Attack(AS_REJOIN, "stays, too", "without its leaf before", returns_as_itself_twice),
    Attack("Remove", EVICTS, "Only a host can remove Bo", evicts),
    Attack("Remove", f"{EVICTS}, the host", "Only a host can remove Ana", evicts_the_host),
    Attack("Remove", f"{EVICTS}, as if Bo left", "Only a host can remove Bo", forges_a_leave),
    Attack("path", "another's key", "is another device's", takes_anothers_access_key),
    Attack("path", "unknown device", "does not vouch", is_vouched_for_by_nobody),
    Attack("any other proposal", "a key", "a proposal that circles do not use", mixes_in_a_key),
]
