"""docs/recurrence.md: its rules are accepted as they are spelt, and its preview agrees with the service."""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from taskward.tasks.recurrence.days import has_day
from taskward.tasks.recurrence.next_day import Recurrence, upcoming
from taskward.tasks.recurrence.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE: Final = (Path(__file__).parents[1] / "docs" / "recurrence.md").read_text("utf-8")
RULES: Final = sorted(
    {
        rule
        for row in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)
        for rule in re.findall(r"`(FREQ=[^`]+)`", row)
    }
)


def test_the_page_has_rules() -> None:
    assert len(RULES) > 12


@pytest.mark.parametrize("text", RULES)
def test_the_preview_of_the_page_shows_what_comes(text: str) -> None:
    functions: dict[str, Any] = {}
    [example] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(example, functions)  # noqa: S102 - the example of the page
    preview: Callable[..., list[date]] = functions["preview"]
    rule, before = Rule.parse(text), date(2026, 2, 28)
    occurrence = upcoming(Recurrence(rule, before), {"date": str(before)}, 1)[0]

    following = upcoming(Recurrence(rule, occurrence), {"date": str(occurrence)}, 5)

    assert rule.canonical == text
    assert has_day(rule, occurrence)
    assert preview(text, occurrence, 5) == [occurrence, *following]
