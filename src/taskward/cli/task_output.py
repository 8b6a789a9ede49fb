"""The output of `taskward tasks`: a table on a terminal, lines with tabs for other programs, or JSON."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer

from taskward.cli.task_values import ID_LENGTH

if TYPE_CHECKING:
    from taskward_client.types import Task, TrashedTask

_COLUMNS: Final = ("ID", "", "TITLE", "DUE", "PRIORITY", "LIST", "LABELS")
_TRASH_COLUMNS: Final = (*_COLUMNS, "DELETED", "WITH")
_REORDERING: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CONTROLS: Final = (*range(0x20), *range(0x7F, 0xA0), *map(ord, _REORDERING))
"""The characters that control a terminal: those of Unicode's category Cc, and those that reorder a line."""
_REPLACED: Final = dict.fromkeys(_CONTROLS, "\ufffd")
_ESCAPED: Final = {one: f"\\u{one:04x}" for one in _CONTROLS if chr(one) != "\n"}


def print_json(value: object) -> None:
    """Prints JSON in which only line breaks between values control a terminal."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2).translate(_ESCAPED))


def print_tasks(tasks: Iterable["Task"], lists: Mapping[str, str]) -> None:
    """Prints tasks; `lists` has the titles of lists by id."""
    _print_rows(((task["id"], *_cells(task, lists)) for task in tasks), _COLUMNS)


def print_trash(trashed: Iterable["TrashedTask"], lists: Mapping[str, str]) -> None:
    """Prints tasks in the trash, with the local time of deletion and the task they were deleted with."""
    rows = ((one["task"]["id"], *_cells(one["task"], lists), *_deletion(one)) for one in trashed)
    _print_rows(rows, _TRASH_COLUMNS)


def due_text(task: "Task") -> str:
    """Returns a due date in one line; empty without one."""
    due = task.get("due")
    if due is None:
        return ""
    return " ".join(filter(None, (due["date"], due.get("time"), due.get("time_zone"))))


def plain(text: str) -> str:
    """Returns a text without characters that control a terminal: escapes, line breaks, reordering."""
    return text.translate(_REPLACED)


def _print_rows(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> None:
    """Prints rows, which begin with an id."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
    elif shown := list(rows):
        _print_table(shown, columns)
    else:
        typer.echo("No tasks.")


def _deletion(one: "TrashedTask") -> tuple[str, str]:
    at = datetime.fromisoformat(one["deleted_at"]).astimezone()
    return at.isoformat(sep=" ", timespec="minutes"), one.get("deleted_with", "")


def _cells(task: "Task", lists: Mapping[str, str]) -> tuple[str, ...]:
    in_list = task.get("list_id", "")
    return tuple(
        map(
            plain,
            (
                "done" if task["is_completed"] else "open",
                task["title"],
                due_text(task),
                task.get("priority", ""),
                lists.get(in_list, in_list),
                ", ".join(task.get("labels", [])),
            ),
        )
    )


def _print_table(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415 - slow to import

    shown = [n for n, name in enumerate(columns) if not name or any(row[n] for row in rows)]
    table = Table(box=None, pad_edge=False)
    for n in shown:
        table.add_column(columns[n], no_wrap=columns[n] != "TITLE", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_on_terminal(columns[n], row[n])) for n in shown))
    Console(soft_wrap=False, highlight=False).print(table)


def _on_terminal(column: str, text: str) -> str:
    if column in {"ID", "WITH"}:
        return text[-ID_LENGTH:]
    return text if column else {"done": "✓"}.get(text, "·")
