"""Who answers the door, when, and what devices of several members make of one request."""

from __future__ import annotations

from crypto.code import SealedCode
from crypto.code_reading import read_code
from crypto.entry import EntryRequest, seal_request
from crypto.invite import InviteKeys
from relay import wire
from tests.harness import Person, World
from tests.tui.engine.rogue import circle_of, entry, show
from tui.engine import commands
from tui.engine.circle import SUITE
from tui.engine.events import RequestAnswered, RequestWaiting


def asks(person: Person, code: str) -> None:
    card = person.reads(code)
    person.do(commands.Enter(ref=7, entry=card.entry, person=person.name))


def commits(world: World) -> int:
    (shelf,) = world.store.shelves.values()
    return [record.kind for record in shelf.records].count(2)


def test_one_device_answers_and_the_others_need_not() -> None:
    for seed in range(6):
        world = World(seed)
        ana, bo, cy = world.circle("Ana", "Bo", "Cy")
        code = ana.invites()
        before = commits(world)
        dee = world.person("Dee")
        asks(dee, code)
        world.wait(30_000)
        assert dee.circle().chairs == 4
        assert commits(world) == before + 1
        for person in (ana, bo, cy):
            assert [event.admitted for event in person.told(RequestAnswered)] == [True]


def test_who_is_ranked_first_may_be_asleep() -> None:
    for seed in range(6):
        world = World(seed)
        ana, bo, cy = world.circle("Ana", "Bo", "Cy")
        code = ana.invites()
        sleeping = world.random.sample([ana, bo, cy], 2)
        for person in sleeping:
            person.offline = True
        world.settle(wait=0)
        dee = world.person("Dee")
        asks(dee, code)
        world.wait(10_000)
        assert dee.circle().chairs == 4


def test_a_request_on_another_code_than_its_own_is_named() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.do(commands.ChangeSettings(door_asks=True))
    first, second = ana.invites(uses=2), read_code(ana.invites(uses=2))
    assert isinstance(second, SealedCode)
    bo = world.person("Bo")
    asks(bo, first)
    world.settle(wait=0)
    ((content,),) = ana.database.rows("SELECT content FROM requests")
    assert isinstance(content, bytes)
    circle = circle_of(ana)
    invite = circle.view.state.invite(InviteKeys.of(second.secret).id)
    assert invite is not None
    asked, rng = EntryRequest.decode(content), world.random.randbytes
    body = seal_request(SUITE, invite.request_key(), circle.id, invite.id, asked, rng)
    show(ana, entry(ana, 3, body, invite.id))
    assert ana.notices()[-1] == "A request to come in is not on its code."
    assert len(ana.client.requests(ana.circle().id)) == 1


def test_a_name_that_came_to_imitate_is_not_let_in() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.do(commands.ChangeSettings(door_asks=True))
    world.settle()
    code = ana.invites()
    cy = world.person("Cy")
    asks(cy, code)
    world.settle(wait=1_000)
    bo.do(commands.Rename(person="Cу"))  # with a Cyrillic letter
    world.settle(wait=1_000)
    (waiting,) = ana.client.requests(ana.circle().id)
    refused = ana.refused(lambda ref: commands.AnswerRequest(ref=ref, n=waiting.n, admit=True))
    assert "looks like" in refused.sentence
    assert ana.client.requests(ana.circle().id) == []
    assert ana.notices()[-1].startswith("Cy asked to come in, and can't")
    assert ana.told(RequestWaiting) and not cy.client.circles()


def test_a_rejoin_is_not_shown_as_somebody_at_the_door() -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    show(ana, wire.Entry(circle_of(ana).record.n + 1, 4, world.now, b"noise", b""))
    assert ana.client.requests(ana.circle().id) == []
    refused = ana.refused(lambda ref: commands.AnswerRequest(ref=ref, n=99, admit=False))
    assert refused.reason == "nobody"
