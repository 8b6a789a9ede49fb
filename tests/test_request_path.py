"""docs/request-path.md: it names the functions and files that a request really passes through."""

import importlib
import inspect
import re
from functools import reduce
from typing import Any

import pytest
import pytest_asyncio
from request_path import BEFORE_DATABASE, PACKAGE, PAGE, TOTAL, Function, Size, read, sizes, trace, write
from support import MakeDatabase

LINK = re.compile(r"\[`([\w.]+)`\]\(\.\./src/(taskward/[\w/]+\.py)\)")
OF_READ, OF_WRITE = (LINK.findall(part) for part in PAGE.read_text("utf-8").split("\n## A write\n"))

FILES, LINES = 8, 300
"""At most, between the call of the application and the call of the database."""

FILES_IN_TOTAL, LINES_IN_TOTAL = 14, 620
"""At most, with the HTTP server and the pool: so much has to be read to follow one request."""


@pytest.mark.parametrize(("name", "file"), OF_READ + OF_WRITE, ids=[name for name, _ in OF_READ + OF_WRITE])
def test_a_function_that_the_page_links_to_is_in_that_file(name: str, file: str) -> None:
    module = importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    found: Any = reduce(getattr, name.split("."), module)
    found = inspect.unwrap(found)

    kind = found if inspect.isclass(found) or inspect.isroutine(found) else type(found)
    assert inspect.getsourcefile(kind) == str(PACKAGE.parent / file)


@pytest_asyncio.fixture(scope="module")
async def functions(new_database: MakeDatabase) -> list[Function]:
    return await trace(await new_database("postgres"), read)


@pytest.mark.processes
async def test_the_page_names_exactly_the_files_that_a_read_visits(functions: list[Function]) -> None:
    assert {f"taskward/{one.file}" for one in functions} == {file for _, file in OF_READ}


@pytest.mark.processes
async def test_a_write_passes_through_the_functions_that_the_page_names(new_database: MakeDatabase) -> None:
    functions = await trace(await new_database("postgres"), write)
    passed = {(one.name, f"taskward/{one.file}") for one in functions}
    assert set(OF_WRITE) <= passed


@pytest.mark.processes
async def test_between_application_and_database_there_is_little_to_read(functions: list[Function]) -> None:
    assert within(sizes(functions)[BEFORE_DATABASE], FILES, LINES)
    assert within(sizes(functions)[TOTAL], FILES_IN_TOTAL, LINES_IN_TOTAL)


def within(size: Size, files: int, lines: int) -> bool:
    return size.files <= files and size.lines <= lines
