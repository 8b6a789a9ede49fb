"""One operation of a batch, validated like its single request."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, create_model

from taskward.entity import Entity
from taskward.features import ENTITIES
from taskward.http.conditional import IfMatch, Versions
from taskward.http.errors import FieldError, InvalidRequest, ServiceError, ValidationFailed
from taskward.http.requests import MAX_KEYS, nul_problems, replace_wide_objects
from taskward.http.validation import (
    UNKNOWN_FIELD,
    field_error,
    field_errors,
    first_of_each_field,
    strict_uuid,
)
from taskward.ids import problem_of_client_id

MAX_IF_MATCH_LENGTH: Final = 16 * 1024
"""Characters. Headers are limited too, and a longer value takes long to parse."""

Op: TypeAlias = Literal["create", "update", "delete"]

_VERSIONS: Final[TypeAdapter[Versions | None]] = TypeAdapter(IfMatch)
_OPTIONS: Final = ("delete", "keep")


@dataclass(frozen=True, slots=True)
class _SingleRequests:
    """The single requests on one kind of object: their id, and their bodies."""

    id: TypeAdapter[UUID]
    new: TypeAdapter[Any]
    changes: TypeAdapter[Any]


_SINGLE_REQUESTS: Final = {
    entity: _SingleRequests(
        TypeAdapter(Annotated[UUID, strict_uuid(f"{entity.kind.capitalize()} id")]),
        TypeAdapter(entity.new),
        TypeAdapter(entity.changes),
    )
    for entity in ENTITIES
}
_ENTITIES: Final = {entity.kind: entity for entity in ENTITIES}


@dataclass(frozen=True, slots=True)
class ValidOperation:
    """An operation whose fields are all valid."""

    op: Op
    entity: Entity
    id: Any = None
    """None for a new object whose id the service makes."""
    versions: Versions | None = None
    body: Any = None
    """The new object, or the changes."""
    option: Any = None
    """Whether the objects in or below a deleted one are kept; None if not given."""
    to: Any = None
    """The place that deleted tasks go to; None if they are deleted for good."""

    @property
    def may_change_others(self) -> bool:
        """Returns whether it may change other objects: those below it, or those beside it."""
        if self.op == "delete":
            return True
        return not self.body.model_fields_set.isdisjoint(self.entity.fields_of_others)


def _one_of(label: str, *known: str) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if value not in known:  # the value may be unhashable
            raise field_error(f"{label} must be one of {', '.join(known)}")
        return value

    return BeforeValidator(validate)


class TaskOperation(BaseModel):
    """One operation on a task as parsed; `id`, `if_match` and `task` are validated with its op."""

    model_config = ConfigDict(extra="forbid")

    op: Annotated[Op, _one_of("Op", "create", "update", "delete")]
    id: Any = None
    if_match: Any = None
    to: Any = None
    task: Any = None

    def validated(self) -> ValidOperation | ServiceError:
        """Returns the operation, or its error if it is invalid."""
        keys = {
            "create": ["id", "task"],
            "update": ["id", "if_match", "task"],
            "delete": ["id", "if_match", "to"],
        }
        if self.op == "create" and self.if_match is not None:
            return _validated(self, ENTITIES[0], ["task"])  # what is to match has an id, so both are wrong
        return _validated(self, ENTITIES[0], keys[self.op])


class MixedOperation(TaskOperation):
    """One operation on an object of any kind as parsed."""

    kind: Annotated[str, _one_of("Kind", *_ENTITIES)] = ENTITIES[0].kind

    def validated(self) -> ValidOperation | ServiceError:
        entity = _ENTITIES[self.kind]
        keys = {
            "create": ["id", self.kind],
            "update": ["id", "if_match", self.kind],
            "delete": ["id", "if_match", *_keys_of_deletion(entity)],
        }
        return _validated(self, entity, keys[self.op])


def _keys_of_deletion(entity: Entity) -> list[str]:
    return [*([entity.option] if entity.option else []), *(["to"] if entity.trash else [])]


_KEYS: Final[dict[str, Any]] = {
    **{entity.kind: (Any, None) for entity in ENTITIES[1:]},
    **{entity.option: (Any, None) for entity in reversed(ENTITIES) if entity.option},
}
OPERATION: Final = create_model("Operation", __base__=MixedOperation, **_KEYS)
"""With a key for the object of each kind, and for each option."""


def _validated(operation: TaskOperation, entity: Entity, keys: list[str]) -> ValidOperation | ServiceError:
    """Validates an operation that takes these keys beside its op and kind."""
    try:
        _refuse_keys(operation, keys)
        match operation.op:
            case "create":
                return _create(operation, entity)
            case "update":
                return _update(operation, entity)
            case _:
                return _delete(operation, entity)
    except ServiceError as error:
        return error.with_traceback(None)  # its frames refer to the batch: a cycle would keep it


def _create(operation: TaskOperation, entity: Entity) -> ValidOperation:
    problems: list[FieldError] = []
    new_id = None
    if operation.id is not None:
        new_id = _id(operation, entity, problems)
        if new_id is not None and (message := problem_of_client_id(entity.kind.capitalize(), new_id)):
            problems.append(FieldError("id", message))
    body = _validate_body(_SINGLE_REQUESTS[entity].new, getattr(operation, entity.kind), problems)
    return ValidOperation("create", entity, new_id, body=body)


def _update(operation: TaskOperation, entity: Entity) -> ValidOperation:
    problems: list[FieldError] = []
    target = _id(operation, entity, problems), _versions(operation, problems)
    body = _validate_body(_SINGLE_REQUESTS[entity].changes, getattr(operation, entity.kind), problems)
    return ValidOperation("update", entity, *target, body)


def _delete(operation: TaskOperation, entity: Entity) -> ValidOperation:
    problems: list[FieldError] = []
    target = _id(operation, entity, problems), _versions(operation, problems)
    name = entity.option or ""
    option = getattr(operation, name, None)
    if option is not None and option not in _OPTIONS:
        problems.append(FieldError(name, f"{name.capitalize()} must be keep or delete"))
    problems += _problems_of_to(operation.to, entity, option)
    if problems:
        raise ValidationFailed(problems)
    return ValidOperation("delete", entity, *target, option=option, to=operation.to)


def _problems_of_to(given: Any, entity: Entity, option: Any) -> list[FieldError]:
    if given is None:
        return []
    if given != "trash":
        return [FieldError("to", "To must be trash")]
    needs_option = entity.trash == "option" and option != "delete"
    return [FieldError("to", f"To needs {entity.option}=delete")] if needs_option else []


def _refuse_keys(operation: TaskOperation, keys: list[str]) -> None:
    """Raises ValidationFailed if there are keys that the operation does not take; null counts as absent."""
    given = [
        name
        for name in type(operation).model_fields
        if name not in ("op", "kind", *keys) and getattr(operation, name) is not None
    ]
    if given:
        raise ValidationFailed(FieldError(name, UNKNOWN_FIELD) for name in given)


def _id(operation: TaskOperation, entity: Entity, problems: list[FieldError]) -> UUID | None:
    try:
        return _SINGLE_REQUESTS[entity].id.validate_python(operation.id)
    except ValidationError as error:
        problems += field_errors(error, "id")
        return None


def _versions(operation: TaskOperation, problems: list[FieldError]) -> Versions | None:
    """Returns the versions of `if_match`."""
    given = operation.if_match
    if isinstance(given, str) and len(given) > MAX_IF_MATCH_LENGTH:
        problems.append(FieldError("if_match", f"If-Match cannot exceed {MAX_IF_MATCH_LENGTH} characters"))
    elif given is not None:
        try:
            return _VERSIONS.validate_python([given.encode("utf-8") if isinstance(given, str) else b""])
        except ValidationError as error:
            problems += field_errors(error, "if_match")
    return None


def _validate_body(model: TypeAdapter[Any], given: Any, problems: list[FieldError]) -> Any:
    if not isinstance(given, dict):
        raise InvalidRequest(reason="the object of an operation is not an object")
    found = replace_wide_objects(given)
    body = None
    if len(given) <= MAX_KEYS:
        found += nul_problems(given)
        try:
            body = model.validate_python(given)
        except ValidationError as error:
            found += field_errors(error, "body")
    problems += first_of_each_field(found)
    if problems:
        raise ValidationFailed(problems)
    return body
