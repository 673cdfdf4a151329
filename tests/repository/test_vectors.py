"""Finding the vectors: skipped loudly, failed where they are required."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repository.checkout import ROOT
from tests.vectors import vectors


@pytest.mark.parametrize("name", ["sums", "sums.json"])
def test_reads_every_case(tmp_path: Path, name: str) -> None:
    (tmp_path / "sums.json").write_text('[{"n": 1}, {"n": 2}]')
    assert vectors(name, {"HALLWAY_VECTORS": str(tmp_path)}) == [{"n": 1}, {"n": 2}]


def test_takes_a_single_object_for_one_case(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"n": 1}')
    assert vectors("one", {"HALLWAY_VECTORS": str(tmp_path)}) == [{"n": 1}]


@pytest.mark.parametrize("content", ["[]", "[1]", "3"])
def test_takes_no_file_without_cases(tmp_path: Path, content: str) -> None:
    (tmp_path / "sums.json").write_text(content)
    with pytest.raises(ValueError, match="holds no test cases"):
        vectors("sums", {"HALLWAY_VECTORS": str(tmp_path)})


@pytest.mark.parametrize("required", ["", "0"])
def test_skips_and_says_what_to_set(tmp_path: Path, required: str) -> None:
    environ = {"HALLWAY_VECTORS": str(tmp_path), "HALLWAY_REQUIRE_VECTORS": required}
    with pytest.raises(pytest.skip.Exception, match="set HALLWAY_VECTORS"):
        vectors("sums", environ)


def test_fails_where_they_are_required(tmp_path: Path) -> None:
    environ = {"HALLWAY_VECTORS": str(tmp_path), "HALLWAY_REQUIRE_VECTORS": "1"}
    with pytest.raises(pytest.fail.Exception, match="no MLS vectors at"):
        vectors("sums", environ)


def test_looks_beside_the_checkout_where_nothing_is_set() -> None:
    expected = ROOT.parent / "shared" / "mls-vectors" / "no-such.json"
    with pytest.raises(pytest.skip.Exception) as skipped:
        vectors("no-such", {})
    assert str(expected) in str(skipped.value)
