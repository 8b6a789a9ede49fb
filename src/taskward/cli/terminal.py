"""Terminal input and output of the commands: error messages, signals, files, progress, the quickstart."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import typer

from taskward.http.errors import RateLimited, ServiceError, ServiceUnavailable

if TYPE_CHECKING:
    from taskward.convert.report import Report
    from taskward.settings import Settings

ONE_DAY: Final = 24 * 60 * 60

INTERRUPTED: Final = 130
"""The exit status after a signal."""

NOT_IN_ENCODING: Final = "the output has characters that {encoding} has not: set PYTHONIOENCODING=utf-8"

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def friendly_errors(*others: type[Exception]) -> Iterator[None]:
    """Prints errors of the settings, the database and other kinds in plain lines, without a traceback."""
    from taskward.database import DatabaseUnusable  # noqa: PLC0415 - slow to import
    from taskward.settings import SettingsError  # noqa: PLC0415 - slow to import

    expected: tuple[type[Exception], ...] = (
        *(SettingsError, DatabaseUnusable, ServiceError, OSError),
        *others,
    )
    try:
        yield
    except expected as error:
        for line in _lines(error):
            typer.echo(f"taskward: {line}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def output_errors() -> Iterator[None]:
    """Prints a line if standard output cannot be written. Of a closed pipe typer has taken care."""
    try:
        yield
    except UnicodeEncodeError as error:
        typer.echo(f"taskward: {NOT_IN_ENCODING.format(encoding=error.encoding)}", err=True)
        sys.exit(1)
    except OSError as error:
        _discard_output()
        typer.echo(f"taskward: {_lines(error)[0]}", err=True)
        sys.exit(1)


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raises the first error of a group: tasks that run together raise one, also of a single error."""
    try:
        yield
    except ExceptionGroup as group:
        first: Exception = group
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def _discard_output() -> None:
    """Discards what is left to write: Python tries again when it ends, and would print an error."""
    with suppress(OSError), Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())


def open_closed_streams() -> None:
    """Opens what the caller has closed, and Python leaves out: an empty input, an output that fails."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    if sys.stdout is None:
        unwritable = os.open(os.devnull, os.O_RDONLY)
        sys.stdout = os.fdopen(unwritable, "w", encoding="utf-8")


def _lines(error: Exception) -> list[str]:
    if isinstance(error, OSError) and error.filename is not None:
        return [f"{error.filename}: {error.strerror}"]
    lines = str(error).splitlines() or [type(error).__name__]
    if isinstance(error, ServiceError):
        lines += [f"{one.field}: {one.message}".removeprefix(": ") for one in error.details()]
    if isinstance(error, RateLimited | ServiceUnavailable):
        lines.append(f"Try again in {error.retry_after} seconds.")
    return lines


@contextmanager
def explain_stop(text: str) -> Iterator[None]:
    """Prints a line if a signal stops the block, and ends the program with a status of its own."""
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo(text, err=True)
        raise typer.Exit(INTERRUPTED) from None


def cancel_on_signals() -> None:
    """Makes each signal that stops a program cancel the current task.

    A second SIGINT would otherwise cancel everything at once, the work in progress of the database included.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
        if task is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            with suppress(NotImplementedError, RuntimeError):  # on Windows, and outside of the main thread
                loop.add_signal_handler(number, task.cancel)


@contextmanager
def open_input(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        open_closed_streams()
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as opened:
        yield opened


@contextmanager
def open_output(output: str) -> Iterator[BinaryIO]:
    """Opens the file, readable by its owner only; an incomplete export is removed."""
    if output == "-":
        with _standard_output() as file:
            yield file
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
def _standard_output() -> Iterator[BinaryIO]:
    open_closed_streams()
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except OSError:
        _discard_output()
        raise


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Shows the progress on a terminal."""
    is_hidden = sys.stderr is None or not sys.stderr.isatty()
    with typer.progressbar(length=1, label=label, file=sys.stderr, hidden=is_hidden) as bar:

        def progress(done: int, count: int) -> None:
            bar.length = max(count, 1)
            bar.update(done - bar.pos)

        yield progress


def print_report(report: "Report") -> None:
    """Prints the report of a conversion on stderr."""
    for line in report.lines():
        typer.echo(line, err=True)
    notes = f"; {number_of(report.notes, 'line')} of report" if report.notes else ""
    converted = f"{number_of(report.tasks, 'task')} and {number_of(report.lists, 'list')} converted"
    typer.echo(f"{converted}{notes}", err=True)


def number_of(count: int, thing: str) -> str:
    """Returns "1 task" or "2 tasks"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def print_quickstart(settings: "Settings", url: str) -> None:
    """In development, prints where the web app is, and a session to paste into a shell.

    Its token is printed on a terminal only: anything else may be a log.
    """
    if settings.production or settings.jwt_jwks_url is not None or sys.stdout is None:
        return
    from taskward.auth.development import (  # noqa: PLC0415 - slow to import
        DEVELOPER,
        DEVELOPER_EMAIL,
        mint_token,
    )

    if sys.stdout.isatty():
        where, token = "", mint_token(settings, DEVELOPER, email=DEVELOPER_EMAIL, expires_in=ONE_DAY)
    else:
        where = ", in this folder and with the same settings"
        command = Path(sys.executable).with_name("taskward")  # after `make serve` it is not on the PATH
        token = f'$("{command}" token --sub {DEVELOPER} --email {DEVELOPER_EMAIL} --expires-in {ONE_DAY})'
    web_app = ""
    if settings.serves_web_app:
        web_app = WEB_APP.format(url=url, how=PASTED if settings.jwt_secrets else SIGNED_IN)
    typer.echo(SESSION.format(url=url, where=where, token=token, web_app=web_app))


WEB_APP: Final = "\nOpen {url}/ in a browser: the web app {how}."
SIGNED_IN: Final = "signs in by itself"
PASTED: Final = "asks for a token, such as the one below"

SESSION: Final = r"""
Taskward listens on {url}, until Ctrl-C.{web_app}
Its documentation is at {url}/docs

Paste these lines into another terminal{where}, one after the other. The token is valid for 24 hours.

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
