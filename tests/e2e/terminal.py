"""A terminal with a person before it: a real pseudo-terminal, a real process, and what it draws.

The terminal is read all the time by a thread of its own, as a terminal emulator does: a program
whose output nobody takes would stand still. Whoever waits is woken by what was drawn.
"""

from __future__ import annotations

import copy
import os
import re
import select
import signal
import termios
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pexpect
import pyte
from wcwidth import wcwidth

from tests.e2e.machine import SECONDS

KEYS = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "backspace": "\x7f",
} | {f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}

EDGE = "▌"
"""Stands left of the field that has the focus, and left of a dialog."""

PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"

ALTERNATE, SYNCHRONISED = 1049, 2026
CAUGHT = {
    ALTERNATE: "the alternate screen",
    1000: "the mouse",
    1002: "the dragging mouse",
    1003: "the moving mouse",
    1004: "reports of focus",
    1006: "the mouse's wide reports",
    1015: "the mouse's old reports",
    1016: "the mouse's pixels",
    2004: "bracketed paste",
    SYNCHRONISED: "an unfinished frame",
    2048: "reports of size",
}
"""Private modes of a terminal that a program has to give back."""

KEYBOARD_ON, KEYBOARD_OFF = re.compile(rb"\x1b\[>\d+u"), b"\x1b[<u"
"""Kitty's keyboard protocol, which has no mode: what was pushed has to be popped."""
ASKS_FOR_FRAMES, HAS_FRAMES = b"\x1b[?2026$p", "\x1b[?2026;2$y"
"""DECRQM for synchronised output, and what a terminal says that has it."""


