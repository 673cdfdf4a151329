"""The store that stands in for a disk in tests keeps to what every store must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.relay.blob_contract import BlobContract
from tests.relay.memory import MemoryStore
from tests.relay.store_contract import Desk, Issue, StoreContract


class TestContract(StoreContract):
    @pytest.fixture
    def stores(self) -> list[MemoryStore]:
        return []

    @pytest.fixture
    def issue(self, stores: list[MemoryStore]) -> Issue:
        def issue(hashed: bytes, uses: int, until: int) -> None:
            stores[0].tokens[hashed] = (uses, until)

        return issue

    @pytest.fixture
    def opened(self, stores: list[MemoryStore]) -> Iterator[Callable[[], Desk]]:
        def opened() -> Desk:
            stores.append(MemoryStore(beside=stores[0] if stores else None))
            return Desk(lambda wake: stores[-1])

        yield opened


class TestBlobs(BlobContract):
    @pytest.fixture
    def opened(self) -> Callable[[], Desk]:
        stores: list[MemoryStore] = []

        def opened() -> Desk:
            stores.append(MemoryStore(beside=stores[0] if stores else None))
            return Desk(lambda wake: stores[-1])

        return opened
