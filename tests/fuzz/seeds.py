"""Where fuzzing starts from: one real example or more of everything that a target reads.

`python -m tests.fuzz.seeds` writes `tests/fuzz/corpus/`. What a run of the fuzzer finds on its own
is kept elsewhere (see `tests/fuzz/run --help`), and what made it fail becomes a test.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crypto.access import side_data
from crypto.again import Repeats
from crypto.beat import SignedBeat
from crypto.card import SignedCard
from crypto.entry import EntryRequest, InviteProof
from crypto.history import History
from crypto.mls.codec import Struct
from crypto.mls.commit import Commit
from crypto.mls.framing import MlsMessage, PrivateMessage
from crypto.mls.proposals import Add, Proposal, Remove
from crypto.mls.snapshot import save_key_package, save_pending, save_ratchets
from crypto.mls.tree_math import LeafIndex
from crypto.rejoin import Rejoin
from relay import wire
from tests.crypto.circle import scene
from tests.crypto.mls.assembly import NOW, Assembly
from tests.fuzz.targets import ASSEMBLY, EPOCH, MLS, RATCHETS, SEALED
from tests.relay.test_session import SAMPLES as FROM_CLIENT
from tests.tui.engine.test_session import SAMPLES as FROM_RELAY
from tests.tui.hostile import KINDS
from tui.engine import commands, events
from tui.engine.control import CONTROL_VERSION, Ask, Hello, Told, Watch
from tui.engine.control import encode as control_frame

CORPUS = Path(__file__).parent / "corpus"
ANSWERS = Path(__file__).parents[1] / "crypto/answers"
CHECKSUM = 32


def chosen(among: tuple[type[Struct], ...], kind: type[Struct], data: bytes) -> bytes:
    """As `targets.split` takes it apart."""
    return bytes((among.index(kind),)) + data


def mls() -> Iterator[bytes]:
    """A group's life: every structure of it."""
    assembly = Assembly("seeds", 3)
    newcomer = assembly.newcomer()
    change: list[Proposal] = [Add(newcomer.key_package), Remove(LeafIndex(2))]
    pending = assembly[0].commit(change, assembly.rng, now=NOW, force_path=True)
    assert pending.welcome is not None
    for message in (pending.message, pending.welcome, assembly[1].encrypt(b"hello", assembly.rng)):
        found = MlsMessage.decode(message)
        yield chosen(MLS, MlsMessage, message)
        if not isinstance(found.body, PrivateMessage):
            yield chosen(MLS, type(found.body), found.body.encode())
    group = assembly[0]
    package = newcomer.key_package
    values: tuple[Struct, ...] = (package, package.leaf_node, group.context, group.tree)
    for value in values:
        yield chosen(MLS, type(value), value.encode())
    yield chosen(MLS, Commit, Commit((Remove(LeafIndex(2)),), None).encode())


def group() -> Iterator[bytes]:
    """Messages of another group of the same name, so that none of them is good."""
    assembly = Assembly("other", 3)
    yield assembly[0].encrypt(b"hello", assembly.rng)
    yield assembly[2].commit([], assembly.rng, now=NOW).message
    change = [Add(assembly.newcomer().key_package)]
    yield assembly[0].commit(change, assembly.rng, now=NOW, in_clear=True).message


def snapshots() -> Iterator[bytes]:
    """A group's state, a pending commit, a key package's secrets; without their checksums."""
    pending = ASSEMBLY[1].commit([], ASSEMBLY.rng, now=NOW)
    stored = (EPOCH, RATCHETS, save_pending(pending), save_key_package(ASSEMBLY.newcomer()))
    for number, snapshot in enumerate(stored):
        yield bytes((number,)) + snapshot.reveal()[:-CHECKSUM]
    ASSEMBLY[0].encrypt(b"out of order", ASSEMBLY.rng)
    yield b"\x01" + save_ratchets(ASSEMBLY[0]).reveal()[:-CHECKSUM]


