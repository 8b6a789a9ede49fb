"""A task of another product on its way into the document."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SourceList:
    """A list of the source; those with equal keys are one list."""

    key: str
    title: str
    created: datetime | None = None
    is_archived: bool = False
    own_id: UUID | None = None
    """The id to keep, of an export of this service."""


@dataclass(slots=True)
class Draft:
    """A task of the source, with values of this service, which may still break its limits."""

    source_id: str
    title: str
    place: str = ""
    """Its place in the file, for the report."""
    description: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    is_completed: bool = False
    completed_at: datetime | None = None
    due: dict[str, str] | None = None
    start: dict[str, str] | None = None
    priority: str | None = None
    labels: list[str] = field(default_factory=list)
    in_list: SourceList | None = None
    parent: str | None = None
    """The source id of the task that it is a part of."""
    order: float | None = None
    """Its place among others, ascending."""
    position: str | None = None
    """Its position, of an export of this service."""
    reminders: list[dict[str, Any]] = field(default_factory=list)
    recurrence: dict[str, str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    own_id: UUID | None = None
    """The id to keep, of an export of this service."""
    notes: list[str] = field(default_factory=list)
    """Each says what could not be kept."""
