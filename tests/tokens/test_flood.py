"""A flood of wrong access tokens: other users' requests are served beside it."""

import asyncio
import time
from uuid import uuid4

import pytest
from fastapi import FastAPI
from support import Person
from tokens.token_support import bearer, store_token

from taskward.tokens.token_text import TokenText

FLOOD = 400


def wrong_token() -> str:
    return TokenText(uuid4(), uuid4(), bytes(32)).text.decode()


@pytest.mark.engines("postgres")
async def test_the_rows_of_many_tokens_are_read_together(app: FastAPI) -> None:
    people = [Person(app) for _ in range(20)]
    clients = [bearer(app, await store_token(app, one.sub)) for one in people]

    answers = await asyncio.gather(
        *(one.post("/api/tasks", json={"title": str(n)}) for n, one in enumerate(clients))
    )

    assert [answer.status_code for answer in answers] == [201] * 20
    assert [answer.json()["user_id"] for answer in answers] == [one.sub for one in people]


async def served(person: Person, count: int) -> float:
    """Returns the longest time of some requests, one after the other."""
    longest = 0.0
    for _ in range(count):
        begun = time.perf_counter()
        assert (await person.http.get("/api/tasks")).status_code == 200
        longest = max(longest, time.perf_counter() - begun)
    return longest


@pytest.mark.engines("disk", "postgres")
async def test_a_flood_of_wrong_tokens_takes_no_slot_and_delays_no_other_user(
    app: FastAPI, ann: Person
) -> None:
    await ann.create()
    right = Person(app)
    right.http = bearer(app, await store_token(app, right.sub))
    alone = await served(ann, 20)
    flood = [bearer(app, wrong_token()) for _ in range(8)]

    async def send(number: int) -> None:
        for _ in range(FLOOD // 8):
            answer = await flood[number].get("/api/tasks")
            assert answer.status_code == 401

    floods = [asyncio.create_task(send(number)) for number in range(8)]
    beside = max(await asyncio.gather(served(ann, 20), served(right, 20)))
    assert not all(one.done() for one in floods)
    await asyncio.gather(*floods)

    # Eight requests at once take turns on one event loop: nine turns and what a busy machine adds.
    assert beside < 20 * alone + 0.5
