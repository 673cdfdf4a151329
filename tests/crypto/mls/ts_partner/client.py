"""Members that ts-mls plays, in a process of its own that is asked a line at a time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.crypto.mls.ts_partner.installing import PLACE, is_ready, node

HOW = "python -m tests.crypto.mls.ts_partner.installing puts it in place"


class BridgeError(Exception):
    """The partner could not do what it was asked to; the message is its own."""


class Bridge:
    """The process; BridgeError where it can't do what it is asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._last = 0

    def ask(self, what: str, **question: Any) -> dict[str, Any]:
        """One question and its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": what, **question}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise BridgeError(f"{what}: {answer['error']}")
        return answer

    def somebody(self) -> str:
        """A name for another member of theirs."""
        self._last += 1
        return str(self._last)


@contextmanager
def bridge() -> Iterator[Bridge]:
    """The partner; a test without it is skipped, or fails where it is required."""
    program = node()
    if program is None or not is_ready():
        if os.environ.get("HALLWAY_REQUIRE_PARTNER", "") not in ("", "0"):
            pytest.fail(f"no ts-mls (HALLWAY_REQUIRE_PARTNER is set): {HOW}", pytrace=False)
        pytest.skip(f"no ts-mls: {HOW}")
    command = [str(program), str(PLACE / "bridge.mjs")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Bridge(process)
        finally:
            process.kill()


@dataclass
class Theirs:
    """A member that ts-mls plays."""

    bridge: Bridge
    who: str
    leaf: int

    def say(self, data: bytes) -> bytes:
        answer = self.bridge.ask("encrypt", who=self.who, data=data.hex())
        return bytes.fromhex(answer["message"])

    def hear(self, message: bytes) -> bytes:
        answer = self.bridge.ask("process", who=self.who, message=message.hex())
        return bytes.fromhex(answer["said"])

    def follow(self, commit: bytes) -> bool:
        """Process a commit; whether this member is still in."""
        answer = self.bridge.ask("process", who=self.who, message=commit.hex())
        return bool(answer["active"])

    def commit(
        self, add: list[bytes], remove: list[int], *, in_clear: bool
    ) -> tuple[bytes, bytes | None]:
        """A commit, which this member has followed already, and its Welcome."""
        packages = [one.hex() for one in add]
        answer = self.bridge.ask(
            "commit", who=self.who, add=packages, remove=remove, inClear=in_clear
        )
        welcome = answer["welcome"]
        return bytes.fromhex(answer["commit"]), bytes.fromhex(welcome) if welcome else None

    def export(self, label: str, context: bytes, length: int) -> bytes:
        asked = {"label": label, "context": context.hex(), "length": length}
        return bytes.fromhex(self.bridge.ask("export", who=self.who, **asked)["exported"])

    @property
    def authenticator(self) -> bytes:
        return bytes.fromhex(self.bridge.ask("authenticator", who=self.who)["authenticator"])
