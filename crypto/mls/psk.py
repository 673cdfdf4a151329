"""Pre-shared keys (RFC 9420 section 8.4): how they are named and mixed into an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self, TypeAlias

from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import DecodeError
from crypto.mls.labeled import expand_with_label
from crypto.secret import Secret


class ResumptionPskUsage(IntEnum):
    """What a key of a former epoch is used for."""

    APPLICATION = 1
    REINIT = 2
    BRANCH = 3


_USAGES = {int(usage): usage for usage in ResumptionPskUsage}


@dataclass(frozen=True, slots=True)
class ExternalPsk(Struct):
    """A key that the members have from elsewhere, by the name that they gave it."""

    psk_type: ClassVar[int] = 1

    psk_id: bytes

    def write(self, writer: Writer) -> None:
        writer.opaque(self.psk_id)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())


@dataclass(frozen=True, slots=True)
class ResumptionPsk(Struct):
    """The `resumption_psk` of an epoch, of this group or another."""

    psk_type: ClassVar[int] = 2

    usage: ResumptionPskUsage
    psk_group_id: bytes
    psk_epoch: int

    def write(self, writer: Writer) -> None:
        writer.uint8(self.usage)
        writer.opaque(self.psk_group_id)
        writer.uint64(self.psk_epoch)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        usage = _USAGES.get(value := reader.uint8())
        if usage is None:
            raise DecodeError(f"a resumption key's usage is 1 to 3, not {value}")
        return cls(usage, reader.opaque(), reader.uint64())


Psk: TypeAlias = ExternalPsk | ResumptionPsk

_BY_TYPE: dict[int, type[Psk]] = {kind.psk_type: kind for kind in (ExternalPsk, ResumptionPsk)}


@dataclass(frozen=True, slots=True)
class PreSharedKeyID(Struct):
    """Which key, and a fresh nonce as long as the suite's hash, so that no two uses are alike."""

    psk: Psk
    psk_nonce: bytes

    def write(self, writer: Writer) -> None:
        writer.uint8(self.psk.psk_type)
        writer.struct(self.psk)
        writer.opaque(self.psk_nonce)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        psk_type = reader.uint8()
        kind = _BY_TYPE.get(psk_type)
        if kind is None:
            raise DecodeError(f"a pre-shared key is of type 1 or 2, not {psk_type}")
        return cls(kind.read(reader), reader.opaque())


def derive_psk_secret(suite: CipherSuite, psks: Sequence[tuple[PreSharedKeyID, Secret]]) -> Secret:
    """The `psk_secret` of these keys in the order of their proposals; all zero where none is."""
    none = Secret(bytes(suite.hash_length))
    psk_secret = none
    for index, (psk_id, psk) in enumerate(psks):
        label = psk_id.encode() + index.to_bytes(2) + len(psks).to_bytes(2)
        extracted = suite.extract(none, psk)
        psk_input = expand_with_label(suite, extracted, "derived psk", label, suite.hash_length)
        psk_secret = suite.extract(psk_input, psk_secret)
    return psk_secret
