"""The pages that speak of the checkout itself agree with it."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.repository.checkout import ROOT, tracked
from tools import pages
from tui.cli.arguments import parser
from tui.config import KEYS, Config
from tui.settings import SETTINGS

pytestmark = pytest.mark.docs

PAGES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def bootstrap_verbs() -> set[str]:
    return set(re.findall(r"^([a-z]+)\)$", page("hallway"), re.MULTILINE))


def app_verbs() -> set[str]:
    """The commands of the app itself, as its parser knows them."""
    found: set[str] = set()
    for action in parser()._actions:
        if action.nargs == "A..." and action.choices is not None:
            found |= {str(choice) for choice in action.choices}
    return found


def test_links_lead_somewhere() -> None:
    broken = []
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)\s#]+)", page(str(path))):
            if "://" not in target and not (ROOT / path.parent / target).exists():
                broken.append(f"{path}: {target}")
    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_commands_exist(name: str) -> None:
    known = bootstrap_verbs() | app_verbs()
    named = set(re.findall(r"\./hallway ([a-z]+)", page(name)))
    assert named <= known


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the README, without its own heading."""
    section = page("README.md").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def test_every_command_is_explained_with_the_flags_that_it_has() -> None:
    verbs: dict[str, set[str]] = {}
    for command, meaning in table("Commands"):
        verb = command.strip("`").split()[0]
        verbs[verb] = set(re.findall(r"--[a-z-]+", command + meaning))
    (action,) = (one for one in parser(whole=True)._actions if one.nargs == "A...")
    assert isinstance(action.choices, dict)
    assert verbs.keys() == action.choices.keys() == app_verbs()
    for verb, flags in verbs.items():
        known = set(action.choices[verb]._option_string_actions)
        assert flags <= known, verb
        if verb != "relay":
            everywhere = {"-h", "--help", "--home", "--json", "--passphrase-file"}
            assert known - flags <= everywhere, verb


def test_every_setting_is_explained() -> None:
    assert page("docs/settings.md") == pages.settings()
    assert {setting.name for setting in SETTINGS} == set(Config.__struct_fields__) - {KEYS}
    assert all(getattr(Config(), setting.name) == setting.usual for setting in SETTINGS)


def test_every_key_and_command_is_explained() -> None:
    assert page("docs/keys.md") == pages.keys()


def test_the_verbs_of_the_bootstrap_are_explained() -> None:
    assert bootstrap_verbs() == {"test", "check", "bench"}
    for verb in bootstrap_verbs():
        assert f"./hallway {verb}" in page("CONTRIBUTING.md")


@pytest.mark.parametrize("name", PAGES)
def test_places_exist(name: str) -> None:
    """What is written as code and ends in ``/`` or a file's suffix is a place in the checkout.

    ``NAME`` stands for a name.
    """
    code = re.findall(r"`([\w./-]+(?:/|\.py|\.toml|\.lock|\.md))`", page(name))
    places = {place for place in code if not place.startswith(("~", "/", "../"))}
    places = {place for place in places if "NAME" not in place}
    assert {place for place in places if not (ROOT / place).exists()} == set()


def test_the_tests_that_a_page_names_exist() -> None:
    """A page that promises something names the test that tries it, as ``tests/NAME.py::test_…``."""
    missing = []
    for path in tracked("*.md"):
        for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page(str(path))):
            tree = ast.parse(page(file)) if (ROOT / file).exists() else ast.Module([], [])
            if not any(getattr(node, "name", None) == name for node in ast.walk(tree)):
                missing.append(f"{path}: {file}::{name}")
    assert missing == []


def test_settings_of_the_checkout_are_explained() -> None:
    text = [path for path in tracked("tests", "tools", ".ci") if "corpus" not in path.parts]
    sources = (Path("hallway"), *text)
    named = set()
    for path in sources:
        named |= set(re.findall(r"\bHALLWAY_[A-Z_]+\b", page(str(path))))
    ours = {"HALLWAY_PYTHON", "HALLWAY_NO_UV", "HALLWAY_VECTORS"}
    ours |= {"HALLWAY_REQUIRE_VECTORS", "HALLWAY_REQUIRE_PARTNER"}
    assert ours <= named
    explained = set(re.findall(r"HALLWAY_[A-Z_]+", page("CONTRIBUTING.md")))
    assert ours <= explained <= named


def test_the_changelog_keeps_its_form() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    headings = re.findall(r"^## (.+)$", page("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    released = headings[1:]
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", one) for one in released)
    assert not released or released[0].startswith(f"[{project['version']}]")
