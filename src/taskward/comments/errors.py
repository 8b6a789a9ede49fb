"""The errors of requests on comments."""

from taskward.http.errors import NotFound


class CommentNotFound(NotFound):
    text = "Comment not found"
