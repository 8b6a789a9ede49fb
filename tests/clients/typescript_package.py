"""clients/typescript, installed and compiled in `.venv/clients/typescript`, where both are kept."""

import fcntl
import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.programs import run_program

SOURCE = Path(__file__).parents[2] / "clients" / "typescript"
BUILT = Path(sys.prefix) / "clients" / "typescript"
CONFIGURATION = ("package.json", "package-lock.json", "tsconfig.base.json", "README.md")
FOLDERS = ("src", "tests", "scripts")


@contextmanager
def built_package() -> Iterator[Path]:
    """Yields the folder, not built again while the block runs. Skips the test where npm is missing."""
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install()
        _update_sources()
        run_program(BUILT, "node", "node_modules/typescript/bin/tsc", "--build", "tests")
        yield BUILT


def _install() -> None:
    """Installs what the lock file names, unless it is there."""
    lock_file = (SOURCE / "package-lock.json").read_bytes()
    installed = BUILT / "node_modules" / f".{hashlib.sha256(lock_file).hexdigest()}"
    for name in CONFIGURATION:
        shutil.copy2(SOURCE / name, BUILT)
    if not installed.exists():
        try:
            run_program(BUILT, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
        except AssertionError as error:
            pytest.skip(f"npm cannot install what the package is built with: {str(error)[-200:]}")
        installed.touch()


def _update_sources() -> None:
    """Copies the sources, with their times, so that tsc compiles only what has changed."""
    for folder in FOLDERS:
        for path in (BUILT / folder).rglob("*"):
            if path.is_file() and not (SOURCE / path.relative_to(BUILT)).exists():
                path.unlink()
        shutil.copytree(SOURCE / folder, BUILT / folder, dirs_exist_ok=True)
    sources = {path.stem for path in (SOURCE / "tests").glob("*.ts")}
    for path in BUILT.glob("build/*.js"):
        if path.stem not in sources:
            path.unlink()
