"""docs/sharing.md: its examples run, one after the other."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import token_for
from support.command import serve
from support.processes import bare_environment

PAGE = Path(__file__).parents[2] / "docs/sharing.md"

pytestmark = pytest.mark.processes


def test_two_people_share_a_list(tmp_path: Path) -> None:
    examples = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    ann, bob = token_for("ann"), token_for("bob")
    with serve(tmp_path) as running:
        url = f"http://127.0.0.1:{running.port()}"
        with httpx.Client(base_url=f"{url}/api", headers={"Authorization": f"Bearer {ann}"}) as own:
            made = own.post("/lists", json={"title": "Trip"}).json()["id"]
            own.post("/tasks", json={"title": "Buy tickets", "list_id": made})

            script = "\n".join(["set -e", *examples]).replace("http://127.0.0.1:8000", url)
            lines = _output(tmp_path, script, ANN=ann, BOB=bob, LIST=made)

            assert own.get("/tasks").json()["tasks"] == []
    moved, joined, seen, assigned, comment, unassigned, *own_views, spaces, viewer, removed, deleted = lines
    assert moved == {"moved": 1}
    assert joined["member"]["name"] == "Bob"
    assert [task["title"] for task in seen["tasks"]] == ["Buy tickets"]
    assert assigned["assigned_to"] == joined["member"]["id"] == comment["author_id"]
    assert [task["title"] for task in unassigned["tasks"]] == ["Buy tickets"]
    reminded, activity, agenda = own_views
    assert reminded == {"reminders": [{"at": "2035-01-01T09:00:00Z"}]}
    assert [entry["action"] for entry in activity["activity"]] == ["commented", "updated", "created"]
    assert [task["title"] for task in agenda["tasks"]] == ["Book the hotel"]
    assert [entry["space"]["title"] for entry in spaces["spaces"]] == ["Home"]
    assert viewer["role"] == "viewer"
    assert removed["message"] == "Member removed successfully"
    assert deleted["message"] == "Space deleted successfully"


def _output(folder: Path, script: str, **environment: str) -> list[dict[str, Any]]:
    """Returns the JSON objects that a script prints, which stand on one line each or follow each other."""
    done = subprocess.run(  # noqa: S603 - the examples
        ["bash", "-c", script],  # noqa: S607 - the shell of the machine
        cwd=folder,
        env=bare_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    decoder, found, rest = json.JSONDecoder(), [], done.stdout.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found
