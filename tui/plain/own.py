"""What line mode does with a person's own settings."""

from __future__ import annotations

from tui.config import ConfigError
from tui.plain.talk import RefusedError, Talk
from tui.settings import BY_NAME, SETTINGS, SettingError


async def settings(talk: Talk, argument: str) -> None:
    """Print them all; or change one: NAME VALUE."""
    name, _, value = argument.partition(" ")
    if not name:
        for setting in SETTINGS:
            shown = setting.shown(getattr(talk.preferences.config, setting.name)) or "none"
            talk.say(f"{setting.name:<12} {shown:<16} {setting.help}")
        return
    if name not in BY_NAME:
        raise RefusedError(f"There is no setting {name}. /settings prints all of them.")
    if held := talk.preferences.held(name):
        raise RefusedError(f"{held} holds {name} while it is set.")
    try:
        talk.preferences.change(name, value.strip())
    except (ConfigError, SettingError) as error:
        raise RefusedError(str(error)) from error
    shown = BY_NAME[name].shown(getattr(talk.preferences.config, name)) or "none"
    talk.say(f"{name} is {shown} now.")
