"""What the engine tells: answers to commands, and what happened meanwhile.

An answer carries the `ref` of its command; news carry 0. Names and texts in events are as they
came from elsewhere: a screen makes `SafeText` of them before it shows them. Times are milliseconds
since 1970 (UTC). Ids are hexadecimal where a person may see them (circle, member, message).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, TypeAlias

import msgspec

NO_TOKEN: Final = "no_token"  # noqa: S105 - the reason of a refusal
"""The reason of a `Refused` that another token of the relay's operator would help against."""


class Exit(IntEnum):
    """How a command line ends."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3


class MessageState(StrEnum):
    """How far an own message has come; others' are `RECEIVED`."""

    WAITING = "waiting"  # on this machine
    SENT = "sent"  # on its way
    DELIVERED = "delivered"  # durable at the relay
    CONFIRMED = "confirmed"  # another member's head covers it
    RECEIVED = "received"


class RowKind(StrEnum):
    """What a row of the conversation is."""

    TEXT = "text"
    NOTICE = "notice"  # said by this client: who came, who left, what was refused
    WARNING = "warning"  # a notice that a person must not miss
    UNKNOWN = "unknown"  # a kind of message that this version does not know
    PASSED_ON = "passed_on"  # said before one came in; `by` passed it on


class LinkState(StrEnum):
    """How a circle stands with its relay."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"
    STOPPED = "stopped"  # does not send any more until a person decides; the sentence says why


class EntryState(StrEnum):
    """How far coming in has got."""

    ASKED = "asked"  # the request is in the log; somebody has to answer
    AT_THE_DOOR = "at_the_door"  # a member has to say yes
    UNCONFIRMED = "unconfirmed"  # in; the inviter has not confirmed yet
    IN = "in"


class Quote(msgspec.Struct, frozen=True):
    """The message that a row answers: its first line. Author and text are empty where it is not
    here, the text alone where it was taken back."""

    id: str
    author: str = ""
    author_id: str = ""
    text: str = ""
    hue: int = -1


class Reaction(msgspec.Struct, frozen=True):
    """An emoji, and who marked a message with it, by name, first come first."""

    what: str
    names: list[str]
    mine: bool = False


class PollFacts(msgspec.Struct, frozen=True):
    """What a poll's row asks: `mine` are this person's choices, by index. `choices` has, for each
    option, the names of those who chose it; None until this person has chosen."""

    options: list[str]
    several: bool
    mine: list[int] = []
    choices: list[list[str]] | None = None


class FileFacts(msgspec.Struct, frozen=True):
    """The file of a row, as its sender says. `way` is `up` or `down` while it is on its way, with
    `done` of a hundred parts, and `here` when it was fetched; else empty."""

    name: str
    media: str
    size: int
    way: str = ""
    done: int = 0


class Row(msgspec.Struct, frozen=True):
    """One row of a conversation; `position` orders rows.

    An own message that waits stands behind all others. When it is ordered it takes its place in the
    log, which `RowChanged.was` tells; no other row ever moves.
    """

    position: int
    id: str
    circle: str
    author: str
    author_id: str
    at: int
    kind: RowKind
    text: str
    state: MessageState
    hue: int = 0  # 0 … 7, by join order; -1 for notices
    mine: bool = False
    by: str = ""  # who passed it on
    late: bool = False  # the sender's clock and the relay's are more than five minutes apart
    unconfirmed: bool = False  # delivered a while ago, and no member's head covers it
    me: bool = False  # `text` is said of its author: "waves"
    mentions_me: bool = False
    edited: bool = False  # `text` is that of the last edit; `ListEdits` has the others
    deleted: bool = False  # a notice now, in place of what was said
    reply: Quote | None = None
    reactions: list[Reaction] = []
    pinned: bool = False
    poll: PollFacts | None = None  # `text` is its question
    heard: list[str] = []  # of an own message: those for whom it is the newest own one they read
    goes_at: int = 0  # milliseconds since 1970 at which it is erased; 0 where it stays
    file: FileFacts | None = None  # `text` says it in words


class ForkFacts(msgspec.Struct, frozen=True):
    """Whose device named another log at entry `n`; the relay itself, where `member` is empty."""

    member: str
    name: str
    n: int


class CircleFacts(msgspec.Struct, frozen=True):
    """A circle as a list or a header shows it."""

    id: str
    name: str
    topic: str
    relay: str
    cap: int
    chairs: int
    me: str
    link: LinkState
    link_sentence: str = ""
    next_try: int | None = None
    waiting: int = 0  # own messages not yet delivered
    unsent: bool = False  # anything of this device's is not in the log yet
    news: bool = False  # rows after the read position
    mentioned: bool = False
    read_position: int = 0
    hosts: list[str] = []
    i_am_host: bool = False
    asks_at_door: bool = False
    history: int = 0
    retention: int = 0  # seconds that the relay keeps messages and files
    disappear: int = 0  # seconds after which the circle wants messages gone; 0 for never
    presence: bool = False  # whether the circle wants shown who is here
    heard: bool = False  # whether it wants shown who read what
    writing: list[str] = []  # others who are writing just now
    left: bool = False
    since: int = 0
    confirmed: bool = True  # False until a member's chain agrees with what this newcomer was shown
    draft: str = ""
    fresh_at: int = 0  # when another member's device last vouched for what is shown
    stale: bool = False  # others were there, and none has vouched since `fresh_at`
    behind_since: int = 0  # since when the relay keeps something back; 0 where it does not
    forks: list[ForkFacts] = []  # who sees another conversation, while the person has to choose
    silent_since: int = 0  # when somebody last spoke here, a season ago or more; 0 otherwise
    notify: str = ""  # off, mentions or all; empty where this person has not said for this circle
    keeps: bool = True  # False while this machine's disk takes nothing of what is written here


class MemberFacts(msgspec.Struct, frozen=True):
    """A member, and who let them in."""

    id: str
    name: str
    hue: int
    host: bool
    me: bool
    devices: list[str]
    join_number: int
    invited_by: str = ""
    admitted_by: str = ""
    verified: bool = False  # this person has compared words with them
    new_device: bool = False  # and they have a device since that was not there then
    here: str = ""  # away, here or writing, where the circle wants it shown


class DeviceFacts(msgspec.Struct, frozen=True):
    """A device of this person's: the circles that it is in, and those that it is being added to."""

    label: str
    this: bool
    circles: list[str]
    coming: list[str] = []


