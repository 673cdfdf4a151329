"""One JetStream stream, as the store uses it: what is asked of NATS, and what it may answer.

    Unreachable  no answer, or none that is one: what was published may be there or not
    Stale        a conditional publish came too late: the subject has moved, nothing was written
    NoRoom       the stream is full: nothing was written

All three are `ClusterError`s, which are `StoreError`s. Sequences are those of the stream; 0 stands
for "nothing yet". Reads ask the stream's leader, which has all that was acknowledged, or where
`anywhere` is said any server that holds a copy, which may lag behind.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from relay.store.contract import StoreError

TIMEOUT = 1.0
"""Seconds until an answer is not waited for any longer. What was asked is then asked again, which
does no harm; a server that died would be waited for in vain."""

BATCH = 256
BATCH_BYTES = 4 * 1024 * 1024

_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_WRONG_LAST = 10071
_NOT_FOUND = 10037
_NO_STREAM = 10059
_FULL = frozenset({10023, 10047, 10122})
_STORE_FAILED = 10077
_REFUSED = frozenset({10039, 10065, 10074, 10076})
"""No JetStream for this account or at all, subjects that another stream has, too few servers."""


class ClusterError(StoreError):
    """The cluster did not do what was asked of it."""


class Unreachable(ClusterError):
    """No answer that says whether it was done."""


class Stale(ClusterError):
    """The subject stands elsewhere; nothing was written."""


class NoRoom(ClusterError):
    """The cluster has no room for more; nothing was written."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the stream holds under a sequence."""

    subject: str
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be published. With `expected`, only where the subject stands at that sequence;
    with `alone` it takes the place of all that was under its subject."""

    subject: str
    data: bytes
    expected: int | None = None
    alone: bool = False

    def headers(self) -> dict[str, str]:
        found = {} if self.expected is None else {_EXPECTED: str(self.expected)}
        return found | ({"Nats-Rollup": "sub"} if self.alone else {})


class Stream:
    """The stream `name`, which has every subject below `name`."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name
        self.replicas = 0
        self._batches = 0

    async def prepare(self, replicas: int) -> int:
        """Make the stream if it is not there; the sequence that it has come to. ClusterError."""
        try:
            found = await self._ask("STREAM.INFO", {})
        except _Missing:
            wanted = {
                "name": self.name,
                "subjects": [f"{self.name}.>"],
                "storage": "file",
                "discard": "new",
                "num_replicas": replicas,
                "allow_direct": True,
                "allow_atomic": True,
                "allow_rollup_hdrs": True,
            }
            found = await self._ask("STREAM.CREATE", wanted)
        self.replicas = int(found["config"]["num_replicas"])
        return int(found["state"]["last_seq"])

    async def publish(self, draft: Draft) -> int:
        """Its sequence, once it is on the disks of a majority. Stale, NoRoom, Unreachable."""
        return await self._publish(draft.subject, draft.data, draft.headers())

    async def publish_all(self, drafts: Sequence[Draft]) -> int:
        """All of them or none, in one step: the sequence of the last."""
        if len(drafts) == 1:
            return await self.publish(drafts[0])
        self._batches += 1
        # The inbox prefix is this connection's own.
        batch = f"{self._client.new_inbox()[-22:]}{self._batches}"
        *before, last = drafts
        for place, draft in enumerate(before, 1):
            headers = draft.headers() | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(place)}
            try:
                await self._client.publish(draft.subject, draft.data, headers=headers)
            except nats.errors.Error as error:
                raise Unreachable(f"The cluster cannot be reached: {error}.") from error
        headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(drafts))}
        headers |= last.headers() | {"Nats-Batch-Commit": "1"}
        return await self._publish(last.subject, last.data, headers)

    async def _publish(self, subject: str, data: bytes, headers: dict[str, str]) -> int:
        reply = await self._request(subject, data, headers)
        answer = _parsed(reply.data)
        if "error" not in answer:
            return int(answer["seq"])
        code, why = answer["error"].get("err_code"), answer["error"].get("description", "")
        if code == _WRONG_LAST:
            raise Stale(why)
        if code in _FULL or (code == _STORE_FAILED and "maximum" in why):
            raise NoRoom(why)
        raise Unreachable(f"The cluster did not take a message: {why}.")

    async def next(self, subject: str, sequence: int) -> Message | None:
        """The first message under a subject whose sequence is not below this one."""
        return await self._message({"next_by_subj": subject, "seq": sequence})

    async def last(self, subject: str) -> Message | None:
        """The newest message under a subject."""
        return await self._message({"last_by_subj": subject})

    async def _message(self, which: dict[str, Any]) -> Message | None:
        try:
            found = (await self._ask("STREAM.MSG.GET", which))["message"]
        except _Missing:
            return None
        data = base64.b64decode(found.get("data", ""))
        return Message(found["subject"], int(found["seq"]), data)

    async def at_all(self, sequences: Sequence[int]) -> list[Message]:
        """The messages with these sequences, those that are there, from anywhere."""
        found: list[Message] = []
        requests = [{"seq": sequence} for sequence in sequences]
        async for message in self._direct(requests, len(requests)):
            found.append(message)
        missing = set(sequences) - {each.sequence for each in found}
        for sequence in missing:
            # A copy may lag behind, the leader's doesn't.
            late = await self._message({"seq": sequence})
            found += [] if late is None else [late]
        return found

    async def lasts(self, subjects: str) -> list[Message]:
        """The newest message of each subject that fits a pattern, from anywhere."""
        return [each async for each in self._direct_all({"multi_last": [subjects]})]

    async def after(self, subject: str, sequence: int) -> AsyncGenerator[Message, None]:
        """What a subject has beyond a sequence, from anywhere, in order."""
        while True:
            found = 0
            request = {"next_by_subj": subject, "seq": sequence + 1, "batch": BATCH}
            async for each in self._direct_all(request | {"max_bytes": BATCH_BYTES}):
                found, sequence = found + 1, each.sequence
                yield each
            if not found:
                return

    async def _direct_all(self, request: dict[str, Any]) -> AsyncIterator[Message]:
        async for message in self._direct([request], 1):
            yield message

    async def _direct(
        self, requests: Sequence[dict[str, Any]], statuses: int
    ) -> AsyncIterator[Message]:
        """What comes back, until as many requests were answered to their ends."""
        inbox = self._client.new_inbox()
        single = "seq" in requests[0] and "batch" not in requests[0] if requests else False
        try:
            replies = await self._client.subscribe(inbox)
            try:
                for request in requests:
                    subject = f"$JS.API.DIRECT.GET.{self.name}"
                    await self._client.publish(subject, json.dumps(request).encode(), reply=inbox)
                while statuses:
                    message = _direct(await replies.next_msg(timeout=TIMEOUT))
                    if message is None or single:
                        statuses -= 1
                    if message is not None:
                        yield message
            finally:
                await replies.unsubscribe()
        except nats.errors.Error as error:
            raise Unreachable(f"The cluster cannot be read: {error}.") from error

    async def purge(self, subject: str, below: int = 0) -> None:
        """Take away what is under a subject, or of it what is below a sequence."""
        which: dict[str, Any] = {"filter": subject}
        await self._ask("STREAM.PURGE", which | ({"seq": below} if below else {}))

    async def delete(self, sequence: int) -> None:
        """Take a message away, if it is there, and overwrite it."""
        try:
            await self._ask("STREAM.MSG.DELETE", {"seq": sequence})
        except _Missing:
            return

    async def subjects(self, pattern: str) -> list[str]:
        """All subjects that fit and have a message."""
        found: list[str] = []
        while True:
            request = {"subjects_filter": pattern, "offset": len(found)}
            answer = await self._ask("STREAM.INFO", request)
            some = answer["state"].get("subjects") or {}
            found += some
            if not some or len(found) >= answer.get("total", 0):
                return sorted(found)

    async def create_consumer(self, config: dict[str, Any]) -> dict[str, Any]:
        """A consumer of this stream."""
        request = {"stream_name": self.name, "config": config}
        return await self._ask("CONSUMER.CREATE", request)

    def next_of(self, consumer: str) -> str:
        """The subject on which a consumer is asked for what comes next."""
        return f"$JS.API.CONSUMER.MSG.NEXT.{self.name}.{consumer}"

    async def _ask(self, verb: str, request: dict[str, Any]) -> dict[str, Any]:
        subject = f"$JS.API.{verb}.{self.name}"
        answer = _parsed((await self._request(subject, json.dumps(request).encode(), None)).data)
        error = answer.get("error")
        if error is None:
            return answer
        why = error.get("description", "")
        if error.get("err_code") in (_NOT_FOUND, _NO_STREAM) or why == "no message found":
            raise _Missing(why)
        if error.get("err_code") in _REFUSED:
            raise ClusterError(f"The NATS cluster can't have this store: {why}.")
        raise Unreachable(f"The cluster did not answer {verb}: {why}.")

    async def _request(self, subject: str, data: bytes, headers: dict[str, str] | None) -> Msg:
        try:
            return await self._client.request(subject, data, timeout=TIMEOUT, headers=headers)
        except nats.errors.Error as error:
            raise Unreachable(f"The cluster cannot be reached: {error}.") from error


class _Missing(ClusterError):
    """There is no such message, or no such stream."""


def _direct(reply: Msg) -> Message | None:
    """A message that was got directly; None for a status (the end, or that there is none)."""
    headers = reply.headers or {}
    if "Nats-Sequence" not in headers:
        return None
    return Message(headers["Nats-Subject"], int(headers["Nats-Sequence"]), reply.data)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data)
    except ValueError as error:
        raise Unreachable("The cluster's answer cannot be read.") from error
    if not isinstance(answer, dict):
        raise Unreachable("The cluster's answer cannot be read.")
    return answer
