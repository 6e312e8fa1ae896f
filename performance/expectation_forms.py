"""Forms of expectations: they read what was typed; performance.expecting keeps the rules."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from registry.forms import JFOField, ReasonedForm
from registry.models import JFO

from .models import Expectation

# How many years before and after today's something can be expected of.
BEHIND, AHEAD = 5, 3
NOTE_LENGTH = 4000


def year_choices(day: FiscalYear, *others: int) -> list[tuple[int, str]]:
    """Return the fiscal years that can be chosen, the latest first: three to come, five past, and those named."""
    starts = {*range(day.start_year - BEHIND, day.start_year + AHEAD + 1), *others}
    return [(start, str(FiscalYear(start))) for start in sorted(starts, reverse=True)]


class ExpectationForm(forms.ModelForm):
    """What is expected, by which indicator and for which year."""

    fiscal_year = forms.TypedChoiceField(label=_("Fiscal year"), coerce=int)

    class Meta:
        model = Expectation
        fields: ClassVar = ["fiscal_year", "indicator", "expected", "basis"]
        localized_fields: ClassVar = ["expected"]
        error_messages: ClassVar = {
            "expected": {"invalid": _("Type what is expected as a number, for example 40 or 2.50.")}
        }

    def __init__(self, data: Mapping[str, Any] | None = None, *, year: FiscalYear, **options: Any) -> None:
        super().__init__(data, **options)
        own = [self.instance.fiscal_year] if self.instance.fiscal_year else []
        self.fields["fiscal_year"].choices = year_choices(year, *own)  # type: ignore[attr-defined]


class NewExpectationForm(ExpectationForm):
    """An expectation of one of the JFOs that the reader keeps."""

    jfo = JFOField()
    field_order = ["jfo", "fiscal_year", "indicator", "expected", "basis"]

    class Meta(ExpectationForm.Meta):
        fields: ClassVar = ["jfo", "fiscal_year", "indicator", "expected", "basis"]

    def offer(self, reader: Reader, year: FiscalYear) -> None:
        """Offer the JFOs that the reader may change and that there were in the last years."""
        field: Any = self.fields["jfo"]
        rows = JFO.objects.editable_by(reader) if not reader.sees_everything else JFO.objects.visible_to(reader)
        field.queryset = (
            rows.from_day_on(FiscalYear(year.start_year - BEHIND).first_day)
            .select_related("region")
            .order_by("region__code", "code")
        )


class NoteForm(ReasonedForm):
    """Why the actual figure is another than the one expected."""

    variance_note = forms.CharField(
        label=_("Variance note"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Why the actual figure is another; no data on persons."),
    )


class UnlockForm(forms.Form):
    """Why a locked expectation is opened again."""

    reason = forms.CharField(
        label=_("Why it is unlocked"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Every page and report that shows the expectation says so from then on; no data on persons."),
    )
