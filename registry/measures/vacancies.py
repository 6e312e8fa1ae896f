"""Vacancies: the FTE that the CBSA agreed to give a JFO and that no officer fills, day by day."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import ONE_DAY
from registry.models import JFO, Assignment, Establishment

NONE = Decimal(0)


@dataclass(frozen=True)
class Vacancy:
    """So many FTE of a JFO unfilled, on every day from `start` to `end`, both counted; `end` is None while it lasts."""

    fte: Decimal
    start: date
    end: date | None

    def holds_on(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


def vacancies(
    jfos: Collection[JFO], reader: Reader, first: date = date.min, last: date = date.max
) -> dict[int, list[Vacancy]]:
    """Return the vacancies of each JFO in the window by its key, in order; two queries.

    On a day it is the agreed FTE less the FTE of all its officers, whichever region employs them, or none where
    that is less than nothing; before a JFO's first day and after its last there is none. Adjoining vacancies differ
    in their FTE. A manager is told those of own regions alone: another region's would tell how many officers it has.
    """
    told = {jfo.pk: jfo for jfo in jfos if reader.sees_everything or jfo.region_id in reader.scope_ids}
    agreed = list(
        Establishment.objects.filter(jfo__in=told).during(first, last).values_list("jfo", "fte", "start", "end")
    )
    seated = {row[0] for row in agreed}
    filled = (
        Assignment.objects.filter(jfo__in=seated)
        .during(first, last)
        .order_by()
        .values_list("jfo", "fte", "start", "end")
        if seated
        else ()
    )
    # By how much the unfilled FTE changes on a day: it does only where something starts or has ended.
    steps: dict[int, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for sign, rows in ((1, agreed), (-1, filled)):
        for jfo, fte, start, end in rows:
            opens, closes = told[jfo].start, told[jfo].end or date.max
            if end is not None:
                closes = min(closes, end)
            begins = max(start, opens, first)
            if begins > min(closes, last):
                continue
            steps[jfo][begins] += sign * fte
            if closes < last:
                steps[jfo][closes + ONE_DAY] -= sign * fte
    return {jfo: found for jfo in seated if (found := _swept(steps[jfo], last))}


def _swept(steps: dict[date, Decimal], last: date) -> list[Vacancy]:
    """Return the vacancies that the steps make, from one day to the next on which something changes."""
    days = sorted(steps)
    found: list[Vacancy] = []
    unfilled = NONE
    for day, following in zip(days, [*days[1:], None], strict=True):
        unfilled += steps[day]
        if unfilled <= NONE:
            continue
        end = following - ONE_DAY if following is not None else (None if last == date.max else last)
        if found and found[-1].fte == unfilled and found[-1].end == day - ONE_DAY:
            found[-1] = replace(found[-1], end=end)
        else:
            found.append(Vacancy(unfilled, day, end))
    return found


def stretches(found: Collection[Vacancy]) -> list[Vacancy]:
    """Return the vacancies, those that adjoin as one with the greatest FTE of them: what a bar shows."""
    joined: list[Vacancy] = []
    for one in found:
        before = joined[-1] if joined else None
        if before is not None and before.end is not None and before.end + ONE_DAY == one.start:
            joined[-1] = Vacancy(max(before.fte, one.fte), before.start, one.end)
        else:
            joined.append(one)
    return joined
