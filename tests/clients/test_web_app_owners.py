"""Private tasks beside those of a space: what is done to the ones does not reach the others."""

from pathlib import Path

import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import in_process_server
from clients.test_web_app_sharing import DIALOG, go, join, share, signed_in
from clients.test_web_app_trash import delete
from clients.test_web_app_users import titles_of
from support import settings_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here"),
]

PRIVATE = "location.hash = '#/inbox'"


async def test_where_the_trash_is_off_an_undo_creates_the_task_where_it_was_deleted(
    browser: Browser, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/tasks.db"
    settings = settings_for(database, environment="production", web_app=True, trash_days=0)
    async with in_process_server(settings) as service:
        ann, bob = [await signed_in(browser, service, sub) for sub in ("ann", "bob")]
        await join(bob, await share(ann, "Flat", "Milk"), "Bob")
        await ann.run(PRIVATE)
        await ann.add("Refused", "Salary")
        await delete(ann, "Refused")
        await ann.click("Decide", ".banner")
        await ann.click("Delete permanently", DIALOG)
        await ann.shows("Salary")
        await delete(ann, "Salary")
        await go(ann, "all")
        await ann.click("Undo", ".toast")
        await ann.run(PRIVATE)
        await ann.shows("Salary")
        await ann.says("Up to date", ".status")
        await bob.shows("Milk")

        assert await titles_of(service, "ann") == ["Salary"]
        assert await ann.problems() == await bob.problems() == []
        await browser.close_windows()
