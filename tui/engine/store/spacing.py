"""Writing that knows no spaces, parted into its characters, so that parts of it are found.

An index of words takes 明日の天気 for one word. Parted, it is a phrase of five, and 天気 is found
in it.
"""

from __future__ import annotations

import re

_TOGETHER = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff])"
)
"""Thai, Lao, Burmese, Khmer, Kana and Han."""


def spaced(text: str) -> str:
    """A text with spaces around each such character."""
    return text if text.isascii() else _TOGETHER.sub(r" \1 ", text)
