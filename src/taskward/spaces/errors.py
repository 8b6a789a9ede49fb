"""The errors of spaces and their members."""

from collections.abc import Iterable

from taskward.http.errors import MethodNotAllowed, NotFound, ServiceError


class SpaceNotFound(NotFound):
    """There is no such space, or the caller is no member of it: both have the same response."""

    text = "Space not found"


class MemberNotFound(NotFound):
    text = "Member not found"


class InvitationNotFound(NotFound):
    text = "Invitation not found"


class RoleTooLow(MethodNotAllowed):
    """The caller is a member, and their role does not allow this."""

    text = "Your role in this space does not allow this"

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__(allowed)


class LastOwner(ServiceError):
    """The last owner cannot leave, be removed or get another role."""

    status = 409
    code = "LAST_OWNER"
    text = "A space needs an owner: make another member an owner first"


class SpaceNotEmpty(ServiceError):
    """A space with tasks is deleted only if the request says so."""

    status = 409
    code = "SPACE_NOT_EMPTY"
    text = "The space has tasks: say tasks=delete"
