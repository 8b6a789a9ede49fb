"""Files that are made to take long, or to end a conversion with a traceback.

Each is of about a megabyte, or smaller where that takes seconds because there is much in it.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import pytest
from convert.conversion import converted, vtodo

from taskward.convert.source import Unconvertible

MB: Final = 1_000_000
MAX_SECONDS: Final = 5.0
"""CPU time."""


def repeated(text: str, size: int = MB) -> str:
    return text * (size // len(text))


def html(description: str) -> str:
    body = {"contentType": "html", "content": f"<p>{description}"}
    return json.dumps({"value": [{"id": "1", "title": "Buy milk", "status": "notStarted", "body": body}]})


def html_of(text: str) -> str:
    return html(repeated(text))


def rows(header: str, row: str, size: int = MB) -> str:
    return f"{header}\n{repeated(row, size)}"


def calendar(components: str) -> str:
    return f"BEGIN:VCALENDAR\r\n{components}END:VCALENDAR\r\n"


HTML: Final = {
    "tags without an end": "<a ",
    "quotations without an end": "<a x='",
    "quotations in quotations": "<a \"<b '",
    "alternating quotations": '<a x="\'"',
    "comments without an end": "<!--",
    "comments that begin": "<!-",
    "declarations without an end": "<!",
    "instructions without an end": "<?",
    "end tags without a name": "</",
    "sections without an end": "<![CDATA[",
    "scripts without an end": "<script>",
    "references without an end": "&#9",
    "spaces": " ",
    "spaces before lines": " \n",
    "spaces between no-break spaces": " \xa0",
    "lines": "\n",
}
TICKTICK: Final = "List Name,Title,Status,"
FILES: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    **{name: ("microsoft", partial(html_of, text)) for name, text in HTML.items()},
    "a reference of many digits": ("microsoft", lambda: html("&#" + "9" * MB)),
    "tasks of one id": ("ticktick", lambda: rows(TICKTICK + "taskId", ",a,0,1\n", MB // 15)),
    "comments on one task": ("todoist", lambda: "TYPE,CONTENT\ntask,a\n" + repeated("note,\n")),
    "labels of one task": ("todoist", lambda: 'TYPE,CONTENT\ntask,"' + repeated(" @a") + '"\n'),
    "one long label": ("todoist", lambda: 'TYPE,CONTENT\ntask," @' + "a" * MB + '@"\n'),
    "parts of a rule": (
        "ticktick",
        lambda: f'{TICKTICK}Due Date,Repeat\n,a,0,2026-01-01T00:00:00+0000,"{repeated("X=1;")}"\n',
    ),
    "days of a rule": (
        "ical",
        lambda: vtodo("DUE:20260101", "RRULE:FREQ=MONTHLY;BYMONTHDAY=" + repeated("1,", MB // 4)),
    ),
    "parameters": ("ical", lambda: vtodo(f"X;{repeated('A=1;', MB // 4)}B=1:x")),
    "quotation marks": ("ical", lambda: vtodo(f"X;A={repeated(chr(34))}:x")),
    "folded lines": ("ical", lambda: vtodo("SUMMARY:x" + repeated("\r\n a"))),
    "categories": ("ical", lambda: vtodo("CATEGORIES:" + repeated("a,", MB // 4))),
    "alarms in alarms": ("ical", lambda: vtodo(*["BEGIN:VALARM"] * (MB // 50))),
    "lists in lists": ("google", lambda: "[" * MB),
    "a long number": ("taskwarrior", lambda: f'[{{"uuid": "u", "description": "d", "x": {"1" * MB}}}]'),
    "a number as text": (
        "taskwarrior",
        lambda: json.dumps([{"uuid": "u", "description": "d", "status": "pending", "imask": "1" * MB}]),
    ),
}


@pytest.mark.parametrize(("name", "make"), FILES.values(), ids=FILES)
def test_a_file_takes_no_longer_than_its_size_explains(name: str, make: Callable[[], str]) -> None:
    content = make()
    begun = time.thread_time()
    with suppress(Unconvertible):
        converted(name, content)
    assert time.thread_time() - begun < MAX_SECONDS


@pytest.mark.parametrize("created", ["20260301T083000Z", "99981231T235959Z"])
def test_an_id_of_a_time_after_the_last_year_is_not_kept(created: str) -> None:
    """As the UID of a task, and as that of its list."""
    late = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    listed = f"X-TASKWARD-LIST;X-ID={late}:Home"
    todo = f"BEGIN:VTODO\nUID:{late}\nCREATED:{created}\n{listed}\nEND:VTODO\n"

    document: Any = converted("ical", calendar(todo)).document

    assert [one["title"] for one in document["lists"]] == ["Home"]
    assert late not in {document["tasks"][0]["id"], document["lists"][0]["id"]}
