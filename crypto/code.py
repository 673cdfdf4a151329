"""Codes and the ways to write them: symbols, words, link, QR; and three words to be spoken.

docs/protocol.md sections 3.2 and 3.5. `crypto.code_reading` reads what is written here. The texts
are secrets: they are made for the person who gives the code away, and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from crypto import words
from crypto.base32 import ALPHABET, checksum, to_symbols
from crypto.errors import MisuseError
from crypto.primitives import Rng, sha256
from crypto.relay_address import Address
from crypto.secret import Secret

CODE_VERSION = 1
SECRET_LENGTH = 16
DATA_SYMBOLS = 27
CODE_SYMBOLS = 33
GROUP_SYMBOLS = 4

WORD_COUNT = 14
WORD_CHECK_LENGTH = 2

NAMEPLATE_MOST = 2
PASSWORD_WORDS = 2

LINK_PATH = "i"
QR_SCHEME = "HALLWAY:"


@dataclass(frozen=True, slots=True)
class SealedCode:
    """A relay and a secret of 128 bits: all that it takes to ask to come in."""

    address: Address
    secret: Secret

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_LENGTH:
            raise MisuseError(f"a code's secret has {SECRET_LENGTH} bytes, not {len(self.secret)}")

    @classmethod
    def generate(cls, address: Address, rng: Rng) -> Self:
        """A code with a fresh secret."""
        return cls(address, Secret(rng(SECRET_LENGTH)))

    def text(self) -> str:
        """`address/` and 33 symbols in dashed groups."""
        return f"{self.address}/{self.symbols()}"

    def symbols(self) -> str:
        """The 41 characters after the address."""
        number = CODE_VERSION << 130 | int.from_bytes(self.secret.reveal()) << 2
        values = to_symbols(number, DATA_SYMBOLS)
        values += checksum(checksum_prefix(str(self.address)), values)
        symbols = "".join(ALPHABET[value] for value in values)
        groups = range(0, CODE_SYMBOLS, GROUP_SYMBOLS)
        return "-".join(symbols[start : start + GROUP_SYMBOLS] for start in groups)

    def words(self) -> str:
        """14 words joined by dashes, and `@address`."""
        secret = self.secret.reveal()
        number = int.from_bytes(secret + word_check(str(self.address), secret))
        numbers: list[int] = []
        for _ in range(WORD_COUNT):
            number, place = divmod(number, words.COUNT)
            numbers.append(place)
        return f"{_joined(numbers[::-1])}@{self.address}"

    def link(self) -> str:
        """A link whose secret stands behind the `#`, which browsers do not send."""
        return f"{self.address.page_url}{LINK_PATH}#{self.symbols()}"

    def qr_text(self) -> str:
        """What the QR code holds: upper case, which takes the fewest modules."""
        return QR_SCHEME + self.text().upper()


@dataclass(frozen=True, slots=True)
class SpokenCode:
    """A nameplate at a relay and a password of two words; `address` is None for the default relay.

    `nameplate` are one or two numbers of words, chosen by the relay and not secret. `password` is
    the two words joined by a dash, ASCII.
    """

    nameplate: tuple[int, ...]
    password: Secret
    address: Address | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.nameplate) <= NAMEPLATE_MOST:
            raise MisuseError(f"a nameplate has 1 to {NAMEPLATE_MOST} words")

    @classmethod
    def generate(cls, nameplate: Sequence[int], address: Address | None, rng: Rng) -> Self:
        """A code with fresh password words, for a nameplate that the relay opened."""
        password = _joined(words.choose(rng, PASSWORD_WORDS))
        return cls(tuple(nameplate), Secret(password.encode("ascii")), address)

    @property
    def nameplate_text(self) -> str:
        """The nameplate's words joined by a dash."""
        return _joined(self.nameplate)

    def text(self) -> str:
        """`nameplate-word-word`, and `@address` where there is one."""
        spoken = f"{self.nameplate_text}-{self.password.reveal().decode('ascii')}"
        return spoken if self.address is None else f"{spoken}@{self.address}"


def checksum_prefix(address: str) -> str:
    """What a code's checksum covers besides the code's own symbols."""
    return f"hallway/{address}"


def word_check(address: str, secret: bytes) -> bytes:
    """The two bytes by which 14 words are known to belong together and to the address."""
    return sha256(b"hallway words 1" + address.encode("ascii") + secret)[:WORD_CHECK_LENGTH]


def _joined(numbers: Sequence[int]) -> str:
    return "-".join(words.word(number) for number in numbers)
