"""docs/offline-clients.md: its code loads everything, and takes a task out of the trash."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support import MakeDatabase, token_for
from support.command import serve
from support.programs import run_program

PAGE = Path(__file__).parents[2] / "docs" / "offline-clients.md"
CODE = re.compile(r"```js\n(.*?)```", re.DOTALL)
PROGRAM = """
import assert from "node:assert/strict";

const { SERVICE_URL, TOKEN } = process.env;
const [tasks, lists, unsent] = [new Map(), new Map(), new Map()];
const common = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
const api = (path, { headers, ...more } = {}) =>
  fetch(SERVICE_URL + path, { ...more, headers: { ...common, ...headers } });
async function loaded() {
LOAD
}
APPLY
UNDO
const created = await api("/api/tasks", { method: "POST", body: JSON.stringify({ title: "Buy milk" }) });
const { id } = await created.json();
await loaded();
assert.equal(tasks.get(id).title, "Buy milk");
unsent.set(id, { op: "delete" });
await undoDeletion(id);
assert.equal(unsent.size, 0);
assert.equal((await api(`/api/tasks/${id}?to=trash`, { method: "DELETE" })).status, 200);
tasks.clear();
await loaded();
assert.equal(tasks.size, 0);
await undoDeletion(id);
await loaded();
assert.equal(tasks.get(id).title, "Buy milk");
await assert.rejects(undoDeletion(id), /not in the trash any more/);
"""

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js"),
]


@pytest_asyncio.fixture
async def service(engine: str, new_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[str]:
    """Yields where a service on that engine is."""
    url = await new_database(engine)
    with serve(tmp_path, DATABASE_URL=url) as taskward:
        yield f"http://127.0.0.1:{taskward.port()}"


@pytest.mark.engines("disk")
def test_the_code_of_the_page_runs(service: str, tmp_path: Path) -> None:
    load, apply, undo = CODE.findall(PAGE.read_text("utf-8"))
    program = PROGRAM.replace("LOAD", load).replace("APPLY", apply).replace("UNDO", undo)
    (tmp_path / "page.mjs").write_text(program)

    run_program(tmp_path, "node", "page.mjs", SERVICE_URL=service, TOKEN=token_for("ann"))
