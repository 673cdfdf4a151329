"""What a malicious relay does to a circle that is at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from crypto.access.log import Head, Kind
from crypto.access.side_data import Remove, encode
from crypto.beat import Beat, seal_beat
from crypto.mls.cipher_suite import SignatureKeyPair
from crypto.secret import Secret
from relay import wire
from relay.store.contract import Record, Restart
from relay.wire import Entry, FromRelay
from tests.simulation import lies
from tests.simulation.world import Lie, SimPerson
from tests.tui.engine.rogue import circle_of, show
from tui.engine import commands
from tui.engine.beats import EVERY
from tui.engine.freshness import HELD_BACK, STALE_AFTER
from tui.engine.links import LONGEST_WAIT
from tui.engine.mending import PATIENCE

if TYPE_CHECKING:
    from tests.simulation.life import Life


from tests.simulation.scene import Attack, Scene, Talk, change, chat, cut, own_words


def _on_the_wire(
    make: Callable[[Life, SimPerson], Lie], talk: Talk, wait: int = 10_000
) -> Callable[[Life], Scene]:
    """A relay that lies to one person, while there is talk, and for some time afterwards."""

    def stage(life: Life) -> Scene:
        victim = life.random.choice(life.inside)
        life.world.wait(EVERY)  # so that everybody has heard of everybody of late

        def play() -> bool:
            lie = make(life, victim)
            life.world.lies[victim] = lie
            talk(life, victim)
            life.world.wait(wait)
            del life.world.lies[victim]
            cut(victim)
            return lie.told > 0

        return Scene([victim], play, astray=[victim])

    return stage


def _entries(
    bend: Callable[[Entry], Iterable[FromRelay]], kind: Kind = Kind.MESSAGE, most: int = 1
) -> Callable[[Life, SimPerson], Lie]:
    return lambda life, victim: lies.OnEntries(bend, kind, most)


def _second_log(kind: Kind) -> Callable[[Life, SimPerson], Lie]:
    """The first entry of a kind is not in the victim's log."""

    def make(life: Life, victim: SimPerson) -> Lie:
        def without(record: Record) -> bool:
            return record.kind == kind and not second.told

        second = lies.SecondLog(life.world, without)
        return second

    return make


# A relay with two logs, one of the past, or one that is not its author's.


def _halves(removal: bool) -> Callable[[Life], Scene]:
    """Two halves of the circle are shown two logs; with `removal`, one half never hears of it."""

    def stage(life: Life) -> Scene:
        half = life.random.sample(life.may_go(), 3 if not removal else 2)
        removed = half[-1] if removal else None
        astray = [person for person in half if person is not removed]

        def play() -> bool:
            world = life.world
            world.split(*half)
            world.settle()
            if removed is not None:
                life.goes(removed)
                life.ana.do(commands.Remove(member=removed.member))
            for speaker in (life.ana, *astray, life.inside[1]):
                life.says(speaker)
                world.settle(wait=1_000)
            life.topic()
            world.settle()
            world.heal()
            world.wait(60_000)
            return True

        return Scene(astray, play, astray, out=removed)

    return stage


def _put_back(life: Life) -> Scene:
    """An honest backup: what the relay lost is given back to it."""

    def play() -> bool:
        backup = life.world.backup()
        for _ in range(life.random.randrange(1, 4)):
            change(life, life.ana)
        life.world.settle(wait=3_000)
        life.world.put_back(backup)
        life.says(life.random.choice(life.inside))
        life.world.wait(180_000)
        return True

    return Scene(list(life.inside), play)


def _pretended(changes: bool) -> Callable[[Life], Scene]:
    """The relay drops the end of its log, and says that it was put back, and nobody had more."""

    def stage(life: Life) -> Scene:
        away = life.random.choice(life.may_go())

        def play() -> bool:
            world = life.world
            backup = world.backup()
            if changes:
                away.offline = True
                world.settle()
                change(life, away)
            else:
                chat(life, away)
            world.settle(wait=3_000)
            world.put_back(backup)
            for id, shelf in world.store.shelves.items():
                fresh = world.random.randbytes(16)
                shelf.restarts.append(Restart(id, shelf.incarnation, fresh, world.now))
            world.wait(3 * PATIENCE)
            away.offline = False
            world.wait(PATIENCE)
            return True

        return Scene([person for person in life.inside if person is not away], play)

    return stage


