"""`taskward webhooks test | status | replay`."""

import asyncio
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from taskward.cli.terminal import friendly_errors, number_of

if TYPE_CHECKING:
    from taskward.webhooks.admin import Status

app = typer.Typer(help="Test webhooks, show their status, deliver again.", no_args_is_help=True)


@app.command()
def test() -> None:
    """Send a `ping` to WEBHOOK_URL."""
    with friendly_errors():
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
        from taskward.webhooks.admin import send_test  # noqa: PLC0415 - slow to import

        outcome = asyncio.run(send_test(load_settings()))
    is_delivered = outcome.kind == "delivered"
    typer.echo(f"The ping was {'delivered' if is_delivered else 'not delivered'}: {outcome.reason}.")
    raise typer.Exit(not is_delivered)


@app.command()
def status() -> None:
    """Show whether the receiver works, and how many users wait."""
    with friendly_errors():
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
        from taskward.webhooks.admin import read_status  # noqa: PLC0415 - slow to import

        found = asyncio.run(read_status(load_settings()))
    typer.echo(f"receiver  {_receiver(found)}")
    users = number_of(found.owners, "user")
    waiting = f"{users}, the first for {found.seconds:.0f} s" if found.owners else "nobody"
    typer.echo(f"waiting   {waiting}")


@app.command()
def replay(
    *,
    user: Annotated[UUID | None, typer.Option(help="Only this user: the `user_id` of their tasks.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="From this cursor of theirs, of a delivery or of /api/changes; else everything."),
    ] = None,
) -> None:
    """Deliver the current state again, to all users or to one. It may run beside the service."""
    with friendly_errors():
        from taskward.settings import load_settings  # noqa: PLC0415 - slow to import
        from taskward.webhooks import admin  # noqa: PLC0415 - slow to import

        count = asyncio.run(admin.replay(load_settings(), user, since))
    typer.echo(f"Users whose changes are delivered again: {count}.")


def _receiver(found: "Status") -> str:
    from taskward.webhooks.admin import format_time  # noqa: PLC0415 - slow to import

    state = found.receiver
    if state.stopped_at is not None:
        return f"answered 410 at {format_time(state.stopped_at)}; processes that ran then deliver no more"
    if state.failing_since is not None:
        probe = f"; the next attempt is at {format_time(state.probe_at)}" if state.probe_at else ""
        return f"failing since {format_time(state.failing_since)}{probe}"
    if state.failed_at is not None:
        return f"the last attempts failed, from {format_time(state.failed_at)} on"
    return "no failure since the last success"
