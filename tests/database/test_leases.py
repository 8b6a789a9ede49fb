"""docs/decisions/0066: one process at a time holds a lease, by the clock of the database."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from support import Person, database_of, execute, stored
from support.rows import earlier_by

from taskward.database.postgres.compiled import CompiledStatement
from taskward.database.statements import Command, Values, command_steps
from taskward.me import import_statements as imports
from taskward.tasks import zone_data_statements as zone_data
from taskward.webhooks import statements as webhooks

OF_LEASES: Final[set[Command]] = {
    *(
        imports.CLAIM_IMPORT,
        imports.SEIZE_IMPORT,
        imports.RENEW_IMPORT,
        imports.BEGIN_PUBLICATION,
        imports.RELEASE_IMPORT,
        imports.GIVE_UP_IMPORT,
    ),
    *(zone_data.CLAIM_ZONE_DATA, zone_data.RENEW_ZONE_DATA, zone_data.STORE_VERSION),
    *(
        webhooks.CLAIM_QUEUE,
        webhooks.CLAIM_CHANGES,
        webhooks.STORE_NEXT,
        webhooks.RELEASE_QUEUE,
        webhooks.PROBE,
    ),
}


async def run(app: FastAPI, command: Command, values: Values) -> bool:
    return bool(await database_of(app).transact(lambda: command_steps(command, values)))


def holder_for(person: Person) -> Values:
    return {"owner": UUID(person.sub), **imports.IMPORT_LEASE.values(uuid4()), "first_number": 5}


async def age(app: FastAPI, person: Person, seconds: int) -> None:
    older = earlier_by(app, "renewed_at", seconds)
    await execute(app, f"UPDATE imports SET renewed_at = {older} WHERE user_id = '{person.sub}'")  # noqa: S608 - a number of the test


async def test_one_holds_it_until_it_is_not_renewed_any_more(app: FastAPI, ann: Person) -> None:
    one, other = holder_for(ann), holder_for(ann)
    assert await run(app, imports.CLAIM_IMPORT, one)
    await age(app, ann, 14)
    assert not await run(app, imports.CLAIM_IMPORT, other)
    assert await run(app, imports.RENEW_IMPORT, one)
    await age(app, ann, 14)
    assert not await run(app, imports.CLAIM_IMPORT, other)
    await age(app, ann, 1)

    assert await run(app, imports.CLAIM_IMPORT, other)
    for command in (imports.RENEW_IMPORT, imports.BEGIN_PUBLICATION, imports.CLAIM_IMPORT):
        assert not await run(app, command, one), command.name
    await run(app, imports.RELEASE_IMPORT, one)
    assert await run(app, imports.RENEW_IMPORT, other)


async def test_one_that_is_given_up_can_be_claimed_at_once(app: FastAPI, ann: Person) -> None:
    await run(app, imports.CLAIM_IMPORT, holder_for(ann))
    await run(app, imports.GIVE_UP_IMPORT, holder_for(ann))

    assert await run(app, imports.CLAIM_IMPORT, holder_for(ann))
    assert len(await stored(app, "imports", user_id=ann.sub)) == 1


@pytest.mark.parametrize("name", sorted(command.name for command in OF_LEASES))
def test_no_process_sends_a_time_of_its_own(name: str) -> None:
    """`seen` is a time that was read from the row; `lease` a length."""
    (command,) = [command for command in OF_LEASES if command.name == name]
    names: dict[str, Any] = dict(CompiledStatement.compile(command).names)

    assert not {"now", "stale", "held", "until", "clock"} & names.keys()
    assert "clock_timestamp()" in CompiledStatement.compile(command).sql or "lease" not in names
