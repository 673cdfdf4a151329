"""Opening a circle: what the founder's MLS group is created with.

docs/protocol.md section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.access.side_data import RETENTION_USUAL
from crypto.circle.arriving import key_package
from crypto.circle.device import Identity
from crypto.circle.errors import MisuseError
from crypto.circle.extensions import context_extensions
from crypto.circle.genesis import Genesis
from crypto.circle.names import circle_name, circle_topic, device_label, person_name
from crypto.circle.state import (
    CircleState,
    Door,
    MemberRecord,
)
from crypto.errors import FieldError
from crypto.mls.cipher_suite import CipherSuite
from crypto.mls.extensions import Extension
from crypto.mls.key_package import KeyPackageSecrets
from crypto.primitives import Rng
from crypto.relay_address import RelayAddress
from crypto.secret import Secret

CAP_USUAL = 8


@dataclass(frozen=True, slots=True)
class Founding:
    """A circle that is about to be: what `Group.create` takes.

    `circle_id` is the MLS group id, `member` the founder's own key package, `extensions` are those
    of the GroupContext, made from `genesis` and `state`.
    """

    circle_id: bytes
    genesis: Genesis
    state: CircleState
    member: KeyPackageSecrets
    extensions: tuple[Extension, ...]


def found(
    suite: CipherSuite,
    identity: Identity,
    *,
    person: str,
    circle: str,
    relay: RelayAddress,
    relay_key: bytes,
    rng: Rng,
    now: int,
    label: str = "",
    topic: str = "",
    cap: int = CAP_USUAL,
    door: Door = Door.CODE,
    history: int = 0,
) -> Founding:
    """A new circle with one member, a host, on `cap` chairs; `now` in milliseconds since 1970.

    MisuseError with a sentence where a name or a number is not possible.
    """
    member = identity.member.public
    try:
        genesis = Genesis(member, cap, now, rng(16))
        state = CircleState(
            name=circle_name(circle),
            topic=circle_topic(topic),
            cap=cap,
            hosts=(member,),
            door=door,
            history=history,
            retention=RETENTION_USUAL,  # as the relay takes it, which is told of another only
            disappear=0,
            presence=False,
            heard=False,
            relays=(relay,),
            relay_key=relay_key,
            invites=(),
            beacon_key=Secret(rng(32)),
            next_join_number=1,
            members=(MemberRecord(member, 0, 0, b"", b""),),
        )
    except FieldError as error:
        raise MisuseError(f"That is not possible here: {error}.") from error
    circle_id = genesis.circle_id()
    device = identity.device(circle_id, person_name(person), device_label(label))
    return Founding(
        circle_id,
        genesis,
        state,
        key_package(suite, member, identity.leaf, device, rng, now),
        context_extensions(genesis, state),
    )
