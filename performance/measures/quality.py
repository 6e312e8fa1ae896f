"""How far the IMS files of a fiscal year can be relied on: who opened none, what carries no status, what came late."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, FloatField, Func, OuterRef, Q
from django.db.models.functions import ExtractMonth
from django.utils.translation import gettext

from jfo_portal.kit import formats
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from registry.measures.strength import jfo_officers
from registry.models import Officer
from registry.models.people import OfficerQuerySet, posting_on

from ..models import ImsFile, ImsFileQuerySet, ImsStatus
from .activity import Group, Tally, by_status, groups, per_officer


class _DaysLate(Func):
    """How many days after its opening a file was entered; null where that is not known."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = FloatField()

    def __init__(self) -> None:
        super().__init__(F("entered_on"), F("opened_on"))

    def as_sqlite(self, compiler: Any, connection: Any, **_options: Any) -> tuple[str, Any]:
        (entered, first), (opened, second) = (compiler.compile(part) for part in self.get_source_expressions())
        return f"(julianday({entered}) - julianday({opened}))", [*first, *second]


def late(files: ImsFileQuerySet) -> ImsFileQuerySet:
    """Return the files entered more than IMS_LATE_DAYS days after they were opened; not those of which nobody knows."""
    return files.annotate(days_late=_DaysLate()).filter(days_late__gt=settings.IMS_LATE_DAYS)


def of_unknown_entry(files: ImsFileQuerySet) -> ImsFileQuerySet:
    """Return the files of which IMS does not say when they were entered."""
    return files.filter(entered_on=None)


@dataclass(frozen=True)
class Lateness:
    """How many files came late, and of how many that is not known; the others came in time."""

    files: int = 0
    late: int = 0
    unknown: int = 0

    @property
    def known(self) -> int:
        return self.files - self.unknown

    def __add__(self, other: "Lateness") -> "Lateness":
        return Lateness(self.files + other.files, self.late + other.late, self.unknown + other.unknown)


def lateness(files: ImsFileQuerySet, year: FiscalYear) -> dict[str, Lateness]:
    """Return how late the files of the year came, by the code of their region; one query, which reads every file."""
    rows = (
        files.of_year(year)
        .annotate(days_late=_DaysLate())
        .order_by()
        .values_list("region__code")
        .annotate(
            files=Count("pk"),
            late=Count("pk", filter=Q(days_late__gt=settings.IMS_LATE_DAYS)),
            unknown=Count("pk", filter=Q(entered_on=None)),
        )
    )
    return {code: Lateness(*numbers) for code, *numbers in rows}


# Officers without an entry


def months_of(year: FiscalYear) -> list[date]:
    """Return the first day of each month of the fiscal year, April first."""
    return [date(year.start_year + (month < 4), month, 1) for month in (4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3)]


