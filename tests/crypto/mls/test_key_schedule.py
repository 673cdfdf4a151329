"""The key schedule: the published answers, and what each secret depends on."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from crypto.mls.errors import DecodeError
from crypto.mls.group_context import GroupContext
from crypto.mls.key_schedule import (
    EpochSecrets,
    NewEpoch,
    compute_confirmation_tag,
    derive_epoch,
    derive_joiner_secret,
    derive_welcome_secret,
    epoch_from_secret,
    export_secret,
    external_key_pair,
)
from crypto.mls.labeled import derive_secret, expand_with_label
from crypto.secret import Secret
from tests.crypto.mls.members import SUITE
from tests.vectors import vectors

CONTEXT = GroupContext(1, SUITE.code, b"group", 1, b"\x01" * 32, b"\x02" * 32, ())
INIT, COMMIT, PSK = (Secret(bytes((value,)) * 32) for value in (3, 4, 5))
ZERO = Secret(bytes(32))


def an_epoch() -> NewEpoch:
    joiner_secret = derive_joiner_secret(SUITE, INIT, COMMIT, CONTEXT)
    return derive_epoch(SUITE, joiner_secret, PSK, CONTEXT)


def unhex(case: dict[str, Any], name: str) -> Secret:
    return Secret(bytes.fromhex(case[name]))


def test_epoch_follows_epoch_as_in_the_vectors() -> None:
    (case,) = vectors("key-schedule")
    init_secret = unhex(case, "initial_init_secret")
    for expected in case["epochs"]:
        context = GroupContext.decode(bytes.fromhex(expected["group_context"]))
        psk_secret = unhex(expected, "psk_secret")
        joiner_secret = derive_joiner_secret(
            SUITE, init_secret, unhex(expected, "commit_secret"), context
        )
        assert joiner_secret == unhex(expected, "joiner_secret")
        welcome_secret = derive_welcome_secret(SUITE, joiner_secret, psk_secret)
        assert welcome_secret == unhex(expected, "welcome_secret")
        secrets, encryption_secret = derive_epoch(SUITE, joiner_secret, psk_secret, context)
        assert encryption_secret == unhex(expected, "encryption_secret")
        for field in fields(EpochSecrets):
            assert getattr(secrets, field.name) == unhex(expected, field.name), field.name
        init_secret = secrets.init_secret


def test_external_key_and_exporter_are_those_of_the_vectors() -> None:
    (case,) = vectors("key-schedule")
    for expected in case["epochs"]:
        pair = external_key_pair(SUITE, unhex(expected, "external_secret"))
        assert pair.public.hex() == expected["external_pub"]
        exporter = expected["exporter"]
        exported = export_secret(
            SUITE,
            unhex(expected, "exporter_secret"),
            exporter["label"],
            bytes.fromhex(exporter["context"]),
            exporter["length"],
        )
        assert exported == unhex(exporter, "secret")


@pytest.mark.parametrize(
    ("init", "commit", "context"),
    [
        (ZERO, COMMIT, CONTEXT),
        (INIT, ZERO, CONTEXT),
        (INIT, COMMIT, replace(CONTEXT, epoch=2)),
        (COMMIT, INIT, CONTEXT),
    ],
)
def test_the_joiner_secret_depends_on_all_that_goes_in(
    init: Secret, commit: Secret, context: GroupContext
) -> None:
    usual = derive_joiner_secret(SUITE, INIT, COMMIT, CONTEXT)
    assert derive_joiner_secret(SUITE, init, commit, context) != usual


@pytest.mark.parametrize(
    ("joiner", "psk", "context"),
    [
        (ZERO, PSK, CONTEXT),
        (INIT, ZERO, CONTEXT),
        (INIT, PSK, replace(CONTEXT, tree_hash=b"\x09" * 32)),
    ],
)
def test_every_secret_of_an_epoch_depends_on_all_that_goes_in(
    joiner: Secret, psk: Secret, context: GroupContext
) -> None:
    usual = derive_epoch(SUITE, INIT, PSK, CONTEXT)
    other = derive_epoch(SUITE, joiner, psk, context)
    assert usual.encryption_secret != other.encryption_secret
    for field in fields(EpochSecrets):
        assert getattr(usual.secrets, field.name) != getattr(other.secrets, field.name)


def test_the_welcome_secret_does_not_depend_on_the_context() -> None:
    # A newcomer opens the GroupInfo with it, and learns the context only there.
    assert derive_welcome_secret(SUITE, INIT, PSK) != derive_welcome_secret(SUITE, INIT, ZERO)
    assert derive_welcome_secret(SUITE, INIT, PSK) != derive_welcome_secret(SUITE, ZERO, PSK)


def test_no_two_secrets_of_an_epoch_are_alike() -> None:
    secrets, encryption_secret = an_epoch()
    values = [getattr(secrets, field.name).reveal() for field in fields(EpochSecrets)]
    assert len({*values, encryption_secret.reveal()}) == 9
    assert all(len(value) == SUITE.hash_length for value in values)


def test_a_first_epoch_hangs_on_its_secret_alone() -> None:
    secrets, encryption_secret = epoch_from_secret(SUITE, INIT)
    assert secrets.init_secret == derive_secret(SUITE, INIT, "init")
    assert secrets.epoch_authenticator == derive_secret(SUITE, INIT, "authentication")
    assert encryption_secret == derive_secret(SUITE, INIT, "encryption")


def test_the_exporter_hashes_its_context() -> None:
    context = b"a context of any length"
    derived = derive_secret(SUITE, INIT, "label")
    assert export_secret(SUITE, INIT, "label", context, 32) == expand_with_label(
        SUITE, derived, "exported", SUITE.hash(context), 32
    )


def test_what_is_exported_depends_on_label_context_and_length() -> None:
    exported = {
        export_secret(SUITE, INIT, label, context, length).reveal()
        for label in ("one", "two")
        for context in (b"", b"context")
        for length in (16, 32, 48)
    }
    assert len(exported) == 12
    assert sorted({len(secret) for secret in exported}) == [16, 32, 48]
    # The length is part of what is derived: a shorter secret is no prefix of a longer one.
    assert len({secret[:16] for secret in exported}) == 12


def test_the_confirmation_tag_is_a_mac_over_the_transcript() -> None:
    tag = compute_confirmation_tag(SUITE, INIT, b"\x07" * 32)
    assert tag == SUITE.mac(INIT, b"\x07" * 32)
    assert tag != compute_confirmation_tag(SUITE, COMMIT, b"\x07" * 32)
    assert tag != compute_confirmation_tag(SUITE, INIT, b"\x08" * 32)


def test_stored_secrets_come_back_the_same() -> None:
    secrets = an_epoch().secrets
    data = secrets.encode()
    assert EpochSecrets.decode(data) == secrets
    assert EpochSecrets.decode(data).encode() == data


@pytest.mark.parametrize("length", [0, 1, 33, 8 * 33 - 1, 8 * 33 + 1])
def test_stored_secrets_that_are_cut_or_grown_are_refused(length: int) -> None:
    data = (an_epoch().secrets.encode() + b"\x00" * 33)[:length]
    with pytest.raises(DecodeError):
        EpochSecrets.decode(data)


def test_the_encryption_secret_is_not_stored_with_the_epoch() -> None:
    secrets, encryption_secret = an_epoch()
    assert encryption_secret.reveal() not in secrets.encode()


def test_no_secret_is_printed() -> None:
    new = an_epoch()
    shown = repr(new)
    for field in fields(EpochSecrets):
        value = getattr(new.secrets, field.name).reveal()
        assert value.hex() not in shown
        assert repr(value) not in shown
