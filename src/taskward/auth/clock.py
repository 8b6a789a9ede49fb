"""The clock of this package; tests replace it and need not sleep."""

import asyncio
import time


class Clock:
    """The system's clock."""

    def now(self) -> float:
        """Returns the time in seconds since 1970, which the claims of a token are compared with."""
        return time.time()

    def monotonic(self) -> float:
        """Returns a monotonic time in seconds, for intervals."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
