"""Prints the OpenAPI document: `make clients` writes the types of the TypeScript client from it."""

import json

from taskward.app import create_app
from taskward.settings import Settings


def document() -> str:
    """Returns the document of a service, which does not depend on its settings."""
    return json.dumps(create_app(Settings(_env_file=None)).openapi())


if __name__ == "__main__":
    print(document())  # noqa: T201 - it is what was asked for
