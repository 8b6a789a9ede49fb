"""Requests to the change feed."""

from typing import Any

from support import Person

Change = dict[str, Any]


async def changes(person: Person, since: str | None = None, **query: Any) -> dict[str, Any]:
    """Returns a page of changes; a parameter that is None is left out."""
    given = {name: value for name, value in {"since": since, **query}.items() if value is not None}
    answer = await person.http.get("/api/changes", params=given)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    assert list(page) == ["changes", "cursor", "has_more"]
    return page


async def cursor_now(person: Person) -> str:
    """Returns the cursor after all changes so far."""
    _, cursor = await changes_since(person, None)
    return cursor


async def changes_since(person: Person, cursor: str | None, kinds: str = "tasks") -> tuple[list[Change], str]:
    """Returns all changes after a cursor, and the cursor after them."""
    found: list[Change] = []
    while True:
        page = await changes(person, cursor, kinds=kinds, limit="1000")
        found += page["changes"]
        cursor = str(page["cursor"])
        if not page["has_more"]:
            return found, cursor
