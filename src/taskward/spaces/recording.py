"""Records in the activity of a space what a transaction changes in it."""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from taskward.activity.entries import Entries, leaves_entry, of_write
from taskward.activity.statements import ADD_ACTIVITY
from taskward.database.statements import Row, Step, T, TransactionSteps, Values, Write
from taskward.http.context import RequestContext
from taskward.spaces.forms import MY_ROLE, RECORDED
from taskward.users.retention import RETENTION

MAX_ROWS: Final = 1000
"""Entries that one statement adds."""

_REMOVAL: Final = "member.remove"


def recorder_of(context: RequestContext) -> "Recorder | None":
    """Returns the recorder of a request; None if no activity is kept."""
    kept = context.parts[RETENTION].activity
    if not kept:
        return None
    reach = context.caller.reach
    return Recorder(kept, None if reach is None else "service" if reach.token_id is None else "token")


class Recorder(NamedTuple):
    """The activity of the requests of one caller, which is kept for a while.

    `via` is the kind of token, if it is not the user's own.
    """

    kept: timedelta
    via: str | None = None

    def entry(self, write: Write, values: Values) -> dict[str, Any]:
        """Returns the parameters of the entry of a write of one task, but the actor."""
        return of_write(write, values, self.via, self.kept)

    def recorded(self, steps: TransactionSteps[T], *spaces: UUID) -> TransactionSteps[T]:
        """Runs steps, and adds the entries of these spaces; that of a write of one task goes with it."""
        entries = {str(one): Entries(self.via) for one in spaces}
        sent: Sequence[Row] | None = None
        while True:
            try:
                statement, values = next(steps) if sent is None else steps.send(sent)
            except StopIteration as end:
                yield from _added(entries)
                result: T = end.value
                return result
            is_removal = getattr(statement, "action", None) == _REMOVAL
            if is_removal:  # under row-level security, who has left cannot add an entry any more
                _observe(entries, statement, values, ())
                yield from _added(entries)
            step = self._with_entry(entries, statement, values)
            sent = yield step
            if step[0] is statement and not is_removal:
                _observe(entries, statement, values, sent)

    def _with_entry(self, entries: dict[str, Entries], statement: Any, values: Values) -> Step:
        """Returns the form of a write of one task that adds its entry; another statement as it is."""
        of_owner = entries.get(str(values.get("owner")))
        if of_owner is None or statement not in RECORDED:
            return statement, values
        entry = self.entry(statement, values)
        return RECORDED[statement], {**values, **entry, "activity_actor_id": of_owner.actor}


def _observe(entries: dict[str, Entries], statement: Any, values: Values, rows: Sequence[Row]) -> None:
    of_owner = entries.get(str(values.get("owner")))
    if statement is MY_ROLE:
        if of_owner is not None and rows:
            of_owner.actor = UUID(str(rows[0][0]))
    elif leaves_entry(statement):
        if of_owner is not None:
            of_owner.add(statement.action, values)
        of_target = entries.get(str(values.get("moved_to")))
        if of_target is not None:
            of_target.add(statement.action, values, arrived=True)


def _added(entries: dict[str, Entries]) -> Generator[Any, Sequence[Row], None]:
    for owner, found in entries.items():
        rows = found.take_rows()
        for start in range(0, len(rows), MAX_ROWS):
            part = orjson.dumps(rows[start : start + MAX_ROWS]).decode()
            yield ADD_ACTIVITY, {"owner": UUID(owner), "rows": part}


def recorded(recorder: Recorder | None, steps: TransactionSteps[T], *spaces: UUID) -> TransactionSteps[T]:
    """Returns the steps, recorded if there is a recorder."""
    return steps if recorder is None else recorder.recorded(steps, *spaces)
