"""Asking over the control socket: two programs on one profile, and what becomes of either."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.tui.engine.running import PATIENCE, Person, Relay, asked, person, relay_in
from tui.engine.commands import ListCircles, OpenCircle, ReadMessages, SendText
from tui.engine.control import (
    CONTROL_VERSION,
    Ask,
    ControlError,
    FromOwner,
    Hello,
    Told,
    Watch,
    asker_ear,
    encode,
)
from tui.engine.events import CircleOpened, Circles, Finished, Messages, Queued, RowAdded
from tui.engine.remote import Listeners, OwnerGoneError, RemoteOwner
from tui.engine.runner import BACKLOG_LIMIT, RunnerError


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    async with relay_in(tmp_path) as relay:
        yield relay


@pytest.fixture
async def ana(tmp_path: Path) -> AsyncIterator[Person]:
    async with person("Ana") as ana:
        await ana.runner.listen(tmp_path / "socket", "the screen")
        yield ana


@pytest.fixture
async def other(ana: Person, tmp_path: Path) -> AsyncIterator[RemoteOwner]:
    """Another process, as far as the owner can tell."""
    remote = await RemoteOwner.connect(tmp_path / "socket")
    yield remote
    await remote.close()


async def test_only_its_user_can_reach_it(ana: Person, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o600


async def test_it_asks_and_watches(relay: Relay, ana: Person, other: RemoteOwner) -> None:
    assert other.holder == "the screen"
    news = other.news()
    opened = await asked(
        other, OpenCircle(name="Lake", person="Ana", relay=relay.address), CircleOpened
    )
    assert ana.client.circle().id == opened.circle
    await ana.says("From the screen.")
    await asked(other, SendText(text="From a script."), Queued)
    heard: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(heard) < 2:
            event = await anext(news)
            if isinstance(event, RowAdded) and event.row.kind == "text":
                heard.append(event.row.text)
    assert heard == ["From the screen.", "From a script."]
    read = await asked(other, ReadMessages(), Messages)
    assert [row.text for row in read.rows][-2:] == heard


async def test_answers_are_the_askers_alone(relay: Relay, ana: Person, other: RemoteOwner) -> None:
    """Both count their commands from 1, and neither hears what the other asked."""
    news = other.news()
    answers = await asyncio.gather(
        *(owner.ask(ListCircles()) for owner in (other, ana.runner, other))
    )
    assert [type(answer) for answer in answers] == [Circles] * 3
    await ana.opens(relay.address)
    async with asyncio.timeout(PATIENCE):
        assert (await anext(news)).ref == 0


async def test_the_owner_ends(ana: Person, tmp_path: Path) -> None:
    never = asyncio.Event()

    async def nobody(address: object) -> bool:
        never.set()
        await asyncio.Event().wait()
        return False

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        async with person("Bo", revive=nobody) as bo:
            await bo.runner.listen(tmp_path / "bo", "it")
            remote = await RemoteOwner.connect(tmp_path / "bo")
            news = remote.news()
            asking = asyncio.ensure_future(
                remote.ask(OpenCircle(name="Lake", person="Bo", relay=address))
            )
            await asyncio.wait_for(never.wait(), PATIENCE)
        assert not (tmp_path / "bo").exists()
        with pytest.raises(OwnerGoneError):
            await asyncio.wait_for(asking, PATIENCE)
    async with asyncio.timeout(PATIENCE):
        assert [event async for event in news] == []
        assert [event async for event in remote.news()] == []
    with pytest.raises(OwnerGoneError):
        await remote.ask(ListCircles())
    await remote.close()
    with pytest.raises(OwnerGoneError, match="does not answer"):
        await RemoteOwner.connect(tmp_path / "bo")


async def test_the_owners_engine_fails(ana: Person, other: RemoteOwner) -> None:
    ana.database.crash = "before"
    news = other.news()
    with pytest.raises(OwnerGoneError):
        await asyncio.wait_for(other.ask(ListCircles()), PATIENCE)
    async with asyncio.timeout(PATIENCE):
        assert [event async for event in news] == []
    assert len(ana.broken) == 1
    with pytest.raises(RunnerError):
        await ana.runner.ask(ListCircles())


async def test_who_hangs_up_with_a_question_open_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    ours, theirs = socket.socketpair()
    with theirs:
        remote = RemoteOwner(*await asyncio.open_unix_connection(sock=ours))
        with pytest.raises(OwnerGoneError):
            await remote.ask(ListCircles())  # it was never greeted
        await remote.close()
    async with person("Ana") as ana:
        await ana.runner.listen(path, "the screen")
        remote = await RemoteOwner.connect(path)
        asking = asyncio.ensure_future(remote.ask(ListCircles()))
        await asyncio.sleep(0)
        await remote.close()
        with pytest.raises(OwnerGoneError):
            await asking
        await remote.close()


async def test_a_file_that_a_dead_owner_left_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(OwnerGoneError):
        await RemoteOwner.connect(path)
    async with person("Ana") as ana:
        await ana.runner.listen(path, "the screen")
        remote = await RemoteOwner.connect(path)
        await asked(remote, ListCircles(), Circles)
        await remote.close()


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    async with person("Ana") as ana:
        with pytest.raises(OSError, match="No such file"):
            await ana.runner.listen(tmp_path / "nowhere" / "socket", "the screen")


@asynccontextmanager
async def owner_that_says(path: Path, *data: bytes) -> AsyncIterator[None]:
    """Something that listens there, says this and hangs up; without anything to say, it waits."""
    over = asyncio.Event()

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in data:
            writer.write(each)
        if not data:
            await reader.read()
        writer.close()
        over.set()

    async with await asyncio.start_unix_server(say, path):
        yield
        await asyncio.wait_for(over.wait(), PATIENCE)


HELLO = encode(Hello(CONTROL_VERSION, "it"))


async def test_an_owner_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with owner_that_says(path, encode(Hello(CONTROL_VERSION + 1, "it"))):
        with pytest.raises(ControlError, match="another version"):
            await RemoteOwner.connect(path)


async def test_an_owner_that_has_just_ended(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with owner_that_says(path, b"\0"):
        with pytest.raises(OwnerGoneError, match="just ended"):
            await RemoteOwner.connect(path)


async def test_an_owner_that_does_not_greet(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with owner_that_says(path):
        with pytest.raises(OwnerGoneError, match="does not answer"):
            await RemoteOwner.connect(path, patience=0)


@pytest.mark.parametrize("rest", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", HELLO])
async def test_an_owner_that_speaks_nonsense_is_gone(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "socket"
    async with owner_that_says(path, HELLO, rest):
        remote = await RemoteOwner.connect(path)
        async with asyncio.timeout(PATIENCE):
            assert [event async for event in remote.news()] == []
        await remote.close()


async def test_an_asker_that_speaks_nonsense_is_hung_up_on(ana: Person, tmp_path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "socket"))
    writer.write(b"\0\0\0\1\xc1")
    async with asyncio.timeout(PATIENCE):
        assert await reader.read() == encode(Hello(CONTROL_VERSION, "the screen"))
    writer.close()
    await asked(ana.runner, ListCircles(), Circles)


async def test_who_watches_and_does_not_read_is_hung_up_on(relay: Relay, ana: Person) -> None:
    """What waits for it is bounded: the owner does not fill its memory for a stopped program."""
    await ana.opens(relay.address)
    await ana.says("Once.")
    path = ana.runner._socket
    assert path is not None
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(encode(Watch()) + encode(Ask(ListCircles(ref=1))))
    async with asyncio.timeout(PATIENCE):
        ear, frames = asker_ear(), list[FromOwner]()
        while not any(isinstance(frame, Told) and frame.event.ref for frame in frames):
            frames += ear.receive(await reader.read(65_536))
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        (conversation,) = ana.runner._conversations
        row = ana.client.rows_before(ana.client.circle().id, None, 1)[0]
        long = RowAdded(row=msgspec.structs.replace(row, text="x" * 1_000_000))
        for _ in range(2 * BACKLOG_LIMIT // 1_000_000):
            ana.runner._tell(long)
        await asyncio.wait({conversation})
    writer.transport.abort()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_who_lets_go_of_the_news_is_told_no_more() -> None:
    listeners = Listeners()
    kept, dropped = listeners.news(), listeners.news()
    listeners.tell(Finished())
    del dropped
    assert len(listeners._queues) == 1
    listeners.end()
    listeners.end()
    assert [event async for event in kept] == [Finished()]


async def test_who_just_gave_up_is_not_answered(ana: Person, other: RemoteOwner) -> None:
    """The answer, or the end, comes in the same turn of the loop in which the asker gives up."""
    for owner in (other, ana.runner):
        for ending in (False, True):
            asking = asyncio.ensure_future(owner.ask(SLOW))
            await asyncio.sleep(0)
            (ref,) = owner._answers
            asking.cancel()
            if not ending:
                (owner._hear if isinstance(owner, RemoteOwner) else owner._tell)(Finished(ref=ref))
            elif isinstance(owner, RemoteOwner):
                owner._end()
            else:
                owner._halt("It is over.")
            with pytest.raises(asyncio.CancelledError):
                await asking


SLOW = OpenCircle(name="Lake", person="Ana", relay="192.0.2.1:7600")
