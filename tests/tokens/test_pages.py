"""docs/scripts.md and docs/back-end.md: their examples run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from support import token_for
from support.command import serve
from support.processes import bare_environment

DOCS = Path(__file__).parents[2] / "docs"
NODE = shutil.which("node")

pytestmark = pytest.mark.processes


def examples(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def run(folder: Path, *program: str, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - the examples
        program,
        cwd=folder,
        env=bare_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_script_works_with_the_token_of_the_first_example(tmp_path: Path) -> None:
    make, listed = examples("scripts.md", "sh")
    with serve(tmp_path) as running:
        url = f"http://127.0.0.1:{running.port()}"
        user = token_for("scripts")
        headers = {"Authorization": f"Bearer {user}"}
        httpx.post(f"{url}/api/tasks", json={"title": "Buy milk"}, headers=headers)

        shell = [one.replace("http://127.0.0.1:8000", url) for one in (make, listed)]
        out = run(tmp_path, "bash", "-c", f"set -e\n{shell[0]}\necho; echo $TWP", TOKEN=user)
        tasks, token = out.strip().splitlines()
        assert json.loads(tasks)["tasks"][0]["title"] == "Buy milk"
        (one,) = httpx.get(f"{url}/api/tokens", headers=headers).json()["tokens"]

        (python,) = examples("scripts.md", "python")
        program = python.replace("http://127.0.0.1:8000", url)
        assert (
            run(tmp_path, sys.executable, "-W", "error", "-c", program, TASKWARD_TOKEN=token) == "Buy milk\n"
        )
        if NODE is not None:
            (script,) = examples("scripts.md", "js")
            (tmp_path / "script.mjs").write_text(script.replace("http://127.0.0.1:8000", url))
            assert run(tmp_path, NODE, "script.mjs", TASKWARD_TOKEN=token) == "Buy milk\n"

        revoked = run(tmp_path, "bash", "-c", f"set -e\n{shell[1]}", TOKEN=user, ID=one["id"])
        assert "Token revoked successfully" in revoked
        assert '{"revoked":0}' in revoked


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_receiver_writes_back_with_the_key_of_the_first_example(tmp_path: Path, language: str) -> None:
    if language == "node" and NODE is None:
        pytest.skip("node is not installed")
    make, receiver = examples("back-end.md", "python")
    run(tmp_path, sys.executable, "-W", "error", "-c", make)
    user = str(uuid4())
    with serve(tmp_path, SERVICE_PUBLIC_KEYS=str(tmp_path / "service-keys.json")) as running:
        url = f"http://127.0.0.1:{running.port()}"
        headers = {"Authorization": f"Bearer {token_for(user)}"}
        with httpx.Client(base_url=url, headers=headers) as ann:
            undated, dated = (
                ann.post("/api/tasks", json={"title": "x", **due}).json()
                for due in ({}, {"due": {"date": "2035-01-01"}})
            )
            changes = [{"op": "upsert", "task": one} for one in (undated, dated)]
            event = json.dumps({"data": {"user_id": user, "changes": changes}})
            given = {"TASKWARD_URL": url, "SERVICE_PRIVATE_KEY": str(tmp_path / "private.json")}
            if language == "python":
                program = f"{receiver}\nimport sys\nlabel_undated(json.loads(sys.argv[1]))"
                run(tmp_path, sys.executable, "-W", "error", "-c", program, event, **given)
            else:
                (script,) = examples("back-end.md", "js")
                last = "await labelUndated(JSON.parse(process.argv[2]));"
                (tmp_path / "receiver.mjs").write_text(f"{script}\n{last}\n")
                run(tmp_path, str(NODE), "receiver.mjs", event, **given)

            assert ann.get(f"/api/tasks/{undated['id']}").json()["labels"] == ["undated"]
            assert "labels" not in ann.get(f"/api/tasks/{dated['id']}").json()
