"""The tokens of `taskward login`, by the URL of their service, in a file that only the user can read."""

import json
import os
import secrets
import stat
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600

MAX_BYTES: Final = 16 * 1024
"""Of a token that is read from standard input."""


class UnsafeFile(Exception):
    """The file is accessible to other users of the machine, no file of this command, or has no place."""


def token_file() -> Path:
    """Returns the path of the file: below XDG_CONFIG_HOME or `~/.config`.

    Raises:
        UnsafeFile: there is no home folder, as in a container of a user without a name.

    """
    folder = os.environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(folder) if folder else Path.home() / ".config") / "taskward" / "tokens.json"
    except RuntimeError:
        raise UnsafeFile("there is no home folder for tokens; set XDG_CONFIG_HOME") from None


def is_token(text: str) -> bool:
    """Returns whether a text can be a token: visible ASCII characters, and not too many."""
    return 0 < len(text) <= MAX_BYTES and text.isascii() and text.isprintable() and " " not in text


def stored_token(url: str) -> str | None:
    """Returns the stored token for a service; None if there is none.

    Raises:
        UnsafeFile: the file is accessible to others, or cannot be read.

    """
    token = _tokens().get(_key(url))
    return token if isinstance(token, str) else None


def store_token(url: str, token: str | None) -> bool:
    """Stores the token for a service, or with None forgets it; returns whether there was one.

    Raises:
        UnsafeFile: the file is accessible to others, or cannot be read.
        OSError: it cannot be written.

    """
    tokens = _tokens()
    before = tokens.pop(_key(url), None)
    if token is not None:
        tokens[_key(url)] = token
    if token is not None or before is not None:
        _write(token_file(), json.dumps(tokens, indent=1) + "\n")
    return before is not None


def _key(url: str) -> str:
    return url.rstrip("/")


def _tokens() -> dict[str, object]:
    file = token_file()
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UnsafeFile(f"{file} cannot be read: {error.strerror}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeFile(f"{file} is accessible to other users; run: chmod 600 {file}")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnsafeFile(f"{file} is not a file of `taskward login`; delete it")
    return found


def _write(file: Path, text: str) -> None:
    """Writes the whole file under a temporary name, then renames it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{secrets.token_hex(8)}.{file.name}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as opened:
            opened.write(text)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
