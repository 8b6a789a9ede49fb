"""The deployment files as tests read them, and what the service says of itself."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import typer
import yaml
from typer.main import get_command

from taskward import cli
from taskward.server.server import Server
from taskward.settings import Settings, load_settings

ROOT: Final = Path(__file__).parent.parent.parent

SECONDS_TO_STOP: Final = Server.lame_duck_seconds + Server.drain_seconds
"""From SIGTERM to the end of the last request."""

GRACE: Final = 35
"""Seconds that a platform has to wait before it kills."""

_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def load_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def check_schema(name: str, document: Any) -> None:
    """Fails unless a document is valid by that schema of the package check-jsonschema."""
    file = resources.files("check_jsonschema") / f"builtin_schemas/vendor/{name}.json"
    jsonschema_rs.validator_for(json.loads(file.read_text("utf-8"))).validate(document)


def check_command(words: Sequence[str]) -> None:
    """Fails unless the words are a command of the command line, with options that it has."""
    assert words[0] == "taskward", words
    group = get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    name, command, rest = group.resolve_command(group.make_context("taskward", ["serve"]), [*words[1:]])
    assert command is not None
    command.make_context(name, rest)


def settings_of(environment: Mapping[str, str], **secrets: str) -> Settings:
    """Returns the settings of a service with that environment and those secrets; each name is a setting."""
    whole = {**environment, **secrets}
    unknown = {name for name in whole if name.lower() not in Settings.model_fields}
    assert not unknown
    return load_settings(_env_file=None, **{name.lower(): value for name, value in whole.items() if value})


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """Returns a document of Compose with values for `${NAME}`, `${NAME:-default}`, `${NAME:?message}`."""
    if isinstance(value, dict):
        return {name: interpolated(one, variables) for name, one in value.items()}
    if isinstance(value, list):
        return [interpolated(one, variables) for one in value]
    return _VARIABLE.sub(lambda found: _value(found, variables), value) if isinstance(value, str) else value


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, text = found.groups()
    given = variables.get(name, "")
    if not given and kind == "?":
        raise LookupError(f"{name} {text}")
    return given or (text if kind == "-" else "")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yields the instructions of a Containerfile: name and arguments, lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        yield name, " ".join(rest.split())


def assignments(arguments: str) -> dict[str, str]:
    """Returns the variables of an ENV instruction."""
    return dict(word.split("=", 1) for word in shlex.split(arguments))
