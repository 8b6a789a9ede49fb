"""docs/reliability.md says of each fault what a test has seen, and of nothing else."""

import re
from pathlib import Path

from faults.fault_report import BEGIN, END, HEAD, PAGE, Row, faults_in_the_table, faults_tested, write_table


def test_each_fault_that_is_tested_has_its_row_and_each_row_its_test() -> None:
    assert faults_in_the_table() == list(dict.fromkeys(faults_tested()))


def test_the_tests_of_the_wire_that_the_page_names_are_there() -> None:
    files = (Path(__file__).parents[1] / name for name in ("test_protocol.py", "test_timeouts.py"))
    tests = "".join(file.read_text("utf-8") for file in files)
    named = re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8"))

    assert len(named) > 10
    for name in named:
        assert f"def {name}(" in tests


def test_rows_are_written_between_the_marks_in_the_order_of_the_tests(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    first, second, *_ = dict.fromkeys(faults_tested())
    old = Row(first, "success", "0.1 s", "at once", "nothing")
    new = Row(second, "success", "0.2 s", "at once", "nothing")
    gone = Row("a fault that nobody tests any more", "success", "0.2 s", "at once", "nothing")
    page.write_text(f"before\n{BEGIN}{HEAD}{gone}{old}{END}after\n")

    write_table(page, [new])

    assert page.read_text() == f"before\n{BEGIN}{HEAD}{old}{new}{END}after\n"
