"""The table of settings, and their file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.appearance import Appearance, at_first
from tui.config import Config, ConfigError, of_text, settle
from tui.preferences import Fleeting, Preferences
from tui.settings import BY_NAME, SETTINGS, SettingError
from tui.settings_file import example, text_of, with_setting, write_setting, write_text


def preferences(file: Path, environ: dict[str, str]) -> Preferences:
    return Preferences(file, lambda: settle({}, environ, file), environ)


def test_the_usual_value_of_each_can_be_used() -> None:
    for setting in SETTINGS:
        assert setting.checked(setting.usual) == setting.usual
        assert setting.help.endswith(".")
    assert BY_NAME["lock_after"].shown(0) == "never"
    assert BY_NAME["lock_after"].shown(5) == "5"


def test_choices_are_written_in_any_case() -> None:
    assert BY_NAME["theme"].checked("Paper") == "paper"


@pytest.mark.parametrize(
    "value", ["-1", "1441", "99999999999999999999", "", "five", 1441, -1, None]
)
def test_a_number_has_bounds(value: object) -> None:
    with pytest.raises(SettingError, match="lock_after is a number from 0 to 1440"):
        BY_NAME["lock_after"].checked(value)


def test_a_file_keeps_what_a_person_wrote_there() -> None:
    text = '# mine\nname = "Ana" # me\n\n[keys]\n# faster\nsearch = "ctrl+g"\n'
    written = with_setting(text, "here", "theme", "paper")
    assert of_text(written, "here").theme == "paper"
    assert of_text(written, "here").keys == {"search": ("ctrl+g",)}
    for part in ("# mine\n", 'name = "Ana" # me\n', '[keys]\n# faster\nsearch = "ctrl+g"\n'):
        assert part in written
    assert with_setting(written, "here", "theme", "dusk") == text


def test_the_example_changes_nothing_and_holds_when_its_marks_are_taken_away() -> None:
    assert of_text(example(), "here") == Config()
    bare = "\n".join(
        line.removeprefix("# ") for line in example().splitlines() if " = " in line
    )  # fmt: skip
    assert of_text(bare.replace("search =", "[keys]\nsearch ="), "here").theme == "dusk"


def test_a_file_is_exchanged_whole_and_through_links(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text('name = "Ana"\n')
    file = tmp_path / "config.toml"
    file.symlink_to(kept)
    write_setting(file, "density", "dense")
    assert file.is_symlink()
    assert kept.read_text() == 'name = "Ana"\ndensity = "dense"\n'
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "dotfiles.toml"]


def test_what_can_not_be_used_is_never_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for text in ("theme =", 'theme = "pink"', "wat = 1"):
        with pytest.raises(ConfigError, match=r"config\.toml"):
            write_text(file, text)
    assert not file.exists()
    file.write_text("theme =")
    with pytest.raises(ConfigError, match="is not TOML"):
        write_setting(file, "theme", "paper")
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not TOML"):
        text_of(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        text_of(tmp_path)
    with pytest.raises(ConfigError, match="cannot be written"):
        write_text(tmp_path / "none" / "config.toml", "")


def test_preferences_are_read_changed_and_held(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    mine = preferences(file, {"HALLWAY_THEME": "contrast"})
    assert mine.config.theme == "contrast"
    assert mine.held("theme") == "HALLWAY_THEME"
    assert mine.held("density") == ""
    assert mine.text == example()
    mine.change("people", "12")
    assert mine.config.people == 12
    assert file.read_text() == "people = 12\n"
    with pytest.raises(SettingError, match="name cannot be"):
        mine.change("name", "\x07")
    mine.put('name = "Ana"\n')
    assert mine.config.name == "Ana"
    assert mine.config.people == Config().people
    with pytest.raises(ConfigError, match="no setting 'wat'"):
        mine.put("wat = 1")
    assert mine.text == 'name = "Ana"\n'


def test_a_demonstration_keeps_nothing() -> None:
    fleeting = Fleeting('name = "You"\n')
    fleeting.change("theme", "paper")
    assert fleeting.config == Config(name="You", theme="paper")
    assert fleeting.held("theme") == ""
    assert 'theme = "paper"' in fleeting.text
    assert Fleeting().text == example()


def test_the_first_paint_looks_as_the_settings_say(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert at_first({}, file) == Appearance()
    assert at_first({"HALLWAY_DENSITY": "dense"}, file).dense
    file.write_text('theme = "paper"\n[keys]\nsearch = "f5"\n')
    first = at_first({}, file)
    assert first.theme == "paper"
    assert first.keys.shown("search") == "f5"
    file.write_text('theme = "pink"')
    assert at_first({}, file) == Appearance(), "what is wrong is told after the first paint"


def test_nothing_glides_over_ssh() -> None:
    assert Appearance().moves({})
    assert not Appearance().moves({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"})
    assert Appearance(motion="on").moves({"SSH_TTY": "/dev/pts/1"})
    assert not Appearance(motion="off").moves({})
