""".github: the workflows are valid, use pinned actions, and run commands that exist."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from deployment.files import ROOT, check_schema, load_yaml

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.stem: load_yaml(f".github/workflows/{path.name}") for path in sorted(FOLDER.iterdir())}
STEPS: list[dict[str, Any]] = [
    step
    for workflow in WORKFLOWS.values()
    for job in workflow["jobs"].values()
    for step in job.get("steps", ())
]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_valid(name: str) -> None:
    document = {("on" if key is True else key): value for key, value in WORKFLOWS[name].items()}
    check_schema("github-workflows", document)  # YAML 1.1 reads the key `on` as true


def test_the_updates_are_valid() -> None:
    check_schema("dependabot", load_yaml(".github/dependabot.yml"))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_an_action_is_pinned_to_a_commit_of_github_itself(name: str) -> None:
    lines = (FOLDER / f"{name}.yml").read_text("utf-8").splitlines()
    used = [line.strip().removeprefix("- ") for line in lines if "uses: " in line and "./" not in line]
    assert used
    for line in used:
        assert re.fullmatch(r"uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_commit() -> None:
    used = {step["uses"] for step in STEPS if "uses" in step}
    assert len(used) == len({one.split("@")[0] for one in used})


def test_only_the_job_that_publishes_has_an_identity() -> None:
    for workflow in WORKFLOWS.values():
        assert workflow["permissions"] == {"contents": "read"}
        for name, job in workflow["jobs"].items():
            assert job.get("permissions", {}) == (
                {"contents": "read", "id-token": "write"} if name == "publish" else {}
            )
    publish = WORKFLOWS["release"]["jobs"]["publish"]
    assert publish["environment"] == "pypi"
    assert publish["needs"] == "build"
    assert "secrets." not in "".join(path.read_text("utf-8") for path in FOLDER.iterdir())


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_every_supported_python_is_checked() -> None:
    jobs = WORKFLOWS["check"]["jobs"]
    (oldest,) = re.findall(r"python:(3\.\d+)-", jobs["all"]["container"])
    checked = {oldest, *jobs["pythons"]["strategy"]["matrix"]["python"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert checked == {
        found[1] for one in project["classifiers"] if (found := re.fullmatch(r".* :: (3\.\d+)", one))
    }


def test_what_the_steps_run_exists() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for step in STEPS:
        for line in step.get("run", "").splitlines():
            words = line.split()
            if words[0] == "make":
                assert words[1] in targets
            elif words[0].startswith("."):
                assert (ROOT / words[0]).stat().st_mode & 0o100


@pytest.mark.processes
def test_the_uv_that_publishes_is_installed_by_its_hashes(tmp_path: Path) -> None:
    (script,) = [step["run"] for step in STEPS if "uv.txt" in step.get("run", "")]
    extract, install = script.splitlines()
    (tmp_path / "requirements").symlink_to(ROOT / "requirements")
    subprocess.run(["sh", "-c", extract], cwd=tmp_path, check=True)  # noqa: S603, S607 - our own script
    first, *hashes = (tmp_path / "uv.txt").read_text("utf-8").splitlines()
    assert re.fullmatch(r"uv==[\d.]+ \\", first)
    assert len(hashes) > 5
    assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)
    assert install == "python -m pip install --require-hashes --no-deps -r uv.txt"
