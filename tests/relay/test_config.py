"""The relay's settings: where they come from, and what is said about those that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relay.config import Config, ConfigError, address, default_directory, settle


def test_without_any_setting_it_works(tmp_path: Path) -> None:
    settled = settle({}, {}, tmp_path / "relay.toml")
    assert settled.config == Config()
    assert set(settled.sources.values()) == {"default"}


def test_flags_before_environment_before_file_before_defaults(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text('connections = 1\ncircle_mib = 1\ncircles_per_day = 1\nname = ["a", "b"]\n')
    environment = {"HALLWAY_RELAY_CONNECTIONS": "2", "HALLWAY_RELAY_CIRCLE_MIB": "2", "HOME": "/"}
    settled = settle({"connections": 3, "create": None}, environment, file)
    config = settled.config
    assert (config.connections, config.circle_mib, config.circles_per_day) == (3, 2, 1)
    assert config.name == ("a", "b")
    assert config.create == "open"
    assert settled.lines() == [
        'listen = ["127.0.0.1:7600"]  # default',
        f'name = ["a", "b"]  # {file}',
        'tls = "auto"  # default',
        'tls_cert = ""  # default',
        'tls_key = ""  # default',
        'create = "open"  # default',
        "store = []  # default",
        'store_name = "hallway"  # default',
        'store_sync = "unstated"  # default',
        "connections = 3  # --connections",
        "messages_per_second = 30  # default",
        "messages_at_once = 100  # default",
        "circle_mib = 2  # HALLWAY_RELAY_CIRCLE_MIB",
        f"circles_per_day = 1  # {file}",
        "spare_disk_mib = 256  # default",
        "spare_memory_mib = 32  # default",
        "proxy = []  # default",
        'metrics = ""  # default',
        'log = "plain"  # default',
        'install = ""  # default',
    ]


def test_the_file_that_is_shown_says_the_same(tmp_path: Path) -> None:
    flags = {"name": ['"quoted" \\ \x7f'], "connections": 7, "log": "json", "metrics": "[::1]:9"}
    settled = settle(flags, {}, tmp_path / "relay.toml")
    again = tmp_path / "again.toml"
    again.write_text("\n".join(settled.file()))
    assert settle({}, {}, again).config == settled.config
    assert [line for line in settled.file() if line[:1] not in ("#", "")] == [
        'name = ["\\"quoted\\" \\\\ \\u007f"]',
        "connections = 7",
        'metrics = "[::1]:9"',
        'log = "json"',
    ]
    assert "# circle_mib = 100" in settled.file()


def test_what_may_be_is_taken(tmp_path: Path) -> None:
    flags = {
        "proxy": ["127.0.0.1", "::1"],
        "metrics": "localhost:9100",
        "install": "https://example.org/get",
    }
    config = settle(flags, {}, tmp_path / "x").config
    assert (config.proxy, config.metrics) == (("127.0.0.1", "::1"), "localhost:9100")
    assert config.install == "https://example.org/get"


def test_the_environment_separates_by_commas(tmp_path: Path) -> None:
    environment = {"HALLWAY_RELAY_LISTEN": "127.0.0.1:1, [::1]:2,"}
    assert settle({}, environment, tmp_path / "x").config.listen == ("127.0.0.1:1", "[::1]:2")


@pytest.mark.parametrize(
    ("flags", "environment", "text", "sentence"),
    [
        ({}, {}, "colour = 'red'", r"there is no setting 'colour'. There are: listen, name"),
        ({}, {"HALLWAY_RELAY_COLOUR": "red"}, "", "HALLWAY_RELAY_COLOUR: there is no setting"),
        ({}, {}, "connections = 'many'", "connections cannot be 'many'"),
        ({}, {"HALLWAY_RELAY_CONNECTIONS": "many"}, "", "connections cannot be 'many'"),
        ({}, {}, "connections = true", "connections cannot be True"),
        ({"connections": 0}, {}, "", "--connections: connections is at least 1, not 0"),
        ({}, {}, "create = 'perhaps'", "It may be open or token or closed"),
        ({}, {}, "listen = '127.0.0.1:1'", "listen cannot be"),
        ({"listen": ["nowhere"]}, {}, "", "'nowhere' is not HOST:PORT"),
        ({"tls_cert": "c.pem"}, {}, "", "A certificate needs its key"),
        ({"tls_cert": "c", "tls_key": "k", "tls": "own"}, {}, "", "no use for --tls-cert"),
        ({}, {}, "= =", "is not TOML"),
        ({}, {}, "proxy = ['caddy']", "'caddy' is not the IP address of a proxy"),
        ({"metrics": "0.0.0.0:9"}, {}, "", "--metrics: metrics listens on the loopback alone"),
        ({"metrics": "example.org:9"}, {}, "", "metrics listens on the loopback alone"),
        ({"metrics": "9"}, {}, "", "'9' is not HOST:PORT"),
        ({"install": "http://example.org"}, {}, "", "begins with https://"),
        ({}, {"HALLWAY_RELAY_LOG": "xml"}, "", "It may be plain or json"),
    ],
)
def test_what_cannot_be_is_said(
    tmp_path: Path, flags: dict[str, Any], environment: dict[str, str], text: str, sentence: str
) -> None:
    file = tmp_path / "relay.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        settle(flags, environment, file)


def test_a_file_that_was_asked_for_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        settle({}, {}, tmp_path / "relay.toml", wanted=True)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        settle({}, {}, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:7600", ("127.0.0.1", 7600)),
        ("[::1]:0", ("::1", 0)),
        ("relay.example.org:65535", ("relay.example.org", 65535)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert address(text) == expected


@pytest.mark.parametrize(
    "text", ["", ":1", "a", "a:", "a:b", "a:65536", "a:-1", "::1", "::1:80", "[]:1", "a:\u0661"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError):
        address(text)


def test_the_default_directory_is_the_users() -> None:
    assert default_directory({"XDG_DATA_HOME": "/some"}) == Path("/some/hallway-relay")
    assert default_directory({}) == Path.home() / ".local/share/hallway-relay"
