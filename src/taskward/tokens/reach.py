"""The reach of an access token: from the columns of its row, and the check of a new one."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import orjson

from taskward.http.caller import Need, Reach
from taskward.http.errors import FieldError, ValidationFailed


def reach_of(token_id: UUID, access: str, spaces: str | None, private: bool | None) -> Reach:  # noqa: FBT001 - a row's column
    """Returns the reach of a stored token.

    With `spaces`, it is these and, only if `private` is true, the private tasks; `private: false` takes them
    out also without `spaces`. What concerns everything of the user needs a token without either limit.
    """
    has_private = spaces is None if private is None else private
    has = _IN_SPACES
    if has_private:
        has = _PRIVATE if spaces is not None else _EVERYTHING
    only = None if spaces is None else frozenset(map(UUID, orjson.loads(spaces)))
    return Reach(has, access != "write", only, token_id)


def check_spaces(spaces: Sequence[UUID], known: Collection[UUID]) -> None:
    """Raises ValidationFailed for each space of a new token that is not among those of its user."""
    unknown = [n for n, one in enumerate(spaces) if one not in known]
    if unknown:
        raise ValidationFailed([FieldError(f"spaces.{n}", "Space not found") for n in unknown])


_IN_SPACES: Final = frozenset({Need.SPACE})
_PRIVATE: Final = _IN_SPACES | {Need.PRIVATE}
_EVERYTHING: Final = _PRIVATE | {Need.ACCOUNT}
