"""What a skipped commit did at the relay, which can't judge it, and how a host undoes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from crypto.access.roster import InviteState, Roster
from crypto.access.side_data import (
    AddDevice,
    AddInvite,
    Cap,
    Delta,
    Flag,
    Keep,
    OpenInvite,
    Remove,
    RevokeInvite,
    TakenSeat,
    WholeRoster,
    encode,
)
from crypto.circle.sides import whole_roster
from crypto.primitives import sha256
from relay import wire
from relay.wire import Refusal
from tests.harness import Person, Socket, World
from tests.tui.engine.attacks import admission, leaf_of
from tests.tui.engine.renegade import Renegade, Try
from tests.tui.engine.rogue import circle_of
from tests.tui.engine.test_attacks import Scene, standing
from tests.tui.engine.test_committing import pending, refuse
from tui.engine import commands
from tui.engine.circle import EVICTED
from tui.engine.committing import NOT_PUT_RIGHT
from tui.engine.entering import TAKEN_OFF
from tui.engine.events import EntryEnded, Finished, LinkState
from tui.engine.following import ALTERED
from tui.engine.roster import AFTER, DOUBT, in_doubt

pytestmark = pytest.mark.slow  # whole circles, with lies about who is in them

CARD = b"a card"


def roster_of(world: World) -> Roster:
    (live,) = world.hub.circles.values()
    return live.confirmed.roster


def is_right(world: World, host: Person) -> bool:
    """Whether the relay's roster says what the circle's tree does."""
    view, roster = circle_of(host).view, roster_of(world)
    chairs: dict[bytes, set[int]] = {}
    for leaf in view.leaves.values():
        seat = roster.seats.get(leaf.access_key)
        if seat is None:
            return False
        chairs.setdefault(leaf.member, set()).add(seat.chair)
    opened = {
        (invite.invite_id, invite.uses)
        for invite in roster.invites.values()
        if invite.state is InviteState.OPEN
    }
    return (
        len(roster.seats) == len(view.leaves)
        and all(len(found) == 1 for found in chairs.values())
        and len(roster.chairs()) == len(chairs)
        and roster.hosts == {chair for host in view.state.hosts for chair in chairs[host]}
        and roster.cap == view.state.cap
        and roster.retention == view.state.retention
        and opened == {(invite.id, invite.uses) for invite in view.state.invites}
    )


def an_invite(number: int) -> AddInvite:
    return AddInvite(bytes([number]) * 16, os.urandom(32), os.urandom(32), 1, 1 << 50, sha256(CARD))


def own_devices(scene: Scene) -> list[Delta]:
    return [AddDevice(os.urandom(32)), AddDevice(os.urandom(32))]


def own_key_away(scene: Scene) -> list[Delta]:
    return [AddDevice(os.urandom(32)), Remove(scene.eve.circle.access.public)]


def chairs_on_a_code(scene: Scene) -> list[Delta]:
    """Two strangers take the code's chairs at the relay, and are nowhere in the circle."""
    people = [scene.eve.outsider(scene.keys.open) for _ in range(2)]
    return [delta for one in people for delta in admission(scene.eve, one, scene.keys.open)[:1]]


def invites(scene: Scene) -> list[Delta]:
    return [an_invite(1), an_invite(2)]


def everybody_but_one_host(scene: Scene) -> list[Delta]:
    return [Remove(leaf_of(scene.eve, name).access_key) for name in ("Bo", "Cy")]


def fewer_chairs(scene: Scene) -> list[Delta]:
    return [
        Cap(4),
        Keep(86_400),
        RevokeInvite(scene.keys.open.id),
        Flag(leaf_of(scene.eve, "Bo").access_key, True),
    ]


Beside = Callable[[Scene], list[Delta]]


