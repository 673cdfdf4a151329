"""How a circle is set up, and what its hosts change."""

from __future__ import annotations

import pytest

from tests.e2e.machine import Machine

pytestmark = pytest.mark.slow


def test_a_circle_says_how_it_is_set_up(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    assert ana.does("circle").out.splitlines()[:10] == [
        "Friends",
        "topic:     none",
        "cap:       1 of 8 chairs taken",
        "door:      the code is enough",
        "history:   who comes in sees nothing of before",
        "retention: the relay keeps what waits 30 days",
        "disappear: messages stay",
        "presence:  nobody sees who is here",
        "heard:     nobody sees who read what",
        "hosts:     Ana (you among them)",
    ]
    topic = ("--topic", "Soup \x1b[31mon Sunday", "--name", "Kitchen table")
    assert ana.run("circle", *topic).code == 1, "a topic is plain text"
    changed = ana.does(
        *("circle", "Friends", "--topic", "Soup on Sunday", "--name", "Kitchen table"),
        *("--cap", "5", "--door", "ask", "--history", "2000"),
        *("--retention", "7d", "--disappear", "12h", "--presence", "on", "--heard", "on"),
    )
    assert changed.out.splitlines()[:7] == [
        "Kitchen table",
        "topic:     Soup on Sunday",
        "cap:       1 of 5 chairs taken",
        "door:      a member says yes",
        "history:   who comes in sees the last 2,000 messages",
        "retention: the relay keeps what waits 7 days",
        "disappear: new messages go after 12 hours, everywhere",
    ]
    (facts,) = ana.does("circle", "--json", "--door", "code").lines()
    assert (facts["door"], facts["history"], facts["cap"]) == ("code", 2000, 5)
    assert facts["retention"] == 7 * 86_400
    assert (facts["disappear"], facts["presence"], facts["heard"]) == (43_200, True, True)
    assert facts == ana.does("circles", "--json").lines()[0] | {"link": facts["link"]}
    ana.does("circle", "--topic", "")
    assert ana.does("circle", "--json").lines()[0]["topic"] == ""


def test_what_is_not_possible_changes_nothing(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    before = ana.does("circle").out
    for wish, code, sentence in (
        (("--cap", "9"), 1, "never raised"),
        (("--cap", "0"), 1, "chairs"),
        (("--history", "65536"), 2, "--history is a number up to 65,535."),
        (("--history", "-1"), 2, "--history is a number up to 65,535."),
        (("--retention", "0"), 2, "--retention is a number and m, h or d, as in 36h."),
        (("--retention", "23h"), 2, "--retention is from 1 day to 365 days."),
        (("--disappear", "soon"), 2, "--disappear is a number and m, h or d, as in 36h, or off."),
        (("--disappear", "366d"), 2, "--disappear is from 1 minute to 365 days, or off."),
        (("--host", "Zoe"), 1, "There is nobody here who is called Zoe."),
        (("--name", ""), 1, "name"),
    ):
        done = ana.run("circle", *wish)
        assert (done.code, sentence in done.err) == (code, True), done
    assert ana.does("circle").out == before
    assert bo.run("circle").code == 1, "no profile yet"


def test_hosting_is_handed_over(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    tail = ana.start("tail")
    tail.online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    refused = bo.run("circle", "--topic", "mine")
    assert refused.code == 1 and "host" in refused.err
    both = ana.does("circle", "--host", "Ana", "--host", "Bo")
    assert "hosts:     Ana, Bo (you among them)" in both.out.splitlines()
    assert "topic:     ours" in bo.does("circle", "--topic", "ours").out.splitlines()
    alone = bo.does("circle", "--host", "Bo")
    assert "hosts:     Bo (you among them)" in alone.out.splitlines()
    tail.until(lambda line: "host" in line)
    assert "hosts:     Bo" in ana.does("circle").out.splitlines()
    assert ana.run("circle", "--door", "ask").code == 1
