"""What `crypto`'s own modules raise, by who is to blame; `mls`, `access`, `circle` have their own.

CryptoError
├── MisuseError               the caller gave values that have no encoding
├── CodeError                 what a person typed, scanned or pasted is no code that can be used
│   ├── AddressError          not a relay's address
│   ├── NoSecretError         the part that opens the door is not there
│   ├── TypoError             a slip; `group` where one was found
│   └── NewerCodeError        made by a later version
├── PeerError                 bytes from elsewhere are wrong; nothing has changed
│   ├── FieldError            a field is malformed or out of its bounds
│   ├── UnopenedError         sealed under another key, or damaged
│   ├── ForgedError           a signature that should be there does not verify
│   ├── ExpiredError          its time is over
│   └── NewerError            of a version that this program does not know
├── SpokenError               an exchange over a spoken code has ended without one
│   ├── OutOfTurnError        a step that does not come now
│   └── WrongWordsError       the two sides did not say the same words
└── VaultError                the key of this profile's database cannot be had
    ├── PassphraseNeededError a passphrase protects it
    ├── WrongPassphraseError  another passphrase protects it
    ├── KeyMissingError       the keyring or key file does not hold the key
    ├── VaultDamagedError     the vault's bytes are not what they were
    └── NewerVaultError       written by a later version

Messages are sentences for the person at the terminal. None holds what was typed: it may be part of
a secret.
"""

from __future__ import annotations

from crypto.mls.errors import DecodeError


class CryptoError(Exception):
    """Base of everything that `crypto`'s own modules raise."""


class MisuseError(CryptoError):
    """The caller asked for an encoding of values that have none."""


class CodeError(CryptoError):
    """What was typed, scanned or pasted cannot be used as a code."""


class AddressError(CodeError):
    """Not the address of a relay."""


class NoSecretError(CodeError):
    """The address, link or look-up part of a code without the secret that opens the door."""


class TypoError(CodeError):
    """A slip in a code. `group` counts from 1 (groups of symbols, or words); None: not found."""

    def __init__(self, message: str, group: int | None = None) -> None:
        super().__init__(message)
        self.group = group


class NewerCodeError(CodeError):
    """A code of a version that this program does not know."""


class PeerError(CryptoError):
    """Something that came from elsewhere was refused; nothing has changed."""


class FieldError(PeerError, DecodeError):
    """A field is out of its bounds; a `DecodeError` too, so that reading fails in one way."""


class UnopenedError(PeerError):
    """Sealed bytes do not open with the keys at hand."""


class ForgedError(PeerError):
    """A signature that should be there does not verify."""


class ExpiredError(PeerError):
    """The time within which this could be used is over."""


class NewerError(PeerError):
    """Of a version that this program does not know."""


class SpokenError(CryptoError):
    """The exchange over a spoken code is over, and no code has come of it."""


class OutOfTurnError(SpokenError):
    """A step that this side does not take now."""


class WrongWordsError(SpokenError):
    """The two sides did not say the same words: the one guess is spent."""


class VaultError(CryptoError):
    """The key of the profile's database cannot be had."""


class PassphraseNeededError(VaultError):
    """A passphrase protects the key, and none was given."""


class WrongPassphraseError(VaultError):
    """The passphrase does not open the vault."""


class KeyMissingError(VaultError):
    """The key that the vault is locked with is not where it was kept."""


class VaultDamagedError(VaultError):
    """The bytes are no vault, or not what was written."""


class NewerVaultError(VaultError):
    """The vault was written by a later version."""
