"""A picture in a file from somebody else, as points of colour; decoded in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

START = ("-I", "-c", "from tui.drawing import main; main()")
SECONDS = 15

NO_PICTURE = "This is no picture that can be shown here: PNG, JPEG, WebP and GIF are."
TOO_LARGE = "This picture has more than 16 million points. /save puts it on this computer."
NOT_READ = "This picture could not be read: it took too much, or is broken. /save keeps the file."

_SENTENCES = {3: NO_PICTURE, 4: TOO_LARGE}
_SIZE = 4


class PictureError(Exception):
    """It can't be shown; the sentence is for the person."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Points, row by row, three bytes each."""

    columns: int
    rows: int
    points: bytes

    def at(self, column: int, row: int) -> tuple[int, int, int]:
        """Red, green and blue of a point; black below the last row."""
        start = (row * self.columns + column) * 3
        red, green, blue = self.points[start : start + 3] if row < self.rows else bytes(3)
        return red, green, blue


def picture(data: bytes, columns: int, rows: int) -> Picture:
    """The picture in a file, in at most so many points; PictureError."""
    command = [sys.executable, *START, str(columns), str(rows)]
    try:
        done = subprocess.run(  # noqa: S603  # this program's own code, and two numbers
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={}, timeout=SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PictureError(NOT_READ) from error
    if done.returncode:
        raise PictureError(_SENTENCES.get(done.returncode, NOT_READ))
    return _read(done.stdout, columns, rows)


def _read(drawn: bytes, columns: int, rows: int) -> Picture:
    """What the process answered; it may have been taken over by what it read."""
    found = int.from_bytes(drawn[:2]), int.from_bytes(drawn[2:_SIZE])
    points = drawn[_SIZE:]
    fits = 0 < found[0] <= columns and 0 < found[1] <= rows
    if not fits or len(points) != found[0] * found[1] * 3:
        raise PictureError(NOT_READ)
    return Picture(*found, points)
