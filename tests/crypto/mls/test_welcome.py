"""Welcomes as structures and as sealed letters: the `welcome` vectors, and what does not open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.mls.errors import UndecryptableError
from crypto.mls.framing import MlsMessage
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.mls.key_package import KeyPackage
from crypto.mls.key_schedule import (
    compute_confirmation_tag,
    derive_epoch,
    derive_welcome_secret,
)
from crypto.mls.psk import ExternalPsk, PreSharedKeyID, derive_psk_secret
from crypto.mls.welcome import (
    EncryptedGroupSecrets,
    GroupSecrets,
    Welcome,
    open_group_info,
    open_group_secrets,
    seal_group_info,
    seal_group_secrets,
)
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE, seeded
from tests.vectors import vectors

secrets = st.binary(max_size=70).map(Secret)
group_secrets = st.builds(
    GroupSecrets,
    secrets,
    st.none() | secrets,
    st.lists(
        st.builds(PreSharedKeyID, st.builds(ExternalPsk, st.binary()), st.binary()), max_size=3
    ).map(tuple),
)
welcomes = st.builds(
    Welcome,
    st.integers(0, 0xFFFF),
    st.lists(
        st.builds(
            EncryptedGroupSecrets,
            st.binary(),
            st.builds(HpkeCiphertext, st.binary(), st.binary()),
        ),
        max_size=3,
    ).map(tuple),
    st.binary(max_size=100),
)


@given(group_secrets)
def test_group_secrets_survive_the_round_trip(value: GroupSecrets) -> None:
    assert GroupSecrets.decode(value.encode()) == value


@given(welcomes)
def test_a_welcome_survives_the_round_trip(value: Welcome) -> None:
    assert Welcome.decode(value.encode()) == value


def test_secrets_do_not_print() -> None:
    value = GroupSecrets(Secret(b"joiner secret"), Secret(b"path secret"), ())
    assert "joiner" not in repr(value).replace("joiner_secret", "")
    assert b"path secret".hex() not in repr(value)


class Letter:
    """A vector's Welcome, and what opens it."""

    def __init__(self, case: dict[str, Any]) -> None:
        welcome = MlsMessage.decode(bytes.fromhex(case["welcome"])).body
        package = MlsMessage.decode(bytes.fromhex(case["key_package"])).body
        assert isinstance(welcome, Welcome)
        assert isinstance(package, KeyPackage)
        self.welcome, self.package = welcome, package
        self.signer = bytes.fromhex(case["signer_pub"])
        self.init = KemKeyPair(Secret(bytes.fromhex(case["init_priv"])), package.init_key)
        (self.entry,) = (
            entry for entry in welcome.secrets if entry.new_member == package.reference(SUITE)
        )
        self.sealed_info = welcome.encrypted_group_info

    def open(self) -> tuple[GroupSecrets, Secret]:
        opened = open_group_secrets(
            SUITE, self.init, self.sealed_info, self.entry.encrypted_group_secrets
        )
        none = derive_psk_secret(SUITE, [])
        return opened, derive_welcome_secret(SUITE, opened.joiner_secret, none)


@pytest.fixture(params=vectors("welcome"))
def letter(request: pytest.FixtureRequest) -> Letter:
    return Letter(request.param)


def test_the_vectors_welcome_opens_and_verifies(letter: Letter) -> None:
    opened, welcome_secret = letter.open()
    info = open_group_info(SUITE, welcome_secret, letter.sealed_info)
    assert info.verify(SUITE, letter.signer)
    psk_secret = derive_psk_secret(SUITE, [])
    derived = derive_epoch(SUITE, opened.joiner_secret, psk_secret, info.group_context)
    assert info.confirmation_tag == compute_confirmation_tag(
        SUITE, derived.secrets.confirmation_key, info.group_context.confirmed_transcript_hash
    )


def test_a_group_info_of_somebody_else_does_not_verify(letter: Letter) -> None:
    info = open_group_info(SUITE, letter.open()[1], letter.sealed_info)
    assert not info.verify(SUITE, letter.package.leaf_node.signature_key)
    assert not replace(info, confirmation_tag=bytes(32)).verify(SUITE, letter.signer)


def test_what_was_sealed_opens_and_nothing_else_does(letter: Letter) -> None:
    opened, welcome_secret = letter.open()
    info = open_group_info(SUITE, welcome_secret, letter.sealed_info)
    assert seal_group_info(SUITE, welcome_secret, info) == letter.sealed_info
    sealed = seal_group_secrets(
        SUITE, letter.package.init_key, letter.sealed_info, opened, seeded("seal")
    )
    assert open_group_secrets(SUITE, letter.init, letter.sealed_info, sealed) == opened
    with pytest.raises(UndecryptableError) as caught:
        open_group_info(SUITE, Secret(bytes(32)), letter.sealed_info)
    assert caught.value.rule == "welcome.group_info"
    with pytest.raises(UndecryptableError) as caught:
        open_group_secrets(SUITE, letter.init, letter.sealed_info + b"\x00", sealed)
    assert caught.value.rule == "hpke.ciphertext"
