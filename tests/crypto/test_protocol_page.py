"""docs/protocol.md, sections 3 and 5, says what the code does.

The structures on the page are read as a second implementation would read them: by their fields
alone. What that reader finds in bytes of ours is compared with what we put in.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crypto import content, invite, parts, relay_address, spoken, words
from crypto.again import Repeated, Repeats
from crypto.base32 import ALPHABET, CHECKSUM_SYMBOLS
from crypto.beat import Beat, SignedBeat
from crypto.blob import BlobReference
from crypto.card import SignedCard
from crypto.code import CODE_SYMBOLS, DATA_SYMBOLS, WORD_COUNT
from crypto.content import TABLE, TEXT_LONGEST
from crypto.entry import LINE_LONGEST, RANK_WAIT, EntryRequest, InviteProof
from crypto.envelope import SenderChain
from crypto.glance import Glance, Here, SignedGlance
from crypto.history import History, PassedOnMessage
from crypto.mls.codec import Reader
from crypto.mls.framing import MlsMessage
from crypto.mls.key_package import KeyPackage
from crypto.rejoin import OldKeys, Rejoin
from crypto.relay_address import RelayAddress
from crypto.secret import Secret
from tests.crypto.material import (
    ANA,
    CARD,
    CIRCLE_ID,
    HEAD,
    KEYS,
    LEAF,
    NOW,
    identity,
    newcomer,
    scripted,
)

pytestmark = pytest.mark.docs

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")

STRUCT = re.compile(r"struct \{(.*?)\} (\w+);", re.DOTALL)
FIELD = re.compile(r"(optional<\w+>|\w+)\s+(\w+)(\[\d+\]|<V>)?(?: = \d+)?$")


def section(start: str, end: str) -> str:
    return PAGE.partition(f"\n{start}")[2].partition(f"\n{end}")[0]


def structures() -> dict[str, list[tuple[str, str, str]]]:
    """Every structure of the page: (type, name, `[n]` or `<V>` or nothing) of its fields."""
    found = {}
    for body, name in STRUCT.findall(PAGE):
        lines = (line.partition("//")[0].strip() for line in body.split("\n"))
        declared = [field.strip() for line in lines for field in line.split(";") if field.strip()]
        matches = [FIELD.match(field) for field in declared]
        assert all(matches), (name, declared)
        found[name] = [(m[1], m[2], m[3] or "") for m in matches if m is not None]
    return found


STRUCTURES = structures()


def read(reader: Reader, kind: str, length: str = "") -> Any:
    """Read one field by what the page says of it."""
    if kind == "opaque":
        return reader.opaque() if length == "<V>" else reader.raw(int(length[1:-1]))
    if length == "<V>":
        return reader.vector(lambda inner: read(inner, kind))
    if kind.startswith("optional<"):
        return reader.optional(lambda inner: read(inner, kind[9:-1]))
    if kind in STRUCTURES:
        return {name: read(reader, *rest) for rest, name in _types(STRUCTURES[kind])}
    return int.from_bytes(reader.raw(int(kind.removeprefix("uint")) // 8))


def _types(declared: list[tuple[str, str, str]]) -> list[tuple[tuple[str, str], str]]:
    return [((kind, length), name) for kind, name, length in declared]


def by_the_page(kind: str, data: bytes) -> dict[str, Any]:
    reader = Reader(data)
    found: dict[str, Any] = read(reader, kind)
    reader.finish()
    return found


def plain(value: Any) -> Any:
    """What we hold, as the page's reader would find it."""
    if isinstance(value, KeyPackage):
        return MlsMessage(value).encode()
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, str):
        return value.encode()
    return [plain(item) for item in value] if isinstance(value, tuple) else value


CY = identity("Cy")
PACKAGE = newcomer(CY, "Cy")
PINNED = replace(CARD, relay=RelayAddress("localhost:8470", b"p" * 32))
ENVELOPE, CHAIN = SenderChain().envelope(content.Text("hi"), HEAD, NOW, scripted(b"1" * 16))
HEADLESS, _ = CHAIN.envelope(content.Cover(), None, NOW, scripted(b"2" * 16))
BEAT = Beat(LEAF.public, 3, b"e" * 32, HEAD, 12, None, NOW)

EXAMPLES = [
    ("RelayAddress", PINNED.relay),
    ("SignedCard", SignedCard.sign(PINNED, KEYS.signing)),
    ("InviteProof", InviteProof(KEYS.id, b"s" * 64)),
    (
        "EntryRequest",
        EntryRequest.make(KEYS, CIRCLE_ID, PACKAGE, CY.access.public, "It's me", NOW),
    ),
    ("BlobReference", BlobReference(b"i" * 32, Secret(b"k" * 32), 65_521)),
    (
        "PassedOn",
        History((PassedOnMessage(b"1" * 16, "Ana", ANA.public, NOW, 1, b"\x80"),) * 2),
    ),
    (
        "Repeats",
        Repeats((Repeated(7, b"1" * 16, NOW, 1, b"\x80"), Repeated(9, bytes(16), 0, 3, b""))),
    ),
    (
        "Rejoin",
        Rejoin.make(
            CIRCLE_ID, OldKeys(CY.member, CY.leaf, CY.access), PACKAGE, CY.access.public, NOW
        ),
    ),
]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[kind for kind, _ in EXAMPLES])
def test_structures_are_what_the_page_declares(kind: str, example: Any) -> None:
    found = by_the_page(kind, example.encode())
    if kind == "SignedCard":
        # the page writes `opaque names<V>` and says what is in it
        reader = Reader(found["card"]["names"])
        found["card"]["names"] = [reader.opaque() for _ in CARD.names]
        reader.finish()
    assert found == plain(example)


