"""The checker, on records made by hand: each promise kept, and each broken in its ways."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.checker import (
    ALARM,
    FORGED,
    KEYS,
    LOST,
    ORDER,
    STANDING,
    TWICE,
    UNDETECTED,
    check,
    verdicts,
)
from tests.simulation.history import (
    Acknowledged,
    Attacked,
    Came,
    Crashed,
    Expected,
    Kept,
    Line,
    Ordered,
    Over,
    Played,
    PutBack,
    Read,
    Record,
    Said,
    Sent,
    Shown,
    Stands,
    Told,
    Went,
    digest,
)

ONE, TWO = Line(3 << 16, "1d", "Ana", "one", 3), Line(4 << 16, "2d", "Bo", "two", 4)
NAMES = ("Ana", "Bo")


def sent(who: str, frame: str, message: str, generation: int, at: int = 2) -> Sent:
    return Sent(at, who, f"asked {frame}", frame, message, "epoch", 0, 1, generation, "")


def talk() -> list[Record]:
    """Ana says one thing, Bo another; both read both."""
    return [
        Came(0, "Ana", 0),
        Came(0, "Bo", 1),
        Said(1, "Ana", "one"),
        Kept(1, "Ana", "one"),
        sent("Ana", "f1", "1d", 0),
        Ordered(3, 3, "f1"),
        Acknowledged(3, "Ana", "asked f1", 3),
        Said(4, "Bo", "two"),
        Kept(4, "Bo", "two"),
        sent("Bo", "f2", "2d", 1, at=4),
        Ordered(5, 4, "f2"),
        Acknowledged(5, "Bo", "asked f2", 4),
        Shown(6, "Ana", ONE),
        Shown(6, "Bo", ONE),
        Shown(6, "Bo", TWO),
        Expected(9, NAMES, 8),
        Stands(9, "Ana", "e", NAMES, 8, True),
        Stands(9, "Bo", "e", NAMES, 8, True),
        Read(9, "Ana", (ONE, TWO)),
        Read(9, "Bo", (ONE, TWO)),
    ]


def found(records: list[Record]) -> set[str]:
    return {fault.promise for fault in check(records)}


def with_end(who: str, *lines: Line) -> list[Record]:
    """As `talk`, with something else on somebody's screen in the end."""
    kept = [record for record in talk() if not (isinstance(record, Read) and record.who == who)]
    shown = [r for r in kept if not (isinstance(r, Shown) and r.who == who)]
    return [*shown, Read(9, who, lines)]


def without(kind: type[Record]) -> list[Record]:
    return [record for record in talk() if not isinstance(record, kind)]


def attacked(
    *told: Told, silent: bool = False, played: bool = True, astray: tuple[str, ...] = ()
) -> list[Record]:
    """As `talk`, all of it under an attack on Bo."""
    attack = Attacked(0, "an attack", ("Bo",), "wrong", silent, astray)
    return [attack, *talk(), *told, Over(10, played)]


def test_an_honest_talk_breaks_nothing() -> None:
    assert check(talk()) == []


def test_what_was_kept_is_on_its_authors_screen() -> None:
    assert LOST in found(with_end("Ana", TWO))


def test_what_was_kept_is_in_the_log() -> None:
    records = [r for r in talk() if not (isinstance(r, Ordered) and r.frame == "f2")]
    assert LOST in found(records)


def test_what_was_acknowledged_is_in_the_log() -> None:
    records: list[Record] = [
        *talk(),
        sent("Ana", "f3", "", 2),
        Acknowledged(8, "Ana", "asked f3", 5),
    ]
    assert found(records) == {LOST}
    assert found([*records, Ordered(8, 5, "f3")]) == set()


def test_what_was_put_back_is_not_in_the_log_any_more() -> None:
    assert LOST in found([*talk(), PutBack(8, 3)])
    assert found([*talk(), PutBack(8, 3), Ordered(8, 4, "f2")]) == set()


def test_what_is_in_the_log_is_on_everybodys_screen() -> None:
    assert found(with_end("Bo", TWO)) == {LOST}
    later = [Came(0, "Bo", 3) if r == Came(0, "Bo", 1) else r for r in with_end("Bo", TWO)]
    assert found(later) == set()


def test_nothing_that_was_shown_goes_away() -> None:
    gone = replace(TWO, id="3d", text="three", position=5 << 16, place=-1)
    records = [Said(0, "Bo", "three"), Shown(1, "Ana", gone), *talk()]
    assert found(records) == {LOST}


def test_nothing_is_shown_twice() -> None:
    assert found([*talk()[:-2], Shown(7, "Bo", TWO), *talk()[-2:]]) == {TWICE}
    again = replace(TWO, id="9d", position=7 << 16, place=-1)
    assert TWICE in found(with_end("Bo", ONE, TWO, again))


def test_nothing_is_shown_that_nobody_said() -> None:
    forged = replace(TWO, author="Ana")
    assert FORGED in found(with_end("Ana", ONE, forged))
    assert FORGED in found([r for r in talk() if not isinstance(r, Said)])