class _Beside(lies.Honest):
    """Something else stands beside the next commit than its author put there."""

    def __init__(self, side_data: bytes) -> None:
        super().__init__()
        self.side_data = side_data

    def up(self, frame: wire.FromClient) -> Iterable[wire.FromClient]:
        if isinstance(frame, wire.Commit) and not self.told:
            self.told += 1
            frame = replace(frame, side_data=self.side_data)
        yield frame


def _beside(cuts: bool) -> Callable[[Life], Scene]:
    """The relay evicts somebody beside a host's commit, and may say to the host that it is well."""

    def stage(life: Life) -> Scene:
        author, evicted = life.ana, life.random.choice(life.may_go())  # what a host may do

        def play() -> bool:
            lie = _Beside(encode([Remove(circle_of(evicted).access.public)]))
            life.world.lies[author] = lie
            life.topic(author)
            while not lie.told and life.world.step():
                pass
            if cuts:
                cut(author)
            life.world.settle(wait=1_000)
            del life.world.lies[author]
            life.world.wait(600_000)
            return lie.told > 0

        return Scene([p for p in life.inside if p is not evicted], play, [] if cuts else [author])

    return stage


def _misdates(life: Life) -> Scene:
    """The relay dates everything an hour ahead of its time."""

    def play() -> bool:
        life.world.skew = HOUR
        chat(life, life.ana)
        life.world.skew = 0
        life.world.wait(HOUR)
        return True

    return Scene(list(life.inside), play)


# Words that are not whose they seem.


def _shown(
    make: Callable[[Life, SimPerson], list[FromRelay]],
) -> Callable[[Life], Scene]:
    """Frames that no honest relay would show, shown to one."""

    def stage(life: Life) -> Scene:
        victim = life.random.choice(life.inside)

        def play() -> bool:
            life.says(life.random.choice(life.inside))
            life.world.settle()
            for frame in make(life, victim):
                if victim.sockets:
                    show(victim, frame)
            life.world.settle()
            return True

        return Scene([victim], play, astray=[victim])

    return stage


def _another_head(life: Life, victim: SimPerson) -> list[FromRelay]:
    """The relay signs for another log than it has shown."""
    circle = circle_of(victim)
    head = Head.sign(lies.RELAY, circle.id, circle.record.incarnation, circle.record.n, bytes(32))
    return [wire.Head(head.incarnation, head.n, head.hash, head.signature)]


def _unsigned_head(life: Life, victim: SimPerson) -> list[FromRelay]:
    """A head with nobody's signature."""
    record = circle_of(victim).record
    return [wire.Head(record.incarnation, record.n + 1, bytes(32), bytes(64))]


def _forged_words(life: Life, victim: SimPerson) -> list[FromRelay]:
    """Heartbeats of nobody, of a stranger, of yesterday, with a false head; passing words."""
    circle, rng = circle_of(victim), life.world.random.randbytes
    other = circle_of(next(person for person in life.inside if person is not victim))
    head = Head.decode(circle.record.head)
    false = replace(head, hash=bytes(32))
    authenticator = circle.members.epoch_authenticator.reveal()
    stranger = SignatureKeyPair.from_seed(Secret(rng(32)))
    beacon = circle.view.state.beacon_key

    def beat(key: SignatureKeyPair, said: Head, by: SignatureKeyPair) -> bytes:
        made = Beat(key.public, circle.members.epoch, authenticator, said, 0, None, life.world.now)
        return seal_beat(beacon, circle.id, made, by, rng)

    kept = [body for body, _ in life.world.shelf.beats.values()]
    bodies = [
        rng(200),
        beat(stranger, head, stranger),
        beat(other.leaf, false, other.leaf),
        *kept,
    ]
    frames: list[FromRelay] = [wire.BeatOf(other.access.public, body) for body in bodies]
    return [*frames, wire.EphemeralOf(other.access.public, rng(100))]


