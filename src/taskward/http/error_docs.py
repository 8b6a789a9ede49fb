"""Errors in the OpenAPI document: each status with its texts, and an example of each code."""

from collections.abc import Sequence
from typing import Any, Final

from taskward.http.errors import PreconditionFailed, ServiceError

_PRECONDITION_FAILED: Final = PreconditionFailed.status
WITH_CURRENT: Final = "ErrorWithCurrent"
"""The schema of an error that may carry the current object."""


def error_responses(*errors: ServiceError) -> dict[int | str, dict[str, Any]]:
    """Returns the `responses` of a route for errors that it alone can have, one of each status."""
    return {
        error.status: error_response(
            [error], WITH_CURRENT if error.status == _PRECONDITION_FAILED else "Error"
        )
        for error in errors
    }


def error_response(errors: Sequence[ServiceError], schema: str = "Error") -> dict[str, Any]:
    """Returns the description of the errors of one status."""
    return {
        "description": " or ".join(error.error for error in errors),
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{schema}"},
                "examples": {error.code: {"value": error.envelope()} for error in errors},
            }
        },
    }
