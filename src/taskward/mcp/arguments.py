"""The arguments of tools. Only their types are checked here: the API validates the values."""

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from taskward_client import AsyncClient

MAX_ITEMS: Final = 25
"""Tasks or lists in one call: an agent that names more has misunderstood something."""

MAX_TITLES: Final = 20
"""Titles of lists in one error, each of at most `MAX_QUOTED` characters."""

MAX_QUOTED: Final = 64
"""Characters of a name in an error."""

MAX_ID: Final = 36
"""Characters of an id. Ids are sent in URLs and named in results."""

INBOX: Final = "inbox"

Arguments = Mapping[str, Any]


class ToolError(Exception):
    """A call of a tool failed; the text tells the agent what to do about it."""


def objects(arguments: Arguments, name: str) -> list[dict[str, Any]]:
    """Returns the list of objects under that name.

    Raises:
        ToolError: it is something else.

    """
    return _items(arguments, name, dict, "objects")


def ids(arguments: Arguments) -> list[str]:
    """Returns the ids, each once.

    Raises:
        ToolError: they are something else.

    """
    kind = "ids, as find_tasks returns them"
    found = _items(arguments, "ids", str, kind)
    if any(len(one) > MAX_ID for one in found):
        raise ToolError(f"ids must be a list of {kind}: at most {MAX_ID} characters each")
    return list(dict.fromkeys(found))


def idempotency_key(arguments: Arguments, tool: str) -> str | None:
    """Returns the key for the API, made of any text; each tool has keys of its own.

    Raises:
        ToolError: it is not text.

    """
    key = arguments.get("idempotency_key")
    if key is not None and not isinstance(key, str):
        raise ToolError("idempotency_key must be text")
    return sha256(f"{tool} {key}".encode(errors="replace")).hexdigest() if key else None


def flag(arguments: Arguments, name: str) -> bool:
    """Returns a boolean; without an argument False.

    Raises:
        ToolError: it is something else.

    """
    value = arguments.get(name, False)
    if not isinstance(value, bool):
        raise ToolError(f"{name} must be true or false")
    return value


def choice(arguments: Arguments, name: str, *values: str) -> str:
    """Returns one of the values; without an argument the first.

    Raises:
        ToolError: it is something else.

    """
    value = arguments.get(name, values[0])
    if value not in values:
        raise ToolError(f"{name} must be one of {', '.join(values)}")
    return str(value)


def cut(text: str, size: int = MAX_QUOTED) -> str:
    """Returns a text of at most that many characters, with an ellipsis in place of the rest."""
    return text if len(text) <= size else f"{text[: size - 1]}…"


class Lists:
    """The user's lists, by id and by title; read at most once in a call."""

    def __init__(self, api: "AsyncClient") -> None:
        self._api = api
        self._titles: dict[str, str] | None = None
        self._ids: dict[str, list[str]] = {}  # by title, in folded case

    async def id_of(self, name: Any) -> str | None:
        """Returns the id of a list, given by its id or title; None is the inbox.

        Raises:
            ToolError: there is no such list, or several.

        """
        if name is None or name == INBOX:
            return None
        titles, wanted = await self._all(), str(name).casefold()
        found = self._ids.get(wanted, []) + [wanted] * (wanted in titles)
        if len(found) == 1:
            return found[0]
        if found:
            several = _first(found, "find_lists returns all lists")
            raise ToolError(f"several lists are called {_quoted(name)}: use one of the ids {several}")
        known = _first([_quoted(one) for one in titles.values()], "find_lists returns all") or "none"
        raise ToolError(f"no list is called {_quoted(name)}; there are: {known}. add_lists creates one.")

    async def title_of(self, list_id: str) -> str:
        """Returns the title of a list; its id if it has been deleted since."""
        return (await self._all()).get(list_id, list_id)

    async def _all(self) -> dict[str, str]:
        if self._titles is None:
            lists = await self._api.lists.list()
            self._titles = {one["id"]: one["title"] for one in lists}
            for one in lists:
                self._ids.setdefault(one["title"].casefold(), []).append(one["id"])
        return self._titles


def _first(texts: list[str], rest: str) -> str:
    """Returns the first texts, and where the rest is."""
    more = len(texts) - MAX_TITLES
    return ", ".join(texts[:MAX_TITLES]) + (f" and {more} more, {rest}" if more > 0 else "")


def _quoted(name: Any) -> str:
    return repr(cut(str(name)))


def _items(arguments: Arguments, name: str, kind: type, plural: str) -> list[Any]:
    items = arguments.get(name)
    if isinstance(items, list) and not 0 < len(items) <= MAX_ITEMS:
        raise ToolError(f"{name} must have 1 to {MAX_ITEMS} entries")
    if not isinstance(items, list) or not all(isinstance(one, kind) for one in items):
        raise ToolError(f"{name} must be a list of {plural}")
    return items
