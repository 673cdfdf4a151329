"""The inviter's side of a spoken code: a sealed code made for one use, and the words that carry it.

    MAKING ─ the code's commit is in the log ─▶ OPENING ─ nameplate ─▶ OPEN ─ step 1, 3 ─▶ GIVEN
    any but GIVEN ─ closed, tried wrongly, line lost, ten minutes ─▶ over, and the code withdrawn

It lives in memory alone, and one a circle. The code behind it is a wish that says what it is for:
where nobody waits for it any more, it comes to nothing, or is withdrawn once it is in the log.
"""

from __future__ import annotations

from enum import Enum

from crypto.code import SealedCode, SpokenCode
from crypto.errors import SpokenError
from crypto.invite import InviteKeys
from crypto.secret import Secret
from crypto.spoken import Inviter
from relay import wire
from tui.engine.circle import Circle
from tui.engine.errors import WishError
from tui.engine.events import Exit, SpokenEnded, SpokenOpened, SpokenTried
from tui.engine.intentions import intend
from tui.engine.wishes import OpenCode, WithdrawCode

LIFE = 10 * 60_000
CODE_LIFE = 15 * 60_000
"""Of the sealed code behind it: whoever has just been given it still has to ask."""

OFFLINE = "The relay can't be reached just now, and a spoken code needs it. Make a sealed code."


class Stage(Enum):
    """How far a spoken code has come."""

    MAKING = "making"
    OPENING = "opening"
    OPEN = "open"
    GIVEN = "given"


class Spoken:
    """One spoken code; `ref` is the command that waits for it."""

    def __init__(self, secret: bytes, ref: int) -> None:
        self.secret = secret
        self.ref = ref
        self.invite_id = InviteKeys.of(Secret(secret)).id
        self.stage = Stage.MAKING
        self.inviter: Inviter | None = None
        self.until = 0


def begin(circle: Circle, history: int, ref: int) -> None:
    """Make a code to say aloud."""
    if circle.connection is None or not circle.connection.caught_up:
        raise WishError("unreachable", OFFLINE, Exit.UNREACHABLE)
    if circle.spoken is not None:
        raise WishError("open_already", "A spoken code is open already. Close it first.")
    giver = circle.context.giver
    if giver is not None and giver.carrier == circle.id:
        raise WishError("open_already", "A device is being linked just now. Finish that first.")
    rng, now = circle.context.rng, circle.context.now()
    wish = OpenCode(rng(16), rng(32), 1, history, now + CODE_LIFE, spoken=True)
    circle.spoken = Spoken(wish.secret, ref)
    intend(circle, wish)


def awaited(circle: Circle, secret: bytes) -> bool:
    """Whether a spoken code waits for the code with this secret."""
    return circle.spoken is not None and circle.spoken.secret == secret


def code_made(circle: Circle, secret: bytes) -> None:
    """The code behind a spoken code is in the log."""
    spoken = circle.spoken
    if spoken is None or spoken.secret != secret or circle.connection is None:
        return _withdraw(circle, InviteKeys.of(Secret(secret)).id)
    spoken.stage = Stage.OPENING
    circle.connection.send(wire.OpenNameplate())


def code_failed(circle: Circle, secret: bytes, error: WishError) -> None:
    """The code behind the spoken code can't be made."""
    spoken = circle.spoken
    if spoken is not None and spoken.secret == secret:
        circle.spoken = None
        circle.context.refuse(spoken.ref, error)


def nameplate(circle: Circle, frame: wire.Nameplate, default: str) -> None:
    """The relay has opened a nameplate: the words are chosen, and shown."""
    spoken = circle.spoken
    if spoken is None or spoken.stage is not Stage.OPENING:
        return
    address = circle.address
    shown = None if str(address) == default else address
    code = SpokenCode.generate(frame.words, shown, circle.context.rng)
    sealed = SealedCode(address, Secret(spoken.secret))
    spoken.inviter = Inviter(code, address, sealed, circle.context.rng)
    spoken.stage = Stage.OPEN
    spoken.until = circle.context.now() + min(LIFE, frame.seconds * 1000)
    event = SpokenOpened(
        ref=spoken.ref, circle=circle.hex, code=code.text(), expires_at=spoken.until
    )
    circle.context.tell(event)


def said(circle: Circle, frame: wire.Said) -> None:
    """Whoever came to the nameplate speaks."""
    spoken = circle.spoken
    if spoken is None or spoken.inviter is None or circle.connection is None:
        return
    try:
        answer = spoken.inviter.receive(frame.body)
    except SpokenError as error:
        circle.context.tell(SpokenTried(circle=circle.hex, right=False))
        return _over(circle, spoken, str(error))
    circle.connection.send(wire.Say(answer))
    if spoken.inviter.state.name == "DONE":
        spoken.stage = Stage.GIVEN
        circle.context.tell(SpokenTried(circle=circle.hex, right=True))


def lost(circle: Circle) -> None:
    """The nameplate or the connection is gone."""
    spoken = circle.spoken
    if spoken is None or spoken.stage is Stage.GIVEN:
        return
    if spoken.inviter is None:
        error = WishError("unreachable", OFFLINE, Exit.UNREACHABLE)
        code_failed(circle, spoken.secret, error)
        return _withdraw(circle, spoken.invite_id)
    if spoken.inviter.guess_spent:
        circle.context.tell(SpokenTried(circle=circle.hex, right=False))
    ended = spoken.inviter.lost()
    _over(circle, spoken, "The spoken code is over." if ended is None else str(ended))


def forgotten(circle: Circle, ref: int, error: WishError) -> None:
    """A code that lived in memory is no more; `ref` is the command that waited for it, or 0."""
    if ref:
        circle.context.refuse(ref, error)
    else:
        circle.context.tell(SpokenEnded(circle=circle.hex, sentence=str(error)))


def _over(circle: Circle, spoken: Spoken, sentence: str) -> None:
    """The spoken code is of no more use; what is behind it is withdrawn, if it is open still."""
    circle.spoken = None
    circle.context.tell(SpokenEnded(circle=circle.hex, sentence=sentence))
    if circle.connection is not None and spoken.stage is not Stage.GIVEN:
        circle.connection.send(wire.CloseNameplate())
    _withdraw(circle, spoken.invite_id)


def _withdraw(circle: Circle, invite_id: bytes) -> None:
    if circle.group is not None and circle.view.state.invite(invite_id) is not None:
        intend(circle, WithdrawCode(invite_id))


def close(circle: Circle) -> None:
    """The person closes it."""
    spoken = circle.spoken
    if spoken is None:
        raise WishError("none", "No spoken code is open.")
    if spoken.inviter is None:
        raise WishError("not_yet", "The spoken code is being made just now.")
    _over(circle, spoken, "You closed the spoken code.")


def look(circle: Circle) -> None:
    """Whether it was used, or its time is over; after every input."""
    spoken = circle.spoken
    if spoken is None or spoken.inviter is None:
        return
    if circle.group is None or circle.view.state.invite(spoken.invite_id) is None:
        circle.spoken = None
        circle.context.tell(SpokenEnded(circle=circle.hex, sentence="The spoken code was used."))
    elif spoken.stage is Stage.OPEN and circle.context.now() >= spoken.until:
        _over(circle, spoken, "The spoken code's time is over. Make a new one.")
