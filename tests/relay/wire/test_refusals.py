"""The refusals are those of the page."""

from __future__ import annotations

import re

import pytest

from relay import wire
from relay.wire import Refusal
from tests.relay.wire.page import section


@pytest.mark.docs
def test_the_refusals_that_close_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| \d+ \| (\w+) \|[^|]*\| ([^|]+) \|", section("4.6"), re.MULTILINE)
    closing = {name for name, means in rows if "the socket closes" in means}
    assert {code.name.lower() for code in wire.CLOSING} == closing


@pytest.mark.docs
def test_the_page_lists_every_refusal() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", section("4.6"), re.MULTILINE)
    assert {name: int(code) for code, name in rows} == {
        code.name.lower(): code.value for code in Refusal
    }
