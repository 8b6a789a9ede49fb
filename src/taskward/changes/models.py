"""The query and the response of the change feed, with models made for each kind of object."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from taskward.changes.feed import MAX_CHANGES
from taskward.changes.statements import Kinds
from taskward.entity import FeedKind
from taskward.features import ENTITIES, FEED_KINDS, OF_PERSONS, OF_SPACES
from taskward.http.body_schemas import annotated, constant, list_of, model_of, one_of, without
from taskward.http.cursors import well_formed_cursor
from taskward.http.validation import field_error, query_number

INVALID_SINCE: Final = "Since is not a valid cursor"

_DEFAULT: Final = ENTITIES[0].plural
_StateTag: TypeAlias = Annotated[str, Field(description="The entity tag of that state.")]


def _some_of(kinds: Sequence[FeedKind]) -> PlainValidator:
    """Returns the validator of `kinds` in a query: some of these kinds."""
    names = [kind.plural for kind in kinds]
    needs = {kind.plural: kind.goes_with for kind in kinds if kind.goes_with}
    one = "|".join(names)

    def lacks_any(chosen: Kinds) -> bool:
        return any(needs[name] not in chosen for name in chosen & needs.keys())

    def known(value: Any) -> Kinds:
        given = value.split(",") if isinstance(value, str) else []
        chosen = frozenset(given)
        if len(chosen) < len(given) or not chosen or not chosen <= set(names) or lacks_any(chosen):
            raise field_error(f"Kinds must be some of {', '.join(names[:-1])} and {names[-1]}, like {_LIKE}")
        return chosen

    text = annotated(str, Field(pattern=f"^({one})(,({one}))*$"))
    return PlainValidator(known, json_schema_input_type=text)


_LIKE: Final = ",".join(entity.plural for entity in ENTITIES[:2])
_KINDS_FIELD: Final[Any] = Field(
    description="What the changes are of, each at most once; `comments` only with `tasks`. A cursor is valid "
    "for the kinds that it was given for.",
    examples=[_LIKE],
)


_KindsOfPersons: TypeAlias = Annotated[Kinds, _some_of(OF_PERSONS), _KINDS_FIELD]
_KindsOfSpaces: TypeAlias = Annotated[Kinds, _some_of(OF_SPACES), _KINDS_FIELD]


class KindsQuery(BaseModel):
    """The query of `GET /api/events`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: _KindsOfPersons = Field(default=_DEFAULT, validate_default=True)


class ChangesQuery(KindsQuery):
    """The query of `GET /api/changes`."""

    since: Annotated[str, well_formed_cursor(INVALID_SINCE)] | None = Field(
        default=None, description="`cursor` of the previous response; without it, from the beginning."
    )
    limit: Annotated[int, query_number("Limit", 1, MAX_CHANGES)] = Field(
        default=MAX_CHANGES, ge=1, le=MAX_CHANGES, description="How many changes to return at most."
    )


class SpaceKindsQuery(KindsQuery):
    """The query of `GET /api/spaces/{space_id}/events`."""

    kinds: _KindsOfSpaces = Field(default=_DEFAULT, validate_default=True)


class SpaceChangesQuery(ChangesQuery):
    """The query of `GET /api/spaces/{space_id}/changes`."""

    kinds: _KindsOfSpaces = Field(default=_DEFAULT, validate_default=True)


def _upsert(kind: FeedKind) -> type[BaseModel]:
    return model_of(
        f"{kind.kind.capitalize()}Upsert",
        f"A {kind.kind} that was created or changed, in its current state{_if_asked(kind)}.",
        {"op": constant("upsert"), kind.kind: kind.model, "etag": _StateTag},
    )


def _deletion(of: FeedKind) -> type[BaseModel]:
    name, text = f"{of.kind.capitalize()}Deletion", f"A deleted {of.kind}{_if_asked(of)}."
    op, kind = constant("delete"), constant(of.kind)
    if of is ENTITIES[0]:
        return model_of(name, text, {"op": op, "id": UUID}, ConfigDict(json_schema_extra=without("kind")))
    return model_of(name, text, {"op": op, "kind": kind, "id": UUID})


def _if_asked(kind: FeedKind) -> str:
    return "" if kind is ENTITIES[0] else "; only with `kinds`"


_UPSERTS: Final = {kind: _upsert(kind) for kind in FEED_KINDS}
_DELETIONS: Final = {kind: _deletion(kind) for kind in FEED_KINDS if kind.can_end}


def _change_list(name: str, kinds: Sequence[FeedKind]) -> type[BaseModel]:
    """Returns the model of a page of the changes of these kinds.

    Generated clients that try one class after the other find a deletion with a kind first: it has more keys.
    """
    upserts = [_UPSERTS[kind] for kind in kinds]
    deletions = [_DELETIONS[kind] for kind in reversed(kinds) if kind in _DELETIONS]
    return model_of(
        name,
        "Changes, in the order in which they are to be applied.",
        {
            "changes": list_of(one_of((*upserts, *deletions))),
            "cursor": Annotated[str, Field(description="For the next request, whether more follows or not.")],
            "has_more": bool,
        },
    )


ChangeList: Final = _change_list("ChangeList", OF_PERSONS)
SpaceChangeList: Final = _change_list("SpaceChangeList", OF_SPACES)
