"""Several commands at once on one profile, and what a person is asked at a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pexpect
import pytest

from tests.e2e.machine import COMMAND, SECONDS, Machine, Person, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def at_a_terminal(person: Person, *arguments: str) -> pexpect.spawn[str]:
    """A command at a terminal of its own."""
    program, *rest = COMMAND
    return pexpect.spawn(
        program,
        [*rest, *arguments],
        env=person.environ,
        cwd=str(person.machine.folder),
        encoding="utf-8",
        timeout=SECONDS,
        dimensions=(24, 80),
        echo=False,
    )


def ended(terminal: pexpect.spawn[str]) -> int | None:
    """Wait for the end; the exit code."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus


@pytest.mark.parametrize("owned", [False, True])
def test_commands_take_turns_or_go_to_the_owner(computer: Machine, owned: bool) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    if owned:
        ana.start("tail").online()
    texts = [f"Message {number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda text: ana.run("send", "Friends", text), texts))
    assert [one.code for one in done] == [0] * 6
    assert sorted(ana.texts("Friends")) == texts


def test_a_person_is_asked_before_they_come_in(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    ana.start("tail").online()
    code = ana.code("Friends")

    terminal = at_a_terminal(bo, "join", code, "--as", "Bo")
    terminal.expect_exact("Ana invites you to Friends.")
    terminal.expect_exact("Come in? [y/N] ")
    terminal.sendline("n")
    terminal.expect_exact("You did not come in.")
    assert ended(terminal) == 1
    assert bo.does("circles").out == ""

    terminal = at_a_terminal(bo, "join", "--as", "Bo")
    terminal.expect_exact("The code:")
    terminal.sendline(code)
    terminal.expect_exact("Come in? [y/N] ")
    terminal.sendline("yes")
    terminal.expect_exact("You are in Friends.")
    assert ended(terminal) == 0


def test_who_does_not_say_their_name_is_asked_for_it(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    ana.start("tail").online()
    terminal = at_a_terminal(bo, "join", ana.code("Friends"), "--yes")
    terminal.expect_exact("Your name there: ")
    terminal.sendline("Bo")
    terminal.expect_exact("You are in Friends.")
    assert ended(terminal) == 0
    assert [one["name"] for one in bo.does("members", "--json").lines()] == ["Ana", "Bo"]


@pytest.mark.parametrize("owned", [False, True])
def test_a_spoken_code_ends_with_its_command(computer: Machine, owned: bool) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    if owned:
        ana.start("tail").online()
    inviting = ana.start("invite", "--spoken")
    inviting.until(lambda line: line.count("-") == 2)
    assert len(ana.does("invite", "--list").out.splitlines()) == 1
    assert inviting.end(signal.SIGINT).code == 130
    ana.does("members")  # goes on with what is under way
    assert ana.does("invite", "--list").out == ""


def test_a_change_that_loses_its_relay_is_kept(computer: Machine) -> None:
    """Frozen in the middle, so that nothing answers; then gone."""
    ana = computer.person("Ana")
    address = f"127.0.0.1:{free_port()}"
    serve = ("relay", "--listen", address, "--data", str(computer.folder / "elsewhere"))
    relay = computer.start(computer.environ, *serve)
    relay.until(lambda line: line.startswith("listening on"))
    ana.opens("Far", "--relay", address)
    tail = ana.start("tail")
    tail.online()
    relay.popen.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        renaming = pool.submit(ana.run, "rename", "Anabel")
        while not ana.does("circles", "--json").lines()[0]["unsent"]:
            pass
        relay.popen.kill()
        renamed = renaming.result()
    assert renamed.code == 3
    assert f"Nobody answers at {address}. What was asked for is kept" in renamed.err
    computer.start(computer.environ, *serve).until(lambda line: line.startswith("listening on"))
    tail.online()
    assert [one["name"] for one in ana.does("members", "--json").lines()] == ["Anabel"]


def test_a_question_can_be_left(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    terminal = at_a_terminal(bo, "join", ana.code("Friends"), "--as", "Bo")
    terminal.expect_exact("Come in? [y/N] ")
    terminal.sendintr()
    assert ended(terminal) == 130


def test_a_reader_that_has_enough_is_no_error(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    ana.does("send", "Hello")
    readable, writable = os.pipe()
    os.close(readable)
    with subprocess.Popen(
        [*COMMAND, "read"], env=ana.environ, stdout=writable, stderr=subprocess.PIPE, text=True
    ) as reading:
        os.close(writable)
        assert reading.communicate(timeout=SECONDS)[1] == ""
    assert reading.returncode == 0
