"""Texts that every member judges alike."""

from __future__ import annotations

import pytest

from crypto.circle.fields import plain
from crypto.errors import FieldError


def test_a_text_is_measured_in_bytes_of_utf8() -> None:
    plain("é" * 4, 1, 8, "a name")
    with pytest.raises(FieldError, match="a name has 1 to 8 bytes, not 10"):
        plain("é" * 5, 1, 8, "a name")
    with pytest.raises(FieldError, match="a name has 1 to 8 bytes, not 0"):
        plain("", 1, 8, "a name")


@pytest.mark.parametrize("code_point", [0x00, 0x0A, 0x1B, 0x1F, 0x7F, 0x85, 0x9F])
def test_a_control_character_is_refused(code_point: int) -> None:
    with pytest.raises(FieldError, match="control character"):
        plain(f"a{chr(code_point)}b", 1, 64, "a name")


def test_characters_beside_the_controls_pass() -> None:
    plain(" ~\u00a0\u202e", 1, 64, "a name")
