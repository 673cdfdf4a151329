"""Opening a real profile for the screen."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tui.app import ended_well
from tui.config import Config, ConfigError
from tui.engine.commands import ListCircles, OpenCircle
from tui.engine.events import CircleOpened, Circles
from tui.locations import Locations
from tui.locking import protect
from tui.opening import HOLDER, OpeningError, ProfileOpening
from tui.profile import Profile


def opening_at(home: Path, config: Config | None = None) -> ProfileOpening:
    locations = Locations(home, home / "data", home / "run")
    return ProfileOpening(locations, lambda: config or Config(), asyncio.to_thread, {})


def fails(error: BaseException) -> None:
    raise error


async def test_a_profile_is_made_opened_and_given_free(tmp_path: Path) -> None:
    opening = opening_at(tmp_path / "home", Config(name="Ana", relay="chat.example.org"))
    assert opening.there is False
    async with opening.engine(fails) as engine:
        assert isinstance(await engine.ask(ListCircles()), Circles)
        assert opening.preferences is not None
        assert opening.preferences.config.name == "Ana"
        assert await opening.relay() == "chat.example.org"
    assert opening_at(tmp_path / "home").there
    assert opening.farewell == ""
    async with opening.engine(fails):
        pass


async def test_a_profile_that_is_open_elsewhere_is_refused(tmp_path: Path) -> None:
    opening = opening_at(tmp_path)
    profile = Profile.open(Locations(tmp_path, tmp_path, tmp_path), HOLDER, os.urandom)
    try:
        with pytest.raises(OpeningError, match="open already, in the screen") as refused:
            async with opening.engine(fails):
                raise AssertionError("it was opened twice")
        assert refused.value.exit == 1
    finally:
        profile.close()


async def test_settings_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    def settle() -> Config:
        raise ConfigError("config.toml: there is no such key.")

    opening = ProfileOpening(Locations(tmp_path, tmp_path, tmp_path), settle, asyncio.to_thread, {})
    with pytest.raises(OpeningError, match="no such key") as refused:
        async with opening.engine(fails):
            raise AssertionError("it was opened all the same")
    assert refused.value.exit == 2


def test_the_first_paint_needs_neither_network_nor_cryptography() -> None:
    script = (
        "import sys, tui.app;"
        "late = ('websockets', 'nacl', 'segno', 'spake2', 'apsw', 'tui.engine.client');"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
async def test_the_relay_on_this_computer_is_started_used_and_stays(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    opening = opening_at(tmp_path, Config(local_relay=address))
    relay_home = Locations(tmp_path, tmp_path / "data", tmp_path).relay_home
    try:
        async with opening.engine(fails) as engine:
            relay = await opening.relay()
            assert relay == address
            opened = await engine.ask(OpenCircle(name="Friends", person="Ana", relay=relay))
            assert isinstance(opened, CircleOpened)
        assert "hallway relay stop" in opening.farewell
    finally:
        command = [sys.executable, "-m", "relay", "stop", "--data", str(relay_home)]
        await asyncio.to_thread(subprocess.run, command, check=True)


async def test_a_passphrase_is_asked_for_before_the_engine(tmp_path: Path) -> None:
    opening = opening_at(tmp_path)
    assert not await opening.locked()  # there is nothing yet
    protect(Locations(tmp_path, tmp_path / "data", tmp_path / "run"), "", "one", os.urandom)
    assert await opening.locked()
    assert opening.locks
    assert await opening.unlock("two") == ("That is not the passphrase of this profile. Try again.")
    with pytest.raises(OpeningError, match="locked with a passphrase"):
        async with opening.engine(fails):
            raise AssertionError("it was opened without")
    assert await opening.unlock("one") == ""
    async with opening.engine(fails) as engine:
        assert isinstance(await engine.ask(ListCircles()), Circles)
        # what is open elsewhere is told before anybody has typed anything
        assert not await opening_at(tmp_path).locked()
    with pytest.raises(OpeningError, match="locked with a passphrase"):
        async with opening.engine(fails):
            raise AssertionError("the key was kept")


def test_an_error_on_the_way_out_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def fails_at_the_end() -> None:
        raise ValueError("canary")

    assert not ended_well(fails_at_the_end)
    assert ended_well(lambda: 0)
    told = capsys.readouterr().err
    assert "in fails_at_the_end" in told
    assert "Hallway has ended because of an error in the program." in told
    assert "canary" not in told


async def test_a_vault_that_is_damaged_is_told_by_the_engine(tmp_path: Path) -> None:
    opening = opening_at(tmp_path)
    (tmp_path / "vault").write_bytes(b"nothing")
    assert not await opening.locked()
    with pytest.raises(OpeningError, match="not a vault"):
        async with opening.engine(fails):
            raise AssertionError("it was opened all the same")
