"""docs/contract.md#pages-and-sorts: `q`, containment of each word, case-folded alike on both engines."""

import string

import pytest
from fastapi import FastAPI
from support import Person, problems
from support.paging import Stored, insert_tasks, some_tasks, statements_run, walk

from taskward.ids import new_id


async def found(person: Person, q: str, **query: str) -> list[str]:
    """Returns the titles that a search finds, oldest first."""
    return [task["title"] for task in await walk(person, q=q, sort="created_at", **query)]


class TestWords:
    @pytest.mark.parametrize(
        ("title", "q"),
        [
            ("Buy milk", "milk"),
            ("Buy milk", "MILK"),
            ("BUY MILK", "milk"),
            ("Buy milk", "il"),
            ("Buy milk", "milk buy"),
            ("Buy milk", "buy  \t milk"),
            ("Buy milk", " milk "),
            ("Buy milk", "milk milk MILK"),
            ("Buy\u3000milk", "buy\u2003milk\u0085"),
            ("5", "5"),
            ("null", "null"),
            ("Größe", "gRÖSSE"),
            ("STRASSE", "straße"),
            ("Straße", "STRASSE"),
            ("GROẞ", "groß"),
            ("İstanbul", "i\u0307STANBUL"),
            ("İstanbul", "İ"),
            ("İstanbul", "i"),
            ("ΟΔΟΣ", "οδος"),
            ("οδος", "ΟΔΟΣ"),
            ("ΟΔΟΣ", "οδοσ"),
            ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
            ("ᾳ", "\u0391\u0399"),
            ("ﬁne oﬀer", "FINE OFFER"),
            ("fine", "ﬁ"),
            ("ŉ", "\u02bcN"),
            ("\u017f", "S"),
            ("\u212aelvin", "kelvin"),
            ("ǅ", "ǆ"),
            ("µ", "μ"),
            ("Ⅷ", "ⅷ"),
            ("Ⓐ", "ⓐ"),
            ("ДЕЛО", "дело"),
            ("ԵՒ", "և"),
            ("ᏸ", "Ᏸ"),
            ("\U00010400", "\U00010428"),
            ("Milch 🥛", "🥛"),
            ("👩\u200d👧", "👧"),
            ("買い物", "い"),
            ("מטלה", "טל"),
        ],
    )
    async def test_a_word_is_found_in_any_letter_case(self, ann: Person, title: str, q: str) -> None:
        await ann.create(title)

        assert await found(ann, q) == [title]

    @pytest.mark.parametrize(
        ("title", "q"),
        [
            ("Buy milk", "milks"),
            ("Buy milk", "buymilk"),
            ("Buy milk", "milk bread"),
            ("İstanbul", "istanbul"),
            ("ISTANBUL", "\u0131stanbul"),
            ("Οδός", "οδος"),
            ("café", "cafe"),
            ("caf\u00e9", "cafe\u0301"),
            ("½", "1"),
            ("\uff11\uff12", "12"),
        ],
    )
    async def test_nothing_is_normalised_stemmed_or_joined(self, ann: Person, title: str, q: str) -> None:
        await ann.create(title)

        assert await found(ann, q) == []

    @pytest.mark.parametrize("text", [*string.punctuation, "\\%", "%%", "\\'", "''", "\\u0041", "';--", "$1"])
    async def test_a_sign_means_itself(self, ann: Person, text: str) -> None:
        await ann.create(f"before {text} after")
        await ann.create("before and after")
        await ann.create("another", description=f"x{text}y")

        assert await found(ann, text) == [f"before {text} after", "another"]

    async def test_each_word_may_stand_in_another_field(self, ann: Person) -> None:
        await ann.create("Buy milk", description="Two litres")
        await ann.create("Buy bread", description="Two loaves")
        await ann.create("Two")

        assert await found(ann, "milk two") == ["Buy milk"]
        assert await found(ann, "two") == ["Buy milk", "Buy bread", "Two"]
        assert await found(ann, "litres buy milk") == ["Buy milk"]
        assert await found(ann, "litres bread") == []

    async def test_no_word_reaches_from_the_title_into_the_description(self, ann: Person) -> None:
        await ann.create("ab", description="cd")

        assert await found(ann, "bc") == []
        assert await found(ann, "abcd") == []

    @pytest.mark.parametrize("q", ["", " ", "\t\n", "\u3000\u2028"])
    async def test_a_search_for_no_word_is_no_filter(self, ann: Person, q: str) -> None:
        await ann.create("one")
        await ann.create("two")

        assert await found(ann, q) == ["one", "two"]

    async def test_many_words_and_long_ones_are_looked_for(self, ann: Person) -> None:
        await ann.create("x" * 200, description=" ".join(f"w{n}" for n in range(32)))

        assert await found(ann, " ".join(f"W{n}" for n in range(32))) == ["x" * 200]
        assert await found(ann, " ".join(f"W{n}" for n in range(1, 33))) == []
        assert await found(ann, "X" * 200) == ["x" * 200]
        assert await found(ann, "x" * 201) == []

    @pytest.mark.parametrize("engine", ["memory"], indirect=True)
    async def test_more_than_32_words_are_refused(self, ann: Person) -> None:
        for words in (["w"] * 33, [f"w{n}" for n in range(1900)]):
            answer = await ann.http.get("/api/tasks", params={"q": "  ".join(words)})

            assert problems(answer) == {"q": "Search cannot have more than 32 words"}

    async def test_a_text_that_grows_when_folded_still_fits(self, ann: Person) -> None:
        """One character of these becomes three."""
        await ann.create("\u0390" * 200, description="\ufb03" * 2000)

        assert await found(ann, "\u0390" * 200 + " " + "ffi" * 2000) == ["\u0390" * 200]


