"""`kem_output[32] ‖ ciphertext`: what one member seals for one device of another.

docs/protocol.md section 5.1. HPKE base mode, as for requests; what it is for and in which circle
stands in its info.
"""

from __future__ import annotations

from crypto.errors import UnopenedError
from crypto.mls import hpke
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.errors import UndecryptableError
from crypto.mls.hpke import HpkeCiphertext
from crypto.mls.kem import KemKeyPair
from crypto.primitives import PUBLIC_KEY_LENGTH, Rng


def seal_to(suite: CipherSuite, key: bytes, info: bytes, plaintext: bytes, rng: Rng) -> bytes:
    """The plaintext, sealed to an X25519 public key."""
    sealed = hpke.seal(suite, key, info, b"", plaintext, rng)
    return sealed.kem_output + sealed.ciphertext


def open_with(suite: CipherSuite, pair: KemKeyPair, info: bytes, sealed: bytes, what: str) -> bytes:
    """The plaintext, or UnopenedError, which says of `what` that it is for somebody else."""
    parts = HpkeCiphertext(sealed[:PUBLIC_KEY_LENGTH], sealed[PUBLIC_KEY_LENGTH:])
    try:
        return hpke.open_(suite, pair, info, b"", parts)
    except UndecryptableError as error:
        raise UnopenedError(f"{what} are not sealed to this device") from error
