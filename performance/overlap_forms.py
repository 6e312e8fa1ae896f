"""The form of a coordination record: who of two JFOs leads when."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.forms import DayField
from registry.forms import ReasonedForm

from .models import Coordination


class CoordinationForm(forms.ModelForm):
    """What the two leads agreed; the row is validated when it is written."""

    agreed_on = DayField(label=_("Agreed on"), help_text=_("YYYY-MM-DD"))
    review_on = DayField(label=_("Review due on"), help_text=_("YYYY-MM-DD; a year after the agreement at the latest."))

    class Meta:
        model = Coordination
        fields = ["leads", "agreed_how", "agreed_on", "review_on"]
        widgets: ClassVar = {"leads": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["reason"] = ReasonedForm().fields["reason"]

    def _post_clean(self) -> None:
        """Do not touch the row: it is validated as it is when it is written."""

    def fill(self, row: Coordination) -> Coordination:
        """Give the row what was typed; returns it."""
        for name in self._meta.fields or ():
            setattr(row, name, self.cleaned_data[name])
        return row
