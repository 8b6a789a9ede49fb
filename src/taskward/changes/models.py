"""The query and the response of the change feed, with models made for each kind of object."""

from itertools import permutations
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from taskward.changes.feed import MAX_CHANGES
from taskward.changes.statements import Kinds
from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.http.body_schemas import constant, list_of, model_of, one_of, without
from taskward.http.cursors import well_formed_cursor
from taskward.http.validation import field_error, query_number

INVALID_SINCE: Final = "Since is not a valid cursor"

_NAMES: Final = [entity.plural for entity in ENTITIES]
_KINDS: Final[dict[str, Kinds]] = {
    ",".join(names): frozenset(names)
    for count in range(1, len(_NAMES) + 1)
    for names in permutations(_NAMES, count)
}
_OR_SEVERAL: Final = "several" if _NAMES[2:] else "both"
_KindsText: TypeAlias = Annotated[str, Field(pattern=f"^({'|'.join(_KINDS)})$")]
_StateTag: TypeAlias = Annotated[str, Field(description="The entity tag of that state.")]


def _known_kinds(value: Any) -> Any:
    if value not in _KINDS:
        raise field_error(f"Kinds must be {', '.join(_NAMES)} or {_OR_SEVERAL}, like {_NAMES[0]},{_NAMES[1]}")
    return _KINDS[value]


class KindsQuery(BaseModel):
    """The query of `GET /api/events`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[Kinds, PlainValidator(_known_kinds, json_schema_input_type=_KindsText)] = Field(
        default=_NAMES[0],
        validate_default=True,
        description="What the changes are of. A cursor is valid for the kinds that it was given for.",
        examples=["tasks,lists"],
    )


class ChangesQuery(KindsQuery):
    """The query of `GET /api/changes`."""

    since: Annotated[str, well_formed_cursor(INVALID_SINCE)] | None = Field(
        default=None, description="`cursor` of the previous response; without it, from the beginning."
    )
    limit: Annotated[int, query_number("Limit", 1, MAX_CHANGES)] = Field(
        default=MAX_CHANGES, ge=1, le=MAX_CHANGES, description="How many changes to return at most."
    )


def _upsert(entity: Entity) -> type[BaseModel]:
    return model_of(
        f"{entity.kind.capitalize()}Upsert",
        f"A {entity.kind} that was created or changed, in its current state{_if_asked(entity)}.",
        {"op": constant("upsert"), entity.kind: entity.model, "etag": _StateTag},
    )


def _deletion(entity: Entity) -> type[BaseModel]:
    name, text = f"{entity.kind.capitalize()}Deletion", f"A deleted {entity.kind}{_if_asked(entity)}."
    op, kind = constant("delete"), constant(entity.kind)
    if entity is ENTITIES[0]:
        return model_of(name, text, {"op": op, "id": UUID}, ConfigDict(json_schema_extra=without("kind")))
    return model_of(name, text, {"op": op, "kind": kind, "id": UUID})


def _if_asked(entity: Entity) -> str:
    return "" if entity is ENTITIES[0] else "; only with `kinds`"


CHANGE: Final = one_of((*map(_upsert, ENTITIES), *map(_deletion, reversed(ENTITIES))))
"""Generated clients that try one class after the other find a deletion with a kind first: it has more keys.
"""

ChangeList: Final = model_of(
    "ChangeList",
    "Changes, in the order in which they are to be applied.",
    {
        "changes": list_of(CHANGE),
        "cursor": Annotated[str, Field(description="For the next request, whether more follows or not.")],
        "has_more": bool,
    },
)
