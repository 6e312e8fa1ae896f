"""Where the rows behind each figure are: the lists that exhibits and dashboards link their figures to.

A figure leads to a list only where the list holds exactly its rows: for a manager, where no officer of another
region is behind it. Reports carry no links; the pages that show them add these.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from jfo_portal.kit.reports import Parameters
from registry.figure_tables import narrowed
from registry.measures.strength import PLACE, Place, Post
from registry.models import Assignment, Kind, OfficerRegion, Region
from wca.models import Verdict

from .measures.activity import Group, Rule
from .measures.cost import Pay
from .models import ActivityCount, ImsKind, ImsStatus
from .reports.activity import rule_of
from .reports.exhibits import KINDS

Row = Mapping[str, Any]


def address(name: str, *args: str, **query: str | None) -> str | None:
    """Return the address of a page of performance with what is asked of it; None where there is no such page."""
    try:
        path = reverse(name, args=args)
    except NoReverseMatch:
        return None
    asked = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(asked)}" if asked else path


class ActivityLinks:
    """The lists behind the figures of activity of a fiscal year, by a rule of whose files are JFO files."""

    def __init__(self, reader: Reader, year: FiscalYear, rule: Rule = Rule.YEAR) -> None:
        self.reader, self.year, self.rule = reader, year, rule

    @cached_property
    def _whole(self) -> frozenset[str]:
        """The regions of a manager in which nobody but officers the manager sees opened files, or was employed on the
        year's last day; one query."""
        counts = ActivityCount.objects.filter(fiscal_year=self.year.start_year, region__in=self.reader.scope_ids)
        others = counts.exclude(officer__region__in=self.reader.scope_ids)
        left = OfficerRegion.objects.as_of(self.year.last_day).exclude(officer__region__in=self.reader.scope_ids)
        whole = (
            Region.objects.filter(pk__in=self.reader.scope_ids)
            .exclude(pk__in=others.values("region"))
            .exclude(pk__in=left.order_by().values("region"))
        )
        return frozenset(whole.values_list("code", flat=True))

    def sees(self, region: str | None) -> bool:
        """Say whether the reader sees every file of the region, or of all."""
        return self.reader.sees_everything or region in self._whole

    def files(self, region: str | None, group: str = Group.ALL, **narrower: str) -> str | None:
        """Return the list of the files of the group in the region; None where the reader sees but some of them."""
        if not self.sees(region):
            return None
        asked = None if group == Group.ALL else group
        rule = None if group == Group.ALL or self.rule == Rule.YEAR else self.rule.value
        return address("performance-files", fy=str(self.year), region=region, group=asked, rule=rule, **narrower)

    def officers(self, region: str | None, group: str, *, files: bool) -> str | None:
        """Return the list of the officers of the group with files in the region, or of those employed there without."""
        if files and self.rule == Rule.DAY and group != Group.ALL:
            # An officer may be in both groups: the list of the files says of how many officers they are.
            return self.files(region, group)
        if not self.sees(region):
            return None
        asked = None if group == Group.ALL else group
        return address(
            "performance-officers", fy=str(self.year), region=region, group=asked, files="yes" if files else "no"
        )

    def of(self, region: str | None, row: Row, name: str) -> str | None:
        """Return the list behind a column of a group's row; None for a figure that is not shown, or of nothing."""
        if not row.get(name) or name == "group":
            return None
        group = row["group"]
        match name:
            case "officers":
                return self.officers(region, group, files=True)
            case "without_files":
                return self.officers(region, group, files=False)
            case "total" | "files":
                return self.files(region, group)
        if name in ImsKind.values:
            return self.files(region, group, kind=name)
        return self.files(region, group, status=name) if name in ImsStatus.values else None

    def of_region(self, row: Row, name: str) -> str | None:
        """Return the list behind a figure of a region's row, which has the groups side by side."""
        group = name.removesuffix("_officers")
        source = "total" if group == name else "officers"
        return self.of(row["region"], {"group": group, source: row.get(name)}, source)


