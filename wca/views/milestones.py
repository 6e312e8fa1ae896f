"""The management action plan: what was promised of each recommendation, milestone by milestone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats
from jfo_portal.kit.editing import EditPage, undoable
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.views import Crumb, FilePage, RowPage, marks
from registry.tables import keeping_day
from wca import remediation
from wca.models import Milestone, Recommendation
from wca.plan_forms import DoneForm
from wca.plan_tables import WRITERS, is_of_today, milestone_columns
from wca.tables import Table


@dataclass(frozen=True)
class Answered:
    """One recommendation and the milestones that answer it."""

    recommendation: Recommendation
    table: Table
    caption: str


class Milestones(FilePage):
    """Every milestone by recommendation, as of any day."""

    title = gettext_lazy("Management action plan")
    section = "gaps"
    template_name = "wca/milestones.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if not file_format:
            return super().get(request, *args, **kwargs)
        if file_format not in exports.FORMATS:
            raise Http404
        columns = milestone_columns(self.day, may_act=False)
        notes = [*marks(), (_("Report"), str(self.title)), (_("As of"), str(self.day))]
        return self.file(file_format, f"milestones-{self.day}", columns, self.milestones, notes=notes)

    @cached_property
    def milestones(self) -> list[Milestone]:
        rows = Milestone.objects.visible_to(self.reader).select_related("recommendation")
        return list(rows.order_by("recommendation__number", "due_on", "pk"))

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Plan of remedies"), keeping_day(reverse("plan"), self.day))]

    def answered(self) -> list[Answered]:
        """Return the recommendations with their milestones."""
        columns = milestone_columns(self.day, may_act=is_of_today(self.day, self.reader))[1:]
        return [
            Answered(recommendation, Table(columns, rows), _counted(rows, self.day))
            for recommendation, rows in grouped(self.milestones, lambda row: row.recommendation).items()
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "answered": self.answered(),
            "whole": _counted(self.milestones, self.day),
            "formats": exports.FORMATS,
        }


def _counted(rows: Sequence[Milestone], day: Any) -> str:
    """Return how many milestones there are, how many are done, and how many overdue."""
    return ngettext(
        "%(count)s milestone: %(done)s done, %(overdue)s overdue",
        "%(count)s milestones: %(done)s done, %(overdue)s overdue",
        len(rows),
    ) % {
        "count": formats.number(len(rows)),
        "done": formats.number(sum(row.is_done_on(day) for row in rows)),
        "overdue": formats.number(sum(row.is_overdue_on(day) for row in rows)),
    }


class MilestoneDone(EditPage):
    """The day on which a milestone was reached, and what shows it."""

    title = gettext_lazy("Mark a milestone as done")
    model = Milestone
    section = "gaps"
    readers = WRITERS
    template_name = "wca/milestone_form.html"
    submit_label = gettext_lazy("Mark as done")

    @cached_property
    def row(self) -> Milestone:
        rows = Milestone.objects.editable_by(self.reader).select_related("recommendation")
        row: Milestone = RowPage.found(rows, pk=self.kwargs["pk"])
        return row

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Management action plan"), reverse("plan-milestones"))]

    def get_form(self, data: Mapping[str, Any] | None = None) -> DoneForm:
        done_on = self.row.done_on or today()
        return DoneForm(data, initial={"done_on": done_on, "evidence": self.row.evidence})

    def save(self, form: DoneForm) -> str:
        values = form.cleaned_data
        row = remediation.record_milestone(
            self.row,
            by=self.user,
            done_on=values["done_on"],
            evidence=values["evidence"],
            day=today(),
            within=self.change,
        )
        undoable(self.request, _("Done: %(row)s") % {"row": row}, self.change)
        return row.get_absolute_url()
