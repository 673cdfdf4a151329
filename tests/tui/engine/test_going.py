"""Leaving, being removed, being named and appointed, and what only hosts may do."""

from __future__ import annotations

from relay import wire
from relay.wire import Refusal
from tests.harness import World
from tests.tui.engine.rogue import circle_of, show
from tui.engine import commands
from tui.engine.events import CircleGone, Finished, LinkState, SpokenOpened


def test_who_leaves_is_gone_for_everybody() -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    bo.says("good-bye")
    world.settle()
    bo.expect(Finished, lambda ref: commands.Leave(ref=ref))
    world.wait(60_000)
    assert bo.circle().left and bo.circle().link is LinkState.STOPPED
    assert bo.circle().link_sentence == "You left."
    assert bo.texts() == ["Bo: good-bye"]  # what was said stays readable
    for person in (ana, cy):
        assert [member.name for member in person.client.members(person.circle().id)] == [
            "Ana",
            "Cy",
        ]
        assert person.notices()[-1] == "Bo left."
        assert person.warnings() == []
    refused = bo.refused(lambda ref: commands.SendText(ref=ref, text="still here?"))
    assert refused.reason == "not_active"
    assert bo.client.links() == {}


def test_the_last_host_hands_over_by_leaving() -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    ana.expect(Finished, lambda ref: commands.Leave(ref=ref))
    world.wait(60_000)
    assert bo.circle().hosts == cy.circle().hosts == ["Bo"]
    assert "Bo is host now, who has been here longest." in cy.notices()


def test_a_host_removes_a_member() -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    code = ana.invites()
    refused = bo.refused(lambda ref: commands.Remove(ref=ref, member="Cy"))
    assert refused.sentence == "Only a host can remove Cy."
    ana.expect(Finished, lambda ref: commands.Remove(ref=ref, member="Bo"))
    world.wait(10_000)
    assert bo.circle().left
    assert bo.circle().link_sentence == "Ana removed you from this circle."
    assert bo.notices()[-1] == "Ana removed you from this circle."
    assert cy.notices()[-1] == "Ana removed Bo. All open codes were withdrawn."
    ana.says("after")
    world.settle()
    assert cy.texts() == ["Ana: after"] and bo.texts() == []
    dee = world.person("Dee")
    assert dee.refused(lambda ref: commands.ReadCode(ref=ref, code=code)).reason == "revoked"


def test_who_was_removed_while_away_hears_it_from_the_relay() -> None:
    world = World()
    ana, bo, _cy = world.circle("Ana", "Bo", "Cy")
    bo.offline = True
    world.settle()
    ana.expect(Finished, lambda ref: commands.Remove(ref=ref, member="Bo"))
    bo.offline = False
    world.wait(60_000)
    assert bo.circle().link is LinkState.STOPPED and not bo.circle().left
    assert "taken out of the circle" in bo.circle().link_sentence
    assert not bo.client.may_return(bo.circle().id)
    bo.expect(Finished, lambda ref: commands.Forget(ref=ref, circle="Hallway"))
    assert bo.client.circles() == []


def test_a_relay_that_lies_about_it_destroys_nothing() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    show(bo, wire.Refused(None, Refusal.REMOVED))
    assert bo.circle().link is LinkState.STOPPED
    assert bo.refused(lambda ref: commands.SendText(ref=ref, text="x")).reason == "not_active"
    world.wait(600_000)
    assert bo.circle().link is LinkState.ONLINE
    bo.says("still here")
    world.settle()
    assert ana.texts() == ["Bo: still here"]


def test_who_left_and_lost_the_line_has_left() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.do(commands.Leave())
    (socket,) = bo.sockets.values()
    while socket.up:
        world.deliver(socket, up=True)
    world.store.settle()
    socket.cut()
    bo.offline = True
    world.wait(60_000)
    assert ana.circle().chairs == 1
    bo.offline = False
    world.wait(600_000)
    assert bo.circle().left and bo.circle().link_sentence == "You left."


def test_some_cannot_be_removed() -> None:
    world = World()
    ana, _bo = world.circle("Ana", "Bo")
    assert ana.refused(lambda ref: commands.Remove(ref=ref, member="Ana")).reason == "self"
    nobody = ana.refused(lambda ref: commands.Remove(ref=ref, member="Zoe"))
    assert nobody.reason == "unknown_member"


def test_a_circle_that_was_left_can_be_forgotten() -> None:
    world = World()
    _ana, bo = world.circle("Ana", "Bo")
    inside = bo.refused(lambda ref: commands.Forget(ref=ref, circle="Hallway"))
    assert inside.reason == "inside"
    bo.expect(Finished, lambda ref: commands.Leave(ref=ref))
    world.wait(10_000)
    bo.expect(Finished, lambda ref: commands.Forget(ref=ref, circle="Hallway"))
    assert bo.client.circles() == [] and bo.told(CircleGone)
    for table in ("messages", "entries", "groups", "ratchets", "outbox", "senders"):
        assert bo.database.rows(f"SELECT * FROM {table}") == []  # noqa: S608