@pytest.mark.parametrize(
    ("host", "beside"),
    [
        (False, own_devices),
        (False, own_key_away),
        (False, chairs_on_a_code),
        (False, invites),
        (True, everybody_but_one_host),
        (True, fewer_chairs),
    ],
)
def test_what_stood_beside_a_skipped_commit_is_undone(host: bool, beside: Beside) -> None:
    scene = Scene(host)
    world, ana, bo, cy = scene.world, scene.ana, scene.bo, scene.cy
    deltas = beside(scene)
    assert is_right(world, ana)
    assert scene.eve.orders(os.urandom(1100), encode(deltas), CARD)
    world.settle(wait=0)
    assert not is_right(world, ana)
    world.wait(AFTER + 10_000)
    assert is_right(world, ana)
    word = "told the relay anew who is here, after a change that was refused."
    assert ana.notices()[-1] == f"Your device {word}"
    world.wait(600_000)
    bo.says("still here")
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, topic="on"))
    for person in (bo, cy):
        assert f"Ana's device {word}" in person.notices()
        assert person.texts() == ["Bo: still here"] and person.circle().topic == "on"
        assert person.circle().link is LinkState.ONLINE
    world.person("Dee").joins(scene.code)
    assert is_right(world, ana)


def whole(scene: Scene) -> list[Delta]:
    """What a host might tell the relay, rightfully."""
    return list(whole_roster(scene.eve.state, scene.eve.view.leaves.values()))


def without_bo(scene: Scene) -> list[Delta]:
    gone = leaf_of(scene.eve, "Bo").access_key
    return [d for d in whole(scene) if not (isinstance(d, TakenSeat) and d.access_key == gone)]


def with_bo_as_host(scene: Scene) -> list[Delta]:
    bo = leaf_of(scene.eve, "Bo").access_key
    return [*without_bo(scene), TakenSeat(bo, True)]


def with_more_chairs(scene: Scene) -> list[Delta]:
    scene.ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, cap=5))
    scene.eve.follow()
    return [WholeRoster(8), *whole(scene)[1:]]


def with_a_code_that_is_used_up(scene: Scene) -> list[Delta]:
    return [*whole(scene), OpenInvite(scene.keys.used.id, 3)]


def with_more_uses(scene: Scene) -> list[Delta]:
    scene.world.person("Dee").joins(scene.code)
    scene.eve.follow()
    return [*whole(scene)[:-1], OpenInvite(scene.keys.open.id, 2)]


def with_somebody_who_was_removed(scene: Scene) -> list[Delta]:
    gone = leaf_of(scene.eve, "Cy").access_key
    scene.ana.expect(Finished, lambda ref: commands.Remove(ref=ref, member="Cy"))
    scene.eve.follow()
    return [*whole(scene), TakenSeat(gone, False)]


@pytest.mark.parametrize(
    "tell",
    [
        without_bo,
        with_bo_as_host,
        with_more_chairs,
        with_a_code_that_is_used_up,
        with_more_uses,
        with_somebody_who_was_removed,
    ],
)
def test_a_host_who_tells_the_relay_what_is_not_so_is_named(tell: Beside) -> None:
    """The relay takes a host's word. Members have the tree, and an honest host the last word."""
    scene = Scene(host=True)
    world, ana = scene.world, scene.ana
    deltas = tell(scene)
    assert is_right(world, ana)
    before = standing(ana)
    assert scene.eve.commits(Try(deltas=deltas))
    world.settle(wait=0)
    assert not is_right(world, ana) and standing(ana) == before
    (warning,) = ana.warnings()
    assert warning.startswith("Eve tried what this circle does not allow, and it was refused:")
    assert "What the relay is told is not what the commit does" in warning
    world.wait(600_000)
    assert is_right(world, ana)
    ana.says("still here")
    world.settle()
    for member in ana.client.members(ana.circle().id):
        if member.name != "Eve":
            (person,) = [other for other in world.people if other.name == member.name]
            assert person.texts() == ["Ana: still here"]
            assert person.circle().link is LinkState.ONLINE


