"""The façade: what a screen reads, every command's answer, and what happens when all goes wrong."""

from __future__ import annotations

from typing import get_args

import pytest

from relay import wire
from relay.hub import Hub
from relay.limits import Settings
from relay.wire import Refusal
from tests.harness import HOST, CrashError, Person, World
from tui.engine import commands
from tui.engine.asking import TABLE
from tui.engine.commands import Command
from tui.engine.errors import WishError
from tui.engine.events import (
    CircleOpened,
    Circles,
    Exit,
    Finished,
    Invites,
    LinkState,
    LockAsked,
    Members,
    Messages,
    Refused,
)
from tui.engine.links import FIRST_WAIT, LONGEST_WAIT, LinkId, LinkKind, back_off
from tui.engine.reading import COMMITS_KEPT


def test_every_command_has_somebody_who_carries_it_out() -> None:
    assert set(TABLE) == set(get_args(Command))


def test_every_command_is_answered_where_there_is_no_circle() -> None:
    world = World()
    ana = world.person("Ana")
    values: dict[str, object] = {
        "name": "x",
        "person": "Ana",
        "relay": HOST,
        "invite_id": b"i" * 16,
        "code": "",
        "entry": "none",
        "n": 1,
        "admit": True,
        "text": "x",
        "id": "abcd",
        "question": "?",
        "options": ["a", "b"],
        "choices": [],
        "what": "\N{HEAVY BLACK HEART}",
        "member": "x",
        "label": "x",
        "yes": True,
        "circle": "",
        "members": [],
        "position": 1,
        "level": "off",
        "path": "/nowhere/at/all",
        "key": bytes(32),
        "chunks": [],
        "reference": bytes(72),
        "media": "text/plain",
    }
    for kind in get_args(Command):
        needed = {
            field: values[field]
            for field, default in zip(
                kind.__struct_fields__[-len(kind.__struct_defaults__) or None :],
                kind.__struct_defaults__,
                strict=False,
            )
            if field in values and field != "ref" and default is not None
        }
        given = {**{field: values[field] for field in kind.__struct_fields__ if field in values}}
        answer = ana.ask(lambda ref, kind=kind, given=given: kind(ref=ref, **given))  # type: ignore[misc]
        assert answer.ref == ana.ref, (kind, needed)
        if kind is commands.OpenCircle:
            assert isinstance(answer, CircleOpened)
            ana.crash()
            with ana.database.transaction():
                ana.database.write("DELETE FROM circles")
            ana.crash()


def test_opening_a_circle_says_why_not() -> None:
    world = World()
    ana = world.person("Ana")

    def opened(**wrong: object) -> Refused:
        wish: dict[str, object] = {"name": "Hallway", "person": "Ana", "relay": HOST, **wrong}
        return ana.refused(lambda ref: commands.OpenCircle(ref=ref, **wish))  # type: ignore[arg-type]

    assert opened(relay="http://nothing").reason == "not_possible"
    assert opened(name="").reason == "not_possible"
    assert opened(person="\x1b").reason == "not_possible"
    assert opened(cap=1).reason == "not_possible"
    assert opened(cap=51).reason == "not_possible"
    assert opened(device="x" * 40).reason == "not_possible"
    assert ana.client.links() == {} and ana.client.circles() == []


@pytest.mark.parametrize("code", [Refusal.NO_TOKEN, Refusal.TOO_FAST, Refusal.FORBIDDEN])
def test_a_relay_that_opens_no_circle_leaves_none_behind(code: int) -> None:
    world = World()
    ana = world.person("Ana")
    ana.do(commands.OpenCircle(ref=5, name="Hallway", person="Ana", relay=HOST))
    while not ana.client.circles():
        world.step()
    while True:
        world.step()
        waiting = [s for s in ana.sockets.values() if s.session is not None and s.up]
        if waiting:
            break
    (socket,) = waiting
    socket.up.clear()
    client = ana.client
    data = wire.message(wire.Refused(None, code, 1000))
    ana.guarded(lambda: client.link_received(socket.link, data))
    (refused,) = [event for event in ana.told(Refused) if event.ref == 5]
    assert refused.sentence.endswith(".")
    assert ana.client.circles() == []
    world.settle()
    assert ana.sockets == {}


