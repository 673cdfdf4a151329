"""What is fuzzed: each target takes any bytes, and fails where a promise is broken.

A target lets the errors pass that its parser names and no other; what it accepts has to be written
again as the same bytes, or, where a format allows more than one, to be read again as the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from crypto.access import side_data
from crypto.access.errors import AccessError
from crypto.again import Repeats
from crypto.beat import SignedBeat
from crypto.card import SignedCard
from crypto.circle.device import Device
from crypto.circle.errors import CircleError
from crypto.circle.genesis import Genesis
from crypto.circle.state import CircleState
from crypto.code import SealedCode
from crypto.code_reading import read_code
from crypto.content import Unknown, read_content, write_content
from crypto.entry import EntryRequest, InviteProof
from crypto.envelope import Envelope
from crypto.errors import CodeError, PeerError, VaultError
from crypto.glance import SignedGlance
from crypto.history import History
from crypto.mls.codec import Struct
from crypto.mls.commit import Commit
from crypto.mls.errors import DecodeError, MlsError, SnapshotError
from crypto.mls.framing import AuthenticatedContent, MlsMessage
from crypto.mls.group_context import GroupContext
from crypto.mls.key_package import KeyPackage
from crypto.mls.leaf_node import LeafNode
from crypto.mls.ratchet_tree import RatchetTree
from crypto.mls.snapshot import (
    restore_group,
    restore_key_package,
    restore_pending,
    save_epoch,
    save_key_package,
    save_pending,
    save_ratchets,
)
from crypto.mls.welcome import GroupInfo, GroupSecrets, Welcome
from crypto.primitives import sha256
from crypto.rejoin import Rejoin
from crypto.relay_address import Address
from crypto.secret import Secret
from crypto.vault import Vault
from relay import wire
from tests.crypto.mls.assembly import Assembly
from tests.crypto.mls.members import SUITE
from tui.engine.control import ControlError, asker_ear, owner_ear
from tui.engine.control import encode as encode_control
from tui.safe_text import sanitise_block, sanitise_line

MLS: tuple[type[Struct], ...] = (
    MlsMessage,
    AuthenticatedContent,
    KeyPackage,
    LeafNode,
    RatchetTree,
    GroupContext,
    GroupInfo,
    GroupSecrets,
    Welcome,
    Commit,
)
SEALED: tuple[type[Struct], ...] = (
    SignedCard,
    SignedBeat,
    Rejoin,
    EntryRequest,
    InviteProof,
    History,
    Repeats,
    Genesis,
    CircleState,
    Device,
    SignedGlance,
)
"""What is read after it was opened, or out of an MLS extension."""

ASSEMBLY = Assembly("fuzz", 3)
EPOCH, RATCHETS = save_epoch(ASSEMBLY[1]), save_ratchets(ASSEMBLY[1])


def split(data: bytes, among: int) -> tuple[int, bytes]:
    """The first byte chooses one of several; the rest is for it."""
    return (data[0] % among if data else 0), data[1:]


def _struct(kind: type[Struct], data: bytes) -> None:
    try:
        value = kind.decode(data)
    except (DecodeError, PeerError, CircleError):
        return
    assert value.encode() == data


def mls(data: bytes) -> None:
    """The structures of RFC 9420."""
    number, rest = split(data, len(MLS))
    _struct(MLS[number], rest)


def sealed(data: bytes) -> None:
    """Hallway's own structures."""
    number, rest = split(data, len(SEALED))
    _struct(SEALED[number], rest)


def group(data: bytes) -> None:
    """A message for a group, from anybody: what is refused changes nothing."""
    member = ASSEMBLY[1]
    try:
        member.process(data)
    except MlsError:
        assert (save_epoch(member), save_ratchets(member)) == (EPOCH, RATCHETS)
    else:
        # Whatever is tried next finds the group as this message did.
        ASSEMBLY.groups[member.own_leaf] = restore_group(SUITE, EPOCH, RATCHETS)
        raise AssertionError("a message that no member sent was taken")


def frames(data: bytes) -> None:
    """The relay's frames, in both directions."""
    for decode in (wire.decode_from_client, wire.decode_from_relay):
        try:
            found = decode(data)
        except wire.WireError:
            continue
        assert decode(wire.message(*found)) == found


def deltas(data: bytes) -> None:
    """A commit's side data, of which there is one form alone."""
    try:
        found = side_data.decode(data)
    except AccessError:
        return
    assert side_data.encode(found) == data


def envelope(data: bytes) -> None:
    """What is inside of a message."""
    try:
        found = Envelope.decode(data)
    except (DecodeError, PeerError):
        pass
    else:
        assert found.encode() == data
    number, body = split(data, 256)
    try:
        content = read_content(number, body)
    except PeerError:
        return
    again, written = write_content(content)
    assert again == number
    assert read_content(number, written) == content
    assert written == body or not isinstance(content, Unknown)


def codes(data: bytes) -> None:
    """What a person types: codes in every form, and addresses."""
    text = data.decode(errors="surrogateescape")
    try:
        code = read_code(text)
    except CodeError as refused:
        assert str(refused)
    else:
        forms = [code.text()]
        if isinstance(code, SealedCode):
            forms += [code.words(), code.link(), code.qr_text()]
        assert all(read_code(form) == code for form in forms)
    try:
        address = Address.parse(text)
    except CodeError:
        return
    assert Address.parse(str(address)) == address


def sanitiser(data: bytes) -> None:
    """Text from elsewhere, on its way to a terminal."""
    text = data.decode(errors="surrogateescape")
    for clean, also in ((sanitise_line, ""), (sanitise_block, "\n")):
        safe = clean(text)
        assert clean(safe) == safe
        safe.encode()
        for character in safe:
            hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
            assert not hidden or character in "\u200c\u200d" + also
        assert len(safe) <= 12 * len(text) + 12


def snapshots(data: bytes) -> None:
    """What a database holds of a group, with the right checksum."""
    number, rest = split(data, 4)
    stored = Secret(rest + sha256(rest))
    try:
        match number:
            case 0:
                assert save_epoch(restore_group(SUITE, stored, RATCHETS)) == stored
            case 1:
                assert save_ratchets(restore_group(SUITE, EPOCH, stored)) == stored
            case 2:
                assert save_pending(restore_pending(SUITE, stored)) == stored
            case _:
                assert save_key_package(restore_key_package(stored)) == stored
    except SnapshotError:
        pass


def vault(data: bytes) -> None:
    """The file that holds a profile's locked key. It is not opened: that takes its time."""
    try:
        found = Vault.parse(data)
    except VaultError:
        return
    assert found.encode() == data


def control(data: bytes) -> None:
    """What one program says to another over a profile's socket."""
    for ear in (owner_ear(), asker_ear()):
        try:
            for frame in ear.receive(data):
                encode_control(frame)
        except ControlError:
            pass


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
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
