"""One person with two devices, for tests: the words said, the yes given, the circles come in."""

from __future__ import annotations

from collections.abc import Iterator

from crypto.code import SpokenCode
from crypto.code_reading import read_code
from crypto.link_messages import Hello, LinkMessage, decode, encode
from crypto.linking import End, FirstEnd, NewEnd
from crypto.relay_address import Address
from crypto.secret import Secret
from relay import wire
from tests.harness import HOST, Person, World
from tui.engine import commands
from tui.engine.events import Finished, LinkAsked, LinkOpened, LinkTaken
from tui.engine.links import LinkKind

NAMEPLATE = LinkKind.NAMEPLATE
COMES_IN = 60_000
"""Milliseconds within which a device is in every circle that it was given."""


def begins(first: Person, new: Person, history: int = 0, label: str = "laptop") -> None:
    """The code is shown on one device and typed on the other; the first is asked."""
    opened = first.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref, history=history))
    new.ref += 1
    new.do(commands.FollowLink(ref=new.ref, code=opened.code, label=label))
    first.world.settle()
    assert [asked.label for asked in first.told(LinkAsked)] == [label]


def links(first: Person, new: Person, history: int = 0, label: str = "laptop") -> LinkTaken:
    """As `begins`, with a yes; the new device is in everything that it was given."""
    begins(first, new, history, label)
    first.expect(Finished, lambda ref: commands.AnswerLink(ref=ref, yes=True))
    first.world.wait(COMES_IN)
    taken = [event for event in new.told(LinkTaken) if event.ref == new.ref]
    assert len(taken) == 1, new.heard[-5:]
    first.heard.clear()
    return taken[0]


def pair(history: int = 0, said: tuple[str, ...] = ()) -> tuple[World, Person, Person, Person]:
    """Ana, Bo, and Bo's laptop; `said` is what Ana had said before the laptop came in."""
    world = World()
    ana, bo = world.circle("Ana", "Bo")
    for text in said:
        ana.says(text)
        world.settle()
    laptop = world.person("Bo's laptop")
    links(bo, laptop, history)
    return world, ana, bo, laptop


class Impostor:
    """The other end of a person's nameplate, in hands that say what no device of ours does.

    What the person says is taken out on its way to the relay; what is said here seems to come from
    there.
    """

    def __init__(self, person: Person, end: End) -> None:
        self.person = person
        self.end = end

    def hears(self) -> list[LinkMessage]:
        """Everything that was said since."""
        heard: list[LinkMessage] = []
        while True:
            self._tell()
            bodies = list(self._said())
            if not bodies:
                return heard
            for body in bodies:
                message = self.end.receive(body)
                heard += [] if message is None else [decode(message)]

    def says(self, *messages: LinkMessage) -> list[LinkMessage]:
        """Say something, and hear what comes of it."""
        for message in messages:
            self.end.send(encode(message))
        return self.hears()

    def _tell(self) -> None:
        for body in self.end.to_say():
            self.deliver(wire.message(wire.Said(body)))

    def deliver(self, data: bytes) -> None:
        """Bytes that seem to come from the relay, over the nameplate's connection."""
        client = self.person.client
        wishes = client.links()
        here = [link for link in self.person.sockets if link in wishes]
        link = min(here, key=lambda link: wishes[link].kind is not NAMEPLATE, default=None)
        if link is not None:
            self.person.guarded(lambda: client.link_received(link, data))

    def _said(self) -> Iterator[bytes]:
        self.person.world.now += 10_000  # more than the pace of a stranger asks for
        self.person.guarded(self.person.client.tick)
        for socket in self.person.sockets.values():
            for data in [socket.up.popleft() for _ in range(len(socket.up))]:
                for frame in wire.decode_from_client(data):
                    if isinstance(frame, wire.Say):
                        yield frame.body
                    else:
                        socket.up.append(wire.message(frame))


def false_new(first: Person, label: str = "laptop", history: int = 0) -> Impostor:
    """Somebody who was told the words of a person's code, and who was told yes."""
    opened = first.expect(LinkOpened, lambda ref: commands.OpenLink(ref=ref, history=history))
    code = read_code(opened.code)
    assert isinstance(code, SpokenCode)
    rng = first.world.random.randbytes
    impostor = Impostor(first, NewEnd(code, Address.parse(HOST), rng))
    assert impostor.hears() == []
    assert impostor.says(Hello(label)) == []
    first.do(commands.AnswerLink(yes=True))
    return impostor


def false_first(new: Person, label: str = "laptop") -> Impostor:
    """Somebody who showed a code that this person has typed, and who was greeted."""
    code = SpokenCode((738,), Secret(b"tulip-violin"))
    impostor = Impostor(new, FirstEnd(code, Address.parse(HOST), new.world.random.randbytes))
    new.ref += 1
    new.do(commands.FollowLink(ref=new.ref, code=code.text(), label=label))
    while new.sync():
        pass
    impostor.deliver(wire.message(wire.Hello(bytes(32), b"r" * 32, new.world.now)))
    assert impostor.hears() == [Hello(label)]
    return impostor
