"""Everything that `crypto.circle` raises, by who is to blame.

CircleError
├── MisuseError            the caller asks for a change that the circle's rules do not allow
│   └── TextRefusedError   a text that cannot be a name, a label or a topic here
├── UpdateNeededError      the circle follows rules that this version does not know: stop
├── CommitRefusedError     somebody's commit is not rightful; nothing has changed; `rule`
│   └── AlteredError       what stands beside it is not what was signed: maybe the relay's doing
└── StandingRefusedError   a circle that we were let into is not what it says it is

Structures out of their bounds are a `crypto.errors.FieldError`, which is a `DecodeError` too.
Messages are sentences for the person who reads the conversation.
"""

from __future__ import annotations


class CircleError(Exception):
    """Base of everything that `crypto.circle` raises."""


class MisuseError(CircleError):
    """The caller asked for a change that the circle's rules do not allow."""


class TextRefusedError(MisuseError):
    """A text that cannot stand as a name, a device's label or a topic."""


class UpdateNeededError(CircleError):
    """The circle follows rules of a version that this program does not know."""

    def __init__(self, rules: int) -> None:
        super().__init__(
            f"This circle follows rules of version {rules}, which this version of Hallway does "
            "not know. Update Hallway to go on; nothing is sent until then."
        )
        self.rules = rules


class CommitRefusedError(CircleError):
    """A commit breaks a row of the rules; `rule` names the row as docs/protocol.md does.

    `member` and `name` are the committer's, as soon as that is known.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.member = b""
        self.name = ""


class AlteredError(CommitRefusedError):
    """Beside a commit stands something else than its committer's device signed with it.

    Who did that can't be told: the relay, or the committer.
    """


class StandingRefusedError(CircleError):
    """The circle behind a Welcome contradicts itself, or the invite that led to it."""