class TestChanges:
    """A search finds what a task says now."""

    async def test_a_changed_title_is_found_and_the_old_one_no_more(self, ann: Person) -> None:
        task = await ann.create("MILK", description="Blue")
        await ann.put(task["id"], title="BREAD")

        assert await found(ann, "milk") == []
        assert await found(ann, "bread blue") == ["BREAD"]

    async def test_a_changed_description_is_found_and_the_old_one_no_more(self, ann: Person) -> None:
        task = await ann.create("MILK", description="BLUE")
        await ann.put(task["id"], description="RED")

        assert await found(ann, "blue") == []
        assert await found(ann, "milk red") == ["MILK"]

    async def test_a_cleared_description_is_found_no_more(self, ann: Person) -> None:
        task = await ann.create("MILK", description="BLUE")
        await ann.put(task["id"], description=None)

        assert await found(ann, "blue") == []
        assert await found(ann, "milk") == ["MILK"]

    async def test_completing_a_task_changes_nothing_of_what_finds_it(self, ann: Person) -> None:
        task = await ann.create("MILK", description="BLUE")
        await ann.put(task["id"], is_completed=True)

        assert await found(ann, "milk blue", is_completed="true") == ["MILK"]
        assert await found(ann, "milk blue", is_completed="false") == []


class TestReach:
    """The owner, and the tasks among theirs."""

    async def test_tasks_of_other_users_are_not_found(self, ann: Person, bob: Person) -> None:
        await ann.create("Ann's secret", description="secret")
        await bob.create("Bob's secret")

        assert await found(ann, "secret") == ["Ann's secret"]
        assert await found(bob, "secret") == ["Bob's secret"]
        assert await found(bob, "ann") == []

    async def test_a_search_goes_with_a_state_a_sort_and_pages(self, app: FastAPI, ann: Person) -> None:
        await insert_tasks(app, ann, some_tasks(200))
        everything = await walk(ann, sort="-title")
        wanted = [
            task
            for task in everything
            if "7" in task["title"] + task["description"] and not task["is_completed"]
        ]

        assert await walk(ann, q="7", is_completed="false", sort="-title", limit=7) == wanted
        assert 20 < len(wanted) < 180

    async def test_a_long_list_is_searched_to_its_end(self, app: FastAPI, ann: Person) -> None:
        stored = [Stored(new_id(), f"Task {n}") for n in range(3000)]
        await insert_tasks(app, ann, stored)

        assert await found(ann, "TASK 2999") == ["Task 2999"]
        found_on_pages = [task["title"] for task in await walk(ann, q="90", sort="created_at", limit=9)]
        assert found_on_pages == [task.title for task in stored if "90" in task.title]

    async def test_a_search_is_one_statement(
        self, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await ann.create("milk")
        ran = statements_run(app, monkeypatch)

        await found(ann, "milk")

        assert ran == ["list tasks by created_at with words"]
