"""What a newcomer is sent: Welcome, GroupSecrets and GroupInfo (RFC 9420 section 12.4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.mls.cipher_suite import CipherSuite, SignatureKeyPair
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import UndecryptableError
from crypto.mls.extensions import Extension
from crypto.mls.group_context import GroupContext
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.mls.labeled import (
    decrypt_with_label,
    encrypt_with_label,
    expand_with_label,
    sign_with_label,
    verify_with_label,
)
from crypto.mls.psk import PreSharedKeyID
from crypto.mls.tree_math import LeafIndex
from crypto.primitives import Rng
from crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class GroupInfo(Struct):
    """The public state of an epoch, signed by one of its members (section 12.4.3).

    `signer` is the leaf of who signed; `verify` says whether that leaf's key did.
    """

    group_context: GroupContext
    extensions: tuple[Extension, ...]
    confirmation_tag: bytes
    signer: LeafIndex
    signature: bytes

    @classmethod
    def signed(
        cls,
        suite: CipherSuite,
        key_pair: SignatureKeyPair,
        group_context: GroupContext,
        extensions: tuple[Extension, ...],
        confirmation_tag: bytes,
        signer: LeafIndex,
    ) -> Self:
        """Sign the fields with the leaf's signature key."""
        unsigned = cls(group_context, extensions, confirmation_tag, signer, b"")
        signature = sign_with_label(suite, key_pair, "GroupInfoTBS", unsigned._to_be_signed())
        return cls(group_context, extensions, confirmation_tag, signer, signature)

    def verify(self, suite: CipherSuite, public: bytes) -> bool:
        """Whether the signature is by this signature key."""
        return verify_with_label(
            suite, public, "GroupInfoTBS", self._to_be_signed(), self.signature
        )

    def _to_be_signed(self) -> bytes:
        writer = Writer()
        self._write_signed_part(writer)
        return writer.getvalue()

    def _write_signed_part(self, writer: Writer) -> None:
        writer.struct(self.group_context)
        writer.structs(self.extensions)
        writer.opaque(self.confirmation_tag)
        writer.uint32(self.signer)

    def write(self, writer: Writer) -> None:
        self._write_signed_part(writer)
        writer.opaque(self.signature)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            GroupContext.read(reader),
            tuple(reader.vector(Extension.read)),
            reader.opaque(),
            LeafIndex(reader.uint32()),
            reader.opaque(),
        )


@dataclass(frozen=True, slots=True)
class GroupSecrets(Struct):
    """What the Welcome says to one newcomer alone.

    `path_secret` is that of the lowest node above both the committer and the newcomer; None where
    the Commit had no path.
    """

    joiner_secret: Secret
    path_secret: Secret | None
    psks: tuple[PreSharedKeyID, ...]

    def write(self, writer: Writer) -> None:
        writer.opaque(self.joiner_secret.reveal())
        if self.path_secret is None:
            writer.uint8(0)
        else:
            writer.uint8(1)
            writer.opaque(self.path_secret.reveal())
        writer.structs(self.psks)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        joiner_secret = Secret(reader.opaque())
        path_secret = reader.optional(Reader.opaque)
        return cls(
            joiner_secret,
            None if path_secret is None else Secret(path_secret),
            tuple(reader.vector(PreSharedKeyID.read)),
        )


@dataclass(frozen=True, slots=True)
class EncryptedGroupSecrets(Struct):
    """GroupSecrets sealed to the init key of the key package whose reference is `new_member`."""

    new_member: bytes
    encrypted_group_secrets: HpkeCiphertext

    def write(self, writer: Writer) -> None:
        writer.opaque(self.new_member)
        writer.struct(self.encrypted_group_secrets)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque(), HpkeCiphertext.read(reader))


@dataclass(frozen=True, slots=True)
class Welcome(Struct):
    """One GroupInfo for all newcomers of a Commit, and the secrets of each."""

    cipher_suite: int
    secrets: tuple[EncryptedGroupSecrets, ...]
    encrypted_group_info: bytes

    def write(self, writer: Writer) -> None:
        writer.uint16(self.cipher_suite)
        writer.structs(self.secrets)
        writer.opaque(self.encrypted_group_info)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            reader.uint16(),
            tuple(reader.vector(EncryptedGroupSecrets.read)),
            reader.opaque(),
        )


def seal_group_info(suite: CipherSuite, welcome_secret: Secret, group_info: GroupInfo) -> bytes:
    """Encrypt the GroupInfo under the epoch's welcome secret (section 12.4.3.1)."""
    key, nonce = _welcome_key_and_nonce(suite, welcome_secret)
    return suite.aead.seal(key, nonce, b"", group_info.encode())


def open_group_info(suite: CipherSuite, welcome_secret: Secret, sealed: bytes) -> GroupInfo:
    """The GroupInfo of a Welcome; `UndecryptableError` where the secret does not open it."""
    key, nonce = _welcome_key_and_nonce(suite, welcome_secret)
    plaintext = suite.aead.open(key, nonce, b"", sealed)
    if plaintext is None:
        raise UndecryptableError(
            "the Welcome's GroupInfo does not open with its joiner secret", "welcome.group_info"
        )
    return GroupInfo.decode(plaintext)


def seal_group_secrets(
    suite: CipherSuite, init_key: bytes, sealed_group_info: bytes, secrets: GroupSecrets, rng: Rng
) -> HpkeCiphertext:
    """Encrypt the secrets to a newcomer's init key, bound to the sealed GroupInfo."""
    return encrypt_with_label(suite, init_key, "Welcome", sealed_group_info, secrets.encode(), rng)


def open_group_secrets(
    suite: CipherSuite, init_key_pair: KemKeyPair, sealed_group_info: bytes, sealed: HpkeCiphertext
) -> GroupSecrets:
    """The secrets sealed to our init key; `UndecryptableError` where it does not open them."""
    return GroupSecrets.decode(
        decrypt_with_label(suite, init_key_pair, "Welcome", sealed_group_info, sealed)
    )


def _welcome_key_and_nonce(suite: CipherSuite, welcome_secret: Secret) -> tuple[Secret, bytes]:
    key = expand_with_label(suite, welcome_secret, "key", b"", suite.aead.key_length)
    nonce = expand_with_label(suite, welcome_secret, "nonce", b"", suite.aead.nonce_length)
    return key, nonce.reveal()
