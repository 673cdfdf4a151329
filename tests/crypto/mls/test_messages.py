"""The working group's `messages` vectors: every structure is read and written back the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crypto.mls.codec import Reader, Struct
from crypto.mls.commit import Commit
from crypto.mls.errors import DecodeError
from crypto.mls.framing import MlsMessage
from crypto.mls.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    Update,
)
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.welcome import GroupSecrets
from tests.vectors import vectors

KINDS: dict[str, type[Struct]] = {
    "mls_welcome": MlsMessage,
    "mls_group_info": MlsMessage,
    "mls_key_package": MlsMessage,
    "ratchet_tree": RatchetTree,
    "group_secrets": GroupSecrets,
    "add_proposal": Add,
    "update_proposal": Update,
    "remove_proposal": Remove,
    "pre_shared_key_proposal": PreSharedKey,
    "re_init_proposal": ReInit,
    "external_init_proposal": ExternalInit,
    "group_context_extensions_proposal": GroupContextExtensions,
    "commit": Commit,
    "public_message_application": MlsMessage,
    "public_message_proposal": MlsMessage,
    "public_message_commit": MlsMessage,
    "private_message": MlsMessage,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_structure_survives_the_round_trip(name: str) -> None:
    decode: Callable[[bytes], Struct] = KINDS[name].decode
    for case in vectors("messages"):
        data = bytes.fromhex(case[name])
        assert decode(data).encode() == data


@pytest.mark.parametrize("name", KINDS)
def test_nothing_may_follow_and_nothing_may_lack(name: str) -> None:
    data = bytes.fromhex(vectors("messages")[0][name])
    with pytest.raises(DecodeError):
        KINDS[name].decode(data + b"\x00")
    if name != "private_message":  # its last field is opaque: a shorter one needs another length
        with pytest.raises(DecodeError):
            KINDS[name].decode(data[:-1])


def test_every_structure_of_the_vectors_is_covered() -> None:
    for case in vectors("messages"):
        assert set(case) == set(KINDS)


def test_a_structure_leaves_what_follows_to_the_next() -> None:
    data = bytes.fromhex(vectors("messages")[0]["remove_proposal"])
    reader = Reader(data + data)
    assert Remove.read(reader) == Remove.read(reader)
    reader.finish()
