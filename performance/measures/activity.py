"""IMS files per officer: JFO officers beside the others, by kind, status and region (domain rule 10)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from registry.measures.strength import jfo_officers
from registry.models import Assignment, Officer
from registry.models.people import OfficerQuerySet, posting_on

from ..models import COLUMNS, ActivityCount, ImsFile, ImsFileQuerySet, ImsKind, ImsStatus


class Group(models.TextChoices):
    """Whose files: the groups of Exhibits 7 and 8."""

    JFO = "jfo", _("JFO officers")
    NON_JFO = "non_jfo", _("Other officers")
    ALL = "all", _("All IMS users")


class Rule(models.TextChoices):
    """Which files are those of the JFO group."""

    YEAR = "year", _("JFO files are all those of an officer who was on a JFO on at least one day of the fiscal year.")
    DAY = "day", _("JFO files are those whose officer was on a JFO on the day the file was opened.")

    @property
    def short(self) -> str:
        """The rule in a few words, for a choice."""
        return gettext("By the officer’s year") if self == Rule.YEAR else gettext("By the day of opening")


@dataclass(frozen=True)
class Tally:
    """What one officer opened in a fiscal year, in one region and one group.

    `counts` are files by kind and status; empty for an officer in service during the year who opened
    none. `home_id` is the region that employed the officer on the year's last day, `region` that of the files.
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


@dataclass(frozen=True)
class Opened:
    """What a group of officers opened in a fiscal year, in one region or in all: files by kind and status.

    `officers` are those with at least one file; `without_files` were in service during the year and opened none.
    """

    officers: int = 0
    without_files: int = 0
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def by_kind(self) -> Activity:
        """The files by kind (Exhibit 7)."""
        return self._by(0, ImsKind.values)

    @property
    def by_status(self) -> Activity:
        """The files by status (Exhibit 8), those without one included."""
        return self._by(1, ImsStatus.values)

    def _by(self, axis: int, names: Iterable[str]) -> Activity:
        numbers = dict.fromkeys(names, 0)
        for key, number in self.counts.items():
            numbers[key[axis]] += number
        return Activity(self.officers, self.without_files, numbers)


_NOTHING = Opened()


@dataclass(frozen=True)
class Totals:
    """What the groups opened in a fiscal year: in each region, by its code, and under None in all of them."""

    cells: Mapping[tuple[str | None, Group], Opened]

    def of(self, region: str | None, group: Group) -> Opened:
        """Return what the group opened in the region, or in all."""
        return self.cells.get((region, group), _NOTHING)

    @property
    def regions_with_files(self) -> set[str]:
        """The codes of the regions in which somebody opened a file."""
        return {region for (region, _group), opened in self.cells.items() if region is not None and opened.officers}


def totals(year: FiscalYear, *, rule: Rule = Rule.YEAR) -> Totals:
    """Return what all officers opened in the year.

    By the rule of the year an officer is in one group, and the database adds up the roll-up, in one query. By that of
    the day an officer with files from on and off a JFO is in both, so that the officers of the two can add to more
    than there are; each file is looked at for it, in three queries.
    """
    if rule == Rule.DAY:
        return summed(per_officer(Officer.objects.all(), year, rule=rule))
    found: _Numbers = defaultdict(Counter)
    for group, region, officers, without_files, *numbers in _sums(year):
        found[region, Group(group)][_OFFICERS] += officers
        if region is not None:
            _add(found, region, Group(group), _files(numbers) | {_WITHOUT_FILES: without_files})
    # Whoever is not a JFO officer is another: what is not of the first is of the second.
    for region in {region for region, _group in found}:
        others = Counter(found[region, Group.ALL])
        others.subtract(found[region, Group.JFO])
        found[region, Group.NON_JFO] = others
    return _totals(found)


def _files(numbers: Iterable[int]) -> dict[tuple[str, str], int]:
    """Return the numbers of a row of the roll-up by kind and status, where there are files."""
    return {sort: int(number) for sort, number in zip(COLUMNS, numbers, strict=True) if number}


_DURING = """start <= %(last)s AND ("end" IS NULL OR "end" >= %(first)s)"""
_OF_JFO = f"IN (SELECT officer_id FROM registry_assignment WHERE {_DURING})"
_REGION = "(SELECT code FROM registry_region r WHERE r.id = region_id)"
# The region that employed the officer on the year's last day.
_HOME = """(
    SELECT p.region_id FROM registry_officerregion p WHERE p.officer_id = registry_officer.id
    AND p.start <= %(last)s AND (p."end" IS NULL OR p."end" >= %(last)s)
)"""
_NO_FILES = ", ".join("0" for _name in COLUMNS)


def _sums_of(group: Group, officer: str) -> str:
    """Return the statement on the officers of the group, whose key, where it is asked for, is as `officer` says."""
    narrowed, served = (f"AND {key} {officer}" if officer else "" for key in ("officer_id", "id"))
    counts = f"FROM {ActivityCount._meta.db_table} WHERE fiscal_year = %(year)s"
    files = ", ".join(f"SUM({name})" for name in COLUMNS.values())
    return f"""
        SELECT '{group}', {_REGION}, COUNT(*), 0, {files} {counts} {narrowed} GROUP BY region_id
        UNION ALL SELECT '{group}', NULL, COUNT(DISTINCT officer_id), 0, {_NO_FILES} {counts} {narrowed}
        UNION ALL SELECT '{group}', {_REGION}, 0, COUNT(*), {_NO_FILES} FROM (
            SELECT {_HOME} AS region_id FROM registry_officer
            WHERE {_DURING} AND id NOT IN (SELECT officer_id {counts}) {served}
        ) AS silent GROUP BY region_id
    """


