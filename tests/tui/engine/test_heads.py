"""A relay that does not show everybody the same log, or not the one that it showed before."""

from __future__ import annotations

from crypto.access.binding import AccessKeyPair
from crypto.access.log import Head
from crypto.secret import Secret
from relay import wire
from tests.harness import Person, World
from tui.engine.events import LinkState

RELAY = AccessKeyPair.from_seed(Secret(b"\x07" * 32))


def show(person: Person, *frames: wire.FromRelay) -> None:
    """The relay says something to a person's device that a relay should not say."""
    (socket,) = person.sockets.values()
    client = person.client
    person.guarded(lambda: client.link_received(socket.link, wire.message(*frames)))


def head(person: Person, n: int, hash: bytes, signer: AccessKeyPair = RELAY) -> wire.Head:
    circle = bytes.fromhex(person.circle().id)
    row = person.database.row("SELECT incarnation FROM circles")
    assert row is not None and isinstance(row[0], bytes)
    signed = Head.sign(signer, circle, row[0], n, hash)
    return wire.Head(signed.incarnation, n, hash, signed.signature)


def position(person: Person) -> int:
    row = person.database.row("SELECT n FROM circles")
    assert row is not None and isinstance(row[0], int)
    return row[0]


def talked() -> tuple[World, Person, Person]:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    return world, ana, bo


def test_a_signed_head_of_another_log_stops_everything() -> None:
    world, ana, _ = talked()
    show(ana, head(ana, position(ana), b"x" * 32))
    assert ana.circle().link is LinkState.STOPPED
    assert "another conversation" in ana.circle().link_sentence
    assert ana.warnings() == [ana.circle().link_sentence]
    show(ana, head(ana, position(ana), b"y" * 32))
    assert len(ana.warnings()) == 1
    world.settle()


def test_a_head_of_what_is_to_come_is_compared_when_it_comes() -> None:
    world, ana, bo = talked()
    show(ana, head(ana, position(ana) + 1, b"x" * 32))
    assert ana.circle().link is LinkState.ONLINE
    bo.says("two")
    world.settle()
    assert ana.circle().link is LinkState.STOPPED


def test_two_heads_of_what_is_to_come_that_disagree() -> None:
    _, ana, _ = talked()
    show(ana, head(ana, 99, b"x" * 32))
    show(ana, head(ana, 99, b"x" * 32))
    assert ana.circle().link is LinkState.ONLINE
    show(ana, head(ana, 99, b"y" * 32))
    assert ana.circle().link is LinkState.STOPPED


def test_heads_are_not_hoarded() -> None:
    _, ana, _ = talked()
    for n in range(1000, 1400):
        show(ana, head(ana, n, b"x" * 32))
    assert ana.circle().link is LinkState.ONLINE


def test_a_head_that_the_relay_did_not_sign_is_not_believed() -> None:
    world, ana, _ = talked()
    forged = head(ana, position(ana), b"x" * 32, AccessKeyPair.generate(world.random.randbytes))
    show(ana, forged)
    assert ana.circle().link is LinkState.OFFLINE  # the connection is given up, nothing else
    world.wait(60_000)
    assert ana.circle().link is LinkState.ONLINE and ana.warnings() == []


def test_an_entry_that_is_skipped_ends_the_connection() -> None:
    world, ana, _ = talked()
    show(ana, wire.Entry(position(ana) + 2, 1, world.now, b"later", b""))
    assert "after entry" in ana.circle().link_sentence
    assert position(ana) == len(world.store.shelves[bytes.fromhex(ana.circle().id)].records)


def test_an_entry_that_comes_twice_is_read_once() -> None:
    world, _ana, bo = talked()
    (records,) = [shelf.records for shelf in world.store.shelves.values()]
    for record in records:
        body = record.body or b""
        show(bo, wire.Entry(record.n, record.kind, record.time, body, record.side_data))
        show(bo, wire.Gone(record.n, record.kind, record.entry_hash))
    assert bo.texts() == ["Ana: one"] and bo.warnings() == []


def test_a_message_that_is_shown_again_at_another_place_is_passed_over() -> None:
    world, ana, bo = talked()
    (records,) = [shelf.records for shelf in world.store.shelves.values()]
    for record in (records[-1], records[1]):
        body = record.body or b""
        show(bo, wire.Entry(position(bo) + 1, record.kind, record.time, body, record.side_data))
    assert bo.texts() == ["Ana: one"]
    own = [record for record in records if record.kind == 1][-1]
    show(ana, wire.Entry(position(ana) + 1, 1, own.time, own.body or b"", b""))
    assert ana.texts() == ["Ana: one"]
    assert ana.circle().link is LinkState.ONLINE


def test_what_nobody_can_read_is_named_and_skipped() -> None:
    world, ana, bo = talked()
    n = position(bo)
    show(
        bo,
        wire.Entry(n + 1, 1, world.now, b"noise", b""),
        wire.Entry(n + 2, 2, world.now, b"noise", b"\x90"),
        wire.Entry(n + 3, 3, world.now, b"noise", b"i" * 16),
        wire.Entry(n + 4, 4, world.now, b"noise", b""),
        wire.Entry(n + 5, 5, world.now, b"noise", b""),
    )
    assert position(bo) == n + 5
    assert bo.warnings() == ["An entry that nobody can read was skipped."] * 2
    assert bo.notices()[-1] == "A request to come in again can't be read."
    assert ana.warnings() == []


def bind_alone(world: World, person: Person) -> None:
    """Connect a person's device, up to the relay's `bound` and no further."""
    person.offline = False
    world.now += 60_000
    person.sync()
    (socket,) = person.sockets.values()
    for _ in range(3):
        socket.gather()
        while socket.down:
            world.deliver(socket, up=False)
        while socket.up:
            world.deliver(socket, up=True)
        while world.store.waiting and not socket.frames:
            world.store.settle_one()
        bound = wire.FROM_RELAY.number(wire.Bound)
        socket.frames = [frame for frame in socket.frames[:1] if frame[1] == bound]
    socket.session = None


def test_a_commit_and_a_message_in_each_others_place_are_skipped() -> None:
    world, ana, bo = talked()
    (shelf,) = world.store.shelves.values()
    bo.offline = True
    world.settle()
    ana.says("two")
    ana.invites()
    message, commit = [record for record in shelf.records if record.n > position(bo)][:2]
    assert (message.kind, commit.kind) == (1, 2)
    bind_alone(world, bo)
    n = position(bo)
    show(bo, wire.Entry(n + 1, 2, world.now, message.body or b"", b"\x90"))
    show(bo, wire.Entry(n + 2, 1, world.now, commit.body or b"", b""))
    assert bo.texts() == ["Ana: one"]
    first, forked, last = bo.warnings()
    assert first == "A message out of its place was skipped."
    assert "another conversation" in forked  # the relay's own head says what the log should hold
    assert last == "An entry that nobody can read was skipped."
    show(bo, wire.Entry(n + 3, 2, world.now, commit.body or b"", b"\x90"))
    assert "is not what Ana's device signed" in bo.warnings()[-1]
    show(bo, wire.Entry(n + 4, 2, world.now, commit.body or b"", commit.side_data))
    assert bo.circle().chairs == 2 and len(bo.client.invites(bo.circle().id)) == 1
