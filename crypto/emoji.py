"""What may be a reaction: one emoji, told by its code points alone.

Which characters are emoji, Unicode says anew every year; two clients must judge one message alike.
So this goes by ranges that are set aside for pictures, whatever is assigned in them by now: a base
with its variation and skin tone, several of them joined, a flag, a keycap. All of it is NFC.
"""

from __future__ import annotations

import re

EMOJI_LONGEST = 64
"""Bytes of UTF-8."""

_BASES = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u2328\u232b-\u23ff\u2460-\u24ff"
    "\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001faff"
)
_ONE = f"[{_BASES}][\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
_EMOJI = re.compile(f"{_ONE}(?:\u200d{_ONE})*|{_FLAG}|{_KEYCAP}")


def is_emoji(text: str) -> bool:
    """Whether this is one emoji, of at most `EMOJI_LONGEST` bytes."""
    return _EMOJI.fullmatch(text) is not None and len(text.encode()) <= EMOJI_LONGEST
