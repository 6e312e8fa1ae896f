"""IMS files per officer: JFO officers beside the others, by kind, status and region (domain rule 10)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Value
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from registry.measures.strength import jfo_officers
from registry.models import Assignment
from registry.models.people import OfficerQuerySet

from ..models import ImsFileQuerySet, ImsKind, ImsStatus


class Group(models.TextChoices):
    """Whose files: the groups of Exhibits 7 and 8."""

    JFO = "jfo", _("JFO officers")
    NON_JFO = "non_jfo", _("Other officers")
    ALL = "all", _("All IMS users")


class Rule(models.TextChoices):
    """Which files are those of the JFO group."""

    YEAR = "year", _("JFO files are all those of an officer who was on a JFO on at least one day of the fiscal year.")
    DAY = "day", _("JFO files are those whose officer was on a JFO on the day the file was opened.")


@dataclass(frozen=True)
class Tally:
    """What one officer opened in a fiscal year, in one region and one group.

    `counts` are files by kind and status; empty for an officer in service during the year who opened
    none. `home_id` is the region that employs the officer now, `region` that of the files.
    """

    officer_id: int
    home_id: int
    region: str
    region_id: int
    is_jfo: bool
    counts: Mapping[tuple[str, str], int]

    @property
    def group(self) -> Group:
        """JFO or NON_JFO."""
        return Group.JFO if self.is_jfo else Group.NON_JFO


@dataclass(frozen=True)
class Activity:
    """The files of a group of officers in a fiscal year, by kind or by status.

    `officers` are those with at least one file; `without_files` stand beside them and enter no mean.
    """

    officers: int
    without_files: int
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Files of every kind."""
        return sum(self.counts.values())

    def mean(self, name: str) -> Decimal | None:
        """Return the files of that kind or status per officer, not rounded; None without officers."""
        return self._per_officer(self.counts[name])

    @property
    def mean_total(self) -> Decimal | None:
        """Files of every kind per officer, from the files themselves and not from rounded means."""
        return self._per_officer(self.total)

    def _per_officer(self, files: int) -> Decimal | None:
        return Decimal(files) / self.officers if self.officers else None


def tallies(
    files: ImsFileQuerySet, officers: OfficerQuerySet, year: FiscalYear, *, rule: Rule = Rule.YEAR
) -> list[Tally]:
    """Return what each of the officers opened in the year, and who opened nothing; three queries.

    By the rule of the year, an officer is in one group; by that of the day, an officer with files
    from on and off a JFO is in both, so that the officers of the two can add to more than there are.
    Files of anybody but `officers` are left out.
    """
    jfo_ids = set(jfo_officers(officers, year).values_list("pk", flat=True))
    people = {
        pk: rest for pk, *rest in officers.order_by().values_list("pk", "region__code", "region_id", "start", "end")
    }
    counts: dict[tuple[int, str, int, bool], dict[tuple[str, str], int]] = defaultdict(dict)
    for officer, region, region_id, kind, status, on_jfo, number in _file_counts(files, year, rule):
        if officer in people:
            is_jfo = on_jfo if rule == Rule.DAY else officer in jfo_ids
            counts[officer, region, region_id, is_jfo][kind, status] = number

    found = []
    for (officer, region, region_id, is_jfo), numbers in counts.items():
        _code, home_id, _start, _end = people[officer]
        found.append(Tally(officer, home_id, region, region_id, is_jfo, numbers))
    with_files = {tally.officer_id for tally in found}
    for officer, (region, home_id, start, end) in people.items():
        in_service = start <= year.last_day and (end is None or end >= year.first_day)
        if in_service and officer not in with_files:
            found.append(Tally(officer, home_id, region, home_id, officer in jfo_ids, {}))
    return found


def _file_counts(files: ImsFileQuerySet, year: FiscalYear, rule: Rule) -> Iterable[Any]:
    """Return officer, region and its id, kind, status, whether on a JFO that day (asked by one rule), and the count."""
    serving = Assignment.objects.filter(
        Q(end=None) | Q(end__gte=OuterRef("opened_on")), officer=OuterRef("officer"), start__lte=OuterRef("opened_on")
    )
    rows: Iterable[Any] = (
        files.of_year(year)
        .annotate(on_jfo=Exists(serving) if rule == Rule.DAY else Value(False), code=F("region__code"))
        .order_by()
        .values_list("officer_id", "code", "region_id", "kind", "status", "on_jfo")
        .annotate(number=Count("pk"))
    )
    return rows


def counted_by_kind(files: ImsFileQuerySet, year: FiscalYear) -> Activity:
    """Return the files of the year by kind, counted by the database; one query.

    How many officers opened none no file tells: `without_files` is 0.
    """
    counts: dict[str, int] = files.of_year(year).aggregate(
        officers=Count("officer", distinct=True),
        **{kind.value: Count("pk", filter=Q(kind=kind)) for kind in ImsKind},
    )
    return Activity(counts.pop("officers"), 0, counts)


def groups(rows: Sequence[Tally]) -> dict[Group, list[Tally]]:
    """Return the tallies of JFO officers, of the others, and of all."""
    return {
        Group.JFO: [row for row in rows if row.is_jfo],
        Group.NON_JFO: [row for row in rows if not row.is_jfo],
        Group.ALL: list(rows),
    }


def by_kind(rows: Iterable[Tally]) -> Activity:
    """Return the files of the tallies by kind (Exhibit 7)."""
    return _activity(rows, ImsKind.values, 0)


def by_status(rows: Iterable[Tally]) -> Activity:
    """Return the files of the tallies by status (Exhibit 8), those without one included."""
    return _activity(rows, ImsStatus.values, 1)


def _activity(rows: Iterable[Tally], names: Iterable[str], axis: int) -> Activity:
    counts = dict.fromkeys(names, 0)
    everybody: set[int] = set()
    with_files: set[int] = set()
    for row in rows:
        everybody.add(row.officer_id)
        if row.counts:
            with_files.add(row.officer_id)
        for key, number in row.counts.items():
            counts[key[axis]] += number
    return Activity(len(with_files), len(everybody - with_files), counts)
