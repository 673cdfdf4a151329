"""A person's settings: what comes before what, and sentences for what can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import LOCAL_RELAY, Config, ConfigError, settle


def test_flags_before_environment_before_file_before_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert settle({}, {}, file) == Config("", "", LOCAL_RELAY)
    file.write_text('name = "Ana"\nrelay = "chat.example.org"\nlocal_relay = "127.0.0.1:7601"\n')
    assert settle({}, {}, file) == Config("Ana", "chat.example.org", "127.0.0.1:7601")
    environ = {"HALLWAY_NAME": "Annie", "HALLWAY_RELAY": "chat.example.net", "HALLWAY_LOCAL_X": "?"}
    assert settle({}, environ, file) == Config("Annie", "chat.example.net", "127.0.0.1:7601")
    flags = {"name": "Anabel", "relay": None}
    assert settle(flags, environ, file) == Config("Anabel", "chat.example.net", "127.0.0.1:7601")


def test_values_are_written_canonically(tmp_path: Path) -> None:
    flags = {"name": " Ana  B ", "relay": "WSS://Chat.Example.org:443", "local_relay": "[::1]:9"}
    settled = settle(flags, {}, tmp_path / "none")
    assert settled == Config("Ana B", "chat.example.org", "[::1]:9")
    assert settled.default_relay == "chat.example.org"


def test_the_pin_of_a_relay_is_kept(tmp_path: Path) -> None:
    settled = settle({"relay": f"192.168.1.2:7600+{'AB' * 32}"}, {}, tmp_path / "none")
    assert settled.default_relay == f"wss://192.168.1.2:7600+{'ab' * 32}"


def test_without_a_relay_the_one_of_this_computer_is_meant(tmp_path: Path) -> None:
    environ = {"HALLWAY_LOCAL_RELAY": "127.0.0.1:7601", "HALLWAY_RELAY": ""}
    assert settle({}, environ, tmp_path / "none").default_relay == "127.0.0.1:7601"
    assert settle({"local_relay": ""}, {}, tmp_path / "none").default_relay == LOCAL_RELAY


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('colour = "blue"', ("colour", "There are: name, relay, local_relay, freshness, notify.")),
        ("name = 7", ("name", "str")),
        ('name = "\\u0007"', ("name", "U+0007")),
        ('relay = "http://chat.example.org"', ("relay", "ws://")),
        ('relay = "chat.example.org+beef"', ("relay", "64 digits")),
        (f'local_relay = "127.0.0.1:7600+{"ab" * 32}"', ("local_relay", "this computer alone")),
        ('local_relay = "0.0.0.0:7600"', ("local_relay", "this computer alone")),
        ("name =", ("is not TOML",)),
    ],
)
def test_what_can_not_be_used_is_named(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        settle({}, {}, file)
    for part in (str(file), *parts):
        assert part in str(raised.value)


def test_where_a_wrong_value_comes_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^HALLWAY_RELAY: relay cannot be"):
        settle({}, {"HALLWAY_RELAY": "::"}, tmp_path / "none")
    with pytest.raises(ConfigError, match=r"^--relay: relay cannot be"):
        settle({"relay": "::"}, {"HALLWAY_RELAY": "a"}, tmp_path / "none")
    with pytest.raises(ConfigError, match=r"^--as: name cannot be"):
        settle({"name": "\x07"}, {}, tmp_path / "none")


def test_a_file_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        settle({}, {}, tmp_path / "config.toml")


def test_freshness_is_on_or_off(tmp_path: Path) -> None:
    assert settle({}, {}, tmp_path / "none").beats
    file = tmp_path / "config.toml"
    file.write_text('freshness = "off"\n')
    assert not settle({}, {}, file).beats
    assert settle({}, {"HALLWAY_FRESHNESS": "on"}, file).beats
    with pytest.raises(ConfigError, match="freshness is on or off"):
        settle({}, {"HALLWAY_FRESHNESS": "maybe"}, file)
