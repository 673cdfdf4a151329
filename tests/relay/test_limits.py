"""Buckets fill and empty with the time that they are told; sources are subscribers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.limits import DAY, HOUR, MINUTE, SECOND, Bucket, Buckets, Rate, Settings, source

RATE = Rate(3, 1000)


def test_a_burst_then_a_rate() -> None:
    bucket = Bucket(RATE, 0)
    assert [bucket.take(0) for _ in range(4)] == [0, 0, 0, 1000]
    assert bucket.take(400) == 600
    assert bucket.take(1000) == 0
    assert bucket.take(1001) == 999


def test_asking_takes_nothing() -> None:
    bucket = Bucket(Rate(1, 1000), 0)
    assert [bucket.wait(0), bucket.wait(0), bucket.take(0), bucket.wait(0)] == [0, 0, 0, 1000]


def test_a_quiet_time_gives_no_more_than_the_burst() -> None:
    bucket = Bucket(RATE, 0)
    assert [bucket.take(DAY) for _ in range(4)] == [0, 0, 0, 1000]


def test_a_clock_that_is_set_back_neither_drains_nor_locks() -> None:
    bucket = Bucket(Rate(2, 1000), DAY)
    assert bucket.take(DAY) == 0
    assert bucket.take(0) == 0
    assert bucket.take(0) == 1000
    assert bucket.take(1000) == 0


def test_the_last_moment_is_never_zero() -> None:
    bucket = Bucket(Rate(1, 1000 / 3), 0)
    bucket.take(0)
    # A third of a millisecond is missing; an answer of 0 would mean that one was taken.
    assert bucket.take(333) == 1


@given(st.lists(st.integers(0, 500), max_size=60))
def test_no_more_goes_through_than_the_rate_allows(pauses: list[int]) -> None:
    bucket, now, taken = Bucket(RATE, 0), 0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now) == 0
        assert taken <= RATE.burst + now / RATE.every


class TestBuckets:
    def test_each_caller_has_its_own(self) -> None:
        buckets: Buckets[str] = Buckets(Rate(1, 1000))
        assert (buckets.take("a", 0), buckets.take("b", 0), buckets.take("a", 0)) == (0, 0, 1000)
        assert (buckets.wait("a", 0), buckets.wait("b", 500), buckets.wait("c", 0)) == (
            1000,
            500,
            0,
        )

    def test_the_quiet_are_forgotten(self) -> None:
        buckets: Buckets[str] = Buckets(Rate(1, 1000))
        buckets.take("a", 0)
        buckets.take("b", 500)
        buckets.prune(1000)
        assert len(buckets) == 1
        assert buckets.wait("b", 1000) == 500


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a socket in the file system", "a socket in the file system"),
        ("", ""),
    ],
)
def test_a_source_is_a_subscriber(address: str, stands_for: str) -> None:
    assert source(address) == stands_for


def test_the_bounds_are_those_that_are_promised() -> None:
    settings = Settings()
    assert (settings.messages.burst, round(SECOND / settings.messages.every)) == (100, 30)
    assert (settings.commits.burst, MINUTE / settings.commits.every) == (2, 6)
    assert (settings.claims.burst, HOUR / settings.claims.every) == (5, 5)
    assert HOUR / settings.nameplates.every == 10
    assert (settings.greeting, settings.turn, settings.turn_again) == (5_000, 5_000, 60_000)
    assert settings.circle_size == 100 << 20
    assert settings.waiting_life == 7 * DAY
    assert (settings.settled, settings.commits_life) == (DAY, 365 * DAY)
