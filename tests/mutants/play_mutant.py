"""A process of its own: imports one module with a fault in it and plays a day and then seeds until a law notices.

Prints the law that was broken, or `survived`.
"""

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from faults_by_hand import MUTANTS, Mutant


class FaultyLoader(SourceFileLoader):
    mutant: Mutant

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname) or ""
        assert source.count(self.mutant.right) == 1, f"{self.mutant.name}: {self.mutant.module} reads otherwise by now"
        code: CodeType = compile(source.replace(self.mutant.right, self.mutant.wrong), self.path, "exec")
        return code


class FaultyFinder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert isinstance(spec.loader, Loader)
        loader = FaultyLoader(fullname, str(spec.origin))
        loader.mutant = self._mutant
        return importlib.util.spec_from_loader(fullname, loader)


def main(number: int, seeds: int, off: tuple[str, ...]) -> str:
    sys.meta_path.insert(0, FaultyFinder(MUTANTS[number]))
    from scripted_day import play_day  # noqa: PLC0415

    from kefu.testing.laws import LawBroken  # noqa: PLC0415  only now, with the fault in it
    from kefu.testing.simulation import simulate  # noqa: PLC0415

    first = MUTANTS[number].first_seed
    plays: list[Callable[[], Coroutine[Any, Any, object]]] = [partial(play_day, off)]
    plays.extend(partial(simulate, seed, off=off) for seed in range(first, first + seeds))
    for play in plays:
        try:
            asyncio.run(play())
        except LawBroken as broken:
            return broken.law
        except Exception as crash:  # noqa: BLE001  a mutant may do anything
            return f"{type(crash).__name__}: {crash}"
    return "survived"


if __name__ == "__main__":
    print(main(int(sys.argv[1]), int(sys.argv[2]), tuple(sys.argv[3:])))  # noqa: T201  the test reads it
