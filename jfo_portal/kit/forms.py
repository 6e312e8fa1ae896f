"""Form fields as the portal shows them, a date typed as YYYY-MM-DD in a text field; and what a file is taken for."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .periods import day_within_reach, is_written_as_day


class DayField(forms.DateField):
    """A date typed as YYYY-MM-DD in either language; a native date input shows the browser's own order."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"inputmode": "numeric", "autocomplete": "off", "size": 12})
    default_error_messages = {
        "invalid": _("Type the date as YYYY-MM-DD, for example 2011-03-31."),
        "no_day": _("There is no such day between 1900-04-01 and 2999-03-31. Check the year, the month and the day."),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", _("YYYY-MM-DD"))
        super().__init__(input_formats=["%Y-%m-%d"], **options)

    def strptime(self, value: str, format: str) -> date:  # noqa: A002
        """Return the day; ValueError for one of another form, 2011-3-1; a sentence of its own for one that does not
        exist, or that no fiscal year holds."""
        day = day_within_reach(value)
        if day is None:
            if is_written_as_day(value):
                raise forms.ValidationError(self.error_messages["no_day"], code="no_day")
            raise ValueError
        return day


# A purpose of fewer words says nothing that somebody could ask about later.
_FEWEST_WORDS = 3


class PurposeForm(forms.Form):
    """What a file that names many officers is for."""

    purpose = forms.CharField(
        label=_("Purpose"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In a few words: what the file is for, and who will see it. It is kept in the log of exports."),
        error_messages={"required": _("Say what the file is for, for example: FTE by JFO for the regional meeting.")},
    )

    def clean_purpose(self) -> str:
        purpose: str = self.cleaned_data["purpose"]
        if len([word for word in purpose.split() if any(map(str.isalpha, word))]) < _FEWEST_WORDS:
            raise forms.ValidationError(
                _("Say it in at least three words, for example: FTE by JFO for the regional meeting.")
            )
        return purpose
