"""Asking a relay that runs: over its websocket as a client does, and over its Unix socket.

RoundTripError          it does not answer, or not as a relay does; the sentence says what it did
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from crypto.primitives import Rng
from relay import wire
from relay.wire import Refusal

SECONDS = 5
"""For an answer."""

_REFUSED = (Refusal.FORBIDDEN, Refusal.TOO_FAST)
"""What whoever knows no invite is told."""


class RoundTripError(Exception):
    """What came instead of a relay's answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A relay's: who it is, its clock in milliseconds since 1970, and how long it took."""

    relay_key: bytes
    now: int
    seconds: float


def dial(url: str, rng: Rng, tls: ssl.SSLContext | None = None) -> Answer:
    """Go to a relay as a stranger, and be refused: through the socket, the hub and the store.

    :param tls: how certificates are judged; None as usual.
    """
    started = time.monotonic()
    try:
        with connect(
            url,
            compression=None,
            proxy=None,
            open_timeout=SECONDS,
            close_timeout=SECONDS,
            max_size=wire.MESSAGE_LIMIT,
            ssl=tls,
        ) as websocket:
            hello = _next(websocket)
            if not isinstance(hello, wire.Hello):
                raise RoundTripError(_told(hello))
            websocket.send(wire.message(wire.Guest(rng(16), bytes(64))))
            refused = _next(websocket)
            if not isinstance(refused, wire.Refused) or refused.code not in _REFUSED:
                raise RoundTripError(_told(refused))
    except ssl.SSLCertVerificationError as error:
        raise RoundTripError(f"Its certificate is not accepted: {error.verify_message}.") from error
    except (OSError, WebSocketException) as error:
        raise RoundTripError(f"{_sentence(error)}.") from error
    except wire.WireError as error:
        raise RoundTripError(f"What it says is no relay's: {error}.") from error
    return Answer(hello.relay_key, hello.now, time.monotonic() - started)


def ask(path: Path, page: str) -> tuple[int, str]:
    """The status and text of a page, asked for over a relay's Unix socket. OSError."""
    connection = http.client.HTTPConnection("localhost", timeout=SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(SECONDS)
        connection.sock.connect(str(path))
        connection.request("GET", page)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(f"what answers there is no relay ({type(error).__name__})") from error
    finally:
        connection.close()


def _next(websocket: ClientConnection) -> wire.FromRelay:
    message = websocket.recv(timeout=SECONDS)
    if isinstance(message, str):
        raise RoundTripError("What it says is no relay's: it is text.")
    return wire.decode_from_relay(message)[0]


def _told(frame: wire.FromRelay) -> str:
    if isinstance(frame, wire.Refused):
        known = {code.value: code.name.lower() for code in Refusal}
        return f"It refuses: {known.get(frame.code, frame.code)}."
    return f"It answers with {type(frame).__name__}, which is out of place."


def _sentence(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"There is no answer within {SECONDS} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rstrip(".") or type(error).__name__
