"""Moves of one caller between the own tasks and spaces."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from taskward.database import OWNED_ROWS, OwnedRows
from taskward.database.statements import TransactionSteps
from taskward.http.caller import Caller
from taskward.http.context import Context
from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.responses import dump_json
from taskward.idempotency.execution import PendingRecord
from taskward.idempotency.statements import store_response_steps
from taskward.moves.models import Move
from taskward.moves.steps import MoveResult, MoveSteps, membership_problem
from taskward.spaces.authorization import SpaceRows
from taskward.spaces.forms import MY_ROLE
from taskward.spaces.recording import Recorder, recorded, recorder_of
from taskward.tasks.list_cache import LIST_CACHE, ListCache
from taskward.tasks.records import task_json, version_tag
from taskward.users.retention import RETENTION, Retention


@dataclass(frozen=True, slots=True)
class MoveStore:
    """The rows of all owners, for the moves of one caller."""

    _rows: OwnedRows
    _caller: Caller
    _list_cache: ListCache
    _retention: Retention
    _recorder: Recorder | None

    async def authorize(self, move: Move) -> None:
        """Raises ValidationFailed unless the caller may move from and to these spaces.

        It waits for no queue and no lock of a space.
        """
        spaces = self._steps(move).spaces
        found = await asyncio.gather(*(self._problem(name, space) for name, space in spaces.items()))
        if problems := [one for one in found if one is not None]:
            raise ValidationFailed(problems)

    async def move(self, move: Move, record: PendingRecord | None) -> MoveResult:
        """Moves tasks or a list; with a `record`, also stores the response. Raises as `MoveSteps.run`."""
        steps = self._steps(move)

        def run() -> TransactionSteps[MoveResult]:
            result = yield from steps.run()
            if record is not None:
                stored = record.values(200, dump_json(result_json(result)))
                yield from store_response_steps({"owner": steps.source, **stored})
            return result

        result = await self._rows.transact(
            lambda: recorded(self._recorder, run(), *steps.spaces.values()), long=True, owners=steps.owners
        )
        for owner in steps.owners:
            self._list_cache.forget(owner)
        return result

    def _steps(self, move: Move) -> MoveSteps:
        return MoveSteps(self._caller, move, self._retention)

    async def _problem(self, name: str, space: UUID) -> FieldError | None:
        rows = await self._rows.rows(MY_ROLE, {"owner": space, "caller": self._caller.id})
        return membership_problem(rows, name)


def result_json(result: MoveResult) -> dict[str, Any]:
    """Returns the response to a move, ready for `dump_json`."""
    if result.named is None:
        return {"moved": result.moved}
    tasks = [{"task": task_json(one), "etag": version_tag(one.version)} for one in result.named]
    return {"moved": result.moved, "tasks": tasks}


def _my_moves(context: Context) -> MoveStore:
    parts = context.parts
    rows = parts[OWNED_ROWS]
    if isinstance(rows, SpaceRows):
        rows = rows.rows_of_all
    return MoveStore(rows, context.caller, parts[LIST_CACHE], parts[RETENTION], recorder_of(context))


MyMoves = Annotated[MoveStore, Depends(_my_moves)]
"""For a handler: the moves of the caller."""
