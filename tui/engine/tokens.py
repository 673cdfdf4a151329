"""The token of a relay's operator, with which a circle is opened there, and what comes of one."""

from __future__ import annotations

from relay.wire import TOKEN_LIMIT
from tui.engine.errors import WishError
from tui.engine.events import NO_TOKEN

SPENT, EXPIRED, NONE_WOULD_DO = 1, 2, 3
"""The numbers of the relay's NO_TOKEN (docs/protocol.md section 4.6) that say more."""

_ASK = "Ask whoever runs the relay for another one."


def operators_token(text: str | None) -> str | None:
    """A token as somebody typed it, None for an empty one. WishError where it can't be one."""
    typed = (text or "").strip()
    if len(typed.encode(errors="replace")) > TOKEN_LIMIT:
        raise WishError("not_possible", "That is no relay's token: it is too long.")
    return typed or None


def no_token(number: int, token: str | None) -> WishError:
    """What a relay means that opened no circle with this token, or without one."""
    if number == NONE_WOULD_DO:
        return WishError("closed", "This relay opens no new circles. Open it at another relay.")
    if number == SPENT:
        return WishError(NO_TOKEN, f"This token has opened all that it was made for. {_ASK}")
    if number == EXPIRED:
        return WishError(NO_TOKEN, f"This token's time is over. {_ASK}")
    if token is not None:
        return WishError(NO_TOKEN, f"The relay doesn't know this token. Look at it again. {_ASK}")
    return WishError(
        NO_TOKEN,
        "This relay opens circles only with its operator's token. Ask whoever runs it for one, and"
        " open the circle with that (on the command line: --token).",
    )
