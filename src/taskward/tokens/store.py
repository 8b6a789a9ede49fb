"""The access tokens of one owner; every statement is filtered by that owner."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends

from taskward.database import DATABASE, Queries
from taskward.database.statements import TransactionSteps
from taskward.http.caller import Owner
from taskward.http.context import Context
from taskward.http.errors import FieldError, NotFound, ValidationFailed
from taskward.http.responses import dump_json
from taskward.idempotency.execution import PendingRecord
from taskward.idempotency.statements import store_response_steps
from taskward.ids import created_at
from taskward.tokens.models import VALIDITY, NewToken, Validity, token_json
from taskward.tokens.reach import check_spaces
from taskward.tokens.statements import (
    COUNT_TOKENS,
    CREATE_TOKEN,
    DROP_OLD_TOKENS,
    ENSURE_PERSON,
    LIST_TOKENS,
    REVOKE_TOKEN,
    REVOKE_TOKENS,
    SPACES_OF,
)
from taskward.tokens.tables import TokenRecord
from taskward.tokens.token_text import TokenText
from taskward.users.statements import person_values

MAX_TOKENS: Final = 50
"""Tokens of one user, expired ones that are still kept among them."""

LISTED_AFTER_EXPIRY: Final = timedelta(days=30)
"""The time for which an expired token is still listed."""


class TokenNotFound(NotFound):
    text = "Token not found"


@dataclass(frozen=True, slots=True)
class TokenStore:
    """The access tokens of one owner, who is fixed for the store's lifetime."""

    _database: Queries
    _owner: Owner
    _validity: Validity

    async def list(self) -> list[dict[str, Any]]:
        """Returns the tokens, the newest first."""
        rows = await self._database.rows(LIST_TOKENS, self._values())
        return [token_json(TokenRecord(*row)) for row in rows]

    async def create(self, new: NewToken, record: PendingRecord | None = None) -> dict[str, Any]:
        """Makes a token, and returns it with its secret; with a `record`, also stores the response without.

        Raises:
            ValidationFailed: the owner has too many tokens, or is not in one of the spaces.

        """
        token = TokenText.new(self._owner.id)
        created = await self._database.transact(lambda: self._create_steps(new, token, record))
        return token_json(created) | {"token": token.text.decode()}

    async def revoke(self, token_id: UUID) -> None:
        """Revokes a token.

        Raises:
            TokenNotFound: the owner has no such token.

        """
        values = self._values(token_id=token_id)
        await self._database.transact(lambda: _revoke_steps(values))

    async def revoke_all(self) -> int:
        """Revokes all tokens; returns their number."""
        values = self._values()
        return await self._database.transact(lambda: _revoke_all_steps(values))

    def _create_steps(
        self, new: NewToken, token: TokenText, record: PendingRecord | None
    ) -> TransactionSteps[TokenRecord]:
        yield ENSURE_PERSON, person_values(self._owner)
        if new.spaces:
            rows = yield SPACES_OF, self._values()
            check_spaces(new.spaces, {UUID(str(row[0])) for row in rows})
        rows = yield COUNT_TOKENS, self._values()
        if rows[0][0] >= MAX_TOKENS:
            raise ValidationFailed([FieldError("body", f"A person has at most {MAX_TOKENS} tokens")])
        yield DROP_OLD_TOKENS, self._values()
        made = created_at(token.token_id)
        seconds = new.expires_in or self._validity.default
        content = {
            "token_digest": token.digest,
            "name": new.name,
            "access": new.access,
            "created_at": made,
            "expires_at": made + timedelta(seconds=seconds),
        }
        rows = yield CREATE_TOKEN, self._values(token_id=token.token_id) | content | new.reach
        created = TokenRecord(*rows[0])
        if record is not None:
            values = record.values(201, dump_json(token_json(created)))
            yield from store_response_steps(values | {"owner": self._owner.id, "tag": None})
        return created

    def _values(self, **others: Any) -> dict[str, Any]:
        return {"owner": self._owner.id, "kept_since": datetime.now(UTC) - LISTED_AFTER_EXPIRY, **others}


def _revoke_steps(values: dict[str, Any]) -> TransactionSteps[None]:
    if not (yield REVOKE_TOKEN, values):
        raise TokenNotFound  # within the steps, so that nothing is logged as done


def _revoke_all_steps(values: dict[str, Any]) -> TransactionSteps[int]:
    rows = yield COUNT_TOKENS, values
    count: int = rows[0][0]
    if count:
        yield REVOKE_TOKENS, values | {"count": count}
    return count


def _my_tokens(context: Context) -> TokenStore:
    return TokenStore(context.parts[DATABASE], context.owner, context.parts[VALIDITY])


MyTokens = Annotated[TokenStore, Depends(_my_tokens)]
"""For a handler: the caller's access tokens."""
