"""Positions: fractional index keys, compared by code points; pure arithmetic, see docs/ordering.md.

A key is an integer part and a fraction, as in the package `fractional-indexing`: the first letter, the head,
says how many digits the integer has. So clients that use it can go on from the keys made here. But any text
of letters and digits is accepted as a neighbour.
"""

import secrets
from typing import Final
from uuid import UUID

from taskward.tasks.ids import new_task_id

MAX_KEY_LENGTH: Final = 100
DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SMALL_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Used between keys without capitals, which keep their order where case is ignored. Heads are not digits."""

JITTER: Final = 1 << 30
"""The keys from which one is taken at random, so that two devices rarely make the same."""

_JITTER_DIGITS: Final = 6
_HEADS: Final = DIGITS[10:]
_POSITIVE: Final = len(_HEADS) // 2
"""The index of `a`, the head of the shortest integers from zero on. Those of `Z` are below it."""


def default_key(task_id: UUID) -> str:
    """Returns the position of a task that was never placed; such positions are in the order of ids."""
    return f"m{task_id.hex}h"


def key_between(left: str | None, right: str | None) -> str | None:
    """Returns a key after `left` and before `right`, if there are such; None if there is no room."""
    if left is not None and right is not None:
        return _middle(left, right)
    if left is not None:
        return _beside(left, 1) or _middle(left, None)
    if right is not None:
        return _beside(right, -1) or _middle("", right)
    return default_key(new_task_id())


def keys_between(left: str | None, right: str | None, count: int) -> list[str] | None:
    """Returns `count` keys in order, spread over the room between two others; None if it is too little."""
    if not count:
        return []
    middle = key_between(left, right)
    if middle is None:
        return None
    before = keys_between(left, middle, count // 2)
    after = keys_between(middle, right, count - count // 2 - 1)
    return None if before is None or after is None else [*before, middle, *after]


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
    value = _number(integer[1:], digits) + step
    if 0 <= value < base ** (len(integer) - 1):
        return integer[0] + _text(value, len(integer) - 1, digits)
    head = _HEADS.index(integer[0]) + step
    if not 0 <= head < len(_HEADS):
        return None
    return _HEADS[head] + digits[0 if step > 0 else -1] * (_integer_length(_HEADS[head]) - 1)


def _middle(left: str, right: str | None) -> str | None:
    """Returns a key in the middle between two, both taken as fractions."""
    digits = _digits_of(left, right or "")
    base = len(digits)
    low = DIGITS.index(left[0]) if left else 0
    high = len(DIGITS) if right is None else DIGITS.index(right[0])
    length = 1
    while high - low < 2 * JITTER and length < MAX_KEY_LENGTH:
        low = low * base + _digit(left, length, digits)
        high = high * base + _digit(right or "", length, digits)
        length += 1
    if high - low < 4:  # noqa: PLR2004 - between, and not at the end of the last digit
        return None
    jitter = min(JITTER, (high - low) // 2)
    value = low + (high - low - jitter) // 2 + secrets.randbelow(jitter)
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


def _digit(key: str, place: int, digits: str) -> int:
    return digits.index(key[place]) if place < len(key) else 0


def _number(text: str, digits: str) -> int:
    value = 0
    for place in range(len(text)):
        value = value * len(digits) + _digit(text, place, digits)
    return value


def _text(value: int, length: int, digits: str) -> str:
    places = []
    for _ in range(length):
        value, digit = divmod(value, len(digits))
        places.append(digits[digit])
    return "".join(reversed(places))


def _random(digits: str, length: int) -> str:
    return "".join(secrets.choice(digits) for _ in range(length))
