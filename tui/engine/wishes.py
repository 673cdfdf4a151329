"""What is to be committed to a circle, as it waits in the database for its turn.

An intention outlives the commit that was made for it: where another commit comes first, the next
one is made for the same intention, on the circle as it is then.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class _Wish(msgspec.Struct, frozen=True, tag=True):
    pass


class OpenCode(_Wish, frozen=True):
    """Make a code; `secret` is the code's, `request_secret` the key that requests come under.

    One that is behind a `spoken` code is of no use once nobody waits for that any more.
    """

    secret: bytes
    request_secret: bytes
    uses: int
    history: int
    expires_at: int
    spoken: bool = False


class WithdrawCode(_Wish, frozen=True):
    """Withdraw a code."""

    invite: bytes


class Admit(_Wish, frozen=True):
    """Let in who asked at entry `n`."""

    n: int


class LetReturn(_Wish, frozen=True):
    """Let the device come in again that asked at entry `n`."""

    n: int


class RemoveMember(_Wish, frozen=True):
    """Remove a member."""

    member: bytes


class FinishLeaves(_Wish, frozen=True):
    """Carry out what members said who left."""


class Rename(_Wish, frozen=True):
    """Be called otherwise."""

    person: str


class AddDevice(_Wish, frozen=True):
    """Add another device of this person's, and tell it the last `history` messages."""

    key_package: bytes
    history: int


class RemoveDevice(_Wish, frozen=True):
    """Take another device of this person's out, by its leaf key."""

    leaf_key: bytes


class FollowName(_Wish, frozen=True):
    """Be called as on another device of this person's, if this one has the name of `before`."""

    before: str
    person: str


class Settings(_Wish, frozen=True):
    """Change what is not None."""

    name: str | None
    topic: str | None
    cap: int | None
    door_asks: bool | None
    history: int | None
    disappear: int | None = None
    presence: bool | None = None
    heard: bool | None = None
    retention: int | None = None


class Move(_Wish, frozen=True):
    """Be at another relay; `token` is its operator's, `pin` its certificate's, if it has one."""

    address: str
    relay_key: bytes
    token: str | None
    pin: bytes = b""


class Hosts(_Wish, frozen=True):
    """Make these members the hosts."""

    members: tuple[bytes, ...]


class Refresh(_Wish, frozen=True):
    """Fresh keys for the own leaf."""


class PutRight(_Wish, frozen=True):
    """Tell the relay anew who is here, after a commit that everybody skipped."""


Wish: TypeAlias = (
    OpenCode
    | WithdrawCode
    | Admit
    | LetReturn
    | RemoveMember
    | FinishLeaves
    | Rename
    | AddDevice
    | RemoveDevice
    | FollowName
    | Settings
    | Move
    | Hosts
    | Refresh
    | PutRight
)

_DECODER: msgspec.msgpack.Decoder[Wish] = msgspec.msgpack.Decoder(Wish)


def encode(wish: Wish) -> bytes:
    """A wish as it is stored."""
    return msgspec.msgpack.encode(wish)


def decode(data: bytes) -> Wish:
    """A stored wish."""
    return _DECODER.decode(data)
