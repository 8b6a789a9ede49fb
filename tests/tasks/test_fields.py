"""docs/contract.md#tasks-and-users: title, description and state, on POST and on PUT alike."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from support import Person, problems

pytestmark = pytest.mark.engines("memory")

WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1))))
ASTRAL = "\N{PERSON WITH FOLDED HANDS}"
COMBINED = "e\N{COMBINING ACUTE ACCENT}"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"

Send = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(params=["POST", "PUT"])
async def send(request: pytest.FixtureRequest, ann: Person) -> Send:
    """Returns a function that sends fields: a title is in them where a POST needs one."""
    path = "/api/tasks" if request.param == "POST" else f"/api/tasks/{(await ann.create())['id']}"

    async def send_fields(**fields: Any) -> httpx.Response:
        if request.param == "POST":
            fields = {"title": "Buy milk"} | fields
        return await ann.http.request(request.param, path, json=fields)

    return send_fields


def kept(answer: httpx.Response, name: str) -> Any:
    """Returns what became of a field that was taken."""
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()[name]


@pytest.mark.parametrize("field", ["title", "description"])
async def test_unicode_white_space_is_trimmed_from_both_ends_and_kept_inside(send: Send, field: str) -> None:
    inner = f"Buy{WHITE_SPACE}milk"

    assert kept(await send(**{field: WHITE_SPACE + inner + WHITE_SPACE}), field) == inner


@pytest.mark.parametrize("invisible", ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u2800"])
async def test_characters_that_only_look_empty_are_a_title(send: Send, invisible: str) -> None:
    assert kept(await send(title=invisible), "title") == invisible


@pytest.mark.parametrize("empty", ["", " ", WHITE_SPACE, None])
async def test_a_title_that_is_empty_blank_or_null_is_refused(send: Send, empty: str | None) -> None:
    assert problems(await send(title=empty)) == {"title": "Title cannot be empty"}


@pytest.mark.parametrize("empty", ["", " ", WHITE_SPACE, None])
async def test_a_description_that_is_empty_blank_or_null_is_null(send: Send, empty: str | None) -> None:
    assert kept(await send(description=empty), "description") is None


@pytest.mark.engines("memory", "disk", "postgres")
@pytest.mark.parametrize(("field", "most"), [("title", 200), ("description", 2000)])
@pytest.mark.parametrize("character", ["a", "é", "漢", ASTRAL, "\N{COMBINING ACUTE ACCENT}", "\n"])
async def test_a_text_may_be_as_long_in_code_points_as_the_rule_says(
    send: Send, field: str, most: int, character: str
) -> None:
    text = "a" + character * (most - 2) + "z"

    assert kept(await send(**{field: f" {text}\t"}), field) == text


@pytest.mark.parametrize(("field", "most"), [("title", 200), ("description", 2000)])
@pytest.mark.parametrize("character", ["a", "é", "漢", ASTRAL, "\N{COMBINING ACUTE ACCENT}", "\n"])
async def test_a_text_longer_by_one_code_point_is_refused(
    send: Send, field: str, most: int, character: str
) -> None:
    text = "a" + character * (most - 1) + "z"

    message = f"{field.capitalize()} cannot exceed {most} characters"
    assert problems(await send(**{field: text})) == {field: message}


async def test_a_character_of_several_code_points_counts_as_several(send: Send) -> None:
    assert kept(await send(title=COMBINED * 100), "title") == COMBINED * 100
    assert kept(await send(title=FAMILY * 40), "title") == FAMILY * 40
    assert problems(await send(title=COMBINED * 100 + "e")) == {"title": "Title cannot exceed 200 characters"}


@pytest.mark.engines("memory", "disk", "postgres")
@pytest.mark.parametrize(
    "text",
    [
        "é", "e\u0301", "ﬁ", "İstanbul", "ß", "日本語", "שלום", "👩‍👩‍👧‍👦", "a\u202eb", "\x01\x7f\x85b",
        "\ufffe\uffff", "\U0010ffff", "\ue000", "a\r\nb", "'; DROP TABLE tasks; --", "%s %% \\ \" '",
        "$1 :id ?", "\\u0000", "<script>alert(1)</script>", "null", "0",
    ],
)  # fmt: skip
async def test_all_other_text_is_stored_and_given_back_unchanged(send: Send, ann: Person, text: str) -> None:
    answer = await send(title=f"x{text}x", description=f"x{text}x")

    task = await ann.get(answer.json()["id"])
    assert (task["title"], task["description"]) == (f"x{text}x", f"x{text}x")


@pytest.mark.engines("memory", "disk", "postgres")
async def test_every_code_point_but_nul_and_the_surrogates_is_kept(ann: Person) -> None:
    everything = [chr(n) for n in range(1, 0x3000)] + [chr(n) for n in range(0xE000, 0x110000, 97)]
    for begin in range(0, len(everything), 1998):
        text = "x" + "".join(everything[begin : begin + 1998]) + "x"
        task = await ann.create("x", description=text)
        assert (await ann.get(task["id"]))["description"] == text


@pytest.mark.parametrize("value", [5, 0, 1.5, True, False, [], ["a"], {}, {"a": 1}])
async def test_only_text_is_a_title(send: Send, value: Any) -> None:
    assert problems(await send(title=value)) == {"title": "Title must be text"}


@pytest.mark.parametrize("value", [5, 0, 1.5, True, False, [], ["a"], {}, {"a": 1}])
async def test_only_text_and_null_are_a_description(send: Send, value: Any) -> None:
    assert problems(await send(description=value)) == {"description": "Description must be text or null"}


@pytest.mark.parametrize("value", ["yes", "true", "false", "", "1", 1, 0, 1.0, None, [], {}])
async def test_only_true_and_false_are_booleans(send: Send, value: Any) -> None:
    assert problems(await send(is_completed=value)) == {"is_completed": "Is completed must be true or false"}


@pytest.mark.parametrize("field", ["title", "description"])
@pytest.mark.parametrize("text", ["\0", "Buy\0milk", "Buy milk\0", "\0Buy milk"])
async def test_nul_in_a_text_is_refused(send: Send, field: str, text: str) -> None:
    assert problems(await send(**{field: text})) == {field: "The character U+0000 is not allowed"}


async def test_a_title_that_is_absent_is_required_on_creation_only(ann: Person) -> None:
    answer = await ann.http.post("/api/tasks", json={"description": "Two litres"})
    assert problems(answer) == {"title": "Title is required and cannot be empty"}

    task = await ann.create()
    assert (await ann.put(task["id"], description="Two litres"))["title"] == "Buy milk"
