"""The schemas of request bodies: keys that are accepted and ignored, and changes of at least one field."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator
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
