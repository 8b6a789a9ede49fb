"""The clock of this package; tests replace it and need not sleep."""

import asyncio
import time


class Clock:
    """The system's clock."""

    now = staticmethod(time.time)
    """Returns the time in seconds since 1970, which the claims of a token are compared with."""

    monotonic = staticmethod(time.monotonic)
    """Returns a monotonic time in seconds, for intervals."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
