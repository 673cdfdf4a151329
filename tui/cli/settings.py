"""`hallway circle`: how a circle is set up, and for its hosts, how it is to be."""

from __future__ import annotations

import argparse

import msgspec

from tui.circle_settings import CIRCLE_SETTINGS
from tui.cli.membership import circle_json
from tui.cli.owning import visiting
from tui.cli.printing import CommandError, note, say, say_json
from tui.cli.running import Place
from tui.engine.commands import AppointHosts, ChangeSettings
from tui.engine.events import CircleFacts, Exit, Finished
from tui.safe_text import sanitise_line
from tui.settings import SettingError


async def circle(place: Place, arguments: argparse.Namespace) -> None:
    """Print how a circle is set up; change it first, where that is asked for."""
    wish = _change(arguments)
    async with visiting(place, "circle") as visit:
        id = await visit.circle_id(arguments.circle)
        if wish is not None:
            await visit.change(id, msgspec.structs.replace(wish, circle=id), Finished)
        if arguments.hosts:
            await visit.change(id, AppointHosts(circle=id, members=arguments.hosts), Finished)
        facts = await visit.facts(id)
        if visit.ours and not facts.left:
            try:
                facts = await visit.settled(id)
            except CommandError as error:
                note(f"{error} What follows is what is known here.")
        if arguments.json:
            say_json(circle_json(facts))
        else:
            for line in _lines(facts):
                say(line)


def _change(arguments: argparse.Namespace) -> ChangeSettings | None:
    """What is to be changed besides the hosts; None for nothing."""
    wish = ChangeSettings()
    for setting in (each for each in CIRCLE_SETTINGS if each.field):
        text = getattr(arguments, setting.name)
        if text is not None:
            try:
                value = setting.read(text)
            except SettingError as error:
                raise CommandError(f"--{error}", Exit.USAGE) from error
            wish = msgspec.structs.replace(wish, **{setting.field: value})
    return None if wish == ChangeSettings() else wish


def _lines(facts: CircleFacts) -> list[str]:
    hosts = ", ".join(facts.hosts) + (" (you among them)" if facts.i_am_host else "")
    facing = [
        (setting.name, setting.shown(facts))
        for setting in CIRCLE_SETTINGS
        if setting.field and setting.name != "name"
    ]
    facing += [("hosts", hosts or "nobody"), ("relay", facts.relay), ("you", facts.me)]
    if facts.link_sentence:
        facing.append(("now", facts.link_sentence))
    named = [f"{name + ':':<10} {sanitise_line(value)}" for name, value in facing]
    return [sanitise_line(facts.name), *named]
