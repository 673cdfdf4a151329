"""Codes in all the forms in which they are given away."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import words
from crypto.base32 import to_number, value_of, verifies
from crypto.code import SealedCode, SpokenCode, checksum_prefix
from crypto.code_reading import read_code
from crypto.errors import MisuseError
from crypto.primitives import sha256
from crypto.relay_address import Address
from crypto.secret import Secret
from tests.crypto.material import ADDRESS, CODE, scripted, seeded

secrets = st.binary(min_size=16, max_size=16).map(Secret)
addresses = st.sampled_from(
    ["chat.example.org", "localhost:8470", "ws://relay.example:1", "wss://[::1]", "10.0.0.7"]
).map(Address.parse)
sealed_codes = st.builds(SealedCode, addresses, secrets)
numbers = st.integers(0, words.COUNT - 1)


def test_the_symbols_are_41_characters_in_groups() -> None:
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]", CODE.symbols())
    assert CODE.text() == f"chat.example.org/{CODE.symbols()}"


@given(sealed_codes)
def test_the_symbols_hold_version_secret_and_checksum(code: SealedCode) -> None:
    values = [value_of(symbol) for symbol in code.symbols().replace("-", "")]
    known = [value for value in values if value is not None]
    assert verifies(checksum_prefix(str(code.address)), known)
    data = to_number(known[:27])
    assert data >> 130 == 1
    assert (data >> 2 & (1 << 128) - 1).to_bytes(16) == code.secret.reveal()
    assert data & 3 == 0


@given(sealed_codes)
def test_every_form_is_read_back(code: SealedCode) -> None:
    for text in (code.text(), code.words(), code.link(), code.qr_text()):
        assert read_code(text) == code


@given(sealed_codes)
def test_the_words_are_the_secret_and_a_check_in_base_1296(code: SealedCode) -> None:
    spoken, _, address = code.words().rpartition("@")
    number = 0
    for word in spoken.split("-"):
        place = words.number(word)
        assert place is not None
        number = number * 1296 + place
    secret = code.secret.reveal()
    check = sha256(b"hallway words 1" + address.encode() + secret)[:2]
    assert number.to_bytes(18) == secret + check


def test_the_least_and_the_greatest_secret_have_14_words() -> None:
    for secret in (bytes(16), b"\xff" * 16):
        spoken = SealedCode(ADDRESS, Secret(secret)).words().partition("@")[0]
        assert spoken.count("-") == 13


def test_a_link_keeps_the_secret_behind_its_hash() -> None:
    assert CODE.link() == f"https://chat.example.org/i#{CODE.symbols()}"
    plain = SealedCode(Address.parse("localhost:8470"), CODE.secret)
    assert plain.link() == f"http://localhost:8470/i#{plain.symbols()}"


def test_a_qr_code_holds_upper_case_alone() -> None:
    assert CODE.qr_text() == f"HALLWAY:CHAT.EXAMPLE.ORG/{CODE.symbols()}"
    assert CODE.qr_text() == CODE.qr_text().upper()


def test_a_secret_has_16_bytes() -> None:
    for length in (0, 15, 17):
        with pytest.raises(MisuseError, match="16 bytes"):
            SealedCode(ADDRESS, Secret(bytes(length)))


def test_a_fresh_code_takes_its_secret_from_the_callers_randomness() -> None:
    assert SealedCode.generate(ADDRESS, scripted(bytes(range(16)))) == CODE


def test_no_secret_is_printed() -> None:
    spoken = SpokenCode.generate((3,), None, seeded("spoken"))
    password = spoken.password.reveal().decode()
    for shown in (repr(CODE), str(CODE), f"{CODE}"):
        assert CODE.symbols()[5:9] not in shown
        assert CODE.secret.reveal().hex() not in shown
    for shown in (repr(spoken), str(spoken), f"{spoken}"):
        assert not any(word in shown for word in password.split("-"))


class TestSpokenCode:
    def test_is_words_joined_by_dashes(self) -> None:
        code = SpokenCode((1,), Secret(b"tulip-violin"))
        assert code.text() == "abandoned-tulip-violin"
        assert code.nameplate_text == "abandoned"

    def test_names_a_relay_that_is_not_the_default(self) -> None:
        code = SpokenCode((1, 0), Secret(b"tulip-violin"), Address.parse("localhost:8470"))
        assert code.text() == "abandoned-aardvark-tulip-violin@localhost:8470"
        assert code.nameplate_text == "abandoned-aardvark"

    @given(st.lists(numbers, min_size=1, max_size=2), st.none() | addresses, st.integers())
    def test_is_read_back(self, plate: list[int], address: Address | None, seed: int) -> None:
        code = SpokenCode.generate(plate, address, seeded(str(seed)))
        assert code.nameplate == tuple(plate)
        assert read_code(code.text()) == code

    def test_its_password_is_two_words_by_the_callers_randomness(self) -> None:
        code = SpokenCode.generate([7], None, scripted(b"\x00\x00", b"\x00\x01"))
        assert code.password == Secret(b"aardvark-abandoned")

    @pytest.mark.parametrize("plate", [(), (1, 2, 3)])
    def test_a_nameplate_has_one_or_two_words(self, plate: tuple[int, ...]) -> None:
        with pytest.raises(MisuseError, match="1 to 2 words"):
            SpokenCode(plate, Secret(b"tulip-violin"))
