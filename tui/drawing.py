"""The process that reads a picture: what comes from somebody else is decoded here and nowhere else.

It gets the file on standard input and answers with the picture's columns and rows of points, two
bytes each, and three bytes a point. It may use so much memory and time and no more, opens no file
for writing and starts no process; what goes wrong in it ends it alone. `tui.picture` starts it.
"""

from __future__ import annotations

import resource
import sys
from io import BytesIO

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
POINTS_MOST = 16_000_000
MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 8

DONE, NO_PICTURE, TOO_LARGE = 0, 3, 4
"""How it ends; anything else is a crash, or a limit that was reached."""


def limit() -> None:
    """What this process may not do from here on."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))


def draw(data: bytes, columns: int, rows: int) -> tuple[int, bytes]:
    """How it ended, and the picture in at most so many points, upright, on black."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > POINTS_MOST:
                return TOO_LARGE, b""
            image.draft("RGB", (columns * 2, rows * 2))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return NO_PICTURE, b""
    upright.thumbnail((columns, rows))
    ground = Image.new("RGBA", upright.size, (0, 0, 0, 255))
    ground.alpha_composite(upright)
    size = b"".join(side.to_bytes(2) for side in ground.size)
    return DONE, size + ground.convert("RGB").tobytes()


def main() -> None:
    """As a process: its two arguments are the columns and rows of points that there is room for."""
    limit()
    columns, rows = (int(given) for given in sys.argv[1:3])
    ended, drawn = draw(sys.stdin.buffer.read(), columns, rows)
    sys.stdout.buffer.write(drawn)
    sys.stdout.buffer.flush()
    sys.exit(ended)
