"""The audit log: one record for each change, and one for each rejected request.

The record of a change is written by an observer of the database, once the change is durable; no handler and
no store can omit it. The record of a rejection is written once the response has been sent.
"""

import logging
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, Final, TypeAlias
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from taskward.database.observers import Observation
from taskward.database.statements import Command, Read, Row, Split, Statement, Values
from taskward.http.caller import CALLER
from taskward.http.context import CONTEXT_KEY, RequestContext
from taskward.log import masked_path
from taskward.observability.http_metrics import UNMATCHED_ROUTE, RouteTemplate
from taskward.tasks.records import task_record

_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_INTERNAL: Final = 500
_AGENTS: Final = "/mcp"
_SPACE: Final = "space"
"""The kind of an owner: `owner_id` is its id."""
_request: "Final[ContextVar[RequestContext | None]]" = ContextVar("request", default=None)
"""The current request."""

audit = logging.getLogger("taskward.audit")

AuditEntry: TypeAlias = dict[str, Any]


class AuditMiddleware:
    """Logs which requests below /api and to /mcp were rejected, and which changes failed."""

    def __init__(self, app: ASGIApp, template_of: RouteTemplate) -> None:
        self._app = app
        self._template_of = template_of
        audit.setLevel(logging.INFO)  # independent of LOG_LEVEL: AUDIT_LOG asks for all of it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context: RequestContext = scope[CONTEXT_KEY]
        token = _request.set(context)
        try:
            await self._app(scope, receive, send)
        finally:
            _request.reset(token)
            self._log_rejection(context)

    def _log_rejection(self, context: RequestContext) -> None:
        error = context.error
        if error is None or not (context.is_api or context.route == _AGENTS):
            return
        if error.status == _INTERNAL and context.method not in _CHANGING:
            return
        line = {
            "outcome": "failed" if error.status == _INTERNAL else "refused",
            "request_id": context.request_id,
            **(_who(context.caller.id, context.owner.id) if context.known_caller else {"user_id": None}),
            **_token(context),
            "method": context.method,
            "route": context.route or self._template_of(context.path) or UNMATCHED_ROUTE,
            "path": masked_path(context.path),
            "status": error.status,
            "code": error.code,
            "reason": error.reason,
        }
        audit.info("request", extra=line)


class ChangeLog(Observation):
    """Logs the changes of one operation of the database once they are durable; an `Observer`."""

    def __init__(self, _operation: str) -> None:
        self._entries: list[AuditEntry] = []

    def ran(self, statement: Statement | Split, values: Values, rows: Sequence[Row]) -> None:
        for entry in _changes(statement, values, rows):
            last = self._entries[-1] if self._entries else {}
            if "count" in entry and "count" in last and entry["action"] == last["action"]:
                last["count"] += entry["count"]  # an import comes in several statements
            else:
                self._entries.append(entry)

    def undone(self) -> None:
        self._entries.clear()

    def ended(self, error: BaseException | None) -> None:
        if error is None:
            _log_changes(self._entries)


def _changes(statement: Statement | Split, values: Values, rows: Sequence[Row]) -> list[AuditEntry]:
    """Returns the changes that a statement made: of one object, of many at once, or of all data of a user."""
    if isinstance(statement, Read) or statement.action is None:
        return []
    entry: AuditEntry = {"action": statement.action, "owner_id": str(values["owner"])}
    if "fields" in values:
        entry["fields"] = values["fields"]
    if "moved_to" in values:
        entry["moved_to"] = str(values["moved_to"])
    if isinstance(statement, Command):
        return [entry | _many_or_one(statement.action, values)]
    return [entry | _task(values, row) for row in rows]


def _who(caller: UUID | None, owner: UUID | str) -> AuditEntry:
    """Returns the caller, and the owner of the data unless it is the caller."""
    user_id = None if caller is None else str(caller)
    return {"user_id": user_id} if user_id == str(owner) else {"user_id": user_id, "owner_id": str(owner)}


def _token(context: RequestContext | None) -> AuditEntry:
    """Returns which token a request has, if it is not one of the identity provider."""
    caller = context and context.known_caller
    return dict(caller.reach.log_fields) if caller and caller.reach else {}


def _many_or_one(action: str, values: Values) -> AuditEntry:
    """Returns the number of objects that a command changes, or the one: an action begins with its kind."""
    if "count" in values:
        return {"count": values["count"]}
    kind = action.partition(".")[0]
    key = f"{kind}_id"
    version = {"version": values["version"]} if "version" in values else {}
    if key in values:
        return {key: str(values[key]), **version}
    return version if kind == _SPACE else {}


def _task(values: Values, row: Row) -> AuditEntry:
    """Returns the task of a write, which returns its row or its version alone."""
    version = row[0] if len(row) == 1 else task_record(row).version
    return {"task_id": str(values["task_id"]), "version": version}


def _log_changes(entries: list[AuditEntry]) -> None:
    context = _request.get()
    request = {"request_id": context and context.request_id, **_token(context)}
    caller = CALLER.get()  # not earlier: statements of several callers may run in one task
    for entry in entries:
        who = _who(caller, entry.pop("owner_id"))
        audit.info("change", extra={"outcome": "done", **who} | request | entry)
