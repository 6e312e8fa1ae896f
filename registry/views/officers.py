"""The officers: the list and one officer's page."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage, headings_of, rows_of
from registry.filters import OfficerFilters
from registry.measures.strength import level_on
from registry.measures.tenure import tenures
from registry.models import Assignment, Officer, Role
from registry.tables import LEVEL_COLUMNS, keeping_day, officer_assignment_columns, officer_columns


class OfficerList(ListPage):
    """The officers in service on the day whom the reader may see, with their JFOs and FTE."""

    title = gettext_lazy("Officers")
    section = "officers"
    filterset_class = OfficerFilters
    ordering = ("number",)
    file_name = "officers"
    has_as_of = True

    def get_queryset(self) -> Any:
        on_day = Assignment.objects.visible_to(self.reader).as_of(self.day).filter(officer=OuterRef("pk")).order_by()
        fte = on_day.values("officer").annotate(n=Sum("fte")).values("n")
        return (
            Officer.objects.visible_to(self.reader)
            .as_of(self.day)
            .with_names()
            .annotate(level=level_on(self.day, "pk"), fte=Subquery(fte))
        )

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
    """One officer on a day: facts, levels and assignments over time, history; 404 for another region's."""

    template_name = "registry/officer.html"
    section = "officers"
    row_field = "number"

    def get_queryset(self) -> Any:
        return Officer.objects.visible_to(self.reader).with_names()

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Officers"), keeping_day(reverse("officers"), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_act = self.reader.role == Role.REGIONAL_MANAGER and not self.is_read_only
        levels = list(self.row.levels.order_by("-start"))
        assignments = Assignment.objects.visible_to(self.reader).filter(officer=self.row).with_names()
        if self.is_read_only:
            # What was not known to come, on a day in the past.
            levels = [row for row in levels if row.start <= self.day]
            assignments = assignments.filter(start__lte=self.day)
        rows = list(assignments.order_by("-start"))
        on_day = [row for row in rows if row.holds_on(self.day)]
        held = tenures(assignments, self.day)
        columns = officer_assignment_columns(self.day, may_act=may_act)
        return super().get_context_data(**kwargs) | {
            "may_act": may_act,
            "is_in_service": self.row.holds_on(self.day),
            "level": next((row.level for row in levels if row.holds_on(self.day)), None),
            "posts": on_day,
            "fte": sum((row.fte for row in on_day), Decimal(0)),
            "tenure": held[0] if held else None,
            "level_headings": headings_of(LEVEL_COLUMNS),
            "level_rows": rows_of(LEVEL_COLUMNS, levels),
            "assignment_headings": headings_of(columns),
            "assignment_rows": rows_of(columns, rows),
            "assignment_caption": ngettext("%(count)s assignment", "%(count)s assignments", len(rows))
            % {"count": formats.number(len(rows))},
            "versions": changes.about(self.row, self.reader, of={"officer", "officerlevel", "assignment"}),
        }
