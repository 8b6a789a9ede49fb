"""What the screenshots of the web app show: an account with three lists, and a space of two people."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

Body = dict[str, Any]

LISTS: Final = ("Home", "Work", "Trip to Lisbon")


async def fill(client: httpx.AsyncClient) -> None:
    """Creates the lists and their tasks."""
    home, work, trip = [await _created(client, "/api/lists", {"title": title}) for title in LISTS]
    review = await _created(client, "/api/tasks", {**_review(), "list_id": work})
    for body in _subtasks():
        await _created(client, "/api/tasks", {**body, "list_id": work, "parent_id": review})
    tasks = {None: _of_inbox(), home: _of_home(), work: _of_work(), trip: [{"title": "Book the flights"}]}
    for list_id, bodies in tasks.items():
        for body in bodies:
            await _created(client, "/api/tasks", {**body, "list_id": list_id})


async def fill_space(ann: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """Creates a space of two people, whose names are Ann and Bob."""
    space = f"/api/spaces/{await _created(ann, '/api/spaces', {'title': 'Flat', 'name': 'Ann'})}"
    invited = await ann.post(f"{space}/invitations", json={})
    redeemed = {"invitation": invited.raise_for_status().json()["invitation"], "name": "Bob"}
    joined = (await bob.post("/api/invitations/redeem", json=redeemed)).raise_for_status().json()
    bobs: str = joined["member"]["id"]
    for title, due in (("Pay the rent", 6), ("Take out the paper", 0)):
        await _created(bob, f"{space}/tasks", {"title": title, "due": _day(due), "labels": ["every month"]})
    lamp = {"title": "Buy a lamp for the kitchen", "due": _day(1), "priority": "high", "assigned_to": bobs}
    task = await _created(ann, f"{space}/tasks", lamp)
    reminders = {"reminders": [{"offset_minutes": 540}]}
    (await ann.put(f"{space}/tasks/{task}/reminders", json=reminders)).raise_for_status()
    for person, text, mentions in (
        (ann, "The one above the table is broken. Can you get one on your way home?", [bobs]),
        (bob, "Yes, tomorrow. Warm white again?", []),
    ):
        await _created(person, f"{space}/comments", {"task_id": task, "text": text, "mentions": mentions})


async def _created(client: httpx.AsyncClient, path: str, body: Body) -> str:
    """Creates a task or a list and returns its id."""
    response = await client.post(path, json=body)
    response.raise_for_status()
    return str(response.json()["id"])


def _review() -> Body:
    return {
        "title": "Prepare the quarterly review",
        "description": "Figures first, then the outlook.\nAnn has the numbers of the north.",
        "due": _day(0, "23:30"),
        "priority": "high",
        "labels": ["review"],
    }


def _subtasks() -> list[Body]:
    return [
        {"title": "Collect figures from the regions"},
        {"title": "Draft the outlook", "due": _day(0)},
        {"title": "Book the room", "is_completed": True},
    ]


def _of_inbox() -> list[Body]:
    return [{"title": "Ask Bob about the bicycle"}, {"title": "Read the terms of the new bank"}]


def _of_home() -> list[Body]:
    return [
        {"title": "Call the landlord", "due": _day(-1)},
        {"title": "Water the plants", "due": _day(0), "recurrence": {"rule": "FREQ=DAILY"}},
        {"title": "Repair the lamp"},
    ]


def _of_work() -> list[Body]:
    return [
        {
            "title": "Send the invoice to Meyer & Co",
            "due": _day(-2),
            "priority": "urgent",
            "labels": ["finance"],
        },
        {
            "title": "Weekly report",
            "due": _day(1),
            "recurrence": {"rule": "FREQ=WEEKLY"},
            "labels": ["review", "team"],
        },
        {"title": "Interview with the new designer", "due": _day(3, "10:00"), "priority": "medium"},
        {"title": "Renew the certificates", "due": _day(12), "start": _day(7)},
        {"title": "Read the paper on offline sync", "priority": "low"},
        {"title": "Clean up the shared drive"},
        {"title": "Order a second screen", "is_completed": True},
        {"title": "Plan the release", "is_completed": True},
    ]


def _day(number: int, time: str | None = None) -> Body:
    """Returns a date, that many days from today."""
    day = datetime.now(UTC).date() + timedelta(days=number)
    return {"date": day.isoformat()} | ({} if time is None else {"time": time})
