"""Keys of a request body that are accepted and ignored, so that a client can send back what it was given."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic.json_schema import SkipJsonSchema

Ignored = Annotated[Any, BeforeValidator(lambda _: None), SkipJsonSchema()]
"""A key that is accepted and ignored; its value, which may be large, is dropped. See `ignoring`."""


def ignoring(*names: str) -> Callable[[dict[str, Any]], None]:
    """Returns a function that documents these keys as accepted with any value, and no others.

    They are no `properties`, because generated clients would get untyped members.
    """

    def extend(schema: dict[str, Any]) -> None:
        del schema["additionalProperties"]
        schema["propertyNames"] = {"enum": [*schema["properties"], *names]}
        schema["description"] += f" Accepted and ignored: {', '.join(f'`{name}`' for name in names)}."

    return extend
