"""The officers: the list and one officer's page."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.charts import Band, Series, Step, Steps
from jfo_portal.kit.editing import EditPage, undoable
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Cell, Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage, headings_of, rows_of
from registry import actions
from registry.filters import OfficerFilters
from registry.forms import MoveForm
from registry.measures.service import days_served, service_by_jfo, stretches
from registry.measures.strength import level_on
from registry.measures.tenure import DAYS_IN_A_YEAR, tenures
from registry.measures.training import lacking, requirements
from registry.models import MANAGERS, Assignment, Course, Officer, OfficerRegion, Role, Training
from registry.models.assignments import FULL_TIME
from registry.models.people import posting_on
from registry.tables import (
    LEVEL_COLUMNS,
    POSTING_COLUMNS,
    SERVICE_COLUMNS,
    keeping_day,
    officer_assignment_columns,
    officer_columns,
    officer_training_columns,
    posts_in_words,
    record_link,
)


class OfficerList(ListPage):
    """The officers in service on the day whom the reader may see, with their JFOs and FTE."""

    title = gettext_lazy("Officers")
    template_name = "registry/officers.html"
    section = "officers"
    filterset_class = OfficerFilters
    ordering = ("number",)
    file_name = "officers"
    import_kind = "officers"
    has_as_of = True

    def get_queryset(self) -> Any:
        on_day = Assignment.objects.visible_to(self.reader).as_of(self.day).filter(officer=OuterRef("pk")).order_by()
        fte = on_day.values("officer").annotate(n=Sum("fte")).values("n")
        officers: Any = Officer.objects.visible_to(self.reader).as_of(self.day)
        return officers.annotate(
            level=level_on(self.day, "pk"), fte=Subquery(fte), posting=posting_on(self.day)
        ).select_related("region", "posting__region")

    def get_columns(self) -> Sequence[Column]:
        return officer_columns(self.day)

    def completed(self, rows: list[Any]) -> list[Any]:
        assignments = Assignment.objects.visible_to(self.reader).filter(officer__in=rows)
        posts = grouped(assignments.as_of(self.day).with_names().order_by("jfo__code"), lambda row: row.officer_id)
        longest = {row.officer_id: row for row in tenures(assignments, self.day)}
        for officer in rows:
            officer.posts = posts.get(officer.pk, [])
            officer.tenure = longest.get(officer.pk)
        return rows

    def caption(self, count: int) -> str:
        return ngettext("%(count)s officer", "%(count)s officers", count) % {"count": formats.number(count)}


class OfficerPage(RowPage):
    """One officer on a day: facts, FTE day by day, training, assignments and levels over time, history.

    404 for another region's. Before the first day of service there is nothing to tell, and the page says so.
    """

    template_name = "registry/officer.html"
    section = "officers"
    row_field = "number"

    def get_queryset(self) -> Any:
        return Officer.objects.visible_to(self.reader).with_names()

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Officers"), keeping_day(reverse("officers"), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_before_service = self.day < self.row.start and self.is_read_only
        context = super().get_context_data(**kwargs) | {
            "may_act": self.may_act,
            "may_move": self.reader.role == Role.ADMINISTRATOR and not self.is_read_only,
            "is_before_service": is_before_service,
            "is_in_service": self.row.holds_on(self.day),
        }
        return context if is_before_service else context | self._service() | self._training() | self._history()

    @cached_property
    def may_act(self) -> bool:
        return self.reader.role in MANAGERS and not self.is_read_only

    @cached_property
    def assignments(self) -> list[Assignment]:
        """The officer's assignments, the latest first; on a day in the past, without what was not known to come."""
        rows = Assignment.objects.visible_to(self.reader).filter(officer=self.row).with_names()
        if self.is_read_only:
            rows = rows.filter(start__lte=self.day)
        return list(rows.order_by("-start"))

    @cached_property
    def posts(self) -> list[Assignment]:
        """Those of the day."""
        return [row for row in self.assignments if row.holds_on(self.day)]

    def _service(self) -> dict[str, Any]:
        levels = [row for row in self.row.levels.order_by("-start") if not self.is_read_only or row.start <= self.day]
        postings = self._postings()
        columns = officer_assignment_columns(self.day, may_act=self.may_act)
        services = service_by_jfo(self.assignments, self.day)
        return {
            "level": next((row.level for row in levels if row.holds_on(self.day)), None),
            "region": next((row.region for row in postings if row.holds_on(self.day)), self.row.region),
            "posting_headings": headings_of(POSTING_COLUMNS),
            "posting_rows": rows_of(POSTING_COLUMNS, postings),
            "posts": self.posts,
            "fte": sum((row.fte for row in self.posts), Decimal(0)),
            "current": [one for one in services if one.since],
            "total_years": days_served(self.assignments, self.day) / DAYS_IN_A_YEAR if services else None,
            "services": services,
            "service_headings": headings_of(SERVICE_COLUMNS),
            "service_rows": rows_of(SERVICE_COLUMNS, services),
            "steps": fte_steps(self.row, self.assignments, self.day, is_ahead_known=not self.is_read_only),
            "level_headings": headings_of(LEVEL_COLUMNS),
            "level_rows": rows_of(LEVEL_COLUMNS, levels),
            "assignment_headings": headings_of(columns),
            "assignment_rows": rows_of(columns, self.assignments),
            "assignment_caption": ngettext("%(count)s assignment", "%(count)s assignments", len(self.assignments))
            % {"count": formats.number(len(self.assignments))},
        }

    def _postings(self) -> list[OfficerRegion]:
        """Return the officer's regions, the latest first; on a day in the past, as they were known then."""
        rows = list(self.row.postings.select_related("region").order_by("-start"))
        if not self.is_read_only:
            return rows
        rows = [row for row in rows if row.start <= self.day]
        for row in rows[:1]:
            row.end = None  # it ended by a later move
        return rows

    def _training(self) -> dict[str, Any]:
        rows = Training.objects.visible_to(self.reader).filter(officer=self.row, completed_on__lte=self.day)
        done = list(rows.select_related("course__program").order_by("-completed_on", "course__code"))
        courses = Course.objects.visible_to(self.reader).select_related("program")
        required = requirements(self.posts, courses, done).get(self.row.pk, [])
        columns = officer_training_columns(may_act=self.may_act)
        return {
            "required": required,
            "lacking": [(course, record_link(self.row, course)) for course in lacking(required)],
            "training_headings": headings_of(columns),
            "training_rows": rows_of(columns, done),
        }

    def _history(self) -> dict[str, Any]:
        kinds = {"officer", "officerlevel", "officerregion", "assignment", "training"}
        return {"versions": changes.about(self.row, self.reader, of=kinds)}


