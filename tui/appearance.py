"""How the screen looks and which keys it hears: what of a person's settings is needed before the
first paint. What can't be used is passed over here; `tui.config.settle` names it right afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.keys import Keys

if TYPE_CHECKING:
    from tui.config import Config


@dataclass(frozen=True, slots=True)
class Appearance:
    """The values of the settings of these names."""

    theme: str = "dusk"
    density: str = "roomy"
    glyphs: str = "auto"
    motion: str = "auto"
    keys: Keys = field(default_factory=Keys)

    @property
    def dense(self) -> bool:
        """Whether a message takes a line, with its time and its author on it."""
        return self.density == "dense"

    def moves(self, environ: Mapping[str, str]) -> bool:
        """Whether scrolling glides in this terminal."""
        if self.motion == "auto":
            return not (environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
        return self.motion == "on"


def of_config(config: Config) -> Appearance:
    """What the settings say."""
    return Appearance(
        theme=config.theme,
        density=config.density,
        glyphs=config.glyphs,
        motion=config.motion,
        keys=Keys(config.keys),
    )


def at_first(environ: Mapping[str, str], file: Path) -> Appearance:
    """What the settings say, as far as they can be used."""
    names = ("THEME", "DENSITY", "GLYPHS", "MOTION")
    if not file.exists() and not any(environ.get(f"HALLWAY_{name}") for name in names):
        return Appearance()  # most have no such file, and need not wait for its reader
    from tui.config import ConfigError, settle

    try:
        return of_config(settle({}, environ, file))
    except ConfigError:
        return Appearance()
