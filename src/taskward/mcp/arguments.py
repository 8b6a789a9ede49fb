"""The arguments of tools. Only their types are checked here: the API validates the values."""

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from taskward_client import AsyncClient, AsyncOwner
    from taskward_client.types import SpaceOfMember

MAX_ITEMS: Final = 25
"""Tasks or lists in one call: an agent that names more has misunderstood something."""

MAX_TITLES: Final = 20
"""Titles of lists or spaces in one error, each of at most `MAX_QUOTED` characters."""

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
    key = text(arguments, "idempotency_key")
    return sha256(f"{tool} {key}".encode(errors="replace")).hexdigest() if key else None


def text(arguments: Arguments, name: str) -> str | None:
    """Returns a text; without an argument None.

    Raises:
        ToolError: it is something else, which the API would get as Python writes it.

    """
    value = arguments.get(name)
    if value is not None and not isinstance(value, str):
        raise ToolError(f"{name} must be text")
    return value


def flag(arguments: Arguments, name: str) -> bool:
    """Returns a boolean; without an argument, or with null, False.

    Raises:
        ToolError: it is something else.

    """
    value = arguments.get(name)
    if value is None:
        return False
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


class Titles:
    """Objects by id and by title; read at most once in a call."""

    def __init__(
        self, kind: str, hints: tuple[str, str], read: "Callable[[], Awaitable[dict[str, str]]]"
    ) -> None:
        """`hints` are which tool returns all, and what follows the known ones in an error."""
        self._kind = kind
        self._finder, self._advice = hints
        self._read = read
        self._titles: dict[str, str] | None = None
        self._ids: dict[str, list[str]] = {}  # by title, in folded case

    async def id_of(self, name: Any) -> str:
        """Returns the id of an object, given by its id or title.

        Raises:
            ToolError: there is no such object, or several.

        """
        titles, wanted = await self.all(), str(name).casefold()
        found = self._ids.get(wanted, []) + [wanted] * (wanted in titles)
        if len(found) == 1:
            return found[0]
        if found:
            several = _first(found, f"{self._finder} returns all {self._kind}s")
            raise ToolError(f"several {self._kind}s are called {_quoted(name)}: use one of the ids {several}")
        known = _first([_quoted(one) for one in titles.values()], f"{self._finder} returns all") or "none"
        raise ToolError(f"no {self._kind} is called {_quoted(name)}; there are: {known}.{self._advice}")

    async def all(self) -> dict[str, str]:
        """Returns all titles, by id."""
        if self._titles is None:
            self._titles = await self._read()
            for one, title in self._titles.items():
                self._ids.setdefault(title.casefold(), []).append(one)
        return self._titles


class Lists:
    """The lists of the user or of a space, by id and by title."""

    def __init__(self, api: "AsyncOwner") -> None:
        async def read() -> dict[str, str]:
            return {one["id"]: one["title"] for one in await api.lists.list()}

        self._titles = Titles("list", ("find_lists", " add_lists creates one."), read)

    async def id_of(self, name: Any) -> str | None:
        """Returns the id of a list, given by its id or title; None is the inbox.

        Raises:
            ToolError: there is no such list, or several.

        """
        return None if name is None or name == INBOX else await self._titles.id_of(name)

    async def title_of(self, list_id: str) -> str:
        """Returns the title of a list; its id if it has been deleted since."""
        return (await self._titles.all()).get(list_id, list_id)


async def spaces_of(api: "AsyncClient") -> "list[SpaceOfMember]":
    """Returns the spaces of the user.

    Raises:
        ToolError: the service has none, because they are off.

    """
    from taskward_client import NotFound  # noqa: PLC0415 - slow to import

    try:
        return await api.spaces.list()
    except NotFound:
        raise ToolError("space: this service has no spaces") from None


async def space_id(api: "AsyncClient", name: Any) -> str:
    """Returns the id of a space, given by its id or title.

    Raises:
        ToolError: the user is in no such space, or in several.

    """

    async def read() -> dict[str, str]:
        return {one["space"]["id"]: one["space"]["title"] for one in await spaces_of(api)}

    try:
        return await Titles("space", ("find_spaces", ""), read).id_of(name)
    except ToolError as error:
        raise ToolError(f"space: {str(error).removeprefix('space: ')}") from None


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
