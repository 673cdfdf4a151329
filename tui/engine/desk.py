"""Everything that one engine has open: circles, ways in, codes being read, connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from crypto.code import SealedCode, SpokenCode
from crypto.relay_address import PIN_MARK, Address
from tui.engine import files, spoken, timeline
from tui.engine.circle import Circle
from tui.engine.circle_line import CircleLine
from tui.engine.context import Context
from tui.engine.entering import CardLine, CodeLine, JoiningLine, Reading
from tui.engine.errors import WishError
from tui.engine.events import CircleChanged, Row
from tui.engine.founding import FoundingLine
from tui.engine.line import Line
from tui.engine.links import LinkId, LinkWish
from tui.engine.moving import MovingLine
from tui.engine.reading import COMMITS_KEPT
from tui.engine.store.records import LinkingRecord
from tui.engine.taking import AwaitingLine, TakingLine

BODIES_KEPT = 7 * 86_400_000
"""Not of commits: a relay that was put back can be given nothing behind one that is gone, and so
they are kept as long as a relay does."""
SENT_KEPT = 30 * 86_400_000
"""Own messages as they were written."""
TIDY_EVERY = 3_600_000
ERASED_MOST = 200
"""Bodies that are erased in one input: erasing overwrites, and a screen waits for it."""

ENTRY_ID_LENGTH = 8
FAILED = "Something failed inside of this program, and nothing has changed. Try again."

_COMING_IN = (JoiningLine, TakingLine, AwaitingLine)

DISK_WAIT = 5_000
"""Milliseconds after which it is worth trying again whether the disk takes something."""


@dataclass(frozen=True, slots=True)
class Before:
    """Who waited for what before an input: for when nothing of that input is to have been.

    `refs` are the context's; `circles` hold a line's `ref` and `entry` by the circle's id, and
    `joinings` a ref by the entry. `spoken` are the codes that are open, each with the command that
    waits for it, or 0.
    """

    lines: tuple[Line, ...]
    readings: dict[str, Reading]
    refs: dict[int, int]
    circles: dict[bytes, tuple[int, str]]
    joinings: dict[str, int]
    spoken: tuple[tuple[Circle, int], ...]


class Desk:
    """What is in memory; all of it that has to last is in the database, and comes from there."""

    def __init__(self, context: Context, default_relay: str) -> None:
        self.context = context
        self.default_relay = default_relay
        self._default = default_relay.partition(PIN_MARK)[0]
        self.lines: list[Line] = []
        self.readings: dict[str, Reading] = {}
        self._tidied = 0
        self._load(self.before())

    def before(self) -> Before:
        """What `reload` needs, should the input that comes now come to nothing."""
        lines = list(self.circle_lines())
        return Before(
            tuple(self.lines),
            dict(self.readings),
            dict(self.context.refs),
            {line.circle.id: (line.ref, line.entry) for line in lines},
            {line.record.entry: line.ref for line in self.joining_lines()},
            tuple(
                (line.circle, 0 if open_.inviter is not None else open_.ref)
                for line in lines
                if (open_ := line.circle.spoken) is not None
            ),
        )

    def reload(self, before: Before, error: WishError) -> None:
        """Read everything again, as it was before an input; all connections begin anew.

        What lived on a connection alone has failed, with this error.
        """
        for line in before.lines:
            if isinstance(line, CodeLine | FoundingLine | MovingLine):
                line.fail(error)
        for circle, ref in before.spoken:
            spoken.forgotten(circle, ref, error)
        if self.context.giver is not None:
            self.context.giver.forgotten(error)
        self._load(before)

    def _load(self, before: Before) -> None:
        store, context = self.context.store, self.context
        self.lines = []
        self.readings, context.refs = before.readings, before.refs
        for record in store.circles.where("1 ORDER BY number"):
            circle = Circle.load(context, record)
            ref, entry = before.circles.get(record.id, (0, ""))
            self.lines.append(CircleLine(context, circle, self._default, ref, entry))
        for joining in store.joinings.where("1 ORDER BY entry"):
            ref = before.joinings.get(joining.entry, 0)
            self.lines.append(JoiningLine(context, joining, ref, self.entered))
        for linking in self.linkings():
            self.lines.append(AwaitingLine(context, linking, self.entered))

    def wait_for_disk(self, sentence: str) -> None:
        """The disk takes nothing: say so wherever something is expected, and try again later."""
        context = self.context
        later = context.now() + DISK_WAIT
        for line in self.lines:
            line.not_before = later
            if isinstance(line, JoiningLine | AwaitingLine):
                context.tell(msgspec.structs.replace(line.state(), sentence=sentence))
            elif isinstance(line, CircleLine) and line.wish() is not None:
                circle = line.circle
                circle.link_sentence, circle.next_try, circle.keeps = sentence, later, False
                context.tell(CircleChanged(circle=circle.hex))

    # Lines.

    def line(self, link: LinkId) -> Line | None:
        """Whose connection this is, if it is still wanted."""
        found = (line for line in self.lines if line.link == link and line.wish() is not None)
        return next(found, None)

    def circle_lines(self) -> Iterator[CircleLine]:
        """The circles, in the order in which this person came in."""
        return (line for line in self.lines if isinstance(line, CircleLine))

    def joining_lines(self) -> list[JoiningLine]:
        """This person's ways in."""
        return [line for line in self.lines if isinstance(line, JoiningLine)]

    def linkings(self) -> list[LinkingRecord]:
        """The circles that this device is to be added to."""
        return self.context.store.linkings.where("1 ORDER BY name, circle")

    def circle_line(self, named: str) -> CircleLine:
        """The circle of a name or id; of none where there is only one. WishError otherwise."""
        lines = list(self.circle_lines())
        found = [line for line in lines if line.circle.hex == named.lower()]
        if not found:
            found = [line for line in lines if not named or line.circle.record.name == named]
            inside = [line for line in found if line.circle.inside]
            found = inside or found
        if len(found) > 1:
            raise WishError(
                "ambiguous",
                "More than one circle is meant by that. Name it by its id, from `hallway circles`.",
            )
        if not found:
            there = "There is no circle here yet. Open one, or join with a code."
            raise WishError("unknown_circle", f"There is no circle {named}." if named else there)
        return found[0]

    def circle(self, named: str) -> Circle:
        """As `circle_line`, the circle itself."""
        return self.circle_line(named).circle

    def founded(self, circle: Circle, ref: int) -> None:
        """A circle was made here; its line asks the relay to open it."""
        self.lines.append(CircleLine(self.context, circle, self._default, ref))

    def entered(self, circle: Circle, ref: int, entry: str) -> None:
        """This person is in a circle."""
        self.lines.append(CircleLine(self.context, circle, self._default, ref, entry))
        self.context.tell(CircleChanged(circle=circle.hex))

    @property
    def default_address(self) -> str:
        """The profile's relay, which codes leave out."""
        return self._default

    def take_link(
        self, code: SpokenCode, address: Address, ref: int, label: str, pin: bytes
    ) -> None:
        """Ask to be made another device of whoever shows a code."""
        if any(isinstance(line, TakingLine) for line in self.lines):
            raise WishError("open_already", "This device is being linked already.")
        line = TakingLine(
            self.context,
            code,
            address,
            ref,
            label,
            self._has,
            self._linking,
            self._linked_at,
            self._not_linked,
            pin,
        )
        self.lines.append(line)

    def _has(self, circle_id: bytes) -> bool:
        return any(line.circle.id == circle_id for line in self.circle_lines())

    def _linking(self, record: LinkingRecord) -> None:
        self.lines.append(AwaitingLine(self.context, record, self.entered))

    def _linked_at(self, circle_id: bytes, when: int) -> None:
        for line in self.lines:
            if isinstance(line, AwaitingLine) and line.record.circle == circle_id:
                line.expect(when)

    def _not_linked(self, circle_id: bytes) -> None:
        self.context.store.linkings.delete(circle_id)
        for line in self.lines:
            if isinstance(line, AwaitingLine) and line.record.circle == circle_id:
                line.over = True

    def read_card(self, code: SealedCode, ref: int) -> None:
        """Read the card of a code."""
        self.lines.append(CardLine(self.context, code, ref, self._card_read))

    def _card_read(self, reading: Reading) -> str:
        entry = self.context.rng(ENTRY_ID_LENGTH).hex()
        self.readings[entry] = reading
        return entry

    # After each input.

    def work(self) -> None:
        """Do what can be done now, and write what has changed; inside the transaction."""
        for joining in list(self.lines):
            if isinstance(joining, _COMING_IN) and not joining.over:
                joining.work()
        for line in list(self.circle_lines()):
            if not line.over:
                line.work()
                line.circle.flush()
        self.lines = [line for line in self.lines if not line.over]

    def data_to_send(self) -> list[tuple[LinkId, bytes]]:
        """What the sessions have to say."""
        return [
            (line.link, data)
            for line in self.lines
            if line.session is not None
            for data in line.session.data_to_send()
        ]

    def wishes(self) -> dict[LinkId, LinkWish]:
        """The connections that are wanted."""
        wishes = {line.link: line.wish() for line in self.lines}
        return {link: wish for link, wish in wishes.items() if wish is not None}

    def deadline(self) -> int | None:
        """When something is to be done by itself."""
        times = [line.deadline() for line in self.circle_lines()]
        times += [line.deadline() for line in self.lines if isinstance(line, _COMING_IN)]
        return min((time for time in times if time is not None), default=None)

    def tidy(self) -> None:
        """Let go of what has been kept long enough."""
        now = self.context.now()
        if now < self._tidied + TIDY_EVERY:
            return
        database = self.context.store.database
        erased = database.write(
            "UPDATE entries SET body = NULL, side_data = NULL WHERE (circle, n) IN ("
            "SELECT circle, n FROM entries WHERE time < ? AND body IS NOT NULL"
            " AND (kind != 2 OR time < ?) LIMIT ?)",
            (now - BODIES_KEPT, now - COMMITS_KEPT, ERASED_MOST),
        )
        database.write("DELETE FROM sent WHERE time < ?", (now - SENT_KEPT,))
        database.write("DELETE FROM beacons WHERE until < ?", (now,))
        files.tidy(self.context.store, now)
        if erased < ERASED_MOST:
            self._tidied = now  # otherwise the next tick goes on

    # Rows.

    def rows_before(self, circle: Circle, position: int | None, limit: int) -> list[Row]:
        """Up to `limit` rows before a position, oldest first."""
        found = timeline.rows_before(circle, position, limit)
        return timeline.rows(circle, found)

    def rows_after(self, circle: Circle, position: int, limit: int) -> list[Row]:
        """Up to `limit` rows after a position, oldest first."""
        found = timeline.rows_after(circle, position, limit)
        return timeline.rows(circle, found)
