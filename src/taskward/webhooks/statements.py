"""The statements of the worker. Those of several owners read ids and times only."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    Update,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)

from taskward.database.functions import clock_number
from taskward.database.leases import Lease
from taskward.database.outbox import MARKS, MIN_DELIVERY_INTERVAL
from taskward.database.statements import Command, Read
from taskward.database.types import Counter, Flag
from taskward.users.statements import OWNER
from taskward.users.tables import USERS
from taskward.webhooks.reminder_statements import NO_REMINDER_IS_DUE, REMINDER
from taskward.webhooks.retries import PROBE_INTERVAL
from taskward.webhooks.tables import RECEIVER

_SEEN: Final = bindparam("seen", type_=Counter)
_WAIT: Final = bindparam("wait", type_=Counter)
_DELIVERY_ID: Final = bindparam("delivery_id", type_=Text())
_UPTO: Final = bindparam("upto", type_=Text())
_LIMIT: Final = bindparam("limit", type_=Integer())
_NO_DELIVERY: Final[dict[str, Any]] = {"delivery_id": null(), "body": null(), "upto": null()}

QUEUE: Final = Lease(MARKS.c.user_id == OWNER, holder=MARKS.c.holder, due_at=MARKS.c.next_at, seconds=20.0)
"""An owner's queue, for longer than an attempt. Those of a process that died are due again after that."""

NEXT_PROBE: Final = Lease(due_at=RECEIVER.c.probe_at, seconds=PROBE_INTERVAL)

_DELIVERED: Final = (QUEUE.is_held, MARKS.c.delivery_id.is_not_distinct_from(_DELIVERY_ID))
"""The delivery that was sent is still the stored one: neither an erasure nor a replay has dropped it."""


_OF_WAITING: Final = (
    *(MARKS.c.user_id, MARKS.c.next_at),
    MARKS.c.holder.is_not(None).label("is_held"),
    (MARKS.c.attempts > literal_column("0")).label("has_failed"),
)


def _waiting() -> Read:
    waiting = (
        select(*_OF_WAITING)
        .where(MARKS.c.next_at.is_not(None))
        .order_by(MARKS.c.next_at)
        .limit(_LIMIT)
        .subquery("waiting")
    )
    state = (RECEIVER.c[name] for name in ("failed_at", "failing_since", "probe_at", "stopped_at"))
    return Read(
        "owners due for webhooks",
        select(clock_number().label("now"), *state, waiting)
        .select_from(RECEIVER.outerjoin(waiting, true()))
        .order_by(waiting.c.next_at),
        cross_owner=True,
    )


WAITING: Final = _waiting()
"""The time and the state of the receiver, with each of those who are due first. Without any there is one row,
with a null id."""


def _first_of(name: str, condition: ColumnElement[bool], *order: ColumnElement[Any]) -> Read:
    first = select(*_OF_WAITING).where(MARKS.c.next_at.is_not(None), condition)
    return Read(name, first.order_by(*order, MARKS.c.next_at).limit(_LIMIT), cross_owner=True)


FAILED_BEFORE: Final = _first_of("owners with failed webhooks", MARKS.c.attempts > literal_column("0"))

UNTRIED: Final = _first_of(
    "owners with webhooks that have not failed",
    MARKS.c.attempts == literal_column("0"),
    func.coalesce(MARKS.c.delivered_at, literal_column("0")).desc(),
)
"""Those first who were delivered to last: what they get is the least likely to be refused."""

_BACKLOG: Final[tuple[ColumnElement[Any], ...]] = (
    func.count(MARKS.c.user_id).label("owners"),
    (clock_number() - func.min(MARKS.c.marked_at)).label("age"),
)
BACKLOG: Final = Read(
    "backlog of webhooks",
    select(*_BACKLOG).where(MARKS.c.next_at.is_not(None)),
    long=True,
    cross_owner=True,
)
"""The number of owners who are due, and the microseconds for which the first of them has been."""

FIND_OWNER: Final = Read(
    "find an owner", select(USERS.c.members_seq > literal_column("0")).where(USERS.c.id == OWNER)
)
"""Returns whether it is a space."""

LOCK_COUNTER: Final = Read(
    "lock an owner and read the counter",
    select(USERS.c.seq).where(USERS.c.id == OWNER).with_for_update(),
)
"""As the lock of every write, so that no write is in progress while a mark is removed."""

_IS_SPACE: Final = select(USERS.c.members_seq > literal_column("0")).where(USERS.c.id == OWNER)
_CLAIM: Final = QUEUE.claim(MARKS.c.next_at == _SEEN).returning(
    MARKS.c.acknowledged,
    MARKS.c.delivery_id,
    MARKS.c.body,
    MARKS.c.upto,
    MARKS.c.attempts,
    MARKS.c.is_erased,
    _IS_SPACE.scalar_subquery().label("is_space"),
)
CLAIM_QUEUE: Final = Command("claim an owner for webhooks", _CLAIM, quiet=True)
"""Returns a row unless another process was faster: each claim changes `next_at`. Its first column is that."""

CLAIM_CHANGES: Final = Command(
    "claim an owner for a webhook of changes",
    _CLAIM.where(NO_REMINDER_IS_DUE, MARKS.c.is_erased.is_(false())),
    quiet=True,
)
"""As `CLAIM_QUEUE`, if changes are what is delivered next."""

