"""iCalendar: the tasks of Nextcloud, Tasks.org, Apple, Thunderbird and CalDAV servers (RFC 5545, VTODO)."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from icalendar import Component

from taskward.convert.dates import zone_name
from taskward.convert.draft import Draft, SourceList
from taskward.convert.ical_components import Block, blocks
from taskward.convert.ical_dates import Dates, dates_of, instant_of, reminders_of
from taskward.convert.ical_values import first, rule_of, several, text_of, whole_of
from taskward.convert.limits import UNTITLED, clean_text
from taskward.convert.rules import recurrence
from taskward.convert.source import Source, Unconvertible
from taskward.convert.values import in_range
from taskward.ids import created_at
from taskward.me.calendar import FIELDS, LIST, LIST_ID, METADATA, OTHERS, POSITION, PRODUCT, RECURRENCE

MEMBERS: Final = r"\.ics$"

_PRIORITIES: Final = (None, "urgent", "urgent", "high", "high", "medium", "low", "low", "low", "low")
_UNSUPPORTED: Final = (
    *("ATTACH", "ATTENDEE", "COMMENT", "CONTACT", "EXDATE", "GEO", "LOCATION", "ORGANIZER", "RDATE"),
    *("RESOURCES", "URL"),
)
"""Properties that users set and for which there is no field."""


class _Calendar:
    """The properties of the calendar that is being read."""

    def __init__(self, source: Source) -> None:
        self.zones: dict[str, str] = {}
        """The IANA names of the time zones that the file defines."""
        self.list = SourceList(source.name, source.name) if source.name else None
        self._source = source

    def read(self, properties: Component) -> None:
        name = text_of(properties, "NAME") or text_of(properties, "X-WR-CALNAME")
        if name:
            self.list = SourceList(name, name)
        elif PRODUCT in text_of(properties, "PRODID"):
            self.list = None  # an export of this service: each task names its list

    def read_zone(self, zone: Component) -> None:
        location = zone_name(text_of(zone, "X-LIC-LOCATION"))
        if location is not None:
            self.zones[text_of(zone, "TZID")] = location


def read(source: Source) -> Iterator[Draft | SourceList]:
    """Yields the tasks of a file; events and other components are left out.

    Raises:
        Unconvertible: it is not an iCalendar file.

    """
    calendar = _Calendar(source)
    for block in blocks(source):
        location = f"line {block.line}"
        try:
            component = block.parse(source.report)
        except Unconvertible as error:
            source.report.of_file(f"{location}: the {block.name} is left out: {error}")
            continue
        if block.name == "VCALENDAR":
            calendar.read(component)
        elif block.name == "VTIMEZONE":
            calendar.read_zone(component)
        elif "RECURRENCE-ID" in component:
            title = text_of(component, "SUMMARY") or UNTITLED
            source.report.of_task(
                location, title, "a changed single occurrence of a recurring task is left out"
            )
        else:
            yield _draft(component, block, calendar, source)


def _draft(todo: Component, block: Block, calendar: _Calendar, source: Source) -> Draft:
    dates = dates_of(todo, calendar.zones)
    uid = text_of(todo, "UID")
    created = instant_of(todo, "CREATED") or instant_of(todo, "DTSTAMP")
    own_id = _own_id(uid, created)
    draft = Draft(
        uid or f"line {block.line}",
        text_of(todo, "SUMMARY"),
        location=f"line {block.line}",
        description=text_of(todo, "DESCRIPTION"),
        created=created_at(own_id) if own_id else created,
        updated=instant_of(todo, "LAST-MODIFIED") or instant_of(todo, "DTSTAMP"),
        is_completed=_is_completed(todo),
        completed_at=instant_of(todo, "COMPLETED"),
        due=dates.due,
        start=dates.start,
        priority=_priority(whole_of(todo, "PRIORITY")),
        labels=[str(one) for given in several(todo, "CATEGORIES") for one in getattr(given, "cats", ())],
        in_list=_list(todo) or calendar.list,
        parent=_parent(todo),
        order=whole_of(todo, "X-APPLE-SORT-ORDER"),
        position=text_of(todo, POSITION) or None,
        metadata=_object(text_of(todo, METADATA)),
        others={name: one for name, one in _object(text_of(todo, FIELDS)).items() if name in OTHERS},
        own_id=own_id,
        notes=[*dates.notes, *_notes(todo, block)],
    )
    zone = source.zone or "UTC"
    draft.reminders = reminders_of(todo, draft, zone)
    _add_recurrence(todo, draft, dates, zone)
    return draft


def _add_recurrence(todo: Component, draft: Draft, dates: Dates, zone: str) -> None:
    rules = several(todo, "RRULE")
    if not rules or draft.is_completed:
        return
    if draft.due is None and draft.start is not None:
        draft.due, draft.start = draft.start, None
        draft.notes.append("its start is its due date now, which a recurring task needs")
    if len(rules) > 1:
        draft.notes.append("of several recurrence rules the first is kept")
    recurrence(rule_of(rules[0]), draft.due, zone, start=dates.start).set_on(draft)
    _restore_recurrence(draft, _object(text_of(todo, RECURRENCE)))


def _restore_recurrence(draft: Draft, exported: dict[str, Any]) -> None:
    """Restores the recurrence of an export of this service, unless another product has changed it since."""
    found = draft.recurrence
    if found is None or exported.get("rule") != found["rule"] or draft.start != draft.due:
        return
    start = exported.pop("start", None)
    draft.start = start if isinstance(start, dict) else None
    draft.recurrence = exported


def _notes(todo: Component, block: Block) -> Iterator[str]:
    if not block.is_complete:
        yield "the file ends within it, or its END is missing: the rest of it is not there"
    for name, _ in getattr(todo, "errors", ()):
        yield f"{name} is malformed and left out" if name else "a malformed line is left out"
    unsupported = [name for name in _UNSUPPORTED if name in todo]
    if unsupported:
        yield f"left out: {', '.join(unsupported)}"
    if text_of(todo, "STATUS").upper() == "CANCELLED":
        yield "it was cancelled: it is completed now"
    if any(_relation(one) != "PARENT" for one in several(todo, "RELATED-TO")):
        yield "left out: a relation to another task that is not its parent"


def _is_completed(todo: Component) -> bool:
    status = text_of(todo, "STATUS").upper()
    if status:
        return status in {"COMPLETED", "CANCELLED"}
    return "COMPLETED" in todo or whole_of(todo, "PERCENT-COMPLETE") == 100  # noqa: PLR2004 - per cent


def _priority(number: int | None) -> str | None:
    return _PRIORITIES[number] if number is not None and 0 <= number < len(_PRIORITIES) else None


def _parent(todo: Component) -> str | None:
    parents = [
        text for one in several(todo, "RELATED-TO") if _relation(one) == "PARENT" and (text := str(one))
    ]
    return parents[0] if parents else None


def _relation(value: Any) -> str:
    return str(getattr(value, "params", {}).get("RELTYPE", "PARENT")).upper()


def _list(todo: Component) -> SourceList | None:
    """Returns the list of a task in an export of this service."""
    given = first(todo, LIST)
    if given is None or not clean_text(str(given)):
        return None
    own_id = _version_7(str(given.params.get(LIST_ID, "")))
    created = None if own_id is None else created_at(own_id)
    return SourceList(str(own_id or given), str(given), created, own_id=own_id)


def _own_id(uid: str, created: datetime | None) -> UUID | None:
    """Returns the UID if it is an id that this service can have made for a task of that second."""
    own_id = _version_7(uid)
    if own_id is None or created is None:
        return None
    return own_id if timedelta(0) <= created_at(own_id) - created < timedelta(seconds=1) else None


def _version_7(text: str) -> UUID | None:
    """Returns a UUIDv7 of a time that the service takes."""
    with suppress(ValueError, OverflowError):
        given = UUID(text)
        if given.version == 7 and str(given) == text.lower():  # noqa: PLR2004 - the version number
            return given if in_range(created_at(given)) else None
    return None


def _object(text: str) -> dict[str, Any]:
    with suppress(ValueError):
        found = orjson.loads(text or "{}")
        return found if isinstance(found, dict) else {}
    return {}
