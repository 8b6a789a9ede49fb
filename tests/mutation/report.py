"""The results of a mutation run, as a table that a later run can be compared with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mutation.mutants import Mutant

SURVIVED: Final = "survived"
CAUGHT: Final = "caught"
HUNG: Final = "caught (hung)"
ERROR: Final = "error"

_ROW: Final = re.compile(r"^\| [^|]+ \| `(?P<name>[^`]+)` \| (?P<result>[^|]+) \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one mutant; `note` says the error if there is no result."""

    mutant: Mutant
    outcome: str
    seconds: float = 0.0
    note: str = ""


def table(results: Sequence[Result]) -> str:
    """Returns the report: a table in Markdown, and the numbers."""
    lines = ["| area | mutant | result | s | what it breaks |", "|---|---|---|---|---|"]
    lines += [
        f"| {mutant.area} | `{mutant.name}` | {one.outcome} | {one.seconds:.1f} | {mutant.breaks} |"
        for one in results
        for mutant in [one.mutant]
    ]
    caught = sum(one.outcome in {CAUGHT, HUNG} for one in results)
    survived = sum(one.outcome == SURVIVED for one in results)
    lines += ["", f"{len(results)} mutants: {caught} caught, {survived} survived"]
    lines += [f"- `{one.mutant.name}`: {one.note}" for one in results if one.note]
    return "\n".join(lines)


def missed(results: Sequence[Result], earlier: str) -> list[str]:
    """Returns the names of the mutants that an earlier report has as caught and that are not caught now."""
    caught = {one.mutant.name for one in results if one.outcome in {CAUGHT, HUNG}}
    return [
        match["name"]
        for match in _ROW.finditer(earlier)
        if match["result"].strip() in {CAUGHT, HUNG} and match["name"] not in caught
    ]
