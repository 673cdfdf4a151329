"""The driver for Unix terminals, with what Textual's does not do.

- An ESC inside a paste is not a key (`tui.pastes`).
- The terminal may go away while the app runs. Textual's writing thread ends with an error then,
  and thirty writes later whoever draws waits for it for ever, with the profile in hand.
- An error of the reading thread ends the app as any other does: nothing of it is printed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread

from tui.pastes import PasteParser


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
    """Textual's driver, with our parser and our writer."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        # The driver names both classes as globals, and offers no other way to choose them.
        vars(linux_driver).update(XTermParser=PasteParser, WriterThread=LastingWriter)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            self._app.call_later(self._app._handle_exception, error)
