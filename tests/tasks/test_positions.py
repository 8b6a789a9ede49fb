"""docs/contract.md#lists-subtasks-and-order: the arithmetic of positions."""

import random
import secrets
from itertools import pairwise
from typing import Final
from unittest.mock import Mock
from uuid import UUID

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from taskward.ids import new_id
from taskward.tasks import positions
from taskward.tasks.positions import (
    DIGITS,
    MAX_KEY_LENGTH,
    SMALL_DIGITS,
    default_key,
    key_between,
    keys_between,
)

KEYS: Final = st.text(DIGITS, min_size=1, max_size=MAX_KEY_LENGTH)
SHORT_KEYS: Final = st.text("019AZaz", min_size=1, max_size=4)
IDS: Final = st.integers(0, (1 << 48) - 1).flatmap(
    lambda milliseconds: st.integers(0, (1 << 74) - 1).map(
        lambda low: UUID(
            int=milliseconds << 80 | 7 << 76 | (low >> 62) << 64 | 2 << 62 | low & ((1 << 62) - 1)
        )
    )
)


@given(IDS, IDS)
def test_default_keys_are_in_the_order_of_ids(one: UUID, other: UUID) -> None:
    assert (default_key(one) < default_key(other)) == (one < other)


def test_a_default_key_is_made_of_the_id() -> None:
    task_id = UUID("019a9f2b-7c4d-7a8e-9b0c-1d2e3f4a5b6c")

    assert default_key(task_id) == "m019a9f2b7c4d7a8e9b0c1d2e3f4a5b6ch"


@given(st.one_of(KEYS, SHORT_KEYS), st.one_of(KEYS, SHORT_KEYS))
@example("a", "a0")
@example("a0", "a00")
@example("a", "b")
@example("Zz", "a0")
@example("a" * 100, "b" * 100)
@example("z" * 100, "z" * 99)
@example("0", "00")
def test_a_key_between_two_is_between_them(one: str, other: str) -> None:
    left, right = sorted((one, other))

    key = key_between(left, right)

    if left == right:
        assert key is None
    if key is not None:
        assert left < key < right
        assert len(key) <= MAX_KEY_LENGTH
        assert set(key) <= set(DIGITS)


@given(SHORT_KEYS, SHORT_KEYS)
def test_there_is_no_room_only_where_the_keys_leave_none(one: str, other: str) -> None:
    left, right = sorted((one, other))

    if key_between(left, right) is None:
        assert right == left or set(right.removeprefix(left)) <= {"0"}, "there is a key between them"


@given(st.one_of(KEYS, SHORT_KEYS))
@example("z" * MAX_KEY_LENGTH)
@example("A" + "0" * 26)
@example("0")
@example("00")
@example("zzzzzzzzzzzzzzzzzzzzzzzzzzzzz")
def test_a_key_beside_one_is_on_that_side(key: str) -> None:
    before, after = key_between(None, key), key_between(key, None)

    assert before is not None or len(key) > 90 or set(key) <= {"0"}
    assert after is not None or len(key) > 90
    assert before is None or before < key
    assert after is None or key < after


def test_keys_made_of_defaults_have_no_capitals() -> None:
    keys = sorted(default_key(new_id()) for _ in range(4))

    for _ in range(300):
        place = random.randrange(len(keys) + 1)  # noqa: S311 - not a secret
        key = key_between(keys[place - 1] if place else None, keys[place] if place < len(keys) else None)
        assert key is not None
        keys.insert(place, key)

    assert keys == sorted(keys) == sorted(keys, key=str.casefold)
    assert set("".join(keys)) <= set(SMALL_DIGITS)


@pytest.mark.parametrize("side", ["after the same", "before the same", "alternating"])
def test_four_hundred_insertions_into_one_gap_find_room(side: str) -> None:
    left, right = "m019a9f2b7c4d7a8e9b0c1d2e3f4a5b6ch", "m019a9f2b7cff7a8e9b0c1d2e3f4a5b6ch"

    for n in range(400):
        key = key_between(left, right)
        assert key is not None, f"no room after {n}"
        if side == "before the same" or (side == "alternating" and n % 2):
            left = key
        else:
            right = key


def test_the_first_place_can_be_taken_without_end() -> None:
    key = default_key(new_id())

    for _ in range(2000):
        before = key_between(None, key)
        assert before is not None
        assert before < key
        assert len(before) <= 20
        key = before


def test_two_devices_do_not_make_the_same_key() -> None:
    left, right = sorted(default_key(new_id()) for _ in range(2))

    # Two of 2,000 are the same in one of 500 runs, two pairs in one of 500,000.
    assert len({key_between(left, right) for _ in range(2000)}) >= 1999
    assert len({key_between(None, left) for _ in range(2000)}) >= 1999


@given(st.one_of(st.none(), KEYS), st.one_of(st.none(), KEYS), st.integers(0, 101))
@settings(max_examples=50)
def test_several_keys_between_two_are_in_order(one: str | None, other: str | None, count: int) -> None:
    left, right = (one, other) if one is None or other is None else sorted((one, other))
    assume(left is None or left != right)

    keys = keys_between(left, right, count)

    if keys is not None:
        bounds = [*([] if left is None else [left]), *keys, *([] if right is None else [right])]
        assert len(keys) == count
        assert all(before < after for before, after in pairwise(bounds))


def test_no_key_is_made_where_there_is_no_room_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = "m" + "Z" * 98 + "1", "m" + "Z" * 98 + "9"
    made = Mock(wraps=secrets.randbelow)
    monkeypatch.setattr(secrets, "randbelow", made)

    assert keys_between(left, right, 4) is None
    made.assert_not_called()
    assert len(keys_between(left, right, 3) or ()) == made.call_count == 3


def test_a_key_has_as_many_digits_as_its_head_demands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "JITTER", 2)
    for left, right in [("a5", "z" * 27), ("A" + "0" * 26 + "V", "a0"), ("b00", "e00001"), ("Zz", "c000")]:
        key = key_between(left, right)
        assert key is not None
        assert positions._integer_length(key[0]) <= len(key)
