"""The rows of a space, as one of its members may read and write them.

Stores use it in place of the database, so that each statement of a request on a space is authorized. Who is
no member waits for nothing of the space: the role is read before any queue or lock of it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast
from uuid import UUID

from taskward.database import OWNED_ROWS, SharedRows
from taskward.database.statements import Read, Row, Split, T, TransactionSteps, Values, Write
from taskward.http.caller import Author, Owner
from taskward.http.parts import Parts
from taskward.http.roles import Role
from taskward.spaces.errors import RoleTooLow, SpaceNotFound
from taskward.spaces.forms import (
    AUTHORIZED_WRITES,
    AUTHORS,
    CALLER,
    LEAST_ROLE,
    MY_ROLE,
    MY_ROLE_WIDTH,
    PRESENCES,
    READS,
    presence_in_space,
    read_in_space,
    write_in_space,
)
from taskward.spaces.recording import Recorder, recorded
from taskward.tasks.statements import READ_TO_CHANGE
from taskward.users.statements import LOCK_OWNER


class CallerAsMember(NamedTuple):
    """The caller as a member: the id in the space, and the role."""

    member_id: UUID
    role: Role

    def as_author(self) -> dict[str, UUID]:
        """Returns the values of writes that name their author."""
        return dict.fromkeys(AUTHORS, self.member_id)


@dataclass(slots=True)
class SpaceRows:
    """The rows of a space, for a caller whose request needs a role; `OwnedRows` with that check.

    `allowed` returns the methods of the request's path that a role has. What is written in a transaction has
    the caller as its author.
    """

    rows_of_all: SharedRows
    space_id: UUID
    caller: UUID
    least_role: Role
    allowed: Callable[[Role], Iterable[str]]
    author: Author = field(default_factory=Author)
    recorder: Recorder | None = None
    """Records what is written in the activity of the space, if that is kept."""

    _read_as: CallerAsMember | None = None
    """The caller as the read of a task to change has found them, for the write that follows it."""

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        """Runs a read in its form for members; a declared one must be among `READS`.

        No row may mean that the caller was no member at that moment. So the role is read then, and with it
        whether there are rows.

        Raises:
            SpaceNotFound: the caller is no member.
            RoleTooLow: the role of the caller does not allow this.

        """
        form = READS[read] if read.declared else read_in_space(read)
        values = {**values, **self._condition}
        while not (rows := await self.rows_of_all.rows(form, values)):
            presence = PRESENCES[read] if read.declared else presence_in_space(read)
            found = await self.rows_of_all.rows(presence, values)
            self._membership([row[:MY_ROLE_WIDTH] for row in found])
            if not found[0][-1]:
                return rows
        if read is READ_TO_CHANGE:
            self._read_as = self._membership([rows[0][-MY_ROLE_WIDTH:]])
        return rows

    async def write(self, write: Write, values: Values) -> Row | None:
        """Runs a write of one task; raises as `rows`.

        No row may also mean that someone else has written in the space, or that the caller was removed, since
        the role was read.
        """
        me, self._read_as = self._read_as, None
        values = {**values, **self._condition}
        if self.recorder is not None:
            values |= self.recorder.entry(write, values)
        form = AUTHORIZED_WRITES[write]
        if me is not None:
            return await self.rows_of_all.write(form.write, {**values, **me.as_author()})
        return await self.rows_of_all.write_authorized(form, values, self._authors)

    async def transact(
        self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False, owners: Sequence[UUID] = ()
    ) -> T:
        """Runs steps once the caller is authorized under the lock of the space's row; raises as `rows`."""
        await self.authorize()
        return await self.rows_of_all.transact(
            lambda: self._recorded(lambda _: steps()), long=long, owners=owners
        )

    async def transact_as(
        self, steps: Callable[[CallerAsMember], TransactionSteps[T]], *, person: UUID | None = None
    ) -> T:
        """Runs steps of the caller as a member, as `transact`; the row of a `person` is locked first."""
        await self.authorize()
        owners = (self.space_id,) if person is None else (person, self.space_id)
        return await self.rows_of_all.transact(lambda: self._recorded(steps, person), owners=owners)

    async def wait_unlocked(self, owner: UUID) -> None:
        await self.authorize()
        await self.rows_of_all.wait_unlocked(owner)

    async def scrub(self) -> None:
        await self.rows_of_all.scrub()

    async def authorize(self) -> CallerAsMember:
        """Reads the caller's role; raises as `rows`."""
        return self._membership(await self.rows_of_all.rows(MY_ROLE, self._me))

    def _authors(self, rows: Sequence[Row]) -> Values:
        return self._membership(rows).as_author()

    @property
    def _me(self) -> Values:
        return {"owner": self.space_id, CALLER.key: self.caller}

    @property
    def _condition(self) -> Values:
        return {CALLER.key: self.caller, LEAST_ROLE.key: self.least_role}

    def _recorded(
        self, make_steps: Callable[[CallerAsMember], TransactionSteps[T]], person: UUID | None = None
    ) -> TransactionSteps[T]:
        return recorded(self.recorder, self._authorized(make_steps, person), self.space_id)

    def _authorized(
        self, make_steps: Callable[[CallerAsMember], TransactionSteps[T]], person: UUID | None = None
    ) -> TransactionSteps[T]:
        if person is not None:
            yield LOCK_OWNER, {"owner": person}
        yield LOCK_OWNER, {"owner": self.space_id}
        rows = yield MY_ROLE, self._me
        me = self._membership(rows)
        steps, authors = make_steps(me), me.as_author()
        sent: Sequence[Row] | None = None
        while True:
            try:
                statement, values = next(steps) if sent is None else steps.send(sent)
            except StopIteration as end:
                result: T = end.value
                return result
            if not isinstance(statement, Split):
                statement, values = write_in_space(statement), {**authors, **values}
            sent = yield statement, values

    def _membership(self, rows: Sequence[Row]) -> CallerAsMember:
        if not rows:
            raise SpaceNotFound
        member_id, number = rows[0]
        role = Role(number)
        if role < self.least_role:
            raise RoleTooLow(self.allowed(role))
        author = self.author
        author.member_id = member_id if isinstance(member_id, UUID) else UUID(member_id)
        author.role = role
        return CallerAsMember(author.member_id, role)


def shared_rows(parts: Parts) -> SharedRows:
    """Returns the database, from the parts of a request that is on the rows of no space yet."""
    return cast("SharedRows", parts[OWNED_ROWS])


def space_owner(rows: SpaceRows) -> Owner:
    """Returns the owner of the rows of a space, for writes of the caller."""
    return Owner(rows.space_id, author=rows.author)
