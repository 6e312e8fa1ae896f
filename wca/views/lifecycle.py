"""The forms of an arrangement's life cycle: one for each event, and one that records what an office answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.views import Crumb, RowPage
from registry.models import Role
from wca import lifecycle
from wca.lifecycle_forms import AnswerForm, BeginForm, StepForm
from wca.models import Answer, Arrangement, Consultation, Event, Stage, Step

REVIEWERS = frozenset({Role.NHQ_REVIEWER})


class _OfArrangement(FormPage):
    """A form about one arrangement that the reader may change."""

    section = "arrangements"
    readers = REVIEWERS

    @cached_property
    def arrangement(self) -> Arrangement:
        rows = Arrangement.objects.editable_by(self.reader)
        rows = rows.prefetch_related("steps", "consultations", "signatories__agency")
        found: Arrangement = RowPage.found(rows, reference=self.kwargs["reference"])
        return found

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Arrangements"), reverse("arrangements")),
            Crumb(self.arrangement.reference, f"{self.arrangement.get_absolute_url()}#lifecycle"),
        ]

    @property
    def back(self) -> str:
        """Where the life cycle of the arrangement is shown."""
        return f"{self.arrangement.get_absolute_url()}#lifecycle"

    def done(self, step: Step) -> str:
        """Leave the message of the step that was taken, and return where to go."""
        undoable(
            self.request,
            _("%(reference)s is now in the stage “%(stage)s”.")
            % {"reference": self.arrangement.reference, "stage": step.get_stage_display()},
            self.change,
        )
        return self.back


class TakeStep(_OfArrangement):
    """One event: it says where it leads, what is missing, and asks the day and why."""

    template_name = "wca/step_form.html"

    @cached_property
    def event(self) -> Event:
        if self.kwargs["event"] not in Event.values:
            raise Http404
        return Event(self.kwargs["event"])

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return str(self.event.label)

    def get_title(self) -> str:
        return _("%(reference)s: %(event)s") % {"reference": self.arrangement.reference, "event": self.event.label}

    def get_form(self, data: Mapping[str, Any] | None = None) -> StepForm:
        return StepForm(
            data, arrangement=self.arrangement, event=self.event, reader=self.reader, initial={"on": today()}
        )

    def save(self, form: StepForm) -> str:
        step = lifecycle.take(
            self.arrangement,
            self.event,
            form.cleaned_data["on"],
            by=self.user,
            reason=form.cleaned_data["reason"],
            newer=form.cleaned_data.get("newer"),
            within=self.change,
        )
        return self.done(step)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        stage = lifecycle.stage_on(self.arrangement, today())
        refused = lifecycle.refusal(self.arrangement, stage, self.event)
        return super().get_context_data(**kwargs) | {
            "arrangement": self.arrangement,
            "stage": stage,
            "refused": refused,
            "missing": [] if refused else lifecycle.missing(self.arrangement, self.event, today()),
            "asks_offices": self.event == Event.CONSULT,
        }


class Begin(_OfArrangement):
    """The first step of an arrangement that has none."""

    title = gettext_lazy("Record where it begins")
    template_name = "wca/step_form.html"

    def get_title(self) -> str:
        return _("%(reference)s: %(event)s") % {"reference": self.arrangement.reference, "event": self.title}

    def get_form(self, data: Mapping[str, Any] | None = None) -> BeginForm:
        return BeginForm(data, initial={"stage": Stage.DRAFTING, "on": today()})

    def save(self, form: BeginForm) -> str:
        step = lifecycle.begin(
            self.arrangement,
            Stage(form.cleaned_data["stage"]),
            form.cleaned_data["on"],
            by=self.user,
            reason=form.cleaned_data["reason"],
            within=self.change,
        )
        return self.done(step)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "arrangement": self.arrangement,
            "stage": lifecycle.stage_on(self.arrangement, today()),
            "refused": None,
            "missing": [],
            "asks_offices": False,
        }


class AnswerConsultation(EditPage, _OfArrangement):
    """What an office answered; while the arrangement is in consultation another answer can take its place."""

    model = Consultation
    title = gettext_lazy("Record the answer")
    template_name = "wca/consultation_form.html"

    @cached_property
    def row(self) -> Consultation:
        rows = Consultation.objects.editable_by(self.reader).select_related("arrangement")
        found: Consultation = RowPage.found(rows, pk=self.kwargs["pk"], arrangement=self.arrangement)
        return found

    def lock(self) -> None:
        # The arrangement first, as every act on what belongs to it.
        Arrangement.objects.select_for_update(of=("self",), no_key=True).filter(pk=self.arrangement.pk).first()
        super().lock()

    def get_title(self) -> str:
        return _("%(reference)s: the answer of %(office)s") % {
            "reference": self.arrangement.reference,
            "office": self.row.get_consulted_display(),
        }

    def get_form(self, data: Mapping[str, Any] | None = None) -> AnswerForm:
        return AnswerForm(data, instance=self.row, initial={} if self.row.answered_on else {"answered_on": today()})

    def save(self, form: AnswerForm) -> str:
        row = lifecycle.answer(
            self.row,
            Answer(form.cleaned_data["answer"]),
            form.cleaned_data["answered_on"],
            by=self.user,
            reason=form.cleaned_data["reason"],
            within=self.change,
        )
        undoable(
            self.request,
            _("%(office)s: %(answer)s.") % {"office": row.get_consulted_display(), "answer": row.get_answer_display()},
            self.change,
        )
        return self.back
