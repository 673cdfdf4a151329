"""A relay whose operator gives out tokens, and what people hear who open circles there."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.test_hosting import Host

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

OPENS = ("--create", "token")


def test_a_circle_is_opened_with_a_token_alone(computer: Machine) -> None:
    host = Host(computer)
    relay = host.start(*OPENS)
    ana = computer.person("Ana")
    there = ("--as", "Ana", "--relay", host.address)

    refused = ana.run("open", "Friends", *there)
    assert refused.code == 1 and "only with its operator's token" in refused.err
    assert "--token" in refused.err and "Traceback" not in refused.err
    refused = ana.run("open", "Friends", *there, "--token", "hunter2")
    assert refused.code == 1 and "doesn't know this token" in refused.err

    token = host.does("token", "new", "--uses", "1").strip()
    ana.does("open", "Friends", *there, "--token", token)
    assert "Friends" in ana.does("circles").out
    refused = ana.run("open", "Others", *there, "--token", token)
    assert refused.code == 1 and "all that it was made for" in refused.err

    relay.end(signal.SIGKILL)
    host.start(*OPENS)
    (listed,) = [json.loads(line) for line in host.does("token", "list", "--json").splitlines()]
    assert (listed["uses"], listed["state"]) == (0, "spent")
    host.does("token", "revoke", listed["id"][:3])
    refused = ana.run("open", "Others", *there, "--token", token)
    assert refused.code == 1 and "doesn't know this token" in refused.err
    assert "Others" not in ana.does("circles").out


def test_a_circle_moves_to_where_it_takes_a_token(computer: Machine) -> None:
    before, after = Host(computer, "before"), Host(computer, "after")
    before.start()
    after.start(*OPENS)
    token = after.does("token", "new").strip()
    ana = computer.person("Ana")
    ana.opens("Friends", "--relay", before.address)
    ana.does("move", "Friends", after.address, "--token", token)
    there = ana.start("tail", "--json")
    there.online()
    there.end()
    assert after.address in ana.does("circles").out
    assert '"uses": 0' in after.does("token", "list", "--json")


def test_a_backup_gives_back_what_was_spent_since(computer: Machine, tmp_path: Path) -> None:
    host = Host(computer)
    relay = host.start(*OPENS)
    token = host.does("token", "new").strip()
    host.does("backup", str(tmp_path / "copy.db"))
    ana = computer.person("Ana")
    ana.opens("Friends", "--relay", host.address, "--token", token)
    relay.end()
    said = host.does("restore", str(tmp_path / "copy.db"), "--replace")
    assert "Tokens are as they were then" in said
    host.start(*OPENS)
    ana.opens("Again", "--relay", host.address, "--token", token)