def opened_with(world: World, token: str | None) -> tuple[str, str]:
    """What comes of opening a circle with a token: reason and sentence, or nothing."""
    person = world.person("Ana")
    person.do(commands.OpenCircle(ref=5, name="Hallway", person="Ana", relay=HOST, token=token))
    world.settle()
    for refused in person.told(Refused):
        assert not person.client.circles()
        return refused.reason, refused.sentence
    assert person.told(CircleOpened) and person.client.circles()
    return "", ""


def test_an_operators_token_is_spent_on_one_circle() -> None:
    world = World()
    world.wants_token("good")
    reason, sentence = opened_with(world, None)
    assert reason == "no_token" and "--token" in sentence and "Ask" in sentence
    assert opened_with(world, "  ")[1] == sentence, "nothing was typed"
    assert "doesn't know this token" in opened_with(world, "bad")[1]
    assert opened_with(world, "x" * 129)[0] == "not_possible"
    assert opened_with(world, " good\n") == ("", "")
    assert "all that it was made for" in opened_with(world, "good")[1]
    world.wants_token("old", until=world.now)
    assert "time is over" in opened_with(world, "old")[1]


def test_a_relay_that_opens_no_circle_with_any_token() -> None:
    world = World()
    rng = world.random.randbytes
    world.hub = Hub(world.store, world.settings, lambda: world.now, rng, "closed")
    reason, sentence = opened_with(world, "good")
    assert reason == "closed" and sentence.startswith("This relay opens no new circles.")


def test_cut_off_and_asked_again_a_use_is_spent_once() -> None:
    for seed in range(8):
        world = World(seed)
        world.wants_token("good", uses=2)
        ana = world.person("Ana")
        wish = commands.OpenCircle(ref=5, name="Hallway", person="Ana", relay=HOST, token="good")
        ana.do(wish)
        for _ in range(25):
            if world.random.random() < 0.3 and world.sockets():
                world.random.choice(world.sockets()).cut()
            world.step()
        world.wait(600_000)
        opened = len(world.store.shelves)
        assert opened == len(ana.client.circles()) <= 1
        assert list(world.store.tokens.values()) == [(2 - opened, 1 << 60)]


def test_opening_survives_every_crash_and_cut() -> None:
    for seed in range(12):
        world = World(seed)
        ana = world.person("Ana")
        ana.do(commands.OpenCircle(ref=5, name="Hallway", person="Ana", relay=HOST))
        for _ in range(25):
            if world.random.random() < 0.2:
                ana.database.crash = world.random.choice(["before", "after"])
            if world.random.random() < 0.2 and world.sockets():
                world.random.choice(world.sockets()).cut()
            world.step()
        ana.database.crash = ""
        world.wait(600_000)
        found = ana.client.circles()
        assert len(found) <= 1
        for facts in found:
            assert facts.link is LinkState.ONLINE
            ana.says("alone")
            world.settle()
            assert ana.states() == ["delivered"]


def test_another_tries_to_open_with_a_relay_that_is_going() -> None:
    world = World()
    ana = world.person("Ana")
    world.hub.going()
    refused = ana.refused(
        lambda ref: commands.OpenCircle(ref=ref, name="Hallway", person="Ana", relay=HOST)
    )
    assert refused.exit is Exit.UNREACHABLE and "shut down" in refused.sentence


def test_pages_are_read_around_a_position() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    assert ana.client.count_estimate(ana.circle().id) >= 1
    for number in range(20):
        ana.says(str(number))
    world.settle()
    id = ana.circle().id
    newest = ana.client.rows_before(id, None, 5)
    assert [row.text for row in newest] == ["15", "16", "17", "18", "19"]
    before = ana.client.rows_before(id, newest[0].position, 5)
    assert [row.text for row in before] == ["10", "11", "12", "13", "14"]
    after = ana.client.rows_after(id, before[-1].position, 3)
    assert after == newest[:3]
    assert ana.client.newest_position(id) == newest[-1].position
    assert ana.client.row(id, newest[2].id) == newest[2]
    assert ana.client.row(id, "00" * 16) is None
    assert ana.client.count_estimate(id) >= 20
    answer = bo.expect(Messages, lambda ref: commands.ReadMessages(ref=ref, limit=2))
    assert [row.text for row in answer.rows] == ["18", "19"]
    answer = bo.expect(
        Messages, lambda ref: commands.ReadMessages(ref=ref, after=answer.rows[0].position)
    )
    assert [row.text for row in answer.rows] == ["19"]