@pytest.mark.parametrize("tell", [whole, without_bo, with_bo_as_host])
def test_the_relay_takes_no_members_word(tell: Beside) -> None:
    scene = Scene(host=False)
    before = roster_of(scene.world)
    assert not scene.eve.commits(Try(deltas=tell(scene)))
    assert roster_of(scene.world) == before


def test_who_was_evicted_beside_it_is_told_and_comes_back_alone() -> None:
    scene = Scene(host=True)
    world, bo = scene.world, scene.bo
    assert scene.eve.orders(os.urandom(1100), encode(everybody_but_one_host(scene)))
    world.settle(wait=0)
    assert circle_of(bo).record.status == EVICTED
    assert "The relay says that this device was taken out of the circle." in bo.warnings()
    bo.says("into the outbox")
    world.wait(600_000)
    assert bo.circle().link is LinkState.ONLINE
    assert "An entry that nobody can read was skipped." in bo.warnings()


def test_a_key_that_somebody_takes_at_the_door_costs_another_try() -> None:
    """Eve calls the newcomer's key a device of hers: the relay then takes it from nobody else."""
    scene = Scene(host=False)
    world, ana = scene.world, scene.ana
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
    dee = world.person("Dee")
    card = dee.reads(scene.code)
    dee.do(commands.Enter(ref=1, entry=card.entry, person="Dee"))
    world.settle()
    (asked,) = ana.client.requests(ana.circle().id)
    record = circle_of(ana).context.store.requests.get(circle_of(ana).number, asked.n)
    assert record is not None
    dee.offline = True
    scene.eve.follow()
    assert scene.eve.orders(os.urandom(1100), encode([AddDevice(record.access_key)]))
    ana.do(commands.AnswerRequest(ref=50, circle=ana.circle().id, n=asked.n, admit=True))
    world.wait(AFTER + 10_000)
    assert "Dee asked to come in, and can't" in "".join(ana.notices())
    assert is_right(world, ana)
    dee.offline = False
    world.wait(10_000)
    (ended,) = dee.told(EntryEnded)
    assert ended.sentence == TAKEN_OFF
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=False))
    dee.joins(scene.code)
    assert is_right(world, ana)


class Waiting:
    """Dee is at the door when Eve's skipped commit has closed every code at the relay."""

    def __init__(self) -> None:
        scene = Scene(host=False)
        self.world, self.ana, self.bo = scene.world, scene.ana, scene.bo
        self.ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, door_asks=True))
        self.dee = self.world.person("Dee")
        card = self.dee.reads(scene.code)
        self.dee.do(commands.Enter(ref=1, entry=card.entry, person="Dee"))
        self.world.settle()
        self.dee.offline = True
        scene.eve.follow()
        assert scene.eve.orders(os.urandom(1100), encode(own_key_away(scene)))
        self.world.settle(wait=0)

    def let_in(self, by: Person) -> None:
        (asked,) = by.client.requests(by.circle().id)
        by.do(commands.AnswerRequest(ref=50, circle=by.circle().id, n=asked.n, admit=True))
        self.world.settle(wait=0)
        assert not any("Dee asked to come in, and can't" in text for text in by.notices())


@pytest.mark.parametrize("host", [True, False])
def test_what_the_relay_refuses_meanwhile_is_done_after_that(host: bool) -> None:
    door = Waiting()
    door.let_in(door.ana if host else door.bo)
    door.world.wait(DOUBT)
    door.dee.offline = False
    door.world.wait(DOUBT)
    assert is_right(door.world, door.ana)
    assert door.dee.circle().chairs == 5


def test_its_no_is_the_last_word_where_no_host_is_about() -> None:
    door = Waiting()
    door.ana.offline = True
    door.let_in(door.bo)
    door.world.wait(2 * DOUBT)
    withdrawn = "Dee asked to come in, and can't: This code was withdrawn."
    assert door.bo.notices()[-1] == withdrawn


