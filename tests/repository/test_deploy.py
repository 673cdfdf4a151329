"""What is in deploy/ fits what there is: files, flags, settings, addresses, metrics.

No container engine is started here. What a container is told is run without one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from relay.cli import configure
from relay.config import PREFIX, Config, exposed, settle
from relay.machine import Usage
from relay.metrics import of_machine, of_proxies, render
from tests.relay.world import World
from tests.repository.checkout import ROOT

DEPLOY = ROOT / "deploy"
UNIT, EXPOSURE = DEPLOY / "hallway-relay.service", 1.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def relay(words: list[str]) -> argparse.Namespace:
    """What `hallway relay` makes of these."""
    parser = argparse.ArgumentParser()
    configure(parser)
    return parser.parse_args(words)


class TestUnit:
    def test_what_it_starts_is_there(self) -> None:
        (start,) = re.findall(r"^ExecStart=(.*)$", text(UNIT.name), re.MULTILINE)
        program, verb, *words = start.split()
        assert (Path(program).name, verb) == ("hallway", "relay")
        assert relay(words).data == "%S/hallway-relay"

    @needs_systemd
    @pytest.mark.slow
    def test_it_is_shut_in(self) -> None:
        done = subprocess.run(
            ["systemd-analyze", "security", "--no-pager", "--offline=true", str(UNIT)],
            capture_output=True,
            text=True,
            check=True,
        )
        (level,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        assert float(level) <= EXPOSURE

    @needs_systemd
    @pytest.mark.slow
    def test_systemd_understands_it(self, tmp_path: Path) -> None:
        """With a program that there is in the place of the one that is to be installed."""
        copy = tmp_path / UNIT.name
        lines = [line for line in text(UNIT.name).splitlines() if "Documentation=" not in line]
        copy.write_text("\n".join(lines).replace("/opt/hallway/bin/hallway", sys.executable))
        done = subprocess.run(
            ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True
        )
        assert [line for line in done.stderr.splitlines() if UNIT.stem in line] == []


class TestContainer:
    LINES = text("Containerfile").replace("\\\n", " ").splitlines()

    def of(self, instruction: str) -> list[str]:
        return [
            line.partition(" ")[2].strip()
            for line in self.LINES
            if line.partition(" ")[0] == instruction
        ]

    def environ(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for line in self.of("ENV") for pair in shlex.split(line))

    def test_what_is_copied_is_there(self) -> None:
        copied = [line.split()[0] for line in self.of("COPY") if not line.startswith("--from")]
        assert {"requirements.lock", "crypto", "relay"} < set(copied)
        assert [name for name in copied if not (ROOT / name).exists()] == []

    def test_it_is_nobodys_machine(self) -> None:
        assert all(re.search(r":[\d.]+-", image) for image in self.of("FROM")), "a version"
        (user,) = self.of("USER")
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "not root, and known by number"
        assert self.of("ADD") == []
        assert all("--require-hashes" in line for line in self.of("RUN") if "pip install" in line)
        assert json.loads(self.of("ENTRYPOINT")[0]) == ["python", "-m", "relay"]

    def test_its_settings_are_settings(self) -> None:
        settings = {PREFIX + each.name.upper() for each in fields(Config)}
        found = {name for name in self.environ() if name.startswith("HALLWAY_")}
        assert found and found <= settings

    def test_what_a_comment_says_to_type_is_understood(self) -> None:
        said = " ".join(line.lstrip("# ") for line in self.LINES if line.startswith("#"))
        flags = said.partition("hallway-relay --name")[2].split("FROM")[0]
        config = relay(["--name", *flags.split()])
        assert config.tls == "own"

    @pytest.mark.slow
    def test_it_runs_and_is_healthy_with_nothing_else(self, tmp_path: Path) -> None:
        """What is copied, under the environment that is set, but for where it may be."""
        app, data = tmp_path / "app", tmp_path / "data"
        for name in ("crypto", "relay"):
            shutil.copytree(ROOT / name, app / name, ignore=shutil.ignore_patterns("*.pyc"))
        data.mkdir()
        environ = self.environ() | {
            "PATH": os.defpath,
            "PYTHONPATH": str(app),
            "XDG_DATA_HOME": str(data),
            "HALLWAY_RELAY_LISTEN": "0.0.0.0:0",
        }
        (check,) = (json.loads(line.partition("CMD")[2]) for line in self.of("HEALTHCHECK"))
        start = json.loads(self.of("ENTRYPOINT")[0])
        program = [sys.executable, *start[1:], "--tls", "own"]
        with subprocess.Popen(
            program, env=environ, cwd=data, stdout=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline().startswith("listening on wss://")
            done = subprocess.run(
                [sys.executable, *check[1:]], env=environ, cwd=data, capture_output=True, text=True
            )
            running.terminate()
            assert (done.returncode, done.stdout) == (0, "ready\n")
            running.stdout.read()
        assert running.returncode == 0
        assert sorted(each.name for each in data.iterdir()) == ["hallway-relay"]


class TestCompose:
    PAGE = text("compose.yaml")

    def service(self, name: str) -> str:
        found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", self.PAGE, re.MULTILINE)
        assert found is not None
        return found[1]

    def test_the_relay_believes_caddy_and_caddy_finds_the_relay(self) -> None:
        (command,) = re.findall(r"command: (\[.*\])", self.service("relay"))
        words = [re.sub(r"\$\{DOMAIN:\?.*\}", "chat.example.org", w) for w in json.loads(command)]
        flags = vars(relay(words))
        settled = settle(
            {each.name: flags[each.name] for each in fields(Config)},
            {PREFIX + "LISTEN": "0.0.0.0:7600"},
            Path("/nowhere"),
        )
        config = settled.config
        (caddy,) = re.findall(r"ipv4_address: (\S+)", self.service("caddy"))
        (here,) = re.findall(r"ipv4_address: (\S+)", self.service("relay"))
        assert (config.name, config.proxy) == (("chat.example.org",), (caddy,))
        assert exposed(config) == "0.0.0.0:7600"
        assert f'RELAY: "{here}:7600"' in self.service("caddy")

    def test_there_is_one_variable(self) -> None:
        assert set(re.findall(r"\$\{(\w+)", self.PAGE)) == {"DOMAIN"}

    @pytest.mark.parametrize("name", ["relay", "caddy"])
    def test_both_are_shut_in(self, name: str) -> None:
        lines = [line.strip() for line in self.service(name).splitlines()]
        for line in ("read_only: true", 'cap_drop: ["ALL"]'):
            assert line in lines
        assert 'security_opt: ["no-new-privileges:true"]' in lines
        assert "privileged" not in " ".join(lines).replace("no-new-privileges", "")

    def test_files_that_it_names_are_there(self) -> None:
        assert "dockerfile: deploy/Containerfile" in self.service("relay")
        assert "./Caddyfile:" in self.service("caddy") and (DEPLOY / "Caddyfile").exists()


class TestProxies:
    def test_the_page_shows_what_nginx_is_told(self) -> None:
        page = (ROOT / "docs" / "hosting.md").read_text("utf-8")
        (block,) = re.findall(r"^    location / \{\n(?:        .*\n)+    \}\n", page, re.MULTILINE)
        assert block in text("nginx.conf")

    @pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
    def test_braces_are_closed(self, name: str) -> None:
        told = "\n".join(line.partition("#")[0] for line in text(name).splitlines())
        assert told.count("{") == told.count("}") > 0

    def test_caddy_knows_what_compose_sets(self) -> None:
        variables = set(re.findall(r"\{\$(\w+)", text("Caddyfile")))
        assert variables == {"DOMAIN", "RELAY"}
        assert all(f"{name}: " in text("compose.yaml") for name in variables)


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    machine = of_machine(Usage(1, 1.0, 1), 1, 1, 1, 1, False)
    page = render(World().hub, 0, [*machine, *of_proxies({})])
    there = {*re.findall(r"^# TYPE (\w+)", page, re.MULTILINE), "hallway_refusals_total"}
    dashboard = json.loads(text("grafana.json"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b((?:hallway|process)_\w+)", target["expr"])
    }
    assert asked <= there
    assert there - asked == set(), "every one is shown somewhere"
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)
