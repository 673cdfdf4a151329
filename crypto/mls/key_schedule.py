"""The key schedule (RFC 9420 section 8): from one epoch's secret to the next, and what hangs on it.

               init_secret[n-1]
                     │
    commit_secret ─▶ Extract ─▶ joiner_secret     to newcomers, in the Welcome
                                     │
                   psk_secret ──▶ Extract ─▶ welcome_secret
                                     │
                            epoch_secret ─▶ EpochSecrets, encryption_secret
                                     │
                               init_secret[n]

Joiner and epoch secret are derived in the GroupContext of the new epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple, Self

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.group_context import GroupContext
from crypto.mls.kem import KemKeyPair
from crypto.mls.labeled import derive_secret, expand_with_label
from crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class EpochSecrets(Struct):
    """The secrets of an epoch that last as long as it does (section 8, table 4).

    The `encryption_secret` is not among them: the secret tree takes it over, and who kept it could
    derive every used key again. As a structure this is for storing; no message holds it.
    """

    sender_data_secret: Secret
    exporter_secret: Secret
    external_secret: Secret
    confirmation_key: Secret
    membership_key: Secret
    resumption_psk: Secret
    epoch_authenticator: Secret
    init_secret: Secret

    def write(self, writer: Writer) -> None:
        for name in _NAMES:
            secret: Secret = getattr(self, name)
            writer.opaque(secret.reveal())

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(*(Secret(reader.opaque()) for _ in _NAMES))


_NAMES = tuple(field.name for field in fields(EpochSecrets))


class NewEpoch(NamedTuple):
    """An epoch's secrets, and the one that goes to the root of its secret tree."""

    secrets: EpochSecrets
    encryption_secret: Secret


def derive_joiner_secret(
    suite: CipherSuite, init_secret: Secret, commit_secret: Secret, context: GroupContext
) -> Secret:
    """The `joiner_secret`; `init_secret` is the former epoch's, `context` the new epoch's."""
    extracted = suite.extract(init_secret, commit_secret)
    return expand_with_label(suite, extracted, "joiner", context.encode(), suite.hash_length)


def derive_welcome_secret(suite: CipherSuite, joiner_secret: Secret, psk_secret: Secret) -> Secret:
    """The `welcome_secret`, under which the GroupInfo of a Welcome is sealed."""
    return derive_secret(suite, suite.extract(joiner_secret, psk_secret), "welcome")


def derive_epoch(
    suite: CipherSuite, joiner_secret: Secret, psk_secret: Secret, context: GroupContext
) -> NewEpoch:
    """The secrets of the epoch that `context` is of."""
    member_secret = suite.extract(joiner_secret, psk_secret)
    epoch_secret = expand_with_label(
        suite, member_secret, "epoch", context.encode(), suite.hash_length
    )
    return epoch_from_secret(suite, epoch_secret)


def epoch_from_secret(suite: CipherSuite, epoch_secret: Secret) -> NewEpoch:
    """The secrets of an epoch; a group's first starts from a random `epoch_secret` (section 11)."""

    def derive(label: str) -> Secret:
        return derive_secret(suite, epoch_secret, label)

    secrets = EpochSecrets(
        sender_data_secret=derive("sender data"),
        exporter_secret=derive("exporter"),
        external_secret=derive("external"),
        confirmation_key=derive("confirm"),
        membership_key=derive("membership"),
        resumption_psk=derive("resumption"),
        epoch_authenticator=derive("authentication"),
        init_secret=derive("init"),
    )
    return NewEpoch(secrets, derive("encryption"))


def export_secret(
    suite: CipherSuite, exporter_secret: Secret, label: str, context: bytes, length: int
) -> Secret:
    """MLS-Exporter (section 8.5): `length` bytes for an application, by its label and context."""
    derived = derive_secret(suite, exporter_secret, label)
    return expand_with_label(suite, derived, "exported", suite.hash(context), length)


def external_key_pair(suite: CipherSuite, external_secret: Secret) -> KemKeyPair:
    """The key pair whose public half is the extension `external_pub` (section 8.3)."""
    return suite.kem.derive_key_pair(external_secret)


def compute_confirmation_tag(
    suite: CipherSuite, confirmation_key: Secret, confirmed_transcript_hash: bytes
) -> bytes:
    """The tag that shows that a Commit's sender arrived at the same epoch (section 6.1)."""
    return suite.mac(confirmation_key, confirmed_transcript_hash)
