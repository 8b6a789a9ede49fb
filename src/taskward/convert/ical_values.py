"""Values of the properties of an iCalendar component, of which any may be missing, repeated or malformed."""

from typing import Any

from icalendar import Component, vRecur
from icalendar.prop import vBroken


def several(component: Component, name: str) -> list[Any]:
    """Returns the well-formed values of a property."""
    found = component.get(name)
    values = found if isinstance(found, list) else [found]
    return [one for one in values if one is not None and not isinstance(one, vBroken)]


def first(component: Component, name: str) -> Any:
    """Returns the first well-formed value of a property, or None."""
    return next(iter(several(component, name)), None)


def text_of(component: Component, name: str) -> str:
    """Returns the text of a property; an empty one if there is none."""
    found = first(component, name)
    return "" if found is None else str(found).strip()


def rule_of(value: vRecur) -> str:
    """Returns the text of an RRULE; an empty one if a part of it has an impossible value."""
    try:
        return bytes(value.to_ical()).decode()  # type: ignore[no-untyped-call]
    except (AttributeError, TypeError, ValueError):
        return ""


def whole_of(component: Component, name: str) -> int | None:
    """Returns the whole number of a property; None if there is none."""
    try:
        return int(text_of(component, name))
    except ValueError:
        return None
