"""Time, as this room tells it: tests bring their own and need not sleep."""

import asyncio
import time


class Clock:
    """The system's time."""

    def now(self) -> float:
        """Give the time of day, in seconds since 1970: what the claims of a token are held against."""
        return time.time()

    def monotonic(self) -> float:
        """Give a time in seconds that only moves forwards: what intervals are measured with."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
