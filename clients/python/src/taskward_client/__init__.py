"""Taskward's API for Python: `Client` and, for asyncio, `AsyncClient`. See docs/python.md."""

from taskward_client._async_client import AsyncClient
from taskward_client._async_spaces import AsyncOwner, AsyncSpaceClient
from taskward_client._attempts import Retries
from taskward_client._calls import Tagged, new_id
from taskward_client._feed import Change, Changed, Event, Reset, SpaceState
from taskward_client._sync_client import Client
from taskward_client._sync_spaces import Owner, SpaceClient
from taskward_client.errors import (
    APIError,
    Conflict,
    CursorExpired,
    Gone,
    InvalidRequest,
    LastOwner,
    ListNotEmpty,
    NoResponse,
    NotAllowed,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    RateLimited,
    ServerError,
    ServiceUnavailable,
    SpaceNotEmpty,
    TaskwardError,
    Unauthorized,
    ValidationFailed,
)

__all__ = [
    "APIError",
    "AsyncClient",
    "AsyncOwner",
    "AsyncSpaceClient",
    "Change",
    "Changed",
    "Client",
    "Conflict",
    "CursorExpired",
    "Event",
    "Gone",
    "InvalidRequest",
    "LastOwner",
    "ListNotEmpty",
    "NoResponse",
    "NotAllowed",
    "NotFound",
    "Owner",
    "PayloadTooLarge",
    "PreconditionFailed",
    "RateLimited",
    "Reset",
    "Retries",
    "ServerError",
    "ServiceUnavailable",
    "SpaceClient",
    "SpaceNotEmpty",
    "SpaceState",
    "Tagged",
    "TaskwardError",
    "Unauthorized",
    "ValidationFailed",
    "__version__",
    "new_id",
]

__version__ = "0.1.0"
