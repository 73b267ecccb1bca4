from dataclasses import replace
from random import Random

import pytest

from kefu.store.contract import StoreContract
from kefu.store.memory import MemoryStore
from kefu.testing.faults import ROUGH, FaultyStore, PatientStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestMemoryStoreUnderFaults(StoreContract):
    """Asked again as the port says, a store that shows every fault keeps every law."""

    @pytest.fixture
    def store(self) -> PatientStore:
        rates = replace(ROUGH, stale_listing=0)  # a listing may be stale for good; the laws ask for the present
        return PatientStore(FaultyStore(MemoryStore(), Random(20_261_121), rates))
