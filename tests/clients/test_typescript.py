"""clients/typescript: its types are those of the API, its tests pass, its tarball can be used.

It is built in `.venv/clients/typescript`, where what npm has installed and tsc has compiled is kept.
"""

import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import rxdb_properties
from clients.typescript_package import BUILT, SOURCE, built_package
from openapi_document import document
from support import SECRET, MakeDatabase
from support.command import serve
from support.programs import run_program

PAGE = Path(__file__).parents[2] / "docs" / "typescript.md"
CODE = re.compile(r"```ts\n(.*?)```", re.DOTALL)
PRELUDE = """
import "fake-indexeddb/auto";
import { createHmac } from "node:crypto";

const { SERVICE_URL: baseUrl = "", JWT_SECRET = "" } = process.env;
const userId = crypto.randomUUID();

function getToken(_renew: boolean): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "HS256" })}.${encode({ sub: userId, exp: Date.now() / 1000 + 60 })}`;
  return `${signed}.${createHmac("sha256", JWT_SECRET).update(signed).digest("base64url")}`;
}
"""
"""What the page leaves to the app, in Node.js."""

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),
]  # the first installation may have much to fetch


@pytest.fixture(scope="module")
def package() -> Iterator[Path]:
    """Yields a copy of the package, installed and compiled; the same tests of another run wait."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with built_package() as package:
            pass
        yield package


def run_tests(package: Path, *names: str, **environment: str) -> None:
    files = [f"build/{name}.test.js" for name in names]
    run_program(package, "node", "--enable-source-maps", "--test", *files, **environment)


@pytest_asyncio.fixture(scope="module")
async def service(
    engine: str, new_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, str]]:
    """Yields where a service on that engine is, and the secret of its tokens, as the tests read them."""
    url = await new_database(engine)
    folder = tmp_path_factory.mktemp("service")
    with serve(folder, DATABASE_URL=url) as taskward:
        yield {"SERVICE_URL": f"http://127.0.0.1:{taskward.port()}", "JWT_SECRET": SECRET}


def test_the_types_are_those_of_the_document(package: Path) -> None:
    assert generated_types(package) == (SOURCE / "src" / "schema.ts").read_text(), "run `make clients`"


def generated_types(package: Path) -> str:
    """Returns the types that the generator makes of the document; what it made of the same input is kept."""
    source = json.dumps(document())
    inputs = (
        source,
        (package / "scripts" / "types.js").read_text(),
        (package / "package-lock.json").read_text(),
    )
    target = package / "types" / f"{hashlib.sha256(repr(inputs).encode()).hexdigest()}.ts"
    if not target.exists():
        shutil.rmtree(target.parent, ignore_errors=True)
        target.parent.mkdir()
        (target.parent / "openapi.json").write_text(source)
        run_program(package, "node", "scripts/types.js", "types/openapi.json", "types/schema.ts")
        (target.parent / "schema.ts").rename(target)
    return target.read_text()


def test_the_properties_of_a_collection_are_those_of_the_document() -> None:
    written = rxdb_properties.TARGET.read_text("utf-8")

    assert written == rxdb_properties.properties_of(document()), "run `make clients`"


def test_a_key_narrows_the_type_of_a_change_and_of_a_result(package: Path) -> None:
    run_tests(package, "types")  # tsc has compiled it, which is the test of the types


def test_the_requests_and_the_feed_survive_hostile_servers(package: Path) -> None:
    run_tests(package, "transport", "feed", "queue", "database", "uuid7")


@pytest.mark.engines("disk")
def test_a_session_has_every_operation(package: Path, service: dict[str, str]) -> None:
    run_tests(package, "session", **service)


def test_offline_devices_converge_and_lose_nothing(package: Path, service: dict[str, str]) -> None:
    run_tests(package, "store", "trash", **service)


def test_the_replicas_of_spaces_are_dropped_with_the_membership_and_keep_unsent_writes(
    package: Path, service: dict[str, str]
) -> None:
    run_tests(package, "spaces", **service)


def test_the_adapters_replicate_with_the_real_libraries(package: Path, service: dict[str, str]) -> None:
    run_tests(package, "rxdb", "tanstack-db", **service)


@pytest.mark.engines("disk")
def test_the_code_of_the_page_runs_with_the_packed_package(package: Path, service: dict[str, str]) -> None:
    project = package / "page"
    install_tarball(package, project)
    imports = "import('@taskward/client'); import('@taskward/client/store')"
    run_program(project, "node", "-e", imports)
    for name in ("rxdb", "rxjs", "@tanstack", "@types", "fake-indexeddb"):
        (project / "node_modules" / name).symlink_to(package / "node_modules" / name)
    (project / "page.ts").write_text(PRELUDE + "\n".join(CODE.findall(PAGE.read_text("utf-8"))))
    shutil.copy(package / "tsconfig.base.json", project / "tsconfig.json")

    run_program(project, "node", str(package / "node_modules/typescript/bin/tsc"), "--types", "node")
    printed = run_program(project, "node", "page.js", **service)

    assert "400 VALIDATION_ERROR" in printed
    assert "title: Title cannot be empty" in printed
    assert "PRECONDITION_FAILED" in printed
    assert "\nlive 0 " in printed


def install_tarball(package: Path, project: Path) -> None:
    """Packs the package, and installs it in a project that has nothing but what tsc made last."""
    project.mkdir(exist_ok=True)
    shutil.rmtree(project / "node_modules", ignore_errors=True)
    for path in project.iterdir():
        if path.suffix != ".tsbuildinfo" and not path.name.startswith("page."):
            path.unlink()
    pack = ("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(project))
    tarball = run_program(package, *pack).split()[-1]
    (project / "package.json").write_text('{"type": "module"}')
    run_program(project, "npm", "install", "--offline", "--no-audit", "--no-fund", f"./{tarball}")
    installed = [path.name for path in (project / "node_modules").glob("[!.]*")]
    assert installed == ["@taskward"], "it has no dependencies"