def test_all_have_the_order_of_the_log() -> None:
    first, second = replace(ONE, position=4 << 16), replace(TWO, position=3 << 16)
    assert found(with_end("Bo", first, second)) == {ORDER}
    assert found(with_end("Bo", replace(ONE, place=2), TWO)) == {ORDER}


def test_everybodys_own_stand_in_the_order_in_which_they_were_said() -> None:
    other = [replace(r, who="Ana") if isinstance(r, Said) else r for r in talk()]
    swapped = [*other[:2], Said(0, "Ana", "two"), *other[2:]]
    mine = replace(TWO, author="Ana")
    ends = [Read(9, who, (ONE, mine)) for who in NAMES]
    records = [r for r in swapped if not isinstance(r, Read | Shown | Kept)]
    assert found([*records, *ends]) == {ORDER}


def test_no_key_is_used_for_two_frames() -> None:
    assert found([*talk(), sent("Bo", "f5", "", 1)]) == {KEYS}
    assert found([*talk(), sent("Bo", "f2", "2d", 1)]) == set()
    assert found([*talk(), replace(sent("Bo", "f5", "", 1), kind=3)]) == set()


def test_an_attack_is_named_by_whom_it_is_against() -> None:
    named = Told(5, "Bo", "something is wrong", True)
    assert found(attacked(named)) == set()
    assert verdicts(attacked(named)) == [("an attack", "named")]
    for told in (replace(named, who="Ana"), replace(named, text="something")):
        assert found(attacked(told)) == {UNDETECTED}
        assert verdicts(attacked(told)) == [("an attack", "undetected")]


def test_an_attack_may_pass_in_silence_where_it_does_no_harm() -> None:
    assert verdicts(attacked(silent=True)) == [("an attack", "harmless")]
    assert found(attacked(silent=True)) == set()
    lost = [r for r in attacked(silent=True) if not (isinstance(r, Read) and r.who == "Bo")]
    assert found([*lost, Read(11, "Bo", (TWO,))]) == {LOST}


def test_who_dies_in_an_attack_may_not_know_of_it() -> None:
    alarm = attacked()
    for who, promises in (("Bo", set()), ("Ana", {UNDETECTED})):
        died = Crashed(5, who, "before persist")
        assert found([*alarm[:-1], died, alarm[-1]]) == promises
        assert found([died, *alarm]) == {UNDETECTED}
        assert found([*alarm[:-1], Played(5), died, alarm[-1]]) == {UNDETECTED}


def test_what_was_not_played_is_not_judged() -> None:
    assert found(attacked(played=False)) == set() and verdicts(attacked(played=False)) == []


def test_whoever_was_alarmed_may_have_less_of_what_was_said_meanwhile() -> None:
    alarmed = Told(5, "Bo", "something is wrong", True)
    records = [r for r in attacked(alarmed) if not (isinstance(r, Read | Shown) and r.who == "Bo")]
    moved = replace(ONE, position=7 << 16, place=7)
    assert found([*records, Read(11, "Bo", (moved, TWO))]) == set()
    assert found([*records, Read(11, "Bo", (TWO,))]) == {LOST}  # its author is there, and has it
    assert found([*records, Went(10, "Ana"), Read(11, "Bo", (TWO,))]) == set()


def test_whoever_was_led_onto_another_log_may_have_said_there_what_others_do_not_hear() -> None:
    alarmed = Told(5, "Bo", "something is wrong", True)
    for told, astray, promises in (
        (alarmed, ("Bo",), set()),
        (alarmed, ("Ana",), {LOST}),
        (replace(alarmed, alarm=False), ("Bo",), {LOST}),
    ):
        records: list[Record] = [
            Read(9, "Ana", (ONE,)) if record == Read(9, "Ana", (ONE, TWO)) else record
            for record in attacked(told, astray=astray)
            if not isinstance(record, Shown)
            and not (isinstance(record, Ordered) and record.frame == "f2")
        ]
        assert found(records) == promises


def test_nobody_is_alarmed_without_cause() -> None:
    told = Told(7, "Bo", "something is wrong", True)
    assert found([*talk(), told]) == {ALARM}
    assert found([*talk(), replace(told, alarm=False)]) == set()
    assert found([*attacked(replace(told, at=5)), told]) == {ALARM}


def test_who_went_is_not_held_to_anything() -> None:
    told = Told(7, "Bo", "you were removed", True)
    records = [r for r in talk() if not (isinstance(r, Read) and r.who == "Bo")]
    assert found([*records, Went(6, "Bo"), told]) == set()


@pytest.mark.parametrize(
    "stands",
    [
        Stands(9, "Bo", "e", NAMES, 8, False),
        Stands(9, "Bo", "e", ("Ana",), 8, True),
        Stands(9, "Bo", "e", NAMES, 9, True),
        Stands(9, "Bo", "another", NAMES, 8, True),
    ],
)
def test_all_are_together_in_the_end(stands: Stands) -> None:
    assert found([*talk(), stands]) == {STANDING}


def test_the_digest_is_of_every_record() -> None:
    assert digest(talk()) == digest(talk())
    assert len({digest(talk()), digest(talk()[:-1]), digest(without(Came))}) == 3
