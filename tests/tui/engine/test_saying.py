"""Messages: how far they have come, what holds them up, and in which epoch they are read."""

from __future__ import annotations

from relay.limits import Rate, Settings
from tests.harness import World
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.events import LinkState, Queued, RowAdded, RowChanged
from tui.engine.saying import IN_FLIGHT_MOST
from tui.engine.showing import UNCONFIRMED_AFTER
from tui.engine.timeline import WAITING_FROM


def test_a_message_is_here_before_anything_is_sent() -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    ana.offline = True
    world.settle()
    queued = ana.expect(Queued, lambda ref: commands.SendText(ref=ref, text="hello"))
    assert queued.position >= WAITING_FROM
    assert ana.states() == ["waiting"] and ana.circle().waiting == 1
    ana.crash()
    assert ana.texts() == ["Ana: hello"] and ana.states() == ["waiting"]
    assert ana.circle().link is LinkState.OFFLINE


def test_its_states_are_told_as_it_goes() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.says("hello")
    world.settle()
    assert [str(event.row.state) for event in ana.told(RowAdded)] == ["waiting"]
    changes = ana.told(RowChanged)
    assert [str(event.row.state) for event in changes] == ["sent", "delivered"]
    assert changes[0].was is None and changes[1].was == changes[0].row.position
    assert ana.rows()[-1].position == changes[1].row.position < WAITING_FROM
    assert ana.states() == ["delivered"]
    bo.says("I heard")
    world.settle()
    assert ana.states() == ["confirmed"]
    assert [event.row.text for event in bo.told(RowAdded)] == ["hello", "I heard"]


def test_what_nobody_covers_is_marked_after_a_while() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    bo.offline = True
    world.settle()
    ana.says("anybody?")
    world.settle()
    assert [row.unconfirmed for row in ana.rows() if row.mine] == [False]
    world.wait(UNCONFIRMED_AFTER + 60_000)
    assert [row.unconfirmed for row in ana.rows() if row.mine] == [True]
    bo.offline = False
    world.wait(10 * 60_000)
    assert [(row.unconfirmed, str(row.state)) for row in ana.rows() if row.mine] == [
        (False, "confirmed")
    ]


def test_a_cut_line_puts_it_back_to_waiting() -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    ana.says("hello")
    assert ana.states() == ["sent"]
    for socket in world.sockets():
        socket.cut()
    ana.sync()
    assert ana.states() == ["waiting"]
    world.wait(60_000)
    assert ana.states() in (["delivered"], ["confirmed"])


def test_many_at_once_arrive_in_order_under_the_relays_usual_rates() -> None:
    world = World(settings=Settings(failures=Rate(1000, 1)))
    ana, bo = world.circle("Ana", "Bo")
    for number in range(250):
        ana.says(str(number))
    world.wait(120_000)
    assert bo.texts() == [f"Ana: {number}" for number in range(250)]
    assert bo.warnings() == []


def test_no_more_than_so_many_are_under_way() -> None:
    world = World()
    ana, _ = world.circle("Ana", "Bo")
    for number in range(IN_FLIGHT_MOST + 9):
        ana.says(str(number))
    assert ana.states().count("sent") == IN_FLIGHT_MOST
    world.settle()
    assert ana.states().count("delivered") == IN_FLIGHT_MOST + 9


def test_a_message_overtaken_by_a_commit_is_read_in_the_new_epoch() -> None:
    world = World()
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    ana.do(commands.ChangeSettings(topic="changed"))
    for person in (bo, cy):
        for number in range(3):
            person.says(f"{person.name} {number}")
    world.settle()
    assert ana.texts() == bo.texts() == cy.texts()
    assert len(ana.texts()) == 6
    assert ana.warnings() == bo.warnings() == cy.warnings() == []


def test_a_removed_member_is_not_written_to() -> None:
    for seed in range(10):
        world = World(seed)
        ana, bo, cy = world.circle("Ana", "Bo", "Cy")
        ana.do(commands.Remove(member="Bo"))
        cy.says("not for Bo")
        world.wait(10_000)
        (records,) = [shelf.records for shelf in world.store.shelves.values()]
        removal = max(record.n for record in records if record.kind == 2)
        said = [record.n for record in records if record.kind == 1 and record.n > removal]
        assert bo.circle().left
        assert bo.texts() == ([] if said else ["Cy: not for Bo"])
        assert ana.texts() == ["Cy: not for Bo"]


def test_texts_have_bounds() -> None:
    world = World()
    (ana,) = world.circle("Ana")
    for text, reason in (("", "length"), ("x" * 16_001, "length"), ("\ud800", "text")):
        refused = ana.refused(lambda ref, text=text: commands.SendText(ref=ref, text=text))  # type: ignore[misc]
        assert refused.reason == reason
    ana.says("x" * 16_000)
    world.settle()
    assert ana.states() == ["delivered"]


def test_a_circle_without_room_keeps_what_was_typed() -> None:
    world = World(settings=Settings(failures=Rate(1000, 1), circle_size=12_000))
    ana, bo = world.circle("Ana", "Bo")
    for number in range(8):
        ana.says(f"{number}")
    world.wait(10_000)
    assert "no room" in ana.circle().link_sentence
    assert ana.circle().waiting > 0
    world.hub.settings = world.settings = Settings(failures=Rate(1000, 1))
    world.restart_relay()
    world.wait(600_000)
    assert bo.texts() == [f"Ana: {number}" for number in range(8)]


def test_two_circles_do_not_mix() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    ana.opens("Second")
    assert ana.refused(lambda ref: commands.SendText(ref=ref, text="where?")).reason == "ambiguous"
    bo.joins(ana.invites(circle="Second"))
    ana.says("to the first", "Hallway")
    bo.says("to the second", "Second")
    world.settle()
    for person in (ana, bo):
        assert person.texts("Hallway") == ["Ana: to the first"]
        assert person.texts("Second") == ["Bo: to the second"]
        assert len(person.client.links()) == 2
    unknown = ana.refused(lambda ref: commands.SendText(ref=ref, text="x", circle="Third"))
    assert unknown.reason == "unknown_circle"


def test_keys_are_made_fresh_weekly_and_after_many_messages() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")

    def commits() -> int:
        (records,) = [shelf.records for shelf in world.store.shelves.values()]
        return [record.kind for record in records].count(2)

    before = commits()
    circle = circle_of(ana)
    said = circle.record.said
    ana.says("one more")
    world.settle()
    assert circle.record.said == said + 1
    circle.record.said = 198  # as if it had said so many
    ana.says("the 199th")
    world.settle()
    assert commits() == before
    ana.says("the 200th")
    world.settle()
    assert commits() == before + 1 and circle.record.said == 0
    world.now += 8 * 86_400_000  # at once: eight days of heartbeats are not what is tested
    world.settle()
    assert commits() >= before + 3  # Ana's and Bo's
    ana.says("and on")
    world.settle()
    assert bo.texts()[-1] == "Ana: and on" and bo.warnings() == []
