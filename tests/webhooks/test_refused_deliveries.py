"""docs/contract.md#webhooks: what the receiver refuses of some owners keeps no others waiting."""

from uuid import uuid4

import pytest
from support import Person, execute
from support.waiting import until
from webhooks.conftest import StartApp
from webhooks.receiver import FAIL, OK, Receiver
from webhooks.test_changes import is_failing

from taskward.webhooks import attempts, retries, worker

pytestmark = pytest.mark.engines("disk", "postgres")


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (retries, attempts):
        monkeypatch.setattr(module, "FIRST_RETRY_DELAY", 0.2)
        monkeypatch.setattr(module, "PROBE_INTERVAL", 0.4)
    monkeypatch.setattr(worker, "FAILING_POLL_INTERVAL", 0.05)


async def test_who_was_held_by_a_process_that_died_is_tried_while_the_receiver_fails(
    start: StartApp, receiver: Receiver
) -> None:
    receiver.answer_with(FAIL)
    app = await start()
    ann = Person(app)
    await ann.create("Milk")
    await until(lambda: is_failing(app))
    await execute(app, f"UPDATE webhook_marks SET holder = '{uuid4()}', next_at = 1")  # noqa: S608 - no value from outside
    receiver.answer_with(OK)

    await until(lambda: receiver.titles(ann.sub) == ["Milk"], 5)
