"""The rule of an optional field: how a change is merged with what is stored, and which columns it fills."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from taskward.http.errors import FieldError

Values: TypeAlias = Mapping[str, Any]
"""Values of optional fields, by name."""


class Change(NamedTuple):
    """A valid change of a task: what is stored, what is given, and what is merged so far, rule by rule."""

    stored: Values
    given: Values
    merged: Values


@dataclass(frozen=True, slots=True)
class FieldRule:
    """The rule of one field, which is given, stored and answered under its name.

    A field without a value is absent. `0` and `false` are values; null and what is empty are not.
    """

    name: str
    merge: Callable[[Change], Any] | None = None
    """Returns the value after a change; without it, the given value replaces the stored one."""

    problems: Callable[[Change], Iterable[FieldError]] | None = None
    """Returns why the merged value cannot be stored; without it, every given value can."""

    also_given: frozenset[str] = frozenset()
    """Further keys of a request on which the value depends."""

    columns: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """The columns of `tasks` that are made of the value, beside `extra`; null without a value."""


def present(values: Values, keeping: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    """Returns the fields with a value, and those to keep; null and what is empty are none."""
    return {name: value for name, value in values.items() if value or value == 0 or name in keeping}
