"""Assignments: the list, one assignment's page, and what a regional manager does to them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage
from registry import actions
from registry.filters import AssignmentFilters
from registry.forms import AssignForm, EndForm, ExtendForm, TransferForm
from registry.measures.strength import fte_on
from registry.models import JFO, Assignment, EndReason, Officer, Role
from registry.models.assignments import AssignmentQuerySet
from registry.tables import assignment_columns, keeping_day, sees_officers_of

MANAGERS = frozenset({Role.REGIONAL_MANAGER})


def _to_assignments(day: date) -> Crumb:
    return Crumb(_("Assignments"), keeping_day(reverse("assignments"), day))


def _saved(request: HttpRequest, row: Assignment, change: ChangeSet) -> str:
    """Leave a message of the row as it is now, with a button that undoes the change, and return its address."""
    undoable(
        request,
        _("Saved: %(officer)s, %(assignment)s.") % {"officer": row.officer.name, "assignment": row.in_words},
        change,
    )
    return row.get_absolute_url()


class AssignmentList(ListPage):
    """Assignments of the officers the reader may see; of those of the day unless another state is asked for."""

    title = gettext_lazy("Assignments")
    section = "assignments"
    template_name = "registry/assignments.html"
    filterset_class = AssignmentFilters
    ordering = ("jfo__code", "officer__number", "start")
    file_name = "assignments"
    has_as_of = True

    def get_queryset(self) -> Any:
        return Assignment.objects.visible_to(self.reader).with_names()

    def get_columns(self) -> Sequence[Column]:
        may_act = self.reader.role in MANAGERS and not self.is_read_only
        return assignment_columns(self.day, may_act=may_act)

    def caption(self, count: int) -> str:
        fte = formats.text(cast(AssignmentQuerySet, self.filtered).fte(), "fte")
        return ngettext("%(count)s assignment, %(fte)s FTE", "%(count)s assignments, %(fte)s FTE", count) % {
            "count": formats.number(count),
            "fte": fte,
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "may_assign": self.reader.role in MANAGERS and not self.is_read_only
        }


class AssignmentPage(RowPage):
    """One assignment: its facts, what can be done, its history."""

    template_name = "registry/assignment.html"
    section = "assignments"

    def get_queryset(self) -> Any:
        return Assignment.objects.visible_to(self.reader).with_names()

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_assignments(self.day)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "may_act": self.reader.role in MANAGERS and not self.is_read_only,
            "others": Assignment.objects.visible_to(self.reader)
            .filter(officer=self.row.officer)
            .exclude(pk=self.row.pk)
            .select_related("jfo")
            .order_by("-start"),
            "versions": changes.about(self.row, self.reader, of={"assignment"}),
        }


class Assign(FormPage):
    """A new assignment; `?officer=` and `?jfo=` fill the form beforehand."""

    title = gettext_lazy("New assignment")
    section = "assignments"
    readers = MANAGERS
    submit_label = gettext_lazy("Assign")

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_assignments(self.day)]

    def get_form(self, data: Mapping[str, Any] | None = None) -> AssignForm:
        # PostgreSQL takes no NUL in a text, and no code has one.
        number, code = (self.request.GET.get(name, "").replace("\0", "") for name in ("officer", "jfo"))
        officer = Officer.objects.visible_to(self.reader).filter(number=number).first()
        jfo = JFO.objects.visible_to(self.reader).filter(code=code).first()
        return AssignForm(
            data,
            reader=self.reader,
            day=today(),
            initial={"officer": officer, "jfo": jfo, "start": today()},
        )

    def save(self, form: AssignForm) -> str:
        values = form.cleaned_data
        row = actions.assign(
            by=self.user,
            officer=values["officer"],
            jfo=values["jfo"],
            fte=values["fte"],
            start=values["start"],
            end=values["end"],
            review_on=values["review_on"],
            within=self.change,
        )
        return _saved(self.request, row, self.change)


class _Change(EditPage):
    """A form about one assignment that the reader may change; 404 for another region's."""

    section = "assignments"
    readers = MANAGERS
    template_name = "registry/assignment_change.html"

    @cached_property
    def row(self) -> Assignment:
        return RowPage.found(Assignment.objects.editable_by(self.reader).with_names(), pk=self.kwargs["pk"])

    @property
    def row_queryset(self) -> Any:
        return Assignment.objects.with_names().filter(pk=self.row.pk)

    def lock(self) -> None:
        actions.lock_officers([self.row.officer_id])

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_assignments(self.day), Crumb(str(self.row), self.row.get_absolute_url())]


class Extend(_Change):
    title = gettext_lazy("Extend the assignment")
    submit_label = gettext_lazy("Extend")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ExtendForm:
        return ExtendForm(data, initial={"end": self.row.end, "review_on": self.row.review_on})

    def save(self, form: ExtendForm) -> str:
        values = form.cleaned_data
        row = actions.extend(
            self.row,
            by=self.user,
            end=values["end"],
            review_on=values["review_on"],
            day=today(),
            within=self.change,
        )
        return _saved(self.request, row, self.change)


class End(_Change):
    title = gettext_lazy("End the assignment")
    submit_label = gettext_lazy("End")

    def get_form(self, data: Mapping[str, Any] | None = None) -> EndForm:
        return EndForm(data, initial={"end": self.row.end or today()})

    def save(self, form: EndForm) -> str:
        values = form.cleaned_data
        row = actions.end_assignment(
            self.row,
            by=self.user,
            end=values["end"],
            end_reason=EndReason(values["end_reason"]),
            within=self.change,
        )
        return _saved(self.request, row, self.change)


class Transfer(_Change):
    title = gettext_lazy("Transfer the officer")
    # The form asks for those of the new assignment.
    edited = ()
    watched = ("jfo", "fte", "start", "end")
    submit_label = gettext_lazy("Transfer")

    def get_form(self, data: Mapping[str, Any] | None = None) -> TransferForm:
        return TransferForm(data, reader=self.reader, day=today(), initial={"fte": self.row.fte})

    def save(self, form: TransferForm) -> str:
        values = form.cleaned_data
        day = values["start"]
        # Of a JFO of another region a manager is not told how many officers it has.
        told = [jfo for jfo in (self.row.jfo, values["jfo"]) if sees_officers_of(jfo, self.reader)]
        before = {jfo.code: fte_on(jfo, day) for jfo in told}
        row = actions.transfer(
            self.row,
            by=self.user,
            jfo=values["jfo"],
            start=day,
            fte=values["fte"],
            end=values["end"],
            review_on=values["review_on"],
            within=self.change,
        )
        address = _saved(self.request, row, self.change)
        for jfo in told:
            messages.info(
                self.request,
                _("On %(day)s, %(jfo)s goes from %(before)s to %(after)s FTE.")
                % {
                    "day": day,
                    "jfo": jfo.code,
                    "before": formats.text(before[jfo.code], "fte"),
                    "after": formats.text(fte_on(jfo, day), "fte"),
                },
            )
        return address
