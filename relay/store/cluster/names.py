"""The subjects of a stream: where each thing is found.

    <name>.relay.key                          the relay's key
    <name>.token.<hash>                       an operator's token: [uses, until]
    <name>.invite.<id>                        the circle that opened an invite
    <name>.<circle>.log                       a circle's log, of `events`
    <name>.<circle>.slot.<access key>         a device's cursor and beat
    <name>.<circle>.card.<hash>.<part>        a card or Welcome, in parts
    <name>.<circle>.hand.<hash>.<access key>  how much a device has handed in of a blob
    <name>.<circle>.data.<hash>.<access key>  the chunks of it

All but the logs and the chunks hold one message a subject. In hexadecimal.
"""

from __future__ import annotations


class Names:
    """The subjects below `name`."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def key(self) -> str:
        return f"{self._name}.relay.key"

    @property
    def logs(self) -> str:
        """The logs of all circles."""
        return f"{self._name}.*.log"

    def token(self, hash: bytes) -> str:
        return f"{self._name}.token.{hash.hex()}"

    @property
    def tokens(self) -> str:
        """All tokens."""
        return f"{self._name}.token.*"

    def invite(self, invite: bytes) -> str:
        return f"{self._name}.invite.{invite.hex()}"

    def log(self, circle: bytes) -> str:
        return f"{self._name}.{circle.hex()}.log"

    def slot(self, circle: bytes, access_key: bytes) -> str:
        return f"{self._name}.{circle.hex()}.slot.{access_key.hex()}"

    def slots(self, circle: bytes) -> str:
        return f"{self._name}.{circle.hex()}.slot.*"

    def card(self, circle: bytes, hash: bytes, part: int | None = None) -> str:
        """One part, or all of them."""
        return f"{self._name}.{circle.hex()}.card.{hash.hex()}.{'*' if part is None else part}"

    def hand(self, circle: bytes, hash: bytes, device: bytes) -> str:
        return f"{self._name}.{circle.hex()}.hand.{hash.hex()}.{device.hex()}"

    def hands(self, circle: bytes) -> str:
        return f"{self._name}.{circle.hex()}.hand.*.*"

    def data(self, circle: bytes, hash: bytes, device: bytes) -> str:
        return f"{self._name}.{circle.hex()}.data.{hash.hex()}.{device.hex()}"


def circle_of(subject: str) -> bytes:
    """The circle whose subject it is."""
    return bytes.fromhex(subject.split(".")[-2])


def last_part(subject: str) -> bytes:
    """What the subject ends with: of a slot or a hand the access key."""
    return bytes.fromhex(subject.rsplit(".", 1)[-1])
