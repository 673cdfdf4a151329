"""One circle in memory: its record, its group, and what its connection has come to.

What has to outlive the program is in the record and the group, and written by `flush` at the end of
each input; the rest begins anew with every connection. The parts of the engine that work on a
circle (`reading`, `saying`, `committing`, `door`, `beats`, …) are functions that take one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.access.binding import AccessKeyPair
from crypto.access.log import Head
from crypto.circle.view import CircleView, Leaf
from crypto.glance import Glance
from crypto.mls.cipher_suite import CHACHA20POLY1305_SUITE, SignatureKeyPair
from crypto.mls.group import Group
from crypto.mls.snapshot import (
    Standing,
    restore_group,
    restore_standing,
    save_epoch,
    save_ratchets,
)
from crypto.relay_address import Address
from crypto.secret import Secret
from relay.wire import Begins, FromClient, Restoring
from tui.engine.context import Context
from tui.engine.events import CircleChanged, LinkState
from tui.engine.store.records import CircleRecord, GroupRecord, RatchetRecord

if TYPE_CHECKING:
    from tui.engine.freshness import Ahead
    from tui.engine.seen import Seen
    from tui.engine.spoken import Spoken

SUITE = CHACHA20POLY1305_SUITE

FOUNDING, ACTIVE, STOPPED, LEFT, REMOVED = "founding", "active", "stopped", "left", "removed"
"""What may stand in a circle's `status`."""

RELAY_FULL = "The relay's disk is full. What you do here waits until it has room."

EVICTED = "evicted"
"""Stopped, because the relay says that this device was removed. That is the relay's word alone: the
group is kept, and goes on should the relay take it back."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Who shows a head: a member's device, or the relay, whose leaf key and name are empty."""

    leaf_key: bytes = b""
    member: bytes = b""
    name: str = ""

    @classmethod
    def of(cls, leaf: Leaf) -> Witness:
        """A member's device."""
        return cls(leaf.signature_key, leaf.member, leaf.name)


class Pace:
    """How fast messages go out: a little slower than a relay lets them, so that it refuses none.

    A refusal in the middle would put those behind it before it.
    """

    BURST = 60
    EVERY = 40
    """Milliseconds from one to the next, once the burst is used up."""

    def __init__(self, now: int) -> None:
        self._full_at = now

    def wait(self, now: int) -> int:
        """Milliseconds until the next may go; 0 now."""
        if self._full_at - now > (self.BURST + 1) * self.EVERY:
            self._full_at = now  # the clock was set back
        return max(0, self._full_at - now - self.BURST * self.EVERY)

    def take(self, now: int) -> None:
        """One goes."""
        self._full_at = max(now, self._full_at) + self.EVERY


@dataclass(slots=True)
class Mending:
    """What this device does for a relay that shows less than it did (`tui.engine.mending`).

    `told` is the relay's newest word on how far it is; without one, `until` is when it is waited
    for no longer. While the relay is asked for entry `probe`, the two logs are one up to `common`
    and two from `differs` on. `outlined` and `handed` are the entries behind which the outline was
    begun, and up to which all was handed in.
    """

    until: int | None
    told: Restoring | None = None
    reported: bool = False
    outlined: int = -1
    handed: int = 0
    probe: int = 0
    common: int = 0
    differs: int = 0


