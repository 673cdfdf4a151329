"""Somebody in between, or a relay without its key, plays the attacks of the protocol's section 5.

Real processes on both sides. Whatever is done to Bo: nothing crashes, it is named in words, and
where there is a way back it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import pytest

from crypto.access.log import entry_hash
from relay import wire
from relay.wire import Entry, FromRelay
from tests.e2e.machine import Machine, Person, Running, free_port
from tests.e2e.proxy import Damage, Lie, Proxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@dataclass
class Scene:
    """Ana and Bo talk through the proxy; Bo is the one who is lied to."""

    computer: Machine
    proxy: Proxy
    ana: Person
    bo: Person
    bo_key: bytes
    tail: Running

    def lies(self, lie: Lie, damage: Damage | None = None) -> None:
        self.proxy.lies(self.bo_key, lie, damage)

    def hears(self, *texts: str) -> None:
        for text in texts:
            self.tail.until(lambda line, text=text: line.endswith(text))  # type: ignore[misc]

    def notices(self) -> list[str]:
        """What Bo's conversation says by itself."""
        rows = self.bo.does("read", "Friends", "--last", "5000", "--json").lines()
        return [row["text"] for row in rows if row["kind"] in ("notice", "warning")]

    def agree(self, *texts: str) -> None:
        assert self.ana.texts("Friends") == self.bo.texts("Friends") == list(texts)


@pytest.fixture
def scene(computer: Machine) -> Iterator[Scene]:
    address, port = f"127.0.0.1:{free_port()}", free_port()
    relay = computer.start(
        computer.environ,
        *("relay", "--listen", f"127.0.0.1:{port}", "--data", str(computer.folder / "away")),
        *("--name", address),
    )
    relay.until(lambda line: line.startswith("listening on"))
    with Proxy(address, ("127.0.0.1", port)).running() as proxy:
        ana, bo = computer.person("Ana"), computer.person("Bo")
        ana.opens("Friends", "--relay", address)
        ana.start("tail").online()
        bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
        tail = bo.start("tail")
        tail.online()
        yield Scene(computer, proxy, ana, bo, proxy.keys[1], tail)


def messages(do: Callable[[Entry], Iterable[FromRelay]]) -> Lie:
    """A lie about messages alone, about the first that comes."""
    touched: list[int] = []

    def lie(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry) and frame.kind == 1 and touched in ([], [frame.n]):
            touched[:] = [frame.n]
            yield from do(frame)
        else:
            yield frame

    return lie


def test_a_message_that_is_dropped(scene: Scene) -> None:
    scene.lies(messages(lambda entry: []))
    scene.ana.does("send", "Friends", "one")
    scene.ana.does("send", "Friends", "two")
    scene.tail.until(lambda line: "The relay showed entry" in line, err=True)
    scene.proxy.truth()
    scene.hears("Ana: one", "Ana: two")
    scene.agree("one", "two")


def test_two_messages_in_each_others_place(scene: Scene) -> None:
    held: list[Entry] = []

    def swaps(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry) and frame.kind == 1 and not held:
            held.append(frame)
        elif isinstance(frame, Entry) and len(held) == 1:
            held.append(frame)
            yield frame
            yield held[0]
        else:
            yield frame

    scene.lies(swaps)
    scene.ana.does("send", "Friends", "one")
    scene.ana.does("send", "Friends", "two")
    scene.tail.until(lambda line: "The relay showed entry" in line, err=True)
    scene.proxy.truth()
    scene.hears("Ana: one", "Ana: two")
    scene.agree("one", "two")


def test_what_comes_twice(scene: Scene) -> None:
    def twice(frame: FromRelay) -> Iterable[FromRelay]:
        yield frame
        if isinstance(frame, Entry):
            yield frame

    scene.lies(twice)
    scene.ana.does("send", "Friends", "one")
    scene.ana.does("send", "Friends", "two")
    scene.hears("Ana: one", "Ana: two")
    scene.agree("one", "two")
    assert not any("missing" in text for text in scene.notices())


