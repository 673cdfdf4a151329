"""What is done to messages, from the command line: answers, edits, reactions, pins and polls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.machine import Machine, Person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HEART = "\u2764\ufe0f"


def rows(person: Person) -> list[dict[str, Any]]:
    found = person.does("read", "Friends", "--json").lines()
    return [row for row in found if row["author"]]


def test_everything_that_is_done_to_messages(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    tail = ana.start("tail")
    tail.online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")

    ana.does("send", "Friends", "See you at seven, @Bo")
    (said,) = rows(bo)
    assert said["mentions_me"] is True
    id = said["id"]
    assert f"{id[:8]} " in bo.does("read", "Friends", "--ids").out

    (answer,) = bo.does("reply", "Friends", id[:6], "Good", "--json").lines()
    assert answer["reply"] == {"id": id, "author": "Ana", "text": "See you at seven, @Bo"}
    tail.until(lambda line: line.endswith(" Bo (to Ana: See you at seven, @Bo): Good"))
    bo.does("send", "Friends", "waves", "--me")
    tail.until(lambda line: line.endswith(" * Bo waves"))

    bo.does("react", "Friends", id[:4] if id[:4] != answer["id"][:4] else id, HEART)
    tail.until(lambda line: line.endswith(f"See you at seven, @Bo [{HEART} Bo]"))
    (marked,) = ana.does("edit", "Friends", id, "See you at eight, @Bo", "--json").lines()
    assert marked["edited"] is True and marked["reactions"] == [{"what": HEART, "names": ["Bo"]}]
    tail.until(lambda line: f"See you at eight, @Bo (edited) [{HEART} Bo]" in line)
    said_before = ana.does("edit", "Friends", id, "--json").lines()
    assert [one["text"] for one in said_before] == [
        "See you at seven, @Bo",
        "See you at eight, @Bo",
    ]
    assert "See you at seven, @Bo" in bo.does("edit", "Friends", id).out
    bo.does("react", "Friends", id, HEART, "--off")
    assert "reactions" not in rows(bo)[0]

    bo.does("pin", "Friends", id)
    assert "See you at eight" in ana.does("pin", "Friends").out
    assert [one["id"] for one in ana.does("pin", "Friends", "--json").lines()] == [id]
    ana.does("pin", "Friends", id, "--off")
    assert ana.does("pin", "Friends").out == ""

    (poll,) = ana.does("poll", "Friends", "Where?", "Here", "There", "--json").lines()
    ana.does("vote", "Friends", poll["id"], "2")
    assert rows(bo)[-1]["poll"] == {"options": ["Here", "There"], "several": False, "mine": []}
    bo.does("vote", "Friends", poll["id"], "1")
    tail.until(lambda line: line == "    1. Here [Bo]")
    tail.until(lambda line: line == "    2. There [Ana]")
    (taken,) = bo.does("vote", "Friends", poll["id"], "--json").lines()
    assert "choices" not in taken["poll"]

    assert bo.run("delete", "Friends", id).code == 1
    ana.does("delete", "Friends", id)
    tail.until(lambda line: line.endswith("· Ana took a message back."))
    gone = bo.does("read", "Friends", "--json")
    assert gone.lines()[-4]["deleted"] is True and "seven" not in gone.out


def test_what_can_not_be_is_said(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    ana.does("send", "Friends", "hello")
    (said,) = rows(ana)
    for line, code in (
        (("react", "Friends", said["id"], "ok"), 2),
        (("react", "Friends", "abc", HEART), 2),
        (("pin", "Friends", "--off"), 2),
        (("poll", "Friends", "Where?", "Here"), 2),
        (("vote", "Friends", said["id"], "1"), 1),
        (("vote", "Friends", said["id"], "0"), 2),
    ):
        done = ana.run(*line)
        assert done.code == code and done.out == "" and "Traceback" not in done.err
    ana.does("relay", "stop")
    queued = ana.does("edit", "Friends", said["id"], "good evening", "--queue", "--json")
    assert queued.lines()[0]["text"] == "good evening"


def test_two_members_compare_words(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    ana.start("tail").online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    words = ana.does("members", "Friends", "--words", "Bo").out
    assert len(words.split()) == 6 and words == bo.does("members", "--words", "Ana").out
    bo.does("members", "--verified", "Ana")
    assert "Ana  (host, verified)" in bo.does("members").out
    assert "verified" not in ana.does("members").out
    bo.does("members", "--not-verified", "Ana")
    assert "verified" not in bo.does("members").out
    nobody = bo.run("members", "--words", "Zoe")
    assert nobody.code == 1 and "nobody here who is called Zoe" in nobody.err
