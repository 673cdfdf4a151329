"""One consumer over many subjects: what others write is heard in the order of the stream.

The consumer is kept in the server's memory and goes when nobody asks any more. Where it is gone, as
after its server was, another one begins behind the last message that was heard.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import nats.errors
from nats.aio.client import Client

from relay.store.cluster.stream import Message, Stream, Unreachable

AT_ONCE = 1000
EXPIRES = 20.0
HEARTBEAT = 2.0
SECOND = 1_000_000_000

_HEARTBEAT, _NOTHING, _TIME_IS_UP = "100", "404", "408"


class Following:
    """The messages of `subjects` from behind `heard` on."""

    def __init__(self, client: Client, stream: Stream, subjects: str, heard: int) -> None:
        self._client = client
        self._stream = stream
        self._subjects = subjects
        self.heard = heard

    async def messages(self) -> AsyncIterator[Message]:
        """One after the other; Unreachable where another consumer is to be asked for."""
        config = {
            "filter_subject": self._subjects,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self.heard + 1,
            "ack_policy": "none",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": int(2 * EXPIRES * SECOND),
        }
        consumer = (await self._stream.create_consumer(config))["name"]
        inbox = self._client.new_inbox()
        try:
            replies = await self._client.subscribe(inbox)
            try:
                while True:
                    await self._ask(consumer, inbox)
                    left = AT_ONCE
                    while left:
                        message = await replies.next_msg(timeout=2 * HEARTBEAT + 1)
                        status = (message.headers or {}).get("Status")
                        if status == _HEARTBEAT:
                            continue
                        if status in (_NOTHING, _TIME_IS_UP):
                            break
                        if status is not None:
                            raise Unreachable(f"The cluster's consumer ended: {status}.")
                        left -= 1
                        self.heard = message.metadata.sequence.stream
                        yield Message(message.subject, self.heard, message.data)
            finally:
                await replies.unsubscribe()
        except nats.errors.Error as error:
            raise Unreachable(f"The cluster cannot be listened to: {error}.") from error

    async def _ask(self, consumer: str, inbox: str) -> None:
        request: dict[str, Any] = {
            "batch": AT_ONCE,
            "expires": int(EXPIRES * SECOND),
            "idle_heartbeat": int(HEARTBEAT * SECOND),
        }
        subject = self._stream.next_of(consumer)
        await self._client.publish(subject, json.dumps(request).encode(), reply=inbox)
