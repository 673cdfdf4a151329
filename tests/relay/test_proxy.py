"""Whom a proxy speaks for."""

from __future__ import annotations

import pytest

from relay.proxy import plain, spoke_tls, trusted, visitor

PROXIES = trusted(["127.0.0.1", "::1", "10.0.0.2"])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("_hidden", None),
        ("", None),
        ("1.2.3", None),
    ],
)
def test_addresses_as_proxies_write_them(text: str, address: str | None) -> None:
    assert plain(text) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["198.51.100.7, 192.0.2.1"], "192.0.2.1"),
        (["198.51.100.7", "192.0.2.1"], "192.0.2.1"),
        (["198.51.100.7, 192.0.2.1, 10.0.0.2", "127.0.0.1"], "192.0.2.1"),
        (["192.0.2.1, ,"], "192.0.2.1"),
        (["192.0.2.1, nonsense"], None),
        (["127.0.0.1"], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_last_that_is_no_proxy_is_the_visitor(
    forwarded: list[str], address: str | None
) -> None:
    assert visitor(forwarded, PROXIES) == address


def test_what_is_no_address_is_not_believed() -> None:
    assert trusted(["caddy", "::ffff:10.0.0.1"]) == {"10.0.0.1"}


@pytest.mark.parametrize(
    ("values", "tls"),
    [
        (["https"], True),
        (["HTTPS"], True),
        (["wss"], True),
        (["http, https"], True),
        (["https", "http"], False),
        (["http"], False),
        ([], False),
    ],
)
def test_the_last_proxy_says_whether_it_was_tls(values: list[str], tls: bool) -> None:
    assert spoke_tls(values) is tls