def answers(name: str) -> dict[str, Any]:
    """The known answers of one kind."""
    found: dict[str, Any] = json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def sealed() -> Iterator[bytes]:
    """What the known answers hold, opened, and what stands in a circle's extensions."""
    beacon, card, entry = answers("beacon"), answers("card"), answers("entry")
    envelopes = answers("envelopes")
    known: tuple[tuple[type[Struct], str], ...] = (
        (SignedCard, card["signed_card"]),
        *((SignedBeat, beat["signed_beat"]) for beat in beacon["beats"]),
        (Rejoin, beacon["rejoin"]),
        (EntryRequest, entry["request"]),
        (InviteProof, entry["invite_proof"]),
        (History, envelopes["history"]),
        (Repeats, envelopes["repeats"]),
    )
    for kind, text in known:
        yield chosen(SEALED, kind, bytes.fromhex(text))
    device = scene.ANA.identity.device(scene.CIRCLE_ID, "Ana", "laptop")
    values: tuple[Struct, ...] = (scene.GENESIS, scene.STATE, device)
    for value in values:
        yield chosen(SEALED, type(value), value.encode())


def frames() -> Iterator[bytes]:
    """Each frame by itself, and all of one side in one message."""
    for many in (list(FROM_CLIENT), list(FROM_RELAY.values())):
        yield from (wire.message(frame) for frame in many)
        yield wire.message(*many)


def deltas() -> Iterator[bytes]:
    """Each delta by itself, and several."""
    key, id_, hash_ = b"k" * 32, b"i" * 16, b"h" * 32
    many: list[side_data.Delta] = [
        scene.ANAS_CODE.admit(key),
        side_data.AddDevice(key),
        scene.BO.rekey(key),
        scene.CY.departure(),
        side_data.Remove(key),
        side_data.Flag(key, True),
        side_data.Cap(3),
        side_data.AddInvite(id_, key, key, 2, scene.NOW, hash_),
        side_data.RevokeInvite(id_),
        side_data.LeaveWelcome(key, hash_),
        side_data.ReplaceCard(id_, hash_),
    ]
    yield side_data.encode([])
    yield from (side_data.encode([delta]) for delta in many)
    yield side_data.encode(many)


def envelope() -> Iterator[bytes]:
    """Messages of every type, and their bodies alone."""
    for one in answers("envelopes")["envelopes"]:
        yield bytes.fromhex(one["envelope"])
        yield bytes((one["type"],)) + bytes.fromhex(one["body"])


def codes() -> Iterator[bytes]:
    """Codes in every form, and addresses."""
    for one in answers("codes")["codes"]:
        yield from (one[form].encode() for form in ("code", "words", "link", "qr", "address"))
    yield answers("spoken")["spoken_code"].encode()
    yield b"walrus-tulip-violin@192.168.1.20:7600"
    yield b"wss://[2001:db8::1]:7600"


def sanitiser() -> Iterator[bytes]:
    """What a terminal would obey, of every kind."""
    dice = random.Random(1)
    for kind in KINDS.values():
        yield kind(dice).encode(errors="surrogateescape")


def vault() -> Iterator[bytes]:
    """Both kinds of lock."""
    found = answers("vault")
    yield bytes.fromhex(found["passphrase_vault"])
    yield from (bytes.fromhex(text) for text in found["held_vaults"].values())


def control() -> Iterator[bytes]:
    """A greeting, a question and an answer."""
    yield control_frame(Hello(CONTROL_VERSION, "a screen"))
    yield control_frame(Ask(commands.SendText(text="hello", ref=1)))
    yield control_frame(Told(events.Finished(ref=1))) + control_frame(Watch())


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    made.__name__: made
    for made in (
        mls,
        group,
        sealed,
        frames,
        deltas,
        envelope,
        codes,
        sanitiser,
        snapshots,
        vault,
        control,
    )
}


def write(corpus: Path) -> None:
    """The whole corpus, each file named by its number."""
    shutil.rmtree(corpus, ignore_errors=True)
    for name, seeds in SEEDS.items():
        folder = corpus / name
        folder.mkdir(parents=True)
        for number, seed in enumerate(seeds()):
            (folder / f"{number:02}").write_bytes(seed)


if __name__ == "__main__":
    write(CORPUS)
