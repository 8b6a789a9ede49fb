"""The caller: the only part of authentication that the features use."""

from typing import Annotated

from fastapi import Depends

from taskward.http.caller import Caller
from taskward.http.context import Context


def _current_caller(context: Context) -> Caller:
    return context.caller


CurrentCaller = Annotated[Caller, Depends(_current_caller)]
"""For a handler: the verified caller."""
