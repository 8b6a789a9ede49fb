"""Task ids: UUIDv7 (RFC 9562, 5.7), each greater than the one before it from the same process.

The id carries its millisecond, and `created_at` is that millisecond: ordering by id is ordering by time.
"""

import secrets
import time
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BITS = 74
_LOW_BITS = 62
_VERSION = 7 << 76
_VARIANT = 2 << 62

_last = 0  # the newest (milliseconds, random part) given out, as one number


def new_task_id() -> UUID:
    """Give the next id: of this millisecond, or of the newest one given out if the clock was set back."""
    global _last  # noqa: PLW0603 - the order within one process is the process's own state
    now = (time.time_ns() // 1_000_000) << _RANDOM_BITS
    if now >> _RANDOM_BITS > _last >> _RANDOM_BITS:
        _last = now | secrets.randbits(_RANDOM_BITS - 1)  # the top bit is left as room to count up
    else:
        _last += 1 + secrets.randbits(32)
    return _uuid7(_last >> _RANDOM_BITS, _last & ((1 << _RANDOM_BITS) - 1))


def created_at(task_id: UUID) -> datetime:
    """Give the millisecond that a UUIDv7 carries."""
    return _EPOCH + timedelta(milliseconds=task_id.int >> 80)


def task_id_at(moment: datetime, given: UUID) -> UUID:
    """Give the id for a task of that moment that came with another one: the same each time it comes.

    Within a millisecond, ids follow the microseconds; where there are any, after the ids made here.
    """
    low = int.from_bytes(blake2b(given.bytes, digest_size=8).digest()) >> (64 - _LOW_BITS)
    milliseconds, fraction = _parts(moment)
    return _uuid7(milliseconds, fraction << _LOW_BITS | low)


def is_of(task_id: UUID, moment: datetime) -> bool:
    """Tell whether an id is a UUIDv7 of just that moment."""
    milliseconds, fraction = _parts(moment)
    return (
        task_id.version == 7  # noqa: PLR2004 - that version it is
        and task_id.int >> 80 == milliseconds
        and fraction in {0, task_id.int >> 64 & 0xFFF}
    )


def _parts(moment: datetime) -> tuple[int, int]:
    """Give a moment's milliseconds, and what stands for its microseconds in the id: 0, or 2050 to 4046.

    The ids that are made here have less than 2048 there: their top random bit is the room to count up.
    """
    milliseconds, microseconds = divmod((moment - _EPOCH) // timedelta(microseconds=1), 1000)
    return milliseconds, microseconds and 2048 + 2 * microseconds


def _uuid7(milliseconds: int, random: int) -> UUID:
    high, low = random >> _LOW_BITS, random & ((1 << _LOW_BITS) - 1)
    return UUID(int=milliseconds << 80 | _VERSION | high << 64 | _VARIANT | low)
