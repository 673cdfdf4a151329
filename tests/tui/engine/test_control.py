"""What passes over the control socket."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.commands import ListCircles, SendText
from tui.engine.control import (
    CONTROL_VERSION,
    FRAME_LIMIT,
    Ask,
    ControlError,
    FromAsker,
    FromOwner,
    Hello,
    Switchboard,
    Told,
    Watch,
    asker_ear,
    encode,
    greeted,
    owner_ear,
)
from tui.engine.events import CircleChanged, Circles, Finished, Queued

FRAMES: list[FromAsker] = [
    Ask(SendText(ref=7, circle="lofoten", text="hello")),
    Watch(),
    Ask(ListCircles(ref=8)),
]


@given(st.lists(st.integers(0, 200), max_size=8))
def test_frames_come_out_however_the_stream_is_cut(cuts: list[int]) -> None:
    stream = b"".join(encode(frame) for frame in FRAMES)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    ear = owner_ear()
    heard = []
    for start, end in itertools.pairwise(edges):
        heard += list(ear.receive(stream[start:end]))
    assert heard == FRAMES


def test_the_asker_hears_what_the_owner_says() -> None:
    said: list[FromOwner] = [
        Hello(CONTROL_VERSION, "it"),
        Told(Finished(ref=3)),
        Told(CircleChanged(circle="ab")),
    ]
    assert list(asker_ear().receive(b"".join(encode(frame) for frame in said))) == said


@pytest.mark.parametrize(
    "data",
    [
        (FRAME_LIMIT + 1).to_bytes(4),
        b"\0\0\0\1\xc1",
        encode(Hello(1, "an owner does not listen to owners")),
        b"\0\0\0\2" + msgspec.msgpack.encode({}) + b"\0",
        encode(Ask(SendText(text="hello"))).replace(b"hello", b"\x9eello"),
    ],
)
def test_what_is_not_understood_ends_the_conversation(data: bytes) -> None:
    with pytest.raises(ControlError):
        list(owner_ear().receive(data))


def test_an_owner_of_another_version_is_not_asked() -> None:
    assert greeted(Hello(CONTROL_VERSION, "it")).holder == "it"
    for first in (Hello(CONTROL_VERSION + 1, "it"), Told(Finished())):
        with pytest.raises(ControlError, match="another version"):
            greeted(first)


class Wire:
    """What each peer was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []

    def send(self, peer: str, data: bytes) -> None:
        self.sent += [(peer, frame) for frame in asker_ear().receive(data)]


def test_answers_go_to_who_asked_under_the_number_it_asked_with() -> None:
    board, wire = Switchboard[str](), Wire()
    first = board.hear("one", Ask(SendText(ref=1, text="a")))
    second = board.hear("two", Ask(SendText(ref=1, text="b")))
    assert first is not None and second is not None and first.ref != second.ref
    answer = Queued(ref=second.ref, circle="ab", id="cd", position=1)
    assert board.tell(answer, wire.send)
    assert wire.sent == [("two", Told(msgspec.structs.replace(answer, ref=1)))]
    assert not board.tell(answer, wire.send)  # it was answered
    assert board.tell(Finished(ref=first.ref), wire.send)
    assert wire.sent[-1] == ("one", Told(Finished(ref=1)))


def test_the_owners_own_answers_go_to_nobody_else() -> None:
    board, wire = Switchboard[str](), Wire()
    board.hear("one", Watch())
    assert not board.tell(Circles(ref=board.number(), circles=[]), wire.send)
    assert wire.sent == []


def test_news_go_to_those_who_watch() -> None:
    board, wire = Switchboard[str](), Wire()
    assert board.hear("one", Watch()) is None
    board.hear("two", Ask(ListCircles()))
    news = CircleChanged(circle="ab")
    assert not board.tell(news, wire.send)
    assert wire.sent == [("one", Told(news))]


def test_who_hung_up_is_told_nothing() -> None:
    board, wire = Switchboard[str](), Wire()
    board.hear("one", Watch())
    asked = board.hear("one", Ask(ListCircles()))
    stays = board.hear("two", Ask(ListCircles()))
    assert asked is not None and stays is not None
    board.hang_up("one")
    assert not board.tell(Circles(ref=asked.ref, circles=[]), wire.send)
    board.tell(CircleChanged(circle="ab"), wire.send)
    assert wire.sent == []
    assert board.tell(Circles(ref=stays.ref, circles=[]), wire.send)
