"""Prints the OpenAPI document: `make clients` writes the types of the clients from it."""

import json
from typing import Any

from taskward.app import create_app
from taskward.settings import load_settings


def document() -> dict[str, Any]:
    """Returns the OpenAPI document, which does not depend on the settings."""
    return create_app(load_settings(_env_file=None, database_url="sqlite://", jwt_secret="-" * 32)).openapi()


if __name__ == "__main__":
    print(json.dumps(document()))  # noqa: T201 - it is what was asked for
