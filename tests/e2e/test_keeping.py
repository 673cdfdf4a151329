"""Keeping a conversation in a file."""

from __future__ import annotations

import json
import stat

import pytest

from tests.e2e.machine import Machine

pytestmark = pytest.mark.slow


def test_a_circle_is_kept_in_each_format(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    ana.start("tail").online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    ana.does("send", "Soup on <b>Sunday</b>?")
    bo.does("send", "Yes")
    folder = computer.folder
    for name in ("kept.md", "kept.html", "kept.json"):
        done = bo.does("export", "Friends", str(folder / name))
        assert done.out == "" and f"Friends is kept in {folder / name}." in done.err
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    kept = json.loads((folder / "kept.json").read_text())
    assert [each["text"] for each in kept["messages"] if each["kind"] == "text"] == [
        "Soup on <b>Sunday</b>?",
        "Yes",
    ]
    assert kept["messages"] == bo.does("read", "--last", "100", "--json").lines()
    assert "> Soup on \\<b>Sunday\\</b>?\n" in (folder / "kept.md").read_text()
    page = (folder / "kept.html").read_text()
    assert "Soup on &lt;b&gt;Sunday&lt;&#x2f;b&gt;?" in page and page.endswith("</html>")
    again = json.loads(bo.does("export", "Friends", "-", "--format", "json").out)
    assert again == kept | {"made": again["made"]}
    assert bo.does("export", "Friends").out.startswith("# Friends\n")


def test_what_is_there_is_not_written_over(computer: Machine) -> None:
    ana = computer.person("Ana")
    ana.opens("Friends")
    ana.does("send", "first")
    kept = computer.folder / "kept.md"
    ana.does("export", "Friends", str(kept))
    before = kept.read_text()
    ana.does("send", "second")
    refused = ana.run("export", "Friends", str(kept))
    assert (refused.code, kept.read_text()) == (1, before)
    assert f"{kept} is there already. Name another file, or say --replace." in refused.err
    ana.does("export", "Friends", str(kept), "--replace")
    assert "second" in kept.read_text() and "first" in kept.read_text()
    nowhere = ana.run("export", "Friends", str(computer.folder / "no" / "kept.md"))
    assert nowhere.code == 1 and "can't be written" in nowhere.err
    assert sorted(path.name for path in computer.folder.glob("*kept*")) == ["kept.md"]


def test_a_circle_that_was_left_can_be_kept(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    ana.start("tail").online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")
    bo.does("send", "so long")
    bo.does("leave", "Friends")
    assert "> so long\n" in bo.does("export", "Friends").out
