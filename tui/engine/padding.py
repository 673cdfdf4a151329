"""Lengths are hidden: what is sent fills one of four sizes (docs/protocol.md section 1).

Whether an entry keeps to that shows before it is opened, and so comes out the same for everybody.
"""

from __future__ import annotations

from crypto.mls.errors import DecodeError
from crypto.mls.framing import ContentType, MlsMessage, PrivateMessage
from tui.engine.errors import TooLargeError

SIZES = (1024, 4096, 16384, 65536)
"""Bytes of a framed content with its padding."""

TAG_LENGTH = 16
"""What sealing adds to a framed content (ChaCha20-Poly1305)."""


def padding(length: int) -> int:
    """The zero bytes after a framed content of `length` bytes, so that it fills a size.

    TooLargeError where no size holds it: without any, nobody would read it.
    """
    for size in SIZES:
        if length <= size:
            return size - length
    raise TooLargeError(length, SIZES[-1])


def well_framed(body: bytes) -> bool:
    """Whether an entry's body is what a member may send, as far as anybody can see.

    It is a PrivateMessage that fills a size; of a message, nothing stands beside it in clear. (What
    stands beside a commit is judged with the commit.)
    """
    try:
        message = MlsMessage.decode(body).body
    except DecodeError:
        return False
    if not isinstance(message, PrivateMessage):
        return False
    if len(message.ciphertext) - TAG_LENGTH not in SIZES:
        return False
    return message.content_type is not ContentType.APPLICATION or not message.authenticated_data
