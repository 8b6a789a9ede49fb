"""Delivers to one owner after the other, and notes what became of each attempt."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from taskward.database import Queries
from taskward.database.statements import Command, Row, TransactionSteps
from taskward.http.errors import DatabaseError, ServiceUnavailable
from taskward.metrics import WEBHOOK_ATTEMPTS, Samples
from taskward.webhooks.deliveries import Delivery
from taskward.webhooks.receiver import SECOND, ReceiverState
from taskward.webhooks.retries import FIRST_RETRY_DELAY, PROBE_INTERVAL, retry_delay
from taskward.webhooks.statements import FAILED, NEXT_PROBE, PROBE, QUEUE, STOPPED, SUCCEEDED
from taskward.webhooks.steps import DeliveryQueue

if TYPE_CHECKING:
    from taskward.webhooks.sender import Outcome, WebhookSender

MAX_CONSECUTIVE_DELIVERIES: Final = 10
"""Deliveries to one owner before others have a turn."""

LEASE_MARGIN: Final = 2.0
"""Seconds before the end of a lease at which an attempt ends."""

NextDelivery: TypeAlias = Callable[[], Awaitable[Delivery | None]]


class TracedAttempt(NamedTuple):
    """An attempt that is traced: the headers that say so to the receiver, and what notes its outcome."""

    headers: Mapping[str, str]
    note: Callable[["Outcome"], None]


Trace: TypeAlias = Callable[[Delivery], AbstractContextManager[TracedAttempt]]


def untraced(_delivery: Delivery) -> AbstractContextManager[TracedAttempt]:
    """Traces nothing."""
    return nullcontext(TracedAttempt({}, lambda _: None))


log = logging.getLogger(__name__)


class Attempts:
    """The attempts of one process."""

    def __init__(
        self, database: Queries, sender: "WebhookSender", queue: DeliveryQueue, trace: Trace = untraced
    ) -> None:
        self._database = database
        self._sender = sender
        self._queue = queue
        self._trace = trace
        self._is_suspect = False
        self._outcomes: Counter[str] = Counter()

    async def deliver(self, owner: UUID, seen: int, state: ReceiverState) -> None:
        """Delivers what an owner who was due at `seen` has waiting; it raises nothing."""
        self._is_suspect = self._is_suspect or state.is_suspect or state.stopped_at is not None
        take: NextDelivery = partial(self._take, owner, seen)
        try:
            for left in reversed(range(1 if state.is_suspect else MAX_CONSECUTIVE_DELIVERIES)):
                following = await self._deliver_next(take, may_continue=left > 0)
                if following is None:
                    return
                take = following
        except asyncio.CancelledError:
            await self._release(owner)
            raise
        except (DatabaseError, ServiceUnavailable) as error:
            log.warning("Webhooks wait for the database", extra={"reason": error.reason})
        except Exception:
            log.exception("A webhook crashed; retrying")

    async def claim_probe(self) -> bool:
        """Returns whether this process may make the next attempt of the whole deployment."""
        return bool(await self._run(PROBE, **NEXT_PROBE.values()))

    def collect(self) -> Samples:
        return {WEBHOOK_ATTEMPTS.name: {(kind,): count for kind, count in self._outcomes.items()}}

    async def _deliver_next(self, take: NextDelivery, *, may_continue: bool) -> NextDelivery | None:
        """Takes a delivery and makes one attempt; returns how to take the next, if that is due at once.

        Unless it `may_continue` with the next one, the delivery is acknowledged when it returns.
        """
        until = asyncio.get_running_loop().time() + QUEUE.seconds - LEASE_MARGIN
        delivery = await take()
        if delivery is None or not await self._attempt(delivery, until):
            return None
        if delivery.is_full_page and may_continue:
            return partial(self._take_following, delivery)
        next_due = await self._database.transact(partial(self._queue.acknowledge, delivery))
        if next_due is None or delivery.is_last_page:
            return None
        return partial(self._take, delivery.owner, next_due)

    async def _take(self, owner: UUID, seen: int) -> Delivery | None:
        """Takes the next delivery of an owner; most are of changes, for which fewer statements are enough."""
        of_changes = await self._database.transact(partial(self._queue.take_changes, owner, seen))
        return of_changes or await self._database.transact(partial(self._queue.take, owner, seen))

    async def _take_following(self, delivery: Delivery) -> Delivery | None:
        """Acknowledges a full page, and takes the next delivery."""
        following = await self._database.transact(partial(self._queue.replace, delivery))
        if following is not None:
            return following
        next_due = await self._database.transact(partial(self._queue.acknowledge, delivery))
        return None if next_due is None else await self._take(delivery.owner, next_due)

    async def _attempt(self, delivery: Delivery, until: float) -> bool:
        """Returns whether a delivery has succeeded; one of nothing has."""
        if delivery.id is None:
            return True
        with self._trace(delivery) as traced:
            outcome = await self._sender.send(delivery.id, delivery.body.encode(), until, traced.headers)
            traced.note(outcome)
            self._outcomes[outcome.kind] += 1
            if outcome.kind != "delivered":
                await self._fail(delivery, outcome)
                return False
        await self._succeed()
        return True

    async def _succeed(self) -> None:
        if self._is_suspect and await self._run(SUCCEEDED):
            log.info("Webhooks are delivered again")
        self._is_suspect = False

    async def _fail(self, delivery: Delivery, outcome: "Outcome") -> None:
        self._is_suspect = True
        wait = max(PROBE_INTERVAL, outcome.retry_after)
        rows = await self._run(FAILED, since=int(0.9 * FIRST_RETRY_DELAY * SECOND), wait=wait)
        is_failing = bool(rows) and rows[0][0] is not None
        failed = delivery.attempts + 1
        seconds = retry_delay(failed, is_failing=is_failing, retry_after=outcome.retry_after)
        await self._database.transact(partial(self._queue.postpone, delivery, seconds))
        details = {
            "user_id": str(delivery.owner),
            "webhook_id": delivery.id,
            "attempts": failed,
            "retry_in_s": int(seconds),
            "reason": outcome.reason,
        }
        log.warning("A webhook failed; it will be sent again", extra=details)
        if outcome.kind == "gone":
            await self._run(STOPPED)

    async def _release(self, owner: UUID) -> None:
        try:
            await self._database.transact(partial(self._queue.release, owner))
        except (DatabaseError, ServiceUnavailable) as error:
            log.warning("A webhook is repeated once its lease ends", extra={"reason": error.reason})

    async def _run(self, command: Command, *, wait: float = 0.0, **values: Any) -> list[Row]:
        """Runs a command on the state of the receiver."""

        def steps() -> TransactionSteps[list[Row]]:
            return list((yield command, {"wait": int(wait * SECOND), **values}))

        return await self._database.transact(steps)
