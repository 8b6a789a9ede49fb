"""A span for each operation of the database in a request, and one for each statement of a transaction."""

from collections.abc import Sequence

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from taskward.database.observers import Observation
from taskward.database.statements import Row, Split, Statement, Values
from taskward.http.errors import DatabaseError, ServiceError


class OperationSpan(Observation):
    """The span of an operation of the database, and in a transaction one for each statement."""

    def __init__(self, tracer: Tracer, engine: str, name: str) -> None:
        self._tracer = tracer
        self._engine = engine
        self._span = self._start(name, None)
        # A transaction may run in another thread, so the spans in it get their parent explicitly.
        self._inside = trace.set_span_in_context(self._span)
        self._statement: Span | None = None

    @classmethod
    def start(cls, tracer: Tracer, engine: str, name: str) -> "OperationSpan | None":
        """Starts a span; returns None outside of a request that is traced."""
        return cls(tracer, engine, name) if trace.get_current_span().is_recording() else None

    def started(self, statement: Statement | Split) -> None:
        self._statement = self._start(statement.name, self._inside)

    def ran(self, statement: Statement | Split, values: Values, rows: Sequence[Row]) -> None:  # noqa: ARG002 - an Observation
        if self._statement is not None:
            self._statement.end()
            self._statement = None

    def undone(self) -> None:
        """Ends the span of a statement that failed."""
        if self._statement is not None:
            self._statement.set_status(Status(StatusCode.ERROR))
            self._statement.end()
            self._statement = None

    def ended(self, error: BaseException | None) -> None:
        self.undone()
        if error is not None:
            _fail(self._span, error)
        self._span.end()

    def _start(self, name: str, parent: contexts.Context | None) -> Span:
        attributes = {"db.system.name": self._engine, "db.query.summary": name}
        return self._tracer.start_span(name, parent, SpanKind.CLIENT, attributes)


def _fail(span: Span, error: BaseException) -> None:
    """Records the error's type; the SDK would record its message, which may contain stored values."""
    kind = error.code if isinstance(error, ServiceError) else type(error).__name__
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, error.reason if isinstance(error, DatabaseError) else None))
