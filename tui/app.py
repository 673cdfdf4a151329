"""The app: which screen is shown when, and who is told what happens. Nothing else.

The first paint needs neither the engine nor the network. The profile is opened after it, in a
worker; whoever asks something before is answered as soon as it is open.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import SuspendNotSupported
from textual.content import Content
from textual.screen import Screen

from tui import emoji_names, notifying
from tui.appearance import Appearance, at_first, of_config
from tui.crash import describe
from tui.engine.events import LockAsked, RowAdded, RowKind
from tui.opening import Opening, OpeningError, ProfileOpening
from tui.safe_app import CRASHED, STYLES, SafeApp
from tui.safe_text import sanitise_block
from tui.screens.room import NARROW, WIDE, Engine, Hearing, read
from tui.themes import THEMES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textual.timer import Timer

    from tui.config import Config
    from tui.engine.client import Client
    from tui.engine.commands import Command
    from tui.engine.events import CardRead, Event, Row
    from tui.locations import Locations
    from tui.screens.main import Main
    from tui.screens.welcome import Welcome
    from tui.settings import Prefers, Value

LOOK_SECONDS = 5
HERE_TOLD, WRITING_TOLD = 20, 3
"""Seconds in which it is told once that somebody is here, and that they write."""

HERE_AFTER = 300
"""Seconds for which whoever did something is taken to be there."""

HERE_EVERY = 30
"""Between two looks at whether somebody is there: a computer may have slept meanwhile."""

SENTENCES = 2
"""That stand on the screen at once, the newest: they cover what is being said."""

TELL_EVERY = 1 / 30
"""Seconds between two times at which the screens are told what happened: what arrives at once is
drawn at once."""

CLIPBOARDS = (("wl-copy",), ("xclip", "-selection", "clipboard"), ("xsel", "-ib"), ("pbcopy",))
NOT_LOCKABLE = "Locking needs a passphrase. `hallway passphrase`, on the command line, sets one."
NO_EDITOR_HERE = "This terminal can't be lent to an editor."
HOW_TO_END = "{} or /quit ends Hallway. What you are writing is kept."


class HallwayApp(SafeApp):
    """Routes between the screens and the engine: a `tui.screens.room.Hall`."""

    TITLE = "Hallway"
    CSS_PATH: ClassVar[list[str | PurePath]] = [*SafeApp.CSS_PATH, STYLES / "screens.tcss"]

    def __init__(
        self,
        opening: Opening,
        *,
        appearance: Appearance,
        code: str = "",
        log: Path | None = None,
    ) -> None:
        super().__init__(theme=appearance.theme, signs=appearance.glyphs, log=log)
        self.appearance = appearance
        """See `tui.screens.room.Hall`."""
        self._take(appearance)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-medium"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]
        self._opening = opening
        self._code = code
        self._engine: Engine | None = None
        self._profile_open = asyncio.Event()
        self._kept_open = AsyncExitStack()
        self._heard: list[Event] = []
        self.sending = asyncio.Lock()
        """See `tui.screens.room.Hall`."""
        self._wiped = False
        self._touched = 0
        self._attended = ("", 0)
        self._welcomes: Welcome | None = None
        self._idling: Timer | None = None
        self._notified: set[tuple[str, bool]] = set()
        self.sentence = ""
        """Why it ended, for whoever started it."""
        self.locked = False
        """Whether it ended to be started again, at the passphrase."""

    # Beginning and end.

    def on_mount(self) -> None:
        """Show something; the rest comes after."""
        self.push_screen(self._main if self._opening.there else self._welcome())
        self.call_after_refresh(self._begin)

    @cached_property
    def _main(self) -> Main:
        """The main screen, which a fresh profile has no use for yet."""
        from tui.screens.main import Main

        made = Main()
        # Installed, so that it stays when the first screen takes its place.
        self.install_screen(made, "main")
        return made

    @property
    def _at_welcome(self) -> bool:
        return self._welcomes is not None and self.screen is self._welcomes

    def _welcome(self) -> Welcome:
        # imported here: most profiles are past it
        from tui.screens.welcome import Welcome

        self._welcomes = Welcome(ascii_only=self.glyphs.on == "*")
        return self._welcomes

    @work(group="engine")
    async def _begin(self) -> None:
        if await self._opening.locked() and not await self._unlocked():
            self.exit(return_code=0)
            return
        try:
            engine = await self._kept_open.enter_async_context(self._opening.engine(self._broke))
        except OpeningError as error:
            self.sentence = str(error)
            self.exit(return_code=error.exit)
            return
        self._engine = engine
        self._profile_open.set()
        self._touched = self.now()
        self._watch_idleness()
        self.set_interval(HERE_EVERY, self.still_here)
        self.still_here()
        if self.screen is self._main and not engine.client.circles():
            self.show_first()
        for screen in self._hearing():
            screen.opened()
        if self._code:
            self.show_join(self._code, self.person)
        self.run_worker(asyncio.to_thread(_warm_up), group="names")
        async for event in engine.news():
            self._hear(event)

    async def _unlocked(self) -> bool:
        # imported here: most profiles have no passphrase
        from tui.screens.unlock import Unlock

        return await self.push_screen_wait(Unlock(self._opening.unlock))

    def _broke(self, error: BaseException) -> None:
        """The engine failed: as bad as if the screen had."""
        if isinstance(error, Exception):
            self._handle_exception(error)
        else:
            raise error

    @on(events.Unmount)
    async def _close(self) -> None:
        """Keep what was being written and how far was read, and give the profile free."""
        if self._engine is not None and not self._wiped:
            from tui.engine.remote import RunnerError

            # An engine that has failed keeps nothing more; that was told when it failed.
            with suppress(RunnerError):
                await self._main.keep_draft()
                await self._main.keep_read()
        await self._kept_open.aclose()
        if self._wiped:
            self._opening.erase_rest()

    # What happened.

    def _hear(self, event: Event) -> None:
        if isinstance(event, LockAsked):
            self._end_locked()
        if isinstance(event, RowAdded):
            self._notify_of(event.row)
        self._heard.append(event)
        if len(self._heard) == 1:
            self.set_timer(TELL_EVERY, self._tell)

    def _notify_of(self, row: Row) -> None:
        """Tell a person who looks elsewhere: once a circle, until they have looked here."""
        if self.app_focus or row.mine or row.kind is not RowKind.TEXT or self.client is None:
            return
        facts = self.client.circle(row.circle)
        config = self.config
        level = notifying.Level(facts.notify or ("off" if config is None else config.notify))
        said = (row.circle, row.mentions_me)
        if notifying.wanted(level, row.mentions_me) and said not in self._notified:
            self._notified.add(said)
            text = notifying.sentence(facts.name, row.mentions_me)
            in_tmux = bool(os.environ.get("TMUX"))
            if self._driver is not None:
                way = notifying.way(os.environ)
                self._driver.write(notifying.written(text, way, in_tmux=in_tmux))

    @on(events.AppFocus)
    def _looked(self) -> None:
        self._notified.clear()

    def _tell(self) -> None:
        heard, self._heard = self._heard, []
        for screen in self._hearing():
            for event in heard:
                screen.hear(event)

    def _hearing(self) -> list[Hearing]:
        """Those that are there already; the others read everything when they are."""
        return [
            screen
            for screen in self.screen_stack
            if isinstance(screen, Hearing) and screen.is_mounted
        ]

    # What screens ask for: `tui.screens.room.Hall`.

    @property
    def client(self) -> Client | None:
        """What can be read, once the profile is open."""
        return None if self._engine is None else self._engine.client

    async def ask(self, command: Command) -> Event:
        """Carry out a command, as soon as the profile is open."""
        await self._profile_open.wait()
        if self._engine is None:
            raise RuntimeError("the profile was opened without an engine")
        return await self._engine.ask(command)

    async def relay(self) -> str:
        """Where circles are opened."""
        await self._profile_open.wait()
        return await self._opening.relay()

    @property
    def person(self) -> str:
        """What this person is called as a rule."""
        return "" if self.config is None else self.config.name

    @property
    def config(self) -> Config | None:
        """This person's settings, once the profile is open."""
        preferences = self._opening.preferences
        return None if preferences is None else preferences.config

    def held(self, name: str) -> str:
        """What holds a setting, so that it can't be changed here."""
        preferences = self._opening.preferences
        return "" if preferences is None else preferences.held(name)

    async def change(self, name: str, value: Value) -> str:
        """Keep a setting, and let it take effect: what is wrong with it, or an empty text."""
        # imported here: most change nothing
        from tui.config import ConfigError
        from tui.settings import SettingError

        preferences = await self._preferences()
        try:
            await asyncio.to_thread(preferences.change, name, value)
        except (ConfigError, SettingError) as error:
            return str(error)
        self._changed()
        return ""

    async def edit_settings(self) -> None:
        """Lend the terminal to the person's editor, for the file of settings."""
        from tui.config import ConfigError

        preferences = await self._preferences()
        try:
            text = await self.edit(await asyncio.to_thread(lambda: preferences.text))
            if text is not None:
                await asyncio.to_thread(preferences.put, text)
        except ConfigError as error:
            self.say(f"{error} Nothing has changed.", wrong=True)
            return
        self._changed()

    async def _preferences(self) -> Prefers:
        await self._profile_open.wait()
        preferences = self._opening.preferences
        if preferences is None:
            raise RuntimeError("the profile was opened without its settings")
        return preferences

    def _changed(self) -> None:
        if self.config is None:
            return
        self._watch_idleness()
        appearance = of_config(self.config)
        if appearance != self.appearance:
            self._take(appearance)
            for screen in self._hearing():
                screen.looks_changed()

    def _take(self, appearance: Appearance) -> None:
        self.appearance = appearance
        self.animation_level = "full" if appearance.moves(os.environ) else "none"
        self.set_keymap(appearance.keys.map)
        if self.theme != appearance.theme:
            self.theme = appearance.theme

    @property
    def has_passphrase(self) -> bool:
        """Whether a passphrase opens the profile."""
        return self._opening.locks

    async def protect(self, old: str, new: str) -> str:
        """Exchange the passphrase: what is wrong, or an empty text."""
        wrong = await self._opening.protect(old, new)
        self._watch_idleness()
        return wrong

    # Idleness.

    async def on_event(self, event: events.Event) -> None:
        """Note when somebody did something last."""
        if isinstance(event, events.InputEvent | events.Paste):
            self._touched = self.now()
            if not self._attended[0]:
                self.attend()
        await super().on_event(event)

    def _watch_idleness(self) -> None:
        """Look from time to time, where it matters."""
        if self._idling is not None:
            self._idling.stop()
            self._idling = None
        if self._opening.locks and self.config is not None and self.config.lock_after:
            self._touched = self.now()
            self._idling = self.set_interval(LOOK_SECONDS, self.lock_if_idle)

    def lock_if_idle(self) -> None:
        """Lock, if nobody has done anything for as long as the settings say."""
        minutes = 0 if self.config is None else self.config.lock_after
        if minutes and self.now() - self._touched >= minutes * 60_000:
            self._end_locked()

    def attend(self, writing: str = "") -> None:
        """Say that somebody is here, and in which circle they write, where a circle shows it."""
        client, now = self.client, self.now()
        told, at = self._attended
        lately = now - at < (WRITING_TOLD if writing else HERE_TOLD) * 1000
        if client is None or (told == writing and lately):
            return
        self._attended = writing, now
        if any(one.presence for one in client.circles() if writing in ("", one.id)):
            # imported here: the first paint does not wait for it
            from tui.engine.commands import Attend

            self.run_worker(self.ask(Attend(writing=writing)))

    def still_here(self) -> None:
        """From time to time: whoever has done something lately is here, if they can see this."""
        if self.app_focus and self.now() - self._touched < HERE_AFTER * 1000:
            self.attend()

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._opening.now()

    def lock(self) -> None:
        """End, and begin again at the passphrase."""
        if self._opening.locks:
            self._end_locked()
        else:
            self.say(NOT_LOCKABLE, wrong=True)

    def wipe(self) -> None:
        """Keys first; the rest once nothing is open any more."""
        self._opening.erase_keys()
        self._wiped = True
        self.exit(return_code=0)

    def _end_locked(self) -> None:
        self.locked = True
        self.exit(return_code=0)

    def say(self, sentence: Content | str, *, wrong: bool = False) -> None:
        """A sentence that goes away by itself."""
        text = sentence.plain if isinstance(sentence, Content) else sanitise_block(sentence)
        for said in [one for one in self._notifications if one.message == text]:
            self._unnotify(said, refresh=False)
        for said in list(self._notifications)[: 1 - SENTENCES]:
            self._unnotify(said, refresh=False)
        self.notify(text, severity="error" if wrong else "information", markup=False)

    @work(group="copying")
    async def copy(self, text: str, what: str) -> None:
        """By the terminal, and by the desktop's own tool where there is one."""
        self.copy_to_clipboard(text)
        if await asyncio.to_thread(_copied, text):
            self.say(f"{what} is on the clipboard.")
        else:
            self.say(f"{what} was handed to the terminal, which may put it on the clipboard.")

    async def edit(self, text: str) -> str | None:
        """Lend the terminal to the person's editor. What others send comes in meanwhile."""
        # imported here: most start no editor
        from tui.editing import EditorError, interrupts_ignored, write_elsewhere

        written, wrong = None, ""
        try:
            with interrupts_ignored(), self.suspend():
                # Caught in here: `suspend` takes the terminal back after no error.
                try:
                    written = await write_elsewhere(text, os.environ)
                except EditorError as error:
                    wrong = str(error)
        except SuspendNotSupported:
            wrong = NO_EDITOR_HERE
        if wrong:
            self.say(wrong, wrong=True)
        return written

    # Where one can go.

    @work(group="going")
    async def show_circle(self, circle: str, *, invite: bool = False) -> None:
        """The main screen, at a circle; above it, where asked for, the codes."""
        await self._profile_open.wait()
        async with self._in_one_frame():
            while self.screen is not self._main and len(self.screen_stack) > 2:
                await self.pop_screen()
            if self.screen is not self._main:
                await self.switch_screen(self._main)
            await self._main.show(circle)
            if invite:
                await self._main.invite(read(self._main).circle(circle))

    @asynccontextmanager
    async def _in_one_frame(self) -> AsyncIterator[None]:
        """What is on the terminal stays there until the last of several screens is ready."""
        with self.batch_update():
            yield
        self.screen.refresh(layout=True)

    @work(group="going")
    async def show_first(self) -> None:
        """The first screen, for a profile that holds nothing."""
        client = self.client
        if client is not None and not client.circles() and not client.entries():
            if self.screen is self._main:
                await self.switch_screen(self._welcome())

    @work(group="going")
    async def show_join(self, code: str = "", person: str = "") -> None:
        """Where a code is typed."""
        # imported here: most starts of the program never come this way
        from tui.screens.join import Join

        await self._profile_open.wait()
        await self.push_screen(Join(code, person))

    @work(group="going")
    async def show_card(self, card: CardRead, person: str = "") -> None:
        """In the place of where the code was typed: what it leads to."""
        from tui.screens.card import CardDialog

        async with self._in_one_frame():
            await self.switch_screen(CardDialog(card, person or self.person))

    @work(group="going")
    async def show_waiting(self) -> None:
        """The main screen, for whoever is coming in somewhere and has no circle yet."""
        client = self.client
        if self._at_welcome and client is not None and client.entries():
            await self.switch_screen(self._main)

    def action_theme(self) -> None:
        """The next theme, from now on."""
        names = [theme.name for theme in THEMES]
        self.choose_theme(names[(names.index(self.theme) + 1) % len(names)])

    @work(group="settings")
    async def choose_theme(self, name: str) -> None:
        """Draw in a theme, from now on."""
        wrong = await self.change("theme", name)
        self.say(wrong or f"The theme is {self.theme} now.", wrong=bool(wrong))

    def action_help_quit(self) -> None:
        """Ctrl+C with nothing to copy: ends where nothing has begun, and tells how elsewhere."""
        if self._at_welcome:
            self.exit(return_code=0)
        else:
            self.say(HOW_TO_END.format(self.appearance.keys.shown("quit")))

    def get_default_screen(self) -> Screen[None]:
        """Nothing: the first real screen is put above it."""
        return Screen(id="_default")


