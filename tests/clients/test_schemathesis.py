"""The document is true: schemathesis asks all that it says, of a real server, with every check on."""

import asyncio
import sys
from pathlib import Path

import pytest
from support import MakeDatabase, token_for
from support.command import serve

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
LIMIT = 230
"""Seconds: a busy machine is no failure."""


@pytest.mark.timeout(LIMIT + 10)
@pytest.mark.parametrize(
    ("engine_name", "examples"), [pytest.param("disk", 7, marks=pytest.mark.soak), ("postgres", 3)]
)
async def test_the_service_does_what_its_document_says(
    new_database: MakeDatabase, engine_name: str, examples: int, tmp_path: Path
) -> None:
    url = await new_database(engine_name)
    with serve(tmp_path, DATABASE_URL=url) as taskward:
        asking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"),
            f"http://127.0.0.1:{taskward.port()}/openapi.json",
            *("--header", f"Authorization: Bearer {token_for('schemathesis')}"),
            *(
                "--max-examples",
                str(examples),
                "--seed",
                "1",
                "--generation-allow-x00",
                "false",
                "--no-color",
            ),
            *("--generation-database", "none"),
            *("--exclude-path-regex", "/events$"),  # which never ends; tests/changes and tests/moves have it
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await asyncio.wait_for(asking.communicate(), LIMIT)

    assert asking.returncode == 0, told.decode()
    assert b"passed" in told
    assert b"returned only 401" not in told
