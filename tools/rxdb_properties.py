"""Writes the properties of RxDB's collections, clients/typescript/src/rxdb-properties.ts (`make clients`).

A collection checks the kind of each value only, so that documents of a service with other bounds are kept.
"""

import json
from pathlib import Path
from typing import Any, Final

from openapi_document import document

TARGET: Final = Path(__file__).parent.parent / "clients/typescript/src/rxdb-properties.ts"

_HEADER: Final = "// Written by `make clients` from the OpenAPI document. Do not edit.\n"

Schema = dict[str, Any]


def properties_of(document: Schema) -> str:
    """Returns the module with the properties of tasks and lists."""
    schemas = document["components"]["schemas"]
    return _HEADER + "".join(
        f"\n/** Each field of a {name.lower()} in a response, except those of a newer version. */\n"
        f"export const {name.upper()}_PROPERTIES = {{\n{_members(schemas[name]['properties'], schemas)}}};\n"
        for name in ("Task", "List")
    )


def _members(properties: Schema, schemas: Schema) -> str:
    return "".join(f"  {name}: {_text(_kind(one, schemas))},\n" for name, one in properties.items())


def _kind(schema: Schema, schemas: Schema) -> Schema:
    """Returns the kind of a value: its JSON type and, of an array, the kind of its items."""
    if "$ref" in schema:
        return _kind(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        types = list(dict.fromkeys(_kind(one, schemas)["type"] for one in schema["anyOf"]))
        return {"type": types if len(types) > 1 else types[0]}
    if schema["type"] == "array":
        return {"type": "array", "items": _kind(schema["items"], schemas)}
    return {"type": schema["type"]}


def _text(kind: Schema) -> str:
    members = (
        f"{name}: {_text(one) if isinstance(one, dict) else json.dumps(one)}" for name, one in kind.items()
    )
    return f"{{ {', '.join(members)} }}"


if __name__ == "__main__":
    TARGET.write_text(properties_of(document()), "utf-8")
