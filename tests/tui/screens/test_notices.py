"""What is said about a circle while something is not as usual."""

from __future__ import annotations

import msgspec

from tests.harness import World
from tui.engine.events import (
    CircleFacts,
    EntryMoved,
    EntryState,
    ForkFacts,
    LinkState,
    MemberFacts,
    RequestFacts,
)
from tui.glyphs import ASCII, UNICODE
from tui.screens.notices import link_line, of_circle, of_entries, of_names

FACTS = CircleFacts(
    id="aa", name="Hallway", topic="", relay="chat.example.org", cap=8, chairs=2, me="Ana",
    link=LinkState.ONLINE,
)  # fmt: skip


def said(facts: CircleFacts, *requests: RequestFacts, may_return: bool = False) -> str:
    return "\n".join(line.plain for line in of_circle(facts, [*requests], may_return, UNICODE))


def test_nothing_is_said_while_all_is_well() -> None:
    assert said(FACTS) == ""


def test_being_offline_is_said_with_its_reason() -> None:
    facts = msgspec.structs.replace(
        FACTS, link=LinkState.OFFLINE, link_sentence="Nobody answers at chat.example.org."
    )
    assert said(facts) == (
        "○ Nobody answers at chat.example.org. What you write waits here, and goes out by itself."
    )
    assert said(msgspec.structs.replace(facts, link_sentence="")) == ""


def test_a_full_disk_is_said_and_no_more_is_promised() -> None:
    mine = msgspec.structs.replace(
        FACTS, link=LinkState.OFFLINE, link_sentence="Your disk is full.", keeps=False
    )
    assert said(mine) == "▲ Your disk is full."
    theirs = msgspec.structs.replace(FACTS, link_sentence="The relay's disk is full.")
    assert said(theirs) == "▲ The relay's disk is full."


def test_a_relay_that_is_given_what_it_lost_is_named() -> None:
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    backup = world.backup()
    bo.says("later")
    world.settle()
    bo.offline = True
    world.put_back(backup)
    world.wait(30_000)
    assert said(ana.circle()).startswith("▲ The relay was put back from a backup, and the members'")


def test_a_circle_that_is_stopped_says_why_and_what_to_do() -> None:
    facts = msgspec.structs.replace(FACTS, link=LinkState.STOPPED, link_sentence="An old copy.")
    assert said(facts).strip() == "▲ An old copy."
    assert "/rejoin" in said(facts, may_return=True)


def test_two_conversations_are_to_be_chosen_from() -> None:
    facts = msgspec.structs.replace(
        FACTS,
        link=LinkState.STOPPED,
        link_sentence="Two.",
        forks=[ForkFacts(member="bb", name="Bo", n=7)],
    )
    assert said(facts, may_return=True) == "▲ Two. /settle chooses whose conversation stands."


def test_what_is_kept_back_is_an_alarm_and_no_proof_is_none() -> None:
    at = 50_520_000  # 14:02 in Greenwich
    behind = msgspec.structs.replace(FACTS, behind_since=at, stale=True, fresh_at=at)
    assert said(behind) == "▲ The relay has kept something back from this device since 14:02."
    stale = msgspec.structs.replace(behind, behind_since=0)
    assert said(stale) == "○ no proof of freshness since 14:02"


def test_a_circle_that_was_left_says_so() -> None:
    facts = msgspec.structs.replace(FACTS, left=True, link=LinkState.STOPPED)
    assert "/forget erases it" in said(facts)
    assert said(msgspec.structs.replace(facts, link_sentence="You left.")) == "○ You left."


def test_a_newcomer_who_is_not_vouched_for_yet_is_told() -> None:
    assert "to vouch for this circle" in said(msgspec.structs.replace(FACTS, confirmed=False))


def test_who_is_at_the_door_is_named_where_a_person_answers() -> None:
    asks = RequestFacts(
        circle="aa", n=3, name="Cy\x1b[2J", line="", invited_by="Ana", sent_at=0, asks=True
    )
    assert said(FACTS, asks) == "● Cy␛[2J is at the door. /door"
    assert said(FACTS, msgspec.structs.replace(asks, asks=False)) == ""


def test_a_crowd_at_the_door_leaves_room_for_the_conversation() -> None:
    crowd = [
        RequestFacts(
            circle="aa", n=n, name=f"Cy {n}", line="", invited_by="Ana", sent_at=0, asks=True
        )
        for n in range(50)
    ]
    lines = said(FACTS, *crowd).splitlines()
    assert lines[2] == "● Cy 2 is at the door. /door"
    assert lines[3:] == ["● Others are at the door, too."]
    assert len(said(FACTS, *crowd[:3]).splitlines()) == 3


def named(*names: str) -> list[str]:
    members = [
        MemberFacts(
            id=f"{n:02x}", name=name, hue=n, host=False, me=False, devices=[], join_number=n
        )
        for n, name in enumerate(names)
    ]
    return [line.plain for line in of_names(members, UNICODE)]


def test_names_that_look_alike_are_told_apart() -> None:
    assert named("Ana", "Bo", "Cy") == []
    assert named("Ana", "Bo", "\u0410na", "B\u200bo") == [
        "▲ Ana and \u0410na look alike, and are two people. /people tells who let them in.",
        "▲ Bo and B‹U+200B›o look alike, and are two people. /people tells who let them in.",
    ]
    assert len(named(*["Ana"] * 50)) == 3


def test_where_one_is_coming_in() -> None:
    def entry(state: EntryState) -> EntryMoved:
        return EntryMoved(entry="e", circle_name="Lofoten", state=state, sentence="Patience.")

    [line] = of_entries([entry(EntryState.AT_THE_DOOR), entry(EntryState.IN)], ASCII)
    assert line.plain == "- Waiting to come in to Lofoten. Patience."


def test_the_link_in_a_few_words() -> None:
    def line(waiting: int = 0, **changes: object) -> str:
        return link_line(msgspec.structs.replace(FACTS, **changes), UNICODE, waiting).plain

    assert line() == "● connected"
    assert line(link=LinkState.CONNECTING) == "○ connecting"
    assert line(link=LinkState.OFFLINE, waiting=2) == "○ offline, 2 waiting to be sent"
    assert line(link=LinkState.STOPPED) == "▲ stopped"
    assert line(left=True) == "left"