def test_an_empty_conversation_has_no_rows() -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens()
    id = ana.circle().id
    assert ana.client.rows_before(id, None, 10) == []
    assert ana.client.newest_position(id) == 0 and ana.client.count_estimate(id) == 0


def test_news_are_what_came_after_the_read_position() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    assert not bo.circle().news
    ana.says("news")
    world.settle()
    assert bo.circle().news and not ana.circle().news
    newest = bo.client.newest_position(bo.circle().id)
    bo.expect(Finished, lambda ref: commands.MarkRead(ref=ref, position=newest))
    assert not bo.circle().news and bo.circle().read_position == newest
    bo.expect(Finished, lambda ref: commands.MarkRead(ref=ref, position=1))
    assert bo.circle().read_position == newest
    bo.expect(Finished, lambda ref: commands.SaveDraft(ref=ref, text="half a thou"))
    bo.crash()
    assert bo.circle().draft == "half a thou" and not bo.circle().news


def test_lists_are_answered() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.invites(uses=2, history=3)
    circles = bo.expect(Circles, lambda ref: commands.ListCircles(ref=ref)).circles
    assert [facts.name for facts in circles] == ["Hallway"]
    members = bo.expect(Members, lambda ref: commands.ListMembers(ref=ref)).members
    assert [(facts.name, facts.hue, facts.devices) for facts in members] == [
        ("Ana", 0, [""]),
        ("Bo", 1, [""]),
    ]
    (theirs,) = bo.expect(Invites, lambda ref: commands.ListInvites(ref=ref)).invites
    assert (theirs.issuer, theirs.mine, theirs.code) == ("Ana", False, "")
    (own,) = ana.expect(Invites, lambda ref: commands.ListInvites(ref=ref)).invites
    assert own.code and own.words and own.link.startswith("https://") and own.history == 3


def test_codes_have_bounds() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    for wrong in ({"uses": 0}, {"lifetime": 1}, {"history": -1}):
        refused = ana.refused(
            lambda ref, wrong=wrong: commands.CreateInvite(ref=ref, **wrong)  # type: ignore[misc]
        )
        assert refused.exit is Exit.USAGE


def test_circles_are_named_by_name_or_id() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    id = ana.circle().id
    assert ana.circle("Hallway").id == ana.circle(id.upper()).id == id
    with pytest.raises(WishError, match="There is no circle Stairs"):
        ana.circle("Stairs")
    with pytest.raises(WishError, match="no circle here yet"):
        world.person("Bo").circle()


def test_what_fails_changes_nothing_and_says_so() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.database.crash = "before"
    before = ana.rows()
    with pytest.raises(CrashError):
        ana.client.do(commands.SendText(ref=1, text="lost"))
    assert ana.client.events() == [] and ana.client.data_to_send() == []
    assert ana.rows() == before
    old = set(ana.sockets)
    assert not old & set(ana.client.links())
    world.settle()
    ana.says("kept")
    world.settle()
    assert bo.texts() == ["Ana: kept"]


def test_what_lived_on_a_connection_is_told_of_a_failure() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    code = ana.invites()
    bo = world.person("Bo")
    bo.do(commands.ReadCode(ref=1, code=code))
    bo.do(commands.OpenCircle(ref=2, name="Second", person="Bo", relay=HOST))
    bo.database.crash = "before"
    with pytest.raises(CrashError):
        bo.client.do(commands.ListCircles(ref=3))
    refused = [event for event in bo.client.events() if isinstance(event, Refused)]
    assert sorted(event.ref for event in refused) == [1, 2]
    assert bo.client.links() == {}


def test_a_link_that_is_not_wanted_any_more_is_ignored() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    ana.client.link_opened(LinkId(10_000))
    ana.client.link_received(LinkId(10_000), b"noise")
    ana.client.link_closed(LinkId(10_000), "gone")
    assert ana.client.events() == []
    (link,) = ana.client.links()
    ana.client.link_closed(link, "The line is dead.")
    assert ana.circle().link is LinkState.OFFLINE
    assert ana.circle().link_sentence == "The line is dead."
    (again,) = ana.client.links()
    assert again != link
    ana.client.link_received(again, b"before it was opened")
    assert ana.circle().link is LinkState.OFFLINE