class InviteFacts(msgspec.Struct, frozen=True):
    """An open code. `code` and `words` are there for one's own alone."""

    id: bytes
    issuer: str
    mine: bool
    uses: int
    expires_at: int
    history: int
    code: str = ""
    words: str = ""
    link: str = ""
    came_in: list[str] = []


class RequestFacts(msgspec.Struct, frozen=True):
    """Somebody at the door; `n` is the request's place in the log."""

    circle: str
    n: int
    name: str
    line: str
    invited_by: str
    sent_at: int
    asks: bool  # a member has to say yes; otherwise some client answers by itself


class _Event(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    ref: int = 0


# Answers to commands.


class Refused(_Event, frozen=True, kw_only=True):
    """It did not happen, and nothing has changed. `reason` is a slug, `sentence` for a person."""

    reason: str
    sentence: str
    exit: Exit = Exit.REFUSED


class Finished(_Event, frozen=True, kw_only=True):
    """It is done."""


class CircleOpened(_Event, frozen=True, kw_only=True):
    """The circle is there, and its first chair taken."""

    circle: str
    name: str


class InviteMade(_Event, frozen=True, kw_only=True):
    """A sealed code, in its three written shapes."""

    circle: str
    invite: InviteFacts


class CircleMoved(_Event, frozen=True, kw_only=True):
    """The circle is on another relay from now on. The move `code` takes there whoever can't ask the
    relay before any more."""

    circle: str
    relay: str
    code: str


class SpokenOpened(_Event, frozen=True, kw_only=True):
    """A code to say aloud, good until `expires_at` while this program runs."""

    circle: str
    code: str
    expires_at: int


class CardRead(_Event, frozen=True, kw_only=True):
    """Who invites, who is in, chairs and history. `entry` names it for `Enter`."""

    entry: str
    circle_id: str
    circle_name: str
    topic: str
    issuer: str
    names: list[str]
    chairs: int
    cap: int
    asks_at_door: bool
    history: int
    expires_at: int
    relay: str


class Entered(_Event, frozen=True, kw_only=True):
    """In; `confirmed` is False while the inviter's own client has yet to vouch for it."""

    circle: str
    name: str
    confirmed: bool


class Queued(_Event, frozen=True, kw_only=True):
    """On this machine's disk."""

    circle: str
    id: str
    position: int


class EditFacts(msgspec.Struct, frozen=True):
    """What a message said once."""

    at: int
    text: str


class Edits(_Event, frozen=True, kw_only=True):
    """What a message has said, oldest first; the last is what it says now."""

    circle: str
    id: str
    edits: list[EditFacts]


class FileBegun(_Event, frozen=True, kw_only=True):
    """A file may be handed in; `id` names it, and will be its message's."""

    circle: str
    id: str


class FileStands(_Event, frozen=True, kw_only=True):
    """What opens the file of a message, and whether it is `here`: if not, it is being fetched."""

    circle: str
    id: str
    reference: bytes
    name: str
    media: str
    here: bool

    def __repr__(self) -> str:
        return f"FileStands(id={self.id!r}, here={self.here})"


class FileChunks(_Event, frozen=True, kw_only=True):
    """Sealed chunks in their order; none behind the last."""

    chunks: list[bytes]

    def __repr__(self) -> str:
        return f"FileChunks({len(self.chunks)})"


class Invites(_Event, frozen=True, kw_only=True):
    invites: list[InviteFacts]


class Circles(_Event, frozen=True, kw_only=True):
    circles: list[CircleFacts]


class Members(_Event, frozen=True, kw_only=True):
    circle: str
    members: list[MemberFacts]


class Found(_Event, frozen=True, kw_only=True):
    """What was found, the newest first; each row names its circle by id."""

    rows: list[Row]


class Messages(_Event, frozen=True, kw_only=True):
    circle: str
    rows: list[Row]


# News, without a ref.


class RowAdded(_Event, frozen=True, kw_only=True):
    """A new row at the end of a conversation, or, for passed-on history, further up."""

    row: Row


class RowChanged(_Event, frozen=True, kw_only=True):
    """A row's state changed; `was` is the position that it had before, if it moved."""

    row: Row
    was: int | None = None


class RowsGone(_Event, frozen=True, kw_only=True):
    """Rows stayed for as long as their authors wanted, and are erased."""

    circle: str
    ids: list[str]


class FileFailed(_Event, frozen=True, kw_only=True):
    """The file of a message is not to be had, or was not taken; the sentence says why."""

    circle: str
    id: str
    sentence: str


class CircleChanged(_Event, frozen=True, kw_only=True):
    """Anything in a circle's facts changed: link, members, name, news."""

    circle: str


class CircleGone(_Event, frozen=True, kw_only=True):
    """Forgotten; nothing of it is here any more."""

    circle: str


class RequestWaiting(_Event, frozen=True, kw_only=True):
    """Somebody is at the door."""

    request: RequestFacts


class RequestAnswered(_Event, frozen=True, kw_only=True):
    """The one at the door is in, or not any more there."""

    circle: str
    n: int
    admitted: bool


class InviteUsed(_Event, frozen=True, kw_only=True):
    """Somebody came in on a code of one's own."""

    circle: str
    invite_id: bytes
    name: str


class SpokenTried(_Event, frozen=True, kw_only=True):
    """Somebody tried the spoken code; its one guess is spent."""

    circle: str
    right: bool


class SpokenEnded(_Event, frozen=True, kw_only=True):
    """The spoken code is no good any more: used, closed, or its time is over."""

    circle: str
    sentence: str


class EntryMoved(_Event, frozen=True, kw_only=True):
    """Coming in has got further."""

    entry: str
    circle_name: str
    state: EntryState
    sentence: str


class EntryEnded(_Event, frozen=True, kw_only=True):
    """Coming in has failed for good."""

    entry: str
    circle_name: str
    sentence: str


class LockAsked(_Event, frozen=True, kw_only=True):
    """The profile is to be closed: its owner ends, and whoever is asking through it."""


class LinkOpened(_Event, frozen=True, kw_only=True):
    """The code to type on the other device."""

    code: str
    expires_at: int


class LinkAsked(_Event, frozen=True, kw_only=True):
    """A device on which the code was typed asks for these circles: `AnswerLink`."""

    label: str
    circles: list[str]


class LinkEnded(_Event, frozen=True, kw_only=True):
    """Linking is over. The device is being added to `circles`; `left` are others, with why not."""

    label: str
    circles: list[str]
    left: list[str]
    sentence: str
    done: bool


class LinkMoved(_Event, frozen=True, kw_only=True):
    """How linking this device stands."""

    sentence: str


class LinkTaken(_Event, frozen=True, kw_only=True):
    """This device is being added to `circles`; `left` are others, with why not. With a `sentence`
    the exchange was cut short."""

    circles: list[str]
    left: list[str]
    sentence: str


class Devices(_Event, frozen=True, kw_only=True):
    """This device first."""

    devices: list[DeviceFacts]


class DeviceGoes(_Event, frozen=True, kw_only=True):
    """A device is being taken out of `circles`; in those that are `left` it can't be."""

    circles: list[str]
    left: list[str]


Event: TypeAlias = (
    Refused
    | Finished
    | CircleOpened
    | InviteMade
    | CircleMoved
    | SpokenOpened
    | CardRead
    | Entered
    | Queued
    | Edits
    | FileBegun
    | FileStands
    | FileChunks
    | Invites
    | Circles
    | Members
    | Messages
    | Found
    | RowAdded
    | RowChanged
    | RowsGone
    | FileFailed
    | CircleChanged
    | CircleGone
    | RequestWaiting
    | RequestAnswered
    | InviteUsed
    | SpokenTried
    | SpokenEnded
    | EntryMoved
    | EntryEnded
    | LockAsked
    | LinkOpened
    | LinkAsked
    | LinkEnded
    | LinkMoved
    | LinkTaken
    | Devices
    | DeviceGoes
)
