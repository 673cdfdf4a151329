"""One seed's life: a circle of eight clients that talk, come and go for 300 epochs.

Every step is drawn from the seed. Between attacks anything may happen at once: devices go and
come, die at their points, disks fill up, the clock jumps. Before an attack all is brought to rest,
so that what comes of it is told apart; afterwards everybody gets back, by what their client offers.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from crypto.circle.state import INVITES_MOST, INVITES_PER_ISSUER
from tests.simulation.attacks import ATTACKS
from tests.simulation.history import Attacked, Came, Expected, Over, Played, Record, Stands, Went
from tests.simulation.plan import Plan, draw
from tests.simulation.scene import CAP
from tests.simulation.world import POINTS, RELAY_POINTS, SimPerson, SimWorld
from tests.tui.engine.rogue import circle_of
from tui.engine import commands
from tui.engine.events import Event, LinkState

CORE = ("Ana", "Bo")
"""Are in from the beginning to the end, under these names, and are hosts."""

OTHERS = ("Cy", "Dee", "Eli", "Fay", "Gus", "Hal")
CLIENTS = len(CORE) + len(OTHERS)
AWAY_MOST = 3
DISK_FULL = "Your disk is full: nothing more can be kept. Make room; what was kept is safe."
WEEK = 7 * 86_400_000


class StrandedError(Exception):
    """Something that has to come about in a life did not."""


class Life:
    """A world, who is in it, and what is to happen."""

    def __init__(self, seed: int, plan: Plan | None = None, clients: int = CLIENTS) -> None:
        self.seed = seed
        self.plan = draw(seed) if plan is None else plan
        self.random = random.Random(f"life {seed}")
        self.world = SimWorld(seed)
        self.clients = clients
        self.inside: list[SimPerson] = []
        self.number = 0
        self.ref = 1000
        self.attacks = list(self.plan.attacks)
        self.crashes = list(self.plan.crashes)
        self.armed: dict[SimPerson | None, str] = {}
        self.repairs: list[tuple[int, Callable[[], None]]] = []
        self._begin((*CORE, *OTHERS)[:clients])

    @property
    def history(self) -> list[Record]:
        return self.world.history

    @property
    def ana(self) -> SimPerson:
        """The first host."""
        return self.inside[0]

    def epoch(self) -> int:
        """The newest that anybody is in."""
        return max(circle_of(person).members.epoch for person in self.inside)

    def live(self) -> None:
        """From the first epoch to the last, and to rest."""
        while self.epoch() < self.plan.epochs or self.attacks or self.crashes:
            self._strike()
            if self.attacks and self.attacks[0][0] <= self.epoch():
                self.suffer(self.attacks.pop(0)[1])
            else:
                self.turn()
            if self.epoch() >= self.plan.epochs:
                self.calm()
        self.end()

    # People.

    def _begin(self, names: tuple[str, ...]) -> None:
        ana = self.world.joined(names[0])
        ana.opens(cap=CAP)
        self.comes_in(ana)
        for name in names[1:]:
            self.joins(name)
        self.hosts()

    def hosts(self, *more: SimPerson) -> None:
        """Those who are hosts from here on, beside the first two."""
        hosts = [*self.inside[:2], *more]
        self.ana.do(commands.AppointHosts(members=[host.member for host in hosts]))

    def comes_in(self, person: SimPerson) -> None:
        """Somebody is in: what is said from here on is for them, too."""
        circle = circle_of(person)
        self.world.names[circle.member.public.hex()] = person.name
        person.member = circle.member.public.hex()
        self.world.note(Came(self.world.now, person.name, circle.record.since))
        self.inside.append(person)

    def joins(self, name: str) -> SimPerson:
        """Somebody comes in on a code, at a moment at which all is at rest."""
        self.calm()
        inviter = self.random.choice(self.inside)
        code = self.code(inviter)
        person = self.world.joined(name)
        person.joins(code)
        self.world.settle(wait=1_000)
        self.comes_in(person)
        return person

    def code(self, person: SimPerson, uses: int = 1) -> str:
        """Somebody makes a code."""
        self.room_for_a_code(person)
        return person.invites(uses=uses)

    def room_for_a_code(self, person: SimPerson) -> None:
        """Where as many are open as may be, one is withdrawn, by its issuer or by a host."""
        codes = person.client.invites(person.circle().id)
        mine = [code for code in codes if code.mine]
        if len(mine) >= INVITES_PER_ISSUER or len(codes) >= INVITES_MOST:
            by, old = (person, mine[0].id) if mine else (self.ana, codes[0].id)
            self.asks(by, lambda ref: commands.RevokeInvite(ref=ref, invite_id=old))

    def newcomer(self) -> SimPerson:
        """Somebody with a name that nobody had."""
        self.number += 1
        return self.joins(f"New {self.number}")

    def may_go(self) -> list[SimPerson]:
        """Those who are not needed to the end."""
        return [person for person in self.inside if person.name not in CORE]

    def goes(self, person: SimPerson) -> None:
        """Somebody is counted out: no promise is held to them from now on."""
        self.world.note(Went(self.world.now, person.name))
        self.inside.remove(person)

    def gone(self, person: SimPerson) -> None:
        """Wait until nobody has them among the members; then they are out of the world."""
        for _ in range(10):
            self.world.wait(5_000)
            if all(person.member not in members(other) for other in self.inside):
                break
        else:
            raise StrandedError(f"{person.name} does not get out of the circle")
        self.world.settle(wait=1_000)
        person.offline = True
        self.world.settle(wait=0)
        person.looks()
        self.world.people.remove(person)

    def removes(self, person: SimPerson) -> None:
        """A host takes somebody out."""
        self.goes(person)
        self.asks(self.ana, lambda ref: commands.Remove(ref=ref, member=person.member))
        self.gone(person)

    # Asking.

    def asks(
        self, person: SimPerson, make: Callable[[int], commands.Command], wait: int = 10_000
    ) -> Event | None:
        """Give a command and wait; its answer, if there was one."""
        self.ref += 1
        ref = self.ref
        person.do(make(ref))
        self.world.settle(wait=wait)
        return next((event for event in person.heard if event.ref == ref), None)

    def says(self, person: SimPerson) -> str:
        """Somebody says something that nobody else ever says."""
        self.number += 1
        text = f"{person.name} says {self.number}"
        person.says(text)
        return text

    def topic(self, person: SimPerson | None = None) -> None:
        """A host changes something."""
        self.number += 1
        (person or self.ana).do(commands.ChangeSettings(topic=f"topic {self.number}"))

    # One turn.

    def turn(self) -> None:
        """A few things at once, and then some of what comes of them, or all."""
        self._mend()
        for _ in range(self.random.choice((1, 1, 2, 3))):
            act = self.random.choices(*zip(*_ACTS, strict=True))[0]
            act(self, self.random.choice(self.inside))
        if self.random.random() < 0.3:
            for _ in range(self.random.randrange(1, 40)):
                self.world.step()
        else:
            self.world.settle(wait=self.random.choice((0, 300, 1_500, 3_000)))

    def _mend(self) -> None:
        """What went wrong some turns ago is over."""
        for due in [repair for repair in self.repairs if repair[0] <= self.epoch()]:
            self.repairs.remove(due)
            due[1]()

    def _strike(self) -> None:
        """Arm the crashes whose time has come: each at somebody who is about."""
        while self.crashes and self.crashes[0][0] <= self.epoch():
            point = self.crashes[0][1]
            if point in RELAY_POINTS:
                if self.world.disk.armed:
                    return
                self.world.disk.armed = point
                self.armed[None] = point
            else:
                person = self._arm_somebody(point)
                if person is None:
                    return
                self.armed[person] = point
                if point.endswith("send"):
                    self.says(person)
            self.crashes.pop(0)

    def _arm_somebody(self, point: str) -> SimPerson | None:
        """Whoever is about to die at a point; None where nobody is about."""
        free = [p for p in self.inside if not (p.offline or p.database.armed)]
        if not free:
            return None
        person = self.random.choice(free)
        person.database.armed = point
        return person

    def _disarm(self) -> None:
        """Nobody is about to die; who was to and did not, does so later."""
        for person, point in self.armed.items():
            where = self.world.disk if person is None else person.database
            if where.armed == point:
                self.crashes.insert(0, (self.epoch(), point))
        self.armed.clear()
        self.world.disk.armed = ""
        for person in self.inside:
            person.database.armed = ""

    # Rest.

    def calm(self) -> None:
        """Everybody is here, all disks work, nobody is about to die; everything has arrived."""
        for _, repair in self.repairs:
            repair()
        self.repairs.clear()
        self._disarm()
        for person in self.inside:
            person.offline = False
        for seconds in (3, 3, 12, 60, 300, 300):
            self.world.wait(seconds * 1_000)
            if self._at_rest():
                return
        raise StrandedError(f"no rest: {self.trouble()}")

    def _at_rest(self) -> bool:
        facts = [person.circle() for person in self.inside]
        newest = {circle_of(person).record.chain for person in self.inside}
        done = all(fact.link is LinkState.ONLINE and not fact.unsent for fact in facts)
        return done and len(newest) == 1

    def trouble(self) -> str:
        """Who is not where they should be."""
        return "; ".join(
            f"{person.name}: {facts.link} {facts.link_sentence} unsent={facts.unsent} "
            f"n={circle_of(person).record.n}"
            for person in self.inside
            for facts in [person.circle()]
        )

    # Attacks.

    def suffer(self, name: str) -> None:
        """Play an attack, and then get everybody back."""
        attack = next(attack for attack in ATTACKS if attack.name == name)
        self.calm()
        for person in self.inside:
            self.says(person)  # what a device has never heard of, it can't miss
        self.calm()
        scene = attack.stage(self)
        whom = tuple(person.name for person in scene.whom)
        words = scene.words or attack.words
        astray = tuple(person.name for person in scene.astray)
        self.world.note(Attacked(self.world.now, name, whom, words, attack.silent, astray))
        self._arm_somebody(self.random.choice(POINTS))
        played = scene.play()
        self.world.note(Played(self.world.now))
        self.get_back(scene.astray)
        self._disarm()
        if scene.out is not None:
            self._throws_out(scene.out)
        self.world.note(Over(self.world.now, played))
        while len(self.inside) < self.clients:
            self.newcomer()

    def _throws_out(self, person: SimPerson) -> None:
        """Whoever broke the rules is removed, if they are still in."""
        self.asks(self.ana, lambda ref: commands.Remove(ref=ref, member=person.member))
        self.gone(person)

    def get_back(self, astray: list[SimPerson]) -> None:
        """Everybody takes the way back that their client offers, until all are together."""
        for _ in range(30):
            self.world.wait(20_000)
            stopped = [p for p in self.inside if p.circle().link is LinkState.STOPPED]
            if not stopped and self._at_rest() and self._nothing_missing():
                return
            for person in stopped:
                self._returns(person, astray)
            if self.random.random() < 0.5:
                self._arm_somebody(self.random.choice(POINTS))
            self.world.wait(60_000)
        raise StrandedError(f"not back: {self.trouble()}")

    def _nothing_missing(self) -> bool:
        """Everybody speaks, which shows what is missing; it is asked for, and sent again."""
        for person in self.inside:
            self.says(person)
        self.world.wait(60_000)
        return self._at_rest()

    def _returns(self, person: SimPerson, astray: list[SimPerson]) -> None:
        facts = person.circle()
        forks = facts.forks
        if not forks:
            if person.client.may_return(facts.id):
                person.do(commands.Rejoin())
        elif person in astray or any(not fork.member for fork in forks):
            others = [p for p in self.inside if p not in astray and p is not person]
            person.do(commands.SettleFork(member=others[0].member))
        else:
            person.do(commands.SettleFork(mine=True))

    # The end.

    def end(self) -> None:
        """Write down where everybody stands, and what they can read."""
        names = tuple(sorted(person.name for person in self.inside))
        self.world.note(Expected(self.world.now, names, CAP))
        for person in self.inside:
            circle = circle_of(person)
            inside = tuple(sorted(self.world.names[member] for member in members(person)))
            taking_part = circle.active and person.circle().link is LinkState.ONLINE
            epoch = circle.members.epoch_authenticator.reveal().hex()[:16]
            self.world.note(
                Stands(
                    self.world.now,
                    person.name,
                    epoch,
                    inside,
                    person.circle().cap,
                    taking_part,
                )
            )
            person.looks()


def members(person: SimPerson) -> list[str]:
    """The ids of those who are in, as this person has it."""
    return [member.id for member in person.client.members(person.circle().id)]


# What people do, and what happens to them.


def _says(life: Life, person: SimPerson) -> None:
    life.says(person)


def _changes(life: Life, person: SimPerson) -> None:
    host = person if person.circle().i_am_host else life.ana
    life.topic(host)


def _renames(life: Life, person: SimPerson) -> None:
    if person.name in CORE:
        return _changes(life, person)
    life.number += 1
    person.do(commands.Rename(person=f"{person.name} {life.number}"))


def _appoints(life: Life, person: SimPerson) -> None:
    others = life.may_go()
    life.hosts(*life.random.sample(others, life.random.randrange(min(3, len(others)))))


def _opens_a_code(life: Life, person: SimPerson) -> None:
    person.do(commands.CreateInvite())


def _withdraws_a_code(life: Life, person: SimPerson) -> None:
    codes = [invite for invite in person.client.invites(person.circle().id) if invite.mine]
    if codes:
        person.do(commands.RevokeInvite(invite_id=life.random.choice(codes).id))
    else:
        _opens_a_code(life, person)


def _goes_away(life: Life, person: SimPerson) -> None:
    away = [other for other in life.inside if other.offline]
    if person.offline or len(away) >= AWAY_MOST:
        return _comes_back(life, person)
    person.offline = True
    life.says(person)


def _comes_back(life: Life, person: SimPerson) -> None:
    for other in life.inside:
        other.offline = False


def _is_cut(life: Life, person: SimPerson) -> None:
    for socket in list(person.sockets.values()):
        socket.cut()


def _relay_restarts(life: Life, person: SimPerson) -> None:
    life.world.relay_dies("killed")


def _disk_fails(life: Life, person: SimPerson) -> None:
    if person.database.failing:
        return
    person.database.failing = DISK_FULL
    life.says(person)

    def has_room() -> None:
        person.database.failing = ""

    life.repairs.append((life.epoch() + life.random.randrange(4), has_room))


def _relay_is_full(life: Life, person: SimPerson) -> None:
    life.world.store.full = True
    life.says(person)

    def has_room() -> None:
        life.world.store.full = False

    life.repairs.append((life.epoch(), has_room))


def _time_passes(life: Life, person: SimPerson) -> None:
    life.world.now += life.random.choice((1_000, 60_000, 600_000, 7_200_000))
    life.world.tick()


def _a_week_passes(life: Life, person: SimPerson) -> None:
    life.world.now += WEEK
    life.world.tick()


def _somebody_leaves(life: Life, person: SimPerson) -> None:
    leaver = life.random.choice(life.may_go())
    life.calm()
    life.goes(leaver)
    life.asks(leaver, lambda ref: commands.Leave(ref=ref))
    life.gone(leaver)
    life.newcomer()


def _somebody_is_removed(life: Life, person: SimPerson) -> None:
    removed = life.random.choice(life.may_go())
    life.calm()
    life.removes(removed)
    life.newcomer()


def _reads(life: Life, person: SimPerson) -> None:
    newest = person.client.newest_position(person.circle().id)
    person.do(commands.MarkRead(position=newest))
    person.do(commands.SaveDraft(text=f"draft {newest}"))


_Act = Callable[[Life, SimPerson], None]
_ACTS: list[tuple[_Act, float]] = [
    (_says, 12),
    (_changes, 8),
    (_renames, 8),
    (_appoints, 3),
    (_opens_a_code, 3),
    (_withdraws_a_code, 2),
    (_goes_away, 2.5),
    (_comes_back, 1.5),
    (_is_cut, 2),
    (_relay_restarts, 0.7),
    (_disk_fails, 0.7),
    (_relay_is_full, 0.3),
    (_time_passes, 2),
    (_a_week_passes, 0.05),
    (_somebody_leaves, 0.3),
    (_somebody_is_removed, 0.3),
    (_reads, 1),
]
