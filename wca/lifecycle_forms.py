"""Forms of the life cycle: they read what was typed; wca.lifecycle keeps the rules."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.forms import DayField

from .lifecycle import REASONED
from .models import Answer, Arrangement, Consultation, Event, Stage
from .models.stages import BEGINNINGS
from .register_forms import NewerField


def _reason_field(*, required: bool, **options: Any) -> forms.CharField:
    return forms.CharField(required=required, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), **options)


class StepForm(forms.Form):
    """When an arrangement takes a step, and why; what supersedes it, if it does."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        arrangement: Arrangement,
        event: Event,
        reader: Reader,
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        self.fields["on"] = DayField(label=_("Day"), help_text=_("YYYY-MM-DD; today or earlier."))
        if event == Event.SUPERSEDE:
            others = Arrangement.objects.visible_to(reader).exclude(pk=arrangement.pk).order_by("-reference")
            self.fields["newer"] = NewerField(others)
        self.fields["reason"] = _reason_field(label=_("Why"), required=event in REASONED)


class BeginForm(forms.Form):
    """Where the recorded life of an arrangement begins, and when."""

    stage = forms.ChoiceField(
        label=_("Stage"),
        choices=[(stage.value, stage.label) for stage in BEGINNINGS],
        initial=Stage.DRAFTING,
        widget=forms.RadioSelect,
    )
    on = DayField(label=_("Since"), help_text=_("YYYY-MM-DD; today or earlier."))
    reason = _reason_field(label=_("Why"), required=False)


class AnswerForm(forms.ModelForm):
    """What an office answered."""

    answer = forms.ChoiceField(label=_("Answer"), choices=Answer.choices, widget=forms.RadioSelect)
    answered_on = DayField(label=_("Answered on"), help_text=_("YYYY-MM-DD; today or earlier."))
    reason = _reason_field(
        label=_("Reason"),
        required=False,
        help_text=_("What is to be changed, or why the consultation is waived; needed for both."),
    )

    class Meta:
        model = Consultation
        fields = ["answer", "answered_on", "reason"]

    def _post_clean(self) -> None:
        """Leave the row as it is: wca.lifecycle writes it, and validates it whole."""
