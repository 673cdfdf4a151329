"""Reading what people type, paste and scan: what is taken, and the sentence for what is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import words
from crypto.base32 import ALPHABET, checksum, to_symbols
from crypto.code import SealedCode, SpokenCode, checksum_prefix, word_check
from crypto.code_reading import LONGEST, read_code
from crypto.errors import (
    AddressError,
    CodeError,
    NewerCodeError,
    NoSecretError,
    TypoError,
)
from crypto.relay_address import Address
from crypto.secret import Secret
from tests.crypto.material import ADDRESS, CODE

SYMBOLS = CODE.symbols()
WORDS = CODE.words()
PLAIN = SYMBOLS.replace("-", "")
SPOKEN = SpokenCode((1,), Secret(b"tulip-violin"))


def failure(text: str) -> CodeError:
    with pytest.raises(CodeError) as refused:
        read_code(text)
    return refused.value


def grouped(symbols: str) -> str:
    return "-".join(symbols[start : start + 4] for start in range(0, len(symbols), 4))


def with_values(version: int, last_bits: int) -> str:
    """A code with a right checksum, but another version or other bits after the secret."""
    values = to_symbols(version << 130 | 5 << 2 | last_bits, 27)
    values += checksum(checksum_prefix(str(ADDRESS)), values)
    return f"{ADDRESS}/" + "".join(ALPHABET[value] for value in values)


@pytest.mark.parametrize(
    "text",
    [
        CODE.text(),
        f"  {CODE.text()}\n",
        CODE.text().lower(),
        CODE.text().upper(),
        f"chat.example.org/{PLAIN}",
        f"wss://chat.example.org:443/{SYMBOLS}",
        f"WSS://CHAT.EXAMPLE.ORG/{SYMBOLS}",
        CODE.text().replace("-", " "),
        CODE.text().replace("-", "-\n  "),
        CODE.text().replace("-", "\u2013"),
        CODE.text().replace("0", "o").replace("1", "L"),
        CODE.text().replace("0", "O").replace("1", "i"),
        CODE.qr_text(),
        CODE.qr_text().lower(),
        f"HALLWAY:{SYMBOLS}".replace(":", ":chat.example.org/"),
        CODE.link(),
        CODE.link().replace("/i#", "/i/#"),
        CODE.link().replace("-", ""),
        f"HTTPS://CHAT.EXAMPLE.ORG/i#{SYMBOLS}",
        CODE.words(),
        CODE.words().upper(),
        CODE.words().replace("-", " "),
        CODE.words().replace("@", " @ "),
        "-".join(word[:3] for word in WORDS.partition("@")[0].split("-")) + "@chat.example.org",
    ],
)
def test_a_sealed_code_is_read_as_it_comes(text: str) -> None:
    assert read_code(text) == CODE


@pytest.mark.parametrize(
    "text",
    [
        "abandoned-tulip-violin",
        "Abandoned Tulip Violin",
        " abandoned - tulip \u2014 violin ",
        "aba-tul-vio",
    ],
)
def test_a_spoken_code_is_read_as_it_comes(text: str) -> None:
    assert read_code(text) == SPOKEN


def test_a_spoken_code_may_name_its_relay() -> None:
    read = read_code("abandoned-aardvark-tulip-violin@ws://10.0.0.7:1")
    expected = SpokenCode((1, 0), Secret(b"tulip-violin"), Address.parse("10.0.0.7:1"))
    assert read == expected


@pytest.mark.parametrize(
    ("text", "kind", "words_in_it"),
    [
        ("", NoSecretError, "no code here"),
        ("   ", NoSecretError, "no code here"),
        ("chat.example.org", NoSecretError, "only the part"),
        ("chat.example.org/", NoSecretError, "only the part"),
        ("chat.example.org/ - ", NoSecretError, "only the part"),
        ("localhost:8470", NoSecretError, "only the part"),
        ("ws://localhost", NoSecretError, "only the part"),
        ("wss://localhost", NoSecretError, "only the part"),
        ("wss://localhost/", NoSecretError, "only the part"),
        ("@chat.example.org", NoSecretError, "only the part"),
        (" -@chat.example.org", NoSecretError, "only the part"),
        (SYMBOLS, NoSecretError, "at which relay"),
        (f"HALLWAY:{SYMBOLS}", NoSecretError, "at which relay"),
        (WORDS.partition("@")[0], NoSecretError, "at which relay"),
        ("https://chat.example.org/i", NoSecretError, "lost what stands after"),
        ("https://chat.example.org/i#", NoSecretError, "lost what stands after"),
        ("https://chat.example.org/i#-", NoSecretError, "only the part"),
        ("https://chat.example.org/p/abc", CodeError, "leads elsewhere"),
        (f"https://chat.example.org/ix#{SYMBOLS}", CodeError, "leads elsewhere"),
        ("https://chat.example.org/", CodeError, "leads elsewhere"),
        (f"https://chat.example.org/i?x#{SYMBOLS}", CodeError, "leads elsewhere"),
        (f"https://[chat/i#{SYMBOLS}", CodeError, "not a link"),
        (f"https://bo@chat.example.org/i#{SYMBOLS}", AddressError, "not a relay's address"),
        ("walrus", CodeError, "not a code"),
        ("localhost", CodeError, "not a code"),
        ("hello, Bo!", CodeError, "not a code"),
        ("7Q2M", CodeError, "not a code"),
        ("U" * 30, CodeError, "not a code"),
        ("7" * 19, CodeError, "not a code"),
        ("7" * 20, NoSecretError, "at which relay"),
        ("7" * 20 + "U", NoSecretError, "at which relay"),
        ("7" * 20 + "UU", CodeError, "not a code"),
        ("!" * LONGEST, CodeError, "not a code"),
        ("x" * (LONGEST + 1), CodeError, "too long"),
        (f"mailto:bo@x/{SYMBOLS}", AddressError, "not a relay's address"),
        (f"gopher://x/{SYMBOLS}", AddressError, "ws://"),
        ("walrus-tulip", TypoError, "three or four words"),
        ("walrus-tulip@relay", TypoError, "it has 2 words"),
        ("a b c d e f@relay", TypoError, "it has 6 words"),
        ("walrus-tulip-violin-aardvark-yoyo", TypoError, "three or four words"),
    ],
)
def test_what_is_no_code_is_refused_with_its_own_sentence(
    text: str, kind: type[CodeError], words_in_it: str
) -> None:
    refused = failure(text)
    assert type(refused) is kind
    assert words_in_it in str(refused)
    assert str(refused).endswith(".")


@given(st.integers(0, 32), st.sampled_from(ALPHABET))
def test_a_wrong_symbol_is_a_typo_in_its_group(index: int, symbol: str) -> None:
    typed = PLAIN[:index] + symbol + PLAIN[index + 1 :]
    if typed == PLAIN:
        assert read_code(f"{ADDRESS}/{typed}") == CODE
        return
    refused = failure(f"{ADDRESS}/{grouped(typed)}")
    assert isinstance(refused, TypoError)
    assert refused.group == index // 4 + 1
    assert f"typo in group {refused.group} of the code: one symbol is wrong" in str(refused)


@given(st.integers(0, 32))
def test_a_character_that_is_no_symbol_is_a_typo_in_its_group(index: int) -> None:
    for character in "Uu_é":
        refused = failure(f"{ADDRESS}/{grouped(PLAIN[:index] + character + PLAIN[index + 1 :])}")
        assert isinstance(refused, TypoError)
        assert refused.group == index // 4 + 1
        assert "never have" in str(refused)


@given(st.integers(0, 31))
def test_swapped_symbols_are_a_typo_in_their_group(index: int) -> None:
    typed = PLAIN[:index] + PLAIN[index + 1] + PLAIN[index] + PLAIN[index + 2 :]
    if typed == PLAIN:
        return
    refused = failure(f"{ADDRESS}/{grouped(typed)}")
    assert isinstance(refused, TypoError)
    assert refused.group == index // 4 + 1
    across = "its last symbol and the one after it have changed places"
    assert (across if index % 4 == 3 else "two symbols have changed places") in str(refused)


@given(st.integers(0, 32))
def test_a_missing_symbol_is_a_typo_in_its_group(index: int) -> None:
    refused = failure(f"{ADDRESS}/{PLAIN[:index]}{PLAIN[index + 1 :]}")
    assert isinstance(refused, TypoError)
    # of a run of equal symbols any may be the missing one
    start = index - len(re.search(f"{PLAIN[index]}*$", PLAIN[:index])[0])  # type: ignore[index]
    assert refused.group in {start // 4 + 1, index // 4 + 1}
    assert "one symbol is missing" in str(refused)


def test_a_symbol_too_many_is_a_typo_in_its_group() -> None:
    refused = failure(f"{ADDRESS}/{PLAIN[:14]}ZZ{PLAIN[15:]}")
    assert isinstance(refused, TypoError)
    assert refused.group is None
    refused = failure(f"{ADDRESS}/{PLAIN[:14]}Z{PLAIN[14:]}")
    assert isinstance(refused, TypoError)
    assert refused.group == 4
    assert "one symbol is too many" in str(refused)


def test_a_slip_in_the_address_is_said_to_be_there() -> None:
    refused = failure(CODE.text().replace("chat", "chet"))
    assert isinstance(refused, TypoError)
    assert refused.group is None
    assert "in the relay's address before the slash" in str(refused)


def test_a_code_for_another_relay_is_a_typo() -> None:
    refused = failure(f"relay.example.com/{SYMBOLS}")
    assert isinstance(refused, TypoError)
    assert "more than one typo" in str(refused)


def test_a_long_address_is_not_searched_for_its_slip() -> None:
    host = "a" * 60 + ".example.org"
    code = SealedCode(Address.parse(host), CODE.secret)
    refused = failure(code.text().replace("aa.", "ab."))
    assert "more than one typo" in str(refused)
    longest = SealedCode(Address.parse("a" * 52 + ".example.org"), CODE.secret)
    assert len(str(longest.address)) == 64
    refused = failure(longest.text().replace("aa.", "ab."))
    assert "in the relay's address" in str(refused)


def test_part_of_a_code_says_how_much_there_should_be() -> None:
    refused = failure(f"{ADDRESS}/{SYMBOLS[:20]}")
    assert isinstance(refused, TypoError)
    assert "33 symbols after the slash, this one has 16" in str(refused)


@pytest.mark.parametrize("count", [22, 26, 28, 32])
def test_a_checksum_alone_does_not_make_a_code(count: int) -> None:
    values = to_symbols(1 << 5 * (count - 1), count)
    values += checksum(checksum_prefix(str(ADDRESS)), values)
    symbols = "".join(ALPHABET[value] for value in values)
    assert isinstance(failure(f"{ADDRESS}/{symbols}"), TypoError)
    # nor does it, in that case, tell a slip in the address
    refused = failure(f"{str(ADDRESS).replace('chat', 'chit')}/{symbols}")
    assert f"this one has {count + 6}" in str(refused)


def test_a_later_version_is_said_to_be_one() -> None:
    assert isinstance(read_code(with_values(1, 0)), SealedCode)
    for text in (with_values(2, 0), with_values(0, 0), with_values(1, 1), with_values(1, 2)):
        refused = failure(text)
        assert isinstance(refused, NewerCodeError)
        assert "Update Hallway" in str(refused)


@given(st.integers(0, 13), st.integers(0, words.COUNT - 1))
def test_another_word_of_the_list_does_not_fit(index: int, number: int) -> None:
    listed = WORDS.partition("@")[0].split("-")
    if listed[index] == words.word(number):
        return
    listed[index] = words.word(number)
    try:
        read = read_code("-".join(listed) + "@chat.example.org")
    except TypoError as refused:
        assert refused.group is None
        assert "do not fit" in str(refused)
    else:
        # one in 65,536 fits by chance; it is then another code
        assert read != CODE


def test_words_beyond_the_greatest_number_do_not_fit() -> None:
    refused = failure("-".join(["zucchini"] * 14) + "@chat.example.org")
    assert "do not fit" in str(refused)
    # the same secret and a check that fits, with one bit more than the two have
    secret = bytes(16)
    number = 1 << 144 | int.from_bytes(secret + word_check(str(ADDRESS), secret))
    chosen: list[str] = []
    for _ in range(14):
        number, place = divmod(number, words.COUNT)
        chosen.insert(0, words.word(place))
    assert number == 0
    refused = failure("-".join(chosen) + f"@{ADDRESS}")
    assert "do not fit" in str(refused)


def test_words_belong_to_their_relay() -> None:
    refused = failure(WORDS.replace("chat.", "chit."))
    assert isinstance(refused, TypoError)


@pytest.mark.parametrize("form", ["walrus-tulp-violin", "walrus-tulp-violin@relay"])
def test_a_word_not_in_the_list_is_a_typo_in_its_place(form: str) -> None:
    refused = failure(form)
    assert isinstance(refused, TypoError)
    assert refused.group == 2
    assert "typo in word 2 of the code" in str(refused)


SECRET_TEXTS = [
    CODE.text()[:-1] + "0",
    CODE.text().replace("chat", "chet"),
    CODE.text() + "Z",
    CODE.text()[:-3],
    f"{ADDRESS}/{PLAIN[:5]}U{PLAIN[6:]}",
    CODE.words().replace("chat", "chet"),
    "walrus-tulp-violin",
    SYMBOLS,
    f"https://[chat/i#{SYMBOLS}",
    f"gopher://{SYMBOLS}/x",
    f"{SYMBOLS}.example!/x",
]


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_no_error_repeats_what_was_typed(text: str) -> None:
    refused = failure(text)
    assert refused.__cause__ is None
    assert refused.__suppress_context__ or refused.__context__ is None
    shown = str(refused) + repr(refused)
    for piece in re.split(r"[-/@.]", text.partition("example.org")[2] or text):
        assert len(piece) < 3 or piece not in shown


@given(st.text(max_size=60) | st.text("abcdefghij@-/ .:#0123456789", max_size=60))
def test_any_text_is_a_code_or_refused_in_a_sentence(text: str) -> None:
    try:
        read_code(text)
    except CodeError as refused:
        assert str(refused).endswith(".")
