"""The modules of the clients in TypeScript import each other one way, those of types alone included."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parents[2] / "clients"
IMPORT = re.compile(r"""\b(?:from|import|import\()\s*["'](\.[^"']+)\.js["']""")


def imports(folder: Path) -> dict[str, set[str]]:
    """Returns the modules that each module below a folder imports, as their paths."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.ts"):
        named = IMPORT.findall(path.read_text("utf-8"))
        targets = {(path.parent / f"{name}.ts").resolve() for name in named}
        assert all(target.is_file() for target in targets), path
        found[str(path.relative_to(folder))] = {str(target.relative_to(folder)) for target in targets}
    return found


@pytest.mark.parametrize("client", ["typescript", "web"])
def test_no_modules_import_each_other(client: str) -> None:
    graph = imports(CLIENTS / client / "src")
    assert sum(map(len, graph.values())) > len(graph)  # they are found
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"{client}: {' imports '.join(reversed(error.args[1]))}")
