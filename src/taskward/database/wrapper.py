"""Base class of decorators around a database (audit log, tracing)."""

from collections.abc import AsyncGenerator, Callable, Sequence
from uuid import UUID

from taskward.database import Database
from taskward.database.statements import Read, Row, T, TransactionSteps, Values, Write
from taskward.metrics import Samples


class DatabaseWrapper:
    """A `taskward.database.Database` that delegates to another one."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.engine = inner.engine

    @property
    def on_change(self) -> Callable[[UUID], None]:
        return self.inner.on_change

    @on_change.setter
    def on_change(self, call: Callable[[UUID], None]) -> None:
        self.inner.on_change = call

    async def start(self) -> None:
        await self.inner.start()

    async def stop(self) -> None:
        await self.inner.stop()

    async def migrate(self) -> str:
        return await self.inner.migrate()

    async def revision(self) -> str | None:
        return await self.inner.revision()

    async def missing_for_rls(self) -> str | None:
        return await self.inner.missing_for_rls()

    async def ping(self) -> None:
        await self.inner.ping()

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        return await self.inner.rows(read, values)

    async def write(self, write: Write, values: Values) -> Row | None:
        return await self.inner.write(write, values)

    async def transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        return await self.inner.transact(steps, long=long)

    async def interrupted(self) -> Sequence[tuple[UUID, str]]:
        return await self.inner.interrupted()

    async def wait_unlocked(self, owner: UUID) -> None:
        await self.inner.wait_unlocked(owner)

    async def scrub(self) -> None:
        await self.inner.scrub()

    def poll_hints(self) -> AsyncGenerator[None, None]:
        return self.inner.poll_hints()

    def collect(self) -> Samples:
        return self.inner.collect()
