"""Addresses of relays: what is read, the one way to write it, what it is dialled as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import AddressError, FieldError
from crypto.mls.codec import Writer
from crypto.mls.errors import DecodeError
from crypto.relay_address import ADDRESS_LONGEST, Address, RelayAddress

CANONICAL = [
    # typed, canonical, secure, dialled
    ("chat.example.org", "chat.example.org", True, "chat.example.org"),
    (" Chat.Example.ORG ", "chat.example.org", True, "chat.example.org"),
    ("chat.example.org:443", "chat.example.org", True, "chat.example.org"),
    ("chat.example.org:80", "chat.example.org:80", True, "chat.example.org:80"),
    ("chat.example.org:08470", "chat.example.org:8470", True, "chat.example.org:8470"),
    ("wss://chat.example.org/", "chat.example.org", True, "chat.example.org"),
    ("ws://chat.example.org", "ws://chat.example.org", False, "chat.example.org"),
    ("ws://chat.example.org:443", "ws://chat.example.org:443", False, "chat.example.org:443"),
    ("localhost", "localhost", False, "localhost"),
    ("LOCALHOST:80", "localhost", False, "localhost"),
    ("localhost:8470", "localhost:8470", False, "localhost:8470"),
    ("ws://localhost:8470", "localhost:8470", False, "localhost:8470"),
    ("wss://localhost:8470", "wss://localhost:8470", True, "localhost:8470"),
    ("box.local", "box.local", False, "box.local"),
    ("abcdef.onion:8470", "abcdef.onion:8470", False, "abcdef.onion:8470"),
    ("relay", "relay", True, "relay"),
    ("my_relay:1", "my_relay:1", True, "my_relay:1"),
    ("127.0.0.1:65535", "127.0.0.1:65535", False, "127.0.0.1:65535"),
    ("10.1.2.3", "10.1.2.3", False, "10.1.2.3"),
    ("172.31.255.1", "172.31.255.1", False, "172.31.255.1"),
    ("172.32.0.1", "172.32.0.1", True, "172.32.0.1"),
    ("192.168.1.1", "192.168.1.1", False, "192.168.1.1"),
    ("169.254.1.1", "169.254.1.1", False, "169.254.1.1"),
    ("192.0.2.1", "192.0.2.1", True, "192.0.2.1"),
    ("[::1]:8470", "[::1]:8470", False, "[::1]:8470"),
    ("[::1]", "[::1]", False, "[::1]"),
    ("[FE80:0::1]", "[fe80::1]", False, "[fe80::1]"),
    ("[fd00::1]", "[fd00::1]", False, "[fd00::1]"),
    ("[2001:DB8:0:0::1]:443", "[2001:db8::1]", True, "[2001:db8::1]"),
    ("ws://[2001:db8::1]", "ws://[2001:db8::1]", False, "[2001:db8::1]"),
]

WRONG = [
    "",
    "http://chat.example.org",
    "://chat.example.org",
    "chat.example.org/",
    "wss://chat.example.org//",
    "chat..org",
    "chat.example.org.",
    "-chat.org",
    "chat-.org",
    "chat example.org",
    "bo@chat.example.org",
    "bücher.example",
    "a" * 64 + ".org",
    "x." * 127 + "org",
    "chat.example.org:",
    "chat.example.org:0",
    "chat.example.org:65536",
    "chat.example.org:1x",
    "chat.example.org:²",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "0x7f000001",
    "127.0.0.0x1",
    "2130706433",
    "2001:db8::1",
    "[2001:db8::1",
    "[2001:db8::g]",
    "[fe80::1%eth0]",
    "[]",
    "wss://",
]


@pytest.mark.parametrize(("typed", "canonical", "secure", "dialled"), CANONICAL)
def test_an_address_has_one_text(typed: str, canonical: str, secure: bool, dialled: str) -> None:
    address = Address.parse(typed)
    assert (str(address), address.secure, address.dialled) == (canonical, secure, dialled)
    assert Address.parse(canonical) == address


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_no_address_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(AddressError) as refused:
        Address.parse(typed)
    assert str(refused.value).endswith(".")
    assert not typed or typed not in str(refused.value)


def test_the_longest_address_that_is_looked_at_is_255_characters() -> None:
    port = "0" * (ADDRESS_LONGEST - len("localhost:") - 2) + "80"
    with pytest.raises(AddressError) as refused:
        Address.parse(f"localhost:{port}")
    assert "at most" not in str(refused.value)
    with pytest.raises(AddressError, match="at most 255 characters"):
        Address.parse(f"localhost:0{port}")


def test_the_port_is_the_schemes_unless_given() -> None:
    assert Address.parse("chat.example.org").port == 443
    assert Address.parse("localhost").port == 80
    assert Address.parse("wss://localhost").port == 443
    assert Address.parse("localhost:8470").port == 8470


def test_urls_name_scheme_host_and_port() -> None:
    secure, plain = Address.parse("chat.example.org"), Address.parse("[::1]:8470")
    assert (secure.socket_url, secure.page_url) == (
        "wss://chat.example.org/",
        "https://chat.example.org/",
    )
    assert (plain.socket_url, plain.page_url) == ("ws://[::1]:8470/", "http://[::1]:8470/")


hosts = st.one_of(
    st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9-]{0,8}[a-z]){0,3}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
)


@given(hosts, st.sampled_from(["", "ws://", "wss://"]), st.none() | st.integers(1, 65535))
def test_writing_and_reading_are_inverse(host: str, scheme: str, port: int | None) -> None:
    address = Address.parse(f"{scheme}{host}" + ("" if port is None else f":{port}"))
    assert Address.parse(str(address)) == address
    assert Address.parse(str(address).upper()) == address
    assert Address.parse(address.socket_url) == address
    assert scheme in ("", "wss://" if address.secure else "ws://")


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert Address.parse(str(address)) == address


class TestRelayAddress:
    @pytest.mark.parametrize("pin", [b"", b"p" * 32])
    def test_survives_its_encoding(self, pin: bytes) -> None:
        relay = RelayAddress("chat.example.org:8470", pin)
        assert RelayAddress.decode(relay.encode()) == relay
        assert relay.encode() == b"\x15chat.example.org:8470" + bytes((len(pin),)) + pin

    def test_gives_the_address_to_dial(self) -> None:
        assert RelayAddress("localhost:1").parsed == Address.parse("localhost:1")

    @pytest.mark.parametrize(
        ("typed", "address", "text"),
        [
            ("Chat.example.org", "chat.example.org", "chat.example.org"),
            (" 203.0.113.7:7600+" + "AB:" * 31 + "AB ", "203.0.113.7:7600", None),
            ("192.168.1.20:7600+" + "ab" * 32, "wss://192.168.1.20:7600", None),
            ("wss://localhost+" + "ab" * 32, "wss://localhost", None),
        ],
    )
    def test_a_pin_stands_behind_the_address(
        self, typed: str, address: str, text: str | None
    ) -> None:
        relay = RelayAddress.typed(typed)
        assert relay == RelayAddress(address, b"" if text else b"\xab" * 32)
        assert relay.text == (text or f"{address}+{'ab' * 32}")
        assert RelayAddress.typed(relay.text) == relay

    @pytest.mark.parametrize(
        ("typed", "why"),
        [
            ("chat.example.org+", "64 digits"),
            ("chat.example.org+" + "ab" * 31, "64 digits"),
            ("chat.example.org+" + "xy" * 32, "64 digits"),
            ("ws://chat.example.org+" + "ab" * 32, "no certificate"),
            ("two words+" + "ab" * 32, "not a relay's address"),
        ],
    )
    def test_pins_that_are_none(self, typed: str, why: str) -> None:
        with pytest.raises(AddressError, match=why):
            RelayAddress.typed(typed)

    def test_may_hold_what_cannot_be_dialled(self) -> None:
        # so that no version of the rules for addresses splits a circle
        relay = RelayAddress.decode(RelayAddress("gopher://hole").encode())
        with pytest.raises(AddressError):
            _ = relay.parsed

    @pytest.mark.parametrize(
        "address", ["", "a" * (ADDRESS_LONGEST + 1), "two words", "tab\t", "\x7f", "bücher.example"]
    )
    def test_is_printable_ascii(self, address: str) -> None:
        with pytest.raises(FieldError, match="printable ASCII"):
            RelayAddress(address)

    def test_takes_the_longest_address(self) -> None:
        assert RelayAddress("a" * ADDRESS_LONGEST).address

    @pytest.mark.parametrize("length", [1, 31, 33])
    def test_a_pin_is_a_hash_or_absent(self, length: int) -> None:
        with pytest.raises(FieldError, match="32 bytes"):
            RelayAddress("relay", bytes(length))

    def test_malformed_bytes_are_refused(self) -> None:
        for data in (b"", b"\x05rel", b"\x05r\xffl\xc3\xa9\x00", b"\x05relay\x00\x00"):
            with pytest.raises(DecodeError):
                RelayAddress.decode(data)

    def test_stands_in_a_vector(self) -> None:
        writer = Writer()
        writer.structs([RelayAddress("a"), RelayAddress("b")])
        assert writer.getvalue() == b"\x06\x01a\x00\x01b\x00"
