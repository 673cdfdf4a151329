"""What every screen may ask of the app that it stands in, and what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from tui.glyphs import Glyphs

if TYPE_CHECKING:
    from tui.appearance import Appearance
    from tui.config import Config
    from tui.engine.client import Client
    from tui.engine.commands import Command
    from tui.engine.events import CardRead, Event
    from tui.settings import Value

Answer = TypeVar("Answer")

NARROW, WIDE = 100, 160
"""Columns from which circles, and from which people, stand beside the conversation."""


class Engine(Protocol):
    """The engine of the open profile: `tui.engine.runner.Runner` is one."""

    @property
    def client(self) -> Client:
        """For its reading methods alone."""
        ...

    async def ask(self, command: Command) -> Event:
        """Carry out a command; its one answer."""
        ...

    def news(self) -> AsyncIterator[Event]:
        """What happens from now on."""
        ...


class Hall(Protocol):
    """The app, as its screens see it."""

    @property
    def client(self) -> Client | None:
        """What can be read, once the profile is open."""
        ...

    async def ask(self, command: Command) -> Event:
        """Carry out a command, as soon as the profile is open; its one answer."""
        ...

    @property
    def sending(self) -> AbstractAsyncContextManager[None]:
        """Held while what was written is handed to the engine, and while another circle's draft
        takes its place: what is sent goes where it was written."""
        ...

    async def relay(self) -> str:
        """The address of the relay on which circles are opened here, started if it has to be.

        Raises `NoRelayError` with a sentence.
        """
        ...

    def now(self) -> int:
        """Milliseconds since 1970."""
        ...

    @property
    def glyphs(self) -> Glyphs:
        """The signs that this terminal draws well."""
        ...

    @property
    def person(self) -> str:
        """What this person is called as a rule, or an empty text."""
        ...

    def say(self, sentence: Content | str, *, wrong: bool = False) -> None:
        """A sentence that goes away by itself."""
        ...

    def copy(self, text: str, what: str) -> object:
        """Put a text on the clipboard, and say so, as far as it is known; `what` names it."""
        ...

    async def edit(self, text: str) -> str | None:
        """The text as the person has changed it in their editor; None, and a sentence said, where
        that was not possible."""
        ...

    @property
    def appearance(self) -> Appearance:
        """How it looks, and which keys it hears."""
        ...

    @property
    def config(self) -> Config | None:
        """This person's settings, once the profile is open."""
        ...

    def held(self, name: str) -> str:
        """What holds a setting, so that it can't be changed here; else nothing."""
        ...

    async def change(self, name: str, value: Value) -> str:
        """Keep a setting, and let it take effect: what is wrong with it, or an empty text."""
        ...

    async def edit_settings(self) -> None:
        """Have the file of settings changed in the person's editor."""
        ...

    @property
    def has_passphrase(self) -> bool:
        """Whether a passphrase opens the profile."""
        ...

    async def protect(self, old: str, new: str) -> str:
        """Exchange the passphrase, empty for none: what is wrong, or an empty text."""
        ...

    def attend(self, writing: str = "") -> None:
        """Say that somebody is here, and in which circle they write, where a circle shows it."""
        ...

    def choose_theme(self, name: str) -> object:
        """Draw in the theme of this name, from now on."""
        ...

    def wipe(self) -> object:
        """Erase the profile from this computer, and end."""
        ...

    def lock(self) -> object:
        """Close the profile until its passphrase is given, where it has one."""
        ...

    def show_circle(self, circle: str, *, invite: bool = False) -> object:
        """Go to a circle, and on to its spoken code where `invite` is set."""
        ...

    def show_first(self) -> object:
        """Go to where one begins, unless one is coming in somewhere."""
        ...

    def show_join(self, code: str = "", person: str = "") -> object:
        """Go to where a code is typed."""
        ...

    def show_card(self, card: CardRead, person: str = "") -> object:
        """Go on to the card of the code that was typed."""
        ...

    def show_waiting(self) -> object:
        """Go to where it is said that one is coming in somewhere, if one is."""
        ...


class NoRelayError(Exception):
    """There is no relay to open a circle on; the sentence says why, and what to do."""


class Hearing:
    """A screen that is told what happens."""

    def looks_changed(self) -> None:
        """The person has chosen another look, or other keys."""

    def hear(self, event: Event) -> None:
        """Something happened."""

    def opened(self) -> None:
        """The profile is open: `Hall.client` is there from now on."""


def hall(node: DOMNode) -> Hall:
    """The app that a widget or screen stands in."""
    return cast(Hall, node.app)


def read(node: DOMNode) -> Client:
    """The reading methods, where the profile is known to be open."""
    client = hall(node).client
    if client is None:
        raise RuntimeError("a screen that reads was shown before the profile was open")
    return client


def fit(screen: Screen[Any]) -> None:
    """Give a screen that is new the classes of the terminal's size.

    Textual does it at the first resize, which comes after the first frame: that one would be laid
    out for another terminal.
    """
    width, height = screen.app.size
    for breakpoints, length in (
        (screen.app.HORIZONTAL_BREAKPOINTS, width),
        (screen.app.VERTICAL_BREAKPOINTS, height),
    ):
        names = [name for least, name in sorted(breakpoints or ()) if length >= least]
        screen.add_class(*names[-1:])


class RoomScreen(Screen[Answer], Hearing):
    """A whole screen of the app."""

    def on_compose(self) -> None:
        """Be laid out for this terminal from the first frame on."""
        fit(self)
