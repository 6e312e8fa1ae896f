"""What an officer's service has to span, whichever app holds it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from jfo_portal.kit.imports.resources import chunks

from ..models import Assignment, Officer


@dataclass(frozen=True)
class Held:
    """What an officer holds from a day to a day (None while it goes on), in words; service has to span it."""

    start: date
    end: date | None
    words: str


HeldBy = Callable[[Collection[int]], Mapping[int, Sequence[Held]]]
_held_by: list[HeldBy] = []


def within_service(held_by: HeldBy) -> HeldBy:
    """Register what else lies inside an officer's service: a function from officers' ids to what each holds.

    The registry knows nothing of activity, yet may not move an officer's dates past it. It asks a
    constant number of queries.
    """
    _held_by.append(held_by)
    return held_by


def registered() -> Sequence[HeldBy]:
    """Return what was registered to lie inside an officer's service."""
    return tuple(_held_by)


@within_service
def _assignments_held(officer_ids: Collection[int]) -> Mapping[int, Sequence[Held]]:
    held: dict[int, list[Held]] = {}
    for ids in chunks(officer_ids):
        for row in Assignment.objects.filter(officer__in=ids).select_related("jfo"):
            held.setdefault(row.officer_id, []).append(Held(row.start, row.end, row.in_words))
    return held


def hold_officers() -> None:
    """Lock every officer's row, in one order, until the transaction ends.

    Whoever changes assignments locks their officer first (registry.actions), so these wait, and what
    is under way is finished. It comes before a table's lock: the other way round, an action that has
    its officer and an import that has the table would wait for each other.
    """
    list(Officer.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
