"""Paths as a person types, pastes or drops them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui import paths
from tui.paths import as_path, completion, downloads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tea.jpg", "tea cake.jpg", "zoo.png", ".hidden", "it's"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "deep").write_bytes(b"x")
    return tmp_path


def test_a_path_is_taken_as_it_stands_or_as_a_shell_would(folder: Path) -> None:
    wanted = folder / "tea cake.jpg"
    written = str(folder).replace(" ", "\\ ")
    for typed in (str(wanted), f"{written}/tea\\ cake.jpg", f"'{wanted}'", f"'file://{wanted}'"):
        assert as_path(typed) == wanted
    assert as_path(f" {folder}/it's ") == folder / "it's"
    assert as_path(f"{folder}/new name") == folder / "new name"


def test_a_home_and_a_relative_path(folder: Path) -> None:
    assert as_path("~/a") == Path.home() / "a"
    assert as_path("a") == Path.cwd() / "a"


@pytest.mark.parametrize(
    ("start", "rest"),
    [("z", "oo.png"), ("i", "nner/"), ("inner/", "deep"), ("inner/d", "eep"), (".h", "idden"),
     ("q", ""), ("no/such", ""), ("zoo.png", ""), ("", "inner/"), ("tea", " cake.jpg")],
)  # fmt: skip
def test_the_rest_of_a_name(folder: Path, start: str, rest: str) -> None:
    assert completion(f"{folder}/{start}") == rest


def test_a_tilde_is_the_home() -> None:
    assert completion("~") == "/"


def test_a_name_that_is_no_text_is_not_completed(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m").write_bytes(b"")
    assert completion(f"{tmp_path}/a") == ""
    (tmp_path / "ab").write_bytes(b"")
    assert completion(f"{tmp_path}/a") == "b"


def test_where_files_go() -> None:
    assert downloads() in (Path.home() / "Downloads", Path.home())
    assert paths.LOOKED_AT > 100
