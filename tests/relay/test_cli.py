"""`hallway relay` as a process: starting, saying so, ending, and being killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from websockets.exceptions import ConnectionClosed

from relay import wire
from relay.cli import VERBS
from relay.wire import Refusal
from tests.relay.certificate import self_signed
from tests.relay.client import Client, fresh_id
from tests.relay.people import ANA, BO

pytestmark = pytest.mark.slow  # every one starts a process

ROOT = Path(__file__).parents[2]
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("HALLWAY_")}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "relay", *arguments]


def relay_says(*arguments: str) -> tuple[int, str, str]:
    """Run a verb to its end: exit code, standard output, standard error."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, cwd=ROOT, env=CLEAN, timeout=30
    )
    return done.returncode, done.stdout, done.stderr


class Process:
    """A relay that runs, at `url`."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self.popen = popen
        assert popen.stdout is not None
        self.line = popen.stdout.readline()
        found = re.fullmatch(r"listening on (wss?://\S+)\n", self.line)
        assert found is not None, self.line
        self.url = found[1]

    def says(self) -> str:
        """The next line that it prints."""
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().rstrip("\n")

    def ended(self) -> tuple[int, str]:
        """Wait for the end: exit code, standard error."""
        _, error = self.popen.communicate(timeout=20)
        return self.popen.returncode, error


@contextmanager
def running(data: Path, *arguments: str, listen: str = "127.0.0.1:0") -> Iterator[Process]:
    with subprocess.Popen(
        command("--listen", listen, "--data", str(data), *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=CLEAN,
    ) as popen:
        try:
            yield Process(popen)
        finally:
            popen.kill()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_is_and_ends_cleanly(tmp_path: Path, ending: int) -> None:
    with running(tmp_path / "d") as relay:
        async with Client(relay.url) as ana:
            await ana.create()
            await ana.append(b"hello", 0)
            relay.popen.send_signal(ending)
            assert (await ana.hear(wire.Refused)).code == Refusal.GOING
        assert relay.ended() == (0, "")
    assert sorted(os.listdir(tmp_path / "d")) == ["relay.db", "relay.lock"]
    assert os.stat(tmp_path / "d" / "relay.db").st_mode & 0o077 == 0


async def test_a_second_relay_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as relay:
        code, out, error = relay_says("--listen", "127.0.0.1:0", "--data", str(tmp_path))
        assert (code, out) == (1, "")
        assert f"Another relay (process {relay.popen.pid}) runs on {tmp_path}" in error
        async with Client(relay.url) as ana:
            await ana.create()


async def test_status_and_stop(tmp_path: Path) -> None:
    place = ("--data", str(tmp_path))
    with running(tmp_path) as relay:
        async with Client(relay.url) as ana:
            await ana.create()
            await ana.append(b"hello", 0)
            code, out, error = await asyncio.to_thread(relay_says, "status", *place)
            assert (code, error) == (0, "")
            assert out.startswith(f"A relay (process {relay.popen.pid}) runs on {tmp_path}.\n")
            assert f"\nIt listens on {relay.url}.\n" in out
            assert "entries_total 1\n" in out
        assert relay_says("stop", *place) == (0, "", "")
        assert relay.ended() == (0, "")
    nobody = (1, "", f"No relay runs on {tmp_path}.\n")
    assert relay_says("stop", *place) == nobody
    assert relay_says("status", *place) == nobody


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "a") as relay:
        address = relay.url.partition("//")[2]
        code, _, error = relay_says("--listen", address, "--data", str(tmp_path / "b"))
    assert code == 1
    assert error.startswith(f"{address} cannot be listened on: ")
    assert "Traceback" not in error


def test_config_shows_where_every_value_comes_from(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text('create = "closed"\n')
    place = ("--data", str(tmp_path), "--connections", "9")
    code, out, _ = relay_says("config", "--show", *place)
    assert code == 0
    assert f'create = "closed"  # {tmp_path / "relay.toml"}\n' in out
    assert "connections = 9  # --connections\n" in out
    code, out, _ = relay_says("config", *place)
    assert code == 0
    assert '\ncreate = "closed"\n' in out and "\nconnections = 9\n" in out
    assert "\n# circle_mib = 100\n" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--tls-cert", "x.pem"), "A certificate needs its key"),
        (("--tls-cert", "x.pem", "--tls-key", "y.pem"), "cannot be used"),
        (("--config", "/nowhere/relay.toml"), "/nowhere/relay.toml is not there"),
        (("--listen", "here"), "'here' is not HOST:PORT"),
    ],
)
def test_wrong_settings_are_sentences(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, error = relay_says(*arguments, "--data", str(tmp_path / "d"))
    assert (code, out) == (1, "")
    assert sentence in error and "Traceback" not in error


def test_a_damaged_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "relay.db").write_bytes(b"Dear diary, " * 1000)
    code, _, error = relay_says("--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert code == 1
    assert "damaged or not a relay's database" in error and "Traceback" not in error


ALL = [each.name.split() for verb in VERBS for each in (verb, *verb.verbs)]


@pytest.mark.parametrize("verb", [[], *ALL], ids=" ".join)
def test_every_help_has_an_example(verb: list[str]) -> None:
    code, out, _ = relay_says(*verb, "--help")
    assert code == 0
    assert "example" in out


async def test_a_closed_relay_opens_no_circle(tmp_path: Path) -> None:
    with running(tmp_path, "--create", "closed") as relay:
        async with Client(relay.url) as ana:
            with pytest.raises(AssertionError, match=f"code={Refusal.NO_TOKEN:d}"):
                await ana.create()


async def test_tls_and_names(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key), "--name", "Localhost")

    trusting = ssl.create_default_context(cafile=str(certificate))
    with running(tmp_path / "d", *flags) as relay:
        assert relay.url.startswith("wss://127.0.0.1:")
        port = int(relay.url.rpartition(":")[2])
        async with Client("wss://localhost", host="127.0.0.1", port=port, ssl=trusting) as ana:
            await ana.create()


async def test_a_renewed_certificate_is_read_while_it_runs(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key), "--name", "localhost")
    before = ssl.create_default_context(cafile=str(certificate))
    with running(tmp_path / "d", *flags) as relay:
        port = int(relay.url.rpartition(":")[2])
        async with Client("wss://localhost", host="127.0.0.1", port=port, ssl=before) as ana:
            await ana.create()
            self_signed(tmp_path, "localhost")
            relay.popen.send_signal(signal.SIGHUP)
            assert relay.says() == f"The certificate {certificate} was read anew."
            after = ssl.create_default_context(cafile=str(certificate))
            async with Client("wss://localhost", host="127.0.0.1", port=port, ssl=after):
                pass
            with pytest.raises(ssl.SSLCertVerificationError):
                async with Client("wss://localhost", host="127.0.0.1", port=port, ssl=before):
                    pass
            await ana.append(b"who is here stays", 0)
            certificate.write_bytes(b"")
            relay.popen.send_signal(signal.SIGHUP)
            async with Client("wss://localhost", host="127.0.0.1", port=port, ssl=after):
                pass
            relay.popen.send_signal(signal.SIGTERM)
        code, error = relay.ended()
    assert code == 0
    assert "cannot be used" in error and "The one from before is in use." in error


def test_a_relay_without_a_certificate_outlives_the_signal(tmp_path: Path) -> None:
    with running(tmp_path / "d") as relay:
        relay.popen.send_signal(signal.SIGHUP)
        assert relay.says() == "There is no certificate that could be read anew."
        relay.popen.send_signal(signal.SIGTERM)
        assert relay.ended() == (0, "")


def test_it_does_not_listen_plainly_where_others_can_reach_it(tmp_path: Path) -> None:
    code, out, error = relay_says("--listen", "0.0.0.0:0", "--data", str(tmp_path / "d"))
    assert (code, out) == (1, "")
    assert "can be reached by others" in error and "--tls own" in error


async def test_kill_9_while_appending_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Again and again: two write, the relay is killed, and comes back at another port."""
    chosen = Random(5)
    acknowledged: dict[int, bytes] = {}
    handshake = 0
    for _ in range(6):
        with running(tmp_path) as relay:
            async with Client(relay.url) as ana:
                if not acknowledged:
                    await ana.create()
                    handshake = await ana.bring_in(BO)
                    acknowledged |= {1: b"commit", 2: b"commit"}
                else:
                    await ana.say(ana.binding(ANA, 0))
                    log = await caught_up(ana)
                    assert list(log) == list(range(1, len(log) + 1))
                    assert acknowledged.items() <= log.items()
                    acknowledged = log
                kill_after = chosen.randrange(1, 60)
                sent: dict[bytes, bytes] = {}
                with pytest.raises(ConnectionClosed):
                    while True:
                        frame = wire.Append(fresh_id(), handshake, b"%d" % len(sent))
                        sent[frame.idempotency_id] = frame.body
                        await ana.say(frame)
                        if len(sent) % 4 == 0:
                            done = await ana.hear(wire.Done)
                            acknowledged[done.n] = sent[done.idempotency_id]
                        if len(sent) == kill_after:
                            relay.popen.kill()
                            relay.popen.wait()
                            while True:
                                done = await ana.hear(wire.Done)
                                acknowledged[done.n] = sent[done.idempotency_id]


async def caught_up(client: Client) -> dict[int, bytes]:
    """The bodies of the whole log, by n."""
    await client.hear(wire.Bound)
    log: dict[int, bytes] = {}
    while True:
        frame = await client.next()
        if isinstance(frame, wire.CaughtUp):
            return log
        if isinstance(frame, wire.Gone):
            log[frame.n] = b"commit"
        else:
            assert isinstance(frame, wire.Entry)
            log[frame.n] = frame.body
