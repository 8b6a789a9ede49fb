"""The settings: environment variables and `.env`, read once, immutable, with safe defaults."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from taskward.settings.parsing import (
    Audiences,
    DatabaseUrl,
    HostName,
    HttpsUrl,
    LogLevel,
    MaxStreams,
    Origin,
    Origins,
    PoolSize,
    Port,
    Rate,
    RateText,
    Secrets,
    SignInScope,
    TokenDays,
    error_lines,
    parse_list,
    parse_origins,
    parse_rate,
)
from taskward.settings.webhooks import (
    WebhookEvents,
    WebhookKinds,
    WebhookSecrets,
    WebhookSettings,
    webhook_settings,
)

LOCAL_FRONT_END = "http://localhost:3000"


class SettingsError(Exception):
    """The settings are invalid. The text has one line for each invalid setting, and contains no value."""


class Settings(BaseSettings):
    """The settings, from the environment and from `.env`; the environment takes precedence.

    An empty variable counts as not set. Use `load_settings`, whose errors are readable. The descriptions are
    the table of docs/configuration.md (`make docs`); their links are relative to docs/.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: DatabaseUrl = Field(
        default=SecretStr("sqlite:///taskward.db"),
        description="The database: `sqlite:///relative/path`, `sqlite:////absolute/path`, `postgresql://…` "
        "or `postgres://…` as your provider shows it, with one host or [several](high-availability.md). "
        "`sqlite://` keeps everything in memory and loses it at exit.",
    )
    database_pool_size: PoolSize = Field(
        default=10,
        description="Maximum number of connections to PostgreSQL in each process, 1 to 1000. "
        "Not used with SQLite.",
    )
    database_rls: bool = Field(
        default=False,
        description="`on` runs every request under [row-level security](postgresql.md#row-level-security). "
        "PostgreSQL only.",
    )
    jwt_secret: Secrets | None = Field(
        default=None,
        description="The secret shared with the issuer of your tokens (HS256), at least 32 bytes. "
        "Several, separated by commas, allow rotation.",
    )
    jwt_jwks_url: HttpsUrl | None = Field(
        default=None,
        description="The https URL of your identity provider's public keys (JWKS). Replaces `JWT_SECRET`: "
        "only one of the two may be set. See [tokens](tokens.md).",
    )
    service_public_keys: str | None = Field(
        default=None,
        description="The public keys with which your [back end](back-end.md) signs service tokens: a JWK "
        "Set, or the path of a file with one. If not set, there are no service tokens.",
    )
    jwt_issuer: str | None = Field(
        default=None,
        description="The value that a token's `iss` must have. If it is not set, `iss` is not checked, so "
        "set it with `JWT_JWKS_URL`; see [tokens](tokens.md).",
    )
    jwt_audience: Audiences | None = Field(
        default=None,
        description="The audience that a token's `aud` must be or contain; several, separated by commas, "
        "allow any of them. If it is not set, a token with an `aud` is rejected.",
    )
    frontend_url: Origins = Field(
        default="",
        description="The origins whose pages may call the service from a browser (CORS), separated by "
        "commas, such as `https://app.example.com`: scheme and host, no path, no `*`. In development "
        "`http://localhost:3000` is always allowed.",
    )
    environment: Literal["development", "production"] = Field(
        default="development",
        description="`development` or `production`. Production requires `JWT_SECRET` or `JWT_JWKS_URL`, does "
        "not allow `http://localhost:3000` by default, and sends `Strict-Transport-Security`.",
    )
    log_level: LogLevel = Field(
        default="INFO",
        description="The lowest level that is logged: `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.",
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="`json` logs one JSON object per line, `console` logs readable text, with colours on a "
        "terminal unless `NO_COLOR` is set. `auto` is `console` on a terminal in development, "
        "otherwise `json`. See [the log](operations.md#the-log).",
    )
    host: HostName = Field(
        default="127.0.0.1",
        description="The address to listen on; `0.0.0.0` is every IPv4 address of the machine.",
    )
    port: Port = Field(default=8000, description="The port to listen on; `0` picks a free one.")
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Number of worker processes, 1 to 64. Must be 1 with a database in memory.",
    )
    audit_log: bool = Field(
        default=False,
        description="`on` logs a line for each change and for each rejected request; see "
        "[audit log](operations.md#audit-log).",
    )
    metrics_port: Port | None = Field(
        default=None,
        description="Serves metrics for Prometheus at `/metrics` on this port, without a token; `0` picks a "
        "free one. Must differ from `PORT`. If it is not set, there are no metrics.",
    )
    metrics_host: HostName = Field(
        default="127.0.0.1", description="The address that `METRICS_PORT` listens on."
    )
    tombstone_days: float = Field(
        default=30,
        gt=0,
        le=36500,
        description="Days for which the change feed keeps deletions, more than 0 and at most 36500; "
        "fractions are allowed. A client that was offline for longer has to fetch everything again.",
    )
    trash_days: float = Field(
        default=30,
        ge=0,
        le=36500,
        description="Days for which tasks in the [trash](contract.md#trash) can be restored, at most 36500; "
        "fractions are allowed. `0` turns the trash off, and what is in it is deleted within an hour.",
    )
    activity_days: float = Field(
        default=90,
        ge=0,
        le=36500,
        description="Days for which the [activity](contract.md#activity) of a space is kept, at most 36500; "
        "fractions are allowed. `0` turns it off, and what was kept is deleted within an hour.",
    )
    max_streams_per_user: MaxStreams = Field(
        default=10,
        description="Maximum number of open event streams of one user in each process, 1 to 1000000. "
        "One more is rejected with 429.",
    )
    max_streams: MaxStreams = Field(
        default=1000,
        description="Maximum number of open event streams in each process, 1 to 1000000. "
        "One more is rejected with 503.",
    )
    public_url: Origin | None = Field(
        default=None,
        description="The origin at which clients reach the service, such as `https://tasks.example.com`. "
        "Required by `MCP` in production.",
    )
    mcp: bool | None = Field(
        default=None,
        description="`on` serves agents at `/mcp`, see [MCP](mcp.md). If it is not set: `on` in development, "
        "`off` in production, where it needs `PUBLIC_URL`, `JWT_ISSUER` and `JWT_AUDIENCE`.",
    )
    tokens: bool | None = Field(
        default=None,
        description="`on` lets users make [access tokens](scripts.md) for scripts and agents. "
        "If not set: only in development.",
    )
    token_days: TokenDays = Field(
        default=90,
        description="Days for which an access token is valid at most, from 1/24 (an hour) to 36500; "
        "fractions are allowed.",
    )
    spaces: bool = Field(
        default=True,
        description="`off` turns [spaces](contract.md#spaces) off: their paths are 404. "
        "What is in them stays stored.",
    )
    web_app: bool | None = Field(
        default=None,
        description="`on` serves the [web app](web-app.md) at `/`. If not set: only in development.",
    )
    web_app_issuer: HttpsUrl | None = Field(
        default=None,
        description="The issuer of your OpenID Connect provider, at which users of the "
        "[web app](web-app.md#sign-in) sign in, exactly as its discovery document names it. `http` is "
        "allowed for a loopback host. If not set: the app asks for a token.",
    )
    web_app_client_id: str | None = Field(
        default=None,
        description="The id of the web app as a public client of that provider, required with "
        "`WEB_APP_ISSUER`.",
    )
    web_app_scope: SignInScope = Field(
        default="openid",
        description="What the web app asks the provider for, separated by spaces. Most providers need "
        "`openid offline_access` to let it stay signed in when a token expires.",
    )
    web_app_resource: str | None = Field(
        default=None,
        description="The API that the tokens of the web app are for, sent as `resource` (RFC 8707), for a "
        "provider that otherwise issues tokens that are not JSON Web Tokens.",
    )
    rate_limit: RateText | None = Field(
        default=None,
        description="Maximum rate of requests of one user in each process, such as `100/10s`, `20/s` or "
        "`1000/h` (units s, m, h; at most 1000000 requests in at most 1000000 seconds). One more is rejected "
        "with 429. See [limits](limits.md).",
    )
    webhook_url: HttpsUrl | None = Field(
        default=None,
        description="The https URL of your back end that gets the changes of all users. If it is not set, "
        "there are no [webhooks](webhooks.md). `http` is allowed for a loopback host.",
    )
    webhook_secret: WebhookSecrets | None = Field(
        default=None,
        description="The secret that signs webhooks, required with `WEBHOOK_URL`: `whsec_` and the base64 of "
        "24 to 64 bytes. Several, separated by commas, allow rotation: all of them sign.",
    )
    webhook_events: WebhookEvents = Field(
        default="changes,reminders",
        description="What webhooks deliver: `changes`, `reminders` or `changes,reminders`.",
    )
    webhook_kinds: WebhookKinds = Field(
        default="tasks",
        description="The kinds of objects whose changes webhooks deliver: any of `tasks`, `lists`, "
        "`comments`, `spaces`, `members` and `space`, separated by commas. After this setting changes, "
        "the deliveries of each user and space start over with a reset.",
    )

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def serves_mcp(self) -> bool:
        return not self.production if self.mcp is None else self.mcp

    @property
    def serves_tokens(self) -> bool:
        return not self.production if self.tokens is None else self.tokens

    @property
    def serves_web_app(self) -> bool:
        return not self.production if self.web_app is None else self.web_app

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]:
        """The database engine of DATABASE_URL."""
        return "sqlite" if self.database_url.get_secret_value().startswith("sqlite:") else "postgresql"

    @property
    def sqlite_path(self) -> Path | None:
        """The file of the SQLite database; None for a database in memory and for PostgreSQL."""
        path = self.database_url.get_secret_value().removeprefix("sqlite://").removeprefix("/")
        return None if self.engine != "sqlite" or path in {"", ":memory:"} else Path(path)

    @property
    def jwt_secrets(self) -> tuple[bytes, ...]:
        """The shared secrets of JWT_SECRET in their order; empty if it is not set."""
        secrets = parse_list(self.jwt_secret.get_secret_value()) if self.jwt_secret else ()
        return tuple(map(str.encode, secrets))

    @property
    def jwt_audiences(self) -> tuple[str, ...]:
        """The audiences of JWT_AUDIENCE, one of which a token must have; empty if it is not set."""
        return () if self.jwt_audience is None else tuple(parse_list(self.jwt_audience))

    @property
    def rate(self) -> Rate | None:
        """The rate of requests that one user may have in one process; None for no limit."""
        return None if self.rate_limit is None else parse_rate(self.rate_limit)

    @property
    def webhooks(self) -> WebhookSettings | None:
        """The settings of webhooks; None if there are none."""
        return webhook_settings(
            self.webhook_url, self.webhook_secret, self.webhook_events, self.webhook_kinds
        )

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins whose pages may call the service from a browser."""
        origins = parse_origins(self.frontend_url)
        return frozenset(origins if self.production else origins | {LOCAL_FRONT_END})

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        """Checks the settings that exclude or need each other."""
        if self.jwt_secret is not None and self.jwt_jwks_url is not None:
            raise ValueError(
                "JWT_SECRET and JWT_JWKS_URL are both set; tokens are verified one way, so set one"
            )
        if self.production and self.jwt_secret is None and self.jwt_jwks_url is None:
            raise ValueError("JWT_SECRET or JWT_JWKS_URL must be set in production")
        if self.database_rls and self.engine == "sqlite":
            raise ValueError("DATABASE_RLS is for PostgreSQL; SQLite has no row-level security")
        if self.metrics_port and self.metrics_port == self.port:
            raise ValueError("METRICS_PORT must be another port than PORT: what it shows is not for clients")
        if (self.web_app_issuer is None) != (self.web_app_client_id is None):
            raise ValueError("WEB_APP_ISSUER and WEB_APP_CLIENT_ID are only valid together")
        if self.workers > 1 and self.engine == "sqlite" and self.sqlite_path is None:
            raise ValueError("WORKERS must be 1 with a database in memory, which no two processes share")
        _ = self.webhooks
        if self.production and self.mcp:
            self._check_mcp()
        return self

    def _check_mcp(self) -> None:
        if missing := missing_for_mcp(self):
            raise ValueError(
                "MCP needs PUBLIC_URL, JWT_ISSUER and JWT_AUDIENCE in production: with them its clients find "
                "the identity provider, and tokens for other services are rejected. "
                f"Not set: {', '.join(missing)}"
            )


def missing_for_mcp(settings: Settings) -> list[str]:
    """Returns the names of the settings that MCP needs in production and that are not set."""
    names = ("PUBLIC_URL", "JWT_ISSUER", "JWT_AUDIENCE")
    return [name for name in names if not getattr(settings, name.lower())]


def load_settings(**overrides: Any) -> Settings:
    """Returns the settings.

    Raises:
        SettingsError: a required setting is missing, or a setting is invalid.

    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(error_lines(error))) from None
