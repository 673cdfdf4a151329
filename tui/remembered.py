"""What the screen remembers of its own between two starts: the theme.

It is read before the first paint, and so is neither in the database nor in the person's settings.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

NAMES = ("dusk", "paper", "contrast", "terminal")


class Remembered:
    """One small file in the profile's folder; without it, or unreadable, the defaults hold."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.theme = NAMES[0]
        if path is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                theme = path.read_text("utf-8").strip()
                self.theme = theme if theme in NAMES else self.theme

    def keep_theme(self, theme: str) -> None:
        """Start with this theme from now on; a disk that refuses costs no more than that."""
        self.theme = theme
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.write_text(theme + "\n", "utf-8")