def test_one_of_several_hosts_does_it_once_for_a_flood() -> None:
    world = World()
    people = world.circle("Ana", "Bo", "Cy", "Eve")
    ana, bo, cy, eve = people
    ids = [member.id for member in ana.client.members(ana.circle().id)]
    ana.expect(Finished, lambda ref: commands.AppointHosts(ref=ref, members=ids[:3]))
    renegade = Renegade(eve)
    for number in range(4):
        assert renegade.orders(b"flood", encode([an_invite(number)]), CARD)
    world.wait(60_000)
    told = [text for text in cy.notices() if "told the relay anew" in text]
    assert len(told) == 1
    assert is_right(world, ana)
    for person in (ana, bo, cy):
        assert list(person.database.rows("SELECT * FROM intentions")) == []
    world.wait(600_000)
    assert [text for text in cy.notices() if "told the relay anew" in text] == told


def test_whoever_has_just_come_in_doubts_nothing() -> None:
    """The commit that let them in stands before what they can follow."""
    _, bo = World().circle("Ana", "Bo")
    assert not in_doubt(circle_of(bo))


def test_a_commit_without_side_data_needs_no_putting_right() -> None:
    scene = Scene(host=False)
    assert scene.eve.orders(b"noise", encode([]))
    scene.world.wait(60_000)
    assert not any("anew" in text for text in scene.ana.notices())


def test_a_relay_that_does_not_take_it_is_named() -> None:
    scene = Scene(host=False)
    assert scene.eve.orders(b"noise", encode(own_devices(scene)))
    world, ana = scene.world, scene.ana
    world.settle(wait=0)
    world.now += AFTER + 2_000
    world.tick()
    assert len(pending(ana)) == 1
    refuse(ana, Refusal.NOT_ALLOWED)
    assert ana.warnings()[-1] == NOT_PUT_RIGHT and pending(ana) == []
    assert not ana.circle().unsent


class AlteringWorld(World):
    """A relay that puts something else beside the next commit than its author did."""

    beside: bytes | None = None
    cuts = False

    def deliver(self, socket: Socket, up: bool) -> None:
        if up and self.beside is not None:
            (frame, *_) = wire.decode_from_client(socket.up[0])
            if isinstance(frame, wire.Commit):
                altered = replace(frame, side_data=self.beside)
                socket.up[0], self.beside = wire.message(altered), None
                super().deliver(socket, up)
                if self.cuts:
                    socket.cut()
                return
        super().deliver(socket, up)


def test_a_relay_that_evicts_somebody_beside_anothers_commit() -> None:
    """All refuse, the author too; the author's wish is carried out after that, and the roster is
    what it was. (A relay that goes on so is one to leave.)"""
    world = AlteringWorld()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    world.beside, world.cuts = encode([Remove(circle_of(cy).access.public)]), True
    ana.do(commands.ChangeSettings(topic="altered"))
    world.settle(wait=0)
    world.wait(600_000)
    assert any("altered a change of this device's" in text for text in ana.warnings())
    assert bo.warnings()[0] == ALTERED.format(who="Ana")
    assert is_right(world, ana)
    for person in (ana, bo, cy):
        assert person.circle().topic == "altered"
        assert person.circle().chairs == 3


def test_a_relay_that_evicts_somebody_and_tells_the_author_that_all_is_well() -> None:
    """`done` shows the author an entry that is not there: it has followed what nobody else has,
    and the relay's next head gives that away."""
    world = AlteringWorld()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    world.beside = encode([Remove(circle_of(cy).access.public)])
    ana.do(commands.ChangeSettings(topic="altered"))
    world.settle(wait=0)
    assert ana.circle().link is LinkState.STOPPED
    assert "The relay has shown this device another conversation" in ana.warnings()[0]
    assert bo.warnings()[0] == ALTERED.format(who="Ana")
    assert bo.circle().link is LinkState.ONLINE and bo.circle().topic == ""
    assert "The relay says that this device was taken out of the circle." in cy.warnings()
