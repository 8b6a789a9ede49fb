"""`taskward tokens list | revoke`: access tokens of a user, for an operator."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from taskward.cli.terminal import friendly_errors, number_of

app = typer.Typer(help="List and revoke the access tokens of a user.", no_args_is_help=True)

_User = Annotated[UUID, typer.Option(help="Whose tokens: the `user_id` of their tasks.")]


@app.command("list")
def list_tokens(*, user: _User) -> None:
    """List the access tokens of a user, the newest first: id, access, expiry, last use and name."""
    with friendly_errors():
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
        from taskward.tokens.admin import tokens_of  # noqa: PLC0415 - slow to import

        found = asyncio.run(tokens_of(load_settings(), user))
    for one in found:
        name = "".join(character if character.isprintable() else "\ufffd" for character in one["name"])
        used = str(one.get("last_used_at", "never"))
        typer.echo("\t".join((one["id"], one["access"], str(one["expires_at"]), used, name)))


@app.command()
def revoke(
    *,
    user: _User,
    token: Annotated[UUID | None, typer.Option(help="Only this token; else all of the user.")] = None,
) -> None:
    """Revoke the access tokens of a user; within 5 s no process accepts them."""
    with friendly_errors():
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
        from taskward.tokens.admin import revoke_tokens  # noqa: PLC0415 - slow to import

        count = asyncio.run(revoke_tokens(load_settings(), user, token))
    typer.echo(f"Revoked: {number_of(count, 'token')}.")
