"""What cannot be: each with a sentence of its own, an exit code, and nothing changed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.e2e.machine import Done, Machine, Person, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WRONG = {"0": "1", "1": "0"}


def refused(done: Done, code: int, *parts: str) -> None:
    """Ended with this code and a sentence that holds these parts; nothing on standard output."""
    assert done.code == code, done
    assert done.err.count("\n") == 1, done
    for part in parts:
        assert part in done.err, done


def comes_in(person: Person, code: str, *arguments: str) -> Done:
    return person.run("join", code, "--as", person.name, "--yes", *arguments)


class TestCodes:
    def test_slips_are_told_before_anything_is_made(self, computer: Machine) -> None:
        ana, bo = computer.person("Ana"), computer.person("Bo")
        ana.opens("Friends")
        code = ana.code("Friends")
        relay, _, symbols = code.partition("/")
        groups = symbols.split("-")
        groups[2] = groups[2][:-1] + WRONG.get(groups[2][-1], "0")
        refused(comes_in(bo, f"{relay}/{'-'.join(groups)}"), 1, "typo in group 3")
        groups[4] = groups[4][:-1] + WRONG.get(groups[4][-1], "0")
        groups[5] = groups[5][:-1] + WRONG.get(groups[5][-1], "0")
        refused(comes_in(bo, f"{relay}/{'-'.join(groups)}"), 1, "more than one typo")
        refused(comes_in(bo, "walrus-tulip-vixlin"), 1, "typo in word 3")
        refused(comes_in(bo, f"{relay}/"), 1, "only the part that says where the relay is")
        refused(comes_in(bo, ""), 1, "There is no code here")
        refused(comes_in(bo, f"{relay}/i#{symbols}"), 1, "typo")
        assert not bo.home.exists()

    def test_a_code_that_was_used_or_withdrawn_and_a_name_that_imitates(
        self, computer: Machine
    ) -> None:
        ana, bo, cy = (computer.person(name) for name in ("Ana", "Bo", "Cy"))
        ana.opens("Friends")
        tail = ana.start("tail")
        tail.online()
        used = ana.code("Friends")
        cyrillic = computer.person("\u0410na")
        done = comes_in(cyrillic, used)
        assert done.code == 1
        assert "looks like Ana, who is in" in done.err
        assert cyrillic.does("circles").out == ""
        assert comes_in(bo, used).code == 0
        refused(comes_in(cy, used), 1, "This code was already used.")
        withdrawn = bo.code("Friends")
        (listed,) = bo.does("invite", "--list", "--json").lines()
        assert listed["code"] == withdrawn
        bo.does("invite", "--revoke", listed["id"])
        refused(comes_in(cy, withdrawn), 1, "This code was withdrawn.")

    def test_a_circle_that_is_full(self, computer: Machine) -> None:
        ana, bo = computer.person("Ana"), computer.person("Bo")
        ana.opens("Two", "--cap", "2")
        tail = ana.start("tail")
        tail.online()
        assert comes_in(bo, ana.code("Two")).code == 0
        refused(ana.run("invite", "Two"), 1, "chair")
        refused(bo.run("invite", "Two", "--spoken"), 1, "chair")

    def test_what_can_not_be_asked_is_a_matter_of_usage(self, computer: Machine) -> None:
        bo = computer.person("Bo")
        refused(bo.run("join", "a-b-c", "--as", "Bo"), 2, "--yes")
        refused(bo.run("join", "a-b-c", "--yes"), 2, "--as NAME")
        refused(bo.run("open", "Friends"), 2, "--as NAME")
        assert bo.run("open").code == 2
        assert bo.run("nothing").code == 2
        assert not bo.home.exists()


class TestCircles:
    def test_where_there_is_none(self, computer: Machine) -> None:
        ana = computer.person("Ana")
        for verb in (("read",), ("send", "Hello"), ("tail",), ("members",), ("invite",)):
            refused(ana.run(*verb), 1, "There is no circle here yet.")
        assert ana.does("circles").out == ""
        assert not ana.home.exists()

    def test_names_and_sizes(self, computer: Machine) -> None:
        ana = computer.person("Ana")
        ana.opens("Friends")
        refused(ana.run("send", "Family", "Hello"), 1, "There is no circle Family.")
        refused(ana.run("send", "Friends", ""), 1, "A message has 1 to")
        refused(ana.run("send", "Friends", "-", says="x" * 20_000), 1, "A message has 1 to")
        refused(ana.run("remove", "Friends", "Bo"), 1, "nobody here who is called Bo")
        refused(ana.run("invite", "--uses", "9"), 1, "chair")
        refused(ana.run("invite", "--expires", "soon"), 2, "--expires")
        refused(ana.run("invite", "--spoken", "--qr"), 2, "spoken code")
        done = ana.run("open", "Big", "--as", "Ana", "--cap", "51")
        assert (done.code, "2 to 50" in done.err) == (1, True), done
        ana.opens("Friends")
        refused(ana.run("send", "Friends", "Which?"), 1, "More than one circle")
        assert ana.does("read", ana.does("circles", "--json").lines()[0]["id"]).out == ""


class TestRelays:
    def test_nobody_answers(self, computer: Machine) -> None:
        ana = computer.person("Ana")
        address = f"127.0.0.1:{free_port()}"
        opened = ana.run("open", "Friends", "--as", "Ana", "--relay", address)
        refused(opened, 3, f"Nobody answers at {address}.")
        refused(comes_in(ana, f"walrus-tulip-violin@{address}"), 3, "Nobody answers")
        assert ana.does("circles").out == ""

    def test_an_address_that_is_none(self, computer: Machine) -> None:
        ana = computer.person("Ana")
        refused(ana.run("open", "X", "--as", "Ana", "--relay", "http://a"), 1, "ws:// or wss://")

    async def test_another_version_of_the_protocol(self, computer: Machine) -> None:
        ana = computer.person("Ana")
        async with speaking(b"\x09\x90") as address:
            flags = ("open", "Friends", "--as", "Ana", "--relay", address)
            refused(await asyncio.to_thread(ana.run, *flags), 3, "version")
        async with speaking("Hello!") as address:
            flags = ("open", "Friends", "--as", "Ana", "--relay", address)
            done = await asyncio.to_thread(ana.run, *flags)
            assert done.code in (1, 3)
            assert "Traceback" not in done.err


class TestProfiles:
    def test_a_damaged_database(self, computer: Machine) -> None:
        ana = computer.person("Ana")
        ana.opens("Friends")
        database = ana.home / "profile.db"
        whole = database.read_bytes()
        database.write_bytes(b"Dear diary, " * 1000)
        refused(ana.run("read"), 1, str(database))
        database.write_bytes(whole)
        ana.does("read")

    def test_a_foreign_database(self, computer: Machine) -> None:
        ana, bo = computer.person("Ana"), computer.person("Bo")
        ana.opens("Friends")
        bo.opens("Others")
        shutil.copy(ana.home / "profile.db", bo.home / "profile.db")
        refused(bo.run("read"), 1, str(bo.home))
        (ana.home / "vault").unlink()
        refused(ana.run("read"), 1, "its vault")

    def test_settings_that_are_none(self, computer: Machine) -> None:
        ana = computer.person("Ana")
        ana.home.mkdir()
        (ana.home / "config.toml").write_text('colour = "blue"\n')
        refused(ana.run("circles"), 1, "config.toml", "colour")
        (ana.home / "config.toml").write_text(f'name = "Ana"\nrelay = "{computer.address}"\n')
        assert "Friends is open" in ana.does("open", "Friends").out

    def test_one_process_owns_a_profile(self, computer: Machine) -> None:
        """Verbs are carried out by it; a second one that stays follows, and takes its place."""
        ana = computer.person("Ana")
        ana.opens("Friends")
        first, second = ana.start("tail"), None
        first.online()
        second = ana.start("tail")
        second.online()
        ana.does("send", "Friends", "For both")
        first.until(lambda line: line.endswith("Ana: For both"))
        second.until(lambda line: line.endswith("Ana: For both"))
        assert first.end().code == 143
        second.online()
        ana.does("send", "Friends", "For one")
        second.until(lambda line: line.endswith("Ana: For one"))


@asynccontextmanager
async def speaking(said: bytes | str) -> AsyncIterator[str]:
    """Something at an address that says this, and nothing else."""

    async def say(connection: ServerConnection) -> None:
        await connection.send(said)
        await connection.wait_closed()

    async with serve(say, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"127.0.0.1:{port}"
