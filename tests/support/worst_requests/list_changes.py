"""Changes of lists that cost as much as they can."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from support.task_rows import TaskRow
from support.worst_requests.changes import CHANGED, CREATED, Change, Operation, Operations
from support.worst_requests.entries import OPERATIONS, REFUSED
from support.worst_requests.values import METADATA, list_keys, tight_key
from support.worst_requests.world import MAX_LISTS, World
from taskward.ids import new_id

Make = Callable[[World, int], Operations]


def _tight(n: int) -> str:
    return tight_key(0, n)


def _beside(
    number: int,
    make: Callable[[list[UUID], int], Sequence[Operation]],
    keys: Callable[[int], str] = list_keys,
) -> Make:
    """Returns operations of an owner who has that many lists at these positions."""

    def made(world: World, operations: int) -> Operations:
        owner = world.new_owner()
        return Operations(make(world.add_lists(owner, number, keys), operations), owner)

    return made


def _created(position: Callable[[list[UUID]], Any]) -> Callable[[list[UUID], int], list[Operation]]:
    def make(lists: list[UUID], number: int) -> list[Operation]:
        new = {"title": "x", "metadata": METADATA, "position": position(lists)}
        return [{"op": "create", "list": new} for _ in range(number)]

    return make


def _moved(position: Callable[[list[UUID]], Any]) -> Callable[[list[UUID], int], list[Operation]]:
    def make(lists: list[UUID], number: int) -> list[Operation]:
        moved = {"position": position(lists), "metadata": {"k00": "changed"}}
        return [{"op": "update", "id": one, "list": moved} for one in lists[:number]]

    return make


def _options(fate: str) -> dict[str, str]:
    """Returns the options of a deletion whose tasks are deleted, kept, or put into the trash."""
    return {"tasks": "delete", "to": "trash"} if fate == "trash" else {"tasks": fate}


def _deleted(fate: str) -> Make:
    """Each list has 500 tasks."""

    def make(world: World, number: int) -> Operations:
        owner = world.new_owner()
        lists = world.add_lists(owner, number)
        world.add([TaskRow(list_id=one) for one in lists for _ in range(500)], owner)
        return Operations([{"op": "delete", "id": one, **_options(fate)} for one in lists], owner)

    return make


def _deleted_with_all(fate: str) -> Make:
    """One list has all tasks of the large owner."""

    def make(world: World, _: int) -> Operations:
        list_id = new_id()
        owner = world.copy_of_all(list_id)
        world.add_lists(owner, 1, id=list_id)
        return Operations([{"op": "delete", "id": list_id, **_options(fate)}], owner)

    return make


def _first(_: list[UUID]) -> Any:
    return {"at": "first"}


def _middle(lists: list[UUID]) -> Any:
    return {"after": lists[len(lists) // 2]}


_LEFT: Final = MAX_LISTS - OPERATIONS
LIST_CHANGES: Final = (
    Change("list", "create", "first", _beside(_LEFT, _created(_first)), CREATED),
    Change("list", "create", "without room", _beside(_LEFT, _created(_middle), _tight), CREATED | {REFUSED}),
    Change("list", "update", "first", _beside(MAX_LISTS, _moved(_first)), CHANGED, method="PATCH"),
    Change(
        "list",
        "update",
        "where there is no room",
        _beside(MAX_LISTS, _moved(_middle), _tight),
        CHANGED | {REFUSED},
    ),
    *(
        Change("list", "delete", f"500 tasks, {fate}", _deleted(fate), CHANGED, is_heavy=True)
        for fate in ("delete", "keep", "trash")
    ),
    *(
        Change("list", "delete", f"all tasks, {fate}", _deleted_with_all(fate), CHANGED, is_heavy=True)
        for fate in ("delete", "keep", "trash")
    ),
)
