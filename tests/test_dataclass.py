"""Our `dataclass` is the standard library's: whoever uses a class cannot tell which one made it."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from kefu.dataclass import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    row: int
    place: str = "aisle"
    tags: tuple[str, ...] = dataclasses.field(default_factory=tuple)


@dataclass(slots=True)
class Tally:
    name: str
    count: int = 0
    doubled: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.doubled = 2 * self.count


@dataclass(slots=True, eq=False)
class Desk:
    name: str


@dataclass(frozen=True, slots=True)
class Point:
    x: int


@dataclass(frozen=True, slots=True)
class Place(Point):
    name: str


class Theirs:
    """The same classes, made by the standard library."""

    @dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
    class Seat:
        row: int
        place: str = "aisle"
        tags: tuple[str, ...] = dataclasses.field(default_factory=tuple)


def test_equal_fields_make_equal_values() -> None:
    assert Seat(row=1) == Seat(row=1, place="aisle")
    assert Seat(row=1) != Seat(row=2)
    assert Point(1) != Place(1, "door")


def test_a_frozen_value_has_the_hash_that_the_library_gives_it() -> None:
    assert hash(Seat(row=1)) == hash(Seat(row=1)) == hash(Theirs.Seat(row=1))
    assert {Seat(row=1), Seat(row=1)} == {Seat(row=1)}


def test_what_can_change_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Tally("a"))


def test_what_is_compared_by_identity_keeps_its_hash() -> None:
    desk = Desk("a")
    assert desk != Desk("a")
    assert {desk: 1}[desk] == 1


def test_a_value_is_shown_by_its_fields() -> None:
    assert repr(Seat(row=1)) == "Seat(row=1, place='aisle', tags=())"


@pytest.mark.parametrize("named", [{}, {"row": 1, "shelf": 2}])
def test_wrong_arguments_are_refused_in_the_librarys_words(named: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as theirs:
        Theirs.Seat(**named)
    with pytest.raises(TypeError) as ours:
        Seat(**named)
    assert str(ours.value) == str(theirs.value).removeprefix("Theirs.")


def test_a_keyword_is_asked_for_where_the_class_says_so() -> None:
    seat: Any = Seat
    with pytest.raises(TypeError, match="positional"):
        seat(1)


def test_a_frozen_value_is_neither_changed_nor_robbed() -> None:
    seat: Any = Seat(row=1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'row'"):
        seat.row = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'row'"):
        del seat.row
    assert seat.row == 1


def test_what_is_to_be_done_after_the_fields_is_done() -> None:
    assert Tally("a", 4).doubled == 8


def test_a_successor_differs_in_what_is_named() -> None:
    assert dataclasses.replace(Seat(row=1, place="window"), row=2) == Seat(row=2, place="window")


def sent_elsewhere(value: object) -> object:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  our own bytes


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, sent_elsewhere])
@pytest.mark.parametrize("value", [Seat(row=1, tags=("a",)), Tally("a", 2), Place(1, "door")])
def test_a_copy_is_equal(copied: Any, value: object) -> None:
    assert copied(value) == value


def test_a_class_under_another_takes_all_fields() -> None:
    assert Place(1, "door") == Place(x=1, name="door")
    match Place(1, "door"):
        case Place(x, name):
            assert (x, name) == (1, "door")
