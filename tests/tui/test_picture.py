"""Pictures from somebody else: decoded in a process that may do little, and checked afterwards."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import zlib
from io import BytesIO

import pytest
from PIL import Image

from tests.tui.engine.filing import some
from tui import drawing
from tui import picture as pictures
from tui.picture import NO_PICTURE, NOT_READ, TOO_LARGE, Picture, PictureError, picture

RED, BLUE = (255, 0, 0), (0, 0, 255)


def image(kind: str, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    made = Image.new(mode, size, RED)
    made.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    written = BytesIO()
    made.save(written, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return written.getvalue()


def huge(width: int, height: int) -> bytes:
    """A small file that says that it is a large picture, and is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(((width + 7) // 8 + 1) * height), 9)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_a_picture_is_drawn_in_what_room_there_is(kind: str) -> None:
    ended, drawn = drawing.draw(image(kind), 4, 40)
    assert ended == drawing.DONE
    found = Picture(4, 3, drawn[4:])
    assert drawn[:4] == bytes((0, 4, 0, 3))
    assert (found.at(0, 0), found.at(3, 2)) == (RED, BLUE)
    assert found.at(0, 3) == (0, 0, 0)


def test_a_photo_stands_upright() -> None:
    made = Image.open(BytesIO(image("JPEG", (80, 40))))
    marked = made.getexif()
    marked[0x0112] = 6
    written = BytesIO()
    made.save(written, "JPEG", exif=marked)
    ended, drawn = drawing.draw(written.getvalue(), 40, 80)
    assert (ended, drawn[:4]) == (drawing.DONE, bytes((0, 40, 0, 80)))


def test_what_can_be_seen_through_is_on_black() -> None:
    written = BytesIO()
    Image.new("RGBA", (2, 2), (255, 255, 255, 0)).save(written, "PNG")
    assert drawing.draw(written.getvalue(), 9, 9)[1] == bytes((0, 2, 0, 2)) + bytes(12)


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", some(5_000), image("PNG")[:45], image("BMP"), image("TIFF"), image("PPM"),
     b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"<svg/>"],
)  # fmt: skip
def test_what_is_none_is_none(data: bytes) -> None:
    assert drawing.draw(data, 10, 10) == (drawing.NO_PICTURE, b"")


def test_a_picture_may_be_too_large() -> None:
    assert drawing.draw(huge(4_001, 4_000), 10, 10) == (drawing.TOO_LARGE, b"")


# As a process.

process = pytest.mark.slow


@process
def test_the_process_gives_the_picture() -> None:
    found = picture(image("PNG"), 8, 6)
    assert (found.columns, found.rows) == (8, 6)
    assert (found.at(0, 0), found.at(7, 5)) == (RED, BLUE)
    assert picture(huge(4_000, 4_000), 20, 20).rows == 20


@process
@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"no picture", NO_PICTURE), (huge(5_000, 5_000), TOO_LARGE), (b"", NO_PICTURE)],
)
def test_what_it_can_not_show_is_said(data: bytes, sentence: str) -> None:
    with pytest.raises(PictureError) as failed:
        picture(data, 10, 10)
    assert str(failed.value) == sentence


@process
@pytest.mark.parametrize(
    ("code", "may"),
    [("pass", True), ("bytearray(1 << 30)", False), ("while True: pass", False),
     ("import tempfile; tempfile.TemporaryFile(buffering=0).write(b'x')", False),
     ("import os; os.fork()", False)],
)  # fmt: skip
def test_it_may_do_little(code: str, may: bool) -> None:
    start = (
        "from tui import drawing; drawing.CPU_SECONDS = 1; drawing.limit();"
        " import os; os.setuid(65534) if os.getuid() == 0 else None\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", start + code], capture_output=True, check=False
    )
    assert (done.returncode == 0) is may, done


@process
def test_limits_that_are_lower_already_stay() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (2, 2));"
        "from tui import drawing; drawing.limit();"
        "print(resource.getrlimit(resource.RLIMIT_CPU))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    assert done.stdout == b"(2, 2)\n"
    assert resource.getrlimit(resource.RLIMIT_NPROC)[0] != 0


@pytest.mark.parametrize(
    "drawn",
    [b"", bytes(4), bytes((0, 2, 0, 1, 1, 2, 3)), bytes((0, 9, 0, 1)) + bytes(27),
     bytes((0, 1, 0, 9)) + bytes(27), bytes((0, 1, 0, 1, 1, 2, 3, 4))],
)  # fmt: skip
def test_an_answer_that_is_no_picture_is_not_taken(drawn: bytes) -> None:
    with pytest.raises(PictureError):
        pictures._read(drawn, 8, 8)


def test_a_sentence_says_what_to_do() -> None:
    assert all("/save" in sentence for sentence in (TOO_LARGE, NOT_READ))
