"""The template of a path, found among many by one expression."""

import pytest

from taskward.http.paths import PathPattern

TEMPLATES = (
    "/api/tasks/{task_id}",
    "/api/tasks/batch/report",
    "/api/tasks/{task_id}/reminders",
    "/api/spaces/{space_id}",
    "/api/spaces/{space_id}/tasks",
    "/api/spaces/{space_id}/tasks/{task_id}",
    "/api/spaces/{space_id}/tasks/batch",
    "/files/{name}",
)


def find(path: str) -> tuple[str, dict[str, str]] | None:
    pattern = PathPattern(TEMPLATES)
    match = pattern.expression.fullmatch(path)
    if match is None:
        return None
    end = pattern.ends[match.lastindex]
    return end.template, {name: match[group] for name, group in end.parameters}


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_found_with_its_parameters(template: str) -> None:
    names = [segment[1:-1] for segment in template.split("/") if segment.startswith("{")]
    path = template
    for number, name in enumerate(names):
        path = path.replace(f"{{{name}}}", f"value-{number}")
    assert find(path) == (template, {name: f"value-{number}" for number, name in enumerate(names)})


def test_a_fixed_segment_goes_before_a_parameter() -> None:
    assert find("/api/spaces/1/tasks/batch") == ("/api/spaces/{space_id}/tasks/batch", {"space_id": "1"})


def test_a_fixed_segment_that_leads_nowhere_is_a_parameter() -> None:
    assert find("/api/tasks/batch") == ("/api/tasks/{task_id}", {"task_id": "batch"})
    assert find("/api/tasks/batch/reminders") == ("/api/tasks/{task_id}/reminders", {"task_id": "batch"})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/api",
        "/api/tasks",
        "/api/tasks/",
        "/api/tasks//reminders",
        "/api/tasks/1/reminders/",
        "/api/tasks/1/remindersx",
        "/api/spaces//tasks",
        "api/tasks/1",
        "/filesx/1",
    ],
)
def test_another_path_has_no_template(path: str) -> None:
    assert find(path) is None


def test_characters_of_an_expression_stand_for_themselves() -> None:
    pattern = PathPattern(["/a.c/{name}"])
    assert pattern.expression.fullmatch("/a.c/(1)")
    assert pattern.expression.fullmatch("/abc/1") is None


@pytest.mark.parametrize("template", ["/files/{name}.txt", "/files/{name:path}"])
def test_a_segment_is_a_parameter_or_it_is_not(template: str) -> None:
    with pytest.raises(ValueError, match="is not a parameter"):
        PathPattern([template])
