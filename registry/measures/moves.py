"""What an act does to the FTE of JFOs: before and after, beside what was agreed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from jfo_portal.kit.grouping import grouped
from registry.models import JFO, Assignment, Establishment

# A JFO on a day.
Place: TypeAlias = tuple[JFO, date]


@dataclass(frozen=True)
class Move:
    """The FTE of a JFO on a day before and after an act; `agreed` is None where nothing is agreed for the day."""

    jfo: JFO
    day: date
    before: Decimal
    after: Decimal
    agreed: Decimal | None

    @property
    def passes_agreed(self) -> bool:
        """Whether the act raises the FTE above what was agreed."""
        return self.agreed is not None and self.after > self.agreed and self.after > self.before


def fte_at(places: Collection[Place]) -> dict[Place, Decimal]:
    """Return the FTE of each JFO on its day, whichever region employs the officers; one query."""
    rows = _by_jfo(Assignment.objects.all(), places)
    return {
        (jfo, day): sum((row.fte for row in rows.get(jfo.pk, []) if row.holds_on(day)), Decimal("0.00"))
        for jfo, day in places
    }


def agreed_at(places: Collection[Place]) -> dict[Place, Decimal | None]:
    """Return the agreed FTE of each JFO on its day, None where nothing is agreed; one query."""
    rows = _by_jfo(Establishment.objects.all(), places)
    return {
        (jfo, day): next((row.fte for row in rows.get(jfo.pk, []) if row.holds_on(day)), None) for jfo, day in places
    }


def moves(places: Collection[Place], act: Callable[[], object]) -> list[Move]:
    """Do the act and return what it changed of the FTE of the JFOs on their days, by JFO and day; three queries."""
    before = fte_at(places)
    act()
    after, agreed = fte_at(places), agreed_at(places)
    return [
        Move(jfo, day, before[jfo, day], after[jfo, day], agreed[jfo, day])
        for jfo, day in sorted(before, key=lambda place: (place[0].code, place[1]))
        if before[jfo, day] != after[jfo, day]
    ]


def _by_jfo(rows: Any, places: Collection[Place]) -> dict[int, list[Any]]:
    """Return the rows of the JFOs, some of which hold on the days, by the key of the JFO."""
    if not places:
        return {}
    days = [day for _jfo, day in places]
    found = rows.filter(jfo__in={jfo.pk for jfo, _day in places}).during(min(days), max(days))
    return grouped(found, lambda row: row.jfo_id)
