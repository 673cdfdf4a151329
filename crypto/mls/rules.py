"""The rules that bytes from a peer are held to, numbered (RFC 9420; some are of this subset).

An error that breaks one carries its name as `rule`. The number is for people: docs/validation.md
lists them all, and no number is given twice. The first digit tells where a rule belongs.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.mls.errors import (
    DecodeError,
    InvalidError,
    KeyUsedError,
    OwnLeafError,
    PeerError,
    RefusedError,
    StuckError,
    TooFarAheadError,
    UndecryptableError,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `section` is the RFC's, or "subset" where the RFC would allow it.

    `error` is raised where it is broken. What a Commit's receiver meets as an `UndecryptableError`
    in its own part of the path, it is told as a `StuckError`.
    """

    number: int
    name: str
    section: str
    sentence: str
    error: type[PeerError]


RULES = (
    # Encoding
    Rule(101, "codec.truncated", "2.1", "No field reaches beyond the bytes given.", DecodeError),
    Rule(102, "codec.trailing", "2.1", "Nothing follows a structure.", DecodeError),
    Rule(103, "codec.length_prefix", "2.1.2", "No length has the prefix 11.", DecodeError),
    Rule(104, "codec.shortest_length", "2.1.2", "Lengths have their shortest form.", DecodeError),
    Rule(105, "codec.presence", "2.1.1", "A presence byte is 0 or 1.", DecodeError),
    Rule(106, "proposals.unknown", "12.1", "A proposal is of a known type.", DecodeError),
    Rule(107, "extensions.repeated", "13.4", "A list has each extension once.", InvalidError),
    # Frames
    Rule(201, "framing.version", "6", "A message is of version mls10.", DecodeError),
    Rule(
        202,
        "framing.kind",
        "6",
        "What a group processes is a PublicMessage or PrivateMessage.",
        DecodeError,
    ),
    Rule(
        203,
        "framing.in_clear",
        "subset",
        "A PublicMessage is taken only where the caller allows it.",
        RefusedError,
    ),
    Rule(204, "framing.group_id", "6", "A message is for this group.", InvalidError),
    Rule(205, "framing.epoch", "12.4.2", "A message is for this epoch.", InvalidError),
    Rule(
        206,
        "framing.external_sender",
        "subset",
        "The sender is a member: no external proposals, no external Commits.",
        RefusedError,
    ),
    Rule(207, "framing.sender", "6.3.2", "At the sender's leaf there is a member.", InvalidError),
    Rule(
        208,
        "framing.public_application",
        "6",
        "Application data come as PrivateMessage.",
        InvalidError,
    ),
    Rule(
        209,
        "framing.membership_tag",
        "6.2",
        "The membership tag is that of the message under the epoch's membership key.",
        InvalidError,
    ),
    Rule(
        210,
        "framing.signature",
        "6.1",
        "The signature is by the sender's leaf, over message and GroupContext.",
        InvalidError,
    ),
    Rule(
        211,
        "framing.sender_data",
        "6.3.2",
        "The sender data open with the epoch's secret.",
        UndecryptableError,
    ),
    Rule(
        212,
        "framing.ciphertext",
        "6.3.1",
        "The content opens with the key that the sender data name.",
        UndecryptableError,
    ),
    Rule(213, "framing.padding", "6.3.1", "The padding is all zero.", InvalidError),
    Rule(
        214,
        "framing.lone_proposal",
        "subset",
        "Proposals come within Commits only.",
        RefusedError,
    ),
    Rule(
        215,
        "framing.own_leaf",
        "9.2",
        "What our own leaf has signed, this state has sent.",
        OwnLeafError,
    ),
    Rule(216, "ratchet.key_used", "9.2", "No generation is read twice.", KeyUsedError),
    Rule(
        217,
        "ratchet.too_far_ahead",
        "15.3",
        "A message leaves out at most 1,000 generations.",
        TooFarAheadError,
    ),
    # Leaf nodes and key packages
    Rule(
        301,
        "leaf.suite",
        "7.3, 11.1",
        "A leaf lists the group's version and cipher suite.",
        InvalidError,
    ),
    Rule(302, "leaf.credential_listed", "7.2", "It lists its own credential type.", InvalidError),
    Rule(303, "leaf.extension_listed", "7.3", "It lists each extension it has.", InvalidError),
    Rule(
        304,
        "leaf.signature",
        "7.3",
        "It is signed by its own key, for its group and place unless it came in a key package.",
        InvalidError,
    ),
    Rule(
        305,
        "leaf.lifetime",
        "7.3",
        "Who adds or joins finds the time within a key package's lifetime.",
        InvalidError,
    ),
    Rule(
        306,
        "leaf.lifetime_length",
        "7.2",
        "The lifetime is no longer than the application accepts.",
        InvalidError,
    ),
    Rule(311, "key_package.version", "10.1", "A key package is of version mls10.", InvalidError),
    Rule(312, "key_package.suite", "10.1", "It is of the group's cipher suite.", InvalidError),
    Rule(313, "key_package.source", "10.1", "Its leaf's source is key_package.", InvalidError),
    Rule(
        314,
        "key_package.init_key",
        "10",
        "Its init key is a public key of the suite, and not of small order.",
        InvalidError,
    ),
    Rule(
        315,
        "key_package.keys_differ",
        "10.1",
        "Its init key is not its leaf's encryption key.",
        InvalidError,
    ),
    Rule(316, "key_package.signature", "10.1", "It is signed by its leaf's key.", InvalidError),
    # Members and tree
    Rule(
        401,
        "members.required_capabilities",
        "7.3, 12.1.7",
        "Every member lists what the group requires.",
        InvalidError,
    ),
    Rule(
        402,
        "members.extensions",
        "13.4",
        "Every member lists every extension of the GroupContext.",
        InvalidError,
    ),
    Rule(
        403,
        "members.credentials",
        "7.3",
        "Every member lists every credential type in use.",
        InvalidError,
    ),
    Rule(
        404,
        "tree.signature_key_reuse",
        "7.3, 12.2",
        "No two members have the same signature key: no client is in a group twice.",
        InvalidError,
    ),
    Rule(
        405,
        "tree.key_reuse",
        "7.3, 12.4.3.1",
        "No two nodes have the same encryption key.",
        InvalidError,
    ),
    Rule(
        406,
        "tree.encryption_key",
        "subset",
        "Every node's key is a public key of the suite, and not of small order.",
        InvalidError,
    ),
    Rule(407, "tree.last_node", "12.4.3.3", "A tree ends with a node.", DecodeError),
    Rule(
        408,
        "tree.node_type",
        "12.4.3.3",
        "Leaves stand at even places of a tree, parents at odd ones.",
        DecodeError,
    ),
    Rule(
        409,
        "tree.unmerged_order",
        "7.1",
        "Unmerged leaves are in increasing order, each once.",
        InvalidError,
    ),
    Rule(
        410,
        "tree.unmerged_leaf",
        "12.4.3.1",
        "An unmerged leaf is a member below its node, and unmerged at each node between.",
        InvalidError,
    ),
    Rule(
        411,
        "tree.parent_hash",
        "7.9.2",
        "Every parent is vouched for by a node below it.",
        InvalidError,
    ),
    Rule(
        412,
        "tree.size",
        "subset",
        "A tree has at most 1,024 places for leaves.",
        InvalidError,
    ),
    # Lists of proposals
    Rule(
        501,
        "proposals.by_reference",
        "subset",
        "A Commit holds its proposals by value.",
        RefusedError,
    ),
    Rule(502, "proposals.reinit", "subset", "A group is not re-initialised.", RefusedError),
    Rule(
        503,
        "proposals.external_init",
        "12.2",
        "A member's Commit holds no ExternalInit.",
        RefusedError,
    ),
    Rule(
        504,
        "proposals.own_update",
        "12.2",
        "A Commit holds no Update of its sender, which by value is every Update.",
        InvalidError,
    ),
    Rule(505, "proposals.remove_committer", "12.2", "Nobody removes itself.", InvalidError),
    Rule(506, "proposals.remove_blank", "12.1.3", "Who is removed is a member.", InvalidError),
    Rule(507, "proposals.same_leaf", "12.2", "A member is removed once.", InvalidError),
    Rule(
        508,
        "proposals.extensions_twice",
        "12.2",
        "The group's extensions are set at most once.",
        InvalidError,
    ),
    Rule(
        509,
        "psk.usage",
        "12.1.4",
        "A resumption key is for use in an application, not to begin a group anew.",
        InvalidError,
    ),
    Rule(
        510,
        "psk.nonce_length",
        "12.1.4",
        "A pre-shared key's nonce is as long as the suite's hash.",
        InvalidError,
    ),
    Rule(511, "psk.repeated", "12.2", "No pre-shared key is named twice.", InvalidError),
    # Paths, and what only our own keys can show
    Rule(
        601,
        "commit.path_required",
        "12.4",
        "A Commit has a path where a proposal needs one, and where it has no proposals.",
        InvalidError,
    ),
    Rule(602, "path.leaf_source", "12.4.2", "The path's leaf is made for it.", InvalidError),
    Rule(
        603,
        "path.credential",
        "subset",
        "A path does not change its sender's credential.",
        InvalidError,
    ),
    Rule(
        604,
        "path.length",
        "7.5",
        "A path has a node for each of the filtered direct path.",
        InvalidError,
    ),
    Rule(
        605,
        "path.ciphertexts",
        "7.6",
        "A path's node has a ciphertext for each of the copath's resolution but new leaves.",
        InvalidError,
    ),
    Rule(
        606,
        "path.encryption_key",
        "subset",
        "A path's keys are public keys of the suite, and not of small order.",
        InvalidError,
    ),
    Rule(
        607,
        "path.key_reuse",
        "12.4.2",
        "A path's keys, its leaf's too, occur nowhere else in tree or path.",
        InvalidError,
    ),
    Rule(
        608,
        "path.parent_hash",
        "7.5",
        "A path's leaf carries the parent hash of the path's lowest node.",
        InvalidError,
    ),
    Rule(
        611,
        "hpke.zero_dh",
        "5.1.3",
        "No Diffie-Hellman result is zero (RFC 9180 section 7.1.4).",
        InvalidError,
    ),
    Rule(
        612,
        "hpke.encapsulated_key",
        "5.1.3",
        "A ciphertext's encapsulated key is a public key, and not of small order.",
        UndecryptableError,
    ),
    Rule(613, "hpke.ciphertext", "7.5", "Our ciphertext opens.", UndecryptableError),
    Rule(
        614,
        "path.not_ours",
        "7.5",
        "A path is sealed to a key that we hold.",
        UndecryptableError,
    ),
    Rule(
        615,
        "path.derived_key",
        "7.5",
        "The keys derived from our path secret are those in the path.",
        UndecryptableError,
    ),
    Rule(616, "commit.psk", "12.4.2", "We have the pre-shared keys of a Commit.", StuckError),
    Rule(
        617,
        "commit.confirmation_tag",
        "12.4.2",
        "The confirmation tag is that of the epoch that we arrive at.",
        StuckError,
    ),
    # Welcomes
    Rule(701, "welcome.kind", "6", "What is joined by is a Welcome.", DecodeError),
    Rule(702, "welcome.suite", "12.4.3.1", "It is of our cipher suite.", InvalidError),
    Rule(
        703,
        "welcome.not_ours",
        "12.4.3.1",
        "It holds secrets for our key package.",
        UndecryptableError,
    ),
    Rule(
        704,
        "welcome.psk",
        "12.4.3.1",
        "We have the pre-shared keys that it names.",
        UndecryptableError,
    ),
    Rule(
        705,
        "welcome.group_info",
        "12.4.3.1",
        "The GroupInfo opens with its welcome secret.",
        UndecryptableError,
    ),
    Rule(
        706,
        "welcome.tree_missing",
        "12.4.3.1",
        "The ratchet tree is in the GroupInfo, or given beside it.",
        InvalidError,
    ),
    Rule(
        707,
        "welcome.group_suite",
        "12.4.3.1",
        "The group is of our version and cipher suite.",
        InvalidError,
    ),
    Rule(708, "welcome.signer", "12.4.3.1", "At the signer's leaf is a member.", InvalidError),
    Rule(
        709,
        "welcome.signature",
        "12.4.3.1",
        "The GroupInfo is signed by the leaf that it names as its signer.",
        InvalidError,
    ),
    Rule(
        710,
        "welcome.tree_hash",
        "12.4.3.1",
        "The tree's hash is that of the GroupContext.",
        InvalidError,
    ),
    Rule(
        711,
        "welcome.own_leaf",
        "12.4.3.1",
        "A leaf of the tree is that of our key package.",
        InvalidError,
    ),
    Rule(
        712,
        "welcome.path_secret",
        "12.4.3.1",
        "The path secret leads to the tree's keys, and gives us all that we need.",
        InvalidError,
    ),
    Rule(
        713,
        "welcome.confirmation_tag",
        "12.4.3.1",
        "The GroupInfo's confirmation tag is that of its epoch.",
        InvalidError,
    ),
    Rule(
        714,
        "welcome.epoch",
        "subset",
        "The epoch is at most 2⁶³-1, so that others can follow.",
        InvalidError,
    ),
)

BY_NAME = {rule.name: rule for rule in RULES}
"""The rules by what an error's `rule` says."""
