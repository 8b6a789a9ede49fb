"""`taskward spaces` and `taskward spaces owner`: the spaces of users, for an operator."""

import asyncio
import logging
from typing import Annotated, Any
from uuid import UUID

import typer

from taskward.cli.task_output import print_json
from taskward.cli.terminal import friendly_errors

app = typer.Typer(help="List spaces, and make a member an owner.", invoke_without_command=True)


@app.callback()
def list_spaces(
    context: typer.Context,
    *,
    user: Annotated[UUID | None, typer.Option(help="Only the spaces of this user.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List spaces: id, creation, number of members, ids of the owners, and title."""
    if context.invoked_subcommand is not None:
        return
    with friendly_errors():
        found = asyncio.run(_spaces(user))
    if json:
        print_json(found)
        return
    for one in found:
        title = "".join(character if character.isprintable() else "\ufffd" for character in one["title"])
        owners = ",".join(one["owners"]) or "none"
        typer.echo("\t".join((one["space_id"], one["created_at"], str(one["members"]), owners, title)))


@app.command("owner")
def make_an_owner(
    space: Annotated[UUID, typer.Argument(help="The id of the space.")],
    user: Annotated[UUID, typer.Argument(help="The id of a user who is a member of it.")],
) -> None:
    """Make a member an owner, for a space whose owners are gone."""
    with friendly_errors():
        from taskward import log  # noqa: PLC0415 - slow to import
        from taskward.observability.audit import ChangeLog, audit  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
        from taskward.spaces.admin import make_owner  # noqa: PLC0415 - slow to import

        settings = load_settings()
        if settings.audit_log:
            log.configure(settings)
            audit.setLevel(logging.INFO)  # independent of LOG_LEVEL, as in the service
        observers = (ChangeLog,) if settings.audit_log else ()
        is_new = asyncio.run(make_owner(settings, space, user, observers))
    typer.echo("The member is an owner now." if is_new else "The member is an owner already.")


async def _spaces(user: UUID | None) -> list[dict[str, Any]]:
    from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
    from taskward.spaces.admin import spaces_of  # noqa: PLC0415 - slow to import

    return [one async for one in spaces_of(load_settings(), user)]
