"""docs/recurrence.md: its rules are accepted as they are spelt, and its previews agree with the service."""

import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from support.npm import install_packages

from taskward.tasks.recurrence.days import has_day
from taskward.tasks.recurrence.next_day import Recurrence, upcoming
from taskward.tasks.recurrence.rule import Rule

PAGE: Final = (Path(__file__).parents[1] / "docs" / "recurrence.md").read_text("utf-8")
PACKAGES: Final = Path(__file__).parent / "tasks" / "recurrence" / "preview"
RULES: Final = sorted(
    {
        rule
        for row in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)
        for rule in re.findall(r"`(FREQ=[^`]+)`", row)
    }
)
DAYS: Final = 5


def first_days(text: str) -> list[date]:
    """Returns a day of a rule, and the days that follow it."""
    rule, before = Rule.parse(text), date(2026, 2, 28)
    occurrence = upcoming(Recurrence(rule, before), {"date": str(before)}, 1)[0]
    return [occurrence, *upcoming(Recurrence(rule, occurrence), {"date": str(occurrence)}, DAYS)]


def example(language: str) -> str:
    """Returns the preview of the page in a language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.mark.parametrize("text", RULES)
def test_the_rules_of_the_page_are_accepted_as_they_are_spelt(text: str) -> None:
    assert len(RULES) > 12
    assert Rule.parse(text).canonical == text
    assert has_day(Rule.parse(text), date(2026, 2, 28))


def test_the_preview_in_python_shows_the_days_that_come() -> None:
    functions: dict[str, Any] = {}
    exec(example("python"), functions)  # noqa: S102 - the example of the page

    for text in RULES:
        days = first_days(text)
        assert functions["preview"](text, days[0], DAYS) == days


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
def test_the_preview_in_javascript_shows_the_days_that_come(tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, tmp_path)
    install_packages(tmp_path)
    asked = [[text, str(first_days(text)[0]), DAYS] for text in RULES]
    program = f"console.log(JSON.stringify({json.dumps(asked)}.map((one) => preview(...one))))"
    (tmp_path / "preview.mjs").write_text(f"{example('js')}\n{program}")

    node = shutil.which("node") or ""
    done = subprocess.run([node, "preview.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603 - the function of the page

    assert json.loads(done.stdout) == [[str(day) for day in first_days(text)] for text in RULES]
