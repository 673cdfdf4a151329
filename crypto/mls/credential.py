"""Credentials (RFC 9420 section 5.3): who a leaf says that it is.

A type that is not known here cannot be read at all, as its length is not on the wire; the types
in capabilities are plain numbers and survive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self, TypeAlias

from crypto.mls.codec import Reader, Struct, Writer
from crypto.mls.errors import DecodeError


@dataclass(frozen=True, slots=True)
class BasicCredential(Struct):
    """An identity that the application gives a meaning to."""

    credential_type: ClassVar[int] = 0x0001

    identity: bytes

    def write(self, writer: Writer) -> None:
        writer.opaque(self.identity)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.opaque())


@dataclass(frozen=True, slots=True)
class X509Credential(Struct):
    """A chain of DER certificates, the leaf's own first; read and written, never judged here."""

    credential_type: ClassVar[int] = 0x0002

    certificates: tuple[bytes, ...]

    def write(self, writer: Writer) -> None:
        writer.vector(self.certificates, Writer.opaque)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(tuple(reader.vector(Reader.opaque)))


Credential: TypeAlias = BasicCredential | X509Credential

_BY_TYPE: dict[int, type[Credential]] = {
    kind.credential_type: kind for kind in (BasicCredential, X509Credential)
}


def write_credential(writer: Writer, credential: Credential) -> None:
    """The structure `Credential` of section 5.3: the type, then the body."""
    writer.uint16(credential.credential_type)
    credential.write(writer)


def read_credential(reader: Reader) -> Credential:
    """Read a `Credential`; an unknown type is a `DecodeError`."""
    credential_type = reader.uint16()
    kind = _BY_TYPE.get(credential_type)
    if kind is None:
        raise DecodeError(f"the credential type {credential_type:#06x} is unknown")
    return kind.read(reader)
