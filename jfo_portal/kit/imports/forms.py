"""What a person says to an import: which file and what it holds; then why, and that the rest is left out."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .resources import Resource


class UploadForm(forms.Form):
    """A file, and what it holds."""

    entity = forms.ChoiceField(label=_("What the file holds"))
    # What is wrong with an empty file is said by the reader, as of any other.
    file = forms.FileField(
        label=_("File"), allow_empty_file=True, help_text=_("An xlsx or ods workbook, or a csv or tsv text file.")
    )

    def __init__(self, resources: Sequence[Resource], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entity"].choices = [  # type: ignore[attr-defined]
            ("", gettext("Choose")),
            *((resource.slug, resource.title) for resource in resources),
        ]


class ConfirmForm(forms.Form):
    """Why the records change, and agreement to leave columns out, where there are such."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, help_text=_("Why these records change. It is kept in their history.")
    )
    ignore = forms.BooleanField(
        error_messages={"required": _("Agree to leave these columns out, or remove them from the file.")}
    )

    def __init__(self, ignored: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not ignored:
            del self.fields["ignore"]
            return
        self.fields["ignore"].label = gettext("Leave out these columns: %(columns)s") % {"columns": "; ".join(ignored)}