class Connection:
    """What one connection of a circle has come to; a new one starts with nothing of it.

    `handshake` is the newest commit entry that the relay has spoken of; `in_flight` are messages
    that are under way, with the newest commit entry that each was sent upon. `commit_refused` is
    whether the relay has said that the pending commit is not in the log; before that, and once it
    is sent again, nobody knows. Everything up to `acknowledged` is, what came since will be at
    `acknowledge_at`, 0 for nothing. `commit_after` and `message_after` are times before which the
    relay wants no more of either. With `begin_again` it is to be given up for another one. `bound`
    is the head that the relay began with; `begins` says where its log does, of a circle that was
    brought there. While there is a `mending`, nothing new is sent. `glance` is
    the newest that was sent, `glance_after` a time before which no other is, and `glance_owed`
    whether somebody has asked for one. `blob` is the hash of the file
    of which a chunk is under way, `blob_after` a time before which no other is sent, and
    `blob_kept` how much of each the relay has, as far as it was asked.
    """

    def __init__(self, send: Callable[[FromClient], None], bound: Head) -> None:
        self.send = send
        self.bound = bound
        self.caught_up = False
        self.caught_up_at = 0
        self.handshake = 0
        self.acknowledged = 0
        self.acknowledge_at = 0
        self.in_flight: dict[int, int] = {}
        self.commit_sent = False
        self.commit_refused = False
        self.rejoin_sent = False
        self.commit_after = 0
        self.message_after = 0
        self.beat_after = 0
        self.asked_stuck = False
        self.begin_again = False
        self.mending: Mending | None = None
        self.begins: Begins | None = None
        self.welcome = bytearray()
        self.glance: Glance | None = None
        self.glance_after = 0
        self.glance_owed = False
        self.blob = b""
        self.blob_after = 0
        self.blob_kept: dict[bytes, int] = {}


