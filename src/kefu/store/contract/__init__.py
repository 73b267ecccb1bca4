"""The law book of the store: a backend is one if, and only if, it passes this suite.

Subclass `StoreContract` in a test module and give it a fixture `store`; pytest does the rest. No law asks which
backend it runs on.
"""

from kefu.store.contract.changes import ChangesContract
from kefu.store.contract.commits import CommitContract
from kefu.store.contract.races import RaceContract
from kefu.store.contract.reads import ReadContract


class StoreContract(ReadContract, CommitContract, RaceContract, ChangesContract):
    pass


__all__ = ["StoreContract"]
