"""The thread that runs transactions and commits: nothing bounds the time of either.

A `ThreadPoolExecutor` does more than one thread needs: two futures and several locks for each call.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

from taskward.database.statements import T

_Call: TypeAlias = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class CommitThread:
    """Runs calls of the event loop, one after the other, in a thread that starts with the first one."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread: Thread | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """Runs a call in the thread; returns what it returns, and raises what it raises."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="sqlite-commit", daemon=True)
            self._thread.start()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.put((call, done))
        return await done

    def stop(self) -> None:
        """Ends the thread after the calls that it has been given."""
        if self._thread is not None:
            self._calls.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (given := self._calls.get()) is not None:
            call, done = given
            result: Any = None
            error: BaseException | None = None
            try:
                result = call()
            except BaseException as raised:  # noqa: BLE001 - raised in the caller
                error = raised
            with suppress(RuntimeError):  # the loop is closed
                done.get_loop().call_soon_threadsafe(_finish, done, result, error)
            del given, call, done, result, error


def _finish(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.done():
        return  # the caller was cancelled
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
