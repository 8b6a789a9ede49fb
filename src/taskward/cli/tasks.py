"""`taskward tasks`: the tasks of a running service, with its Python client."""

import re
import sys
from contextlib import redirect_stderr, suppress
from datetime import datetime
from enum import StrEnum
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from taskward.cli.remote import USAGE, Failed, check_encoding, service
from taskward.cli.task_output import print_json, print_tasks, print_trash
from taskward.cli.task_values import (
    due_date,
    due_filter,
    list_id,
    space_id,
    task_id,
    trashed_id,
    without_none,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from taskward_client import Client, Owner
    from taskward_client.types import Task, TaskChanges


class _Group(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        check_encoding(args)
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Group,
    help="List and change your tasks, with TASKWARD_URL and TASKWARD_TOKEN.",
    no_args_is_help=True,
)


class Priority(StrEnum):
    low = "low"
    medium = "medium"
    high = "high"
    urgent = "urgent"
    none = "none"


class Subtasks(StrEnum):
    keep = "keep"
    delete = "delete"


def _titles(incomplete: str) -> list[str]:
    return _completions(incomplete, lambda client: [one["title"] for one in client.lists.list()])


def _labels(incomplete: str) -> list[str]:
    return _completions(incomplete, lambda client: [one["label"] for one in client.labels.iterate()])


_UNQUOTED: Final = re.compile(r"[\w.+][\w.+-]*")
"""Every shell takes such a word literally. Others are split or evaluated; anyone may have written them."""


def _completions(incomplete: str, values: Any) -> list[str]:
    """Returns the values that a shell takes without quotes; none if the service does not answer."""
    with suppress(Exception), redirect_stderr(StringIO()), service(fails_fast=True) as client:
        return [one for one in values(client) if one.startswith(incomplete) and _UNQUOTED.fullmatch(one)]
    return []


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API has it.")]
Ids = Annotated[list[str], typer.Argument(help="Ids, or their last characters as the table shows them.")]
ListName = Annotated[
    str | None, typer.Option("--list", help="Title or id of a list; none: no list.", autocompletion=_titles)
]
OneLabel = Annotated[str | None, typer.Option("--label", help="A label.", autocompletion=_labels)]
SomeLabels = Annotated[
    list[str] | None,
    typer.Option("--label", help="A label; several times for several.", autocompletion=_labels),
]
OfSubtasks = Annotated[Subtasks | None, typer.Option(help="What becomes of the tasks below; else keep.")]
DueDay = Annotated[
    str | None,
    typer.Option(
        "--due", help="today, tomorrow, 2026-01-31 or 2026-01-31T09:30, which may have a time zone after it."
    ),
]


@app.command("list")
def list_tasks(  # noqa: PLR0913 - one option for each filter
    *,
    space: Annotated[str | None, typer.Option(help="Those of a space: its title or id.")] = None,
    assigned_to: Annotated[
        str | None, typer.Option(help="In a space: me, none or the id of a member.")
    ] = None,
    in_list: ListName = None,
    label: OneLabel = None,
    due: Annotated[
        str | None, typer.Option(help="overdue, today, tomorrow, week, any, none or a day.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option(help="low, medium, high or urgent; several with commas.")
    ] = None,
    search: Annotated[str | None, typer.Option(help="Words in the title or the description.")] = None,
    done: Annotated[bool, typer.Option("--done", help="Completed tasks.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Open and completed tasks.")] = False,
    sort: Annotated[str | None, typer.Option(help="Such as due, -priority, title, position.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most that many.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tasks: the open ones, newest first, unless options say otherwise."""
    with service() as client:
        owner = client if space is None else client.space(space_id(client, space))
        query: Any = without_none(
            label=label, priority=priority, q=search, sort=sort, assigned_to=assigned_to
        )
        if not all_:
            query["is_completed"] = done
        if in_list is not None:
            query["list_id"] = in_list if in_list == "none" else list_id(owner, in_list)
        if due is not None:
            query |= due_filter(due, datetime.now().astimezone())
        if limit is not None:
            query["limit"] = min(limit, 1000)
            limit = min(limit, sys.maxsize)  # of islice
        _print(owner, islice(owner.tasks.iterate(**query), limit), as_json=as_json)


@app.command()
def add(  # noqa: PLR0913 - one option for each field
    title: Annotated[list[str], typer.Argument(help="The title; its words need no quotes.")],
    *,
    description: Annotated[str | None, typer.Option(help="More about it.")] = None,
    due: DueDay = None,
    priority: Annotated[Priority | None, typer.Option(help="How important it is.")] = None,
    in_list: ListName = None,
    label: SomeLabels = None,
    as_json: AsJson = False,
) -> None:
    """Add a task."""
    with service() as client:
        fields = _fields(client, description=description, due=due, priority=priority, in_list=in_list)
        new: Any = without_none(title=" ".join(title), labels=label, **fields)
        _print_one(client, client.tasks.create(new).value, as_json=as_json)


@app.command()
def done(
    ids: Ids,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Open them again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Complete tasks."""
    _change(ids, {"is_completed": not undo} if undo else _completion(), as_json=as_json)


@app.command()
def edit(  # noqa: PLR0913 - one option for each field
    one: Annotated[str, typer.Argument(metavar="ID", help="The id, or its last characters.")],
    *,
    title: Annotated[str | None, typer.Option(help="The new title.")] = None,
    description: Annotated[str | None, typer.Option(help="The new description; '' removes it.")] = None,
    due: Annotated[str | None, typer.Option(help="As with add; none removes it.")] = None,
    priority: Annotated[Priority | None, typer.Option(help="none removes it.")] = None,
    in_list: ListName = None,
    add_label: Annotated[
        list[str] | None, typer.Option("--label", help="A label to add.", autocompletion=_labels)
    ] = None,
    remove_label: Annotated[
        list[str] | None, typer.Option(help="A label to remove.", autocompletion=_labels)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change fields of a task; the others stay."""
    with service() as client:
        changes: Any = without_none(title=title, add_labels=add_label, remove_labels=remove_label)
        changes |= _fields(client, description=description, due=due, priority=priority, in_list=in_list)
        if not changes:
            raise Failed("nothing to change: give at least one option", USAGE)
        _print_one(client, client.tasks.update(task_id(client, one), changes).value, as_json=as_json)


@app.command()
def trash(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids, or their last characters; none: what is in the trash.")
    ] = None,
    *,
    subtasks: OfSubtasks = None,
    as_json: AsJson = False,
) -> None:
    """Put tasks into the trash; without an id, list what is in it, the newest deletion first."""
    with service() as client:
        if not ids:
            if subtasks:
                raise Failed("--subtasks needs an id", USAGE)
            _print_trash(client, as_json=as_json)
            return
        wanted = dict.fromkeys(task_id(client, one) for one in ids)
        deleted = [
            client.tasks.delete(one, subtasks=subtasks.value if subtasks else None, to="trash")
            for one in wanted
        ]
        if as_json:
            print_json(deleted)


@app.command()
def restore(ids: Ids, *, as_json: AsJson = False) -> None:
    """Restore tasks from the trash, each with those that were deleted with it."""
    with service() as client:
        wanted = dict.fromkeys(trashed_id(client, one) for one in ids)
        for one in sorted(wanted.keys() - _taken_along(client, wanted)):  # the oldest first: parents
            client.trash.restore(one)
        _print(client, [client.tasks.get(one).value for one in wanted], as_json=as_json)


@app.command()
def rm(
    ids: Ids,
    *,
    subtasks: OfSubtasks = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete tasks, permanently."""
    with service() as client:
        wanted = dict.fromkeys(task_id(client, one) for one in ids)
        found = [client.tasks.get(one).value for one in wanted]
        if not yes and sys.stdin.isatty():
            print_tasks(found, {})
            typer.confirm("Delete permanently?", abort=True)
        deleted = [
            client.tasks.delete(task["id"], subtasks=subtasks.value if subtasks else None) for task in found
        ]
        if as_json:
            print_json(deleted)


def _taken_along(client: "Client", wanted: "Collection[str]") -> set[str]:
    """Returns the tasks that are restored with one of these; before that, they would lose their parent."""
    if len(wanted) == 1:
        return set()
    return {one["task"]["id"] for one in client.trash.iterate() if one.get("deleted_with") in wanted}


def _completion() -> "TaskChanges":
    """Returns the change that completes a task now; the local offset decides on which day."""
    return {"is_completed": True, "completed_at": datetime.now().astimezone().isoformat(timespec="seconds")}


def _change(ids: list[str], changes: "TaskChanges", *, as_json: bool) -> None:
    with service() as client:
        wanted = [task_id(client, one) for one in ids]
        _print(client, [client.tasks.update(one, changes).value for one in wanted], as_json=as_json)


def _fields(
    client: "Client",
    *,
    description: str | None,
    due: str | None,
    priority: Priority | None,
    in_list: str | None,
) -> dict[str, Any]:
    """Returns the given fields; the value `none` of an option becomes null."""
    fields: dict[str, Any] = without_none(description=description)
    if due is not None:
        fields["due"] = None if due == "none" else due_date(due, datetime.now().astimezone())
    if priority is not None:
        fields["priority"] = None if priority is Priority.none else priority.value
    if in_list is not None:
        fields["list_id"] = None if in_list == "none" else list_id(client, in_list)
    return fields


def _print_one(client: "Client", task: "Task", *, as_json: bool) -> None:
    if as_json:
        print_json(task)
    else:
        _print(client, [task], as_json=False)


def _print(client: "Owner", tasks: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(list(tasks))
        return
    tasks = list(tasks)
    print_tasks(tasks, _titles_of_lists(client, tasks))


def _print_trash(client: "Client", *, as_json: bool) -> None:
    trashed = list(client.trash.iterate())
    if as_json:
        print_json(trashed)
    else:
        print_trash(trashed, _titles_of_lists(client, [one["task"] for one in trashed]))


def _titles_of_lists(client: "Owner", tasks: "list[Task]") -> dict[str, str]:
    """Returns the titles of lists by id; none where no task is in a list."""
    in_lists = any("list_id" in task for task in tasks)
    return {one["id"]: one["title"] for one in client.lists.list()} if in_lists else {}
