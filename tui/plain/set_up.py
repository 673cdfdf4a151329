"""Line mode: how a circle is set up."""

from __future__ import annotations

from tui.circle_settings import CIRCLE_SETTINGS, command
from tui.engine.events import Finished
from tui.plain.talk import RefusedError, Talk
from tui.settings import SettingError


async def circle_settings(talk: Talk, argument: str) -> None:
    """Print how the circle is set up; or change one thing: NAME VALUE."""
    facts = await talk.facts()
    if not argument:
        for setting in CIRCLE_SETTINGS:
            talk.say(f"{setting.name:<10} {setting.shown(facts)}")
        return talk.say(f"{'relay':<10} {facts.relay}")
    try:
        wish = command(facts.id, argument)
    except SettingError as error:
        raise RefusedError(str(error)) from error
    await talk.ask(wish, Finished)
