"""Sizes of what is sent, and entries that keep to none: skipped unopened, by everybody alike."""

from __future__ import annotations

import os
from collections.abc import Callable

import msgpack
import pytest

from crypto.access.side_data import LeaveWelcome
from crypto.access.side_data import encode as encode_deltas
from crypto.circle.sides import committed_hash
from crypto.mls.framing import MlsMessage, PrivateMessage
from crypto.mls.group import Group, no_padding
from crypto.mls.secret_tree import RatchetKind
from relay import wire
from tests.harness import World
from tests.tui.engine.rogue import circle_of, encrypted, entry, envelope, show
from tui.engine.errors import TooLargeError
from tui.engine.padding import SIZES, padding, well_framed

SKIPPED = "An entry that nobody can read was skipped."
TEXT = envelope(1, msgpack.packb({"text": "hello"})).encode()

Forge = Callable[[Group], bytes]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sent_fills_a_size(size: int) -> None:
    assert padding(size) == 0
    assert padding(size - 1) == 1


@pytest.mark.parametrize("length", [0, 1, 1025, 4097, 16385])
def test_a_size_is_the_next_one(length: int) -> None:
    assert length + padding(length) == min(size for size in SIZES if size >= length)


def test_what_no_size_holds_is_refused() -> None:
    with pytest.raises(TooLargeError, match="65,537 bytes, and only 65,536"):
        padding(SIZES[-1] + 1)


def test_what_is_too_large_uses_up_no_key() -> None:
    """Nothing is half done: the group is as it was, and the next message is the first one."""
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    group = circle_of(ana).members
    before = group.state.ratchets.generation(group.own_leaf, RatchetKind.APPLICATION)
    with pytest.raises(TooLargeError):
        group.encrypt(bytes(SIZES[-1]), os.urandom, padding=padding)
    after = group.state.ratchets.generation(group.own_leaf, RatchetKind.APPLICATION)
    assert after == before
    ana.says("hello")
    world.settle()
    assert bo.texts() == ["Ana: hello"]


def unpadded(group: Group) -> bytes:
    return group.encrypt(TEXT, os.urandom)


def a_byte_more(group: Group) -> bytes:
    return group.encrypt(TEXT, os.urandom, padding=lambda length: padding(length) + 1)


def of_no_size(group: Group) -> bytes:
    return group.encrypt(bytes(SIZES[-1]), os.urandom)


def with_something_beside(group: Group) -> bytes:
    return group.encrypt(TEXT, os.urandom, authenticated_data=b"seen", padding=padding)


def of_another_kind(group: Group) -> bytes:
    return group.group_info()


FORGED = [unpadded, a_byte_more, of_no_size, with_something_beside, of_another_kind]


@pytest.mark.parametrize("forge", FORGED)
def test_a_message_that_is_framed_otherwise_is_skipped(forge: Forge) -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    body = forge(circle_of(cy).members)
    assert not well_framed(body)
    for person in (ana, bo):
        before = circle_of(person).members.state
        show(person, entry(person, 1, body))
        assert person.texts() == [] and person.warnings() == [SKIPPED]
        assert circle_of(person).members.state == before  # no key was looked for
        show(person, entry(person, 1, encrypted(cy, TEXT)))
        assert person.texts() == ["Cy: hello"]


def commit_of(group: Group, padded: Callable[[int], int], beside: bytes) -> bytes:
    made = group.commit(
        [], os.urandom, now=0, authenticated_data=beside, force_path=True, padding=padded
    )
    return made.message


def test_a_commit_that_fills_no_size_is_skipped() -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    group = circle_of(cy).members
    body = commit_of(group, no_padding, committed_hash([]))
    for person in (ana, bo):
        epoch = circle_of(person).members.epoch
        show(person, entry(person, 2, body, encode_deltas([])))
        assert circle_of(person).members.epoch == epoch
        assert person.warnings() == [SKIPPED]
    ana.says("and on")
    world.settle(wait=0)
    good = commit_of(group, padding, committed_hash([]))
    epoch = circle_of(bo).members.epoch
    show(bo, entry(bo, 2, good, encode_deltas([])))
    assert circle_of(bo).members.epoch == epoch + 1


def test_a_commit_that_does_not_open_is_skipped() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    body = bytearray(commit_of(circle_of(bo).members, padding, committed_hash([])))
    body[-1] ^= 1
    show(ana, entry(ana, 2, bytes(body), encode_deltas([])))
    assert ana.warnings()[0].startswith("A change that nobody can follow was skipped")
    show(ana, entry(ana, 1, encrypted(bo, TEXT)[:-1] + b"\0"))
    assert ana.warnings()[1] == SKIPPED


def test_nobody_comes_in_by_a_commit_that_the_others_skip() -> None:
    world = World()
    _ana, bo = world.circle("Ana", "Bo")
    circle = circle_of(bo)
    group = circle.members
    deltas = [LeaveWelcome(circle.access.public, bytes(32))]
    beside = committed_hash(deltas)
    for padded, seen in ((no_padding, False), (padding, True)):
        circle.record.since = -1
        show(bo, entry(bo, 2, commit_of(group, padded, beside), encode_deltas(deltas)))
        assert (circle.record.since > 0) is seen


def test_what_stands_beside_a_commit_is_judged_with_it() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    body = commit_of(circle_of(ana).members, padding, b"anything")
    message = MlsMessage.decode(body).body
    assert isinstance(message, PrivateMessage) and message.authenticated_data == b"anything"
    assert well_framed(body)
    assert not well_framed(b"") and not well_framed(body + b"\0")
    assert wire.BODY_LIMIT >= len(body)
