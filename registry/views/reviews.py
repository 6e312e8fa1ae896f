"""Participation reviews: the list of all, and the forms that record, correct and remove one."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import TOKEN, EditPage, FormPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage, headings_of, rows_of
from registry import reviewing
from registry.filters import ReviewFilters
from registry.forms import ReasonedForm, ReviewCorrectionForm, ReviewForm
from registry.measures.steering import review_due
from registry.measures.strength import fte_on
from registry.models import JFO, MANAGERS, Assignment, Establishment, ParticipationReview, ReviewDecision
from registry.tables import keeping_day, review_columns, withdrawn_columns

# The hidden field that says which withdrawal was looked at, and the button that leads back to the form.
CHECKED = "_checked"
BACK = "_back"


class ReviewList(ListPage):
    """The reviews done by the day, newest first; what is due stands above them."""

    title = gettext_lazy("Participation reviews")
    section = "jfos"
    template_name = "registry/reviews.html"
    filterset_class = ReviewFilters
    ordering = ("-reviewed_on", "jfo__code")
    file_name = "participation-reviews"
    has_as_of = True
    empty = gettext_lazy("No review matches. Remove a filter, or look at another date.")

    def get_queryset(self) -> Any:
        return ParticipationReview.objects.visible_to(self.reader).done_by(self.day).with_names()

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("JFOs"), keeping_day(reverse("jfos"), self.day))]

    def get_columns(self) -> Sequence[Column]:
        return review_columns(self.reader, self.day, may_act=self.reader.role in MANAGERS and not self.is_read_only)

    def caption(self, count: int) -> str:
        return ngettext("%(count)s review", "%(count)s reviews", count) % {"count": formats.number(count)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        due = review_due(JFO.objects.visible_to(self.reader), self.day)
        return super().get_context_data(**kwargs) | {
            "due": due.count(),
            "due_href": f"{reverse('jfos')}?review_due=yes{self.on_day.replace('?', '&')}",
        }


class _OfJFO(FormPage):
    """A form about the reviews of one JFO."""

    section = "jfos"
    readers = MANAGERS
    jfo: JFO

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("JFOs"), reverse("jfos")),
            Crumb(str(self.jfo), self.jfo.get_absolute_url()),
        ]


class Record(_OfJFO):
    """A new review; a withdrawal is saved once its consequences were looked at, as they are then."""

    title = gettext_lazy("Record a participation review")
    template_name = "registry/review_form.html"
    check_template = "registry/withdrawal.html"
    submit_label = gettext_lazy("Record the review")

    @cached_property
    def jfo(self) -> JFO:  # type: ignore[override]
        return RowPage.found(JFO.objects.editable_by(self.reader).with_names(), code=self.kwargs["code"])

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReviewForm:
        return ReviewForm(data, initial={"reviewed_on": today()})

    def before_saving(self, form: Any) -> HttpResponse | None:
        if BACK in self.data:
            return self.render_to_response(self.get_context_data(form=form))
        values = form.cleaned_data
        if values["decision"] != ReviewDecision.WITHDRAW or values["effective_on"] is None:
            return None
        jfo = reviewing.locked(self.jfo)
        kept = {name: value for name, value in values.items() if name != "reason"}
        reviewing.require_sound(ParticipationReview(jfo=jfo, **kept), today())
        found = reviewing.withdrawal(jfo, values["effective_on"], day=today())
        checked = self.data.get(CHECKED, "")
        if checked == found.digest:
            return None
        return self._check(form, found, is_changed=bool(checked))

    def _check(self, form: Any, found: reviewing.Withdrawal, *, is_changed: bool) -> HttpResponse:
        """Return the page that lists what the withdrawal does, for the reader to confirm."""
        own = set(
            Assignment.objects.visible_to(self.reader)
            .filter(pk__in=[row.pk for row in found.rows])
            .values_list("pk", flat=True)
        )
        columns = withdrawn_columns(found.last_day)
        seen = [row for row in found.rows if row.pk in own]
        context = self.get_context_data(form=form) | {
            "withdrawal": found,
            "is_changed": is_changed,
            "headings": headings_of(columns),
            "rows": rows_of(columns, seen),
            "caption": _assignments(len(seen)),
            "unseen": len(found.rows) - len(seen),
            "hidden": [(TOKEN, self.token), (CHECKED, found.digest)],
            "typed": [
                (name, value)
                for name, values in self.data.lists()
                if name not in (TOKEN, CHECKED, BACK, "csrfmiddlewaretoken")
                for value in values
            ],
        }
        return render(self.request, self.check_template, context)

    def save(self, form: ReviewForm) -> str:
        values = form.cleaned_data
        row = reviewing.record(
            by=self.user,
            jfo=self.jfo,
            reviewed_on=values["reviewed_on"],
            decision=ReviewDecision(values["decision"]),
            reasons=values["reasons"],
            fte=values["fte"],
            effective_on=values["effective_on"],
            day=today(),
            within=self.change,
        )
        undoable(
            self.request,
            _("Saved: %(review)s, %(decision)s.") % {"review": row, "decision": row.get_decision_display()},
            self.change,
        )
        return row.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        agreed = Establishment.objects.visible_to(self.reader).filter(jfo=self.jfo).as_of(self.day).first()
        last = ParticipationReview.objects.visible_to(self.reader).filter(jfo=self.jfo).done_by(self.day)
        return super().get_context_data(**kwargs) | {
            "jfo": self.jfo,
            "agreed": agreed,
            "fte": fte_on(self.jfo, self.day),
            "last_review": last.order_by("-reviewed_on").first(),
        }


class _Change(EditPage, _OfJFO):
    """A form about one review that the reader may change."""

    model = ParticipationReview

    @cached_property
    def row(self) -> ParticipationReview:
        reviews = ParticipationReview.objects.editable_by(self.reader).with_names()
        return RowPage.found(reviews, pk=self.kwargs["pk"])

    @property
    def row_queryset(self) -> Any:
        return ParticipationReview.objects.with_names().filter(pk=self.row.pk)

    @property
    def jfo(self) -> JFO:  # type: ignore[override]
        return self.row.jfo

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "took_effect": reviewing.took_effect(self.row),
            "is_removal": False,
        }


class Correct(_Change):
    """The day and the reasons of a review."""

    title = gettext_lazy("Correct a participation review")
    template_name = "registry/review_change.html"

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReviewCorrectionForm:
        return ReviewCorrectionForm(data, initial={"reviewed_on": self.row.reviewed_on, "reasons": self.row.reasons})

    def save(self, form: ReviewCorrectionForm) -> str:
        row = reviewing.correct(
            self.row,
            by=self.user,
            reviewed_on=form.cleaned_data["reviewed_on"],
            reasons=form.cleaned_data["reasons"],
            reason=form.cleaned_data["reason"],
            day=today(),
            within=self.change,
        )
        undoable(self.request, _("Saved: %(review)s.") % {"review": row}, self.change)
        return row.get_absolute_url()


class Remove(_Change):
    """Remove a review, and take back what it did."""

    title = gettext_lazy("Remove a participation review")
    template_name = "registry/review_change.html"
    submit_label = gettext_lazy("Remove")
    edited = ()
    watched = ("reviewed_on", "decision", "fte", "effective_on", "reasons")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        said, address = str(self.row), self.jfo.get_absolute_url()
        reviewing.remove(self.row, by=self.user, reason=form.cleaned_data["reason"], within=self.change)
        undoable(self.request, _("Removed: %(review)s.") % {"review": said}, self.change)
        return address

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"is_removal": True}


def _assignments(count: int) -> str:
    return ngettext("%(count)s assignment", "%(count)s assignments", count) % {"count": formats.number(count)}
