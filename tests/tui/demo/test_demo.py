"""The demonstration: its people, its relay, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crypto.relay_address import Address
from tui.demo.friends import Company, DemoError, Friend, company, friend, meanwhile
from tui.demo.opening import DemoOpening
from tui.demo.relay import relay
from tui.demo.script import ANSWERS, BEFORE, FRIENDS, HOST, TALK, YOU, Line
from tui.engine.commands import SendText
from tui.engine.events import Event, Queued, RowKind
from tui.opening import OpeningError
from tui.screens.room import Engine

pytestmark = pytest.mark.slow  # a relay of its own

PATIENCE = 30


async def at_once(_: float) -> None:
    """Nobody takes their time."""
    await asyncio.sleep(0)


def never(error: BaseException) -> None:
    raise error


def said(engine: Engine) -> list[tuple[str, str]]:
    (circle,) = engine.client.circles()
    rows = engine.client.rows_before(circle.id, None, 1_000)
    return [(row.author, row.text) for row in rows if row.kind in (RowKind.TEXT, RowKind.PASSED_ON)]


async def until(engine: Engine, news: AsyncIterator[Event], there: set[tuple[str, str]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not there <= set(said(engine)):
            await anext(news)


def spoken(lines: tuple[Line, ...]) -> set[tuple[str, str]]:
    return {(line.who, line.text) for line in lines}


async def test_friends_are_there_and_answer() -> None:
    opening = DemoOpening(at_once)
    assert opening.there and not opening.locks and not await opening.locked()
    assert await opening.unlock("anything") == ""
    async with opening.engine(never) as engine:
        (circle,) = engine.client.circles()
        assert (circle.chairs, circle.me) == (len(FRIENDS) + 1, YOU)
        news = engine.news()
        await until(engine, news, spoken(BEFORE + TALK))
        for line in ANSWERS:
            assert isinstance(await engine.ask(SendText(text="Hello")), Queued)
            await until(engine, news, {(line.who, line.text)})
        assert isinstance(await engine.ask(SendText(text="And now?")), Queued)
        assert str(Address.parse(await opening.relay())) == circle.relay


def test_the_script_is_spoken_by_who_is_there() -> None:
    lines = BEFORE + TALK + ANSWERS
    assert {line.who for line in lines} == set(FRIENDS) and HOST == FRIENDS[0]
    assert len(spoken(lines)) == len(lines), "nobody repeats anybody"


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("hallway-demo.*"))


async def test_nothing_stays() -> None:
    before = folders()
    async with relay() as address:
        (folder,) = folders() - before
        assert any(folder.iterdir())
        host, port = Address.parse(address).host, Address.parse(address).port
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
    assert not folder.exists()
    with pytest.raises(OSError):
        await asyncio.open_connection(host, port)


async def test_what_goes_wrong_is_a_sentence() -> None:
    async with company(["Maya"], lambda: 1, at_once) as them, friend("Bo", lambda: 1) as bo:
        with pytest.raises(DemoError, match=r"code"):
            await bo.joins("no code")
        with pytest.raises(DemoError):
            await them.act([Line(0, "Maya", "to nobody")])


async def test_one_part_that_fails_ends_alone() -> None:
    done = asyncio.Event()

    async def fails() -> None:
        raise DemoError("the end")

    async def lasts() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.set()

    async with meanwhile(fails(), lasts()):
        await asyncio.sleep(0)
        assert not done.is_set()
    assert done.is_set()


async def test_a_relay_that_does_not_start_is_told() -> None:
    with pytest.raises(DemoError, match="does not start"):
        async with relay(("-c", "print('no relay')")):
            raise AssertionError("it said no address")


class Broken(DemoOpening):
    """A demonstration in which nobody comes in."""

    async def _gather(self, them: Company, you: Friend) -> None:
        raise DemoError("Nobody came.")


async def test_the_screen_hears_why() -> None:
    with pytest.raises(OpeningError, match="Nobody came"):
        async with Broken(at_once).engine(never):
            raise AssertionError("somebody came")
