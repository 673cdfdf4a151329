"""A relay that lies to one member: clumsily, or with its own signature under a second log.

What can be told from the log alone ends the connection, and is mended by the next honest one. What
is signed stops the circle. Whatever it does: nothing crashes, nothing of one's own is lost, nothing
is shown twice, and there is a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from crypto.access.binding import AccessKeyPair
from crypto.access.log import EMPTY_CHAIN, Head, Kind, chain, entry_hash
from crypto.secret import Secret
from relay import wire
from relay.wire import Entry, FromRelay
from tests.harness import Person, World
from tests.tui.engine.lying import Lie, LyingWorld
from tests.tui.engine.rogue import circle_of
from tui.engine.commands import ChangeSettings, Rejoin, SendText
from tui.engine.events import Finished, LinkState
from tui.engine.reading import _too_early

DAY = 86_400_000
RELAY = AccessKeyPair.from_seed(Secret(b"\x07" * 32))


class Clumsy:
    """Lies that the next entry, or the entry itself, gives away."""

    def __init__(self) -> None:
        self.seen: dict[int, Entry] = {}

    def _place(self, frame: FromRelay) -> int:
        """Which message it is, from 1 on; 0 for what is none."""
        if not isinstance(frame, Entry) or frame.kind != 1:
            return 0
        if frame.n not in self.seen:
            self.seen[frame.n] = frame
        return sorted(self.seen).index(frame.n) + 1

    def drops(self, frame: FromRelay) -> Iterable[FromRelay]:
        """The second message is left out."""
        if self._place(frame) != 2:
            yield frame

    def reorders(self, frame: FromRelay) -> Iterable[FromRelay]:
        """The first message comes after the second."""
        place = self._place(frame)
        if place != 1:
            yield frame
        if place == 2:
            yield self.seen[min(self.seen)]

    def tampers(self, frame: FromRelay) -> Iterable[FromRelay]:
        """One bit of each message is another."""
        if isinstance(frame, Entry) and frame.kind == 1:
            body = bytearray(frame.body)
            body[-1] ^= 1
            yield replace(frame, body=bytes(body))
        else:
            yield frame

    def redates(self, frame: FromRelay) -> Iterable[FromRelay]:
        """Each message was written an hour earlier."""
        if isinstance(frame, Entry) and frame.kind == 1:
            yield replace(frame, time=frame.time - 3_600_000)
        else:
            yield frame

    def forgets(self, frame: FromRelay) -> Iterable[FromRelay]:
        """Of each message the hash is left."""
        if isinstance(frame, Entry) and frame.kind == 1:
            yield wire.Gone(
                frame.n, frame.kind, entry_hash(frame.time, frame.body, frame.side_data)
            )
        else:
            yield frame

    def replays(self, frame: FromRelay) -> Iterable[FromRelay]:
        """Everything is shown twice."""
        yield frame
        if isinstance(frame, Entry):
            yield frame

    def renumbers(self, frame: FromRelay) -> Iterable[FromRelay]:
        """The first message is shown once more, as the next entry."""
        yield frame
        if isinstance(frame, Entry) and self._place(frame) == 1:
            yield replace(frame, n=frame.n + 1)


def talk(seed: int, lie: Lie | None) -> tuple[LyingWorld, Person, Person]:
    """Ana speaks while Bo is away; Bo has something to say and comes back, to a lying relay."""
    world = LyingWorld(seed)
    ana, bo = world.circle("Ana", "Bo")
    bo.offline = True
    world.settle()
    for number in range(4):
        ana.says(f"{number}")
    bo.says("mine")
    world.settle()
    world.victim, world.lie = bo, lie
    bo.offline = False
    world.settle(wait=2_500)
    return world, ana, bo


def shown_once(person: Person) -> bool:
    texts = person.texts()
    return len(set(texts)) == len(texts)


SAID = ["Ana: 0", "Ana: 1", "Ana: 2", "Ana: 3", "Bo: mine"]


@pytest.mark.parametrize("lie", ["drops", "reorders"])
def test_a_log_with_a_gap_is_not_read_on(lie: str) -> None:
    world, ana, bo = talk(1, getattr(Clumsy(), lie))
    assert bo.circle().link is not LinkState.ONLINE
    assert "The relay showed entry" in bo.circle().link_sentence
    assert "Bo: mine" in bo.texts() and shown_once(bo)
    world.lie = None
    world.wait(600_000)
    for person in (ana, bo):
        assert person.texts() == SAID
        assert person.warnings() == []
    assert bo.circle().waiting == 0


@pytest.mark.parametrize("lie", ["tampers", "redates"])
def test_what_the_relay_did_not_sign_is_found_by_what_it_did(lie: str) -> None:
    world, ana, bo = talk(1, getattr(Clumsy(), lie))
    assert bo.circle().link is LinkState.STOPPED
    assert "another conversation" in bo.circle().link_sentence
    world.lie = None
    world.wait(600_000)
    assert "Bo: mine" in bo.texts() and shown_once(bo)
    assert bo.circle().waiting == 1  # not sent into a log that nobody else may see
    assert ana.texts() == SAID[:4]
    bo.crash()
    world.wait(60_000)
    assert bo.circle().link is LinkState.STOPPED and bo.circle().waiting == 1


def test_what_has_gone_is_said_to_have_gone() -> None:
    world, ana, bo = talk(1, Clumsy().forgets)
    gone = [text for text in bo.warnings() if "threw away a message before its time" in text]
    assert len(gone) == 4
    world.lie = None
    ana.says("after")
    world.wait(600_000)
    again = "4 messages from Ana were missing. Ana's device sent them again."
    assert again in bo.notices()
    assert bo.texts() == ["Bo: mine", "Ana: 0", "Ana: 1", "Ana: 2", "Ana: 3", "Ana: after"]


@pytest.mark.parametrize(
    ("wished", "days"),
    [((), 30), ((60,), 30), ((2,), 2), ((2, 60), 2)],
    ids=["usual", "longer", "shorter", "shorter and longer again"],
)
def test_a_relay_is_not_blamed_for_keeping_no_longer_than_it_ever_was_told(
    wished: tuple[int, ...], days: int
) -> None:
    world = World(1)
    ana, bo = world.circle("Ana", "Bo")
    for each in wished:
        ana.do(ChangeSettings(retention=each * 86_400))
        world.settle()
    ana.says("one")
    world.settle()
    circle = circle_of(bo)
    gone = wire.Gone(circle.record.n + 1, Kind.MESSAGE, bytes(32))
    assert _too_early(circle, gone)
    world.now += (days - 1) * DAY - 3_600_000
    assert _too_early(circle, gone)
    world.now += 2 * DAY
    assert not _too_early(circle, gone)


def test_a_change_that_is_gone_before_its_time_stops_a_device_that_comes_in_again() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    ana.says("one")
    world.settle()
    bo.offline = True
    world.settle()
    ana.expect(Finished, lambda ref: ChangeSettings(ref=ref, topic="other"))

    def forgets(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry) and frame.kind == 2:
            hashed = entry_hash(frame.time, frame.body, frame.side_data)
            yield wire.Gone(frame.n, frame.kind, hashed)
        else:
            yield frame

    world.victim, world.lie = bo, forgets
    bo.offline = False
    world.settle()
    assert bo.circle().link is LinkState.STOPPED
    assert "threw away a change to the circle before its time" in bo.circle().link_sentence
    assert bo.warnings() == [bo.circle().link_sentence]
    world.lie = None
    bo.expect(Finished, lambda ref: Rejoin(ref=ref))
    world.wait(60_000)
    assert bo.circle().link is LinkState.ONLINE and bo.circle().topic == "other"


def test_what_is_shown_twice_is_there_once() -> None:
    world, _ana, bo = talk(1, Clumsy().replays)
    world.wait(60_000)
    assert bo.texts() == SAID and bo.warnings() == []


def test_a_replay_at_another_place_is_not_shown() -> None:
    """It pushes the next entry out of its place: the log that was signed has another there."""
    world, _ana, bo = talk(1, Clumsy().renumbers)
    world.wait(60_000)
    assert bo.circle().link is LinkState.STOPPED
    assert bo.texts().count("Ana: 0") == 1 and shown_once(bo)
    assert "Bo: mine" in bo.texts()


class Second:
    """A second log for one member, without some of the entries, under the relay's own signature."""

    def __init__(self, circle: bytes, world: World, without: Callable[[Entry], bool]) -> None:
        self.circle = circle
        self.without = without
        (shelf,) = world.store.shelves.values()
        self.hash = EMPTY_CHAIN
        self.left_out = 0
        self.n = 0
        self.hashes = {0: self.hash}
        for record in shelf.records:
            self._fold(record.n, record.kind, record.entry_hash)
        self.true = self.n

    def _fold(self, n: int, kind: int, hashed: bytes) -> None:
        self.hash = chain(self.circle, n, kind, self.hash, hashed)
        self.n = n
        self.hashes[n] = self.hash

    def _head(self, incarnation: bytes) -> Head:
        return Head.sign(RELAY, self.circle, incarnation, self.n, self.hash)

    def tell(self, frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, Entry):
            if frame.n <= self.true:
                yield frame
                return
            self.true = frame.n
            if self.without(frame):
                self.left_out += 1
                return
            shown = replace(frame, n=frame.n - self.left_out)
            self._fold(shown.n, shown.kind, entry_hash(shown.time, shown.body, shown.side_data))
            yield shown
        elif isinstance(frame, wire.Head):
            if frame.n - self.left_out in self.hashes:
                signed = self._head(frame.incarnation)
                yield wire.Head(signed.incarnation, signed.n, signed.hash, signed.signature)
        elif isinstance(frame, wire.Done):
            yield replace(frame, n=frame.n - self.left_out)
        else:
            yield frame


