"""Labels on the wire: the requests and the responses of `/api/labels`."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from taskward.http.cursors import well_formed_cursor
from taskward.http.validation import query_number
from taskward.tasks.fields.labels import Label

MAX_LABELS: Final = 1000
"""Labels in one response at most."""


class LabelsQuery(BaseModel):
    """The query of `GET /api/labels`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, query_number("Limit", 1, MAX_LABELS)] = Field(
        default=MAX_LABELS, ge=1, le=MAX_LABELS, description="How many labels to return at most."
    )
    cursor: Annotated[str, well_formed_cursor()] | None = Field(
        default=None, description="`next_cursor` of the previous page."
    )


class LabelCount(BaseModel):
    """A label that is in use. Of several spellings it has the first by code points."""

    label: str
    tasks: int = Field(ge=1, description="How many tasks have it, completed ones included.")


class LabelList(BaseModel):
    """A page of the caller's labels."""

    labels: list[LabelCount]
    next_cursor: str | None = Field(description="For the next page; null when nothing follows.")


class LabelRenaming(BaseModel):
    """The body of `POST /api/labels/rename`."""

    model_config = ConfigDict(extra="forbid")

    old: Label = Field(alias="from")
    new: Label = Field(alias="to")


class LabelRemoval(BaseModel):
    """The body of `POST /api/labels/remove`."""

    model_config = ConfigDict(extra="forbid")

    label: Label


class LabelsChanged(BaseModel):
    """The number of tasks that were changed."""

    tasks: int = Field(ge=0)
