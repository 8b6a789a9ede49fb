"""The resident memory of a process, as Linux reports it."""

import os
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Returns the resident memory of a process now."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class PeakMemory:
    """The peak of the resident memory of a process from now on, in MiB."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # resets the peak
        self._before = self._read("VmRSS:")

    @property
    def grown(self) -> int:
        """The difference of the peak to the memory at the beginning."""
        return self._read("VmHWM:") - self._before

    def _read(self, name: str) -> int:
        return int(self._status.read_text("ascii").partition(name)[2].split()[0]) // 1024