def test_wishes_name_the_relay_and_when() -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens()
    (wish,) = ana.client.links().values()
    assert (wish.kind, wish.address.dialled, wish.circle) == (
        LinkKind.CIRCLE,
        HOST,
        ana.circle().id,
    )
    world.relay_down = True
    for socket in world.sockets():
        socket.cut()
    waits = []
    for _ in range(12):
        world.step()
        (wish,) = ana.client.links().values()
        waits.append(wish.not_before - world.now)
        world.now = max(world.now, wish.not_before)
    assert waits[0] <= 2 * FIRST_WAIT and max(waits) <= LONGEST_WAIT
    assert max(waits[-3:]) > 30_000


def test_waits_grow_and_differ() -> None:
    world = World()
    assert back_off(0, world.random.randbytes) == 0
    waits = {back_off(5, world.random.randbytes) for _ in range(50)}
    assert len(waits) > 40
    assert min(waits) >= (FIRST_WAIT << 5) // 4 and max(waits) <= FIRST_WAIT << 5
    assert back_off(400, lambda n: b"\xff" * n) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Refusal.GOING, "shut down"),
        (Refusal.BROKEN, "disk"),
        (Refusal.TOO_SLOW, "slow"),
        (Refusal.VERSION, "version"),
        (Refusal.FORBIDDEN, "does not know"),
        (Refusal.MALFORMED, "does not go on"),
    ],
)
def test_a_relay_that_closes_says_why(code: int, words: str) -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens()
    (socket,) = ana.sockets.values()
    client = ana.client
    data = wire.message(wire.Refused(None, code, 0))
    ana.guarded(lambda: client.link_received(socket.link, data))
    assert ana.circle().link is LinkState.OFFLINE and words in ana.circle().link_sentence
    world.wait(600_000)
    assert ana.circle().link is LinkState.ONLINE and ana.circle().link_sentence == ""


def test_a_relay_that_asks_to_wait_is_waited_for() -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens()
    for socket in world.sockets():
        socket.cut()
    while not ana.sync():
        world.now += 100
    while not (ana.sockets and next(iter(ana.sockets.values())).up):
        world.now += 100
        world.step()
    (socket,) = ana.sockets.values()
    client = ana.client
    data = wire.message(wire.Refused(None, Refusal.TOO_FAST, 7_000))
    ana.guarded(lambda: client.link_received(socket.link, data))
    (wish,) = client.links().values()
    assert wish.not_before == world.now + 7_000


def test_a_relay_of_another_version_is_named() -> None:
    world = World()
    ana = world.person("Ana")
    ana.opens()
    (socket,) = ana.sockets.values()
    client = ana.client
    ana.guarded(lambda: client.link_received(socket.link, b"\x05"))
    assert "version 5" in ana.circle().link_sentence


def test_what_was_kept_long_enough_goes() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("old")
    world.now += 8 * 86_400_000  # at once: eight days of heartbeats are not what is tested
    world.settle()
    bo.client.tick()
    held = "SELECT DISTINCT kind FROM entries WHERE body IS NOT NULL AND n < 4"
    assert bo.database.rows(held) == [(2,)]
    world.now += COMMITS_KEPT
    bo.client.tick()
    assert bo.database.rows(held) == []
    assert bo.texts() == ["Ana: old"]


def test_the_usual_relay_serves_a_small_circle() -> None:
    world = World(settings=Settings())
    people: list[Person] = world.circle("Ana", "Bo", "Cy")
    for person in people:
        person.says(f"I am {person.name}")
    world.settle()
    assert people[0].texts() == people[1].texts() == people[2].texts()


def test_a_wish_to_lock_is_passed_on_to_everybody() -> None:
    ana = World().person("Ana")
    ana.expect(Finished, lambda ref: commands.Lock(ref=ref))
    answered, news = ana.heard[-2:]
    assert isinstance(answered, Finished)
    assert news == LockAsked()


@pytest.mark.parametrize(
    ("code", "words"), [(Refusal.GOING, "shut down"), (Refusal.BROKEN, "not well")]
)
def test_a_relay_that_does_not_even_greet_says_why(code: int, words: str) -> None:
    world = World()
    ana = world.person("Ana")
    ana.do(commands.OpenCircle(ref=3, name="Hallway", person="Ana", relay=HOST))
    ana.sync()
    (socket,) = ana.sockets.values()
    client = ana.client
    data = wire.message(wire.Refused(None, code))
    ana.guarded(lambda: client.link_received(socket.link, data))
    (refused,) = ana.told(Refused)
    assert refused.ref == 3 and words in refused.sentence
    assert client.circles() == []
