"""Shared by the tests that follow the feed."""

from typing import Any

from support import Person

Change = dict[str, Any]


async def cursor_now(person: Person) -> str:
    """Returns the cursor after all changes so far."""
    _, cursor = await changes_since(person, None)
    return cursor


async def changes_since(person: Person, cursor: str | None, kinds: str = "tasks") -> tuple[list[Change], str]:
    """Returns all changes after a cursor, and the cursor after them."""
    changes: list[Change] = []
    while True:
        query = {"kinds": kinds, "limit": "1000"} | ({"since": cursor} if cursor else {})
        answer = await person.http.get("/api/changes", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        changes += page["changes"]
        cursor = str(page["cursor"])
        if not page["has_more"]:
            return changes, cursor