HOUR = 3_600_000
TWO_LOGS = "another conversation"
GONE = "threw away a {} before its time"
SKIPPED = "skipped"
KEPT_BACK = "kee?p[st] something back"

RELAYS = [
    Attack(
        "drops a message", f"showed entry|{KEPT_BACK}", _on_the_wire(_entries(lies.dropped), chat)
    ),
    Attack(
        "shows one after the next",
        f"showed entry|{KEPT_BACK}",
        _on_the_wire(lambda life, victim: lies.Reordering(), chat),
    ),
    Attack("alters a message", TWO_LOGS, _on_the_wire(_entries(lies.altered), chat)),
    Attack(
        "alters a change",
        f"{TWO_LOGS}|{SKIPPED}",
        _on_the_wire(_entries(lies.altered, Kind.COMMIT), change),
    ),
    Attack("backdates one message", TWO_LOGS, _on_the_wire(_entries(lies.redated), chat)),
    Attack("misdates everything", "marked", _misdates),
    Attack(
        "shows everything twice",
        "",
        _on_the_wire(_entries(lies.twice, most=99), chat),
        silent=True,
    ),
    Attack("replays one at another place", TWO_LOGS, _on_the_wire(_entries(lies.renumbered), chat)),
    Attack(
        "throws messages away early",
        GONE.format("message"),
        _on_the_wire(_entries(lies.expired, most=2), chat),
    ),
    Attack(
        "throws a change away early",
        GONE.format("change to the circle"),
        _on_the_wire(_entries(lies.expired, Kind.COMMIT), change),
    ),
    Attack(
        "keeps the end back",
        KEPT_BACK,
        _on_the_wire(
            lambda life, victim: lies.HidesTheTail(mute=False), change, EVERY + 2 * HELD_BACK
        ),
    ),
    Attack(
        "keeps the end and all heartbeats back",
        f"no proof of freshness|{KEPT_BACK}",
        _on_the_wire(
            lambda life, victim: lies.HidesTheTail(mute=True), change, STALE_AFTER + HELD_BACK
        ),
    ),
    Attack(
        "says that somebody was evicted",
        "says that this device was taken out",
        _on_the_wire(lambda life, victim: lies.SaysEvicted(), chat, LONGEST_WAIT + 2 * HELD_BACK),
    ),
    Attack(
        "swallows a message",
        f"{TWO_LOGS}|shows less",
        _on_the_wire(lambda life, victim: lies.Swallows(victim), own_words),
    ),
    Attack(
        "keeps a message from one",
        f"{TWO_LOGS}|missing",
        _on_the_wire(_second_log(Kind.MESSAGE), chat, EVERY + HELD_BACK),
    ),
    Attack(
        "keeps a change from one",
        f"{TWO_LOGS}|{SKIPPED}",
        _on_the_wire(_second_log(Kind.COMMIT), change, EVERY + HELD_BACK),
    ),
    Attack("shows two halves two logs", TWO_LOGS, _halves(removal=False)),
    Attack("keeps a removal from half", TWO_LOGS, _halves(removal=True)),
    Attack("is put back from a backup", "put back from a backup", _put_back),
    Attack("calls what it drops a backup", "lost there", _pretended(changes=False)),
    Attack("drops changes as if by a backup", "lost changes", _pretended(changes=True)),
    Attack("evicts somebody beside a change", "altered", _beside(cuts=True)),
    Attack("evicts somebody, and says it is well", f"altered|{TWO_LOGS}", _beside(cuts=False)),
    Attack("signs for another log", TWO_LOGS, _shown(_another_head)),
    Attack("speaks without its signature", "not one to be believed", _shown(_unsigned_head)),
    Attack("forges heartbeats and passing words", "", _shown(_forged_words), silent=True),
]
