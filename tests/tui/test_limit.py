"""A person's own limit on people."""

from __future__ import annotations

import pytest

from tui.limit import exceeded


@pytest.mark.parametrize(
    ("limit", "known", "others", "said"),
    [
        (3, ["Ana", "Bo"], ["Cy"], False),
        (3, ["Ana", "Bo"], ["Cy", "Di"], True),
        (3, ["Ana", "Bo", "ana"], ["BO", "Cy"], False),
        (3, ["Ana", "Bo", "Cy", "Di"], ["Ana", "Bo"], False),
        (3, [], ["Ana", "Bo", "Cy", "Di"], True),
    ],
)
def test_whether_one_is_reminded(
    limit: int, known: list[str], others: list[str], said: bool
) -> None:
    assert bool(exceeded(limit, known, others)) is said


def test_the_sentence() -> None:
    assert exceeded(1, ["Ana"], ["Bo"]) == (
        "You would speak with 2 people then, over all your circles; you set yourself a limit of 1."
    )
