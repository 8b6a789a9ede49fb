"""docs/contract.md#operation: clients are generated from the document of a running service.

They compile under strict settings, have a type for every body and response, and use every operation.
"""

import ast
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import token_for
from support.command import serve
from support.npm import install_packages
from support.programs import run_program

HERE = Path(__file__).parent
GENERATOR = Path(sys.prefix) / "clients" / "bin" / "openapi-python-client"
"""In an environment of its own, which `make test-clients` sets up: its typer is older than the service's."""

CACHE = Path(sys.prefix) / "mypy-clients"
"""Of the types of the libraries that the generated client imports."""

OPERATIONS = {
    *("listTasks", "createTask", "getTask", "updateTask", "patchTask", "deleteTask", "batchTasks"),
    *("summarizeTasks", "listOccurrences"),
    *(
        "listChanges",
        "streamChanges",
        "getMe",
        "patchMe",
        "exportMe",
        "exportCalendar",
        "importMe",
        "eraseMe",
        "getHealth",
        "getReadiness",
    ),
    *("listLabels", "renameLabel", "removeLabel", "batch"),
    *("listTrash", "restoreTask", "purgeTask", "emptyTrash"),
    *("listTokens", "createToken", "revokeToken", "revokeAllTokens"),
    *("listLists", "createList", "getList", "updateList", "patchList", "deleteList"),
    *("listSpaces", "createSpace", "getSpace", "updateSpace", "patchSpace", "deleteSpace", "batchSpace"),
    *("listMembers", "getMember", "updateMember", "patchMember", "removeMember"),
    *("listInvitations", "createInvitation", "revokeInvitation", "redeemInvitation"),
    *("listSpaceTasks", "createSpaceTask", "getSpaceTask", "updateSpaceTask", "patchSpaceTask"),
    *("deleteSpaceTask", "batchSpaceTasks", "summarizeSpaceTasks", "listSpaceOccurrences"),
    *("listSpaceLists", "createSpaceList", "getSpaceList", "updateSpaceList", "patchSpaceList"),
    *("deleteSpaceList", "listSpaceLabels", "renameSpaceLabel", "removeSpaceLabel"),
    *("listSpaceTrash", "restoreSpaceTask", "purgeSpaceTask", "emptySpaceTrash"),
    *(
        "listSpaceChanges",
        "streamSpaceChanges",
        "streamSpaces",
        "exportSpace",
        "createMove",
        "getAgenda",
        "listSpaceActivity",
        *("getSpaceTaskReminders", "updateSpaceTaskReminders", "listSpaceReminders"),
    ),
    *("listComments", "countComments", "createComment", "getComment", "updateComment", "patchComment"),
    *("deleteComment", "listSpaceComments", "countSpaceComments", "createSpaceComment", "getSpaceComment"),
    *("updateSpaceComment", "patchSpaceComment", "deleteSpaceComment"),
}

pytestmark = pytest.mark.timeout(300)  # the first installation may have much to fetch


@dataclass(frozen=True)
class Service:
    """A service that runs as a process of its own, and a file with its document."""

    url: str
    document: Path

    def environment(self, sub: str) -> dict[str, str]:
        return {"SERVICE_URL": self.url, "TOKEN": token_for(sub)}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with serve(folder) as taskward:
        url = f"http://127.0.0.1:{taskward.port()}"
        document = folder / "openapi.json"
        document.write_bytes(httpx.get(f"{url}/openapi.json", trust_env=False).content)
        yield Service(url, document)


