"""Forms of the registry: they read what was typed; the actions keep the rules."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

from django import forms
from django.core.validators import BaseValidator
from django.db.models import Case, Model, Q, Value, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.forms import DayField

from .models import JFO, Agency, Assignment, Course, EndReason, Officer, ParticipationReview, Region


def _model_field(model: type[Model], name: str, **options: Any) -> Any:
    """Return the model's own field."""
    return cast(Any, model._meta.get_field(name)).formfield(**options)


def _fte_field(**options: Any) -> forms.DecimalField:
    """Return the model's own field, typed with the reader's decimal mark."""
    field = Assignment._meta.get_field("fte")
    return cast(
        forms.DecimalField,
        field.formfield(
            localize=True,
            # So that the form says it together with what else is wrong; it checks the digits itself.
            validators=[one for one in field.validators if isinstance(one, BaseValidator)],
            error_messages={"invalid": _("Type the FTE as a number, for example 0.50.")},
            **options,
        ),
    )


class _ByRegion(forms.models.ModelChoiceIterator):
    """The choices of a JFO, in a group for each region."""

    def __iter__(self) -> Iterator[Any]:
        yield ("", self.field.empty_label)
        for region, jfos in groupby(self.queryset, key=lambda jfo: jfo.region):
            yield (region.name, [self.choice(jfo) for jfo in jfos])


