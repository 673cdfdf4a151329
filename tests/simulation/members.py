"""What strangers, and a member whose client is another one, do to a circle that is at rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from crypto.access.log import Kind
from crypto.access.side_data import Remove, encode
from crypto.circle.sides import committed_hash
from crypto.invite import InviteKeys
from crypto.mls.framing import FramedContent
from crypto.secret import Secret
from relay import wire
from tests.crypto.mls.forge import Forgery, forge_commit
from tests.tui.engine import attacks as forbidden
from tests.tui.engine.renegade import Renegade
from tests.tui.engine.rogue import circle_of
from tests.tui.engine.test_attacks import keys_of
from tests.tui.engine.test_cheating import ciphertexts
from tui.engine import commands
from tui.engine.events import LinkState, SpokenOpened
from tui.engine.padding import padding

if TYPE_CHECKING:
    from tests.simulation.life import Life


from tests.simulation.scene import CAP, Attack, Scene, chat


def _guesses(life: Life) -> Scene:
    """A stranger guesses at a spoken code, which is of no more use after that."""
    inviter = life.random.choice(life.inside)

    def play() -> bool:
        for _ in range(2):  # whoever died over the first one asks again
            life.room_for_a_code(inviter)
            opened = life.asks(inviter, lambda ref: commands.OpenSpoken(ref=ref))
            if isinstance(opened, SpokenOpened):
                break
        else:
            return False
        stranger = life.world.joined("a stranger")
        wrong = opened.code.split("-")[0] + "-yoyo-yoyo"
        life.asks(stranger, lambda ref: commands.ReadCode(ref=ref, code=wrong))
        life.world.people.remove(stranger)
        return True

    return Scene([inviter], play)


# A member whose client is another one.


def _renegade(play: Callable[[Life, Renegade], bool]) -> Callable[[Life], Scene]:
    """Somebody takes another client; in the end a host removes them."""

    def stage(life: Life) -> Scene:
        person = life.random.choice(life.may_go())
        life.hosts()  # a host with another client may keep all others from the relay
        life.calm()
        life.goes(person)
        return Scene(list(life.inside), lambda: play(life, Renegade(person)), out=person)

    return stage


def _against_a_rule(*wanted: str) -> Callable[[Life], Scene]:
    """A rightful-looking commit with one thing in it that its row does not allow."""
    tries = [_more_chairs(attack) for attack in forbidden.ATTACKS if attack.what in wanted]

    def stage(life: Life) -> Scene:
        attack = life.random.choice(tries)
        person = life.random.choice(life.may_go())
        life.hosts(*([person] if attack.host else []))
        life.calm()
        code = keys_of(life.code(life.ana, uses=2))
        life.calm()
        life.goes(person)
        used = InviteKeys.of(Secret(life.world.random.randbytes(32)))

        def play() -> bool:
            eve = Renegade(person)
            attempt = attack.make(eve, forbidden.Keys(code, used))
            taken = eve.commits(attempt) or eve.commits(replace(attempt, deltas=()))
            life.world.settle(wait=1_000)
            return taken

        return Scene(list(life.inside), play, out=person, words=re.escape(attack.words))

    return stage


def _more_chairs(attack: forbidden.Attack) -> forbidden.Attack:
    """More than there are here, where an attack wants more."""
    if attack.what != forbidden.RAISES:
        return attack
    return replace(attack, make=forbidden.state(cap=CAP + 1))


WORST = {
    forbidden.ADDS: "adds a member",
    forbidden.EVICTS: "evicts a member",
    forbidden.RAISES: "raises the cap",
    forbidden.REUSES: "uses a code again",
}
UNFIT = {("cap", "lowers it"), ("invites", "keeps codes"), ("members", "strikes off")}
"""What can't be written down for this circle: it has eight people, and Bo is a host with codes."""

OTHER_RULES = [
    attack.what
    for attack in forbidden.ATTACKS
    if attack.what not in WORST and (attack.row, attack.what) not in UNFIT
]


def _garbage(life: Life, eve: Renegade) -> bool:
    rng = life.world.random.randbytes
    body = life.random.choice([b"", b"noise", bytes(1100), rng(1100)])
    taken = eve.orders(body, encode([]))
    chat(life, life.ana)
    return taken


def _flood(life: Life, eve: Renegade) -> bool:
    """Commits that nobody can read, as fast as they are taken; others mean to change something."""
    taken = 0
    for number in range(10):
        if number == 3:
            life.topic()
            life.says(life.ana)
        eve.follow()
        taken += eve.orders(life.world.random.randbytes(1100), encode([]))
        life.world.settle(wait=100)
    return taken > 1


def _old_commit(life: Life, eve: Renegade) -> bool:
    """A change of the past comes again."""
    commits = [record for record in life.world.shelf.records if record.kind == Kind.COMMIT]
    bodies = [record.body for record in commits[-20:-1] if record.body]
    if not bodies:
        return False
    taken = eve.orders(life.random.choice(bodies), encode([]))
    chat(life, life.ana)
    return taken


def _old_messages(life: Life, eve: Renegade) -> bool:
    """What others said comes again, from another device."""
    chat(life, life.ana)
    eve.follow()
    said = [record for record in life.world.shelf.records if record.kind == Kind.MESSAGE]
    for record in [record for record in said[-6:] if record.body]:
        eve.send(wire.Append(eve.rng(16), eve.handshake, record.body or b""))
        life.world.settle(wait=100)
        eve.follow()
    chat(life, life.ana)
    return True


def _half_good(life: Life, eve: Renegade) -> bool:
    """A path secret that is good for some, and bad for those beside Eve in the tree."""
    rng = life.world.random.randbytes
    told = committed_hash([])

    def framed(content: FramedContent) -> FramedContent:
        return replace(content, authenticated_data=told)

    wrong = Forgery(path=ciphertexts(lambda place: place == 0), with_path=True, framed=framed)
    taken = eve.orders(forge_commit(eve.group, [], rng, wrong, padding), encode([]))
    life.world.wait(150_000)
    return taken and any(p.circle().link is LinkState.STOPPED for p in life.inside)


def _evicts_all(life: Life, eve: Renegade) -> bool:
    """Beside a commit that nobody can read, everybody is taken off: no relay lets a member."""
    deltas = [Remove(circle_of(person).access.public) for person in life.inside]
    eve.orders(life.world.random.randbytes(1100), encode(deltas))
    chat(life, life.ana)
    return True


SKIPPED = "skipped"

MEMBERS = [
    Attack("guesses at a spoken code", "", _guesses, silent=True),
    *(Attack(name, "refused", _against_a_rule(what)) for what, name in WORST.items()),
    Attack("breaks another rule of the circle", "refused", _against_a_rule(*OTHER_RULES)),
    Attack("sends a change that is none", SKIPPED, _renegade(_garbage)),
    Attack("floods with changes that are none", SKIPPED, _renegade(_flood)),
    Attack("sends an old change again", SKIPPED, _renegade(_old_commit)),
    Attack("sends others' messages again", "", _renegade(_old_messages), silent=True),
    Attack("makes a change for some only", "can't follow a change", _renegade(_half_good)),
    Attack("evicts everybody beside a change", "", _renegade(_evicts_all), silent=True),
]
