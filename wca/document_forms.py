"""What a person says of a document that they upload; its file is read here, before anything is locked."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import documents, texts
from .models import Arrangement, Document
from .models.documents import LANGUAGES


class DocumentForm(forms.Form):
    """A file, its language, and whether it is a draft; `cleaned_data` holds its `data` and `text`, too."""

    # What is wrong with an empty file is said by the reader, as of any other.
    file = forms.FileField(label=gettext_lazy("File"), allow_empty_file=True, max_length=1_000)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=[("", gettext_lazy("Choose")), *LANGUAGES])
    is_draft = forms.BooleanField(
        label=gettext_lazy("It is a draft"), required=False, help_text=Document._meta.get_field("is_draft").help_text
    )

    def __init__(self, arrangement: Arrangement, data: Mapping[str, Any] | None, files: Any, **options: Any) -> None:
        super().__init__(data, files, **options)
        self.arrangement = arrangement
        self.fields["file"].help_text = _(
            "A PDF, a Word document (.docx) or a plain text file of at most %(limit)s MB. Its content says which it "
            "is, not its name."
        ) % {"limit": settings.DOCUMENT_MAX_BYTES // (1024 * 1024)}

    def clean_file(self) -> Any:
        """Refuse a file that is too large, cannot be read, or is there already, with the way to where it is."""
        file = self.cleaned_data["file"]
        texts.require_size(file.size)
        data = file.read()
        if (earlier := documents.same_file(self.arrangement, data)) is not None:
            raise ValidationError(
                format_html(
                    _(
                        'The arrangement already holds this very file: <a href="{href}">version {version} '
                        "({language})</a>. Choose another file."
                    ),
                    href=earlier.get_absolute_url(),
                    version=earlier.version,
                    language=earlier.get_language_display(),
                )
            )
        self.cleaned_data |= {"data": data, "text": texts.read(data)}
        return file
