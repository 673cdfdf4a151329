"""The first conversation, from the command line: circles, codes, messages, coming and going."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.machine import Machine, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


FIELDS = ("id", "circle", "author", "author_id", "at", "kind", "text", "state")


def test_from_an_empty_machine_to_a_conversation_and_an_end(computer: Machine) -> None:
    ana, bo, cy = (computer.person(name) for name in ("Ana", "Bo", "Cy"))

    opened = ana.does("open", "Friends", "--as", "Ana", "--cap", "3")
    assert "Friends is open, with 3 chairs, one of them yours." in opened.out
    assert f"{computer.address} runs on this computer, and only programs on this" in opened.err

    # A sealed code while Ana stays online.
    tail = ana.start("tail")
    tail.online()
    code = ana.code("Friends")
    assert re.fullmatch(r"127\.0\.0\.1:\d+/[0-9A-Z-]{41}", code)
    joined = bo.does("join", "-", "--as", "Bo", "--yes", says=f"{code}\n")
    assert "Ana invites you to Friends." in joined.out
    assert "chairs       1 of 3 taken" in joined.out
    assert "you will see nothing" in joined.out
    assert joined.out.endswith("You are in Friends.\n")
    tail.until(lambda line: line.endswith("· Bo is here, on the code that you gave."))

    # Both write; Ana's own words go through the process that owns her profile.
    bo.does("send", "Friends", "Hello from Bo")
    tail.until(lambda line: line.endswith(" Bo: Hello from Bo"))
    ana.does("send", "-", says="Hello\nfrom Ana\n")
    tail.until(lambda line: line.endswith(" Ana: Hello"))
    tail.until(lambda line: line == "    from Ana")

    # Bo was away, and reads what Ana wrote meanwhile.
    ana.does("send", "Friends", "Bo is asleep")
    assert bo.texts("Friends") == ["Hello from Bo", "Hello\nfrom Ana", "Bo is asleep"]
    assert tail.end().code == 143

    # Cy comes in on a spoken code, while only Bo is online.
    inviting = bo.start("invite", "Friends", "--spoken")
    spoken = inviting.until(lambda line: line.count("-") == 2)
    cy.does("join", spoken, "--as", "Cy", "--yes")
    invited = inviting.ended()
    assert invited.code == 0
    assert invited.err.startswith("Say it to one person.")
    assert invited.err.endswith("Cy is here.")
    assert [one["name"] for one in cy.does("members", "--json").lines()] == ["Ana", "Bo", "Cy"]
    assert cy.texts("Friends") == []

    # Ana removes Cy, Bo leaves.
    ana.does("remove", "Friends", "Cy")
    gone = cy.run("send", "Friends", "Am I still here?")
    assert (gone.code, gone.out) == (3, "")
    assert "The message is kept here" in gone.err
    assert cy.run("send", "Friends", "And now?").code == 1
    assert "taken out of the circle" in cy.does("circles").out
    bo.does("leave", "Friends")
    assert "You left." in bo.does("circles").out
    assert bo.run("send", "Friends", "One more thing").code == 1
    assert [one["name"] for one in ana.does("members", "--json").lines()] == ["Ana"]
    assert "Bo left." in ana.does("read").out


def test_three_words_said_wrongly_are_spent(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    inviting = ana.start("invite", "--spoken")
    plate, first, second = inviting.until(lambda line: line.count("-") == 2).split("-")
    wrong = bo.run("join", f"{plate}-{second}-{first}", "--as", "Bo", "--yes")
    assert wrong.code == 1
    assert "Traceback" not in wrong.err
    over = inviting.ended()
    assert over.code == 1
    assert "Somebody tried the code" in over.err
    again = bo.run("join", f"{plate}-{first}-{second}", "--as", "Bo", "--yes")
    assert again.code == 1
    assert [one["name"] for one in ana.does("members", "--json").lines()] == ["Ana"]


def test_a_door_that_nobody_opens_is_waited_at(computer: Machine) -> None:
    """The request is in the log; whoever is online next opens, and Bo is in when he comes back."""
    ana, bo = computer.person("Ana"), computer.person("Bo")
    circle = ana.opens("Friends")
    code = ana.code("Friends", "--words")
    assert len(code.partition("@")[0].split("-")) == 14
    joined = bo.run("join", code, "--as", "Bo", "--yes", "--wait", "3")
    assert joined.code == 3
    assert "The request waits at the relay" in joined.err
    tail = ana.start("tail", "Friends", "--json")
    tail.until(lambda line: "Bo is here" in line)
    back = bo.start("tail", "--json")
    back.online()
    ana.does("send", "Friends", "Welcome")
    row = json.loads(back.until(lambda line: '"text": "Welcome"' in line))
    assert row.keys() == set(FIELDS)
    assert (row["circle"], row["author"], row["kind"]) == (circle, "Ana", "text")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["at"])
    assert row["state"] == "received"


def test_the_relay_of_this_computer_comes_back_by_itself(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    tail = ana.start("tail")
    tail.online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    first = computer.relay_process()
    computer.kill_relay()
    bo.does("send", "Friends", "Nobody had to do anything")
    tail.until(lambda line: line.endswith("Bo: Nobody had to do anything"))
    assert computer.relay_process() not in (first, None)

    # Ended by a person it stays ended for those who run, and starts for who comes next.
    ana.does("relay", "stop")
    tail.until(lambda line: "Nobody answers" in line, err=True)
    assert ana.run("relay", "status").code == 1
    bo.does("send", "Friends", "Here again")
    tail.until(lambda line: line.endswith("Bo: Here again"))
    assert ana.does("relay", "status").out.startswith("A relay (process ")


def test_a_relay_of_another_address_is_used_by_name(computer: Machine) -> None:
    """A code for another relay says where; what is sent while it is away is kept."""
    ana, bo = computer.person("Ana"), computer.person("Bo")
    address = f"127.0.0.1:{free_port()}"
    serve = ("relay", "--listen", address, "--data", str(computer.folder / "elsewhere"))
    relay = computer.start(computer.environ, *serve)
    assert relay.until(lambda line: line.startswith("listening on")).endswith(f"ws://{address}")
    ana.opens("Far", "--relay", f"ws://{address}")
    inviting = ana.start("invite", "--spoken")
    code = inviting.until(lambda line: line.count("-") == 2)
    assert code.endswith(f"@{address}")
    bo.does("join", code, "--as", "Bo", "--yes")
    assert inviting.ended().code == 0
    assert relay.end().code == 0

    away = bo.run("send", "Far", "Is anybody there?")
    assert away.code == 3
    assert f"Nobody answers at {address}." in away.err
    assert "The message is kept here" in away.err
    bo.does("send", "Far", "Later then", "--queue")
    assert bo.texts("Far") == ["Is anybody there?", "Later then"]
    assert not computer.relay_home.exists()

    computer.start(computer.environ, *serve).until(lambda line: line.startswith("listening on"))
    bo.does("send", "Far", "Now")
    assert ana.texts("Far") == ["Is anybody there?", "Later then", "Now"]
