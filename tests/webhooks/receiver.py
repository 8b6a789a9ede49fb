"""A receiver of webhooks on a real socket: verifies signatures, misbehaves on demand, applies deliveries."""

import json
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRET: Final = "whsec_" + b64encode(b"a secret of webhooks, for tests only").decode()
OTHER_SECRET: Final = "whsec_" + b64encode(b"another secret of webhooks, for tests").decode()


def status(line: str, *headers: str, body: bytes = b"") -> bytes:
    """Returns a response, like `status("500 Internal Server Error")`."""
    lines = [f"HTTP/1.1 {line}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK: Final = status("200 OK")
FAIL: Final = status("500 Internal Server Error")


def hang(_attempt: "Attempt", connection: socket.socket) -> None:
    """Answers nothing, until the sender closes the connection."""
    with suppress(OSError):
        connection.recv(1)


class Attempt(NamedTuple):
    """One request: when it arrived, its path, headers and body."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.content["data"]
        return data


Answer = Callable[[Attempt, socket.socket], bytes | None]
"""Returns the bytes of the response; None if it has answered by itself, or will not."""


class Receiver:
    """The back end of an app.

    `answer` decides what becomes of a request; what is answered with a 2xx is applied, once for each id.
    """

    def __init__(self, *secrets: str, tls: ssl.SSLContext | None = None) -> None:
        self.answer: Answer
        self.answer_with(OK)
        self.attempts: list[Attempt] = []
        self.refused: list[Attempt] = []
        self.tasks: dict[str, dict[str, Any]] = {}
        """By user, then by id."""
        self.problems: list[str] = []
        self.knows(*secrets or (SECRET,))
        self._tls = tls
        self._applied: dict[str, bytes] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = (
            f"https://localhost:{self.port}/hook" if tls else f"http://127.0.0.1:{self.port}/hook?app=1"
        )
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def knows(self, *secrets: str) -> None:
        """Takes what is signed with one of these secrets from now on."""
        self._verifiers = [Webhook(secret) for secret in secrets]

    def close(self) -> None:
        """Stops accepting. A thread that still waited could accept for the next socket with this number."""
        with suppress(OSError):  # as on macOS
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(timeout=1)

    def answer_with(self, *responses: bytes) -> None:
        """Answers the next requests with these, and all further ones with the last."""
        left = list(responses)
        self.answer = lambda *_: left.pop(0) if len(left) > 1 else left[0]

    def of(self, user_id: str) -> list[Attempt]:
        """Returns the attempts for one person."""
        return [attempt for attempt in self.attempts if attempt.data.get("user_id") == user_id]

    def reminders(self) -> list[Attempt]:
        """Returns the attempts to deliver a reminder."""
        return [one for one in list(self.attempts) if one.content["type"] == "task.reminder_due"]

    def has_more_than(self, attempts: int) -> bool:
        return len(self.attempts) > attempts

    def titles(self, user_id: str) -> list[str]:
        return sorted(task["title"] for task in self.tasks.get(user_id, {}).values())

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with accepted, suppress(OSError), self._secured(accepted) as connection:
            reader = connection.makefile("rb")
            while (attempt := _read(reader)) is not None:
                answer = self._handle(attempt, connection)
                if answer is None:
                    return
                connection.sendall(answer)

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def _handle(self, attempt: Attempt, connection: socket.socket) -> bytes | None:
        user_id = str(attempt.data.get("user_id"))
        with self._lock:
            self.attempts.append(attempt)
            if not self._is_genuine(attempt):
                self.refused.append(attempt)
                return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
        self._wait_for_others(user_id)
        with self._lock:
            if user_id in self._busy:
                self.problems.append(f"two deliveries of {user_id} at the same time")
            if self._applied.get(attempt.id, attempt.body) != attempt.body:
                self.problems.append(f"two bodies of {attempt.id}")
            self._busy.add(user_id)
        try:
            answer = self.answer(attempt, connection)
        finally:
            with self._lock:
                self._busy.discard(user_id)
        if answer is not None and answer.startswith(b"HTTP/1.1 2"):
            with self._lock:
                self.apply(attempt)
        return answer

    def _wait_for_others(self, user_id: str) -> None:
        """Waits a moment for an attempt that the sender has given up."""
        end = time.monotonic() + 0.5
        while user_id in self._busy and time.monotonic() < end:
            time.sleep(0.01)

    def apply(self, attempt: Attempt) -> None:
        """Applies a delivery, unless it has been applied."""
        if attempt.id in self._applied:
            return
        self._applied[attempt.id] = attempt.body
        kind, data = attempt.content["type"], attempt.data
        if kind in {"person.reset", "person.erased", "space.reset", "space.erased"}:
            self.tasks.pop(data["user_id"], None)
        elif kind == "task.changes":
            mine = self.tasks.setdefault(data["user_id"], {})
            for change in data["changes"]:
                if "task" in change:
                    mine[change["task"]["id"]] = change["task"]
                elif change["op"] == "delete":
                    mine.pop(change["id"], None)

    def _is_genuine(self, attempt: Attempt) -> bool:
        for verifier in self._verifiers:
            with suppress(WebhookVerificationError):
                verifier.verify(attempt.body, attempt.headers)
                return True
        return False


@contextmanager
def receiving(*secrets: str, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Runs a receiver while the block runs."""
    receiver = Receiver(*secrets, tls=tls)
    try:
        yield receiver
    finally:
        receiver.close()


def _read(reader: Any) -> Attempt | None:
    """Returns the next request; None at the end, also if the sender was killed within one."""
    line = reader.readline()
    headers = {}
    while (header := reader.readline()) not in {b"\r\n", b""}:
        name, _, value = header.decode().partition(":")
        headers[name.lower()] = value.strip()
    if not header:
        return None
    length = int(headers["content-length"])
    body = reader.read(length)
    return Attempt(time.time(), line.decode().split(" ")[1], headers, body) if len(body) == length else None
