"""Packages of npm, installed once per virtual environment and lock file, for npm takes seconds of CPU."""

import fcntl
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest


def install_packages(folder: Path) -> None:
    """Makes a folder's packages available as its `node_modules`, exactly as in its lock file.

    The folder is a copy that belongs to a test. Skips the test where npm is missing or cannot install.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    (folder / "node_modules").symlink_to(_installed(npm, folder))


def _installed(npm: str, folder: Path) -> Path:
    files = [folder / name for name in ("package.json", "package-lock.json")]
    key = sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    packages = Path(sys.prefix) / f"npm-{key}"
    with packages.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not packages.exists():
            incomplete = packages.with_suffix(".new")
            shutil.rmtree(incomplete, ignore_errors=True)
            incomplete.mkdir()
            for file in files:
                shutil.copy(file, incomplete)
            _install(npm, incomplete)
            incomplete.rename(packages)
    return packages / "node_modules"


def _install(npm: str, folder: Path) -> None:
    command = [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own lock file
    if done.returncode:
        pytest.skip(f"npm cannot install the packages: {done.stderr.strip()[-200:]}")
