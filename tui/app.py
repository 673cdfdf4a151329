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
from tui.crash import describe
from tui.engine.events import LockAsked, RowAdded, RowKind
from tui.opening import Opening, OpeningError, ProfileOpening
from tui.remembered import NAMES, Remembered
from tui.safe_app import CRASHED, STYLES, SafeApp
from tui.safe_text import sanitise_block
from tui.screens.room import NARROW, WIDE, Engine, Hearing, read
from tui.screens.welcome import Welcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tui.config import Config
    from tui.engine.client import Client
    from tui.engine.commands import Command
    from tui.engine.events import CardRead, Event, Row
    from tui.locations import Locations
    from tui.screens.main import Main

TELL_EVERY = 1 / 30
"""Seconds between two times at which the screens are told what happened: what arrives at once is
drawn at once."""

CLIPBOARDS = (("wl-copy",), ("xclip", "-selection", "clipboard"), ("xsel", "-ib"), ("pbcopy",))
NOT_LOCKABLE = "Locking needs a passphrase. `hallway passphrase`, on the command line, sets one."
NO_EDITOR_HERE = "This terminal can't be lent to an editor."
HOW_TO_END = "^q or /quit ends Hallway. What you are writing is kept."


class HallwayApp(SafeApp):
    """Routes between the screens and the engine: a `tui.screens.room.Hall`."""

    TITLE = "Hallway"
    CSS_PATH: ClassVar[list[str | PurePath]] = [*SafeApp.CSS_PATH, STYLES / "screens.tcss"]

    def __init__(
        self,
        opening: Opening,
        *,
        remembered: Remembered,
        code: str = "",
        log: Path | None = None,
    ) -> None:
        super().__init__(theme=remembered.theme, log=log)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-medium"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]
        self._opening = opening
        self._remembered = remembered
        self._code = code
        self._engine: Engine | None = None
        self._profile_open = asyncio.Event()
        self._kept_open = AsyncExitStack()
        self._heard: list[Event] = []
        self.sending = asyncio.Lock()
        """See `tui.screens.room.Hall`."""
        self._wiped = False
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

    def _welcome(self) -> Welcome:
        return Welcome(ascii_only=self.glyphs.on == "*")

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
        if self.screen is self._main and not engine.client.circles():
            self.show_first()
        for screen in self._hearing():
            screen.opened()
        if self._code:
            self.show_join(self._code, self._opening.person)
        self.run_worker(asyncio.to_thread(emoji_names.warm_up), group="names")
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
        level = notifying.Level(facts.notify or self._opening.notify)
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
        return self._opening.person

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
        if isinstance(self.screen, Welcome) and client is not None and client.entries():
            await self.switch_screen(self._main)

    def action_theme(self) -> None:
        """The next theme, from now on."""
        self.choose_theme(NAMES[(NAMES.index(self.theme) + 1) % len(NAMES)])

    def choose_theme(self, name: str) -> None:
        """Draw in a theme, from now on."""
        if name not in NAMES:
            self.say(f"The themes are {', '.join(NAMES)}.", wrong=True)
            return
        self.theme = name
        self._remembered.keep_theme(name)
        self.say(f"The theme is {name} now.")

    def action_help_quit(self) -> None:
        """Ctrl+C with nothing to copy: ends where nothing has begun, and tells how elsewhere."""
        if isinstance(self.screen, Welcome):
            self.exit(return_code=0)
        else:
            self.say(HOW_TO_END)

    def get_default_screen(self) -> Screen[None]:
        """Nothing: the first real screen is put above it."""
        return Screen(id="_default")


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
    opening = ProfileOpening(locations, settle, asyncio.to_thread)
    remembered = Remembered(locations.home / "theme")
    app = HallwayApp(opening, remembered=remembered, code=code, log=locations.log)
    return _to_its_end(app, again, lambda: opening.farewell)


def run_demo() -> int:
    """Run the screen on a demonstration, of which nothing is kept; returns the exit code."""
    from tui.demo.opening import DemoOpening

    app = HallwayApp(DemoOpening(asyncio.sleep), remembered=Remembered(None))
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
