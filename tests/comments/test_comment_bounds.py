"""What comments cost, and where their texts never are."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from statistics import median

import pytest
from comments.comment_support import comments_of, many_comments, new_comment, new_task, post_comment
from fastapi import FastAPI
from support import MakeDatabase, Person, running, settings_for
from support.captured_log import CapturedLog, captured_log
from trash.trash_support import restored, to_trash

CANARY = "canary5501"


async def pages(person: Person, tasks: Sequence[str], rounds: int) -> list[float]:
    """Returns the median times of a page of ten comments of each task, alternating."""
    found: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, times in zip(tasks, found, strict=True):
            begun = time.process_time()
            page = await comments_of(person, task_id=task, limit=10)
            times.append(time.process_time() - begun)
            assert len(page) == 10
    return [median(times) for times in found]


async def test_a_page_of_a_thousand_comments_costs_as_one_of_ten(ann: Person) -> None:
    small, large = await new_task(ann), await new_task(ann)
    await many_comments(ann, small, 10)
    await many_comments(ann, large, 1000)

    few, many = await pages(ann, [small["id"], large["id"]], 60)
    assert many < 2 * few


@pytest.fixture
def lines() -> Iterator[CapturedLog]:
    """Yields the lines of the log."""
    with captured_log() as captured:
        yield captured


async def test_texts_are_in_no_log_and_no_audit(
    new_database: MakeDatabase, engine: str, lines: CapturedLog
) -> None:
    settings = settings_for(await new_database(engine), audit_log=True, log_level="DEBUG")
    async with running(settings) as app:
        ann = Person(app)
        ann.http.headers["X-Request-ID"] = "mine"
        task = await new_task(ann)
        comment = await new_comment(ann, task, f"{CANARY} text", metadata={"k": CANARY})
        path = f"/api/comments/{comment['id']}"
        await ann.http.patch(path, json={"text": f"{CANARY} changed"})
        await ann.http.patch(path, json={"text": CANARY * 500})
        await post_comment(ann, {"id": CANARY}, CANARY)
        await to_trash(ann, task)
        await restored(ann, task)
        await ann.http.delete(path)
        found = lines.of("taskward.audit")

    assert CANARY not in "".join(lines.texts)
    actions = [one["action"] for one in found if one["message"] == "change" and "comment_id" in one]
    assert actions == ["comment.create", "comment.update", "comment.delete"]
    assert {one["comment_id"] for one in found if "comment_id" in one} == {comment["id"]}
    changed = [one.get("fields") for one in found if one.get("action", "").startswith("comment.")]
    assert changed[:2] == [["metadata", "text"], ["text"]]


async def test_comments_of_many_people_are_read_at_once(app: FastAPI) -> None:
    people = [Person(app) for _ in range(10)]
    made = [await new_comment(one, await new_task(one)) for one in people]
    for person, comment in zip(people, made, strict=True):
        assert (await person.http.get(f"/api/comments/{comment['id']}")).json() == comment


@pytest.mark.engines("disk", "postgres")
async def test_two_processes_write_the_thousandth_comment_once(
    new_database: MakeDatabase, engine: str
) -> None:
    settings = settings_for(await new_database(engine))
    async with running(settings) as first, running(settings) as second:
        ann = Person(first)
        other = Person(second, ann.sub)
        for _ in range(3):
            task = await new_task(ann)
            await many_comments(ann, task, 998)
            answers = await asyncio.gather(
                *(post_comment(person, task) for person in (ann, other) for _ in range(6))
            )
            assert sorted(one.status_code for one in answers) == [201] * 2 + [400] * 10
