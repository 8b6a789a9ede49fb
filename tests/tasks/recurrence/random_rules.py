"""Random rules of the subset, for tests that compare what is computed from them."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from taskward.tasks.recurrence.rule import WEEKDAYS


def random_cases(seed: int) -> Iterator[tuple[str, date]]:
    """Yields rules without COUNT and UNTIL, as clients may write them, each with a DTSTART."""
    chance = random.Random(seed)  # noqa: S311 - so that a failure comes again
    while True:
        yield _rule(chance), date(1970, 1, 1) + timedelta(chance.randrange(120 * 365))


def _rule(chance: random.Random) -> str:
    frequency = chance.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    is_long = frequency in {"MONTHLY", "YEARLY"}
    has_months = chance.random() < (0.6 if frequency == "YEARLY" else 0.3)
    parts = [f"FREQ={frequency}"]
    if chance.random() < 0.5:
        parts.append(f"INTERVAL={chance.choice((1, 2, 3, 4, 7, 12, chance.randint(1, 40)))}")
    if has_months:
        parts.append(f"BYMONTH={_joined(chance.sample(range(1, 13), chance.choice((1, 2, 4))))}")
    if chance.random() < 0.5:
        most = (53 if frequency == "YEARLY" and not has_months else 5) if is_long else 0
        parts.append(f"BYDAY={_joined([_weekday(chance, most) for _ in range(chance.randint(1, 4))])}")
    if frequency != "WEEKLY" and (frequency != "YEARLY" or has_months) and chance.random() < 0.5:
        days = [chance.choice((1, 1, -1)) * chance.randint(1, 31) for _ in range(chance.randint(1, 5))]
        parts.append(f"BYMONTHDAY={_joined(days)}")
    if is_long and any("DAY=" in part for part in parts) and chance.random() < 0.4:
        parts.append(f"BYSETPOS={_joined(chance.sample((1, 2, 3, 9, 28, -1, -2, -5), 2))}")
    if chance.random() < 0.4:
        parts.append(f"WKST={chance.choice(WEEKDAYS)}")
    chance.shuffle(parts)
    return ";".join(parts)


def _weekday(chance: random.Random, most: int) -> str:
    """Returns a weekday, in half of the cases with an ordinal if `most` permits one."""
    ordinal = chance.choice(("", "+", "-")) if most else ""
    number = str(chance.randint(1, most)) if most and (ordinal or chance.random() < 0.3) else ""
    return f"{ordinal}{number}{chance.choice(WEEKDAYS)}"


def _joined(values: list[int] | list[str]) -> str:
    return ",".join(map(str, values))
