"""A Secret leaves only through `reveal`."""

from __future__ import annotations

import copy
import logging
import pickle

import pytest

from crypto.secret import Secret, equal

VALUE = b"do not show this"


def test_reveal_gives_the_bytes() -> None:
    assert Secret(VALUE).reveal() == VALUE
    assert len(Secret(VALUE)) == len(VALUE)


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(VALUE)),
        str(Secret(VALUE)),
        f"{Secret(VALUE)}",
        f"{Secret(VALUE)!r:>40}".strip(),
        f"{Secret(VALUE):>40}",
        "%s" % Secret(VALUE),  # noqa: UP031 - one of the ways out
        str([Secret(VALUE)]),
    ],
)
def test_it_does_not_print(shown: str) -> None:
    assert VALUE.decode() not in shown
    assert VALUE.hex() not in shown
    assert "Secret(16 bytes)" in shown


def test_it_does_not_reach_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("the key is %s, %r", Secret(VALUE), Secret(VALUE))
    assert "Secret(16 bytes)" in caplog.text
    assert VALUE.decode() not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_does_not_pickle(protocol: int) -> None:
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret(VALUE), protocol)


def test_it_has_no_other_attributes() -> None:
    assert not hasattr(Secret(VALUE), "__dict__")


def test_it_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret(VALUE))


def test_equality_is_that_of_the_bytes() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(VALUE[:-1])
    assert Secret(VALUE) != Secret(VALUE[:-1] + b"!")


def test_it_equals_nothing_that_is_not_secret() -> None:
    assert Secret(VALUE).__eq__(VALUE) is NotImplemented
    other: object = VALUE
    assert Secret(VALUE) != other


def test_copies_are_the_secret_itself() -> None:
    secret = Secret(VALUE)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_equal_compares_bytes() -> None:
    assert equal(b"tag", b"tag")
    assert not equal(b"tag", b"tab")
    assert not equal(b"tag", b"tags")
