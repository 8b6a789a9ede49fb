"""The roles of members, and the role that a handler needs."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE: Final = "least_role"


class Role(IntEnum):
    """The role of a member of a space; each may do what those before it may."""

    VIEWER = 1
    EDITOR = 2
    OWNER = 3


def least_role(role: Role) -> Callable[[F], F]:
    """Declares the lowest role that may call a handler; see `role_of` for those without."""

    def declare(handler: F) -> F:
        setattr(handler, _ATTRIBUTE, role)
        return handler

    return declare


def role_of(handler: Callable[..., Any], method: str) -> Role:
    """Returns the lowest role that may call a handler: by default a viewer reads, and an editor writes."""
    default = Role.VIEWER if method in {"GET", "HEAD"} else Role.EDITOR
    role: Role = getattr(handler, _ATTRIBUTE, default)
    return role
