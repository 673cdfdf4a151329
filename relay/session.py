"""One socket's side of the conversation: which frames it may send when, and what becomes of them.

Sans-I/O. The edge hands every websocket message to `receive`, and everything to send goes to the
`Outlet` that the edge gave. What a socket may say depends on its state and on nothing else; the
table at the end of this file has a row for each frame that a state takes, and every other one is
refused as out of order.

    GREETING ─ create, settle, bind, guest ─▶ ENTERING ─▶ BOUND | GUEST  (refused: GREETING)
             └ claim_nameplate ─────────────────▶ CLAIMANT
    any ─ lost, or a refusal that closes ─▶ CLOSED
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from crypto.access.log import Kind
from crypto.primitives import sha256
from relay import wire
from relay.circles import Wish
from relay.limits import Bucket
from relay.store.contract import Record
from relay.wire import Refusal

if TYPE_CHECKING:
    from relay.feed import Feed
    from relay.hub import Hub
    from relay.live import LiveCircle


class Outlet(Protocol):
    """The edge's half of a socket. Nothing here blocks or raises, not even on a dead socket."""

    @property
    def pending(self) -> int:
        """Bytes that were sent and have not left yet."""

    def send(self, frame: bytes) -> None:
        """Send an encoded frame, after those before it; the edge joins frames into messages."""

    def close(self) -> None:
        """Close the socket once everything is sent."""


class State(Enum):
    """For whom a socket speaks."""

    GREETING = "greeting"
    ENTERING = "entering"
    BOUND = "bound"
    GUEST = "guest"
    CLAIMANT = "claimant"
    CLOSED = "closed"


@dataclass(slots=True)
class Staging:
    """A card or Welcome that is being handed in, or has been."""

    total: int
    at: int
    data: bytearray
    whole: bool = False


