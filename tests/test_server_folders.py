"""A run that was killed leaves no server and no folder behind once another one has begun."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.processes import has_ended
from support.server_folders import server_folder
from support.waiting import wait_for

pytestmark = pytest.mark.processes

RUN = """
from support.postgres_server import PostgresServer
with PostgresServer() as server:
    print(server.url.rpartition("host=")[2], flush=True)
    input()
"""


def test_the_server_of_a_killed_run_is_ended_and_its_folder_removed() -> None:
    with subprocess.Popen(  # noqa: S603 - a program of our own
        [sys.executable, "-c", RUN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    ) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        server = psutil.Process(int((folder / "postmaster.pid").read_text().splitlines()[0]))
        with server_folder():
            assert folder.exists(), "a run goes on"
        run.send_signal(signal.SIGKILL)
    with server_folder():
        assert not folder.exists()
        wait_for(lambda: has_ended(server))