_DELIVERY: Final[dict[str, Any]] = {
    "delivery_id": _DELIVERY_ID,
    "body": bindparam("body", type_=Text()),
    "upto": _UPTO,
    "attempts": 0,
}
STORE: Final = Command("store a webhook", QUEUE.change(**_DELIVERY), quiet=True)

STORE_NEXT: Final = Command(
    "acknowledge a webhook and store the next",
    QUEUE.renew()
    .where(MARKS.c.delivery_id == bindparam("delivered_id", type_=Text()), NO_REMINDER_IS_DUE)
    .values(**_DELIVERY, acknowledged=MARKS.c.upto, marked_at=clock_number()),
    quiet=True,
)
"""Returns a row if changes are what is delivered next."""


def _acknowledge() -> Update:
    is_rewound = and_(MARKS.c.delivery_id.is_not(None), MARKS.c.upto.is_distinct_from(_UPTO))
    is_due = or_(bindparam("is_due", type_=Flag()), is_rewound)
    is_last: ColumnElement[Any] = bindparam("is_last", type_=Flag())
    pause = case(
        (is_last, literal_column(str(MIN_DELIVERY_INTERVAL), Counter)), else_=literal_column("0", Counter)
    )
    return (
        update(MARKS)
        .where(*_DELIVERED)
        .values(
            holder=null(),
            **_NO_DELIVERY,
            acknowledged=case((is_rewound, MARKS.c.upto), else_=_UPTO),
            attempts=0,
            is_erased=false(),
            delivered_at=case((is_last, clock_number()), else_=null()),
            next_at=case((is_due, clock_number() + pause), else_=null()),
            marked_at=case((is_due, clock_number()), else_=null()),
        )
        .returning(MARKS.c.user_id, MARKS.c.next_at)
    )


ACKNOWLEDGE: Final = Command("acknowledge a webhook", _acknowledge(), quiet=True)
"""Returns when the owner is due again, if they are. Without a `delivery_id`, nothing had to be delivered.

After a replay during the attempt, the stored `upto` is what is acknowledged."""

DROP_MARK: Final = Command(
    "drop the mark of an owner", delete(MARKS).where(*_DELIVERED).returning(MARKS.c.user_id), quiet=True
)

POSTPONE: Final = Command(
    "postpone a webhook",
    update(MARKS)
    .where(*_DELIVERED)
    .values(holder=null(), attempts=MARKS.c.attempts + 1, next_at=clock_number() + _WAIT)
    .returning(MARKS.c.user_id),
    quiet=True,
)
RELEASE_QUEUE: Final = Command(
    "release an owner for webhooks",
    QUEUE.change(**QUEUE.given_up),
    quiet=True,
)

_IS_REMINDER: Final = func.substr(MARKS.c.delivery_id, 1, len(REMINDER)) == literal_column(f"'{REMINDER}'")

REWIND: Final = Command(
    "replay the webhooks of an owner",
    update(MARKS)
    .where(MARKS.c.user_id == OWNER)
    .values(
        delivery_id=case((_IS_REMINDER, MARKS.c.delivery_id), else_=null()),
        body=case((_IS_REMINDER, MARKS.c.body), else_=null()),
        upto=case((_IS_REMINDER, _UPTO), else_=null()),
        acknowledged=_UPTO,
        attempts=case((_IS_REMINDER, MARKS.c.attempts), else_=literal_column("0")),
        next_at=case((MARKS.c.holder.is_not(None), MARKS.c.next_at), else_=clock_number()),
        marked_at=func.coalesce(MARKS.c.marked_at, clock_number()),
    ),
    quiet=True,
)
"""After `MARK`. A process that delivers at this moment finds its delivery gone, and continues from there.

A reminder stays, because it has been taken from its table; what is replayed follows it."""

_SINCE: Final = bindparam("since", type_=Counter)
_IS_FAILING: Final = or_(
    RECEIVER.c.failing_since.is_not(None), RECEIVER.c.failed_at <= clock_number() - _SINCE
)

FAILED: Final = Command(
    "note a failed webhook",
    update(RECEIVER)
    .values(
        failed_at=func.coalesce(RECEIVER.c.failed_at, clock_number()),
        failing_since=case(
            (_IS_FAILING, func.coalesce(RECEIVER.c.failing_since, clock_number())), else_=null()
        ),
        probe_at=case((_IS_FAILING, clock_number() + _WAIT), else_=null()),
    )
    .returning(RECEIVER.c.failing_since),
    quiet=True,
    cross_owner=True,
)
"""The receiver is failing once an attempt fails that long after the first, and none has succeeded between."""

PROBE: Final = Command(
    "claim the next probe",
    NEXT_PROBE.claim(NEXT_PROBE.has_ended & RECEIVER.c.probe_at.is_not(None)),
    quiet=True,
    cross_owner=True,
)
SUCCEEDED: Final = Command(
    "note that webhooks succeed again",
    update(RECEIVER)
    .where(or_(RECEIVER.c.failed_at.is_not(None), RECEIVER.c.stopped_at.is_not(None)))
    .values(failed_at=null(), failing_since=null(), probe_at=null(), stopped_at=null())
    .returning(RECEIVER.c.id),
    quiet=True,
    cross_owner=True,
)
STOPPED: Final = Command(
    "note that the receiver is gone",
    update(RECEIVER).values(stopped_at=clock_number()),
    quiet=True,
    cross_owner=True,
)
