"""What a person can ask of the engine: one small struct per wish.

The screens, the verbs of the command line and the control socket all speak these. `ref` is the
asker's own number; every command is answered by exactly one event with the same `ref`
(`tui.engine.events`): its own answer, or `Refused`. What happens later comes as events without one.

`circle` is a circle's name or its id in hexadecimal; empty where there is only one. Times are
milliseconds since 1970 (UTC), lifetimes milliseconds.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class _Command(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    ref: int = 0


class OpenCircle(_Command, frozen=True, kw_only=True):
    """Found a circle on a relay and take its first chair. Answer: `CircleOpened`."""

    name: str
    person: str
    relay: str
    cap: int = 8
    token: str | None = None
    device: str = ""


class CreateInvite(_Command, frozen=True, kw_only=True):
    """Make a sealed code. Answer: `InviteMade`, when the relay has it on disk."""

    circle: str = ""
    uses: int = 1
    lifetime: int = 7 * 86_400_000
    history: int | None = None


class RevokeInvite(_Command, frozen=True, kw_only=True):
    """Withdraw a code by its id. Answer: `Finished`."""

    circle: str = ""
    invite_id: bytes


class ListInvites(_Command, frozen=True, kw_only=True):
    """The open codes of a circle. Answer: `Invites`."""

    circle: str = ""


class OpenSpoken(_Command, frozen=True, kw_only=True):
    """Make a code to say aloud; it lives ten minutes, while this runs. Answer: `SpokenOpened`."""

    circle: str = ""
    history: int | None = None


class CloseSpoken(_Command, frozen=True, kw_only=True):
    """Close the spoken code, and withdraw it. Answer: `Finished`."""

    circle: str = ""


class ReadCode(_Command, frozen=True, kw_only=True):
    """Read a code's card: sealed, in words, as a link or spoken. Answer: `CardRead`.

    `relay` is the address that a code without one means.
    """

    code: str
    relay: str = ""


class Enter(_Command, frozen=True, kw_only=True):
    """Ask to be let in, after the card. Answer: `Entered`, or `Refused`; between them come
    `EntryMoved` events. The request goes on when this program ends, and is taken up again."""

    entry: str
    person: str
    line: str = ""
    device: str = ""


class AbandonEntry(_Command, frozen=True, kw_only=True):
    """Give up an entry that has not come in. Answer: `Finished`."""

    entry: str


class AnswerRequest(_Command, frozen=True, kw_only=True):
    """Say yes or no to who is at the door. Answer: `Finished`, when the answer is in the log."""

    circle: str = ""
    n: int
    admit: bool


class SendText(_Command, frozen=True, kw_only=True):
    """Say something; `@Name` mentions a member. Answer: `Queued`, when it is on this machine's
    disk; then `RowChanged`. `reply` is the id of the message that it answers, if it answers one;
    with `me` it is said of this person ("waves").

    A message is named, here and below, by its id in hexadecimal or a beginning of it, of 4 digits
    at least, that no other message has.
    """

    circle: str = ""
    text: str
    reply: str = ""
    me: bool = False


class React(_Command, frozen=True, kw_only=True):
    """Mark a message with an emoji, or take that back. Answer: `Queued`, with the message's
    position, when it is on this machine's disk; `RowChanged` shows it."""

    circle: str = ""
    id: str
    what: str
    on: bool = True


class Edit(_Command, frozen=True, kw_only=True):
    """Say something else in an own message. Answer: as of `React`."""

    circle: str = ""
    id: str
    text: str


class Delete(_Command, frozen=True, kw_only=True):
    """Take an own message back, for all. Answer: as of `React`."""

    circle: str = ""
    id: str


class Pin(_Command, frozen=True, kw_only=True):
    """Have a message at hand for all, or no longer. Answer: as of `React`."""

    circle: str = ""
    id: str
    on: bool = True


class ListPins(_Command, frozen=True, kw_only=True):
    """The messages that are pinned, in their order. Answer: `Messages`."""

    circle: str = ""


class OpenPoll(_Command, frozen=True, kw_only=True):
    """Ask a question with 2 to 10 options. Answer: as of `SendText`."""

    circle: str = ""
    question: str
    options: list[str]
    several: bool = False


class Vote(_Command, frozen=True, kw_only=True):
    """Choose in a poll, by the options' indices; none takes it back. Answer: as of `React`."""

    circle: str = ""
    id: str
    choices: list[int]


