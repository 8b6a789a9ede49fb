"""The errors of requests that are not valid HTTP, or that exceed a limit of the server.

InvalidRequest
├── MalformedHttp       400 INVALID_REQUEST
├── RequestTimedOut     408 INVALID_REQUEST
├── TargetTooLong       414 INVALID_REQUEST
├── HeadersTooLarge     431 INVALID_REQUEST
└── NotSupported        501 INVALID_REQUEST
"""

from taskward.http.errors import InvalidRequest


class MalformedHttp(InvalidRequest):
    """The request is not valid HTTP/1.1 or HTTP/1.0 (RFC 9112)."""

    text = "The request is not valid HTTP"


class RequestTimedOut(InvalidRequest):
    """The request began and did not arrive in time."""

    status = 408
    text = "The request took too long to arrive"


class TargetTooLong(InvalidRequest):
    status = 414
    text = "The request URL is too long"


class HeadersTooLarge(InvalidRequest):
    status = 431
    text = "The request headers are too large"


class NotSupported(InvalidRequest):
    """The method or the transfer coding is not implemented (RFC 9110, 15.6.2)."""

    status = 501
    text = "The request method is not supported"
