"""What the doctor says of steps that fail, each in its own way."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tui.cli import doctor
from tui.cli.doctor import Relay, RoundTrip
from tui.cli.printing import CommandError


async def test_a_step_that_is_refused_is_told_and_is_the_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The relay's folder is a file: the first step fails, with the relay's own words."""
    (tmp_path / "relay").write_text("in the way")
    async with AsyncExitStack() as stack:
        code = await doctor.go_through(RoundTrip(tmp_path, stack), json=False)
    assert code == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("failed ")
    assert first.endswith("a relay starts, and listens on a free port")
    assert second.startswith("The relay does not start.")
    assert str(tmp_path / "relay") in second


async def test_what_breaks_a_step_is_told(tmp_path: Path) -> None:
    async def missing() -> None:
        (tmp_path / "none").read_bytes()

    async def refused() -> None:
        raise CommandError("It was refused.")

    problem, took = await doctor.take(missing)
    assert "No such file" in problem
    assert took >= 0
    assert (await doctor.take(refused))[0] == "It was refused."


async def test_our_own_mistakes_are_not_taken_for_the_machines(tmp_path: Path) -> None:
    async def mistaken() -> None:
        raise ValueError("a slip in the code")

    with pytest.raises(ValueError, match="a slip"):
        await doctor.take(mistaken)


async def test_a_relay_that_was_killed_has_its_port_and_data_again(tmp_path: Path) -> None:
    relay = Relay(tmp_path / "relay")
    await relay.start()
    first = relay.address
    await relay.kill()
    await relay.start()
    assert relay.address == first
    await relay.kill()
    await relay.kill()