def month_after(first_day: date) -> date:
    """Return the first day of the next month."""
    return date(first_day.year + first_day.month // 12, first_day.month % 12 + 1, 1)


def without_entries(officers: OfficerQuerySet, year: FiscalYear, month: date | None = None) -> OfficerQuerySet:
    """Return those in service in the year, or in the month of it, who opened no file in that time.

    Each is annotated with `is_jfo`: whether a JFO officer of the year (domain rule 10).
    """
    files = ImsFile.objects.of_year(year).filter(officer=OuterRef("pk")).order_by()
    first, last = year.first_day, year.last_day
    if month is not None:
        after = month_after(month)
        files = files.filter(opened_on__gte=month, opened_on__lt=after)
        return _annotated(officers.filter(Q(end=None) | Q(end__gte=month), ~Exists(files), start__lt=after), year)
    return _annotated(officers.filter(Q(end=None) | Q(end__gte=first), ~Exists(files), start__lte=last), year)


def _annotated(officers: OfficerQuerySet, year: FiscalYear) -> OfficerQuerySet:
    return officers.annotate(is_jfo=Exists(jfo_officers(Officer.objects.filter(pk=OuterRef("pk")), year)))


@dataclass(frozen=True)
class Month:
    """The officers in service on at least one day of a month, and how many of them opened no file in it."""

    first_day: date
    officers: int
    without: int

    @property
    def share(self) -> Decimal | None:
        """The share of those without; None where nobody was in service."""
        return Decimal(self.without) / self.officers if self.officers else None


def by_month(
    files: ImsFileQuerySet, officers: OfficerQuerySet, year: FiscalYear, last: date | None
) -> dict[str, list[Month]]:
    """Return each month of the year up to the one that holds the last day, by the region that employed the officers on
    the last day of the year.

    The regions are those with officers in service in the year. Two queries.
    """
    months = [first for first in months_of(year) if last is not None and first <= last]
    serving = officers.filter(Q(end=None) | Q(end__gte=year.first_day), start__lte=year.last_day).order_by()
    employed = serving.annotate(posting=posting_on(year.last_day))
    people = grouped(employed.values_list("posting__region__code", "start", "end"), lambda row: row[0])
    opened: dict[tuple[str, int], int] = defaultdict(int)
    counts = (
        files.of_year(year)
        .filter(officer__in=officers)
        .annotate(month=ExtractMonth("opened_on"), posting=posting_on(year.last_day, "officer"))
        .order_by()
        .values_list("posting__region__code", "month")
        .annotate(n=Count("officer", distinct=True))
    )
    for code, month, number in counts:
        opened[code, month] = number
    found = {}
    for code, rows in sorted(people.items()):
        found[code] = [
            Month(first, in_service := _in_service(rows, first), in_service - opened[code, first.month])
            for first in months
        ]
    return found


def _in_service(rows: Sequence[tuple[str, date, date | None]], first: date) -> int:
    after = month_after(first)
    return sum(start < after and (end is None or end >= first) for _code, start, end in rows)


def together(by_region: Iterable[Sequence[Month]]) -> list[Month]:
    """Return the months of all the regions together."""
    return [
        Month(of_month[0].first_day, sum(row.officers for row in of_month), sum(row.without for row in of_month))
        for of_month in zip(*by_region, strict=True)
    ]


# Region by region


@dataclass(frozen=True)
class Quality:
    """What of a region, or of all (None), stands on record in a fiscal year and what is missing.

    Officers are those with files of the region, and those employed there on the year's last day who opened none
    anywhere.
    """

    region: str | None
    jfo: int
    jfo_without: int
    others: int
    others_without: int
    unspecified: int
    lateness: Lateness

    @property
    def officers(self) -> int:
        return self.jfo + self.others

    @property
    def without(self) -> int:
        return self.jfo_without + self.others_without

    @property
    def files(self) -> int:
        return self.lateness.files


def qualities(
    files: ImsFileQuerySet, officers: OfficerQuerySet, year: FiscalYear, region: str | None = None
) -> tuple[list[Quality], Quality]:
    """Return the quality of each region, or of the one alone, and of all that is returned together; four queries."""
    rows = [row for row in per_officer(officers, year) if region in (None, row.region)]
    found = {code: late_files for code, late_files in lateness(files, year).items() if region in (None, code)}
    of_region = grouped(rows, lambda row: row.region)
    regions = [_quality(code, of_region[code], found.get(code, Lateness())) for code in sorted(of_region)]
    return regions, _quality(None, rows, sum(found.values(), Lateness()))


def _quality(region: str | None, rows: Sequence[Tally], late_files: Lateness) -> Quality:
    by_group = groups(rows)
    jfo, others, everybody = (by_status(by_group[group]) for group in (Group.JFO, Group.NON_JFO, Group.ALL))
    return Quality(
        region=region,
        jfo=jfo.officers + jfo.without_files,
        jfo_without=jfo.without_files,
        others=others.officers + others.without_files,
        others_without=others.without_files,
        unspecified=everybody.counts[ImsStatus.UNSPECIFIED],
        lateness=late_files,
    )


# What is said beside the figures


def behind(rows: Sequence[Tally]) -> list[dict[str, Any]]:
    """Return what stands behind the figures of each group, as `caveats` takes it."""
    found = []
    for group, of_group in groups(rows).items():
        activity = by_status(of_group)
        found.append(
            {
                "group": group.value,
                "officers": activity.officers,
                "without_files": activity.without_files,
                "files": activity.total,
                "unspecified": activity.counts[ImsStatus.UNSPECIFIED],
            }
        )
    return found


def caveats(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the sentences to print beside figures of activity; no query.

    A row has the `group` and, of it, the `officers` with files, those `without_files`, its `files` and those
    `unspecified`. A number of None is not shown to the reader, and no sentence gives it away.
    """
    by_group = {row["group"]: row for row in rows}
    jfo, others, everybody = (by_group.get(group.value, {}) for group in (Group.JFO, Group.NON_JFO, Group.ALL))
    sentences = [
        _without_sentence(
            jfo,
            gettext(
                "JFO officers without an IMS entry in the year: %(part)s of %(whole)s (%(share)s). They enter no mean."
            ),
        ),
        _without_sentence(
            others,
            gettext(
                "Other officers in service without an IMS entry in the year: %(part)s of %(whole)s (%(share)s). "
                "They enter no mean."
            ),
        ),
        _status_sentence(everybody or jfo),
    ]
    return [sentence for sentence in sentences if sentence]


def _without_sentence(row: Mapping[str, Any], sentence: str) -> str:
    with_files, without = row.get("officers"), row.get("without_files")
    if with_files is None or not without:
        return ""
    return sentence % _part_of(without, with_files + without)


def _status_sentence(row: Mapping[str, Any]) -> str:
    files, unspecified = row.get("files"), row.get("unspecified")
    if files is None or not unspecified:
        return ""
    sentence = gettext(
        "Files without a status: %(part)s of %(whole)s (%(share)s). The four statuses add to less than all files."
    )
    return sentence % _part_of(unspecified, files)


def _part_of(part: int, whole: int) -> dict[str, str]:
    share = formats.percent(Decimal(part) / whole)
    return {"part": formats.number(part), "whole": formats.number(whole), "share": share}


def late_caveats(found: Lateness) -> list[str]:
    """Return the sentences on when files were entered; none where every file was entered in time."""
    sentences = []
    if found.late:
        sentence = gettext(
            "Files entered more than %(days)s days after they were opened: %(part)s of the %(whole)s of which the day "
            "of entry is known (%(share)s). The figures of the latest months still grow."
        )
        sentences.append(
            sentence % ({"days": formats.number(settings.IMS_LATE_DAYS)} | _part_of(found.late, found.known))
        )
    if found.unknown:
        sentence = gettext(
            "Files of which the day of entry is not known: %(part)s of %(whole)s (%(share)s). They count neither as "
            "late nor as in time."
        )
        sentences.append(sentence % _part_of(found.unknown, found.files))
    return sentences
