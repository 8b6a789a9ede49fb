"""Receivers with faults, and what must hold of their deliveries in the end."""

import random
import socket
from collections import defaultdict

from webhooks.receiver import FAIL, OK, Answer, Attempt, Receiver, hang, status


class Faults:
    """Misbehaves at the first attempt at a delivery, at random; the second one succeeds."""

    def __init__(self, chance: random.Random, share: float) -> None:
        self.seen: dict[str, int] = defaultdict(int)
        self._chance = chance
        self._share = share
        self.faults: list[Answer] = [
            *(self.fail, self.throttle, self.redirect),
            *(self.break_off, self.die, hang),
        ]

    def __call__(self, attempt: Attempt, connection: socket.socket) -> bytes | None:
        self.seen[attempt.id] += 1
        if self.seen[attempt.id] > 1 or self._chance.random() > self._share:
            return OK
        return self._chance.choice(self.faults)(attempt, connection)

    @staticmethod
    def fail(_attempt: Attempt, _connection: socket.socket) -> bytes:
        return FAIL

    @staticmethod
    def throttle(_attempt: Attempt, _connection: socket.socket) -> bytes:
        return status("429 Too Many Requests", "Retry-After: 0")

    @staticmethod
    def redirect(_attempt: Attempt, _connection: socket.socket) -> bytes:
        return status("302 Found", "Location: http://127.0.0.1:9/")

    @staticmethod
    def break_off(_attempt: Attempt, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200")

    @staticmethod
    def die(_attempt: Attempt, _connection: socket.socket) -> None:
        """Ends without an answer."""


def check_deliveries(receiver: Receiver) -> None:
    """Checks that no id has two bodies, and that cursors of a person only move forwards."""
    bodies = {(attempt.id, attempt.body) for attempt in receiver.attempts}
    assert len({delivery_id for delivery_id, _ in bodies}) == len(bodies)
    assert receiver.problems == []
    assert receiver.refused == []
    last: dict[str, str] = {}
    done: dict[str, set[str]] = defaultdict(set)
    for attempt in receiver.attempts:
        user_id = attempt.data["user_id"]
        if last.get(user_id, attempt.id) != attempt.id:
            done[user_id].add(last[user_id])
        assert attempt.id not in done[user_id], "a delivery after a later one"
        last[user_id] = attempt.id
