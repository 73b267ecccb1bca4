"""A thousand seeds of the desk under fire, and every seed that ever found something."""

from pathlib import Path

import pytest

from kefu.testing.rule_play import RULE_SEEDS
from kefu.testing.simulated_world import BOT_SEEDS, CHAIN_SEEDS, DEADLINE_SEEDS, HOURS_SEEDS
from kefu.testing.simulation import play

SEEDS = 1_000
SEEDS_WITH_BOT = 300
SEEDS_WITH_CHAINS = 300
SEEDS_WITH_HOURS = 300
SEEDS_WITH_TIMEOUTS = 200
SEEDS_WITH_RULES = 100
BATCH = 50
FOUND = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "found_seeds.txt").read_text().splitlines()
    if line[0].isdigit()
]


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_seed_breaks_a_law(first: int) -> None:
    found = [finding for seed in range(first, first + BATCH) if (finding := play(seed))]
    assert not found


@pytest.mark.parametrize("first", range(BOT_SEEDS, BOT_SEEDS + SEEDS_WITH_BOT, BATCH))
def test_no_seed_with_a_bot_and_ratings_breaks_a_law(first: int) -> None:
    found = [finding for seed in range(first, first + BATCH) if (finding := play(seed))]
    assert not found


@pytest.mark.parametrize("first", range(CHAIN_SEEDS, CHAIN_SEEDS + SEEDS_WITH_CHAINS, BATCH))
def test_no_seed_with_overflow_chains_breaks_a_law(first: int) -> None:
    found = [finding for seed in range(first, first + BATCH) if (finding := play(seed))]
    assert not found


@pytest.mark.parametrize("first", range(HOURS_SEEDS, HOURS_SEEDS + SEEDS_WITH_HOURS, BATCH))
def test_no_seed_with_hours_and_left_messages_breaks_a_law(first: int) -> None:
    found = [finding for seed in range(first, first + BATCH) if (finding := play(seed))]
    assert not found


@pytest.mark.parametrize("first", range(DEADLINE_SEEDS, DEADLINE_SEEDS + SEEDS_WITH_TIMEOUTS, BATCH))
def test_no_seed_with_time_outs_breaks_a_law_and_every_session_ends_in_one_way(first: int) -> None:
    found = [finding for seed in range(first, first + BATCH) if (finding := play(seed))]
    assert not found


@pytest.mark.parametrize("first", range(RULE_SEEDS, RULE_SEEDS + SEEDS_WITH_RULES, BATCH))
def test_no_seed_with_binding_rules_breaks_a_law(first: int) -> None:
    found = [finding for seed in range(first, first + BATCH) if (finding := play(seed))]
    assert not found


@pytest.mark.parametrize("seed", FOUND)
def test_no_found_seed_breaks_a_law_again(seed: int) -> None:
    assert play(seed) is None
