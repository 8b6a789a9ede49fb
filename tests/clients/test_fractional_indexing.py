"""docs/ordering.md: its code runs, and the package that it names continues from our keys, and we from its."""

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from support import Person
from support.npm import install_packages
from support.programs import run_program

from taskward.ids import new_id
from taskward.tasks.positions import default_key, key_between

pytestmark = pytest.mark.processes

PAGE: Final = Path(__file__).parents[2] / "docs" / "ordering.md"
NODE: Final = shutil.which("node")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of the package that clients use, which npm installs."""
    folder = Path(__file__).parent / "positions"
    copy = tmp_path_factory.mktemp("positions")
    for name in ("package.json", "package-lock.json", "between.mjs"):
        shutil.copy(folder / name, copy)
    if NODE is None:
        pytest.skip("there is no Node.js")
    install_packages(copy)
    return copy


def keys_of_the_package(package: Path, gaps: list[Any], digits: str) -> list[Any]:
    """Returns what the package gives for each gap: a key, or an object with its error."""
    found: list[Any] = json.loads(run_program(package, "node", "between.mjs", digits, given=json.dumps(gaps)))
    return found


def gaps_of(keys: list[str]) -> list[tuple[str | None, str | None]]:
    return list(zip([None, *keys], [*keys, None], strict=True))


@pytest.mark.parametrize("digits", ["default", "small"])
@pytest.mark.parametrize("begin", ["defaults of tasks", "keys of the package"])
def test_the_package_accepts_our_keys_and_we_accept_its(package: Path, digits: str, begin: str) -> None:
    """Inserts at random places in turns; what either makes is a neighbour of the other's next key."""
    chance = random.Random(7)  # noqa: S311 - so that a failure comes again
    keys = ["Zz", "a0", "a1"]
    if begin == "defaults of tasks":
        keys = sorted(default_key(new_id()) for _ in range(3))
    elif digits == "small":
        keys = ["a0", "a1"]
    for _ in range(4):
        for left, right in chance.sample(gaps_of(keys), 3):
            key = key_between(left, right)
            assert key is not None
            assert (left or "") < key < (right or "~")
            keys.append(key)
        keys.sort()
        gaps = gaps_of(keys)
        made = keys_of_the_package(package, gaps, digits)
        for (left, right), key in zip(gaps, made, strict=True):
            assert isinstance(key, str), f"refused: {left}, {right}: {key}"
            assert (left or "") < key < (right or "~")
        keys = sorted({*keys, *chance.sample(made, 5)})


@pytest.mark.engines("disk")
async def test_the_page_sorts_and_places_as_the_service_does(package: Path, ann: Person) -> None:
    tasks = [await ann.create(title) for title in "abcd"]
    tasks[3] = await ann.put(tasks[3]["id"], position={"after": tasks[0]["id"]})
    code = "\n".join(re.findall(r"```js\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
    (package / "page.mjs").write_text(
        f"const tasks = {json.dumps(tasks[::-1])}, sent = []\n"
        "const [after, task, , before] = tasks, neighbour = after\n"
        "const api = { put: async (path, body) => sent.push([path, body]) }\n"
        f"{code}\nconsole.log(JSON.stringify([tasks.map((task) => task.title), sent]))"
    )
    order, sent = json.loads(run_program(package, "node", "page.mjs"))

    assert order == ["a", "d", "b", "c"]
    for path, body in sent:
        changed = await ann.http.put(path, json=body)
        assert changed.status_code == 200, changed.text
    keys = {
        task["title"]: task.get("position") or default_key(UUID(task["id"])) for task in await ann.tasks()
    }
    assert sorted(keys, key=keys.__getitem__) == ["a", "c", "d", "b"]
