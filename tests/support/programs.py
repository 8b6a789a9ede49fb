"""Programs that a test runs to their end."""

import os
import subprocess
from pathlib import Path


def run_program(folder: Path, *arguments: str, given: str = "", **environment: str) -> str:
    """Runs a program in a folder, asserts that it succeeds, and returns what it prints on both streams."""
    done = subprocess.run(  # noqa: S603 - what is installed for the tests
        arguments,
        cwd=folder,
        env=os.environ | environment,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
