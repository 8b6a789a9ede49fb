"""Path templates as one regular expression, which is as fast for sixty of them as for one."""

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, TypeAlias

_END: Final = ""
_PARAMETER: Final = re.compile(r"\{(\w+)\}")

_Parameters: TypeAlias = tuple[tuple[str, int], ...]

_Tree: TypeAlias = dict[str, Any]
"""The trees below a segment, by the next one; the template at the end of one."""


class PathEnd(NamedTuple):
    """A template, and its parameters with their groups in a match."""

    template: str
    parameters: _Parameters


class PathPattern:
    """The expression of templates like `/tasks/{task_id}`; a fixed segment goes before a parameter."""

    def __init__(self, templates: Iterable[str]) -> None:
        self.ends: dict[int | None, PathEnd] = {}
        """By the last group of a match, an empty one at the end of each template."""
        tree: _Tree = {}
        for template in templates:
            node = tree
            for segment in template.split("/")[1:]:
                node = node.setdefault(segment, {})
            node[_END] = template
        self._groups = 0
        self.expression = re.compile(self._below(tree, ()))

    def _below(self, tree: _Tree, parameters: _Parameters) -> str:
        """Builds from left to right, as groups are numbered."""
        segments = sorted(tree, key=lambda one: "{" in one)
        return f"(?:{'|'.join(self._from(segment, tree[segment], parameters) for segment in segments)})"

    def _from(self, segment: str, below: Any, parameters: _Parameters) -> str:
        """Raises ValueError for a segment that is a parameter in part only, or one with a type."""
        if segment == _END:
            self.ends[self._next_group()] = PathEnd(below, parameters)
            return "()"
        if "{" not in segment:
            return f"/{re.escape(segment)}{self._below(below, parameters)}"
        if not (name := _PARAMETER.fullmatch(segment)):
            raise ValueError(f"{segment} is not a parameter")
        return f"/([^/]+){self._below(below, (*parameters, (name[1], self._next_group())))}"

    def _next_group(self) -> int:
        self._groups += 1
        return self._groups
