"""The command line: `taskward serve`, `migrate`, `copy`, `export`, `import`, `check`, `tasks`, and others.

Commands import their modules when they run, so that `taskward --help` is fast.
"""

import asyncio
import gc
import json
import os
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from typer.core import TyperGroup

from taskward.cli import spaces, tasks, tokens, webhooks
from taskward.cli.copying import copy
from taskward.cli.terminal import (
    ONE_DAY,
    cancel_on_signals,
    explain_stop,
    friendly_errors,
    open_input,
    open_output,
    output_errors,
    print_quickstart,
    print_report,
    progress_bar,
    ungrouped,
)

MAX_MARGIN: Final = 30 * ONE_DAY
"""Seconds. Until the clock has caught up with the margin, numbers do not follow the clock."""


class SourceFormat(StrEnum):
    """The formats that `taskward convert` reads."""

    ICAL = "ical"
    TODOIST = "todoist"
    GOOGLE = "google"
    TICKTICK = "ticktick"
    TASKWARRIOR = "taskwarrior"
    VIKUNJA = "vikunja"
    MICROSOFT = "microsoft"


class _Program(TyperGroup):
    def main(self, *args: Any, **kwargs: Any) -> Any:
        with output_errors():
            return super().main(*args, **kwargs)


app = typer.Typer(
    cls=_Program,
    help="The task backend behind your own front end.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(spaces.app, name="spaces")
app.add_typer(tasks.app, name="tasks")
app.add_typer(tokens.app, name="tokens")
app.add_typer(webhooks.app, name="webhooks")
app.command()(copy)


@app.callback(invoke_without_command=True)
def taskward(
    *, version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False
) -> None:
    if version:
        from taskward import __version__  # noqa: PLC0415 - slow to import

        typer.echo(f"taskward {__version__}")
        raise typer.Exit


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one. [PORT]")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of processes. [WORKERS]")] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when the code changes.")] = False,
) -> None:
    """Serve the API."""
    gc.disable()  # until the server listens: imports leave no garbage, and each collection scans all of them
    with friendly_errors():
        from taskward.server import serving  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        flags = {"HOST": host, "PORT": port, "WORKERS": workers}
        os.environ.update({name: str(value) for name, value in flags.items() if value is not None})
        settings = load_settings()
        try:
            status = serving.serve(
                settings, reload=reload, announce=lambda url: print_quickstart(settings, url)
            )
        except serving.CannotListen as error:
            typer.echo(f"taskward: {error}", err=True)
            status = 1
    raise typer.Exit(status)


@app.command()
def migrate() -> None:
    """Migrate the database schema."""
    with friendly_errors():
        from taskward.database.engines import open_database  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        revision = asyncio.run(open_database(load_settings()).migrate())
    typer.echo(f"The schema is at revision {revision}.")


@app.command()
def restored(
    *,
    margin: Annotated[
        int,
        typer.Option(
            help="Seconds by which the clock may have been ahead when the lost writes were made.",
            min=0,
            max=MAX_MARGIN,
        ),
    ] = 60,
) -> None:
    """Run this after a restore of a backup, or any other loss of the newest writes.

    That is: an SQLite file was put back, a PostgreSQL database was restored from a dump or to a point in
    time, or a standby without the newest commits was promoted. Clients still hold cursors of the lost writes.
    This invalidates them, in running processes too: each cursor of the change feed gets a 410, so that
    clients fetch everything again, and each list is sent again. No task changes. It may run beside the
    service, and more than once.
    """
    with friendly_errors():
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
        from taskward.users.restores import mark_restored  # noqa: PLC0415 - slow to import

        done = asyncio.run(mark_restored(load_settings(), timedelta(seconds=margin)))
    typer.echo(RESTORED.format(owners=done.owners, number=done.number, moment=done.moment.isoformat()))


@app.command()
def token(  # noqa: PLR0913 - one argument for each option
    *,
    sub: Annotated[str, typer.Option(help="The user of the token: the `sub` claim.")],
    email: Annotated[str | None, typer.Option(help="The `email` claim.")] = None,
    expires_in: Annotated[
        int | None, typer.Option(help="Seconds until it expires; 3600, of a service token 300.")
    ] = None,
    service: Annotated[
        Path | None,
        typer.Option(
            help="Create a service token: the file of the private key, PEM or JWK; --sub is a user id."
        ),
    ] = None,
    actor: Annotated[str, typer.Option(help="Of a service token: the job that acts.")] = "taskward-token",
    scope: Annotated[str, typer.Option(help="Of a service token: read, write, erase.")] = "write",
) -> None:
    """Create a token: in development only, or with --service and your back end's key."""
    with friendly_errors():
        if service is not None:
            _echo_service_token(service, sub, actor, scope, expires_in)
            return
        from taskward.auth.development import mint_token  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        seconds = 3600 if expires_in is None else expires_in
        typer.echo(mint_token(load_settings(), sub, email=email, expires_in=seconds))


