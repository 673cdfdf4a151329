"""The operator's verbs, on a relay that is a process: doctor, health, backup, restore."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path

import apsw
import pytest

from relay import wire
from relay.config import settle
from relay.directory import Directory
from relay.doctor import examine
from tests.relay.certificate import self_signed
from tests.relay.client import Client
from tests.relay.people import ANA, CIRCLE
from tests.relay.test_cli import relay_says, running

pytestmark = pytest.mark.slow  # nearly every one starts processes

Rows = dict[str, tuple[str, str]]


def examined(data: Path, *arguments: str) -> tuple[int, Rows]:
    """What `relay doctor` finds: its exit code, and state and text by the check's name."""
    code, out, error = relay_says("doctor", "--json", "--data", str(data), *arguments)
    assert error == ""
    rows = [json.loads(line) for line in out.splitlines()]
    return code, {row["check"]: (row["state"], row["text"]) for row in rows}


class TestTokens:
    async def test_from_making_one_to_withdrawing_it(self, tmp_path: Path) -> None:
        place = ("--data", str(tmp_path))
        (tmp_path / "relay.toml").write_text('create = "token"\n')
        with running(tmp_path) as relay:
            code, out, error = relay_says("token", "new", "--uses", "2", *place)
            token = out.strip()
            assert (code, error, len(token)) == (0, "", 32)
            async with Client(relay.url) as ana:
                await ana.create(token=token)
            code, out, _ = relay_says("token", "list", "--json", *place)
            (kept,) = [json.loads(line) for line in out.splitlines()]
            assert (code, kept["uses"], kept["state"]) == (0, 1, "good")
            assert token not in out
            code, out, _ = relay_says("token", "list", *place)
            assert out.startswith(f"{kept['id']}  good    uses left: 1  until 20")
            code, out, _ = relay_says("token", "revoke", kept["id"], *place)
            assert (code, out) == (0, f"Token {kept['id']} opens nothing any more.\n")
        code, out, _ = relay_says("token", "list", *place)
        assert out == "There is no token. Make one with: hallway relay token new\n"

    async def test_killed_at_any_moment_it_never_opens_two_on_one_use(self, tmp_path: Path) -> None:
        with running(tmp_path):
            pass
        _, out, _ = relay_says("token", "new", "--uses", "3", "--data", str(tmp_path))
        for number in range(6):
            with running(tmp_path, "--create", "token") as relay:
                async with Client(relay.url) as ana:
                    await ana.say(ana.creation(ANA, bytes((number,)) * 16, out.strip()))
                    if number % 2:
                        await ana.next()
                    relay.popen.kill()
                    relay.popen.wait()
        with apsw.Connection(str(tmp_path / "relay.db")) as connection:
            opened = connection.execute("SELECT count(*) FROM circle").get
            left = connection.execute("SELECT uses FROM token").get
        assert isinstance(opened, int) and left == 3 - opened
        assert opened >= 2, "what was answered is on the disk"

    def test_what_cannot_be_made_is_a_sentence(self, tmp_path: Path) -> None:
        for arguments, sentence in (
            (("new",), "There is no relay's database in"),
            (("new", "--uses", "0"), "--uses is 1 to"),
            (("new", "--expires", "soon"), "--expires is a number and m, h, d or w"),
            (("revoke", "5f0c"), "There is no relay's database in"),
        ):
            code, out, error = relay_says("token", *arguments, "--data", str(tmp_path / "d"))
            assert (code, out) == (1, "") and sentence in error and "Traceback" not in error


