"""The files of the web app, which `make web-app` builds from clients/web, and their headers."""

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Final

from taskward.web_app.sign_in import SignIn

_TYPES: Final = {
    "index.html": "text/html",
    "app.js": "text/javascript",
    "app.css": "text/css",
    "icon.svg": "image/svg+xml",
    "manifest.webmanifest": "application/manifest+json",
    "service-worker.js": "text/javascript",
}

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {reached}; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}
"""A file is asked for each time, and sent if it has changed: so an update is whole."""


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file of the web app."""

    content: bytes
    media_type: str
    tag: str
    headers: dict[str, str]


@cache
def web_file(name: str, sign_in: SignIn | None) -> WebFile | None:
    """Returns the file of that name; None if there is none. It reaches the provider of the sign-in."""
    if name not in _TYPES:
        return None
    content = files("taskward.web_app").joinpath("static", name).read_bytes()
    tag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
    reached = "'self'" if sign_in is None else f"'self' {sign_in.origin}"
    headers = _HEADERS | {"Content-Security-Policy": _POLICY.format(reached=reached), "ETag": tag}
    if name == "service-worker.js":
        headers["Service-Worker-Allowed"] = "/"
    return WebFile(content, _TYPES[name], tag, headers)
