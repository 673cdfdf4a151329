"""Everything that `crypto.mls` raises, by who is to blame.

MlsError
├── UsageError              the caller asked for what the state does not allow
├── PeerError               bytes from elsewhere are wrong; the state is what it was
│   ├── DecodeError         not a well-formed structure (RFC 9420 sections 2 and 6)
│   ├── RefusedError        well formed, but a thing that this subset never takes part in
│   ├── InvalidError        breaks a rule that every member checks in the same way
│   ├── OwnLeafError        genuine, from our own leaf, but this state never sent it
│   └── UndecryptableError  does not open with the keys that this member holds
│       ├── KeyUsedError    the generation was used already: a replay
│       ├── TooFarAheadError  the generation lies beyond the bound on skipped keys
│       └── StuckError      a commit passes every public check, and our own part of it fails
├── SnapshotError           stored bytes are damaged, or of another version
└── InternalError           our own bug
"""

from __future__ import annotations


class MlsError(Exception):
    """Base of everything that `crypto.mls` raises."""


class UsageError(MlsError):
    """The caller asked for something that the present state does not allow."""


class PeerError(MlsError):
    """Bytes that came from elsewhere were refused; nothing of the state has changed.

    `rule` is the name of the rule that they break, as numbered in `crypto.mls.rules`; None where
    what went wrong is no rule of its own.
    """

    def __init__(self, message: str, rule: str | None = None) -> None:
        super().__init__(message if rule is None else f"{message} ({rule})")
        self.rule = rule


class DecodeError(PeerError):
    """The bytes are not a well-formed structure, or something follows it."""


class RefusedError(PeerError):
    """Well formed, but outside the subset: external commits, ReInit, standalone proposals…"""

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message, rule)


class InvalidError(PeerError):
    """A rule that every member checks in the same way is broken."""

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message, rule)


class OwnLeafError(PeerError):
    """A genuine message of our own leaf that this state has not sent: the state is a copy that
    another copy has left behind. To send from it would use keys a second time."""


class UndecryptableError(PeerError):
    """The ciphertext does not open with the keys that this member holds."""


class KeyUsedError(UndecryptableError):
    """The generation's key was used and deleted, or was never kept: a replay or too late."""


class TooFarAheadError(UndecryptableError):
    """The generation lies further ahead than keys may be skipped."""


class StuckError(UndecryptableError):
    """A commit is valid for all that everybody can check, but our own ciphertext, derived key
    or confirmation tag fails: this member cannot follow it, and others may have."""


class SnapshotError(MlsError):
    """Stored bytes are damaged, of another version or kind, or do not belong together."""


class InternalError(MlsError):
    """A state that should be impossible: our own bug."""
