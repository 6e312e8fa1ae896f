"""The plan of remedies: the list of actions, one action, and the forms that act on it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, exports, formats
from jfo_portal.kit.charts import SVG, StepLines
from jfo_portal.kit.editing import EditPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage, require_readable
from registry.tables import keeping_day
from wca import remediation
from wca.measures.planning import Month, progress
from wca.models import ActionState, RemediationAction
from wca.plan_charts import progress_chart
from wca.plan_filters import PlanFilters
from wca.plan_forms import AcceptForm, DoneForm, EndAcceptanceForm, ReturnForm, ReviseForm, VerifyForm
from wca.plan_tables import (
    MONTH_COLUMNS,
    WRITERS,
    action_columns,
    acts_of,
    by_day,
    gap_href,
    is_of_today,
    state_mark,
)


class PlanList(ListPage):
    """The actions opened by the day: the overdue first, then what is to be done by its day, then what is settled."""

    title = gettext_lazy("Plan of remedies")
    section = "gaps"
    template_name = "wca/plan.html"
    filterset_class = PlanFilters
    ordering = ("urgency", "due_on", "pk")
    file_name = "plan"
    has_as_of = True
    empty = gettext_lazy("No action matches. Remove a filter, look at another date, or open one from the gap report.")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Gap report"), keeping_day(reverse("gap-report"), self.day))]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if request.GET.get("table", "") != "progress" or not file_format:
            return super().get(request, *args, **kwargs)
        require_readable(self.filterset)
        name = f"{self.file_name}-progress-{self.day}"
        if file_format == "svg" and self.months:
            headers = exports.download_headers(f"{name}.svg", SVG)
            return HttpResponse(progress_chart(self.months, self.day).svg_file(), headers=headers)
        if file_format not in exports.FORMATS:
            raise Http404
        return self.file(file_format, name, MONTH_COLUMNS, self.months, notes=self.notes())

    def get_queryset(self) -> Any:
        rows = RemediationAction.objects.visible_to(self.reader)
        return rows.known_on(self.day).with_state(self.day).with_names()

    @cached_property
    def months(self) -> list[Month]:
        return progress(self.filtered, self.day)

    @property
    def may_act(self) -> bool:
        return is_of_today(self.day, self.reader)

    def get_columns(self) -> Sequence[Column]:
        return action_columns(self.reader, self.day, may_act=self.may_act)

    @cached_property
    def overdue(self) -> int:
        return int(self.filtered.filter(state=ActionState.OVERDUE).count())

    def caption(self, count: int) -> str:
        return ngettext("%(count)s action, %(overdue)s overdue", "%(count)s actions, %(overdue)s overdue", count) % {
            "count": formats.number(count),
            "overdue": formats.number(self.overdue),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "chart": self.chart() if self.months else None,
            "milestones_href": keeping_day(reverse("plan-milestones"), self.day),
            "gap_report": keeping_day(reverse("gap-report"), self.day),
            "may_act": self.may_act,
        }

    def chart(self) -> StepLines:
        """Return the chart of the actions listed, with the addresses of its files."""

        def href(file_format: str) -> str:
            query = self.request.GET.copy()
            query["format"], query["table"] = file_format, "progress"
            return f"?{query.urlencode()}"

        return replace(progress_chart(self.months, self.day), csv_href=href("csv"), svg_href=href("svg"))


def facts_of(row: RemediationAction, day: date) -> dict[str, Any]:
    """Return what the facts of an action say as of the day."""
    is_accepted = by_day(row.accepted_on, day) is not None
    is_returned = row.returned_on is not None and row.returned_on <= day
    is_said_done = row.done_on is not None and row.done_on <= day
    return {
        "state": state_mark(row, day),
        "gap_href": gap_href(row, day),
        "owner": remediation.person(row.owner),
        "is_said_done": is_said_done,
        "is_returned": is_returned,
        "verified_on": by_day(row.verified_on, day),
        "verifier": remediation.person(row.verified_by) if row.verified_by else "",
        "is_accepted": is_accepted,
        "accepter": remediation.person(row.accepted_by) if row.accepted_by else "",
        "is_acceptance_over": is_accepted and row.accepted_until is not None and row.accepted_until < day,
    }


class ActionPage(RowPage):
    """One action: the gap, whose it is and how it stands, what was said of it, its history."""

    template_name = "wca/action.html"
    section = "gaps"

    def get_queryset(self) -> Any:
        return RemediationAction.objects.visible_to(self.reader).with_names()

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Plan of remedies"), keeping_day(reverse("plan"), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        acts = acts_of(self.row, self.reader, self.day) if is_of_today(self.day, self.reader) else []
        return (
            super().get_context_data(**kwargs)
            | facts_of(self.row, self.day)
            | {
                "is_known": self.row.opened_on <= self.day,
                "acts": acts,
                "versions": changes.about(self.row, self.reader),
            }
        )


class _OfAction(EditPage):
    """A form that acts on one action."""

    model = RemediationAction
    section = "gaps"
    readers = WRITERS
    template_name = "wca/action_form.html"

    @cached_property
    def row(self) -> RemediationAction:
        rows = RemediationAction.objects.editable_by(self.reader).with_names()
        row: RemediationAction = RowPage.found(rows, pk=self.kwargs["pk"])
        return row

    @property
    def row_queryset(self) -> Any:
        return RemediationAction.objects.with_names().filter(pk=self.row.pk)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Plan of remedies"), reverse("plan")), Crumb(str(self.row), self.row.get_absolute_url())]

    def act(self, values: Mapping[str, Any]) -> RemediationAction:
        """Do it, as part of `self.change`."""
        raise NotImplementedError

    def said(self, row: RemediationAction) -> str:
        """Return the sentence that says what was done."""
        return _("Saved: %(row)s") % {"row": row}

    def save(self, form: Any) -> str:
        row = self.act(form.cleaned_data)
        undoable(self.request, self.said(row), self.change)
        return row.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | facts_of(self.row, self.day)


class Revise(_OfAction):
    """Another owner, due date or wording."""

    title = gettext_lazy("Change an action")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReviseForm:
        row = self.row
        return ReviseForm(data, initial={"what": row.what, "owner": row.owner_id, "due_on": row.due_on})

    def act(self, values: Mapping[str, Any]) -> RemediationAction:
        asked = {name: values[name] for name in ("what", "owner", "due_on")}
        return remediation.revise(self.row, by=self.user, **asked, day=today(), within=self.change)


class Done(_OfAction):
    """Its owner says that it is done."""

    title = gettext_lazy("Mark an action as done")
    submit_label = gettext_lazy("Mark as done")
    watched = ("owner", "due_on")

    def get_form(self, data: Mapping[str, Any] | None = None) -> DoneForm:
        return DoneForm(data, initial={"done_on": today(), "evidence": self.row.evidence})

    def act(self, values: Mapping[str, Any]) -> RemediationAction:
        asked = {name: values[name] for name in ("done_on", "evidence")}
        return remediation.close(self.row, by=self.user, **asked, day=today(), within=self.change)

    def said(self, row: RemediationAction) -> str:
        return _("Done, to be verified by somebody else: %(row)s") % {"row": row}


class Verify(_OfAction):
    """Somebody other than its owner agrees that it is done."""

    title = gettext_lazy("Verify an action")
    submit_label = gettext_lazy("Verify")
    edited = ()
    watched = ("done_on", "evidence", "returned_on", "owner")

    def get_form(self, data: Mapping[str, Any] | None = None) -> VerifyForm:
        return VerifyForm(data)

    def act(self, values: Mapping[str, Any]) -> RemediationAction:
        return remediation.verify(self.row, by=self.user, day=today(), within=self.change)

    def said(self, row: RemediationAction) -> str:
        return _("Verified: %(row)s") % {"row": row}


class Return(_OfAction):
    """Somebody other than its owner says what is still to be done."""

    title = gettext_lazy("Return an action")
    submit_label = gettext_lazy("Return")
    watched = ("done_on", "evidence", "verified_on", "owner")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReturnForm:
        return ReturnForm(data)

    def act(self, values: Mapping[str, Any]) -> RemediationAction:
        note = values["returned_note"]
        return remediation.send_back(self.row, by=self.user, note=note, day=today(), within=self.change)

    def said(self, row: RemediationAction) -> str:
        return _("Returned to its owner: %(row)s") % {"row": row}


class Accept(_OfAction):
    """Somebody other than its owner accepts the risk for a time, or for longer."""

    title = gettext_lazy("Accept the risk")
    submit_label = gettext_lazy("Accept the risk")
    watched = ("done_on", "owner")

    def get_form(self, data: Mapping[str, Any] | None = None) -> AcceptForm:
        return AcceptForm(data, initial={"accepted_why": self.row.accepted_why})

    def act(self, values: Mapping[str, Any]) -> RemediationAction:
        return remediation.accept(
            self.row,
            by=self.user,
            until=values["accepted_until"],
            why=values["accepted_why"],
            day=today(),
            within=self.change,
        )

    def said(self, row: RemediationAction) -> str:
        return _("The risk is accepted until %(day)s: %(row)s") % {"day": row.accepted_until, "row": row}


class EndAcceptance(_OfAction):
    """The acceptance of a risk ends earlier than was said."""

    title = gettext_lazy("End the acceptance of a risk")
    submit_label = gettext_lazy("End the acceptance")

    def get_form(self, data: Mapping[str, Any] | None = None) -> forms.Form:
        return EndAcceptanceForm(data, initial={"accepted_until": today()})

    def act(self, values: Mapping[str, Any]) -> RemediationAction:
        last_day = values["accepted_until"]
        return remediation.end_acceptance(self.row, by=self.user, last_day=last_day, day=today(), within=self.change)

    def said(self, row: RemediationAction) -> str:
        return _("The acceptance ends on %(day)s: %(row)s") % {"day": row.accepted_until, "row": row}
