"""Blocking sockets that take no more than was asked for: what follows is the generator's."""

from __future__ import annotations

import socket

_PATIENCE = 20


def connect(port: int, address: str = "127.0.0.1", buffer: int = 0) -> socket.socket:
    """A connection to a server on this machine, from this address of its loopback.

    `buffer` is how many bytes may wait here for whoever reads; the system's choice where it is 0.
    """
    connection = socket.socket()
    connection.settimeout(_PATIENCE)
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    try:
        connection.bind((address, 0))
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_exactly(from_: socket.socket, size: int) -> bytes:
    """So many bytes; EOFError where there are fewer."""
    parts = []
    while size:
        part = from_.recv(size)
        if not part:
            raise EOFError("the server closed the connection")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_until(from_: socket.socket, end: bytes) -> bytes:
    """Everything up to and with `end`."""
    read = b""
    while not read.endswith(end):
        seen = from_.recv(4096, socket.MSG_PEEK)
        if not seen:
            raise EOFError("the server closed the connection")
        # The end may be cut in two by what has been read and what is seen.
        place = (read + seen).find(end, max(0, len(read) - len(end) + 1))
        take = len(seen) if place < 0 else place + len(end) - len(read)
        read += read_exactly(from_, take)
    return read
