"""The command line's face: verbs, help, examples, what parsing it imports."""

from __future__ import annotations

import argparse
import ast
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.checkout import ROOT
from tui.cli import main
from tui.cli.arguments import parser

WANTED = {
    "open", "invite", "join", "send", "read", "tail", "circles", "members", "remove", "leave",
    "doctor", "relay", "reply", "react", "edit", "delete", "pin", "poll", "vote",
}  # fmt: skip


def verbs(whole: bool = False) -> dict[str, argparse.ArgumentParser]:
    """Every verb with its parser."""
    (action,) = (
        action
        for action in parser(whole)._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return dict(action.choices)


def test_every_verb_is_there() -> None:
    assert set(verbs()) >= WANTED


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_every_help_has_an_example_that_parses(verb: str) -> None:
    epilog = verbs(whole=True)[verb].epilog or ""
    examples = [line for line in epilog.splitlines() if "hallway " in line]
    assert examples
    for example in examples:
        command = example.partition("hallway ")[2].partition("   ")[0].partition(" > ")[0]
        parsed = parser().parse_args(shlex.split(command))
        assert callable(parsed.run)


def test_circle_may_be_left_out_where_there_is_one() -> None:
    assert vars(parser().parse_args(["send", "Hello"]))["circle"] == ""
    assert vars(parser().parse_args(["send", "Friends", "Hello"]))["circle"] == "Friends"
    assert vars(parser().parse_args(["read"]))["circle"] == ""


def test_messages_are_named_behind_the_circle() -> None:
    def parsed(*line: str) -> dict[str, object]:
        return vars(parser().parse_args(line))

    assert (parsed("react", "3f9a", "x")["circle"], parsed("react", "F", "3f9a", "x")["id"]) == (
        "",
        "3f9a",
    )
    assert (parsed("reply", "3f9a", "hi")["id"], parsed("send", "hi")["text"]) == ("3f9a", "hi")
    assert parsed("edit", "F", "3f9a")["text"] is None
    assert parsed("pin", "F")["id"] is None
    assert parsed("poll", "F", "?", "a", "b", "--several")["options"] == ["a", "b"]
    assert parsed("vote", "F", "3f9a", "2", "1")["numbers"] == [2, 1]
    assert parsed("vote", "F", "3f9a")["numbers"] == []


def test_home_stands_before_or_after_the_verb() -> None:
    for line in (["--home", "x", "read"], ["read", "--home", "x"]):
        assert parser().parse_args(line).home == "x"
    assert parser().parse_args(["read"]).home is None


def test_relay_has_the_flags_of_the_relay() -> None:
    parsed = parser().parse_args(["relay", "--listen", "0.0.0.0:7600", "--data", "x"])
    assert (parsed.listen, parsed.verb) == (["0.0.0.0:7600"], "run")
    assert parser().parse_args(["relay", "stop", "--data", "x"]).verb == "stop"


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    for line in (["nothing"], ["open"], ["send"], ["read", "--last", "many"]):
        with pytest.raises(SystemExit) as ended:
            main(line)
        assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def child(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environ = {"HALLWAY_HOME": str(tmp_path / "home"), "PATH": os.defpath, "HOME": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-I", "-c", code],
        env=environ,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [["--help"], ["send", "--help"], ["send", "Friends", "Hello"], ["read", "Friends"]],
)
def test_no_verb_pays_for_screens_or_relay(line: list[str], tmp_path: Path) -> None:
    """`send` and `read` are carried out by this process, in a profile where there is a circle."""
    code = (
        "import contextlib, sys\n"
        "from tui.cli import main\n"
        f"with contextlib.suppress(SystemExit): main({line!r})\n"
        "print('loaded', *sys.modules)"
    )
    if line[-1] != "--help":
        assert child(MAKES_A_CIRCLE, tmp_path).returncode == 0
    done = child(code, tmp_path)
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "loaded", done.stderr
    assert {name for name in loaded if name.partition(".")[0] in ("textual", "rich")} == set()
    of_the_relay = {name for name in loaded if name.partition(".")[0] == "relay"}
    assert all(f"{name}.".startswith("relay.wire.") for name in of_the_relay - {"relay"})
    assert ("tui.engine.client" in loaded) is (line[-1] != "--help")


MAKES_A_CIRCLE = """
import os
from tui.locations import Locations
from tui.profile import Profile
Profile.open(Locations.find(os.environ), "a test", os.urandom).close()
"""


@pytest.mark.slow
def test_without_a_terminal_it_says_what_to_run_instead(tmp_path: Path) -> None:
    done = child("import sys; from tui.cli import main; sys.exit(main([]))", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "need a terminal" in done.stderr
    for verb in ("send", "read", "tail"):
        assert f"`hallway {verb}`" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_verb(shell: str, tmp_path: Path) -> None:
    line = f"['completion', {shell!r}]"
    done = child(f"import sys; from tui.cli import main; sys.exit(main({line}))", tmp_path)
    assert done.returncode == 0
    for word in (*WANTED, "--spoken", "--listen"):
        assert word in done.stdout


def test_all_output_goes_through_one_place() -> None:
    """What prints for itself prints constants: the version, a prompt, a script of its own."""
    own = {"arguments.py", "completing.py", "joining.py", "printing.py"}
    for path in (ROOT / "tui" / "cli").glob("*.py"):
        calls = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        }
        assert "print" not in calls or path.name in own
        assert not calls & {"sys.stdout.write", "sys.stderr.write"}
