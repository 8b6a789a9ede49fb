"""The parts of an application that its requests share, by typed keys."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

T = TypeVar("T")


class Key(Generic[T]):
    """The key of a part of type `T`, declared once, beside that type. Keys of one name differ."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"Key({self._name!r})"


class Parts(dict[Key[Any], Any]):
    """The parts of one application."""

    def add(self, key: Key[T], part: T) -> T:
        """Adds a part and returns it."""
        self[key] = part
        return part

    if TYPE_CHECKING:
        # The dictionary's own method, with the type of the key's part.
        def __getitem__(self, key: Key[T]) -> T: ...
