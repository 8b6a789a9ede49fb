"""The calling user: the only part of authentication that the features use."""

from typing import Annotated

from fastapi import Depends

from taskward.http.caller import Caller
from taskward.http.context import Context


def _current_user(context: Context) -> Caller:
    return context.caller


CurrentUser = Annotated[Caller, Depends(_current_user)]
"""For a handler: the verified caller."""
