"""The command line: `taskward serve | migrate | restored | token | export | import | check`.

Commands import their modules when they run, so that `taskward --help` is fast.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final
from uuid import UUID

import typer

if TYPE_CHECKING:
    from taskward.settings import Settings

DEVELOPER: Final = "developer"
"""The `sub` of the printed session: always the same, so that it finds the same tasks after a restart."""
ONE_DAY: Final = 24 * 60 * 60
MOST_MARGIN: Final = 30 * ONE_DAY
"""Seconds. Until the clock has caught up with the margin, numbers do not follow the clock."""

app = typer.Typer(
    help="The task backend behind your own front end.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    with friendly_errors():
        from taskward import server  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        flags = {"HOST": host, "PORT": port, "WORKERS": workers}
        os.environ.update({name: str(value) for name, value in flags.items() if value is not None})
        settings = load_settings()
        try:
            status = server.serve(
                settings, reload=reload, announce=lambda url: _print_quickstart(settings, url)
            )
        except server.CannotListen as error:
            typer.echo(f"taskward: {error}", err=True)
            status = 1
    raise typer.Exit(status)


@app.command()
def migrate() -> None:
    """Migrate the database schema."""
    with friendly_errors():
        from taskward.database import open_database  # noqa: PLC0415 - slow to import
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
            max=MOST_MARGIN,
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
def token(
    *,
    sub: Annotated[str, typer.Option(help="The user of the token: the `sub` claim.")],
    email: Annotated[str | None, typer.Option(help="The `email` claim.")] = None,
    expires_in: Annotated[int, typer.Option(help="Seconds until it expires.")] = 3600,
) -> None:
    """Create a token, in development only."""
    with friendly_errors():
        from taskward.auth.development import mint_token  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        typer.echo(mint_token(load_settings(), sub, email=email, expires_in=expires_in))


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
        with _writing(output) as file, _progress_bar("Exporting") as progress:
            asyncio.run(export_to(file, settings, user_id, progress))


@app.command("import")
def import_data(
    user_id: Annotated[UUID, typer.Argument(help="The user who gets the data.")],
    file: Annotated[str, typer.Argument(help="An export file; - for stdin.")],
) -> None:
    """Import an export for a user, all or nothing; tasks they already have are skipped."""
    with friendly_errors():
        from taskward.me.admin import import_from  # noqa: PLC0415 - slow to import
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import

        settings = load_settings()
        with _reading(file) as document, _progress_bar("Importing") as progress:
            response = json.loads(asyncio.run(import_from(document, settings, user_id, progress)))
    typer.echo("{imported} imported, {skipped} skipped".format(**response))


@app.command()
def check() -> None:
    """Check whether the service could run as configured."""
    from taskward.check import findings  # noqa: PLC0415 - slow to import

    found = asyncio.run(findings())
    for finding in found:
        typer.echo(f"{finding.verdict:<4}  {finding.subject:<8}  {finding.text}")
    raise typer.Exit(any(finding.verdict == "FAIL" for finding in found))


@contextmanager
def friendly_errors() -> Iterator[None]:
    """Prints errors of the settings or the database in plain lines, without a traceback."""
    from taskward.database import DatabaseUnusable  # noqa: PLC0415 - slow to import
    from taskward.http.errors import ServiceError  # noqa: PLC0415 - as above
    from taskward.settings import SettingsError  # noqa: PLC0415 - as above

    try:
        yield
    except (SettingsError, DatabaseUnusable, ServiceError, OSError) as error:
        lines = str(error).splitlines()
        if isinstance(error, ServiceError):
            lines += [f"{one.field}: {one.message}".removeprefix(": ") for one in error.details()]
        for line in lines:
            typer.echo(f"taskward: {line}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def _reading(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as opened:
        yield opened


@contextmanager
def _writing(output: str) -> Iterator[BinaryIO]:
    """Opens the file, readable by its owner only; an incomplete export is removed."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - Path.open takes no mode bits
            yield file
    except FileExistsError:
        raise
    except BaseException:
        Path(output).unlink(missing_ok=True)
        raise


@contextmanager
def _progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Shows the progress on a terminal."""
    with typer.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, count: int) -> None:
            bar.length = max(count, 1)
            bar.update(done - bar.pos)

        yield progress


def _print_quickstart(settings: "Settings", url: str) -> None:
    """In development, print a session to paste into a shell."""
    if settings.production or settings.jwt_jwks_url is not None:
        return
    from taskward.auth.development import mint_token  # noqa: PLC0415 - slow to import

    token = mint_token(settings, DEVELOPER, email="developer@example.com", expires_in=ONE_DAY)
    typer.echo(SESSION.format(url=url, token=token))


RESTORED: Final = """\
Owners: {owners}. Their change counters are at {number} ({moment}) or beyond.
Every change cursor issued before is invalid: 410 CURSOR_EXPIRED, and clients fetch everything again.
Every list is sent again: no ETag of a list from before matches.
Open event streams end at their owner's next change, or before."""

SESSION: Final = r"""
Taskward listens on {url}, until Ctrl-C.
Its documentation is at {url}/docs

Paste these lines into another terminal, one after the other. The token is valid for 24 hours.

TOKEN={token}
API={url}/api/tasks

# Create a task, and keep its id
TASK=$(curl -sS "$API" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"title": "Buy milk", "description": "Two litres"}}'); echo "$TASK"
ID=$(echo "$TASK" | sed 's/.*"id":"\([^"]*\)".*/\1/')

# List your tasks
curl -sS "$API" -H "Authorization: Bearer $TOKEN"; echo

# Read it
curl -sS "$API/$ID" -H "Authorization: Bearer $TOKEN"; echo

# Update it
curl -sS -X PUT "$API/$ID" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"is_completed": true}}'; echo

# Delete it
curl -sS -X DELETE "$API/$ID" -H "Authorization: Bearer $TOKEN"; echo
"""  # noqa: E501 - a line to paste is one line
