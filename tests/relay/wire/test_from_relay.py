"""What a relay sends; both tables beside the page."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from hypothesis import given

from crypto.access import log
from relay import wire
from relay.wire import FROM_CLIENT, FROM_RELAY, FramingError, FromClient
from tests.relay.wire.frames import from_client
from tests.relay.wire.page import section


@given(from_client)
def test_no_frame_of_a_client_is_one_of_the_relay(frame: FromClient) -> None:
    with pytest.raises(FramingError, match="no frame of type"):
        wire.decode_from_relay(wire.message(frame))


@pytest.mark.docs
def test_the_page_lists_every_frame_with_its_fields() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|(.*)\|$", section("4.1"), re.MULTILINE)
    tables = {**FROM_RELAY.rows, **FROM_CLIENT.rows}
    assert {int(number) for number, _, _ in rows} == tables.keys()
    for number, name, listed in rows:
        kind = tables[int(number)][0]
        words_ = re.findall("[A-Z][a-z]+", kind.__name__)
        assert "_".join(words_).lower().removesuffix("_of") == name
        plain = re.sub(r"\([^)]*\)", "", listed).strip()
        count = len(plain.split(",")) if plain else 0
        assert count == len(fields(kind)), name


@pytest.mark.docs
def test_the_page_lists_every_kind_of_entry() -> None:
    rows = re.findall(r"^\| (\d) \| (\w+) \|", section("4.3"), re.MULTILINE)
    assert {name: int(kind) for kind, name in rows} == {
        kind.name.lower(): kind.value for kind in log.Kind
    }
