"""Nameplates: one claimant each, burned by whatever ends them, bounded in number and rate."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from relay import wire
from relay.limits import HOUR, MINUTE, Rate, Settings
from relay.rendezvous import GONE_KEPT, Nameplate, Rendezvous, RendezvousRefused
from relay.wire import Refusal

CIRCLE = b"c" * 16
NOW = 1_700_000_000_000
PLENTY = Rate(1_000_000, 1)
FREE = replace(Settings(), claims=PLENTY, nameplates=PLENTY, nameplates_per_chair=1_000_000)


def rendezvous(settings: Settings | None = None) -> Rendezvous[str]:
    return Rendezvous(settings or Settings(), random.Random(1).randbytes)


def opened(met: Rendezvous[str], opener: str = "ana", chair: int = 0) -> Nameplate[str]:
    return met.open(opener, CIRCLE, chair, NOW)


def refused(call: object) -> tuple[Refusal, int]:
    assert callable(call)
    with pytest.raises(RendezvousRefused) as caught:
        call()
    return caught.value.code, caught.value.number


def test_two_meet_and_speak() -> None:
    met = rendezvous()
    plate = opened(met)
    assert len(plate.words) == 1 and plate.until == NOW + 10 * MINUTE
    met.claim("bo", plate.words, "192.0.2.1", NOW)
    assert (met.other("ana"), met.other("bo")) == ("bo", "ana")


def test_nobody_is_there_before_the_other_comes() -> None:
    met = rendezvous()
    opened(met)
    assert refused(lambda: met.other("ana")) == (Refusal.NAMEPLATE_GONE, 0)
    assert refused(lambda: met.other("nobody")) == (Refusal.NAMEPLATE_GONE, 0)


def test_a_second_claimant_comes_too_late() -> None:
    met = rendezvous()
    plate = opened(met)
    met.claim("bo", plate.words, "a", NOW)
    late = refused(lambda: met.claim("cam", plate.words, "b", NOW))
    assert late == (Refusal.NAMEPLATE_GONE, 0)
    assert met.other("ana") == "bo"


@pytest.mark.parametrize("who", ["ana", "bo"])
def test_a_line_that_drops_burns_it(who: str) -> None:
    met = rendezvous()
    plate = opened(met)
    met.claim("bo", plate.words, "a", NOW)
    assert met.leave(who) == {"ana": "bo", "bo": "ana"}[who]
    assert met.leave(who) is None
    assert len(met) == 0
    assert refused(lambda: met.claim("cam", plate.words, "a", NOW))[0] is Refusal.NAMEPLATE_GONE


def test_an_opener_alone_may_close_it() -> None:
    met = rendezvous()
    opened(met)
    assert met.leave("ana") is None
    assert len(met) == 0


def test_an_unknown_one_is_forbidden() -> None:
    met = rendezvous()
    (word,) = opened(met).words
    other = ((word + 1) % wire.WORDS,)
    assert refused(lambda: met.claim("bo", other, "a", NOW)) == (Refusal.FORBIDDEN, 0)


def test_ten_minutes_and_no_more() -> None:
    met = rendezvous()
    one, two = opened(met), met.open("cam", CIRCLE, 1, NOW + MINUTE)
    met.claim("bo", one.words, "a", NOW)
    assert met.expire(one.until - 1) == []
    assert met.expire(one.until) == ["ana", "bo"]
    late = refused(lambda: met.claim("dee", two.words, "a", two.until))
    assert late == (Refusal.NAMEPLATE_GONE, 0)
    assert met.expire(two.until) == ["cam"]


def test_one_a_socket() -> None:
    met = rendezvous()
    opened(met)
    assert refused(lambda: met.open("ana", CIRCLE, 0, NOW + MINUTE)) == (
        Refusal.TOO_FAST,
        9 * MINUTE,
    )


def test_two_a_chair() -> None:
    met = rendezvous()
    opened(met, "ana")
    met.open("ana's other", CIRCLE, 0, NOW + MINUTE)
    code, wait = refused(lambda: met.open("ana's third", CIRCLE, 0, NOW + MINUTE))
    assert (code, wait) == (Refusal.TOO_FAST, 9 * MINUTE)
    met.open("bo", CIRCLE, 1, NOW)
    met.open("somebody elsewhere", b"d" * 16, 0, NOW)


def test_ten_an_hour_a_circle() -> None:
    met = rendezvous()
    for number in range(10):
        met.open(f"device {number}", CIRCLE, number, NOW)
    code, wait = refused(lambda: met.open("eleventh", CIRCLE, 11, NOW))
    assert (code, wait) == (Refusal.TOO_FAST, HOUR // 10)


def test_five_attempts_an_hour_a_source_right_or_wrong() -> None:
    met = rendezvous()
    plate = opened(met)
    (word,) = plate.words
    for number in range(1, 6):
        wrong = ((word + number) % wire.WORDS,)
        refused(lambda words=wrong: met.claim("guesser", words, "192.0.2.1", NOW))
    assert refused(lambda: met.claim("guesser", plate.words, "192.0.2.1", NOW)) == (
        Refusal.TOO_FAST,
        HOUR // 5,
    )
    met.claim("bo", plate.words, "192.0.2.2", NOW)


def test_words_are_two_when_they_run_short() -> None:
    met = rendezvous(FREE)
    plates = [met.open(f"device {number}", CIRCLE, 0, NOW) for number in range(700)]
    single = [plate.words for plate in plates if len(plate.words) == 1]
    assert len(single) == wire.WORDS // 2
    assert len({plate.words for plate in plates}) == 700
    assert all(0 <= word < wire.WORDS for plate in plates for word in plate.words)


def test_a_word_comes_again_an_hour_after_its_end() -> None:
    met = rendezvous(FREE)
    plates = [met.open(f"device {number}", CIRCLE, 0, NOW) for number in range(wire.WORDS // 2)]
    met.expire(plates[0].until)
    assert len(met.open("early", CIRCLE, 0, NOW).words) == 2
    met.expire(plates[0].until + HOUR)
    assert len(met.open("late", CIRCLE, 0, NOW).words) == 1
    assert refused(lambda: met.claim("bo", plates[0].words, "a", NOW))[0] is Refusal.FORBIDDEN


def test_what_is_remembered_is_bounded() -> None:
    met = rendezvous(FREE)
    first = met.open("device", CIRCLE, 0, NOW)
    met.leave("device")
    for _ in range(GONE_KEPT):
        met.open("device", CIRCLE, 0, NOW)
        met.leave("device")
    assert refused(lambda: met.claim("bo", first.words, "a", NOW))[0] is Refusal.FORBIDDEN


def test_no_word_is_likelier_than_another() -> None:
    drawn = iter([b"\xff\xff", b"\xfd\x20", b"\xfd\x1f"])
    met: Rendezvous[str] = Rendezvous(Settings(), lambda length: next(drawn))
    # 65536 - 65536 % 1296 = 0xfd20: the first two lie above the last whole run of words.
    assert met.open("ana", CIRCLE, 0, NOW).words == (1295,)


def test_a_word_in_use_is_not_given_again() -> None:
    drawn = iter([b"\x00\x05", b"\x00\x05", b"\x00\x06"])
    met: Rendezvous[str] = Rendezvous(Settings(), lambda length: next(drawn))
    assert met.open("ana", CIRCLE, 0, NOW).words == (5,)
    assert met.open("bo", CIRCLE, 1, NOW).words == (6,)
