"""Which spaces of the caller have changed, as Server-Sent Events: one stream for all of them.

An event only says where to pull: `{"space_id", "state"}` for a space in another state than in the last event,
`{"space_id", "gone": true}` for one that the caller is no member of any more. Membership is checked in each
statement that reads a state.
"""

import asyncio
from time import monotonic
from typing import Any, Final
from uuid import UUID

from taskward.changes.sse import ServerSentEvents, data_line
from taskward.changes.streams import StreamRegistry, Subscription
from taskward.spaces.store import MySpacesStore

INTERVAL: Final = 1.0
"""Seconds between two reads, and so between two events of one space, at least."""


class SpaceEvents(ServerSentEvents):
    """The states of the caller's spaces, and each change of one."""

    def __init__(self, spaces: MySpacesStore, streams: StreamRegistry) -> None:
        super().__init__(spaces.caller, streams)
        self._spaces = spaces
        self._states: dict[UUID, str] = {}
        self._events: list[dict[str, Any]] = []
        self._next_read = 0.0

    @property
    def owner(self) -> UUID:
        """The caller, whose own rows name the spaces: joining one changes them."""
        return self._spaces.caller.id

    async def read(self, subscription: Subscription) -> None:
        is_first = not self._next_read
        await asyncio.sleep(self._next_read - monotonic())
        await self._streams.turns.wait(self._caller.id)
        subscription.woken.clear()
        changed, subscription.changed = subscription.changed, set()
        if is_first or self.owner in changed:
            changed = {*await self._spaces.ids(), *self._states}
            # From here on their changes wake the stream: none is missed between this and the states.
            self._streams.watch(subscription, changed | {self.owner})
        asked = sorted(changed - {self.owner})
        async with self._streams.reading:
            found = await self._spaces.states(asked)
        self._next_read = monotonic() + INTERVAL
        self._events = []
        for space in asked:
            self._compare(space, found.get(space))
        self._streams.watch(subscription, subscription.owners - (set(asked) - found.keys()))

    async def events(self) -> bytes:
        return b"".join(b"data: %s\n\n" % data_line(event) for event in self._events)

    def _compare(self, space: UUID, state: str | None) -> None:
        """Notes the event of a space that is in that state now; None if the caller is no member."""
        before = self._states.pop(space, None)
        if state is not None:
            self._states[space] = state
            if state != before:
                self._events.append({"space_id": str(space), "state": state})
        elif before is not None:
            self._events.append({"space_id": str(space), "gone": True})
