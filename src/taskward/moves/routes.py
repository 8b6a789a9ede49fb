"""/api/moves: docs/contract.md#moves."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Response

from taskward.database import OWNED_ROWS
from taskward.http.caller import Need, Reach
from taskward.http.context import RequestContext
from taskward.http.error_docs import error_responses
from taskward.http.errors import FieldError, MethodNotAllowed, PreconditionFailed, ValidationFailed
from taskward.http.parts import Parts
from taskward.http.responses import json_response
from taskward.http.roles import Role
from taskward.http.routing import BEYOND_REACH, Arguments, StrictRoute
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord
from taskward.moves.models import Move, Moved
from taskward.moves.steps import EXISTS
from taskward.moves.store import MyMoves, result_json
from taskward.spaces.authorization import SpaceRows, shared_rows, space_owner
from taskward.spaces.errors import RoleTooLow, SpaceNotFound

_MOVE: Final = "move"


class MoveRoute(StrictRoute):
    """A route that names two owners in its body: its stored response is among the rows of the source."""

    need = Need.SPACE

    def resolve(self, context: RequestContext, arguments: Arguments) -> None:
        move: Move = arguments[_MOVE]
        caller = context.caller
        if caller.reach is not None:
            _check_reach(context, caller.reach, move)
        if move.source is not None:
            everything = context.parts
            rows = SpaceRows(shared_rows(everything), move.source, caller.id, Role.EDITOR, lambda _: ())
            context.parts = Parts({**everything, OWNED_ROWS: rows})
            context.other_owner = space_owner(rows)
        super().resolve(context, arguments)


router = APIRouter(prefix="/api", route_class=MoveRoute, tags=["Spaces"])


@router.post(
    "/moves",
    operation_id="createMove",
    response_model=Moved,
    responses=error_responses(PreconditionFailed('"1"', EXISTS)),
    summary="Move tasks or a list to a space, or back",
)
async def create_move(
    move: Annotated[Move, Body()], moves: MyMoves, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Moves tasks with all below them, or a list with all its tasks: all of it or nothing. Ids stay."""

    async def run(record: PendingRecord | None) -> Response:
        return json_response(result_json(await moves.move(move, record)))

    await moves.authorize(move)
    try:
        return await once.run(key, run)
    except (SpaceNotFound, RoleTooLow) as error:  # the membership has ended meanwhile
        raise ValidationFailed([FieldError("from", error.error)]) from None


def _check_reach(context: RequestContext, reach: Reach, move: Move) -> None:
    """Raises unless the token reaches both owners.

    Raises:
        MethodNotAllowed: it allows no moves, or does not reach the private tasks.
        ValidationFailed: it does not reach a space.

    """
    named = {"from": move.source, "to": move.target}
    is_private = None in named.values()
    if not reach.permits(Need.SPACE, context.method) or (is_private and Need.PRIVATE not in reach.has):
        raise MethodNotAllowed((), BEYOND_REACH)
    if reach.spaces is not None:
        beyond = [name for name, space in named.items() if space is not None and space not in reach.spaces]
        if beyond:
            raise ValidationFailed([FieldError(name, SpaceNotFound.text) for name in beyond])