class TestDoctor:
    def test_before_the_first_start(self, tmp_path: Path) -> None:
        code, found = examined(tmp_path / "d", "--listen", "127.0.0.1:0")
        assert code == 0
        assert {state for state, _ in found.values()} <= {"ok", "odd"}
        assert found["round trip"] == ("odd", "No relay runs here. Start it, and ask again.")
        assert "after" in found["a record"][1] and " ms" in found["disk"][1]
        assert not (tmp_path / "d").exists()

    def test_a_relay_that_runs(self, tmp_path: Path) -> None:
        with running(tmp_path / "d", "--name", "localhost") as relay:
            port = int(relay.url.rpartition(":")[2])
            code, found = examined(tmp_path / "d")
        assert found["port"] == ("ok", f"Process {relay.popen.pid} listens on {relay.url}.")
        assert found["round trip"][0] == "ok"
        assert found["names"][0] == "wrong", "there is nothing at its port 443"
        assert "wss://localhost: " in found["names"][1]
        assert code == 1
        assert port

    def test_the_way_by_its_name(self, tmp_path: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        name = f"localhost:{port}"
        with running(tmp_path / "d", "--name", name, listen=f"127.0.0.1:{port}"):
            code, found = examined(tmp_path / "d")
            assert (code, found["names"]) == (0, ("ok", f"{name} can be dialled from here."))
        other = running(tmp_path / "other", listen=f"127.0.0.1:{port}")
        with running(tmp_path / "d", "--name", name), other:
            code, found = examined(tmp_path / "d")
            assert (code, found["names"][1]) == (1, f"ws://{name} leads to another relay.")

    def test_a_port_that_is_taken(self, tmp_path: Path) -> None:
        with running(tmp_path / "a") as relay:
            address = relay.url.partition("//")[2]
            code, found = examined(tmp_path / "b", "--listen", address)
        assert code == 1
        assert found["port"][1].startswith(f"{address} cannot be listened on: ")

    def test_its_own_certificate(self, tmp_path: Path) -> None:
        certificate, key = self_signed(tmp_path, "localhost", days=90)
        flags = ("--tls-cert", str(certificate), "--tls-key", str(key))
        with running(tmp_path / "d", *flags):
            code, found = examined(tmp_path / "d", *flags)
        assert code == 0
        assert found["certificate"][1].startswith("The certificate is for localhost, ")
        assert found["round trip"][0] == "ok"

    def test_a_certificate_that_the_relay_made(self, tmp_path: Path) -> None:
        flags = ("--tls", "own", "--name", "localhost:1")
        _, found = examined(tmp_path / "d", *flags)
        assert found["certificate"] == ("ok", "The relay makes its own when it starts.")
        with running(tmp_path / "d", *flags) as relay:
            assert relay.url.startswith("wss://")
            code, out, error = relay_says("address", "--data", str(tmp_path / "d"))
            assert (code, error) == (0, "")
            address, _, pin = out.strip().partition("+")
            assert (address, len(pin)) == ("localhost:1", 64)
            _, found = examined(tmp_path / "d", *flags)
        assert found["certificate"][1].startswith(f"The relay made its own; its pin is {pin}.")
        assert found["round trip"][0] == "ok"
        assert found["names"][1].startswith("wss://localhost:1: "), "nothing listens there"
        with running(tmp_path / "d", "--tls", "own", listen="0.0.0.0:0"):
            code, out, error = relay_says("address", "--data", str(tmp_path / "d"))
            assert code == 0 and out.startswith("HOST:") and out.endswith(f"+{pin}\n")
            assert "In HOST's place" in error
        code, _, error = relay_says("address", "--data", str(tmp_path / "d"))
        assert code == 1 and error.startswith("No relay runs on")
        (tmp_path / "d" / "certificate.pem").unlink()
        _, found = examined(tmp_path / "d", *flags)
        assert found["certificate"][0] == "wrong" and "is gone" in found["certificate"][1]

    def test_settings_that_somebody_should_think_of(self, tmp_path: Path) -> None:
        _, found = examined(tmp_path / "d", "--listen", "0.0.0.0:0", "--tls", "plain")
        assert found["settings"][0] == "odd"
        assert "without a certificate" in found["settings"][1]
        _, found = examined(tmp_path / "d", "--listen", "0.0.0.0:0")
        assert found["settings"][0] == "wrong"
        assert "so does not start" in found["settings"][1]
        behind = ("--listen", "0.0.0.0:0", "--proxy", "10.0.0.2")
        _, found = examined(tmp_path / "d", *behind)
        assert found["settings"] == (
            "odd",
            "It has no --name: nobody can dial it but by the machine's own address.",
        )
        _, found = examined(tmp_path / "d", *behind, "--name", "chat.example.org")
        assert found["settings"][0] == "ok"

    def test_a_person_reads_lines(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        settled = settle({"listen": ["127.0.0.1:0"]}, {}, tmp_path / "none")
        assert examine(settled, Directory(tmp_path / "d", make=False), in_json=False) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 12
        assert lines[0].startswith("ok     settings     1 of 20 are set")


class TestHealth:
    def test_a_relay_that_runs_is_ready(self, tmp_path: Path) -> None:
        place = ("--data", str(tmp_path))
        with running(tmp_path):
            assert relay_says("healthcheck", *place) == (0, "ready\n", "")
        code, out, error = relay_says("healthcheck", *place)
        assert (code, out) == (1, "")
        assert error.startswith(f"No relay answers on {tmp_path / 'relay.sock'}: ")

    async def test_counts_can_be_had_in_json(self, tmp_path: Path) -> None:
        with running(tmp_path) as relay:
            async with Client(relay.url) as ana:
                await ana.create()
                await ana.append(b"hello", 0)
                code, out, _ = await asyncio.to_thread(
                    relay_says, "status", "--json", "--data", str(tmp_path)
                )
        assert code == 0
        facts = json.loads(out)
        assert (facts["process"], facts["entries_total"]) == (relay.popen.pid, 1)
        assert facts["listen"] == [relay.url]


class TestBackups:
    async def test_to_a_file_and_back(self, tmp_path: Path) -> None:
        place, file = ("--data", str(tmp_path / "d")), str(tmp_path / "one.db")
        with running(tmp_path / "d") as relay:
            async with Client(relay.url) as ana:
                await ana.create()
                await ana.append(b"hello", 0)
                code, out, _ = await asyncio.to_thread(relay_says, "backup", file, *place)
            assert code == 0
            assert out.startswith(f"{file} holds all that the relay keeps (circles: 1, entries: 1")
            code, _, error = await asyncio.to_thread(relay_says, "restore", file, *place)
            assert code == 1 and "Another relay" in error
        code, _, error = relay_says("restore", file, *place)
        assert code == 1 and "With --replace it is kept under another name" in error
        code, out, _ = relay_says("restore", file, *place, "--replace")
        assert code == 0
        assert f"What was there before is {tmp_path / 'd' / 'relay.db.replaced-1'}." in out
        with running(tmp_path / "d") as relay:
            relay.popen.terminate()
            _, error = relay.ended()
        assert error.startswith("WARNING: This relay was put back from a backup. Circles: 1.")
        with running(tmp_path / "d") as relay:
            relay.popen.terminate()
            assert relay.ended() == (0, ""), "it is said once"

    def test_in_json(self, tmp_path: Path) -> None:
        place, file = ("--data", str(tmp_path / "d")), str(tmp_path / "one.db")
        with running(tmp_path / "d"):
            code, out, _ = relay_says("backup", file, *place, "--json")
        facts = json.loads(out)
        assert facts == {"file": file, "circles": 0, "entries": 0, "bytes": os.stat(file).st_size}
        code, out, _ = relay_says("restore", file, "--data", str(tmp_path / "e"), "--json")
        assert (code, json.loads(out)) == (0, facts | {"replaced": None})

    def test_without_a_relay_there_is_nothing_to_back_up(self, tmp_path: Path) -> None:
        code, out, error = relay_says("backup", "x.db", "--data", str(tmp_path / "d"))
        assert (code, out) == (1, "")
        assert error.startswith(f"There is no relay's database in {tmp_path / 'd'}.")


class TestCarrying:
    async def test_a_circle_goes_out_of_a_backup_and_back(self, tmp_path: Path) -> None:
        place, file = ("--data", str(tmp_path / "d")), str(tmp_path / "one.circle")
        with running(tmp_path / "d"):
            assert relay_says("backup", str(tmp_path / "empty.db"), *place)[0] == 0
        with running(tmp_path / "d") as relay:
            async with Client(relay.url) as ana:
                await ana.create()
                await ana.append(b"hello", 0)
            circle = CIRCLE.hex()[:6]
            code, out, error = await asyncio.to_thread(relay_says, "export", circle, file, *place)
            assert (code, out) == (0, f"{file} holds the circle (entries: 1).\n"), error
            code, _, error = await asyncio.to_thread(relay_says, "import", file, *place)
            assert code == 1 and "Another relay" in error
        code, _, error = relay_says("import", file, *place)
        assert code == 1 and "is here already" in error
        assert relay_says("restore", str(tmp_path / "empty.db"), *place, "--replace")[0] == 0
        with running(tmp_path / "d"):
            pass
        code, out, error = relay_says("import", file, *place, "--json")
        assert (code, json.loads(out)) == (0, {"circle": CIRCLE.hex(), "entries": 1}), error
        with running(tmp_path / "d") as relay:
            async with Client(relay.url) as ana:
                await ana.say(ana.binding(ANA, 1))
                assert (await ana.hear(wire.Bound)).n == 1
                assert isinstance(await ana.next(), wire.Restoring)


class TestLogging:
    def test_a_relay_logs_in_json_where_that_is_wanted(self, tmp_path: Path) -> None:
        place = ("--data", str(tmp_path), "--log", "json", "--tls", "plain")
        code, out, error = relay_says("--metrics", "[::1]:0", "--listen", "256.0.0.1:1", *place)
        assert (code, out) == (1, "")
        logged, refused = error.splitlines()
        assert json.loads(logged)["text"].startswith("metrics on http://[::1]:")
        assert refused.startswith("256.0.0.1:1 cannot be listened on: ")
