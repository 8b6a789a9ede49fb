"""The errors of requests on lists."""

from taskward.http.errors import NotFound, ServiceError


class ListNotFound(NotFound):
    text = "List not found"


class ListNotEmpty(ServiceError):
    """The list has tasks, and the request does not say what becomes of them."""

    status = 409
    code = "LIST_NOT_EMPTY"
    text = "The list has tasks: say tasks=delete or tasks=keep"
