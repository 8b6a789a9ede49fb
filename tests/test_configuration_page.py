"""docs/configuration.md: its table is the one that `make docs` writes from the settings."""

import pytest
from settings_table import PAGE, documented_table, settings_table

from taskward.database.schema import newest_revision
from taskward.settings import Settings


def test_the_settings_table_is_the_generated_one() -> None:
    assert documented_table(PAGE.read_text("utf-8")) == settings_table(), "run `make docs`"


def test_the_output_of_the_check_has_the_newest_revision() -> None:
    assert f"at {newest_revision()}, up to date" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_description_that_fits_a_table_cell(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description is not None
    assert description.endswith(".")
    assert not {"|", "\n"} & set(description)
    assert f"| `{name.upper()}` |" in PAGE.read_text("utf-8")
