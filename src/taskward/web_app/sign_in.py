"""The sign-in of the web app's users at an identity provider: what the app needs to know of it."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from taskward.http.parts import Key
from taskward.settings import Settings


class SignIn(NamedTuple):
    """The app as a public client of an OpenID Connect provider; `resource` is the API of its tokens."""

    issuer: str
    client_id: str
    scope: str
    resource: str | None

    @property
    def origin(self) -> str:
        """The only other site that the app reaches."""
        scheme, host, *_ = urlsplit(self.issuer)
        return f"{scheme}://{host}"


WEB_SIGN_IN: Final = Key[SignIn | None]("sign-in of the web app")


def sign_in_of(settings: Settings) -> SignIn | None:
    """Returns the sign-in; None if the app asks its users for a token."""
    issuer, client_id = settings.web_app_issuer, settings.web_app_client_id
    if issuer is None or client_id is None:
        return None
    return SignIn(issuer, client_id, settings.web_app_scope, settings.web_app_resource)
