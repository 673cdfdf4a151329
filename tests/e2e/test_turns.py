"""Several commands at once on one profile, and what a person is asked at a terminal."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pexpect
import pytest

from tests.e2e.machine import COMMAND, SECONDS, Machine, Person

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
