"""One operation of a batch, validated like its single request."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from taskward.http.conditional import IfMatch, Versions
from taskward.http.errors import FieldError, InvalidRequest, ServiceError, ValidationFailed
from taskward.http.requests import MAX_KEYS, nul_problems, refuse_wide_objects
from taskward.http.validation import (
    UNKNOWN_FIELD,
    field_error,
    field_errors,
    first_of_each_field,
    strict_uuid,
)
from taskward.tasks.ids import problem_of_client_id
from taskward.tasks.models import NewTask, Subtasks, TaskChanges, known_subtasks

LONGEST_IF_MATCH: Final = 16 * 1024
"""Characters. Headers are limited too, and a longer value takes long to parse."""

_NEW: Final = TypeAdapter(NewTask)
_CHANGES: Final = TypeAdapter(TaskChanges)
_ID: Final[TypeAdapter[UUID]] = TypeAdapter(Annotated[UUID, strict_uuid("Task id")])
_SUBTASKS: Final[TypeAdapter[Subtasks]] = TypeAdapter(Annotated[Subtasks, BeforeValidator(known_subtasks)])
_VERSIONS: Final[TypeAdapter[Versions | None]] = TypeAdapter(IfMatch)


def _known_op(value: Any) -> Any:
    if value not in ("create", "update", "delete"):  # the value may be unhashable
        raise field_error("Op must be one of create, update, delete")
    return value


class Operation(BaseModel):
    """One operation as parsed; its other fields are validated with its kind."""

    model_config = ConfigDict(extra="forbid")

    op: Annotated[Literal["create", "update", "delete"], BeforeValidator(_known_op)]
    id: Any = None
    if_match: Any = None
    subtasks: Any = None
    task: Any = None


@dataclass(frozen=True, slots=True)
class ValidOperation:
    """An operation whose fields are all valid: a task to create, or an id, the versions and the changes."""

    op: str
    task_id: Any = None
    versions: Versions | None = None
    task: Any = None
    subtasks: Subtasks = "keep"


def validated(operation: Operation) -> ValidOperation | ServiceError:
    """Validates an operation like its single request; returns its error if it is invalid."""
    problems: list[FieldError] = []
    try:
        match operation.op:
            case "create":
                _refuse_keys(operation, "if_match", "subtasks")
                own_id = _check_new_id(operation, problems)
                return ValidOperation("create", own_id, task=_judge_task(_NEW, operation, problems))
            case "update":
                _refuse_keys(operation, "subtasks")
                target = _check_target(operation, problems)
                return ValidOperation("update", *target, _judge_task(_CHANGES, operation, problems))
            case _:
                _refuse_keys(operation, "task")
                target = _check_target(operation, problems)
                subtasks = _check_subtasks(operation, problems)
                if problems:
                    raise ValidationFailed(problems)
                return ValidOperation("delete", *target, subtasks=subtasks)
    except ServiceError as error:
        return error


def _check_new_id(operation: Operation, problems: list[FieldError]) -> UUID | None:
    """Returns the id that the client has made, if any, and adds its problem to the list."""
    if operation.id is None:
        return None
    task_id = _check_id(operation, problems)
    if task_id is not None and (problem := problem_of_client_id("Task", task_id)):
        problems.append(FieldError("task_id", problem))
    return task_id


def _check_subtasks(operation: Operation, problems: list[FieldError]) -> Subtasks:
    if operation.subtasks is None:
        return "keep"
    try:
        return _SUBTASKS.validate_python(operation.subtasks)
    except ValidationError as error:
        problems += field_errors(error, "subtasks")
        return "keep"


def _check_id(operation: Operation, problems: list[FieldError]) -> UUID | None:
    try:
        return _ID.validate_python(operation.id)
    except ValidationError as error:
        problems += field_errors(error, "task_id")
        return None


def _check_target(operation: Operation, problems: list[FieldError]) -> tuple[Any, Versions | None]:
    """Returns the id and the versions of `if_match`, and adds their problems to the list."""
    task_id, versions = _check_id(operation, problems), None
    given = operation.if_match
    if isinstance(given, str) and len(given) > LONGEST_IF_MATCH:
        problems.append(FieldError("If-Match", f"If-Match cannot exceed {LONGEST_IF_MATCH} characters"))
    elif given is not None:
        try:
            versions = _VERSIONS.validate_python([given.encode("utf-8") if isinstance(given, str) else b""])
        except ValidationError as error:
            problems += field_errors(error, "If-Match")
    return task_id, versions


def _judge_task(kind: TypeAdapter[Any], operation: Operation, problems: list[FieldError]) -> Any:
    if not isinstance(operation.task, dict):
        raise InvalidRequest(reason="the task of an operation is not an object")
    found = refuse_wide_objects(operation.task)
    task = None
    if len(operation.task) <= MAX_KEYS:
        found += nul_problems(operation.task)
        try:
            task = kind.validate_python(operation.task)
        except ValidationError as error:
            found += field_errors(error, "body")
    problems += first_of_each_field(found)
    if problems:
        raise ValidationFailed(problems)
    return task


def _refuse_keys(operation: Operation, *keys: str) -> None:
    given = [key for key in keys if getattr(operation, key) is not None]
    if given:
        raise ValidationFailed(FieldError(key, UNKNOWN_FIELD) for key in given)
