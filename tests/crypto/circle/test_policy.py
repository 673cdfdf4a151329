"""The rules as MLS asks for them: what a modified client commits, the others refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from crypto.access.side_data import Delta, encode
from crypto.circle import drafts
from crypto.circle.device import Device
from crypto.circle.errors import AlteredError, CommitRefusedError, MisuseError, UpdateNeededError
from crypto.circle.extensions import HALLWAY_CIRCLE, context_extensions, leaf_extensions
from crypto.circle.policy import CircleRules
from crypto.circle.sides import committed_hash
from crypto.circle.state import CircleState
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE as SUITE
from crypto.mls.extensions import EXTERNAL_SENDERS, Extension
from crypto.mls.proposals import Add, GroupContextExtensions, PreSharedKey, Proposal
from crypto.mls.psk import ExternalPsk, PreSharedKeyID
from crypto.secret import Secret
from tests.crypto.circle.people import CARD, Circle, Phone
from tests.crypto.circle.scene import NOW

PSK = Secret(b"\x05" * 32)


@dataclass(frozen=True)
class Attempt:
    """What a modified client puts into a commit."""

    proposals: tuple[Proposal, ...] = ()
    deltas: tuple[Delta, ...] = ()
    leaf_extensions: tuple[Extension, ...] | None = None


def three() -> tuple[Circle, Phone, Phone, Phone]:
    """Ana, a host, with Bo and Cy."""
    ana, bo, cy = Phone("Ana"), Phone("Bo"), Phone("Cy")
    circle = Circle(ana)
    for who in (bo, cy):
        made, keys = circle.code(ana)
        circle.commit(ana, drafts.open_invite(ana.view, ana.leaf, made, keys.access.public, CARD))
        request = who.request(circle.id, keys)
        draft = drafts.admit(ana.view, ana.leaf, request.key_package, request.admit_signature, NOW)
        circle.commit(ana, draft, [who])
    return circle, ana, bo, cy


def send(circle: Circle, author: Phone, attempt: Attempt, others: Sequence[Phone]) -> None:
    """The attempt as a commit, to everybody else; the first refusal goes to the caller."""
    pending = author.in_group.commit(
        attempt.proposals,
        circle.rng,
        now=NOW // 1000,
        authenticated_data=committed_hash(attempt.deltas),
        leaf_extensions=attempt.leaf_extensions,
        psks=lambda psk: PSK,
    )
    for phone in others:
        rules = CircleRules(encode(attempt.deltas))
        phone.in_group.process(pending.message, policy=rules, psks=lambda psk: PSK)


def setting(phone: Phone, state: CircleState) -> Attempt:
    extensions = context_extensions(phone.view.genesis, state)
    return Attempt((GroupContextExtensions(extensions),))


def with_extensions(edit: Callable[[Phone], tuple[Extension, ...]]) -> Callable[[Phone], Attempt]:
    return lambda phone: Attempt((GroupContextExtensions(edit(phone)),))


def state_bytes(phone: Phone, data: bytes) -> tuple[Extension, ...]:
    required, genesis, _ = phone.in_group.context.extensions
    return (required, genesis, Extension(HALLWAY_CIRCLE, data))


def foreign_genesis(phone: Phone) -> tuple[Extension, ...]:
    view = phone.view
    return context_extensions(replace(view.genesis, cap=50), view.state)


def rules_version(number: int) -> Callable[[Phone], Attempt]:
    def edit(phone: Phone) -> tuple[Extension, ...]:
        return state_bytes(phone, number.to_bytes(2) + phone.view.state.encode()[2:])

    return with_extensions(edit)


def psk(phone: Phone) -> Attempt:
    return Attempt((PreSharedKey(PreSharedKeyID(ExternalPsk(b"key"), bytes(32))),))


def raised_cap(phone: Phone) -> Attempt:
    data = bytearray(phone.view.state.encode())
    position = data.index(b"The hallway") + len(b"The hallway") + 1
    assert data[position] == phone.view.state.cap
    data[position] = 51
    return Attempt((GroupContextExtensions(state_bytes(phone, bytes(data))),))


def a_stranger(phone: Phone) -> Attempt:
    secrets = Phone("Eve").pack(phone.view.circle_id)
    leaf = replace(secrets.key_package.leaf_node, extensions=())
    pair = secrets.signature_key_pair
    bare = replace(secrets.key_package, leaf_node=leaf.signed(SUITE, pair)).signed(SUITE, pair)
    return Attempt((Add(bare),))


def no_device(phone: Phone) -> Attempt:
    return Attempt(leaf_extensions=())


def forged_device(phone: Phone) -> Attempt:
    device: Device = phone.device(phone.view.circle_id)
    forged = replace(device, access_key=b"\x01" * 32)
    return Attempt(leaf_extensions=leaf_extensions(forged))


def own_topic(phone: Phone) -> Attempt:
    return setting(phone, replace(phone.view.state, topic="Mine"))


ATTEMPTS = [
    (psk, "any other proposal", "does not use|do not use"),
    (own_topic, "topic", "Only a host can change the topic"),
    (raised_cap, "extensions", "The circle can't be so: the number of chairs"),
    (rules_version(2), "rules", "Only a host can raise"),
    (rules_version(0), "rules", "Only a host can raise"),
    (with_extensions(foreign_genesis), "extensions", "never changes"),
    (
        with_extensions(lambda phone: phone.in_group.context.extensions[:2]),
        "extensions",
        "The circle can't be so",
    ),
    (
        with_extensions(
            lambda phone: (
                *phone.in_group.context.extensions,
                Extension(EXTERNAL_SENDERS, b"\x00"),
            )
        ),
        "extensions",
        "never changes",
    ),
    (
        with_extensions(lambda phone: phone.in_group.context.extensions[1:]),
        "extensions",
        "never changes",
    ),
    (a_stranger, "Add, by invite", "A newcomer's device is none"),
    (no_device, "path", "The device would be none"),
    (forged_device, "path", "does not vouch"),
]


@pytest.mark.parametrize(("make", "rule", "words"), ATTEMPTS)
def test_what_is_not_rightful_is_refused_by_all_alike_and_the_circle_goes_on(
    make: Callable[[Phone], Attempt], rule: str, words: str
) -> None:
    circle, ana, bo, cy = three()
    attempt = make(bo)
    before = [phone.state() for phone in (ana, cy)]
    for phone in (ana, cy):
        with pytest.raises(CommitRefusedError, match=words) as caught:
            send(circle, bo, attempt, [phone])
        assert caught.value.rule == rule
        assert (caught.value.name, caught.value.member) == ("Bo", bo.key)
    assert [phone.state() for phone in (ana, cy)] == before
    circle.commit(cy, drafts.refresh(cy.view, cy.leaf))
    circle.commit(bo, drafts.refresh(bo.view, bo.leaf))


def test_when_a_host_raises_the_rules_the_others_stop_and_ask_for_an_update() -> None:
    circle, ana, bo, cy = three()
    for phone in (bo, cy):
        before = phone.state()
        with pytest.raises(UpdateNeededError, match="rules of version 2"):
            send(circle, ana, rules_version(2)(ana), [phone])
        assert phone.state() == before
    with pytest.raises(CommitRefusedError, match="Only a host can raise"):
        send(circle, ana, rules_version(0)(ana), [bo])


@pytest.mark.parametrize("side_data", [b"", b"\x90\x00", b"\x80", b"\xff"])
def test_malformed_side_data_are_refused(side_data: bytes) -> None:
    _, ana, bo, _ = three()
    pending = bo.in_group.commit((), bo.rng, now=NOW // 1000)
    with pytest.raises(AlteredError, match="is malformed") as caught:
        ana.in_group.process(pending.message, policy=CircleRules(side_data))
    assert caught.value.rule == "side data"
    assert caught.value.name == "Bo"


def test_side_data_that_the_commit_does_not_name_are_refused() -> None:
    _, ana, bo, _ = three()
    pending = bo.in_group.commit((), bo.rng, now=NOW // 1000)
    with pytest.raises(AlteredError, match="is not what was signed"):
        ana.in_group.process(pending.message, policy=CircleRules(encode(())))


def test_there_is_no_outcome_before_a_commit_was_judged() -> None:
    with pytest.raises(MisuseError, match="No rightful commit"):
        CircleRules(encode(())).outcome  # noqa: B018