class MoveOfficer(EditPage):
    """A move of an officer to another region, from a day on; by administrators, who keep the officers' records."""

    title = gettext_lazy("Move to another region")
    submit_label = gettext_lazy("Move")
    section = "officers"
    readers = frozenset({Role.ADMINISTRATOR})
    template_name = "registry/officer_region.html"
    model = Officer
    edited = ("region",)

    @cached_property
    def row(self) -> Officer:
        found: Officer = RowPage.found(
            Officer.objects.visible_to(self.reader).with_names(), number=self.kwargs["number"]
        )
        return found

    @property
    def row_queryset(self) -> Any:
        return Officer.objects.with_names().filter(pk=self.row.pk)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Officers"), reverse("officers")), Crumb(self.row.name, self.row.get_absolute_url())]

    def get_form(self, data: Mapping[str, Any] | None = None) -> MoveForm:
        return MoveForm(data, officer=self.row, day=today(), initial={"region": self.row.region})

    def save(self, form: MoveForm) -> str:
        values = form.cleaned_data
        moved_on = values["moved_on"]
        officer = actions.move_officer(
            self.row, by=self.user, region=values["region"], day=moved_on, within=self.change
        )
        said = {"officer": officer.name, "region": officer.region.name, "day": moved_on or today()}
        undoable(self.request, _("Moved: %(officer)s, %(region)s, since %(day)s.") % said, self.change)
        return officer.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        postings = self.row.postings.select_related("region").order_by("-start")
        return super().get_context_data(**kwargs) | {
            "officer": self.row,
            "posting_headings": headings_of(POSTING_COLUMNS),
            "posting_rows": rows_of(POSTING_COLUMNS, postings),
        }


def fte_steps(officer: Officer, rows: Sequence[Assignment], day: date, *, is_ahead_known: bool) -> Steps:
    """Return the officer's FTE on JFOs and what is free of it, from two fiscal years ago to the end of the next.

    Where what comes after the day was not known, it ends with the day.
    """
    year = FiscalYear.of(day)
    years = [year.previous.previous, year.previous, year, *([year.next] if is_ahead_known else [])]
    found = stretches(officer, rows, years[0].first_day, years[-1].last_day if is_ahead_known else day)
    now = next(one for one in found if one.start <= day <= one.end)
    said = {"day": day, "fte": formats.text(now.fte, "fte"), "free": formats.text(now.free, "fte")}
    return Steps(
        id="fte-by-day",
        title=_("On %(day)s: %(fte)s FTE on JFOs, %(free)s free") % said,
        description=_("FTE from %(first)s to %(last)s, a step wherever an assignment or the service begins or ends.")
        % {"first": found[0].start, "last": found[-1].end},
        headers=[_("Days"), _("FTE on JFOs"), _("FTE free"), _("JFO (FTE)")],
        rows=[
            [
                _("%(start)s to %(end)s") % {"start": one.start, "end": one.end},
                formats.text(one.fte, "fte"),
                formats.text(one.free, "fte"),
                Cell(posts_in_words(one.posts) if one.is_in_service else _("not in service"), _("JFO (FTE)")),
            ]
            for one in found
        ],
        series=[Series(_("FTE on JFOs")), Series(_("FTE free"), "series-3", is_hatched=True)],
        steps=[Step(one.start, one.end, [one.fte, one.free]) for one in found],
        bands=[Band(one.first_day, one.last_day, str(one)) for one in years],
        max_value=FULL_TIME,
        levels=[(level, formats.text(level, "fte")) for level in (Decimal("0.00"), Decimal("0.50"), FULL_TIME)],
        marked=day,
        marked_text=formats.day(day),
    )