def test_a_second_log_is_known_by_what_the_others_say() -> None:
    """A message is kept from Bo alone. The next one says that it is missing, and carries the head
    of the log that Ana sees."""
    world = LyingWorld(1)
    ana, bo, cy = world.circle("Ana", "Bo", "Cy")
    second = Second(bytes.fromhex(bo.circle().id), world, lambda entry: not second.left_out)
    world.victim, world.lie = bo, second.tell
    ana.says("kept from Bo")
    world.settle(wait=100)
    assert bo.texts() == [] and bo.circle().link is LinkState.ONLINE
    ana.says("told to all")
    world.settle(wait=100)
    assert "1 message from Ana is missing." in bo.warnings()
    cy.says("I heard")
    world.settle(wait=100)
    assert bo.circle().link is LinkState.STOPPED
    assert "has shown" in bo.circle().link_sentence
    assert "Ask the others what they see" in bo.circle().link_sentence
    refused = bo.refused(lambda ref: SendText(ref=ref, text="to nobody"))
    assert refused.sentence == bo.circle().link_sentence
    assert bo.texts() == ["Ana: told to all", "Cy: I heard"]
    assert ana.texts() == cy.texts() == ["Ana: kept from Bo", "Ana: told to all", "Cy: I heard"]


def test_an_older_head_is_no_news() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    older: list[wire.Head] = []

    def shows_the_first_again(frame: FromRelay) -> Iterable[FromRelay]:
        if isinstance(frame, wire.Head):
            older.append(frame)
            yield older[0]
        else:
            yield frame

    world.victim, world.lie = bo, shows_the_first_again
    for number in range(3):
        ana.says(f"{number}")
        world.settle(wait=100)
    world.settle()
    assert len(older) >= 2
    assert bo.texts() == ["Ana: 0", "Ana: 1", "Ana: 2"]
    assert bo.circle().link is LinkState.ONLINE and bo.warnings() == []


def test_an_end_that_is_kept_back_comes_with_the_next_honest_connection() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")

    def keeps_back(frame: FromRelay) -> Iterable[FromRelay]:
        if not isinstance(frame, Entry | wire.Head):
            yield frame

    world.victim, world.lie = bo, keeps_back
    ana.says("kept back")
    world.settle()
    assert bo.texts() == []
    world.lie = None
    for socket in bo.sockets.values():
        socket.cut()
    world.wait(60_000)
    assert bo.texts() == ["Ana: kept back"] and bo.warnings() == []


def test_keeping_back_the_end_of_what_it_says_it_has_shown() -> None:
    world = LyingWorld(1)
    ana, bo = world.circle("Ana", "Bo")
    bo.offline = True
    world.settle()
    ana.says("kept back")
    world.settle()
    world.victim = bo
    world.lie = lambda frame: () if isinstance(frame, Entry) else (frame,)
    bo.offline = False
    world.settle(wait=2_500)
    assert bo.circle().link is not LinkState.ONLINE
    assert "kept something back" in bo.circle().link_sentence
    world.lie = None
    world.wait(60_000)
    assert bo.texts() == ["Ana: kept back"] and bo.warnings() == []
