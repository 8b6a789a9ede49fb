"""The filters of a list: which condition each parameter becomes, and the conditions in SQL."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, or_, select

from taskward.database.functions import any_of, is_false
from taskward.database.types import CodePointText, Counters, Id, Instant
from taskward.tasks.fields.labels import folded_label
from taskward.tasks.filter_values import ClockTime, Reference
from taskward.tasks.tables import LISTS, TASK_LABELS, TASKS
from taskward.users.statements import OWNER


class Filter(NamedTuple):
    """One of the `CONDITIONS`, with its values by name."""

    condition: str
    values: tuple[tuple[str, Any], ...] = ()


def _list_filter(reference: Reference) -> Filter:
    return Filter("no list") if reference.to is None else Filter("list", (("list_id", reference.to),))


def _parent_filter(reference: Reference) -> Filter:
    return Filter("no parent") if reference.to is None else Filter("parent", (("parent_id", reference.to),))


def _assignee_filter(reference: Reference) -> Filter:
    if reference.to is None:
        return Filter("not assigned")
    return Filter("assigned", (("assigned_to", reference.to),))


def _due_filter(value: str) -> Filter:
    return Filter("due" if value == "any" else "no due")


def _due_from(time: ClockTime) -> Filter:
    if time.instant is None:
        return Filter("due from", (("due_from", time.key),))
    values = {"due_from": time.key, "due_from_instant": time.instant, "due_from_bound": time.earliest}
    return Filter("due from instant", tuple(values.items()))


def _due_before(time: ClockTime) -> Filter:
    if time.instant is None:
        return Filter("due before", (("due_before", time.key),))
    values = {"due_before": time.key, "due_before_instant": time.instant, "due_before_bound": time.latest}
    return Filter("due before instant", tuple(values.items()))


def _available_at(time: ClockTime) -> Filter:
    key = ("available_at", time.end_of_day or time.key)
    if time.instant is None:
        return Filter("available", (key,))
    return Filter("available instant", (key, ("available_instant", time.instant)))


def _completed_from(time: datetime) -> Filter:
    return Filter("completed from", (("completed_from", time),))


def _completed_before(time: datetime) -> Filter:
    return Filter("completed before", (("completed_before", time),))


FILTERS: Final[Mapping[str, Callable[[Any], Filter]]] = {
    "list_id": _list_filter,
    "parent_id": _parent_filter,
    "label": lambda label: Filter("label", (("label", folded_label(label)),)),
    "priority": lambda priorities: Filter("priorities", (("priorities", priorities),)),
    "due": _due_filter,
    "due_from": _due_from,
    "due_before": _due_before,
    "available_at": _available_at,
    "completed_from": _completed_from,
    "completed_before": _completed_before,
    "series_id": lambda series_id: Filter("series", (("series_id", series_id),)),
    "assigned_to": _assignee_filter,
    "archived": lambda flag: Filter("archived" if flag else "not archived"),
}
"""The filter of each parameter of a query, made of its value."""


def _text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=CodePointText)


def _time(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=Instant())


def is_due_before(key: ColumnElement[str], instant: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Returns whether a task is due before a time: by the clock, or by the instant with a time zone."""
    return or_(and_(TASKS.c.due_utc.is_(None), TASKS.c.due_key < key), TASKS.c.due_utc < instant)


_DUE_FROM: Final = _text("due_from")
_AVAILABLE_AT: Final = _text("available_at")
_NO_START: Final = TASKS.c.start_key.is_(None)
_ARCHIVED_LISTS: Final = select(LISTS.c.id).where(LISTS.c.user_id == OWNER, LISTS.c.is_archived)

CONDITIONS: Final[Mapping[str, ColumnElement[bool]]] = {
    "open": is_false(TASKS.c.is_completed),
    "completed": TASKS.c.is_completed,
    "list": TASKS.c.list_id == bindparam("list_id", type_=Id()),
    "no list": TASKS.c.list_id.is_(None),
    "parent": TASKS.c.parent_id == bindparam("parent_id", type_=Id()),
    "no parent": TASKS.c.parent_id.is_(None),
    "label": and_(
        TASK_LABELS.c.user_id == OWNER,
        TASK_LABELS.c.label_folded == _text("label"),
        TASK_LABELS.c.task_id == TASKS.c.id,
    ),
    "priorities": any_of(TASKS.c.priority, bindparam("priorities", type_=Counters())),
    "due": TASKS.c.due_key.is_not(None),
    "no due": TASKS.c.due_key.is_(None),
    "due from": TASKS.c.due_key >= _DUE_FROM,
    "due from instant": and_(
        TASKS.c.due_key >= _text("due_from_bound"),
        or_(
            and_(TASKS.c.due_utc.is_(None), TASKS.c.due_key >= _DUE_FROM),
            TASKS.c.due_utc >= _time("due_from_instant"),
        ),
    ),
    "due before": TASKS.c.due_key < _text("due_before"),
    "due before instant": and_(
        TASKS.c.due_key < _text("due_before_bound"),
        is_due_before(_text("due_before"), _time("due_before_instant")),
    ),
    "available": or_(_NO_START, TASKS.c.start_key <= _AVAILABLE_AT),
    "available instant": or_(
        _NO_START,
        and_(TASKS.c.start_utc.is_(None), TASKS.c.start_key <= _AVAILABLE_AT),
        TASKS.c.start_utc <= _time("available_instant"),
    ),
    "completed from": TASKS.c.completed_at >= _time("completed_from"),
    "completed before": TASKS.c.completed_at < _time("completed_before"),
    "series": TASKS.c.series_id == bindparam("series_id", type_=Id()),
    "assigned": TASKS.c.assigned_to == bindparam("assigned_to", type_=Id()),
    "not assigned": TASKS.c.assigned_to.is_(None),
    "archived": TASKS.c.list_id.in_(_ARCHIVED_LISTS),
    "not archived": or_(TASKS.c.list_id.is_(None), TASKS.c.list_id.not_in(_ARCHIVED_LISTS)),
}
"""A condition is a part of the statement only where it is asked for, so that partial indexes are used. The
bounds of those with an instant are for the index: they allow for all that clocks differ."""
