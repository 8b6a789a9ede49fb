"""The thread that commits, because an fsync is slow.

A `ThreadPoolExecutor` does more than one thread needs: two futures and several locks for each call.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

_Call: TypeAlias = tuple[Callable[[], None], "asyncio.Future[None]"]


class CommitThread:
    """Runs calls of the event loop, one after the other, in a thread that starts with the first one."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread: Thread | None = None

    async def run(self, call: Callable[[], None]) -> None:
        """Runs a call in the thread; raises what it raises."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="sqlite-commit", daemon=True)
            self._thread.start()
        done = asyncio.get_running_loop().create_future()
        self._calls.put((call, done))
        await done

    def stop(self) -> None:
        """Ends the thread after the calls that it has been given."""
        if self._thread is not None:
            self._calls.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (given := self._calls.get()) is not None:
            call, done = given
            error: BaseException | None = None
            try:
                call()
            except BaseException as raised:  # noqa: BLE001 - raised in the caller
                error = raised
            with suppress(RuntimeError):  # the loop is closed
                done.get_loop().call_soon_threadsafe(_finish, done, error)
            del given, call, done, error


def _finish(done: "asyncio.Future[None]", error: BaseException | None) -> None:
    if done.done():
        return  # the caller was cancelled
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
