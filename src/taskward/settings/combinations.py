"""The settings that exclude or need each other."""

from typing import TYPE_CHECKING

from taskward.settings.webhooks import webhook_settings

if TYPE_CHECKING:
    from taskward.settings import Settings


def check_combination(settings: "Settings") -> None:
    """Raises `ValueError` if valid settings contradict each other."""
    if settings.jwt_secret is not None and settings.jwt_jwks_url is not None:
        raise ValueError("JWT_SECRET and JWT_JWKS_URL are both set; tokens are verified one way, so set one")
    if settings.production and settings.jwt_secret is None and settings.jwt_jwks_url is None:
        raise ValueError("JWT_SECRET or JWT_JWKS_URL must be set in production")
    if settings.database_rls and settings.engine == "sqlite":
        raise ValueError("DATABASE_RLS is for PostgreSQL; SQLite has no row-level security")
    if settings.metrics_port and settings.metrics_port == settings.port:
        raise ValueError("METRICS_PORT must be another port than PORT: what it shows is not for clients")
    if settings.workers > 1 and settings.engine == "sqlite" and settings.sqlite_path is None:
        raise ValueError("WORKERS must be 1 with a database in memory, which no two processes share")
    webhook_settings(settings.webhook_url, settings.webhook_secret, settings.webhook_events)
    if settings.production and settings.mcp:
        _check_mcp(settings)


def missing_for_mcp(settings: "Settings") -> list[str]:
    """Returns the names of the settings that MCP needs in production and that are not set."""
    names = ("PUBLIC_URL", "JWT_ISSUER", "JWT_AUDIENCE")
    return [name for name in names if not getattr(settings, name.lower())]


def _check_mcp(settings: "Settings") -> None:
    if missing := missing_for_mcp(settings):
        raise ValueError(
            "MCP needs PUBLIC_URL, JWT_ISSUER and JWT_AUDIENCE in production: with them its clients find the "
            "identity provider, and tokens for other services are rejected. "
            f"Not set: {', '.join(missing)}"
        )
