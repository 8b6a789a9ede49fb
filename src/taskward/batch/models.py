"""The bodies of `POST /api/batch` and of `POST /api/tasks/batch`.

A batch is parsed as a list of `MixedOperation` or `TaskOperation` (`operations.py`). Its fields are validated
one operation at a time: an invalid one is a 400 in its own result and does not reject the batch. The OpenAPI
document shows each kind of operation with its types.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, PrivateAttr
from pydantic_core import CoreSchema

from taskward.batch.operations import OPERATION, MixedOperation, Op, TaskOperation, ValidOperation
from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.http.body_schemas import annotated, constant, list_of, model_of, union_of
from taskward.http.errors import ServiceError
from taskward.http.validation import field_error
from taskward.tasks.models import To

MAX_OPERATIONS: Final = 100

MAX_SHORT: Final = 10
"""Operations that may each change all subtasks of a task, so that a batch of more is long."""

_IfMatch = Annotated[
    str | None,
    Field(description="As the header `If-Match`.", min_length=1, examples=['"1764000000000000"']),
]
_NewId = Annotated[
    UUID | None, Field(description="An id that the client has made: a UUIDv7. Without it, the service's own.")
]
_Option: TypeAlias = Literal["delete", "keep"] | None
_To: TypeAlias = Annotated[
    To | None,
    Field(description="`trash` puts what is deleted into the trash, from where it can be restored."),
]
_FORBID: Final = ConfigDict(extra="forbid")


def _single(entity: Entity) -> Mapping[Op, str]:
    """Returns the descriptions of the operations on a kind, by their single requests."""
    path = f"/api/{entity.plural}"
    one = f"{path}/{{{entity.kind}_id}}"
    return {
        "create": f"Creates a {entity.kind}, as `POST {path}` does, or `PUT {one}` with `If-None-Match: *`.",
        "update": f"Changes the given fields of a {entity.kind}, as `PUT {one}` does.",
        "delete": f"Deletes a {entity.kind}, as `DELETE {one}` does.",
    }


def _fields(entity: Entity, op: Op) -> dict[str, Any]:
    """Returns the fields of an operation, without its op, kind and option."""
    if op == "create":
        return {"id": (_NewId, None), entity.kind: entity.new}
    target = {"id": UUID, "if_match": (_IfMatch, None)}
    if op == "update":
        return {**target, entity.kind: entity.changes}
    return {**target, "to": (_To, None)} if entity.trash else target


def _of_tasks(op: Op) -> Any:
    """Returns the model of an operation of a batch that is of the first kind only."""
    fields = {"op": constant(op), **_fields(ENTITIES[0], op)}
    return model_of(f"{op.capitalize()}Operation", _single(ENTITIES[0])[op], fields, _FORBID)


def _of_any(entity: Entity, op: Op) -> Any:
    """Returns the model of an operation that names its kind, or is of the first one."""
    kind, others = constant(entity.kind), _fields(entity, op)
    if entity is ENTITIES[0]:
        fields = {"op": constant(op), **others, "kind": (kind, entity.kind)}
    else:
        fields = {"op": constant(op), "kind": kind, **others}
    if op == "delete" and entity.option:
        fields[entity.option] = (_Option, None)
    name = f"{op.capitalize()}{entity.kind.capitalize()}"
    return model_of(name, _single(entity)[op], fields, _FORBID)


_BOUNDS: Final = Field(min_length=1, max_length=MAX_OPERATIONS)
_OPS: Final = get_args(Op)
_TYPED_TASK_OPERATIONS: Final = annotated(
    list_of(annotated(union_of(map(_of_tasks, _OPS)), Field(discriminator="op"))), _BOUNDS
)
_TYPED_OPERATIONS: Final = annotated(
    list_of(union_of(_of_any(entity, op) for entity in ENTITIES for op in _OPS)), _BOUNDS
)
"""The documented types of the operations."""


class _Parsed:
    """Parses operations as another model than the annotated one, which is made for the kinds."""

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(OPERATION)


def _operation_count(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_OPERATIONS:
        raise field_error(f"Operations must be a list of 1 to {MAX_OPERATIONS} operations")
    return value


class AnyBatch(BaseModel):
    """The common part of batches."""

    model_config = ConfigDict(extra="forbid")

    operations: Any
    atomic: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="All of them or none: with a failure among them, the others are 424."
    )
    _validated: list[ValidOperation | ServiceError] = PrivateAttr()

    def model_post_init(self, _context: Any) -> None:
        """Validates the operations, in the thread that validates the body, and drops their raw fields."""
        self._validated = [operation.validated() for operation in self.operations]
        self.operations = []

    def validated(self) -> list[ValidOperation | ServiceError]:
        """Returns each operation, or its error."""
        return self._validated

    def is_long(self) -> bool:
        """Returns whether the batch may change thousands of tasks."""
        valid = [one for one in self._validated if isinstance(one, ValidOperation)]
        deletes_several = any(one.option is not None for one in valid)
        return deletes_several or sum(one.may_change_others for one in valid) > MAX_SHORT


class Batch(AnyBatch):
    """The body of `POST /api/tasks/batch`."""

    operations: Annotated[
        list[TaskOperation], BeforeValidator(_operation_count, json_schema_input_type=_TYPED_TASK_OPERATIONS)
    ]


class MixedBatch(AnyBatch):
    """The body of `POST /api/batch`."""

    operations: Annotated[
        list[Annotated[MixedOperation, _Parsed()]],
        BeforeValidator(_operation_count, json_schema_input_type=_TYPED_OPERATIONS),
    ]
