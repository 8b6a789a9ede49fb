"""Checks objects of Kubernetes by the types of its API, which lightkube-models has for one version."""

import importlib
from typing import Any

import msgspec


def check_object(document: dict[str, Any]) -> None:
    """Fails unless an object has every required field, values of the right types, and no unknown field.

    Raises:
        msgspec.ValidationError: a field is missing, or its value has another type.

    """
    group, _, version = document["apiVersion"].rpartition("/")
    module = importlib.import_module(f"lightkube.models.{group.partition('.')[0] or 'core'}_{version}")
    known = msgspec.convert(document, getattr(module, document["kind"]))
    assert document == _without_nulls(msgspec.to_builtins(known)), "a field is unknown"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
