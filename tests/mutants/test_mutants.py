"""Each fault made by hand is noticed by the law named beside it; without that law, some get through."""

import subprocess
import sys
from pathlib import Path

import pytest
from faults_by_hand import MUTANTS, PRESUPPOSED_BY, SURVIVES_WITHOUT, Mutant

SEEDS = 500
SEEDS_WITHOUT = 30
PLAY = Path(__file__).parent / "play_mutant.py"
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


def play(mutant: Mutant, seeds: int, *off: str) -> str:
    """In a process of its own, so that the fault stays there."""
    command = [sys.executable, str(PLAY), str(MUTANTS.index(mutant)), str(seeds), *off]
    played = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  this very folder's file
    return played.stdout.strip()


def number(law: str) -> str:
    """L7 has parts: of rest, of who is gone, of order. Which of them is asked first does not matter."""
    return law.split(maxsplit=1)[0]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_law_notices(mutant: Mutant) -> None:
    assert number(play(mutant, SEEDS)) == number(mutant.law)


@pytest.mark.parametrize("law", SURVIVES_WITHOUT)
def test_without_the_law_a_fault_gets_through(law: str) -> None:
    mutant = BY_NAME[SURVIVES_WITHOUT[law]]
    assert mutant.law == law
    assert play(mutant, SEEDS_WITHOUT, law, *PRESUPPOSED_BY.get(law, ())) == "survived"
