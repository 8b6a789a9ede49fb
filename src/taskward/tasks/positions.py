"""Positions: fractional index keys, compared by code points; pure arithmetic, see docs/ordering.md.

A key is an integer part and a fraction, as in the package `fractional-indexing`: the first letter, the head,
says how many digits the integer has. So clients that use it can go on from the keys made here. But any text
of letters and digits is accepted as a neighbour.
"""

import secrets
from typing import Final
from uuid import UUID

from taskward.ids import new_id

MAX_KEY_LENGTH: Final = 100
DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SMALL_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Used between keys without capitals, which keep their order where case is ignored. Heads are not digits."""

JITTER: Final = 1 << 30
"""The keys from which one is taken at random, so that two devices rarely make the same."""

MIN_DISTANCE: Final = 2
"""Between keys of the greatest length: one that would end in 0 is greater by one."""

_JITTER_DIGITS: Final = 6
_VALUES: Final = {
    digits: bytes.maketrans(digits.encode(), bytes(range(len(digits)))) for digits in (DIGITS, SMALL_DIGITS)
}
_HEADS: Final = DIGITS[10:]
_POSITIVE: Final = len(_HEADS) // 2
"""The index of `a`, the head of the shortest integers from zero on. Those of `Z` are below it."""


def default_key(task_id: UUID) -> str:
    """Returns the position of a task that was never placed; such positions are in the order of ids."""
    return f"m{task_id.hex}h"


def key_between(left: str | None, right: str | None) -> str | None:
    """Returns a key after `left` and before `right`, if there are such; None if there is no room."""
    keys = keys_between(left, right, 1)
    return keys[0] if keys else None


def keys_between(left: str | None, right: str | None, count: int) -> list[str] | None:
    """Returns `count` keys in order, after `left` and before `right`, if there are such; None without room.

    Between two keys they are spread evenly; on the open side of one, each has the next integer. No key is
    made before there is known to be room for all.
    """
    if not count:
        return []
    if left is not None and right is not None:
        return _spread(left, right, count)
    if left is None and right is None:
        first = default_key(new_id())
        return [first, *_row(first, 1, count - 1)]
    row = _row(left, 1, count) if right is None else _row(right, -1, count)[::-1]
    return row if len(row) == count else _spread(left or "", right, count)


def _row(key: str | None, step: int, count: int) -> list[str]:
    """Returns `count` keys, each of the integer next to the last one; fewer where the integers end."""
    row: list[str] = []
    while key is not None and len(row) < count and (key := _beside(key, step)) is not None:
        row.append(key)
    return row


def _beside(key: str, step: int) -> str | None:
    """Returns a key of the next integer, or with -1 of the one before; None if there is none."""
    digits = _digits_of(key)
    length = _integer_length(key[0])
    if not length or length > len(key):
        return None
    integer = _next_integer(key[:length], step, digits)
    if integer is None or len(integer) + _JITTER_DIGITS > MAX_KEY_LENGTH:
        return None
    return integer + _random(digits, _JITTER_DIGITS - 1) + secrets.choice(digits[1:])


def _next_integer(integer: str, step: int, digits: str) -> str | None:
    """Returns the integer after (1) or before (-1); None beyond the greatest and the smallest."""
    base = len(digits)
    value = _number(integer[1:].encode().translate(_VALUES[digits]), base) + step
    if 0 <= value < base ** (len(integer) - 1):
        return integer[0] + _text(value, len(integer) - 1, digits)
    head = _HEADS.index(integer[0]) + step
    if not 0 <= head < len(_HEADS):
        return None
    return _HEADS[head] + digits[0 if step > 0 else -1] * (_integer_length(_HEADS[head]) - 1)


def _spread(left: str, right: str | None, count: int) -> list[str] | None:
    """Returns keys evenly between two, taken as fractions; None stands for the end, "" for the beginning.

    Each is taken at random from the numbers near its point.
    """
    digits = _digits_of(left, right or "")
    low, high = _values(left, digits), _values(right, digits)
    length = _length_with_room(low, high, len(digits), count)
    if length is None:
        return None
    start, end = (_number(values[:length], len(digits)) for values in (low, high))
    distance = (end - start) // (count + 1)
    points = (start + (end - start) * n // (count + 1) for n in range(1, count + 1))
    return [_near(point, distance, length, digits) for point in points]


def _length_with_room(low: bytes, high: bytes, base: int, count: int) -> int | None:
    """Returns how many digits give room for `count` keys with jitter, or just room; None if none does."""
    room = 0
    for place in range(_first_difference(low, high), MAX_KEY_LENGTH):
        room = room * base + high[place] - low[place]
        if room >= (count + 1) * JITTER:
            return place + 1
    return MAX_KEY_LENGTH if room >= (count + 1) * MIN_DISTANCE else None


def _first_difference(low: bytes, high: bytes) -> int:
    """Returns the first place at which two differ, without a step for each place before it."""
    different = int.from_bytes(low) ^ int.from_bytes(high)
    return len(low) - (different.bit_length() + 7) // 8


def _near(point: int, distance: int, length: int, digits: str) -> str:
    """Returns a key of these digits less than half the distance from a point; it does not end in 0."""
    base = len(digits)
    jitter = min(JITTER, distance - 1)
    value = point - jitter // 2 + secrets.randbelow(jitter)
    head, rest = divmod(value + (value % base == 0), base ** (length - 1))
    return _completed(DIGITS[head] + _text(rest, length - 1, digits), digits)


def _completed(key: str, digits: str) -> str:
    """Returns a key with as many digits as its head demands."""
    missing = _integer_length(key[0]) - len(key)
    return key + _random(digits, missing) if missing > 0 else key


def _integer_length(head: str) -> int:
    """Returns the length of the integer part, its head included; 0 if this is no head."""
    index = _HEADS.find(head)
    if index < 0:
        return 0
    return index - _POSITIVE + 2 if index >= _POSITIVE else _POSITIVE - index + 1


def _digits_of(*keys: str) -> str:
    """Returns the digits of keys, except for their heads."""
    rest = "".join(key[1:] for key in keys)
    return SMALL_DIGITS if rest == rest.lower() else DIGITS


def _values(key: str | None, digits: str) -> bytes:
    """Returns the values of the digits of a key, as many as the longest has; None stands for the end."""
    if key is None:
        return bytes([len(DIGITS)]).ljust(MAX_KEY_LENGTH, b"\0")
    head, rest = key[:1].encode(), key[1:].encode()
    return (head.translate(_VALUES[DIGITS]) + rest.translate(_VALUES[digits])).ljust(MAX_KEY_LENGTH, b"\0")


def _number(values: bytes, base: int) -> int:
    number = 0
    for value in values:
        number = number * base + value
    return number


def _text(value: int, length: int, digits: str) -> str:
    places = []
    for _ in range(length):
        value, digit = divmod(value, len(digits))
        places.append(digits[digit])
    return "".join(reversed(places))


def _random(digits: str, length: int) -> str:
    return "".join(secrets.choice(digits) for _ in range(length))
