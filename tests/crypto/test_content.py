"""Messages' contents by type: the ones that are known, and those of later versions."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.content import (
    ASKED_MOST,
    BODY_LONGEST,
    MENTIONED_MOST,
    OPTION_LONGEST,
    OPTIONS_MOST,
    QUESTION_LONGEST,
    TABLE,
    TEXT_LONGEST,
    Again,
    Ask,
    Content,
    Cover,
    Delete,
    Edit,
    Leave,
    PassedOn,
    Pin,
    Poll,
    React,
    Text,
    Unknown,
    Vote,
    read_content,
    write_content,
)
from crypto.errors import FieldError, MisuseError
from crypto.file import File

SIGNATURE = b"s" * 64
ID = b"i" * 16
HEART = "\u2764\ufe0f"
BLOB = bytes(64) + (5).to_bytes(8)

ids = st.binary(min_size=16, max_size=16)
mentions = st.sets(st.binary(min_size=32, max_size=32), max_size=4).map(
    lambda found: tuple(sorted(found))
)
texts = st.text(min_size=1, max_size=200)
lasts = st.just(0) | st.integers(60, 31_536_000)

contents = st.one_of(
    st.builds(Text, texts, st.just(b"") | ids, mentions, st.booleans(), lasts),
    st.builds(React, ids, st.sampled_from([HEART, "\U0001f44d"]), st.booleans()),
    st.builds(Edit, ids, texts, mentions, lasts),
    st.builds(Delete, ids),
    st.builds(Pin, ids, st.booleans()),
    st.builds(
        Poll,
        st.text(min_size=1, max_size=100),
        st.sets(st.text(min_size=1, max_size=20), min_size=2, max_size=OPTIONS_MOST).map(tuple),
        st.booleans(),
        lasts,
    ),
    st.builds(
        Vote, ids, st.sets(st.integers(0, OPTIONS_MOST - 1)).map(lambda found: tuple(sorted(found)))
    ),
    st.builds(
        File,
        st.binary(min_size=64, max_size=64).map(lambda found: found + bytes(8)),
        st.text("ab.\u00e9\u202e \"'", min_size=3, max_size=80),
        st.sampled_from(["text/plain", "image/svg+xml"]),
    ),
    st.builds(Leave, st.binary(min_size=64, max_size=64)),
    st.just(Cover()),
    st.builds(PassedOn, st.binary(min_size=32, max_size=32), st.binary(max_size=300)),
    st.builds(
        Ask,
        st.binary(min_size=32, max_size=32),
        st.sets(st.integers(1, 2**63 - 1), min_size=1, max_size=9).map(
            lambda found: tuple(sorted(found))
        ),
        st.binary(min_size=32, max_size=32),
    ),
    st.builds(Again, st.binary(min_size=32, max_size=32), st.binary(max_size=300)),
    st.builds(Unknown, st.integers(100, 0xFFFF), st.binary(max_size=100)),
)


@given(contents)
def test_a_content_survives_its_body(content: Content) -> None:
    number, body = write_content(content)
    assert read_content(number, body) == content
    assert write_content(read_content(number, body)) == (number, body)


def test_what_is_not_said_is_not_in_the_bytes() -> None:
    assert write_content(Text("hi", b"", (), False))[1] == b"\x81\xa4text\xa2hi"
    said = Text("hi", ID, (b"a" * 32, b"b" * 32), True)
    assert msgpack.unpackb(write_content(said)[1]) == {
        "text": "hi",
        "reply": ID,
        "mentions": [b"a" * 32, b"b" * 32],
        "me": True,
    }
    assert msgpack.unpackb(write_content(Edit(ID, "ho"))[1]) == {"of": ID, "text": "ho"}


def test_the_largest_and_the_least_poll_are_written() -> None:
    letters = [chr(97 + number) * OPTION_LONGEST for number in range(OPTIONS_MOST)]
    poll = Poll("?" * QUESTION_LONGEST, tuple(letters), True)
    assert read_content(*write_content(poll)) == poll
    least = Poll("?", ("a", "b"), False)
    assert read_content(*write_content(least)) == least
    assert "secret" not in repr(Poll("secret", ("secret", "b"), True))
    every = Vote(ID, tuple(range(OPTIONS_MOST)))
    assert read_content(*write_content(every)) == every


def test_as_many_as_may_be_are_mentioned() -> None:
    keys = tuple(bytes([number]) * 32 for number in range(MENTIONED_MOST))
    for some in (keys[:1], keys):
        assert read_content(*write_content(Text("hi", mentions=some))) == Text("hi", mentions=some)
    with pytest.raises(MisuseError, match="mentions"):
        write_content(Text("hi", mentions=(*keys, b"\xff" * 32)))


def test_bodies_are_maps() -> None:
    assert write_content(Text("hi")) == (1, b"\x81\xa4text\xa2hi")
    assert write_content(Leave(SIGNATURE)) == (2, b"\x81\xa9departure\xc4\x40" + SIGNATURE)
    assert write_content(Cover()) == (3, b"\x80")
    number, body = write_content(PassedOn(b"t" * 32, b"sealed"))
    assert (number, msgpack.unpackb(body)) == (4, {"to": b"t" * 32, "sealed": b"sealed"})


@pytest.mark.parametrize("number", sorted(TABLE))
def test_unknown_keys_are_ignored(number: int) -> None:
    examples: dict[int, Content] = {
        1: Text("hi"),
        2: Leave(SIGNATURE),
        3: Cover(),
        4: PassedOn(b"t" * 32, b"sealed"),
        5: Ask(b"o" * 32, (1, 9), b"k" * 32),
        6: Again(b"t" * 32, b"sealed"),
        7: React(ID, HEART, True),
        8: Edit(ID, "ho"),
        9: Delete(ID),
        10: Pin(ID, False),
        11: Poll("Where?", ("here", "there"), False),
        12: Vote(ID, ()),
        13: File(BLOB, "a.txt", "text/plain"),
    }
    known = examples[number]
    values = msgpack.unpackb(write_content(known)[1]) | {"later": [1, {"a": None}, 2.5]}
    assert read_content(number, msgpack.packb(values)) == known


def test_a_later_type_is_kept_as_it_came() -> None:
    for body in (b"", b"\xc1 no msgpack", b"\x80"):
        assert read_content(77, body) == Unknown(77, body)
        assert write_content(Unknown(77, body)) == (77, body)


@pytest.mark.parametrize(
    ("number", "values"),
    [
        (1, {}),
        (1, {"text": ""}),
        (1, {"text": b"bytes"}),
        (1, {"text": 5}),
        (1, {"text": "x" * (TEXT_LONGEST + 1)}),
        (1, {"text": "é" * (TEXT_LONGEST // 2 + 1)}),
        (2, {}),
        (2, {"departure": bytes(63)}),
        (2, {"departure": "s" * 64}),
        (4, {"to": bytes(32)}),
        (4, {"sealed": b""}),
        (4, {"to": bytes(31), "sealed": b""}),
        (4, {"to": bytes(32), "sealed": "text"}),
        *(
            (5, {"of": bytes(32), "key": bytes(32), "counters": counters})
            for counters in (
                [],
                [0],
                [2, 1],
                [1, 1],
                [True],
                [1.0],
                [-1],
                "1",
                {"1": 1},
                list(range(1, ASKED_MOST + 2)),
            )
        ),
        (5, {"of": bytes(31), "key": bytes(32), "counters": [1]}),
        (5, {"of": bytes(32), "key": bytes(33), "counters": [1]}),
        (5, {"of": bytes(32), "counters": [1]}),
        (6, {"to": bytes(32), "sealed": "text"}),
        (1, {"text": "hi", "reply": bytes(15)}),
        (1, {"text": "hi", "reply": b""}),
        (1, {"text": "hi", "reply": None}),
        (1, {"text": "hi", "me": False}),
        (1, {"text": "hi", "me": 1}),
        *(
            (number, {"of": ID, "text": "hi", "mentions": keys})
            for number in (1, 8)
            for keys in (
                [],
                None,
                b"a" * 32,
                ["a" * 32],
                [b"a" * 31],
                [b"b" * 32, b"a" * 32],
                [b"a" * 32, b"a" * 32],
                [bytes([key]) * 32 for key in range(MENTIONED_MOST + 1)],
            )
        ),
        (7, {"of": ID, "what": HEART}),
        (7, {"of": ID, "what": HEART, "on": 1}),
        (7, {"of": ID, "what": "", "on": True}),
        (7, {"of": ID, "what": 5, "on": True}),
        (7, {"of": ID, "what": "ab", "on": True}),
        (7, {"of": bytes(15), "what": HEART, "on": True}),
        (8, {"of": ID, "text": ""}),
        (8, {"text": "hi"}),
        (9, {}),
        (9, {"of": bytes(17)}),
        (10, {"of": ID}),
        (10, {"of": ID, "on": 0}),
        *(
            (11, {"question": "?", "options": ["a", "b"], "several": False} | wrong)
            for wrong in (
                {"question": ""},
                {"question": "?" * (QUESTION_LONGEST + 1)},
                {"several": 1},
                {"options": "ab"},
                {"options": ["a"]},
                {"options": ["a", "a"]},
                {"options": ["a", ""]},
                {"options": ["a", 1]},
                {"options": ["a", ["b"]]},
                {"options": ["a", "b" * (OPTION_LONGEST + 1)]},
                {"options": [str(number) for number in range(OPTIONS_MOST + 1)]},
            )
        ),
        *(
            (12, {"of": ID, "choices": choices})
            for choices in (None, 1, [-1], [OPTIONS_MOST], [1, 1], [2, 1], [True], ["1"])
        ),
        (3, []),
        (3, None),
        (3, {b"bytes": 1}),
        (3, {1: 1}),
        (3, "map"),
    ],
)
def test_a_body_that_is_not_of_its_type_is_refused(number: int, values: Any) -> None:
    with pytest.raises(FieldError):
        read_content(number, msgpack.packb(values))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x80\x80",
        b"\x81\xa4text",
        b"\x82\xa4text\xa2hi\xa4text\xa2ho",
        b"\x81\xa4text\xa2\xff\xff",
        b"\x81\xa4text\xa3\xed\xa0\x80",
        b"\x81" * 2000,
        b"\x91" * 2000,
    ],
)
def test_malformed_msgpack_is_refused(body: bytes) -> None:
    with pytest.raises(FieldError):
        read_content(1, body)


@given(st.sampled_from(sorted(TABLE)), st.binary(max_size=80))
def test_any_body_is_read_or_refused(number: int, body: bytes) -> None:
    try:
        content = read_content(number, body)
    except FieldError:
        return
    assert isinstance(content, TABLE[number].kind)


@pytest.mark.parametrize(
    "content",
    [
        Text(""),
        Text("x" * (TEXT_LONGEST + 1)),
        Text("\ud800"),
        Leave(b""),
        PassedOn(b"", b""),
        PassedOn(bytes(32), bytes(BODY_LONGEST + 1)),
        Ask(bytes(32), (), bytes(32)),
        Ask(bytes(32), (1 << 63,), bytes(32)),
        Again(bytes(32), bytes(BODY_LONGEST + 1)),
        Text("hi", b"short"),
        Text("hi", mentions=(b"short",)),
        React(ID, "\ud800", True),
        Edit(ID, ""),
        Delete(b""),
        Pin(b"", True),
        Poll("?", ("a",), False),
        Poll("?", ("a", "\ud800"), False),
        Vote(ID, (1, 0)),
        File(BLOB[1:], "a", "text/plain"),
        File(BLOB, "\ud800", "text/plain"),
    ],
)
def test_what_would_be_refused_is_not_written(content: Content) -> None:
    with pytest.raises(MisuseError, match="out of its bounds"):
        write_content(content)


def test_as_many_as_may_be_are_asked_for() -> None:
    ask = Ask(bytes(32), tuple(range(2**63 - ASKED_MOST, 2**63)), bytes(32))
    assert read_content(*write_content(ask)) == ask
    one = Ask(bytes(32), (1,), bytes(32))
    assert read_content(*write_content(one)) == one


def test_the_longest_text_is_written() -> None:
    text = Text("é" * (TEXT_LONGEST // 2))
    assert read_content(*write_content(text)) == text


def test_what_people_say_is_not_printed() -> None:
    assert "hello" not in repr(Text("hello"))
    assert "hello" not in repr(Unknown(99, b"hello"))
    assert "hello" not in repr(Edit(ID, "hello"))


@pytest.mark.parametrize("lasts", [0, 1, 59, 31_536_001, -60, "60", 60.0, True])
@pytest.mark.parametrize(
    ("type", "body"),
    [
        (1, {"text": "x"}),
        (8, {"of": b"1" * 16, "text": "x"}),
        (11, {"question": "x", "options": ["a", "b"], "several": False}),
        (13, {"blob": b"i" * 64 + bytes(8), "name": "a", "media": "text/plain"}),
        (13, {"blob": b"i" * 64 + bytes(8), "name": "a", "media": "text/plain"}),
    ],
)
def test_how_long_it_stays_has_bounds(type: int, body: dict[str, object], lasts: object) -> None:
    for within in (60, 31_536_000):
        whole = read_content(type, msgpack.packb(body | {"lasts": within}))
        assert isinstance(whole, Text | Edit | Poll | File) and whole.lasts == within
    with pytest.raises(FieldError):
        read_content(type, msgpack.packb(body | {"lasts": lasts}))
