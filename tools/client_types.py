"""Writes the types of the Python client, clients/python/src/taskward_client/types.py (`make clients`).

Each schema of the OpenAPI document becomes a TypedDict, and the query of each operation one too.
"""

import json
import keyword
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from client_sync import formatted
from openapi_document import document

TARGET: Final = Path(__file__).parent.parent / "clients/python/src/taskward_client/types.py"

_WIDTH: Final = 104
_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_HEADER: Final = '''"""The objects of the API, as TypedDicts.

`make clients` writes this file from the OpenAPI document; do not edit it. A key that is `NotRequired` is
absent where it has no value.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict, final

'''

Schema = dict[str, Any]


def types_of(document: Schema) -> str:
    """Returns the module with the types of a document, formatted."""
    schemas = document["components"]["schemas"]
    alternatives = _alternatives(document)
    blocks = [
        "@final\n" * (name in alternatives) + _declaration(name, schema)
        for name, schema in sorted(schemas.items())
    ]
    blocks += [_typed_dict(name, query) for name, query in queries(document)]
    return _formatted(_HEADER + "\n\n".join(sorted(blocks, key=_place)))


def operations(document: Schema) -> Iterator[Schema]:
    """Yields the operations of a document."""
    for methods in document["paths"].values():
        yield from methods.values()


def queries(document: Schema) -> Iterator[tuple[str, Schema]]:
    """Yields the name and the schema of the query of each operation that has one."""
    for operation in operations(document):
        given = [one for one in operation.get("parameters", []) if one["in"] == "query"]
        if given:
            name = operation["operationId"]
            yield (
                f"{name[0].upper()}{name[1:]}Query",
                {
                    "description": f"The query of `{name}`.",
                    "properties": {
                        one["name"]: one["schema"] | {"description": one.get("description", "")}
                        for one in given
                    },
                    "required": [one["name"] for one in given if one.get("required")],
                },
            )


def _place(block: str) -> int:
    """Returns 0 for aliases, which others evaluate, and 2 for what evaluates its types itself."""
    return 0 if "TypeAlias" in block else 1 if block.startswith(("class ", "@final\nclass ")) else 2


def _alternatives(document: Any) -> set[str]:
    """Returns the names of the schemas of which a value has exactly one.

    Without subclasses, type checkers conclude from a key which of them a value has.
    """
    if isinstance(document, list):
        return {name for one in document for name in _alternatives(one)}
    if not isinstance(document, dict):
        return set()
    names = {_type(one) for one in document.get("oneOf", ()) if "$ref" in one}
    return names | _alternatives(list(document.values()))


def _declaration(name: str, schema: Schema) -> str:
    if "properties" in schema:
        return _typed_dict(name, schema)
    return f"{name}: TypeAlias = {_type(schema)}\n"


def _typed_dict(name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    fields = {
        key: (_type(one) if key in required else f"NotRequired[{_type(one)}]", one.get("description", ""))
        for key, one in schema["properties"].items()
    }
    if any(keyword.iskeyword(key) for key in fields):
        inside = ", ".join(f'"{key}": {annotation}' for key, (annotation, _) in fields.items())
        return f'{name} = TypedDict("{name}", {{{inside}}})\n'
    lines = [f"class {name}(TypedDict):", *_docstring(schema.get("description", f"{name}."))]
    for key, (annotation, description) in fields.items():
        # In a class with a key `list`, that name is not the type any more.
        hint = annotation.replace("list[", "builtins.list[") if "list" in fields else annotation
        lines.append(f"    {key}: {hint}")
        lines += _docstring(description)
    return "\n".join(lines) + "\n"


def _docstring(text: str) -> list[str]:
    if not text:
        return []
    lines = textwrap.wrap(text.replace("\\", "\\\\").replace('"', "'"), _WIDTH - 8)
    end = '"""' if len(lines) == 1 else '\n    """'
    return textwrap.indent('"""' + "\n".join(lines) + end, "    ").replace("        ", "    ").splitlines()


def _type(schema: Schema) -> str:  # noqa: PLR0911 - one for each kind of schema
    match schema:
        case {"$ref": reference}:
            return str(reference).rpartition("/")[2]
        case {"const": value}:
            return f"Literal[{json.dumps(value)}]"
        case {"enum": values}:
            return f"Literal[{', '.join(map(json.dumps, values))}]"
        case {"anyOf": kinds} | {"oneOf": kinds}:
            types = dict.fromkeys(map(_type, kinds))
            return " | ".join(one for one in types if "str" not in types or not one.startswith('Literal["'))
        case {"type": "array", "items": item}:
            return f"list[{_type(item)}]"
        case {"type": "object", "additionalProperties": value}:
            return f"dict[str, {_type(value)}]"
    return _PLAIN[schema["type"]]


def _formatted(text: str) -> str:
    if "builtins." in text:
        text = text.replace("from typing", "import builtins  # noqa: TC003 - as the others\nfrom typing", 1)
    return formatted(text, TARGET)


if __name__ == "__main__":
    TARGET.write_text(types_of(document()), "utf-8")
