"""A span for each statement of a request."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from taskward.database import Database
from taskward.database.statements import Read, Row, T, TransactionSteps, Values, Write
from taskward.database.wrapper import DatabaseWrapper
from taskward.http.errors import DatabaseError, ServiceError


class TracedDatabase(DatabaseWrapper):
    """A span for each statement of a request; statements outside of requests are not traced."""

    def __init__(self, inner: Database, tracer: Tracer) -> None:
        super().__init__(inner)
        self._tracer = tracer

    async def rows(self, read: Read, values: Values) -> Sequence[Row]:
        with self._span(read.name):
            return await self.inner.rows(read, values)

    async def write(self, write: Write, values: Values) -> Row | None:
        with self._span(write.name):
            return await self.inner.write(write, values)

    async def transact(self, steps: Callable[[], TransactionSteps[T]], *, long: bool = False) -> T:
        with self._span("transaction") as span:
            if span is None:
                return await self.inner.transact(steps, long=long)
            # The engine may run the steps in another thread, so their spans get their parent explicitly.
            inside = trace.set_span_in_context(span)
            return await self.inner.transact(lambda: self._traced(steps(), inside), long=long)

    def _traced(self, steps: TransactionSteps[T], inside: contexts.Context) -> TransactionSteps[T]:
        rows: Sequence[Row] | None = None
        while True:
            try:
                statement, values = next(steps) if rows is None else steps.send(rows)
            except StopIteration as end:
                result: T = end.value
                return result
            with self._step(statement.name, values, inside):
                rows = yield statement, values

    @contextmanager
    def _span(self, name: str) -> Iterator[Span | None]:
        if not trace.get_current_span().is_recording():
            yield None
            return
        span = self._tracer.start_span(name, None, SpanKind.CLIENT, self._attributes(name))
        try:
            yield span
        except BaseException as error:
            _fail(span, error)
            raise
        finally:
            span.end()

    @contextmanager
    def _step(self, name: str, values: Values | Sequence[Values], inside: contexts.Context) -> Iterator[None]:
        attributes = self._attributes(name)
        if not isinstance(values, Mapping):
            attributes["db.operation.batch.size"] = len(values)
        span = self._tracer.start_span(name, inside, SpanKind.CLIENT, attributes)
        try:
            yield
        except GeneratorExit:  # the statement failed, and the steps end
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()

    def _attributes(self, name: str) -> dict[str, Any]:
        return {"db.system.name": self.engine, "db.query.summary": name}


def _fail(span: Span, error: BaseException) -> None:
    """Records the error's type; the SDK would record its message, which may contain stored values."""
    kind = error.code if isinstance(error, ServiceError) else type(error).__name__
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, error.reason if isinstance(error, DatabaseError) else None))
