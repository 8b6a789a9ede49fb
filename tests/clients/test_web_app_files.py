"""The built files of the web app are those of its source, and the wheel of the service serves them."""

from pathlib import Path

import pytest
from support.programs import run_program

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "src/taskward/web_app/static"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def test_the_built_files_are_those_of_the_source(web_source: Path, tmp_path: Path) -> None:
    run_program(web_source, "node", "build.js", str(tmp_path))
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in BUILT.iterdir()}
    assert built.keys() == committed.keys()
    assert [name for name in built if built[name] != committed[name]] == [], "run `make web-app`"


def test_the_cache_of_the_worker_has_the_name_of_the_build(web_source: Path, tmp_path: Path) -> None:
    style = web_source / "app.css"
    style.write_text(style.read_text() + "\n.changed { color: red; }\n")
    run_program(web_source, "node", "build.js", str(tmp_path))
    worker = "service-worker.js"
    assert (tmp_path / worker).read_bytes() != (BUILT / worker).read_bytes()


def test_the_types_of_the_source_hold(web_source: Path) -> None:
    for project in (".", "src/tsconfig.worker.json"):
        run_program(web_source, "node", "node_modules/typescript/bin/tsc", "--project", project)
