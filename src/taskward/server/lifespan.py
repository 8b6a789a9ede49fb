"""Startup and shutdown of the ASGI application (ASGI, lifespan protocol)."""

import asyncio
import logging
from typing import Any

from starlette.types import Message
from uvicorn.config import Config

from taskward.database import DatabaseUnusable
from taskward.http.errors import ServiceError
from taskward.settings import SettingsError

_log = logging.getLogger(__name__)


class Lifespan:
    """Starts and stops the application; logs a failure once, and in one line."""

    def __init__(self, config: Config) -> None:
        self.should_exit = False
        self.state: dict[str, Any] = {}
        self._app = config.loaded_app
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._started = asyncio.Event()
        self._stopped = asyncio.Event()
        self._failed = False
        self._task: asyncio.Task[None]

    async def startup(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._messages.put({"type": "lifespan.startup"})
        await self._started.wait()
        self.should_exit = self._failed

    async def shutdown(self) -> None:
        if not self._stopped.is_set():
            await self._messages.put({"type": "lifespan.shutdown"})
            await self._stopped.wait()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._messages.get, self._send)
        except Exception as error:  # noqa: BLE001 - logged; it ends the process
            self._failed = True
            known = isinstance(error, ServiceError | SettingsError | DatabaseUnusable)
            reason = "; ".join(str(error).splitlines()) if known else type(error).__name__
            _log.critical("Startup or shutdown failed: %s", reason, exc_info=None if known else error)
        finally:
            self._started.set()
            self._stopped.set()

    async def _send(self, message: Message) -> None:
        self._failed = self._failed or message["type"].endswith(".failed")
        if message["type"] == "lifespan.startup.complete":
            self._started.set()
        elif message["type"] == "lifespan.shutdown.complete":
            self._stopped.set()
        # After a failure the application raises the reason.