class ServiceLinks:
    """The lists behind the figures of service on JFOs: on a day, and over a fiscal year.

    `posts` are those of the day and `pays` those of the year, where they were read already.
    """

    def __init__(
        self,
        reader: Reader,
        year: FiscalYear,
        day: date,
        posts: Sequence[Post] | None = None,
        pays: Sequence[Pay] | None = None,
    ) -> None:
        self.reader, self.year, self.day = reader, year, day
        self.posts, self.pays = posts, pays

    def _others(self, rows: Iterable[Post] | Iterable[Pay] | None, first: date, last: date) -> Collection[Place]:
        """Return where officers serve whom the reader does not see; one query without rows."""
        if rows is not None:
            return [row for row in rows if row.home_id not in self.reader.scope_ids]
        serving = Assignment.objects.during(first, last).exclude(officer__region__in=self.reader.scope_ids)
        return [Place(*row) for row in serving.order_by().values_list(*PLACE).distinct()]

    @cached_property
    def _others_on_the_day(self) -> Collection[Place]:
        return self._others(self.posts, self.day, self.day)

    @cached_property
    def _others_in_the_year(self) -> Collection[Place]:
        return self._others(self.pays, self.year.first_day, self.year.last_day)

    @staticmethod
    def _is_among(places: Iterable[Place], where: Mapping[str, str | None]) -> bool:
        return any(all(getattr(place, name) == value for name, value in where.items() if value) for place in places)

    def jfos(self, **where: str | None) -> str:
        """Return the list of the JFOs of the day, which everybody sees."""
        return narrowed(reverse("jfos"), self.day, **where)

    def assignments(self, *, level: str | None = None, **where: str | None) -> str | None:
        """Return the list of the assignments of the day; None where the reader sees but some of them."""
        if not self.reader.sees_everything and self._is_among(self._others_on_the_day, where):
            return None
        region = where.pop("region", None)
        return narrowed(reverse("assignments"), self.day, jfo_region=region, level=level, **where)

    def pay(self, **where: str | None) -> str | None:
        """Return the list of what each assignment cost in the year; None where the reader sees but some of them."""
        if not self.reader.sees_everything and self._is_among(self._others_in_the_year, where):
            return None
        return address("performance-pay", fy=str(self.year), **where)

    def of(self, row: Row, name: str, **where: str | None) -> str | None:
        """Return the list behind a figure of Exhibits 11 and 12; None for one that is not shown, or of nothing."""
        if not row.get(name):
            return None
        match name:
            case "jfos":
                return self.jfos(**where)
            case "fte":
                return self.assignments(**where)
            case "salaries":
                return self.pay(**where)
        return None

    def of_line(self, row: Row, name: str, region: str | None) -> str | None:
        """Return the list behind a figure of a line of Exhibit 12: a program, or all JFOs of a kind."""
        kind = None if row["program"] else KINDS[row["kind"]].value
        return self.of(row, name, region=region, program=row["program"], kind=kind)


class ExhibitLinks:
    """The lists behind the cells and totals of one exhibit, as a reader with these parameters sees it.

    The reports themselves know of no page: each exhibit is known here by its slug.
    """

    def __init__(self, slug: str, reader: Reader, parameters: Parameters) -> None:
        self.slug, self.region, self.day = slug, parameters.region, parameters.as_of
        self.activity = ActivityLinks(reader, parameters.fiscal_year, rule_of(parameters))
        of_day = parameters.as_of if slug == "exhibit-1" else parameters.fiscal_year.last_day
        self.service = ServiceLinks(reader, parameters.fiscal_year, of_day)

    def cell(self, row: Row, name: str) -> str | None:
        """Return the list behind a cell; None where there is none, or the reader may not see all of it."""
        match self.slug:
            case "exhibit-1":
                return self._fte(row, name, **self._line(row))
            case "exhibit-5" if name == "jfo":
                return _as_of(reverse("jfo", args=[row["jfo"]]), self.day)
            case "exhibit-6":
                return self._arrangements(row, name)
            case "exhibit-7" | "exhibit-8":
                return self.activity.of(self.region, row, name)
            case "exhibit-11":
                return self.service.of(row, name, region=row["region"])
            case "exhibit-12":
                return self.service.of_line(row, name, self.region)
        return None

    def total(self, totals: Row, name: str) -> str | None:
        """Return the list behind a total."""
        match self.slug:
            case "exhibit-1":
                return self._fte(totals, name)
            case "exhibit-5":
                covered = {"yes": "yes", "no": "no"}.get(name)
                return (
                    narrowed(reverse("jfos"), self.day, region=self.region, covered=covered) if totals[name] else None
                )
            case "exhibit-11" | "exhibit-12":
                return self.service.of(totals, name, region=self.region)
        return None

    # One exhibit each

    def _line(self, row: Row) -> dict[str, str | None]:
        """Return what the line of Exhibit 1 or 4 stands for: a regional JFO, or a program."""
        return {"jfo": row["jfo"]} if row["kind"] == Kind.REGIONAL else {"program": row["jfo"]}

    def _fte(self, row: Row, name: str, **where: str | None) -> str | None:
        if not row.get(name) or name == "jfo":
            return None
        level = None if name == "total" else name.replace("_", "-").upper()
        return self.service.assignments(level=level, region=self.region, **where)

    def _arrangements(self, row: Row, name: str) -> str | None:
        """Return the arrangements reviewed in which the clause stands so."""
        if not row.get(name) or name not in Verdict.values:
            return None
        found = narrowed(reverse("gap-report"), self.day, clause=row["clause"], verdict=name, region=self.region)
        return f"{found}#matrix"


def _as_of(path: str, day: date) -> str:
    return path if day == today() else f"{path}?as_of={day}"