@pytest.mark.parametrize("envelope", [ENVELOPE, HEADLESS])
def test_envelopes_are_what_the_page_declares(envelope: Any) -> None:
    assert by_the_page("Envelope", envelope.encode()) == {"version": 1, **plain(envelope)}


@pytest.mark.parametrize("stuck_at", [None, 0, 9])
def test_beats_are_what_the_page_declares(stuck_at: int | None) -> None:
    beat = replace(BEAT, stuck_at=stuck_at)
    signed = SignedBeat.sign(CIRCLE_ID, beat, LEAF)
    found = by_the_page("SignedBeat", signed.encode())
    expected = plain(beat) | {"stuck": int(stuck_at is not None), "stuck_at": stuck_at or 0}
    assert found == {"beat": expected, "signature": signed.signature}


@pytest.mark.parametrize("here", Here)
def test_glances_are_what_the_page_declares(here: Here) -> None:
    glance = Glance(LEAF.public, 5, here, 7, asks=here is Here.AWAY)
    signed = SignedGlance.sign(CIRCLE_ID, glance, LEAF)
    found = by_the_page("SignedGlance", signed.encode())
    expected = plain(glance) | {"here": int(here), "asks": int(glance.asks)}
    assert found == {"glance": expected, "signature": signed.signature}


def test_addresses_that_mean_ws_are_listed() -> None:
    text = section("### 3.1", "### 3.2")
    networks = re.findall(r"`([0-9a-f.:]+/\d+)`", text)
    assert networks == [str(network) for network in relay_address._LOCAL_NETWORKS]
    assert "`localhost`, `*.local`, `*.onion`" in text


def test_the_code_is_made_of_the_listed_bits() -> None:
    text = section("### 3.2", "### 3.3")
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert rows == [("5", "version = 1"), ("128", "secret"), ("2", "zero"), ("30", "checksum")]
    assert sum(int(bits) for bits, _ in rows[:3]) == 5 * DATA_SYMBOLS
    assert int(rows[3][0]) == 5 * CHECKSUM_SYMBOLS
    assert f"{CODE_SYMBOLS} symbols" in text
    assert f"`{ALPHABET}`" in text
    assert f"{WORD_COUNT} words" in text
    assert f"base {words.COUNT}" in text


def test_the_keys_of_an_invite_are_listed() -> None:
    text = section("### 3.2", "### 3.3")
    rows = re.findall(r'^\| `"(\w+)"` \| (\d+) \|', text, re.MULTILINE)
    source = Path(invite.__file__).read_text("utf-8")
    assert re.findall(r'expand\(b"(\w+)"', source) == [name for name, _ in rows]
    lengths = (KEYS.id, KEYS.access.seed, KEYS.card, KEYS.signing.secret)
    assert [int(length) for _, length in rows] == [len(key) for key in lengths]


def test_the_wait_before_an_answer_is_told() -> None:
    text = section("### 3.4", "### 3.5")
    assert f"`{RANK_WAIT // 1000} s × rank`" in text
    assert f"0 … {LINE_LONGEST} bytes" in text


def test_the_steps_of_a_spoken_code_are_listed() -> None:
    text = section("### 3.5", "## 4")
    rows = re.findall(r"^\| (\d) \| (joiner|inviter) \| `(0x\d\d)` ", text, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == [int(step) for step in spoken.Step]
    assert all(int(first, 16) == int(number) for number, _, first in rows)
    assert [who for _, who, _ in rows] == ["joiner", "inviter"] * 2


def test_the_types_of_messages_are_listed() -> None:
    text = section("### 5.1", "### 5.2")
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.*) \|$", text, re.MULTILINE)
    assert {int(number): name for number, name, _ in rows} == {
        number: row.name for number, row in TABLE.items()
    }
    for number, _, body in rows:
        keys = re.findall(r"`(\w+)`: ", body)
        assert keys == list(TABLE[int(number)].checks())
    assert f"{TEXT_LONGEST:,} bytes" in text
    assert f"{content.BODY_LONGEST:,} bytes" in text
    assert f"{parts.CARRIED_LONGEST:,} bytes" in text
    assert f"{parts.PART_LONGEST:,} bytes" in text
    assert f"at most {content.ASKED_MOST}" in text


PURPOSES = {
    "card": "hallway card 1",
    "entry": "hallway entry 1",
    "history": "hallway history 1",
    "again": "hallway again 1",
    "beat": "hallway beat 1",
    "rejoin": "hallway rejoin 1",
    "spoken": "hallway spoken 1",
    "invite": "hallway invite 1",
    "code": "hallway words 1",
}


@pytest.mark.parametrize(("module", "purpose"), sorted(PURPOSES.items()))
def test_purposes_are_those_of_the_page(module: str, purpose: str) -> None:
    source = (Path(invite.__file__).parent / f"{module}.py").read_text("utf-8")
    assert f'b"{purpose}"' in source
    assert f'"{purpose}"' in PAGE


def test_every_purpose_serves_once() -> None:
    folder = Path(invite.__file__).parent
    found = [
        purpose
        for path in sorted(folder.rglob("*.py"))
        for purpose in re.findall(r'b"(hallway \w+ \d)"', path.read_text("utf-8"))
    ]
    assert len(found) == len(set(found))


def test_the_answers_are_where_the_page_says() -> None:
    assert "`tests/crypto/answers/`" in PAGE
    assert (Path(__file__).parent / "answers").is_dir()