def _echo_service_token(key: Path, sub: str, actor: str, scope: str, expires_in: int | None) -> None:
    from taskward.auth.service import MAX_LIFETIME  # noqa: PLC0415 - slow to import
    from taskward.auth.service_minting import mint_service_token  # noqa: PLC0415 - slow to import
    from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

    seconds = MAX_LIFETIME if expires_in is None else expires_in
    typer.echo(mint_service_token(load_settings(), key, sub, actor=actor, scope=scope, expires_in=seconds))


@app.command()
def login() -> None:
    """Store a token for TASKWARD_URL, read from a prompt or standard input, for `tasks` and `mcp`.

    It is stored in ~/.config/taskward/tokens.json, readable by you only. It is never an argument, which other
    users of the machine could see.
    """
    from taskward.cli.remote import log_in  # noqa: PLC0415 - slow to import

    log_in()


@app.command()
def logout() -> None:
    """Forget the stored token for TASKWARD_URL. It stays valid until it is revoked or expires."""
    from taskward.cli.remote import log_out  # noqa: PLC0415 - slow to import

    log_out()


@app.command("export")
def export_data(
    user_id: Annotated[UUID, typer.Argument(help="Whose data: the `user_id` of their tasks.")],
    *,
    output: Annotated[str, typer.Option(help="The file to write, readable by you only; - for stdout.")] = "-",
) -> None:
    """Write all data of a user, as in their own export."""
    with friendly_errors():
        from taskward.me.admin import export_to  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        settings = load_settings()
        with open_output(output) as file, progress_bar("Exporting") as progress:
            asyncio.run(export_to(file, settings, user_id, progress))


@app.command("import")
def import_data(
    user_id: Annotated[UUID, typer.Argument(help="The user who gets the data.")],
    file: Annotated[str, typer.Argument(help="An export file; - for stdin.")],
) -> None:
    """Import an export for a user, all or nothing; tasks they already have are skipped."""
    with friendly_errors():
        from taskward.me.admin import import_from  # noqa: PLC0415 - slow to import
        from taskward.me.spool import spooled  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        settings = load_settings()
        with (
            explain_stop(STOPPED),
            open_input(file) as given,
            spooled(given) as document,
            progress_bar("Importing") as progress,
        ):

            async def run() -> bytes:
                cancel_on_signals()
                return await import_from(document, settings, user_id, progress)

            response = json.loads(asyncio.run(run()))
    typer.echo("{imported} imported, {skipped} skipped".format(**response))


@app.command("convert")
def convert_file(
    name: Annotated[
        SourceFormat, typer.Argument(metavar="FORMAT", help=f"One of {', '.join(SourceFormat)}.")
    ],
    file: Annotated[str, typer.Argument(help="The file of the other product; - for stdin.")],
    *,
    time_zone: Annotated[
        str | None,
        typer.Option(help="The time zone of times that have none of their own, like Europe/Berlin."),
    ] = None,
) -> None:
    """Convert tasks of another product into a document for `taskward import`, on stdout.

    What could not be kept is reported on stderr, a line each.
    """
    from taskward.convert import convert  # noqa: PLC0415 - slow to import
    from taskward.convert.report import Report  # noqa: PLC0415 - slow to import
    from taskward.convert.source import Unconvertible  # noqa: PLC0415 - slow to import

    with friendly_errors(Unconvertible), Report() as report:
        with open_input(file) as given, open_output("-") as output, progress_bar("Converting") as progress:
            convert(name, given, file, time_zone, output, report, progress)
        print_report(report)


@app.command()
def check() -> None:
    """Check whether the service could run as configured."""
    from taskward.check import findings  # noqa: PLC0415 - slow to import

    with friendly_errors():
        found = asyncio.run(findings())
    for finding in found:
        typer.echo(f"{finding.verdict:<4}  {finding.subject:<8}  {finding.text}")
    raise typer.Exit(any(finding.verdict == "FAIL" for finding in found))


@app.command()
def mcp() -> None:
    """Serve MCP to an agent on standard input and output, with TASKWARD_URL and TASKWARD_TOKEN."""
    from taskward.cli.remote import checked_service  # noqa: PLC0415 - slow to import
    from taskward.mcp.stdio import serve_stdio  # noqa: PLC0415 - slow to import

    url, token, is_local = checked_service()
    with ungrouped():
        asyncio.run(serve_stdio(url, token, uses_proxies=not is_local))


STOPPED: Final = "Stopped. The same command imports all of it, or skips what is already there."

RESTORED: Final = """\
Owners: {owners}. Their change counters are at {number} ({moment}) or beyond.
Every change cursor issued before is invalid: 410 CURSOR_EXPIRED, and clients fetch everything again.
Every list is sent again: no ETag of a list from before matches.
Open event streams end at their owner's next change, or before."""
