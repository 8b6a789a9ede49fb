"""Errors in the OpenAPI document: each status with its texts, and an example of each code."""

from collections.abc import Sequence
from typing import Any

from taskward.http.errors import ServiceError


def error_responses(*errors: ServiceError) -> dict[int | str, dict[str, Any]]:
    """Returns the `responses` of a route for errors that it alone can have, one of each status."""
    return {error.status: error_response([error]) for error in errors}


def error_response(errors: Sequence[ServiceError]) -> dict[str, Any]:
    """Returns the description of the errors of one status."""
    return {
        "description": " or ".join(error.error for error in errors),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "examples": {error.code: {"value": error.envelope()} for error in errors},
            }
        },
    }
