"""Sources, proxies, names and pages, without a socket."""

from __future__ import annotations

import pytest

from relay.limits import source
from relay.pages import response
from relay.reception import Reception

HERE = ("127.0.0.1", 7600)


def reception(*proxies: str, most: int = 2) -> Reception:
    return Reception(most, frozenset({"chat.example.org"}), proxies, "")


def test_twice_as_many_as_may_stay_are_let_in() -> None:
    door = reception()
    assert [door.comes("192.0.2.1") for _ in range(5)] == [True, True, True, True, False]
    assert door.crowded("192.0.2.1")
    assert door.comes("192.0.2.2") and not door.crowded("192.0.2.2")
    for _ in range(3):
        door.leaves("192.0.2.1")
    assert not door.crowded("192.0.2.1")


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::1", "2001:db8::5"])
def test_a_proxy_brings_any_number_of_others(proxy: str) -> None:
    door = reception(proxy)
    origin = source(proxy)
    assert all(door.comes(origin) for _ in range(20))
    assert door.identify(proxy, ["192.0.2.1"], ["https"], False) == ("192.0.2.1", True)
    assert [door.turns_out(origin, "192.0.2.1") for _ in range(5)] == [True] * 4 + [False]
    assert door.proxied == {"named": 1}


def test_an_ipv4_proxy_may_come_as_ipv6() -> None:
    door = reception("127.0.0.1")
    said = door.identify("::ffff:127.0.0.1", ["192.0.2.1"], [], True)
    assert said == ("192.0.2.1", False)


def test_a_proxy_that_is_silent_stands_for_itself() -> None:
    door = reception("127.0.0.1")
    assert door.identify("127.0.0.1", [], [], True) == (None, False)
    assert door.proxied == {"silent": 1}


def test_nobody_else_is_believed_and_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    door = reception()
    for address in ("8.8.8.8", "10.0.0.1", "10.0.0.2", "local"):
        assert door.identify(address, ["192.0.2.1"], ["https"], False) == (None, False)
    assert door.identify("192.0.2.9", [], ["https"], True) == (None, True)
    assert door.proxied == {"strange": 4}
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert told[0].endswith("--proxy 10.0.0.1")


@pytest.mark.parametrize(
    ("host", "here", "tls", "dialled"),
    [
        ("chat.example.org", HERE, False, "chat.example.org"),
        ("Chat.Example.org:443", HERE, True, "chat.example.org"),
        ("chat.example.org:443", HERE, False, None),
        ("127.0.0.1:7600", HERE, False, "127.0.0.1:7600"),
        ("localhost:7600", HERE, False, "localhost:7600"),
        ("localhost:7600", ("10.0.0.1", 7600), False, None),
        ("[::1]:7600", ("::1", 7600, 0, 0), False, "[::1]:7600"),
        ("10.0.0.1", ("10.0.0.1", 80), False, "10.0.0.1"),
        ("127.0.0.1:7600", "/run/relay.sock", False, None),
    ],
)
def test_names(host: str, here: object, tls: bool, dialled: str | None) -> None:
    assert reception().dialled(host, here, tls) == dialled


def test_pages_for_anybody() -> None:
    door = reception()
    assert door.page("/livez") is response.ALIVE
    assert "./hallway join" in door.page("/i").text
    assert door.page("/x") is response.NOT_FOUND
