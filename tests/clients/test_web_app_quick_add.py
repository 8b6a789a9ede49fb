"""The web app takes dates, labels, priorities and lists out of the text of a new task: docs/web-app.md."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from changes.browser import CHROMIUM
from changes.streams import InProcess
from clients.web_page import WebApp
from clients.web_service import stored
from support.programs import run_program

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
IN_A_BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")

TUESDAY, TIME = "2026-11-24", "20:30"
READER = Path(__file__).with_name("read_quick_add.js")

Fields = dict[str, Any]


def due(day: str, time: str | None = None) -> Fields:
    return {"due": {"date": day} | ({} if time is None else {"time": time})}


def every(rule: str, day: str, time: str | None = None) -> Fields:
    return {"recurrence": {"rule": f"FREQ={rule}"}, **due(day, time)}


UNDERSTOOD: list[tuple[str, str, Fields]] = [
    ("Call Ann tomorrow 5pm", "Call Ann", due("2026-11-25", "17:00")),
    ("tomorrow call Ann", "call Ann", due("2026-11-25")),
    ("Call Ann today", "Call Ann", due("2026-11-24")),
    ("Call Ann on friday", "Call Ann", due("2026-11-27")),
    ("Hand in by friday", "Hand in", due("2026-11-27")),
    ("Call Ann at 5pm", "Call Ann", due("2026-11-25", "17:00")),
    ("Call Ann at 11pm", "Call Ann", due("2026-11-24", "23:00")),
    ("Call Ann at 17:15", "Call Ann", due("2026-11-25", "17:15")),
    ("Lunch tomorrow at noon", "Lunch", due("2026-11-25", "12:00")),
    ("Report in 3 days", "Report", due("2026-11-27")),
    ("Call in 2 hours", "Call", due("2026-11-24", "22:30")),
    ("Plan next week", "Plan", due("2026-12-01")),
    ("Party on Dec 24 at 6pm", "Party", due("2026-12-24", "18:00")),
    ("Renew 5 May 2027", "Renew", due("2027-05-05")),
    ("Plan 2026-12-01", "Plan", due("2026-12-01")),
    ("Water every monday", "Water", every("WEEKLY;BYDAY=MO", "2026-11-30")),
    ("Water every tuesday", "Water", every("WEEKLY;BYDAY=TU", "2026-11-24")),
    ("Water every tuesday at 5pm", "Water", every("WEEKLY;BYDAY=TU", "2026-12-01", "17:00")),
    ("Gym every fri, mon and wed 7am", "Gym", every("WEEKLY;BYDAY=MO,WE,FR", "2026-11-25", "07:00")),
    ("Gym every other sunday", "Gym", every("WEEKLY;INTERVAL=2;BYDAY=SU", "2026-11-29")),
    ("Stand-up every weekday 9:30", "Stand-up", every("WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-25", "09:30")),
    ("Pill every day", "Pill", every("DAILY", "2026-11-24")),
    ("Pill every day at 8am", "Pill", every("DAILY", "2026-11-25", "08:00")),
    ("Check every 3 weeks", "Check", every("WEEKLY;INTERVAL=3", "2026-11-24")),
    ("Pay every month starting Dec 1", "Pay", every("MONTHLY", "2026-12-01")),
    ("Paint #work #Garden #garden", "Paint", {"labels": ["Work", "garden"]}),
    ("Paint !HIGH", "Paint", {"priority": "high"}),
    ("Paint /home", "Paint", {"list_id": "home"}),
    ("/Home office Paint", "Paint", {"list_id": "home-office"}),
    (
        "Paint  tomorrow #work   !low /home",
        "Paint",
        {**due("2026-11-25"), "labels": ["Work"], "priority": "low", "list_id": "home"},
    ),
]
TITLES = [
    *("Buy 2 apples", "Call May", "Read 1984", "Fix the second bug", "March against war", "Everyone day"),
    *("Call at 5", "Lunch 12-2pm", "Review 3/4 of it", "Yesterday's notes", "What was 5 days ago"),
    *("Chat /Old", "See /unknown", "and/home", "C# and F#", "Stop!high", "!important", "# heading"),
    *("tomorrow", "every day", "#work !high", ""),
]


@pytest.fixture(scope="module")
def bundle(web_source: Path) -> Path:
    target = web_source / "quick-add.mjs"
    build = "node_modules/.bin/esbuild", "src/quick-add.ts", "--bundle", "--format=esm", "--log-level=error"
    run_program(web_source, *build, f"--outfile={target}")
    return target


def read(bundle: Path, *texts: str, kept: tuple[str, ...] = ()) -> list[Any]:
    given = {"day": TUESDAY, "time": TIME, "texts": texts, "kept": kept}
    found: list[Any] = json.loads(
        run_program(READER.parent, "node", str(READER), str(bundle), given=json.dumps(given))
    )
    return found


def test_what_is_understood_becomes_fields(bundle: Path) -> None:
    found = read(bundle, *(text for text, *_ in UNDERSTOOD))
    assert [(one["title"], one["fields"]) for one in found] == [
        tuple(expected) for _, *expected in UNDERSTOOD
    ]


def test_other_texts_are_titles(bundle: Path) -> None:
    found = read(bundle, *TITLES)
    assert [(one["title"], one["parts"], one["fields"]) for one in found] == [(one, [], {}) for one in TITLES]


def test_a_part_that_is_kept_stays_in_the_title(bundle: Path) -> None:
    text = "Buy the Sunday paper tomorrow #work"
    (found,) = read(bundle, text, kept=("Sunday", "#work"))
    assert (found["title"], found["fields"]) == ("Buy the Sunday paper #work", due("2026-11-25"))


def test_a_text_of_the_greatest_length_is_read_at_once(bundle: Path) -> None:
    """The field is read at each key; a fifth of a second is what a person notices."""
    texts = [
        ("#a !x /h 5pm every " * 11)[:200],
        "1" * 200,
        "0" * 200,
        "- " * 100,
        "1h " * 66,
        "mon, " * 40,
        "in " * 66,
        " " * 200,
        "every mon and " * 14,
    ]
    script = (
        f"const {{ quickAdd }} = await import({str(bundle)!r});"
        "const now = { day: '2026-11-24', time: '20:30', moment: new Date('2026-11-24T20:30') };"
        "const context = { now, lists: [], labels: [], kept: new Set() };"
        # Patterns are compiled at their first uses, which takes a tenth of a second once.
        "for (let n = 0; n < 3; n++) quickAdd('Call Ann tomorrow 5pm '.repeat(9), context);"
        f"for (const text of {json.dumps(texts)}) {{ const start = performance.now();"
        " quickAdd(text, context);"
        " const took = performance.now() - start; if (took > 200) console.log(text, took); }"
    )
    start = "globalThis.navigator ??= { languages: ['en'] };"
    assert run_program(READER.parent, "node", "--input-type=module", "-e", start + script) == ""


@IN_A_BROWSER
async def test_what_is_understood_is_shown_before_enter(page: WebApp, service: InProcess) -> None:
    await page.fill("form.add input", "Water the plants tomorrow 5pm #garden !high")
    for text in ("Due: Tomorrow 17:00", "#garden", "High priority"):
        await page.says(text, ".understood")
    await page.click("#garden: keep “#garden” in the title")
    await page.until("document.querySelectorAll('.understood button').length === 2")
    await page.until("document.activeElement.matches('form.add input')")
    await page.press("Enter")
    await page.shows("Water the plants #garden")
    (task,) = await stored(service, lambda found: len(found) == 1)
    tomorrow = (datetime.now(UTC).astimezone() + timedelta(days=1)).date().isoformat()
    assert (task["due"], task["priority"]) == ({"date": tomorrow, "time": "17:00"}, "high")
    assert "labels" not in task

    await page.type(".add input", "Paint #garden")
    await page.shows("Water the plants #garden", "Paint")


@IN_A_BROWSER
async def test_it_is_off_by_a_setting_of_the_page(page: WebApp, service: InProcess) -> None:
    await page.run("document.querySelector('.setting input').click()")
    await page.fill("form.add input", "Call Ann tomorrow #work")
    await page.until("document.querySelector('.understood').children.length === 0")
    await page.run("document.querySelector('form.add').requestSubmit()")
    await page.shows("Call Ann tomorrow #work")
    await page.reload()
    await page.until("!document.querySelector('.setting input').checked")
    (task,) = await stored(service, lambda found: len(found) == 1)
    assert "due" not in task
    assert "labels" not in task
