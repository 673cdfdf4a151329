"""The manual page says what the command line says, and man can show it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tools.man import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: .venv/bin/python -m tools.man"


def test_no_folder_of_anybodys_is_named() -> None:
    assert "/root/" not in page() and "/home/" not in page()
    assert "~/.local/share/hallway\\-relay" in page()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("man") is None, reason="needs man")
def test_man_shows_it_without_a_warning() -> None:
    done = subprocess.run(
        ["man", "--warnings=w", "-l", str(PAGE)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "MANWIDTH": "80", "PATH": "/usr/bin:/bin", "MANPAGER": "cat"},
        check=True,
    )
    assert done.stderr == ""
    for part in ("HALLWAY(1)", "hallway relay token new", "EXIT STATUS", "--passphrase-file FILE"):
        assert part in done.stdout