class Circle:
    """A circle of this profile. `group` is there while this device is a member.

    After a backup was restored there is its `standing` instead, with which nothing can be read or
    sent: it knows who was in, and asks to come in again.

    While it `waits_for_welcome`, to come in again, no entry is read: they are for the next group.
    """

    def __init__(self, context: Context, record: CircleRecord, group: Group | None) -> None:
        self.context = context
        self.record = record
        self.group = group
        self.standing: Standing | None = None
        self.connection: Connection | None = None
        self.link = LinkState.OFFLINE
        self.link_sentence = ""
        self.keeps = True
        self.next_try: int | None = None
        self.heads: dict[int, tuple[Head, Witness]] = {}
        self.ahead: Ahead | None = None
        self.stale = False
        self.claims: set[bytes] = set()
        self.beats_owed: dict[bytes, tuple[Secret, int]] = {}
        self.beats_given: dict[tuple[bytes, bytes], int] = {}
        self.glances: dict[bytes, Seen] = {}
        """The newest of each other leaf."""
        self.glances_end: int | None = None
        """When one of them is to be believed no more."""
        self.waits_for_welcome = False
        self.pace = Pace(context.now())
        self.spoken: Spoken | None = None
        self.answered: dict[tuple[bytes, int], int] = {}
        """When a message was last sent again, by the leaf that asked and the message's counter."""
        self._view: CircleView | None = None
        self._changed = False
        self._epoch_changed = False
        self._ratchets_changed = False

    @classmethod
    def load(cls, context: Context, record: CircleRecord) -> Circle:
        """The circle of a record, as the database has it."""
        store = context.store
        epoch, ratchets = store.groups.get(record.number), store.ratchets.get(record.number)
        group = None
        if epoch is not None and ratchets is not None:
            group = restore_group(SUITE, Secret(epoch.epoch), Secret(ratchets.state))
        circle = cls(context, record, group)
        if epoch is not None and ratchets is None:
            circle.standing = restore_standing(Secret(epoch.epoch))
        asked = store.rejoinings.get(record.number)
        circle.waits_for_welcome = asked is not None and bool(asked.arrived)
        return circle

    # Who and what.

    @property
    def id(self) -> bytes:
        """The circle's id."""
        return self.record.id

    @property
    def hex(self) -> str:
        """The circle's id as a person sees it."""
        return self.record.id.hex()

    @property
    def number(self) -> int:
        """The circle's number in the database."""
        return self.record.number

    @property
    def address(self) -> Address:
        """Where its relay is."""
        return Address.parse(self.record.address)

    @property
    def first(self) -> bool:
        """Whether this is the person's first device here: the one that holds the member key."""
        return bool(self.record.member_seed)

    @property
    def member(self) -> SignatureKeyPair:
        """This person's key here; on the first device alone."""
        if not self.first:
            raise ValueError("the member key is on another device")
        return SignatureKeyPair.from_seed(Secret(self.record.member_seed))

    @property
    def member_key(self) -> bytes:
        """The public half of this person's key here."""
        return self.member.public if self.first else self.record.member_key

    @property
    def leaf(self) -> SignatureKeyPair:
        """This device's signature key here."""
        return SignatureKeyPair.from_seed(Secret(self.record.leaf_seed))

    @property
    def access(self) -> AccessKeyPair:
        """This device's key at the relay."""
        return AccessKeyPair.from_seed(Secret(self.record.access_seed))

    @property
    def active(self) -> bool:
        """Whether this device takes part: it is a member, and nothing has stopped it."""
        return self.record.status == ACTIVE and self.group is not None

    @property
    def inside(self) -> bool:
        """Whether this device is a member, or was one when its backup was made."""
        return self.group is not None or self.standing is not None

    @property
    def arriving(self) -> bool:
        """Whether the entry that brought this device in has not been seen yet."""
        return self.record.since < 0

    @property
    def connected(self) -> Connection:
        """The connection; only while there is one, as there is whenever the relay speaks."""
        if self.connection is None:
            raise ValueError("there is no connection")
        return self.connection

    @property
    def members(self) -> Group:
        """The group; only where this device is a member."""
        if self.group is None:
            raise ValueError("this device is not a member of the circle")
        return self.group

    @property
    def view(self) -> CircleView:
        """The circle in its present epoch, or the last that is known; only where `inside`."""
        if self._view is None:
            known = self.standing or self.members
            self._view = CircleView.of(known.context, known.tree)
        return self._view

    @property
    def own(self) -> Leaf:
        """This device's leaf."""
        return self.view.leaves[(self.standing or self.members).own_leaf]

    # Going on.

    def changed(self) -> None:
        """The record is to be written, and whoever shows the circle is to look again."""
        self._changed = True

    def tell_changed(self) -> None:
        """As `changed`, and said aloud."""
        self._changed = True
        event = CircleChanged(circle=self.hex)
        if event not in self.context.told[-8:]:
            self.context.tell(event)

    def ratchets_moved(self) -> None:
        """A key of the group was used."""
        self._ratchets_changed = True

    def new_epoch(self) -> None:
        """The group has entered another epoch: what is cached of the old one goes."""
        self._view = None
        self._epoch_changed = self._ratchets_changed = True
        state = self.view.state
        self.record.name, self.record.topic = state.name, state.topic
        self.record.cap, self.record.chairs = state.cap, len(state.members)
        # What went while it was shorter is gone, whatever it is now.
        self.record.retention = min(self.record.retention, state.retention)
        self.record.person = self.own.name
        self.tell_changed()

    def end(self, status: str, sentence: str) -> None:
        """This device is a member no longer; what was said stays."""
        self.record.status, self.record.sentence = status, sentence
        self.group = self.standing = None
        self._view = None
        store, number = self.context.store, self.number
        store.groups.delete(number)
        store.ratchets.delete(number)
        store.pending.delete(number)
        self._epoch_changed = self._ratchets_changed = False
        self.tell_changed()

    def no_room(self, sentence: str) -> None:
        """The relay is there, and takes nothing; the sentence says why."""
        self.link_sentence = sentence
        self.tell_changed()

    def taken(self) -> None:
        """The relay has taken something: what it had no room for, it has now."""
        if self.link is LinkState.ONLINE and self.link_sentence:
            self.link_sentence = ""
            self.tell_changed()

    def stop(self, sentence: str) -> None:
        """Nothing is sent any more until the person decides; the sentence says why."""
        if self.record.status == ACTIVE:
            self.record.status, self.record.sentence = STOPPED, sentence
            self.tell_changed()

    def flush(self) -> None:
        """Write what has changed; at the end of an input, inside its transaction."""
        store = self.context.store
        if self._epoch_changed:
            store.groups.save(GroupRecord(self.number, save_epoch(self.members).reveal()))
        if self._ratchets_changed:
            store.ratchets.save(RatchetRecord(self.number, save_ratchets(self.members).reveal()))
        if self._changed:
            store.circles.save(self.record)
        self._changed = self._epoch_changed = self._ratchets_changed = False