class Session:
    """The state of one socket.

    `circle` is there while BOUND or GUEST, `feed` while BOUND. `key` is the access key that the
    socket speaks for: a device's, or of a guest the invite's.
    """

    circle: LiveCircle
    feed: Feed

    __slots__ = (
        "acknowledged",
        "blob_under_way",
        "bucket",
        "circle",
        "feed",
        "hasty",
        "host",
        "hub",
        "invite_id",
        "key",
        "nonce",
        "outlet",
        "source",
        "staged",
        "started",
        "state",
    )

    def __init__(
        self, hub: Hub, outlet: Outlet, source: str, host: str | None, nonce: bytes, started: int
    ) -> None:
        self.hub = hub
        self.outlet = outlet
        self.source = source
        self.host = host
        self.nonce = nonce
        self.started = started
        self.state = State.GREETING
        self.bucket = Bucket(hub.settings.strangers, started)
        self.key = b""
        self.invite_id = b""
        self.staged: dict[bytes, Staging] = {}
        self.acknowledged = 0
        self.blob_under_way = False
        self.hasty = 0
        """Frames in a row that came too fast."""

    # What the edge tells.

    def receive(self, data: bytes) -> None:
        """Take one binary websocket message. Frames after a refusal that closes are ignored."""
        if self.state is State.CLOSED:
            return
        try:
            frames = wire.decode_from_client(data)
        except wire.VersionError:
            return self.refuse(Refusal.VERSION, wire.VERSION)
        except wire.FramingError:
            return self.refuse(Refusal.MALFORMED)
        now = self.hub.clock()
        for frame in frames:
            self._take(frame, now)

    def receive_text(self) -> None:
        """A text message came, which this protocol does not have."""
        if self.state is not State.CLOSED:
            self.refuse(Refusal.MALFORMED)

    def too_large(self) -> None:
        """A message began that is longer than any may be, and the websocket ends with that."""
        if self.state is not State.CLOSED:
            self.hub.statistics.refusals[Refusal.TOO_LARGE] += 1
            self.end(wire.Refused(None, Refusal.TOO_LARGE, wire.MESSAGE_LIMIT))

    def too_slow(self) -> None:
        """The edge holds more for this socket than it may: it is to come back for the rest."""
        if self.state is not State.CLOSED:
            self.refuse(Refusal.TOO_SLOW, self.feed.position if self.state is State.BOUND else 0)

    def drained(self) -> None:
        """What waited for the socket has fallen below the low water mark."""
        if self.state is State.BOUND:
            self.feed.go_on()

    def lost(self) -> None:
        """The socket is gone."""
        if self.state is not State.CLOSED:
            self._leave()

    # What the rest of the relay tells.

    def send(self, frame: wire.FromRelay) -> None:
        """Encode and send a frame that is for this socket alone."""
        self.outlet.send(wire.encode(frame))

    def tell(self, frame: wire.FromRelay) -> None:
        """Send what came of an earlier wish, if the socket is still there to hear it."""
        if self.state is not State.CLOSED:
            self.send(frame)

    def done_in_place(self, record: Record, done: bytes) -> None:
        """What this socket asked for is ordered: `done` stands in the entry's place."""
        if self.state is State.BOUND and not self.feed.live:
            self.feed.own[record.n] = record.idempotency_id
        elif self.state is not State.CLOSED:
            self.outlet.send(done)

    def refuse(self, code: Refusal, number: int = 0, idempotency_id: bytes | None = None) -> None:
        """Send a refusal; those that close the socket do."""
        self.refused(wire.Refused(idempotency_id, code, number))

    def refused(self, refused: wire.Refused) -> None:
        """Hand on a refusal that was decided elsewhere."""
        if self.state is State.CLOSED:
            return
        self.hub.statistics.refusals[refused.code] += 1
        if refused.code in wire.CLOSING:
            return self.end(refused)
        if self.state is State.ENTERING:
            self.state = State.GREETING
        self.send(refused)

    def end(self, frame: wire.FromRelay) -> None:
        """Send a last frame and close the socket."""
        # First of all it is closed: the outlet may find that this frame is one too many.
        self._leave()
        self.send(frame)
        self.outlet.close()

    @property
    def entering(self) -> bool:
        """Whether the answer to a create, settle, bind or guest is still wanted."""
        return self.state is State.ENTERING

    def bind(self, circle: LiveCircle, key: bytes, feed: Feed, bucket: Bucket) -> None:
        """The socket speaks for a device now."""
        self.state = State.BOUND
        self.circle, self.key, self.feed, self.bucket = circle, key, feed, bucket

    def host_guest(self, circle: LiveCircle, invite_id: bytes, access_key: bytes) -> None:
        """The socket speaks for whoever holds an invite now."""
        self.state = State.GUEST
        self.circle, self.invite_id, self.key = circle, invite_id, access_key

    def take_staged(self, now: int) -> dict[bytes, bytes]:
        """What has been handed in whole, by hash."""
        self.drop_old(now)
        return {key: bytes(part.data) for key, part in self.staged.items() if part.whole}

    def drop_old(self, now: int) -> None:
        """Let go of what was handed in long ago and no commit has named."""
        before = now - self.hub.settings.stage_life
        self._drop_staged([key for key, part in self.staged.items() if part.at < before])

    # What the client says.

    def _take(self, frame: wire.FromClient, now: int) -> None:
        if self.state is State.CLOSED:
            return
        step = TABLE.get((self.state, type(frame)))
        if step is None:
            return self.refuse(Refusal.OUT_OF_ORDER)
        answers = self._answers(frame) or type(frame) in _BLOBS
        wait = 0 if answers else self.bucket.take(now)
        if wait:
            self.hasty += 1
            return self.refuse(Refusal.TOO_FAST, wait, getattr(frame, "idempotency_id", None))
        if not answers:
            self.hasty = 0
        step(self, frame, now)

    def _answers(self, frame: wire.FromClient) -> bool:
        """Whether it answers what the relay sent, so that its rate is not the client's choice."""
        if type(frame) is wire.Ack and frame.n > self.acknowledged:
            self.acknowledged = frame.n
            return True
        return type(frame) is wire.Restore

    def _leave(self) -> None:
        """Let go of everything that counts on this socket."""
        before, self.state = self.state, State.CLOSED
        self.hub.left(self)
        if before is State.BOUND:
            self.feed.stop()
        if before in (State.BOUND, State.GUEST):
            self.circle.left(self)
        self._drop_staged(list(self.staged))

    def _enter(self, frame: Any, now: int) -> None:
        self.state = State.ENTERING
        self.hub.enter(self, frame, now)

    def _claim(self, frame: wire.ClaimNameplate, now: int) -> None:
        if self.hub.claim(self, frame, now):
            self.state = State.CLAIMANT

    def _order(self, wish: Wish, now: int) -> None:
        self.circle.order(wish, self, now)

    def _append(self, frame: wire.Append, now: int) -> None:
        wish = Wish(
            Kind.MESSAGE, frame.idempotency_id, self.key, frame.body, handshake=frame.handshake
        )
        self._order(wish, now)

    def _commit(self, frame: wire.Commit, now: int) -> None:
        wish = Wish(
            Kind.COMMIT,
            frame.idempotency_id,
            self.key,
            frame.body,
            frame.handshake,
            frame.side_data,
            self.take_staged(now),
        )
        self._order(wish, now)

    def _request(self, frame: wire.Request, now: int) -> None:
        wish = Wish(
            Kind.REQUEST, frame.idempotency_id, self.key, frame.body, side_data=self.invite_id
        )
        self._order(wish, now)

    def _rejoin(self, frame: wire.Rejoin, now: int) -> None:
        self._order(Wish(Kind.REJOIN, frame.idempotency_id, self.key, frame.body), now)

    def _ack(self, frame: wire.Ack, now: int) -> None:
        if not self.circle.acknowledge(self.key, frame.n):
            self.refuse(Refusal.OUT_OF_ORDER)

    def _beat(self, frame: wire.Beat, now: int) -> None:
        wait = self.circle.beat(self, frame.body, now)
        if wait:
            self.refuse(Refusal.TOO_FAST, wait)

    def _ephemeral(self, frame: wire.Ephemeral, now: int) -> None:
        self.circle.tell_others(self, wire.EphemeralOf(self.key, frame.body))

    def _fetch_welcome(self, frame: wire.FetchWelcome, now: int) -> None:
        self.feed.fetch_welcome()

    def _read(self, frame: wire.Read, now: int) -> None:
        if not self.feed.read(frame.first, frame.last):
            self.refuse(Refusal.TOO_FAST, 1000)

    def _report(self, frame: wire.Report, now: int) -> None:
        self.circle.mending.report(self, frame, now)

    def _outline(self, frame: wire.Outline, now: int) -> None:
        self.circle.mending.outline(self, frame)

    def _restore(self, frame: wire.Restore, now: int) -> None:
        # Several devices hand in the same entries: all but the first in vain, and no harm done.
        if self.bucket.wait(now):
            self.hasty += 1
        elif not self.circle.mending.restore(frame, now):
            self.bucket.take(now)

    def _stage(self, frame: wire.Stage, now: int) -> None:
        self.drop_old(now)
        part = self.staged.get(frame.hash)
        again = part is not None and frame.offset == 0
        if part is None or again:
            part = Staging(frame.total, now, bytearray())
        fits = frame.offset == len(part.data) and frame.total == part.total
        end = frame.offset + len(frame.chunk)
        if not fits or end > frame.total or not frame.chunk:
            return self.refuse(Refusal.MALFORMED)
        held = sum(len(other.data) for other in self.staged.values())
        if held + len(frame.chunk) > wire.STAGED_LIMIT:
            return self.refuse(Refusal.TOO_LARGE, wire.STAGED_LIMIT)
        if not self.hub.reserve(len(frame.chunk), self.source):
            return self.refuse(Refusal.TOO_FAST, self.hub.settings.stage_life)
        if again:
            self._drop_staged([frame.hash])
        self.staged[frame.hash] = part
        part.data += frame.chunk
        part.whole = end == part.total
        if part.whole and sha256(bytes(part.data)) != frame.hash:
            self.refuse(Refusal.MALFORMED)

    def _drop_staged(self, hashes: list[bytes]) -> None:
        for key in hashes:
            self.hub.reserve(-len(self.staged.pop(key).data), self.source)

    def _put_blob(self, frame: wire.PutBlob, now: int) -> None:
        self.circle.blobs.put(self, frame, now)

    def _get_blob(self, frame: wire.GetBlob, now: int) -> None:
        self.circle.blobs.get(self, frame, now)

    def _open_nameplate(self, frame: wire.OpenNameplate, now: int) -> None:
        self.hub.open_nameplate(self, now)

    def _say(self, frame: wire.Say, now: int) -> None:
        self.hub.say(self, frame)

    def _close_nameplate(self, frame: wire.CloseNameplate, now: int) -> None:
        self.hub.close_nameplate(self)


