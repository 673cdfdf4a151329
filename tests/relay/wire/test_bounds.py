"""The bounds are those of the page."""

from __future__ import annotations

import re

import pytest

from crypto.access import side_data
from crypto.blob import BLOB_LARGEST, CHUNK_SEALED
from relay import limits, wire
from tests.relay.wire.page import section


@pytest.mark.docs
def test_the_page_gives_every_limit() -> None:
    rows = re.findall(r"^\| ([a-z ,]+) \| ([\d,]+) \|$", section("4.1"), re.MULTILINE)
    assert {name: int(number.replace(",", "")) for name, number in rows} == {
        "body of append, commit": wire.BODY_LIMIT,
        "side data": wire.SIDE_DATA_LIMIT,
        "body of request, rejoin": wire.REQUEST_LIMIT,
        "body of beat": wire.BEAT_LIMIT,
        "body of ephemeral": wire.EPHEMERAL_LIMIT,
        "body of say": wire.SAY_LIMIT,
        "card": wire.CARD_LIMIT,
        "chunk": wire.CHUNK_LIMIT,
        "links of outline": wire.OUTLINE_LIMIT,
        "staged by one socket": wire.STAGED_LIMIT,
        "chunk of a blob": wire.BLOB_CHUNK,
        "blob": wire.BLOB_LIMIT,
    }
    assert wire.SIDE_DATA_LIMIT == side_data.SIDE_DATA_LIMIT
    assert wire.BLOB_CHUNK == CHUNK_SEALED
    assert wire.BLOB_LIMIT == BLOB_LARGEST
    assert f"at most {wire.MESSAGE_LIMIT // 1024} KiB" in section("4.1")
    assert f"at most {wire.FRAMES_LIMIT} frames" in section("4.1")
    assert f"({limits.QUEUE_LIMIT // 1024} KiB)" in section("4.6")