def test_settings_are_changed_by_hosts() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    no = bo.refused(lambda ref: commands.ChangeSettings(ref=ref, topic="mine"))
    assert no.sentence == "Only a host can change the topic."
    ana.expect(
        Finished,
        lambda ref: commands.ChangeSettings(
            ref=ref, name="The stairs", topic="Echoes", cap=4, history=9, door_asks=True
        ),
    )
    world.settle()
    for person in (ana, bo):
        facts = person.circle()
        assert (facts.name, facts.topic, facts.cap) == ("The stairs", "Echoes", 4)
        assert (facts.history, facts.asks_at_door) == (9, True)
    told = bo.notices()[-5:]
    assert told == [
        "Ana named the circle The stairs.",
        "Ana set the topic: Echoes.",
        "Ana lowered the number of chairs to 4.",
        "Ana changed the door: a member says yes.",
        "Ana changed how many messages new codes show of the past: 9.",
    ]
    up = ana.refused(lambda ref: commands.ChangeSettings(ref=ref, cap=5))
    assert "never raised" in up.sentence
    ana.expect(Finished, lambda ref: commands.ChangeSettings(ref=ref, topic="", door_asks=False))
    world.settle()
    assert bo.notices()[-2:] == [
        "Ana took the topic away.",
        "Ana changed the door: a code is enough.",
    ]


def test_what_becomes_of_messages_and_who_is_shown_is_agreed_on_by_hosts() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    no = bo.refused(lambda ref: commands.ChangeSettings(ref=ref, disappear=3_600))
    assert no.sentence == "Only a host can change how long messages stay."
    no = bo.refused(lambda ref: commands.ChangeSettings(ref=ref, presence=True))
    assert no.sentence == "Only a host can change whether one sees who is here."
    no = bo.refused(lambda ref: commands.ChangeSettings(ref=ref, heard=True))
    assert no.sentence == "Only a host can change whether one sees who read what."
    for seconds, on in ((3_600, True), (0, False)):
        ana.do(commands.ChangeSettings(disappear=seconds, presence=on, heard=on))
        world.settle()
        for person in (ana, bo):
            facts = person.circle()
            assert (facts.disappear, facts.presence, facts.heard) == (seconds, on, on)
    assert [notice for notice in bo.notices()[-6:]] == [
        "Ana set new messages to go after 1 hour.",
        "Ana set that others are shown who is here and who is writing.",
        "Ana set that others are shown who read what.",
        "Ana set new messages to stay.",
        "Ana set that nobody is shown who is here and who is writing.",
        "Ana set that nobody is shown who read what.",
    ]
    short = ana.refused(lambda ref: commands.ChangeSettings(ref=ref, disappear=59))
    assert "how long messages stay" in short.sentence
    assert ana.circle().disappear == 0


def test_the_relay_is_told_how_long_to_keep_what_waits() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    no = bo.refused(lambda ref: commands.ChangeSettings(ref=ref, retention=86_400))
    assert no.sentence == "Only a host can change how long the relay keeps messages."
    live = next(iter(world.hub.circles.values()))
    for days in (1, 60):
        ana.do(commands.ChangeSettings(retention=days * 86_400))
        world.settle()
        assert ana.circle().retention == bo.circle().retention == days * 86_400
        assert live.confirmed.roster.retention == days * 86_400
    assert bo.notices()[-2:] == [
        "Ana had the relay keep messages and files for 1 day.",
        "Ana had the relay keep messages and files for 60 days.",
    ]
    short = ana.refused(lambda ref: commands.ChangeSettings(ref=ref, retention=86_399))
    assert "the retention in seconds" in short.sentence
    # The relay is not to blame for what has gone while it was to keep no more than a day.
    assert circle_of(ana).record.retention == 86_400


def test_names_and_hosts_change() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.expect(Finished, lambda ref: commands.Rename(ref=ref, person="Robert"))
    world.settle()
    assert ana.notices()[-1] == "Bo is called Robert now."
    assert bo.circle().me == "Robert"
    like = bo.refused(lambda ref: commands.Rename(ref=ref, person="Ana"))
    assert "looks like Ana" in like.sentence
    assert bo.refused(lambda ref: commands.Rename(ref=ref, person="\x07")).reason == "name"
    ids = [member.id for member in ana.client.members(ana.circle().id)]
    ana.expect(Finished, lambda ref: commands.AppointHosts(ref=ref, members=ids))
    world.settle()
    assert bo.circle().i_am_host and bo.notices()[-1] == "Robert is a host now."
    bo.expect(Finished, lambda ref: commands.AppointHosts(ref=ref, members=[ids[1]]))
    world.settle()
    assert not ana.circle().i_am_host and ana.notices()[-1] == "Ana is no host any more."


def test_a_spoken_code_ends_with_its_circle() -> None:
    world = World()
    ana, bo, _cy = world.circle("Ana", "Bo", "Cy")
    bo.expect(SpokenOpened, lambda ref: commands.OpenSpoken(ref=ref))
    ana.expect(Finished, lambda ref: commands.Remove(ref=ref, member="Bo"))
    world.wait(10_000)
    assert bo.circle().left
    assert [type(event).__name__ for event in bo.heard].count("SpokenEnded") == 1
