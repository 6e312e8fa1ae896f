"""The assignments page: a table whose rows are a timeline."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import product
from operator import or_
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Cell, Column
from jfo_portal.kit.timelines import Scale
from jfo_portal.kit.views import ListPage
from registry.filters import AssignmentFilters
from registry.measures.vacancies import Vacancy, vacancies
from registry.models import JFO, MANAGERS, Assignment, Officer
from registry.tables import assignment_columns, keeping_day, sees_officers_of, vacancy_cells

# How long a scale may be, in fiscal years: one mistyped first day leaves the bars of the others readable.
MOST_YEARS = 40
# Filters that ask for some of a JFO's officers: what is vacant is no answer to them.
OF_OFFICERS = ("q", "function", "level", "need", "snoozed")
# Of the states that are asked for, the one that takes nothing out; without one it is the day's.
WHOLE = ("", "all")


@dataclass(frozen=True)
class Tally:
    """How many assignments, their FTE together, the earliest first day of them, and how many have a last day."""

    count: int
    fte: Decimal
    first: date
    dated: int

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.count + other.count, self.fte + other.fte, min(self.first, other.first), self.dated + other.dated
        )


@dataclass(frozen=True)
class Stretch:
    """Rows that follow one another in the list, those of a condition, of a JFO or region by its key: in the places from
    `start` to before `stop`."""

    key: int
    of: Q
    start: int
    stop: int


@dataclass(frozen=True)
class Grouping:
    """A way to group the assignments: in the order of a field, under the rows of another."""

    order: str
    key: str
    of: Callable[[Assignment], Any]
    words: Callable[[Any], str]

    def href(self, subject: Any, day: date) -> str | None:
        """Return the page of what a group is about, as of the day; None where it has none."""
        return keeping_day(subject.get_absolute_url(), day) if hasattr(subject, "get_absolute_url") else None


GROUPINGS = {
    "jfo": Grouping("jfo__code", "jfo", lambda row: row.jfo, str),
    "officer": Grouping("officer__folded", "officer", lambda row: row.officer, str),
    "region": Grouping(
        "officer__region__code",
        "officer__region",
        lambda row: row.officer.region,
        lambda region: f"{region.short} – {region.name}",
    ),
}


@dataclass(frozen=True)
class Line:
    """One row of the table; `key` is that of an assignment that can be selected, in words `about`."""

    cells: Sequence[Cell]
    key: int | None = None
    about: str = ""
    is_vacancy: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under one heading, with what is said of all of the group's, on other pages too; none for all rows."""

    lines: Sequence[Line]
    heading: str = ""
    href: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Choice:
    """One way to show the page, by a link."""

    label: str | Promise
    value: str | None
    is_chosen: bool


def _in_words(count: int, fte: Decimal) -> str:
    return ngettext("%(count)s assignment, %(fte)s FTE", "%(count)s assignments, %(fte)s FTE", count) % {
        "count": formats.number(count),
        "fte": formats.text(fte, "fte"),
    }


