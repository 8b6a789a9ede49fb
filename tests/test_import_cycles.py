"""No modules of the service or of the Python client import each other, for types or in a function either."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest


def cycle_of(package: str) -> str | None:
    """Returns a cycle of imports in a package, if there is one."""
    graph = grimp.build_graph(package, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert sum(map(len, imports.values())) > 0  # they are found
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return " imports ".join(reversed(error.args[1]))
    return None


@pytest.mark.parametrize("package", ["taskward", "taskward_client"])
def test_no_modules_import_each_other(package: str) -> None:
    assert cycle_of(package) is None


@pytest.mark.parametrize(
    ("import_back", "is_cycle"),
    [
        ("", False),
        ("from cyclic.first import x", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cyclic.first import x", True),
        ("def f():\n    from cyclic.first import x", True),
        ("from . import first", True),
    ],
    ids=["none", "plain", "of-types", "in-a-function", "relative"],
)
def test_each_kind_of_import_back_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, import_back: str, *, is_cycle: bool
) -> None:
    package = tmp_path / "cyclic"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "first.py").write_text("from cyclic import second\n")
    (package / "second.py").write_text("from cyclic import third\n")
    (package / "third.py").write_text(f"{import_back}\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert (cycle_of("cyclic") is not None) == is_cycle