class ListEdits(_Command, frozen=True, kw_only=True):
    """What a message has said before its edits. Answer: `Edits`."""

    circle: str = ""
    id: str


class BeginFile(_Command, frozen=True, kw_only=True):
    """Begin to hand in a file, which is sealed already. Answer: `FileBegun`."""

    circle: str = ""


class AddChunks(_Command, frozen=True, kw_only=True):
    """The next sealed chunks of the file `id` (`crypto.blob`). Answer: `Finished`."""

    circle: str = ""
    id: str
    chunks: list[bytes]

    def __repr__(self) -> str:
        return f"AddChunks(id={self.id!r})"


class SendFile(_Command, frozen=True, kw_only=True):
    """Say a file whose chunks are all here: `reference` opens it. Answer: `Queued`, when it is on
    this machine's disk; then `RowChanged`, as it gets to the relay."""

    circle: str = ""
    id: str
    reference: bytes
    name: str
    media: str

    def __repr__(self) -> str:
        return f"SendFile(id={self.id!r})"


class FetchFile(_Command, frozen=True, kw_only=True):
    """Fetch the file of a message from the relay. Answer: `FileStands`; where it is not here yet,
    `RowChanged` says when it is, or `FileFailed` why it will not be."""

    circle: str = ""
    id: str


class ReadChunks(_Command, frozen=True, kw_only=True):
    """Sealed chunks of a file that is here, from number `first` on. Answer: `FileChunks`."""

    circle: str = ""
    id: str
    first: int = 0


class Remove(_Command, frozen=True, kw_only=True):
    """Remove a member by name or member id; for hosts. Answer: `Finished`."""

    circle: str = ""
    member: str


class Leave(_Command, frozen=True, kw_only=True):
    """Leave a circle for good; what was said stays readable here. Answer: `Finished`."""

    circle: str = ""


class Forget(_Command, frozen=True, kw_only=True):
    """Erase a circle that was left from this machine. Answer: `Finished`."""

    circle: str


class Rejoin(_Command, frozen=True, kw_only=True):
    """Come in again with fresh keys, on the person's word. Answer: `Finished` when asked for."""

    circle: str = ""


class TryNow(_Command, frozen=True, kw_only=True):
    """Try at once to reach the relay of a circle that is offline, instead of later; at most every
    few seconds, and not where the relay asked to wait. What is to be sent does the same. Answer:
    `Finished`, while it is being tried: the circle's `link` is no longer `offline`."""

    circle: str = ""


class SettleFork(_Command, frozen=True, kw_only=True):
    """Say which of two conversations stands: this one (`mine`), or that of `member`, by name or
    member id. Answer: `Finished`; with a member, when coming in again there is asked for."""

    circle: str = ""
    mine: bool = False
    member: str = ""


class OpenLink(_Command, frozen=True, kw_only=True):
    """Show a code for another device of this person's, which is told the last `history` messages of
    each circle. Answer: `LinkOpened`; then `LinkAsked`, and in the end `LinkEnded`."""

    history: int = 0


class AnswerLink(_Command, frozen=True, kw_only=True):
    """Say yes or no to the device that asks to be linked. Answer: `Finished`."""

    yes: bool


class CloseLink(_Command, frozen=True, kw_only=True):
    """Give up linking a device; what it was given stays. Answer: `Finished`."""


class FollowLink(_Command, frozen=True, kw_only=True):
    """Make this device another one of whoever shows the code. Answer: `LinkTaken`; then comes
    `Entered` for each circle, or `EntryEnded`. `relay` is as in `ReadCode`."""

    code: str
    label: str
    relay: str = ""


class ListDevices(_Command, frozen=True, kw_only=True):
    """This person's devices. Answer: `Devices`."""


class RemoveDevice(_Command, frozen=True, kw_only=True):
    """Take another device of this person's out of every circle. Answer: `DeviceGoes`."""

    label: str


class Rename(_Command, frozen=True, kw_only=True):
    """Be called otherwise in a circle. Answer: `Finished`."""

    circle: str = ""
    person: str


class ChangeSettings(_Command, frozen=True, kw_only=True):
    """Change what hosts may change; None keeps a field. Answer: `Finished`."""

    circle: str = ""
    name: str | None = None
    topic: str | None = None
    cap: int | None = None
    door_asks: bool | None = None
    history: int | None = None
    retention: int | None = None  # seconds
    disappear: int | None = None  # seconds; 0 for never
    presence: bool | None = None
    heard: bool | None = None