class AssignmentList(ListPage):
    """Assignments of the officers the reader may see; of those of the day unless another state is asked for.

    The number of rows costs one query over them, which counts them JFO by JFO, and region by region where they are
    grouped so: where the list comes by them, it also tells of which of them the page's rows are, and only those are
    put in order, however far the page is. Where it comes by officer, only the rows of the officers up to the page are.
    """

    title = gettext_lazy("Assignments")
    section = "assignments"
    template_name = "registry/assignments.html"
    table_template = "registry/timeline.html"
    filterset_class = AssignmentFilters
    ordering = ("jfo__code", "officer__number", "start")
    file_name = "assignments"
    import_kind = "assignments"
    has_as_of = True

    @property
    def may_act(self) -> bool:
        return self.reader.role in MANAGERS and not self.is_read_only

    def get_queryset(self) -> Any:
        return Assignment.objects.visible_to(self.reader).with_names().with_since()

    def get_columns(self) -> Sequence[Column]:
        return self._columns

    @cached_property
    def _columns(self) -> list[Column]:
        scale = None if self.request.GET.get("format") else self.scale
        return assignment_columns(self.day, may_act=self.may_act, scale=scale)

    def caption(self, count: int) -> str:
        return _in_words(count, self._total_fte)

    # What is asked for

    def _asked(self, name: str) -> str:
        form = self.filterset.form  # type: ignore[union-attr]
        form.is_valid()
        return form.cleaned_data.get(name) or ""

    @cached_property
    def grouping(self) -> Grouping | None:
        return GROUPINGS.get(self._asked("group"))

    @cached_property
    def scale(self) -> Scale:
        """The fiscal years shown: from the earliest first day of the rows to the year after the day's, or fewer."""
        year = FiscalYear.of(self.day)
        match self._asked("zoom"):
            case "fy":
                return Scale(year, year, self.day)
            case "3fy":
                return Scale(year.previous, year.next, self.day)
        first = FiscalYear.of(min([self.day, *(tally.first for tally in self.tallies.values())]))
        return Scale(max(first, FiscalYear(year.next.start_year - MOST_YEARS + 1)), year.next, self.day)

    def order(self) -> Sequence[Any]:
        order = super().order()
        if self.sort is not None and self.sort[0].name == "end":
            order = self._by_last_day(self.sort[1])
        return [self.grouping.order, *order] if self.grouping else order

    @staticmethod
    def _by_last_day(direction: str) -> Sequence[Any]:
        """Return the order by the last day, rows without one last; as an expression, since PostgreSQL would otherwise
        go through the whole index of last days, years of ended rows first."""
        if direction == "descending":
            return Coalesce("end", Value(date.min)).desc(), "pk"
        return Coalesce("end", Value(date.max)).asc(), "pk"

    # The page's rows

    @property
    def _counted(self) -> Grouping:
        """What the rows are counted by: regions where they are grouped by region, and JFOs otherwise."""
        return GROUPINGS["region" if self.grouping is GROUPINGS["region"] else "jfo"]

    @cached_property
    def tallies(self) -> dict[int, Tally]:
        """What there is of each JFO or region, by its key, in the order of their codes; one query over all rows."""
        if self._counted is GROUPINGS["jfo"]:
            counted = self._tallied(self._all, "jfo")
            return {key: counted[key] for key in self._jfo_keys if key in counted}
        found: dict[int, Tally] = {}
        for (region, _jfo), tally in self._by_region_and_jfo.items():
            found[region] = found[region] + tally if region in found else tally
        return found

    @cached_property
    def _by_region_and_jfo(self) -> dict[tuple[int, int], Tally]:
        """What there is of each region's officers on each JFO, by their keys, in the order of codes; one query."""
        counted = self._tallied(self._all, "officer_region", "jfo")
        return {pair: counted[pair] for pair in product(self._region_keys, self._jfo_keys) if pair in counted}

    @property
    def _all(self) -> Any:
        """All rows, to be counted: of every region in the index of JFOs, of some officers by way of those."""
        filters: Any = self.filterset
        is_of_some = filters.is_of_few or not self.reader.sees_everything
        if is_of_some or self._asked("region") or self._asked("state"):
            return self.filtered
        rows: Any = self.filtered
        return rows.found_by_index(self.day, jfos=self._jfo_keys, regions=self._region_keys)

    @property
    def _jfo_keys(self) -> list[int]:
        return [jfo.pk for jfo in self.filterset.jfos]  # type: ignore[union-attr]

    @property
    def _region_keys(self) -> list[int]:
        return [region.pk for region in self.filterset.regions]  # type: ignore[union-attr]

    @staticmethod
    def _tallied(rows: QuerySet, *keys: str) -> dict[Any, Tally]:
        """Return what there is by the key, or by all of several."""
        held = {"count": Count("*"), "total": Sum("fte"), "first": Min("start"), "dated": Count("end")}
        found = rows.order_by().values_list(*keys).annotate(**held)
        return {row[: len(keys)] if keys[1:] else row[0]: Tally(*row[len(keys) :]) for row in found}

    @property
    def _total_fte(self) -> Decimal:
        return sum((tally.fte for tally in self.tallies.values()), Decimal(0))

    def get_page(self) -> Any:
        total = sum(tally.count for tally in self.tallies.values())
        page: Any = Paginator(range(total), self.page_size).get_page(self.request.GET.get("page"))
        self.places: range = page.object_list
        page.object_list = self._rows_at(self.places)
        return page

    def _rows_at(self, places: range) -> list[Assignment]:
        rows = self.sorted_rows()
        if self.sort is None if self.grouping is None else self.grouping is self._counted:
            held = [one for one in self._stretches() if one.start < places.stop and one.stop > places.start]
            skipped = held[0].start if held else 0
            filters: Any = self.filterset
            # Of one JFO or region alone, they are not put in the order of those.
            order = self.order()[len({one.key for one in held}) == 1 :]
            rows = filters.narrowed(reduce(or_, (one.of for one in held), Q())).order_by(*order)
            places = range(places.start - skipped, places.stop - skipped)
        elif by_officer := self._comes_by_officer():
            # Each of the officers has a row at least: those of the first rows are no more than these.
            of_officer = self.filtered.order_by().filter(officer=OuterRef("pk"))
            first = Officer.objects.filter(Exists(of_officer)).order_by(by_officer)[: places.stop]
            rows = rows.filter(officer__in=first.values("pk"))
        elif self._is_of_dated(places):
            # Said in the index's words, so that it is read from the day on, and no further than the page.
            end = "-end" if self.sort and self.sort[1] == "descending" else "end"
            rows = rows.filter(end__gte=self.day).order_by(end, "pk")
        # The keys first: what is put in order is small, and what is loaded is the page's alone. Those are of rows the
        # reader may see; to ask for the region again would have SQLite go through all of its officers.
        keys = list(rows.values_list("pk", flat=True)[places.start : places.stop])
        found = Assignment.objects.with_names().with_since().in_bulk(keys)
        return [found[key] for key in keys if key in found]

    def _comes_by_officer(self) -> str | None:
        """Return the order of officers in which the list comes; None where it comes by something else first."""
        if self.grouping is not None:
            return "folded" if self.grouping is GROUPINGS["officer"] else None
        if self.sort is None or self.sort[0].name != "officer":
            return None
        return "-folded" if self.sort[1] == "descending" else "folded"

    def _is_of_dated(self, places: range) -> bool:
        """Say whether a list of the day by last day has only rows with a last day in those places: they come first."""
        if self.sort is None or self.sort[0].name != "end" or self.grouping is not None or self._asked("state"):
            return False
        return places.stop <= sum(tally.dated for tally in self.tallies.values())

    def _stretches(self) -> Iterable[Stretch]:
        """Yield the rows of each JFO or region in a list that comes by them; of regions in the list's own order, each
        region's of each JFO."""
        parts: Iterable[tuple[int, Q, Tally]]
        if self._counted is GROUPINGS["region"] and self.sort is None:
            pairs = self._by_region_and_jfo.items()
            parts = ((region, Q(officer_region=region, jfo=jfo), tally) for (region, jfo), tally in pairs)
        else:
            parts = ((key, Q(**{self._counted.key: key}), tally) for key, tally in self.tallies.items())
        stop = 0
        for key, of, tally in parts:
            start, stop = stop, stop + tally.count
            yield Stretch(key, of, start, stop)

    # Groups

    def groups(self, rows: Sequence[Assignment], cells: Sequence[Sequence[Cell]]) -> list[Group]:
        """Return the page's rows in their groups; one group without a heading where they are not grouped."""
        lines = [self._line(row, its) for row, its in zip(rows, cells, strict=True)]
        if self.grouping is None:
            return [Group(lines)] if lines else []
        if self.grouping is GROUPINGS["jfo"]:
            return self._by_jfo(rows, lines)
        of = self.grouping.of
        subjects = {of(row).pk: of(row) for row in rows}
        tallies = self.tallies
        if self.grouping is not self._counted:
            of_page = self.filtered.filter(**{f"{self.grouping.key}__in": subjects})
            tallies = self._tallied(of_page, self.grouping.key)
        pairs = grouped(zip(rows, lines, strict=True), lambda pair: of(pair[0]).pk)
        return [
            self._group(subjects[key], [line for _row, line in its], tallies.get(key)) for key, its in pairs.items()
        ]

    def _line(self, row: Assignment, cells: Sequence[Cell]) -> Line:
        is_selectable = self.may_act and not row.is_closed(today())
        return Line(cells, row.pk, str(row)) if is_selectable else Line(cells)

    def _group(self, subject: Any, lines: Sequence[Line], tally: Tally | None) -> Group:
        grouping = self.grouping or GROUPINGS["jfo"]
        note = _in_words(tally.count, tally.fte) if tally else _in_words(0, Decimal(0))
        return Group(lines, grouping.words(subject), grouping.href(subject, self.day), note)

    def _by_jfo(self, rows: Sequence[Assignment], lines: Sequence[Line]) -> list[Group]:
        """Return the groups of JFOs, each with its vacancy; among them those that have nothing but a vacancy."""
        by_jfo = grouped(zip(rows, lines, strict=True), lambda pair: pair[0].jfo_id)
        ending = self._ending_here()
        vacant = vacancies(ending, self.reader) if ending else {}
        shown: list[Group] = []
        for jfo in self.filterset.jfos:  # type: ignore[union-attr]
            its = [line for _row, line in by_jfo.get(jfo.pk, [])]
            if self._is_to_come(vacant.get(jfo.pk, [])):
                its.append(self._vacancy(jfo, vacant[jfo.pk]))
            if its:
                shown.append(self._group(jfo, its, self.tallies.get(jfo.pk)))
        return shown

    def _ending_here(self) -> list[JFO]:
        """Return the JFOs whose group ends on the page, and whose vacancy so is told on it."""
        if any(self._asked(name) for name in OF_OFFICERS) or self._asked("state") not in WHOLE:
            return []
        region, program, code = (self._asked(name) for name in ("region", "program", "jfo"))
        found, stop = [], 0
        for jfo in self.filterset.jfos:  # type: ignore[union-attr]
            stop += self.tallies[jfo.pk].count if jfo.pk in self.tallies else 0
            is_here = self.places.start < stop <= self.places.stop or stop == self.places.start == 0
            is_asked_for = (
                region in ("", jfo.region.code) and program in ("", jfo.program.code) and code in ("", jfo.code)
            )
            if is_here and is_asked_for and sees_officers_of(jfo, self.reader):
                found.append(jfo)
        return found

    def _is_to_come(self, found: Sequence[Vacancy]) -> bool:
        """Say whether one of the vacancies is of the day, or comes later on the scale."""
        return any((one.end is None or one.end >= self.day) and one.start <= self.scale.last_day for one in found)

    def _vacancy(self, jfo: JFO, found: Sequence[Vacancy]) -> Line:
        may_fill = self.may_act and jfo.region_id in self.reader.scope_ids
        cells = vacancy_cells(self.shown_columns, jfo, found, self.day, scale=self.scale, may_act=may_fill)
        return Line(cells, is_vacancy=True)

    # The page

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        groups = self.groups(context["objects"], context["rows"])
        return context | {
            "groups": groups,
            "groupings": self._choices("group", _("None")),
            "zooms": self._choices("zoom", _("All")),
            "may_assign": self.may_act,
            "has_vacancy": any(line.is_vacancy for group in groups for line in group.lines),
            "policy_years": settings.TENURE_POLICY_YEARS,
            "has_selection": any(line.key for group in groups for line in group.lines),
            "has_timeline": any(column.name == "timeline" for column in self.shown_columns),
            "width": len(self.shown_columns) + self.may_act,
        }

    def _choices(self, name: str, without: str) -> list[Choice]:
        asked = self._asked(name)
        choices = self.filterset.filters[name].extra["choices"]  # type: ignore[union-attr]
        return [
            *(Choice(label, value, value == asked) for value, label in choices),
            Choice(without, None, not asked),
        ]
