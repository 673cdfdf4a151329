"""What follows from a code's secret: the keys of an invite.

docs/protocol.md section 3.2. The issuer and whoever holds the code have all of them. The relay
knows the invite id and two public keys, the members those and the request key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crypto.access.binding import INVITE_ID_LENGTH, AccessKeyPair
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.primitives import AEAD_KEY_LENGTH, SECRET_KEY_LENGTH, hkdf_expand, hkdf_extract
from crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class InviteKeys:
    """An invite's id and keys: for the relay, for the card, and for signing those who come in."""

    id: bytes
    access: AccessKeyPair
    card: Secret
    signing: SignatureKeyPair

    @classmethod
    def of(cls, secret: Secret) -> Self:
        """The keys of a code's secret."""
        pseudorandom = hkdf_extract(b"hallway invite 1", secret.reveal())

        def expand(info: bytes, length: int) -> Secret:
            return Secret(hkdf_expand(pseudorandom, info, length))

        return cls(
            expand(b"id", INVITE_ID_LENGTH).reveal(),
            AccessKeyPair.from_seed(expand(b"access", SECRET_KEY_LENGTH)),
            expand(b"card", AEAD_KEY_LENGTH),
            SignatureKeyPair.from_seed(expand(b"signing", SECRET_KEY_LENGTH)),
        )
