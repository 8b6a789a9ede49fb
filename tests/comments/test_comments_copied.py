"""docs/copy.md: `taskward copy` takes comments."""

import pytest
from comments.comment_support import comments_of, new_comment, new_task
from copies.copied import copy
from support import MakeDatabase, Person, running, settings_for
from trash.trash_support import restored, to_trash


@pytest.mark.parametrize(("source", "target"), [("disk", "postgres"), ("postgres", "disk")])
async def test_a_copy_has_the_comments_and_those_in_the_trash(
    new_database: MakeDatabase, source: str, target: str
) -> None:
    before, after = await new_database(source), await new_database(target)
    async with running(settings_for(before)) as app:
        ann = Person(app)
        task, trashed = await new_task(ann), await new_task(ann)
        kept = await new_comment(ann, task, metadata={"n": 1})
        thrown = await new_comment(ann, trashed)
        dropped = await new_comment(ann, task)
        await ann.http.delete(f"/api/comments/{dropped['id']}")
        await to_trash(ann, trashed)
        changes = (await ann.http.get("/api/changes?kinds=tasks,comments")).json()["changes"]

    await copy(before, after)
    async with running(settings_for(after)) as app:
        copied = Person(app, ann.sub)
        assert (await copied.http.get("/api/changes?kinds=tasks,comments")).json()["changes"] == changes
        assert await comments_of(copied) == [kept]
        await restored(copied, trashed)
        assert await comments_of(copied) == [kept, thrown]
