"""Parts of the schemas of bodies that pydantic does not derive from the models.

Of requests: keys that are accepted and ignored, and changes of at least one field. Of responses: a choice of
exactly one schema.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic.json_schema import SkipJsonSchema

Extend: TypeAlias = Callable[[dict[str, Any]], None]
"""Changes the schema of a model, as `json_schema_extra` of pydantic does."""

_ANNOTATED: Final[Any] = Annotated
_LIST: Final[Any] = list
_LITERAL: Final[Any] = Literal
_UNION: Final[Any] = Union
"""For types that are made while the modules are imported; a type checker cannot follow them."""

Ignored = Annotated[Any, BeforeValidator(lambda _: None), SkipJsonSchema()]
"""A key that is accepted and ignored; its value, which may be large, is dropped. See `ignoring`."""


def ignoring(*names: str) -> Extend:
    """Returns a function that documents these keys as accepted with any value, and no others.

    They are no `properties`, because generated clients would get untyped members.
    """

    def extend(schema: dict[str, Any]) -> None:
        del schema["additionalProperties"]
        schema["propertyNames"] = {"enum": [*schema["properties"], *names]}
        schema["description"] += f" Accepted and ignored: {', '.join(f'`{name}`' for name in names)}."

    return extend


def requiring_one(fields: Sequence[str], also: Extend) -> Extend:
    """Returns a function that documents that one of the fields is required, and that none has a default.

    A top-level `anyOf` of `required` would say the same, but client generators make an untyped union of it.
    They ignore `not`.
    """

    def extend(schema: dict[str, Any]) -> None:
        also(schema)
        schema["not"] = {"allOf": [{"not": {"required": [name]}} for name in fields]}
        for field in schema["properties"].values():
            field.pop("default", None)

    return extend


def _as_one_of(schema: dict[str, Any]) -> None:
    schema["oneOf"] = schema.pop("anyOf")


EXACTLY_ONE: Final[Any] = Field(json_schema_extra=_as_one_of)
"""Documents a union as `oneOf`: the constants and the required keys of its models exclude each other.

It has no discriminator in the sense of OpenAPI, which is one key with a text, different in each schema.
"""


def one_of(models: Iterable[Any]) -> Any:
    """Returns the type of a value of exactly one of these models, made for each kind of object."""
    return annotated(union_of(models), EXACTLY_ONE)


def union_of(types: Iterable[Any]) -> Any:
    """Returns the union of these types."""
    return _UNION[tuple(types)]


def annotated(given: Any, *metadata: Any) -> Any:
    """Returns a type with these annotations."""
    return _ANNOTATED[given, *metadata]


def list_of(model: Any) -> Any:
    """Returns the type of a list of these."""
    return _LIST[model]


def constant(value: str | int) -> Any:
    """Returns the type of a value that is always this one."""
    return _LITERAL[value]


def model_of(
    name: str, text: str, fields: dict[str, Any], config: ConfigDict | None = None
) -> type[BaseModel]:
    """Returns a model with that description. A field is a type, or a type with its default."""
    given: dict[str, Any] = {
        key: value if isinstance(value, tuple) else (value, ...) for key, value in fields.items()
    }
    made: type[BaseModel] = create_model(name, __doc__=text, __config__=config, **given)
    return made


def without(*names: str) -> Extend:
    """Returns a function that documents that there is none of these keys.

    A schema of a response allows unknown keys. This one would allow what other schemas of the same choice
    require.
    """

    def extend(schema: dict[str, Any]) -> None:
        schema["not"] = {"anyOf": [{"required": [name]} for name in names]}

    return extend