Step = Callable[[Session, Any, int], None]

_BLOBS = (wire.PutBlob, wire.GetBlob)
"""Frames that have a rate of their own: messages are not to wait for files."""

_BOUND: dict[type[wire.FromClient], Step] = {
    wire.Append: Session._append,
    wire.Commit: Session._commit,
    wire.Rejoin: Session._rejoin,
    wire.Ack: Session._ack,
    wire.Beat: Session._beat,
    wire.Ephemeral: Session._ephemeral,
    wire.Stage: Session._stage,
    wire.FetchWelcome: Session._fetch_welcome,
    wire.Read: Session._read,
    wire.OpenNameplate: Session._open_nameplate,
    wire.Say: Session._say,
    wire.CloseNameplate: Session._close_nameplate,
    wire.Report: Session._report,
    wire.Outline: Session._outline,
    wire.Restore: Session._restore,
    wire.PutBlob: Session._put_blob,
    wire.GetBlob: Session._get_blob,
}

TABLE: dict[tuple[State, type[wire.FromClient]], Step] = {
    (State.GREETING, wire.Create): Session._enter,
    (State.GREETING, wire.Settle): Session._enter,
    (State.GREETING, wire.Bind): Session._enter,
    (State.GREETING, wire.Guest): Session._enter,
    (State.GREETING, wire.ClaimNameplate): Session._claim,
    **{(State.BOUND, frame): step for frame, step in _BOUND.items()},
    (State.GUEST, wire.Request): Session._request,
    (State.CLAIMANT, wire.Say): Session._say,
    (State.CLAIMANT, wire.CloseNameplate): Session._close_nameplate,
}
"""Every frame that a state takes. What has no row is out of order, and closes the socket."""
