"""Background load: the requests of other users, and their latencies, while one user keeps a server busy."""

import http.client
import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from uuid import uuid4

from support import token_for


class TimedClient:
    """One user's connection; each request is timed."""

    def __init__(self, port: int, sub: str | None = None) -> None:
        self.sub = sub or str(uuid4())
        self._headers = {
            "Authorization": f"Bearer {token_for(self.sub)}",
            "Content-Type": "application/json",
        }
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, float]:
        """Returns the status, the JSON of the answer, and the seconds that it took."""
        if not isinstance(body, bytes) and body is not None:
            body = json.dumps(body).encode()
        begun = time.perf_counter()
        self._connection.request(method, path, body, self._headers | headers)
        answer = self._connection.getresponse()
        read = answer.read()
        return answer.status, json.loads(read), time.perf_counter() - begun

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Latencies:
    """The seconds that each request of the background load took, by kind."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {"write": [], "read": [], "health": []}

    def median(self, kind: str) -> float:
        return statistics.median(self.times[kind])

    def worst(self, kind: str) -> float:
        return max(self.times[kind])

    def __str__(self) -> str:
        return ", ".join(
            f"{kind} {1000 * self.median(kind):.1f}/{1000 * self.worst(kind):.0f} ms of {len(times)}"
            for kind, times in self.times.items()
        )


@contextmanager
def background_load(port: int) -> Iterator[Latencies]:
    """Runs three clients while the block runs: one writes, one reads, one checks the health."""
    seen, stop = Latencies(), threading.Event()

    def work(kind: str) -> None:
        client = TimedClient(port)
        client.send("POST", "/api/tasks", {"title": "Mine"})
        requests = {
            "write": ("POST", "/api/tasks", {"title": "Mine"}, 201),
            "read": ("GET", "/api/tasks?limit=20", None, 200),
            "health": ("GET", "/health", None, 200),
        }
        method, path, body, expected = requests[kind]
        while not stop.is_set():
            status, _, seconds = client.send(method, path, body)
            assert status == expected
            seen.times[kind].append(seconds)
            time.sleep(0.01)
        client.close()

    threads = [threading.Thread(target=work, args=(kind,)) for kind in seen.times]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def import_document(size: int, description: int = 0) -> tuple[bytes, int]:
    """Returns an import document of that size, with descriptions of that length, and its number of tasks."""
    tasks: list[str] = []
    length = 0
    while length < size:
        n = len(tasks)
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_600_000_000 + n // 1000))
        milliseconds = (1_600_000_000 + n // 1000) * 1000 + n % 1000
        written = milliseconds.to_bytes(6).hex()
        text = f',"description":"{"d" * description}"' if description else ""
        tasks.append(
            f'{{"id":"{written[:8]}-{written[8:]}-7000-8000-{n:012x}","title":"{n}"{text},'
            f'"created_at":"{moment}.{n % 1000:03}Z","updated_at":"{moment}.{n % 1000:03}Z"}}'
        )
        length += len(tasks[-1]) + 1
    return f'{{"user":null,"tasks":[{",".join(tasks)}]}}'.encode(), len(tasks)


def count_tasks(client: TimedClient) -> int:
    """Returns the number of a user's tasks; retries while the service completes an interrupted change."""
    count, cursor = 0, ""
    while True:
        status, page, _ = client.send("GET", f"/api/tasks?limit=1000{cursor}")
        if status == 503:
            time.sleep(0.05)
            continue
        assert status == 200
        count += len(page["tasks"])
        if page["next_cursor"] is None:
            return count
        cursor = f"&cursor={page['next_cursor']}"
