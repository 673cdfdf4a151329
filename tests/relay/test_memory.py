"""The store that stands in for a disk in tests keeps to what every store must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.relay.memory import MemoryStore
from tests.relay.store_contract import Desk, StoreContract


class TestContract(StoreContract):
    @pytest.fixture
    def opened(self) -> Iterator[Callable[[], Desk]]:
        stores: list[MemoryStore] = []

        def opened() -> Desk:
            stores.append(MemoryStore(beside=stores[0] if stores else None))
            return Desk(lambda wake: stores[-1])

        yield opened
