"""Bounds on messages, parts of which the SDK repeats, and all of which it reads on the event loop."""

from typing import Any, Final

from taskward.http.errors import FieldError

MAX_NAME: Final = 256
"""Characters of the id and of the method of a message."""

MAX_VALUES: Final = 5_000
"""Values of a message, on all levels. 25 tasks with all their fields have 2,800."""

TOO_MANY_VALUES: Final = f"A message cannot have more than {MAX_VALUES} values"


def message_problems(message: dict[str, Any]) -> list[FieldError]:
    """Returns what is wrong with the size of a message's parts."""
    problems = [
        FieldError(name, f"It cannot exceed {MAX_NAME} characters")
        for name in ("id", "method")
        if isinstance(message.get(name), str) and len(message[name]) > MAX_NAME
    ]
    return problems + ([FieldError("body", TOO_MANY_VALUES)] if _has_too_many_values(message) else [])


def _has_too_many_values(message: dict[str, Any]) -> bool:
    """Counts the values level by level, up to the limit: the SDK reads each of them several times."""
    number = 0
    level: list[Any] = [message]
    while level:
        number += sum(map(len, level))
        if number > MAX_VALUES:
            return True
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return False
