"""Notifications in a real terminal: they come, once, and hold nothing of what was said."""

from __future__ import annotations

import pytest

from tests.e2e.machine import COMMAND, Machine
from tests.e2e.terminal import Terminal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # From Python 3.12 on a fork beside threads is warned of; the child executes at once.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

LOOKS_AWAY, LOOKS_HERE = "\x1b[O", "\x1b[I"
SAID = b"\x1b]9;Friends has news\x1b\\\a"
NAMED = b"\x1b]9;Friends names you\x1b\\\a"


def test_who_looks_elsewhere_is_told_once_and_without_content(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    environ = dict(ana.environ) | {"TERM_PROGRAM": "WezTerm"}
    environ.pop("TMUX", None)
    screen = Terminal(COMMAND, environ, computer.folder, (80, 24))
    try:
        screen.shows("Message Friends")
        screen.shows("connected")
        bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
        bo.does("send", "one")
        screen.shows("one")
        assert b"\x1b]9" not in screen.said, "somebody is looking"
        screen.type(LOOKS_AWAY)
        bo.does("send", "canary two")
        screen.shows("canary two")
        screen.until(lambda: SAID in screen.said, "tells of news")
        bo.does("send", "canary three")
        screen.shows("canary three")
        assert screen.said.count(SAID) == 1
        bo.does("send", "@Ana canary four")
        screen.shows("canary four")
        screen.until(lambda: NAMED in screen.said, "tells that somebody is named")
        for told in screen.said.split(b"\x1b]9;")[1:]:
            assert b"canary" not in told.split(b"\x1b\\")[0]
        screen.type(LOOKS_HERE)
        screen.type("/mute\r")
        screen.shows("You are told nothing of this circle")
        screen.type(LOOKS_AWAY)
        bo.does("send", "@Ana five")
        screen.shows("five")
        assert (screen.said.count(SAID), screen.said.count(NAMED)) == (1, 1)
    finally:
        screen.close()
