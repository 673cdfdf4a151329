"""What is said of a command while it is typed."""

from __future__ import annotations

import pytest

from tui.actions import BY_COMMAND
from tui.widgets.usage import MOST, fitting


@pytest.mark.parametrize("text", ["", "hello", "//re", "/re\nact", "/dance", "/dance now", "a /re"])
def test_what_is_no_command_is_not_explained(text: str) -> None:
    assert fitting(text) == []


def test_what_it_may_become_is_listed_and_what_it_is_explained() -> None:
    assert [action.command for action in fitting("/rea")] == ["/react"]
    assert len(fitting("/")) == MOST
    assert fitting("/React \N{HEAVY BLACK HEART}") == [BY_COMMAND["/react"]]