class MoveCircle(_Command, frozen=True, kw_only=True):
    """Take a circle to another relay; for hosts. Where the relay that it is on is `gone` for good,
    it is opened at the other one at once. `token` is the operator's there. Answer: `CircleMoved`,
    otherwise when the relay that it is on has the change on disk."""

    circle: str = ""
    relay: str
    gone: bool = False
    token: str | None = None


class FollowMove(_Command, frozen=True, kw_only=True):
    """Go to where a move code says that a circle is. Answer: `Finished`, when that is tried."""

    circle: str = ""
    code: str


class AppointHosts(_Command, frozen=True, kw_only=True):
    """Make these members, by name or member id, the hosts. Answer: `Finished`."""

    circle: str = ""
    members: list[str]


class MarkRead(_Command, frozen=True, kw_only=True):
    """Everything up to this position has been seen. Answer: `Finished`."""

    circle: str = ""
    position: int


class Attend(_Command, frozen=True, kw_only=True):
    """This person is at a screen just now, and is writing in that circle, if in any; or has gone
    away. It is told where a circle wants it shown. Answer: `Finished`."""

    here: bool = True
    writing: str = ""


class SaveDraft(_Command, frozen=True, kw_only=True):
    """Keep what stands in the composer. Answer: `Finished`."""

    circle: str = ""
    text: str


class Notify(_Command, frozen=True, kw_only=True):
    """What of a circle this person is told while they look elsewhere: `off`, `mentions`, `all`, or
    empty for what the settings say. It stays on this device. Answer: `Finished`."""

    circle: str = ""
    level: str


class Rest(_Command, frozen=True, kw_only=True):
    """Let a silent circle be: `CircleFacts.silent_since` is 0 for a season. Answer: `Finished`."""

    circle: str = ""


class Verify(_Command, frozen=True, kw_only=True):
    """Remember that a member's words were compared and are the same; or, with `on` false, forget
    that. It stays on this device. Answer: `Finished`."""

    circle: str = ""
    member: str
    on: bool = True


class Backup(_Command, frozen=True, kw_only=True):
    """Write what a backup holds into the empty file at `path`, as a database under a `key` of 32
    bytes. Answer: `Finished`."""

    path: str
    key: bytes

    def __repr__(self) -> str:
        return f"Backup(path={self.path!r})"


class Lock(_Command, frozen=True, kw_only=True):
    """Have whoever owns the profile close it, and forget its key. Answer: `Finished`, after which
    everybody hears `LockAsked`."""


class ListCircles(_Command, frozen=True, kw_only=True):
    """Answer: `Circles`."""


class ListMembers(_Command, frozen=True, kw_only=True):
    """Answer: `Members`."""

    circle: str = ""


class Search(_Command, frozen=True, kw_only=True):
    """What was said, in all circles, the newest first: words and "phrases", and `from:NAME`,
    `in:CIRCLE`, `before:` and `after:` a day (2026-03-01), `has:` link, poll or
    file. Answer: `Found`."""

    text: str
    limit: int = 50


class ReadMessages(_Command, frozen=True, kw_only=True):
    """Rows before or after a position, at most `limit`, oldest first; the newest where neither is
    given. Answer: `Messages`, with fewer rows where they are long: there are no more only where
    there are none."""

    circle: str = ""
    before: int | None = None
    after: int | None = None
    limit: int = 50


Command: TypeAlias = (
    OpenCircle
    | CreateInvite
    | RevokeInvite
    | ListInvites
    | OpenSpoken
    | CloseSpoken
    | ReadCode
    | Enter
    | AbandonEntry
    | AnswerRequest
    | SendText
    | React
    | Edit
    | Delete
    | Pin
    | ListPins
    | OpenPoll
    | Vote
    | ListEdits
    | BeginFile
    | AddChunks
    | SendFile
    | FetchFile
    | ReadChunks
    | Remove
    | Leave
    | Forget
    | Rejoin
    | SettleFork
    | TryNow
    | OpenLink
    | AnswerLink
    | CloseLink
    | FollowLink
    | ListDevices
    | RemoveDevice
    | Rename
    | ChangeSettings
    | MoveCircle
    | FollowMove
    | AppointHosts
    | MarkRead
    | Attend
    | SaveDraft
    | Notify
    | Rest
    | Verify
    | Backup
    | Lock
    | ListCircles
    | ListMembers
    | Search
    | ReadMessages
)