@pytest.mark.parametrize("what", ["body", "time"])
def test_a_message_that_is_altered(scene: Scene, what: str) -> None:
    """The relay's own head gives it away. Bo stops, and comes in again where Ana is."""

    def alters(entry: Entry) -> Iterable[FromRelay]:
        if what == "time":
            yield replace(entry, time=entry.time - 3_600_000)
        else:
            yield replace(entry, body=entry.body[:-1] + bytes((entry.body[-1] ^ 1,)))

    scene.lies(messages(alters))
    scene.ana.does("send", "Friends", "one")
    scene.tail.until(lambda line: "another conversation" in line, err=True)
    refused = scene.bo.run("send", "Friends", "into nowhere")
    assert refused.code == 1 and "Nothing is sent here any more" in refused.err
    scene.proxy.truth()
    no = scene.bo.run("rejoin", "Friends")
    assert no.code == 1 and "two conversations" in no.err
    scene.bo.does("rejoin", "Friends", "--with", "Ana")
    scene.ana.does("send", "Friends", "two")
    scene.hears("Ana: two")
    assert "Bo's device came in again, with fresh keys." in [
        row["text"] for row in scene.ana.does("read", "--last", "50", "--json").lines()
    ]
    scene.bo.does("send", "Friends", "back")
    assert scene.ana.texts("Friends")[-2:] == ["two", "back"]


def test_an_entry_that_is_gone_before_its_time(scene: Scene) -> None:
    def forgets(entry: Entry) -> Iterable[FromRelay]:
        yield wire.Gone(entry.n, entry.kind, entry_hash(entry.time, entry.body, entry.side_data))

    scene.ana.does("send", "Friends", "zero")
    scene.hears("Ana: zero")
    scene.lies(messages(forgets))
    scene.ana.does("send", "Friends", "one")
    scene.hears("before its time: this device has not read it.")
    scene.ana.does("send", "Friends", "two")
    scene.hears("1 message from Ana is missing.", "Ana: one")
    scene.agree("zero", "one", "two")
    assert "1 message from Ana was missing. Ana's device sent it again." in scene.notices()


def test_an_end_that_is_kept_back(scene: Scene) -> None:
    def keeps_back(frame: FromRelay) -> Iterable[FromRelay]:
        if not isinstance(frame, Entry):
            yield frame

    scene.lies(keeps_back)
    scene.ana.does("send", "Friends", "one")
    while not scene.bo.does("circles", "--json").lines()[0]["kept_back"]:
        pass  # a minute goes by
    scene.hears("signed more than this device is shown.")
    scene.proxy.truth()
    scene.hears("Ana: one", "What the relay had kept back is here now.")
    scene.agree("one")


def test_a_change_that_is_kept_from_one(scene: Scene) -> None:
    def without_commits(frame: FromRelay) -> Iterable[FromRelay]:
        if not isinstance(frame, Entry) or frame.kind != 2:
            yield frame

    scene.lies(without_commits)
    scene.ana.does("rename", "Anabel")
    scene.ana.does("send", "Friends", "one")
    scene.tail.until(lambda line: "The relay showed entry" in line, err=True)
    scene.proxy.truth()
    scene.hears("Anabel: one")
    scene.agree("one")


def test_a_message_that_is_cut_short(scene: Scene) -> None:
    scene.lies(lambda frame: [frame], lambda data: data[: len(data) // 2])
    scene.ana.does("send", "Friends", "one")
    scene.tail.until(lambda line: line.startswith("Friends: "), err=True)
    scene.proxy.truth()
    scene.hears("Ana: one")
    scene.agree("one")


def test_a_removal_that_nobody_did(scene: Scene) -> None:
    scene.proxy.say(scene.bo_key, wire.Refused(None, wire.Refusal.REMOVED))
    scene.hears("The relay says that this device was taken out of the circle.")
    assert len(scene.bo.does("members", "--json").lines()) == 2
    scene.ana.does("send", "Friends", "one")
    scene.tail.end()
    scene.bo.start("tail").online()  # asked again, the relay itself says otherwise
    scene.agree("one")


def test_an_entry_that_nobody_wrote(scene: Scene) -> None:
    def adds(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry):
            yield replace(frame, body=b"noise")
        yield frame

    scene.lies(adds)
    scene.ana.does("send", "Friends", "one")
    scene.tail.until(lambda line: "another conversation" in line, err=True)
    assert "An entry that nobody can read was skipped." in scene.notices()