@pytest.fixture(scope="module")
def typescript(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the types that openapi-typescript makes of the document."""
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("package.json", "package-lock.json", "tsconfig.json", "session.ts"):
        shutil.copy(HERE / name, folder)
    install_packages(folder)
    run_program(folder, node(folder, "openapi-typescript"), str(service.document), "--output", "schema.ts")
    return folder


@pytest.fixture(scope="module")
def python(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the package that openapi-python-client makes of the document."""
    if not GENERATOR.exists():
        pytest.skip(f"{GENERATOR} is not installed; `make test-clients` installs it")
    folder = tmp_path_factory.mktemp("python")
    shutil.copy(HERE / "session.py", folder)
    configuration = folder / "configuration.json"
    configuration.write_text('{"post_hooks": []}')  # the code need not be beautiful
    arguments = ("--meta", "none", "--output-path", "generated", "--config", str(configuration))
    run_program(
        folder, str(GENERATOR), "generate", "--path", str(service.document), *arguments, "--fail-on-warning"
    )
    return folder


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed, and clients in TypeScript need it")
    return path


def node(folder: Path, tool: str) -> str:
    return str(folder / "node_modules" / ".bin" / tool)


@pytest.mark.processes
def test_the_operations_have_the_names_of_the_contract(service: Service) -> None:
    paths = json.loads(service.document.read_text())["paths"]
    assert {one["operationId"] for methods in paths.values() for one in methods.values()} == OPERATIONS


@pytest.mark.processes
def test_typescript_has_a_type_for_every_body_and_response(typescript: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", (typescript / "schema.ts").read_text(), flags=re.DOTALL)
    # The generator's own: the headers of a response may be others than those in the document.
    text, headers = re.subn(r"\[name: string\]: unknown;", "", text)

    assert headers > len(OPERATIONS)
    assert [line for line in text.splitlines() if re.search(r'(?<!")\b(unknown|any)\b', line)] == []
    assert set(re.findall(r"operations\[\"(\w+)\"\]", text)) == OPERATIONS


@pytest.mark.processes
def test_a_client_in_typescript_compiles_strictly_and_carries_out_a_session(
    service: Service, typescript: Path
) -> None:
    run_program(typescript, node(typescript, "tsc"), "--project", ".")

    assert (
        run_program(typescript, program("node"), "out/session.js", **service.environment("typescript"))
        == "done\n"
    )


@pytest.mark.processes
def test_python_has_a_type_for_every_field_of_a_model(python: Path) -> None:
    untyped = [
        f"{path.stem}.{field.target.id}: {ast.unparse(field.annotation)}"
        for path, tree in modules(python / "generated" / "models")
        for model in tree.body
        if isinstance(model, ast.ClassDef)
        for field in model.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        # What a later version may add to a response, and this document does not know.
        if field.target.id != "additional_properties"
        if names_any(field.annotation)
    ]

    assert untyped == []


@pytest.mark.processes
def test_python_has_a_type_for_every_body_and_response(service: Service, python: Path) -> None:
    functions = {
        path.stem: one
        for path, tree in modules(python / "generated" / "api")
        for one in tree.body
        if isinstance(one, ast.FunctionDef) and one.name == "sync"
    }
    assert set(functions) == {snake_case(name) for name in OPERATIONS}
    bodies = {name: body(function) for name, function in functions.items()}
    assert {name for name, one in bodies.items() if one} == with_a_body(service)
    assert [name for name, one in bodies.items() if one and names_any(one)] == []
    responses = {name: function.returns for name, function in functions.items()}
    # `Any` is the generator's word for a response that has no body, which a 304 is.
    untyped = {name for name, one in responses.items() if one is None or names_any(one)}
    assert (
        untyped
        == without_content(service)
        == {
            *("list_tasks", "get_task", "list_lists", "get_list", "list_labels", "summarize_tasks"),
            *("list_trash", "list_spaces", "get_space", "list_members", "get_member"),
            *("list_space_tasks", "get_space_task", "list_space_lists", "get_space_list"),
            *("list_space_labels", "summarize_space_tasks", "list_space_trash"),
            *("list_comments", "count_comments", "get_comment"),
            *("list_space_comments", "count_space_comments", "get_space_comment"),
            *("get_agenda", "get_space_task_reminders"),
        }
    )


@pytest.mark.processes
def test_a_client_in_python_is_strictly_typed_and_carries_out_a_session(
    service: Service, python: Path
) -> None:
    interpreter = str(GENERATOR.with_name("python"))
    checks = ("--strict", "--python-executable", interpreter, "--cache-dir", str(CACHE))
    run_program(python, sys.executable, "-m", "mypy", *checks, "session.py", "generated")

    assert run_program(python, interpreter, "session.py", **service.environment("python")) == "done\n"


def modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        if path.name != "__init__.py":
            yield path, ast.parse(path.read_text())


def names_any(annotation: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(annotation))


def body(function: ast.FunctionDef) -> ast.expr | None:
    found = [one.annotation for one in function.args.kwonlyargs if one.arg == "body"]
    return found[0] if found else None


def operations(service: Service) -> Sequence[dict[str, Any]]:
    paths = json.loads(service.document.read_text())["paths"]
    return [operation for methods in paths.values() for operation in methods.values()]


def with_a_body(service: Service) -> set[str]:
    return {snake_case(one["operationId"]) for one in operations(service) if "requestBody" in one}


def without_content(service: Service) -> set[str]:
    """Returns the operations of which some response has no body."""
    return {
        snake_case(one["operationId"])
        for one in operations(service)
        if any("content" not in response for response in one["responses"].values())
    }


def snake_case(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()
