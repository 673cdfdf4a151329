"""The driver for Unix terminals, with what Textual's does not do.

- An ESC inside a paste is not a key (`tui.pastes`).
- The terminal may go away while the app runs, and who is not its session's leader gets no signal.
  Textual's reading thread then asks again and again, as fast as it can; ours ends the app. Its
  writing thread ends with an error, and thirty writes later whoever draws waits for it for ever,
  with the profile in hand; ours goes on.
- While another program has the terminal, nothing is written to it, though the app goes on.
- An error of the reading thread ends the app as any other does: nothing of it is printed.
"""

from __future__ import annotations

import codecs
import os
import selectors
import signal
from collections.abc import Callable, Iterable
from functools import partial

from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.message import Message

from tui.pastes import PasteParser

TICK = 0.1
"""Seconds between two looks at whether to stop, and at keys that are half read."""

GONE = 128 + signal.SIGHUP
"""The return code where nobody can press a key any more, as after the signal for that."""


class LastingWriter(WriterThread):
    """Writes for as long as there is a terminal, and goes on taking what is written after that."""

    def run(self) -> None:
        """Write whatever is queued, until None is."""
        for text in iter(self._queue.get, None):
            self._try(partial(self._file.write, text))
            if self._queue.empty():
                self._try(self._file.flush)
        self._try(self._file.flush)

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError:
            # What is left in the buffer is tried again later: by then it has somewhere to go.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)


class TerminalDriver(linux_driver.LinuxDriver):
    """Textual's driver, with our parser, our reader and our writer."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        # The driver names the class as a global, and offers no other way to choose it.
        vars(linux_driver).update(WriterThread=LastingWriter)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    lent = False
    """Whether another program has the terminal."""

    def suspend_application_mode(self) -> None:
        """Lend the terminal to another program."""
        super().suspend_application_mode()
        self.lent = True

    def resume_application_mode(self) -> None:
        """Take it back; whoever resumes draws everything anew."""
        self.lent = False
        super().resume_application_mode()

    def write(self, data: str) -> None:
        """Write, or let it be while the terminal is lent: no thread takes what is written then."""
        if not self.lent:
            super().write(data)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            self._app.call_later(self._app._handle_exception, error)

    def run_input_thread(self) -> None:
        """Read keys until told to stop, or until nobody is there any more to press one."""
        parser = PasteParser(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(TICK):
                    data = self._read()
                    if not data:
                        self._app.call_later(self._app.exit, return_code=GONE)
                        return
                    text = decode(data)
                    if text:  # otherwise half a character: an empty text would be the parser's end
                        self._hand_on(parser.feed(text))
                self._hand_on(parser.tick())

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

    def _hand_on(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.process_message(message)