class Surface(pyte.Screen):
    """pyte's screen, with an alternate one; notes what is drawn beyond the right edge."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.spilled: list[str] = []
        self._plain: tuple[Any, Any] | None = None

    def private(self, mode: int) -> bool:
        """Whether a private mode is on."""
        return mode << 5 in self.mode

    def draw(self, data: str) -> None:
        """Draw text at the cursor."""
        cells = sum(max(0, wcwidth(character)) for character in data)
        if self.private(ALTERNATE) and self.cursor.x + cells > self.columns:
            self.spilled.append(data)
        # At a character without width that is no combining one pyte forgets what comes after it.
        super().draw("".join(filter(_drawn, data)))

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        """Turn modes on."""
        if ALTERNATE in modes and self._plain is None:
            self._plain = copy.deepcopy(self.buffer), copy.copy(self.cursor)
            self.erase_in_display(2)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        """Turn modes off."""
        super().reset_mode(*modes, **kwargs)
        if ALTERNATE in modes and self._plain is not None:
            (self.buffer, self.cursor), self._plain = self._plain, None


def _drawn(character: str) -> bool:
    return wcwidth(character) > 0 or unicodedata.combining(character) > 0


class Terminal:
    """A program in a terminal of `size` columns and rows."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], cwd: Path, size: tuple[int, int]
    ) -> None:
        columns, rows = size
        self.surface = Surface(columns, rows)
        self.said = bytearray()
        self.code: int | None = None
        self._stream = pyte.ByteStream(self.surface)
        self._drawn = threading.Condition()
        self._over = False
        self._child = pexpect.spawn(
            command[0],
            list(command[1:]),
            env=_at_a_terminal(environ),
            cwd=str(cwd),
            dimensions=(rows, columns),
            echo=True,
        )
        assert self._child.pid is not None
        self._pid = self._child.pid
        self._died = os.pidfd_open(self._pid)
        self._stop, self._stopping = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        wanted = [self._child.child_fd, self._stop]
        while self._stop not in select.select(wanted, [], [])[0]:
            try:
                data = os.read(self._child.child_fd, 65536)
            except OSError:  # what Linux says once nobody has the other end
                break
            if not data:
                break
            with self._drawn:
                self._take(data)
        with self._drawn:
            self._over = True
            self._drawn.notify_all()

    def _take(self, data: bytes) -> None:
        asked = self.said.count(ASKS_FOR_FRAMES)
        self.said += data
        # pyte takes this one for the letter that it ends with.
        self._stream.feed(data.replace(KEYBOARD_OFF, b""))
        if self.said.count(ASKS_FOR_FRAMES) > asked:
            self.type(HAS_FRAMES)
        self._drawn.notify_all()

    # What a person sees.

    @property
    def lines(self) -> list[str]:
        """The rows, without the blanks at their ends."""
        return [line.rstrip() for line in self.surface.display]

    @property
    def flat(self) -> str:
        """The screen with line breaks and edges taken for spaces, to find sentences in it."""
        return " ".join(" ".join(self.lines).replace(EDGE, " ").split())

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds of what is on the screen."""
        with self._drawn:
            came = self._drawn.wait_for(lambda: self._over or self._whole(holds), timeout=SECONDS)
            if not holds():
                why = "the program has ended" if came else f"not within {SECONDS} seconds"
                raise AssertionError(f"{what}: {why}. {self._picture()}")

    def _whole(self, holds: Callable[[], bool]) -> bool:
        """Whether it holds of a frame that is drawn to its end."""
        return not self.surface.private(SYNCHRONISED) and holds()

    def _picture(self) -> str:
        return "The screen:\n" + "\n".join(self.lines)

    def shows(self, *texts: str) -> None:
        """Wait until all these are on the screen."""
        self.until(lambda: all(text in self.flat for text in texts), f"shows {texts}")

    def hides(self, text: str) -> None:
        """Wait until this is on the screen no more."""
        self.until(lambda: text not in self.flat, f"hides {text!r}")

    # What a person does.

    def type(self, text: str) -> None:
        """Type what is typed as it is."""
        rest = text.encode()
        while rest:
            rest = rest[os.write(self._child.child_fd, rest) :]

    def press(self, *keys: str) -> None:
        """Press keys by their names."""
        for key in keys:
            self.type(KEYS[key])

    def paste(self, text: str) -> None:
        """Paste, in a terminal that brackets what is pasted."""
        assert self.surface.private(2004), "nothing here asked for brackets"
        self.type(f"{PASTE_BEGINS}{text}{PASTE_ENDS}")

    # The end.

    def hang_up(self) -> int:
        """Close the window; the exit code."""
        os.write(self._stopping, b".")
        self._reader.join()
        self._let_go()
        return self._reap()

    def end(self, how: signal.Signals) -> int:
        """Signal the program, and wait until it has ended; the exit code."""
        signal.pidfd_send_signal(self._died, how)
        return self.ended()

    def ended(self) -> int:
        """Wait until it ends by itself, and all that it said was read; the exit code."""
        code = self._reap()
        self._reader.join()
        return code

    def _reap(self) -> int:
        if self.code is None:
            if not select.select([self._died], [], [], SECONDS)[0]:
                raise AssertionError(f"still there after {SECONDS} seconds. {self._picture()}")
            _, status = os.waitpid(self._pid, 0)
            self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def _let_go(self) -> None:
        """Close the terminal; pexpect's own way sends signals besides."""
        self._child.ptyproc.fileobj.close()  # type: ignore[attr-defined]

    def caught(self) -> list[str]:
        """What of the terminal the program keeps, or did not give back."""
        kept = [name for mode, name in CAUGHT.items() if self.surface.private(mode)]
        if pyte.modes.DECTCEM not in self.surface.mode:
            kept.append("the cursor")
        if len(KEYBOARD_ON.findall(self.said)) != self.said.count(KEYBOARD_OFF):
            kept.append("the keyboard")
        local = termios.tcgetattr(self._child.child_fd)[3]
        if not local & termios.ECHO or not local & termios.ICANON:
            kept.append("the line discipline")
        return kept

    def close(self) -> None:
        """End the program, if it is still there, and give everything back."""
        if self.code is None:
            signal.pidfd_send_signal(self._died, signal.SIGKILL)
            self._reap()
        os.write(self._stopping, b".")
        self._reader.join()
        self._let_go()
        for descriptor in (self._died, self._stop, self._stopping):
            os.close(descriptor)


def _at_a_terminal(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what the tests' own terminal is said to be like."""
    kept = {key: value for key, value in environ.items() if key not in ("COLUMNS", "LINES")}
    return kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