class JFOField(forms.ModelChoiceField):
    """One of the JFOs that are not over, with their names, grouped by region: the reader's own come first."""

    iterator = _ByRegion
    default_error_messages = {"invalid_choice": _("This JFO is not, or no longer, in the list. Choose another one.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(JFO.objects.none(), label=_("JFO"), **options)

    def label_from_instance(self, obj: Any) -> str:
        return gettext("%(code)s, %(name)s") % {"code": obj.code, "name": obj.name}

    def offer(self, reader: Reader, day: date) -> None:
        """Offer the JFOs that go on on the day or later."""
        jfos = JFO.objects.visible_to(reader).from_day_on(day)
        own_first = Case(When(region__in=reader.scope_ids, then=Value(0)), default=Value(1))
        self.queryset = jfos.select_related("region").order_by(own_first, "region__code", "code")


class OfficerField(forms.ModelChoiceField):
    """One of the officers whose assignments the reader may change."""

    default_error_messages = {
        "invalid_choice": _("This officer is not, or no longer, in the list. Choose another one.")
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(Officer.objects.none(), label=_("Officer"), **options)

    def label_from_instance(self, obj: Any) -> str:
        return gettext("%(name)s, %(function)s, %(number)s") % {
            "name": obj.name,
            "function": obj.function_short,
            "number": obj.number,
        }


class ReasonedForm(forms.Form):
    """A form that asks why; the answer goes into the history."""

    reason = forms.CharField(
        label=_("Why (kept in the history)"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    field_order: tuple[str, ...] = ()

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])


class ReasonRequiredForm(ReasonedForm):
    """Nothing but why, which has to be said."""

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["reason"].required = True


def _review_field() -> DayField:
    return DayField(
        label=_("Review date"),
        required=False,
        help_text=_("YYYY-MM-DD; when an assignment without a last day will be looked at again."),
    )


class AssignForm(ReasonedForm):
    """A new assignment of one of the reader's officers."""

    officer = OfficerField()
    jfo = JFOField()
    fte = _fte_field()
    start = DayField(label=_("First day"))
    end = DayField(label=_("Last day"), required=False, help_text=_("YYYY-MM-DD; empty if it is not known yet."))
    review_on = _review_field()

    def __init__(self, data: Mapping[str, Any] | None = None, *, reader: Reader, day: date, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["officer"].queryset = (  # type: ignore[attr-defined]
            Officer.objects.visible_to(reader).from_day_on(day).order_by("family_name", "given_name")
        )
        self.fields["jfo"].offer(reader, day)  # type: ignore[attr-defined]


class ExtendForm(ReasonedForm):
    """A later last day, or none and a review date."""

    end = DayField(label=_("New last day"), required=False, help_text=_("YYYY-MM-DD; empty for no last day."))
    review_on = DayField(
        label=_("Review date"),
        required=False,
        help_text=_("YYYY-MM-DD; needed for an assignment without a last day past the policy period."),
    )


class ExtendTogetherForm(ExtendForm):
    """A later last day of several assignments, or none; each keeps its own review unless another date is given."""

    review_on = DayField(
        label=_("Review date"),
        required=False,
        help_text=_("YYYY-MM-DD; left empty, each assignment keeps its own as long as it comes before its last day."),
    )


# Reasons that a transfer, a split or another FTE give by themselves: nobody chooses them.
SAID_BY_ACTIONS = frozenset({EndReason.TRANSFER, EndReason.CHANGE})


class EndForm(ReasonedForm):
    """The last day, and what ends the assignment."""

    end = DayField(label=_("Last day"), help_text=_("YYYY-MM-DD; the officer still serves on this day."))
    end_reason = forms.ChoiceField(
        label=_("What ends it"), choices=[(one.value, one.label) for one in EndReason if one not in SAID_BY_ACTIONS]
    )


class TransferForm(ReasonedForm):
    """Another JFO, and the first day there."""

    jfo = JFOField()
    start = DayField(
        label=_("First day on the new JFO"), help_text=_("YYYY-MM-DD; the present assignment ends the day before.")
    )
    fte = _fte_field()
    end = DayField(label=_("Last day"), required=False, help_text=_("YYYY-MM-DD; empty if it is not known yet."))
    review_on = _review_field()

    def __init__(self, data: Mapping[str, Any] | None = None, *, reader: Reader, day: date, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["jfo"].offer(reader, day)  # type: ignore[attr-defined]


class TransferTogetherForm(TransferForm):
    """Another JFO for several officers, and the first day there; each keeps their own FTE."""

    start = DayField(
        label=_("First day on the new JFO"),
        help_text=_("YYYY-MM-DD; the present assignments end the day before, and each officer keeps their own FTE."),
    )
    fte = None  # type: ignore[assignment]


class ChangeFteForm(ReasonedForm):
    """Another FTE, and the day from which it holds."""

    fte = _fte_field(label=_("New FTE"))
    start = DayField(
        label=_("From which day"),
        help_text=_("YYYY-MM-DD; from a later day than the first, the FTE of the days before stays as it was."),
    )


class SplitForm(ReasonedForm):
    """Another JFO for a part of the assignment's FTE, and the first day there."""

    jfo = JFOField()
    fte = _fte_field(
        label=_("FTE on the new JFO"), help_text=_("Less than the assignment has; the rest stays where it is.")
    )
    start = DayField(label=_("First day on the new JFO"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, reader: Reader, day: date, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["jfo"].offer(reader, day)  # type: ignore[attr-defined]


# Agencies


class AgencyForm(ReasonedForm):
    """What an agency is called, in both languages, and what it is."""

    short_en = _model_field(Agency, "short_en")
    short_fr = _model_field(Agency, "short_fr")
    name_en = _model_field(Agency, "name_en")
    name_fr = _model_field(Agency, "name_fr")
    level = _model_field(Agency, "level")
    is_group = _model_field(Agency, "is_group")


class NewAgencyForm(AgencyForm):
    """A new agency, with the key that its page, the imports and the history know it by."""

    key = forms.RegexField(
        r"\A[A-Z0-9]+(-[A-Z0-9]+)*\Z",
        max_length=40,
        label=_("Key"),
        help_text=_("Capital letters, digits and hyphens, such as RCMP or US-CBP; it never changes."),
        error_messages={"invalid": _("Use capital letters, digits and hyphens alone, such as US-CBP.")},
    )
    field_order = ("key",)

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.order_fields(["key"])


class AliasForm(ReasonedForm):
    """Another spelling of an agency."""

    alias = forms.CharField(label=_("Spelling"), max_length=200, help_text=_("As documents and spreadsheets write it."))


# Officers


class MoveForm(ReasonedForm):
    """Another region for an officer, and the first day there; or another first day in the same one."""

    region = forms.ModelChoiceField(
        Region.objects.none(),
        label=_("Region"),
        empty_label=None,
        error_messages={"invalid_choice": _("This region is not, or no longer, in the list. Choose another one.")},
    )
    moved_on = DayField(
        label=_("First day in this region"),
        required=False,
        help_text=_("YYYY-MM-DD; empty for today. The region of before keeps the days before, and their figures."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, officer: Officer, day: date, **options: Any) -> None:
        super().__init__(data, **options)
        regions = cast(forms.ModelChoiceField, self.fields["region"])
        regions.queryset = Region.objects.filter(
            Q(pk__in=Region.objects.as_of(day).order_by().values("pk")) | Q(pk=officer.region_id)
        ).order_by("code")
        regions.label_from_instance = _region_label  # type: ignore[assignment]


def _region_label(region: Any) -> str:
    return f"{region.short} – {region.name}"


# Training


class TrainingForm(ReasonedForm):
    """A course, and the day on which the officer completed it."""

    course = forms.ModelChoiceField(
        Course.objects.none(),
        label=_("Course"),
        error_messages={"invalid_choice": _("This course is not, or no longer, in the list. Choose another one.")},
    )
    completed_on = DayField(label=_("Completed on"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, reader: Reader, day: date, **options: Any) -> None:
        super().__init__(data, **options)
        self.day = day
        courses = cast(forms.ModelChoiceField, self.fields["course"])
        courses.queryset = Course.objects.visible_to(reader).order_by("code")
        courses.label_from_instance = attrgetter("name")  # type: ignore[assignment]

    def clean_completed_on(self) -> date:
        day: date = self.cleaned_data["completed_on"]
        if day > self.day:
            raise forms.ValidationError(
                gettext("%(day)s is still to come. Give the day on which the course was completed.") % {"day": day}
            )
        return day


# Participation reviews, and the lines of the home page


class ReviewForm(forms.Form):
    """A participation review: what was decided, why, and from when; its reasons are those that the history keeps."""

    reviewed_on = DayField(label=_("Reviewed on"), help_text=_("YYYY-MM-DD; a review is recorded once it was done."))
    decision = _model_field(ParticipationReview, "decision")
    fte = _model_field(
        ParticipationReview,
        "fte",
        localize=True,
        help_text=_("After an increase or a reduction, the FTE that the CBSA agrees to give from then on."),
        error_messages={"invalid": _("Type the FTE as a number, for example 0.50.")},
    )
    effective_on = DayField(
        label=_("Effective on"),
        required=False,
        help_text=_("YYYY-MM-DD; after a withdrawal the CBSA’s last day, otherwise the first day of the new FTE."),
    )
    reasons = _model_field(ParticipationReview, "reasons", widget=forms.Textarea(attrs={"rows": 4}))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        return {**values, "reason": values.get("reasons", "")}


class ReviewCorrectionForm(ReasonedForm):
    """The day and the reasons of a review; what it decided took effect, and stays."""

    reviewed_on = DayField(label=_("Reviewed on"))
    reasons = _model_field(ParticipationReview, "reasons", widget=forms.Textarea(attrs={"rows": 4}))


class SnoozeForm(forms.Form):
    """The day on which a line of the home page comes back, and why it can wait."""

    until = DayField(label=_("Until"), help_text=_("YYYY-MM-DD; on this day the line comes back by itself."))
    reason = forms.CharField(label=_("Why it can wait"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Mapping[str, Any] | None = None, *, first: date, last: date, **options: Any) -> None:
        super().__init__(data, **options)
        self.first, self.last = first, last

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not self.first <= until <= self.last:
            raise forms.ValidationError(
                gettext("Give a day from %(first)s to %(last)s: a line is not put off for more than a year.")
                % {"first": self.first, "last": self.last}
            )
        return until
