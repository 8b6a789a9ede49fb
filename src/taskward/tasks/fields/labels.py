"""`labels`: texts on a task. Two that differ in case only are the same label."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from taskward.http.errors import FieldError
from taskward.http.validation import field_error
from taskward.tasks.fields.rule import Change, FieldRule

MAX_LABELS: Final = 20
MAX_LABEL_LENGTH: Final = 50
"""Unicode code points, after trimming."""

TOO_MANY_LABELS: Final = f"Labels must be a list of at most {MAX_LABELS} texts"


def folded_label(label: str) -> str:
    """Returns the form of a label in which it is compared."""
    return label.casefold()


def _merged(change: Change) -> tuple[str, ...]:
    """Returns labels after a change: replaced, or some removed and then some added."""
    stored, changes = change.stored.get("labels", ()), change.given
    removed = {folded_label(label) for label in changes.get("remove_labels") or ()}
    kept = (label for label in changes.get("labels", stored) or () if folded_label(label) not in removed)
    return _distinct([*kept, *(changes.get("add_labels") or ())])


def _problems(change: Change) -> Iterator[FieldError]:
    # Only by adding: a list of labels is checked when it is read.
    if len(change.merged["labels"]) > MAX_LABELS:
        yield FieldError("add_labels", TOO_MANY_LABELS)


LABELS: Final = FieldRule("labels", _merged, _problems, also_given=frozenset({"add_labels", "remove_labels"}))


def _distinct(labels: Iterable[str]) -> tuple[str, ...]:
    """Returns each label once, in its first spelling, by code points."""
    first: dict[str, str] = {}
    for label in labels:
        first.setdefault(folded_label(label), label)
    return tuple(sorted(first.values()))


def _trimmed(value: Any) -> str:
    label = value.strip() if isinstance(value, str) else ""
    if not 1 <= len(label) <= MAX_LABEL_LENGTH:
        raise field_error(f"A label has 1 to {MAX_LABEL_LENGTH} characters")
    return label


def _short_list(value: Any) -> Any:
    if not isinstance(value, list) or len(value) > MAX_LABELS:
        raise field_error(TOO_MANY_LABELS)
    return value


def _short_list_or_null(value: Any) -> Any:
    return () if value is None else _short_list(value)


def _not_beside_labels(value: Any, info: ValidationInfo) -> Any:
    if info.data.get("labels") is not None:
        raise field_error("Labels are either replaced, or added and removed")
    return _short_list(value)


Label = Annotated[
    str,
    BeforeValidator(_trimmed),
    Field(
        description=f"1-{MAX_LABEL_LENGTH} characters (Unicode code points) after trimming white space.",
        examples=["home"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_LABEL_LENGTH, "pattern": r"\S"},
    ),
]
_Several = list[Label]
_LENGTH: Final = {"maxItems": MAX_LABELS}

Labels = Annotated[
    list[str],
    Field(
        description="Ordered by code points. Labels that differ in case only are the same.",
        examples=[["home", "urgent"]],
        json_schema_extra={"minItems": 1, "maxItems": MAX_LABELS},
    ),
]
GivenLabels = Annotated[
    _Several | None,
    AfterValidator(_distinct),
    BeforeValidator(_short_list_or_null, json_schema_input_type=_Several | None),
    Field(description="All labels of the task; null or `[]` removes them.", examples=[["home"]]),
]
AddedLabels = Annotated[
    _Several | None,
    AfterValidator(_distinct),
    BeforeValidator(_not_beside_labels, json_schema_input_type=_Several),
    Field(description="Labels to add; not together with `labels`.", examples=[["home"]]),
]
RemovedLabels = Annotated[
    _Several | None,
    AfterValidator(_distinct),
    BeforeValidator(_not_beside_labels, json_schema_input_type=_Several),
    Field(
        description="Labels to remove, before others are added; not together with `labels`.",
        examples=[["home"]],
    ),
]
