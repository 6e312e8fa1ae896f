"""Forms of the registry: they read what was typed; the actions keep the rules."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from django import forms
from django.core.validators import BaseValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.forms import DayField

from .models import JFO, Assignment, EndReason, Officer


def _fte_field() -> forms.DecimalField:
    """Return the model's own field, typed with the reader's decimal mark."""
    field = Assignment._meta.get_field("fte")
    return cast(
        forms.DecimalField,
        field.formfield(
            localize=True,
            # So that the form says it together with what else is wrong; it checks the digits itself.
            validators=[one for one in field.validators if isinstance(one, BaseValidator)],
            error_messages={"invalid": _("Type the FTE as a number, for example 0.50.")},
        ),
    )


class JFOField(forms.ModelChoiceField):
    """One of the JFOs that are not over, in one list by region, with their names."""

    default_error_messages = {"invalid_choice": _("This JFO is not, or no longer, in the list. Choose another one.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(JFO.objects.none(), label=_("JFO"), **options)

    def label_from_instance(self, obj: Any) -> str:
        return gettext("%(region)s: %(code)s, %(name)s") % {
            "region": obj.region.short,
            "code": obj.code,
            "name": obj.name,
        }

    def offer(self, reader: Reader, day: date) -> None:
        """Offer the JFOs that go on on the day or later."""
        jfos = JFO.objects.visible_to(reader).from_day_on(day)
        self.queryset = jfos.select_related("region").order_by("region__code", "code")


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
            "function": obj.function,
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


class EndForm(ReasonedForm):
    """The last day, and what ends the assignment."""

    end = DayField(label=_("Last day"), help_text=_("YYYY-MM-DD; the officer still serves on this day."))
    end_reason = forms.ChoiceField(
        label=_("What ends it"), choices=[choice for choice in EndReason.choices if choice[0] != EndReason.TRANSFER]
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