def _warm_up() -> None:
    """Load what the first emoji's name and the first code would have to wait for."""
    from tui.widgets import code

    emoji_names.warm_up()
    code.warm_up()


def _copied(text: str) -> bool:
    """Whether a tool of the desktop took it."""
    for command in CLIPBOARDS:
        tool = shutil.which(command[0])
        if tool is None:
            continue
        try:
            done = subprocess.run(  # noqa: S603  # a fixed list of tools
                [tool, *command[1:]], input=text.encode(), timeout=2, check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return True
    return False


def ended_well(runs: Callable[[], object]) -> bool:
    """Run something to its end. An error on the way out, when no screen is left that could tell it,
    is told here as others are: where it happened, and nothing of what it was about."""
    try:
        runs()
    except Exception as error:
        told = f"{describe(error)}\n\nHallway has ended because of an error in the program."
        print(told, file=sys.stderr)
        return False
    return True


def run(
    locations: Locations, settle: Callable[[], Config], again: Callable[[], None], *, code: str = ""
) -> int:
    """Run the screen on a profile; returns the exit code.

    :param again: called when the profile was locked, with the terminal given back.
    :param settle: reads the settings, once the first paint is done; may raise `ConfigError`.
    :param code: a code to come in with, read at once.
    """
    opening = ProfileOpening(locations, settle, asyncio.to_thread, os.environ)
    appearance = at_first(os.environ, locations.config)
    app = HallwayApp(opening, appearance=appearance, code=code, log=locations.log)
    return _to_its_end(app, again, lambda: opening.farewell)


def run_demo() -> int:
    """Run the screen on a demonstration, of which nothing is kept; returns the exit code."""
    from tui.demo.opening import DemoOpening

    app = HallwayApp(DemoOpening(asyncio.sleep), appearance=Appearance())
    return _to_its_end(app, lambda: None, lambda: DemoOpening.farewell)


def _to_its_end(app: HallwayApp, again: Callable[[], None], farewell: Callable[[], str]) -> int:
    if not ended_well(app.run):
        return CRASHED
    if app.locked:
        again()
    if app.sentence:
        print(app.sentence, file=sys.stderr)
    elif farewell():
        _part(farewell())
    return app.return_code or 0


def _part(farewell: str) -> None:
    """Say the last sentence, if the window is still there to show it."""
    try:
        print(farewell, flush=True)
    except OSError:
        # What is left in the buffer would be tried once more, and spoil the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
