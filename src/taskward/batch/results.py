"""The responses of `POST /api/batch` and of `POST /api/tasks/batch`, for the OpenAPI document.

The models are made for each kind of object. Those of the first kind, tasks, are named without it.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.http.body_schemas import constant, list_of, model_of, one_of, without


class BrokenField(BaseModel):
    """The problem of one field."""

    field: str
    message: str


_CurrentTag: TypeAlias = Annotated[str, Field(description="The entity tag of what is there.")]
_Details: TypeAlias = Annotated[list[BrokenField], Field(description="Present where fields can be named.")]


class FailedResult(BaseModel):
    """The result of an operation that was not carried out: the error of its single form, or 424."""

    model_config = ConfigDict(json_schema_extra=without(*(entity.kind for entity in ENTITIES)))

    status: Literal[400, 404, 405, 409, 410, 412, 424] = Field(
        description="412 only if the batch had made the object itself, and was not applied."
    )
    error: str
    code: str
    details: _Details = []


def _changed(entity: Entity, done: str, status: int) -> type[BaseModel]:
    return model_of(
        _name(entity, done.capitalize()),
        f"The result of an operation that {done} a {entity.kind}.",
        {"status": constant(status), "etag": str, entity.kind: entity.model},
    )


def _deleted(entity: Entity) -> type[BaseModel]:
    return model_of(
        _name(entity, "Deleted"),
        f"The result of an operation that deleted a {entity.kind}.",
        {"message": constant(deletion_message(entity)), "id": UUID, "status": constant(200)},
    )


def _mismatched(entity: Entity) -> type[BaseModel]:
    problem = f"the {entity.kind} is in another version, or there already"
    stored: Any = Field(description=f"The {entity.kind} that is there.")
    return model_of(
        _name(entity, "Mismatched"),
        f"The result of an operation not carried out: {problem}.",
        {
            "status": constant(412),
            "error": str,
            "code": str,
            entity.kind: (entity.model, stored),
            "etag": _CurrentTag,
        },
    )


def _name(entity: Entity, done: str) -> str:
    return f"{done}{'' if entity is ENTITIES[0] else entity.kind.capitalize()}Result"


def _results(name: str, *entities: Entity) -> type[BaseModel]:
    choice = [model for entity in entities for model in _MODELS[entity]]
    fields = {"results": list_of(one_of([*choice, FailedResult]))}
    return model_of(name, "The results of a batch, in the order of its operations.", fields)


def deletion_message(entity: Entity) -> str:
    """Returns the message of a deletion."""
    return f"{entity.kind.capitalize()} deleted successfully"


_MODELS: Final = {
    entity: (
        *(_changed(entity, "created", 201), _changed(entity, "updated", 200)),
        *(_deleted(entity), _mismatched(entity)),
    )
    for entity in ENTITIES
}
BatchResults: Final = _results("BatchResults", ENTITIES[0])
MixedBatchResults: Final = _results("MixedBatchResults", *ENTITIES)
