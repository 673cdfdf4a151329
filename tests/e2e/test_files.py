"""Files, from the command line, over a real relay and its disk."""

from __future__ import annotations

import random

import pytest

from tests.e2e.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_file_is_sent_and_saved(computer: Machine) -> None:
    ana, bo = computer.person("Ana"), computer.person("Bo")
    ana.opens("Friends")
    tail = ana.start("tail")
    tail.online()
    bo.does("join", ana.code("Friends"), "--as", "Bo", "--yes")

    data = random.Random(5).randbytes(300_000)
    source = computer.folder / "tea cake.jpg"
    source.write_bytes(data)
    said, sent = bo.does("send", "Friends", "--file", str(source), "With tea", "--json").lines()
    assert (said["text"], sent["text"]) == ("With tea", "a file: tea cake.jpg (300 kB)")
    assert sent["file"] == {"name": "tea cake.jpg", "media": "image/jpeg", "size": 300_000}
    assert sent["state"] == "delivered"
    tail.until(lambda line: line.endswith(" Bo: a file: tea cake.jpg (300 kB)"))

    # Ana's `tail` owns her profile: what is fetched comes over its control socket.
    target = computer.folder / "saved"
    target.mkdir()
    (saved,) = ana.does("save", "Friends", sent["id"][:12], str(target), "--json").lines()
    assert saved["path"] == str(target / "tea cake.jpg")
    assert (target / "tea cake.jpg").read_bytes() == data
    again = bo.does("save", "Friends", sent["id"], str(target))
    assert again.out.strip() == str(target / "tea cake (2).jpg")
    found = ana.does("search", "has:file", "cake").out
    assert "a file: tea cake.jpg" in found

    refused = bo.run("save", "Friends", said["id"])
    assert refused.code == 1
    assert "There is no file in that message." in refused.err
    refused = bo.run("send", "Friends", "--file", str(computer.folder / "none"))
    assert "can't be read" in refused.err
