"""How many creates PostgreSQL runs as one statement."""

from collections.abc import Awaitable, Sequence

import pytest

from taskward.database.postgres.batches import WriteBatch
from taskward.database.statements import Row, Values


def sizes_of_writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns a list that grows with the number of calls of each write statement of the app."""
    sizes: list[int] = []
    run_alone, run_batch = WriteBatch.run_alone, WriteBatch.run_batch

    def alone(self: WriteBatch, values: Values, until: float) -> Awaitable[Sequence[Row]]:
        sizes.append(1)
        return run_alone(self, values, until)

    def batch(
        self: WriteBatch, several: Sequence[Values], until: float
    ) -> Awaitable[Sequence[Sequence[Row]]]:
        sizes.append(len(several))
        return run_batch(self, several, until)

    monkeypatch.setattr(WriteBatch, "run_alone", alone)
    monkeypatch.setattr(WriteBatch, "run_batch", batch)
    return sizes
