"""Parts of the schemas of bodies that pydantic does not derive from the models.

Of requests: keys that are accepted and ignored, and changes of at least one field. Of responses: a choice of
exactly one schema.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

Extend: TypeAlias = Callable[[dict[str, Any]], None]
"""Changes the schema of a model, as `json_schema_extra` of pydantic does."""

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


def without(*names: str) -> Extend:
    """Returns a function that documents that there is none of these keys.

    A schema of a response allows unknown keys. This one would allow what other schemas of the same choice
    require.
    """

    def extend(schema: dict[str, Any]) -> None:
        schema["not"] = {"anyOf": [{"required": [name]} for name in names]}

    return extend
