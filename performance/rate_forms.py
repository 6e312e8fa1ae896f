"""Forms of the rates, and of closing and reopening a fiscal year."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from registry.part_forms import TypedRowForm

from .models import BenefitRate, SalaryRate


class YearField(forms.CharField):
    """A fiscal year, typed as 2010-2011; the row keeps the calendar year in which it starts."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Fiscal year"))
        options.setdefault("help_text", _("Two years in a row, such as 2010-2011."))
        super().__init__(max_length=20, **options)

    def prepare_value(self, value: Any) -> Any:
        return str(FiscalYear(value)) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return FiscalYear.parse(typed).start_year
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


def _amount(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        localize=True, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **options
    )


class _RateForm(TypedRowForm):
    """A rate; which year and level it is for is asked once, when it is added."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.is_new:
            for name in {"fiscal_year", "level"} & self.fields.keys():
                del self.fields[name]


class SalaryForm(_RateForm):
    """What a level is paid in a fiscal year."""

    fiscal_year = YearField()
    amount = _amount(label=_("Salary for a year of full time, in dollars"), min_value=0, max_digits=9, decimal_places=2)

    class Meta:
        model = SalaryRate
        fields: ClassVar = ["fiscal_year", "level", "amount"]


class BenefitForm(_RateForm):
    """What employee benefits add to salaries in a fiscal year."""

    fiscal_year = YearField()
    rate = _amount(
        label=_("Benefits as a share of salaries"),
        help_text=_("A share of one: 0.2 for 20%."),
        min_value=0,
        max_value=1,
        max_digits=5,
        decimal_places=4,
    )

    class Meta:
        model = BenefitRate
        fields: ClassVar = ["fiscal_year", "rate"]
