"""`taskward copy`: all data of one database to another."""

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from taskward.cli.terminal import cancel_on_signals, explain_stop, friendly_errors, progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from taskward.copy.passes import Progress
    from taskward.copy.verification import Verified
    from taskward.settings import Settings


def copy(
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from", envvar="COPY_FROM", help="The database to copy: sqlite:///… or postgresql://…"
        ),
    ],
    target: Annotated[
        str, typer.Option("--to", envvar="COPY_TO", help="The empty database that becomes the copy.")
    ],
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Copy what changes meanwhile too, until you press Enter to switch."),
    ] = False,
) -> None:
    """Copy all data to another database, while the service runs.

    Users, tasks, lists, counters and stored responses become the same, so that clients continue where they
    were. An interrupted copy is continued by the same command.
    """
    from taskward.copy.errors import CopyFailed  # noqa: PLC0415 - slow to import
    from taskward.copy.opening import FROM, TO, settings_of  # noqa: PLC0415 - slow to import

    with friendly_errors(CopyFailed):
        source_settings, target_settings = settings_of(FROM, source), settings_of(TO, target)
        with explain_stop("Stopped. The same command continues the copy."):
            verified = asyncio.run(_copy(source_settings, target_settings, follow=follow))
    _print(verified)
    _print_secret(source_settings, target_settings)


async def _copy(source: "Settings", target: "Settings", *, follow: bool) -> "Sequence[Verified]":
    from taskward.copy.job import Copy  # noqa: PLC0415 - slow to import
    from taskward.copy.opening import opened  # noqa: PLC0415 - slow to import

    cancel_on_signals()
    async with opened(source, target) as databases:
        job = Copy(*databases, Terminal())
        return await (job.follow() if follow else job.once())


class Terminal:
    """Shows the progress on standard error, and reads Enter from standard input."""

    def __init__(self) -> None:
        self._enter = asyncio.Event()
        self._reader: threading.Thread | None = None

    def progress(self, label: str) -> "AbstractContextManager[Progress]":
        return progress_bar(label)

    def print(self, text: str) -> None:
        typer.echo(text, err=True)

    async def wait_for_switch(self, seconds: float) -> bool:
        if self._reader is None:
            loop = asyncio.get_running_loop()
            # A daemon, because nothing interrupts it.
            self._reader = threading.Thread(target=self._read, args=[loop], daemon=True)
            self._reader.start()
        try:
            await asyncio.wait_for(self._enter.wait(), seconds)
        except TimeoutError:
            return False
        self._enter.clear()
        return True

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while sys.stdin is not None and sys.stdin.readline():  # the caller may have closed it
            loop.call_soon_threadsafe(self._enter.set)


def _print(verified: "Sequence[Verified]") -> None:
    for one in verified:
        typer.echo(f"{one.table:<17} {one.rows:>10}  {one.digest or 'counted'}")
    typer.echo("The copy is complete and verified. Start the service with DATABASE_URL set to it.")


def _print_secret(source: "Settings", target: "Settings") -> None:
    """Prints how to copy the generated secret of development tokens, which is beside the database."""
    from taskward.auth.development import secret_file  # noqa: PLC0415 - slow to import

    file, wanted = secret_file(source), secret_file(target)
    if not (source.jwt_secrets or source.jwt_jwks_url) and file.exists() and file != wanted:
        typer.echo(f"For tokens of development to stay valid: cp -p {file} {wanted}", err=True)
