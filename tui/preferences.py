"""A person's settings in their file: read, changed one by one, or as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tui.config import Config, check, of_text
from tui.settings import BY_NAME, Value
from tui.settings_file import example, text_of, with_setting, write_setting, write_text


class Preferences:
    """`config` is what holds now.

    :param file: where they are kept.
    :param settle: puts them together from all their sources; ConfigError.
    :param environ: where they may be held, too.
    """

    def __init__(
        self, file: Path, settle: Callable[[], Config], environ: Mapping[str, str]
    ) -> None:
        self._file = file
        self._settle = settle
        self._environ = environ
        self.config = settle()

    def held(self, name: str) -> str:
        """The variable of the environment that a setting has its value from, else nothing."""
        variable = BY_NAME[name].variable
        return variable if self._environ.get(variable) else ""

    def change(self, name: str, value: Value) -> None:
        """Keep a setting; `config` has it then. SettingError, ConfigError."""
        write_setting(self._file, name, check(name, value))
        self.config = self._settle()

    @property
    def text(self) -> str:
        """The file, as it stands; ConfigError."""
        return text_of(self._file)

    def put(self, text: str) -> None:
        """Keep another file, if all in it can be used; ConfigError."""
        write_text(self._file, text)
        self.config = self._settle()


class Fleeting:
    """Settings of which nothing is kept, for a demonstration."""

    source = "what you wrote"

    def __init__(self, text: str = "") -> None:
        self._text = text
        self.config = of_text(text, self.source)

    def held(self, name: str) -> str:
        """Nothing holds them."""
        return ""

    def change(self, name: str, value: Value) -> None:
        """See `Preferences`."""
        self.put(with_setting(self._text, self.source, name, check(name, value)))

    @property
    def text(self) -> str:
        """What was put; at first, what could be."""
        return self._text or example()

    def put(self, text: str) -> None:
        """See `Preferences`."""
        self.config, self._text = of_text(text, self.source), text
