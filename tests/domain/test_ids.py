import uuid

from hypothesis import given
from hypothesis import strategies as st

from kefu.domain.ids import RANDOM_BITS, time_ordered_id
from kefu.records.keys import part, unpart

instants = st.integers(min_value=0, max_value=2**47)
dice = st.integers(min_value=0, max_value=2**RANDOM_BITS - 1)


@given(instants, dice)
def test_an_id_is_a_uuid_of_version_7(now: int, random_bits: int) -> None:
    made = uuid.UUID(time_ordered_id(now, random_bits))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, now)


@given(instants, dice, dice)
def test_ids_sort_by_time(now: int, first: int, second: int) -> None:
    assert time_ordered_id(now, first) < time_ordered_id(now + 1, second)


@given(instants, dice, dice)
def test_other_dice_make_another_id(now: int, first: int, second: int) -> None:
    assert (time_ordered_id(now, first) == time_ordered_id(now, second)) == (first == second)


@given(st.text())
def test_a_part_of_a_key_holds_no_separator_and_comes_back(text: str) -> None:
    spelt = part(text)
    assert "#" not in spelt
    assert unpart(spelt) == text
