"""Errors in the OpenAPI document: each status with its texts, and an example of each code."""

from collections.abc import Sequence
from typing import Any

from taskward.http.errors import ServiceError


def error_responses(*errors: ServiceError) -> dict[int | str, dict[str, Any]]:
    """Returns the `responses` of a route that can fail in ways that other routes cannot."""
    by_status: dict[int | str, list[ServiceError]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {status: error_response(several) for status, several in by_status.items()}


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
