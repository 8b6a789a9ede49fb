"""The time for which deleted objects leave something behind."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from taskward.http.errors import FieldError, ValidationFailed
from taskward.http.parts import Key


class Deletion(NamedTuple):
    """A deletion at a time; what was left before the other times has expired."""

    now: datetime
    tombstones_since: datetime
    trash_since: datetime | None = None
    """None unless the tasks go to the trash."""


class Retention(NamedTuple):
    """The times for which tombstones, tasks in the trash and activity are kept; zero if there is none."""

    tombstones: timedelta
    trash: timedelta
    activity: timedelta

    def check(self, *, to_trash: bool) -> None:
        """Raises ValidationFailed for a deletion to the trash if there is none."""
        if to_trash and not self.trash:
            raise ValidationFailed([FieldError("to", "The trash is off")])

    def deletion(self, now: datetime, *, to_trash: bool) -> Deletion:
        """Returns a deletion at that time; raises as `check`."""
        self.check(to_trash=to_trash)
        return Deletion(now, now - self.tombstones, now - self.trash if to_trash else None)


RETENTION: Final = Key[Retention]("time for which deleted objects are kept")