# Of all officers and of JFO officers: a row for each region, one that counts the officers of all regions once, and
# those in service who opened nothing. Written once, by hand: Django would put its 40 sums together each time.
_SUMS = " UNION ALL ".join([_sums_of(Group.ALL, ""), _sums_of(Group.JFO, _OF_JFO)])


def _sums(year: FiscalYear) -> list[Any]:
    """Return group, code of the region, officers who opened files, officers in service who opened none, and the files
    by kind and status; for all regions together, which are None, the officers who opened files alone; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"year": year.start_year, "first": year.first_day, "last": year.last_day})
        rows: list[Any] = cursor.fetchall()
    return rows


# Figures of a region, or of all (None), and a group: files by kind and status, and the officers under these names.
_OFFICERS, _WITHOUT_FILES = ("officers", ""), ("officers", "without files")
_Numbers = dict[tuple[str | None, Group], Counter[tuple[str, str]]]


def _add(found: _Numbers, region: str, group: Group, numbers: Mapping[tuple[str, str], int]) -> None:
    """Add the numbers to those of the region and of all regions."""
    found[region, group].update(numbers)
    found[None, group].update(numbers)


def _totals(found: _Numbers) -> Totals:
    return Totals(
        {
            cell: Opened(numbers.pop(_OFFICERS, 0), numbers.pop(_WITHOUT_FILES, 0), +numbers)
            for cell, numbers in found.items()
            if any(numbers.values())
        }
    )


def per_officer(officers: OfficerQuerySet, year: FiscalYear, *, rule: Rule = Rule.YEAR) -> list[Tally]:
    """Return what each of the officers opened in the year, and who opened nothing: for a median or a spread; three
    queries, whose rows grow with the officers.

    By the rule of the year, an officer is in one group; by that of the day, an officer with files from on and off a
    JFO is in both. An officer with files in two regions has a tally for each; one without, a tally in the region that
    employed the officer on the year's last day.
    """
    jfo_ids = set(jfo_officers(officers, year).values_list("pk", flat=True))
    employed = officers.order_by().annotate(posting=posting_on(year.last_day))
    people = {
        pk: rest
        for pk, *rest in employed.values_list("pk", "posting__region__code", "posting__region_id", "start", "end")
    }
    counts: dict[tuple[int, str, int, bool], dict[tuple[str, str], int]] = defaultdict(dict)
    for officer, region, region_id, on_jfo, files in _worked(officers, year, rule):
        counts[officer, region, region_id, officer in jfo_ids if rule == Rule.YEAR else on_jfo] |= files

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


def _worked(
    officers: OfficerQuerySet, year: FiscalYear, rule: Rule
) -> Iterator[tuple[int, str, int, bool, dict[tuple[str, str], int]]]:
    """Yield officer, region and its id, whether on a JFO that day (asked by one rule), and files by kind and status."""
    own = officers.order_by().values("pk")
    names = ("officer_id", "region__code", "region_id")
    if rule == Rule.YEAR:
        counts = ActivityCount.objects.filter(fiscal_year=year.start_year, officer__in=own).order_by()
        for officer, region, region_id, *numbers in counts.values_list(*names, *COLUMNS.values()):
            yield officer, region, region_id, False, _files(numbers)
        return
    serving = Assignment.objects.filter(
        Q(end=None) | Q(end__gte=OuterRef("opened_on")), officer=OuterRef("officer"), start__lte=OuterRef("opened_on")
    )
    opened = ImsFile.objects.of_year(year).filter(officer__in=own).annotate(on_jfo=Exists(serving)).order_by()
    by_status = {status: Count("pk", filter=Q(status=status)) for status in ImsStatus.values}
    rows = opened.values_list(*names, "on_jfo", "kind").annotate(**by_status)
    for officer, region, region_id, on_jfo, kind, *numbers in rows:
        files = zip(ImsStatus.values, numbers, strict=True)
        yield officer, region, region_id, on_jfo, {(kind, status): number for status, number in files if number}


def summed(rows: Iterable[Tally]) -> Totals:
    """Return the tallies added up by region and group."""
    found: _Numbers = defaultdict(Counter)
    officers: dict[tuple[str | None, Group, bool], set[int]] = defaultdict(set)
    for row in rows:
        for group in (Group.ALL, row.group):
            _add(found, row.region, group, row.counts)
            for region in (row.region, None):
                officers[region, group, bool(row.counts)].add(row.officer_id)
    for (region, group, has_files), who in officers.items():
        found[region, group][_OFFICERS if has_files else _WITHOUT_FILES] = len(who)
    return _totals(found)


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


def by_status(rows: Iterable[Tally]) -> Activity:
    """Return the files of the tallies by status (Exhibit 8), those without one included."""
    return summed(rows).of(None, Group.ALL).by_status
