"""Whether agents can use the service as configured, for `taskward check`."""

from collections.abc import Iterator

from taskward.settings import Settings, missing_for_mcp


def mcp_state(settings: Settings) -> str:
    """Returns whether MCP is served, and where; if it is off, what it needs."""
    if settings.serves_mcp:
        return f"on, {settings.public_url or f'http://{settings.host}:{settings.port}'}/mcp"
    missing = missing_for_mcp(settings) if settings.production else []
    return f"off; it needs MCP=on{''.join(f' and {name}' for name in missing)}"


def mcp_warnings(settings: Settings) -> Iterator[str]:
    """Yields warnings: agents cannot get a token that the service accepts, or cannot send it safely."""
    if not settings.serves_mcp:
        return
    resource = f"{settings.public_url}/mcp"
    if settings.public_url and settings.jwt_audiences and resource not in settings.jwt_audiences:
        yield f"JWT_AUDIENCE has no {resource}: agents request tokens for that, and they are rejected"
    if settings.jwt_jwks_url and not settings.jwt_issuer:
        yield "JWT_ISSUER is not set, so agents cannot find the identity provider"
    if not settings.production:
        return
    if str(settings.public_url).startswith("http://"):
        yield "PUBLIC_URL is not https: agents would send their tokens in plain text"
    if not str(settings.jwt_issuer).startswith("https://"):
        yield "JWT_ISSUER is not an https URL, so agents cannot find the identity provider"
