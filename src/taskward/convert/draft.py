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
    """The id to keep, if it is from an export of this service."""


@dataclass(slots=True)
class Draft:
    """A task of the source, with fields as the service has them. They may still exceed its limits."""

    source_id: str
    title: str
    location: str = ""
    """The line or item of the file, for the report."""
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
    """Its sort key among the other tasks."""
    position: str | None = None
    """Its position, if it is from an export of this service."""
    reminders: list[dict[str, Any]] = field(default_factory=list)
    recurrence: dict[str, str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    """Further fields, if it is from an export of this service."""
    own_id: UUID | None = None
    """The id to keep, if it is from an export of this service."""
    notes: list[str] = field(default_factory=list)
    """Messages for the report: what could not be kept."""
