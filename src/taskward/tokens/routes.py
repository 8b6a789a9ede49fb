"""/api/tokens: docs/contract.md#access-tokens."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response

from taskward.http.error_docs import error_responses
from taskward.http.errors import NotFound
from taskward.http.responses import JSONBytesResponse, dump_json, json_response
from taskward.http.routing import ControlRoute, StrictRoute
from taskward.http.validation import strict_uuid
from taskward.idempotency.execution import IdempotencyKey, Idempotent, PendingRecord
from taskward.tokens.models import CreatedToken, NewToken, TokenList, TokenRevoked, TokensRevoked
from taskward.tokens.store import MyTokens, TokenNotFound

router = APIRouter(
    prefix="/api/tokens",
    route_class=ControlRoute,
    tags=["Access tokens"],
    responses=error_responses(NotFound()),  # with TOKENS=off
)

TokenId = Annotated[UUID, strict_uuid("Token id"), Path(description="A UUID, in any letter case.")]


@router.get("", operation_id="listTokens", response_model=TokenList, summary="List my access tokens")
async def list_tokens(tokens: MyTokens) -> Response:
    """Returns the caller's tokens without their secrets, the newest first; expired ones for 30 days."""
    return json_response({"tokens": await tokens.list()})


async def create_token(
    new: Annotated[NewToken, Body()], tokens: MyTokens, once: Idempotent, key: IdempotencyKey = None
) -> Response:
    """Makes an access token. Its text is in this response only: a repeated one has no `token`."""

    async def create(record: PendingRecord | None) -> Response:
        return JSONBytesResponse(dump_json(await tokens.create(new, record)), 201)

    return await once.run(key, create)


router.add_api_route(
    "",
    create_token,
    methods=["POST"],
    operation_id="createToken",
    response_model=CreatedToken,
    status_code=201,
    summary="Make an access token",
    route_class_override=StrictRoute,
)


@router.delete(
    "", operation_id="revokeAllTokens", response_model=TokensRevoked, summary="Revoke all my access tokens"
)
async def revoke_all_tokens(tokens: MyTokens) -> Response:
    """Revokes all tokens of the caller; within 5 s no process accepts them."""
    return json_response({"revoked": await tokens.revoke_all()})


@router.delete(
    "/{token_id}",
    operation_id="revokeToken",
    response_model=TokenRevoked,
    summary="Revoke an access token",
    responses=error_responses(TokenNotFound()),
)
async def revoke_token(token_id: TokenId, tokens: MyTokens) -> Response:
    """Revokes a token; within 5 s no process accepts it."""
    await tokens.revoke(token_id)
    return json_response({"message": "Token revoked successfully", "id": str(token_id)})
