"""The statements that Taskward sends to PostgreSQL, sent by pgbench: what the database itself can do."""

import re
import subprocess
from pathlib import Path
from typing import Final

from dataset import (
    DESCRIPTION,
    OWNER_SQL,
    OWNERS,
    PAGE,
    TASK_SQL,
    TASKS_EACH,
    TITLE,
)
from stage import Postgres

from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.statements import Read, Write
from taskward.tasks.list_statements import ListShape
from taskward.tasks.statements import CREATE_TASK, GET_TASK, LISTS

_VALUES: Final = {
    "owner": OWNER_SQL,
    "only_completed": "NULL",
    "words": "NULL",
    "limit": str(PAGE + 1),
    "task_id": TASK_SQL,
    "email": "NULL",
    "user_since": "now()",
    "now": "now()",
    "created_at": "now()",
    "title": f"'{TITLE}'",
    "title_folded": f"'{TITLE.casefold()}'",
    "description": f"'{DESCRIPTION}'",
    "description_folded": f"'{DESCRIPTION.casefold()}'",
    "is_completed": "false",
}
"""The expression for each parameter: pgbench has numbers only, so the server makes ids of them."""


def write_scripts(folder: Path) -> dict[str, Path]:
    """Writes the script of each scenario."""
    newest = script(LISTS[ListShape("-created_at")])
    scripts = {
        "list-changed": newest,
        "list-unchanged": newest,
        "one": script(GET_TASK),
        "create": script(CREATE_TASK, task_id="uuidv7()"),
    }
    files = {name: folder / f"{name}.sql" for name in scripts}
    for name, file in files.items():
        file.write_text(scripts[name], "utf-8")
    return files


def script(statement: Read | Write, **others: str) -> str:
    """Returns a statement as Taskward's own compiled plan has it, of an owner and a task by chance."""
    plan = CompiledStatement.compile(statement)
    known = {name: "NULL" if value is None else str(value) for name, value in plan.names} | _VALUES | others
    sql = re.sub(r"\$(\d+)", lambda found: known[plan.names[int(found[1]) - 1][0]], plan.sql)
    return (
        f"\\set owner random(0, {OWNERS - 1})\n"
        f"\\set task random(0, {TASKS_EACH - 1})\n"
        f"{' '.join(sql.split())};\n"
    )


def pgbench(postgres: Postgres, script: Path, *, seconds: int, clients: int) -> float:
    """Returns the transactions a second of a script, its statement prepared.

    Raises:
        RuntimeError: the statement fails, with what pgbench says of it.

    """
    done = subprocess.run(
        [
            str(postgres.programs / "pgbench"),
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={clients}",
            f"--jobs={min(clients, 2)}",
            f"--time={seconds}",
            f"--file={script}",
            postgres.url,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not found or "number of failed transactions: 0 " not in done.stdout:
        raise RuntimeError(f"pgbench failed: {done.stdout}{done.stderr}")
    return float(found[1])
