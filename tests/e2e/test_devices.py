"""One person on two computers: linked from the command line, over a relay of their own."""

from __future__ import annotations

import pytest

from tests.e2e.machine import Machine, Person, Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def shows(first: Person, *more: str) -> tuple[Running, str]:
    """The first device shows a code."""
    running = first.start("device", "link", "--yes", *more)
    return running, running.until(lambda line: line.count("-") == 2 and " " not in line).strip()


def test_a_second_computer(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    tail = ana.start("tail")
    tail.online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    bo.opens("Family")
    bo.does("send", "Friends", "from the desk")
    ana.does("send", "Friends", "welcome")

    laptop = computer.person("laptop")
    linking, code = shows(bo, "--history", "all")
    (taken,) = laptop.does("device", "link", code, "--label", "laptop", "--json").lines()
    assert taken == {"circles": taken["circles"], "coming": [], "left": []}
    assert sorted(taken["circles"]) == ["Family", "Friends"]
    done = linking.ended()
    assert done.code == 0 and "laptop is linked" in done.out, done
    assert "laptop asks to be a device of yours, in Friends, Family." in done.err
    tail.until(lambda line: line.endswith("Bo added a device: laptop."))

    (desk, other) = bo.does("device", "list", "--json").lines()
    assert (desk["this"], other["label"], other["this"]) == (True, "laptop", False)
    assert sorted(other["circles"]) == ["Family", "Friends"]
    assert "laptop (this one): in " in laptop.does("device", "list").out
    laptop.does("send", "Friends", "from the sofa")
    tail.until(lambda line: line.endswith(" Bo: from the sofa"))
    bo.does("send", "Friends", "and the desk")
    tail.until(lambda line: line.endswith(" Bo: and the desk"))
    read = laptop.does("read", "Friends", "--json").lines()
    texts = [row["text"] for row in read if row["author"]]
    assert texts == ["from the desk", "welcome", "from the sofa", "and the desk"]
    assert [one["devices"] for one in ana.does("members", "Friends", "--json").lines()] == [
        [""],
        ["", "laptop"],
    ]

    assert "Bo  (on Ana's code, 2 devices: laptop)" in ana.does("members", "Friends").out

    gone = bo.does("device", "remove", "laptop")
    assert gone.out.startswith("laptop is out of ")
    tail.until(lambda line: "Bo removed one of their own devices: laptop." in line)
    assert laptop.run("send", "Friends", "still there?").code != 0
    bo.does("send", "Friends", "alone again")
    tail.until(lambda line: line.endswith(" Bo: alone again"))
    assert "still there?" not in ana.does("read", "Friends").out


def test_killed_on_either_side_it_goes_on_or_says_why(computer: Machine) -> None:
    bo = computer.person("Bo")
    bo.opens("Friends")
    laptop = computer.person("laptop")
    linking, code = shows(bo)
    typed = laptop.start("device", "link", code, "--label", "laptop")
    typed.until(lambda line: "Coming into Friends" in line, err=True)
    typed.popen.kill()
    typed.ended()
    linking.ended()
    coming = laptop.start("tail")
    coming.until(lambda line: "beside your other one" in line)
    coming.end()

    bo.opens("Second")
    again, code = shows(bo)
    typed = laptop.start("device", "link", code, "--label", "laptop")
    typed.until(lambda line: "The words are right" in line, err=True)
    again.popen.kill()
    again.ended()
    done = typed.ended()
    assert done.code == 0 or done.err.strip().endswith((".", "`hallway tail`."))
    linking, code = shows(bo)
    laptop.does("device", "link", code, "--label", "laptop")
    linking.ended()
    assert {one["name"] for one in laptop.does("circles", "--json").lines()} == {
        "Friends",
        "Second",
    }
    for one in bo.does("device", "list", "--json").lines():
        assert sorted(one["circles"]) == ["Friends", "Second"]


def test_what_can_not_be_is_said(computer: Machine) -> None:
    bo = computer.person("Bo")
    bo.opens("Friends")
    for line, code, said in (
        (("device", "link"), 2, "say --yes"),
        (("device", "link", "--yes", "--label", "x"), 2, "on which the code is typed"),
        (("device", "link", "--yes", "--history", "many"), 2, "--history is none, all"),
        (("device", "link", "a-b-c"), 2, "--label"),
        (("device", "link", "a-b-c", "--label", "x", "--history", "all"), 2, "shows the code"),
        (("device", "link", "a-b-c", "--label", "x"), 1, ""),
        (("device", "remove"), 2, "Say which"),
        (("device", "remove", "laptop"), 1, "None of your other devices is called laptop."),
        (("device", "list", "laptop"), 2, "takes nothing else"),
    ):
        done = bo.run(*line)
        assert (done.code, done.out) == (code, ""), (line, done)
        assert said in done.err and "Traceback" not in done.err
