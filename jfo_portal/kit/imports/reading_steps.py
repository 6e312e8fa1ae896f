"""The steps of an import in which a person says how its file is read: the file, what its columns hold, what its values
stand for."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import formats
from ..models import Import
from . import actions, readout
from .fields import shown
from .forms import ColumnsForm, ReadingForm, ValuesForm, add_choice
from .preview import Unmatched
from .reading import ImportRefused, Sheet
from .resources import header_of
from .steps import StepPage, after_columns

_FIRST_ROWS = 5
# A form of more values is no help.
_FIRST_VALUES = 100


class FileStep(StepPage):
    """How the file is read, its first rows, and what should be known of it; each can be corrected."""

    step = "file"
    template_name = "imports/file.html"
    submit_label = gettext_lazy("Continue to the columns")

    def get_form(self, data: Any = None) -> BaseForm:
        return ReadingForm(self.sheet, data)

    def save(self, form: Any) -> str:
        options = form.options(self.row.options)
        if options is None:
            return reverse("import-columns", args=[self.row.pk])
        try:
            actions.reread(self.row, self.of_row, options, by=self.reader)
        except ImportRefused as refusal:
            raise ValidationError(str(refusal)) from refusal
        messages.success(self.request, _("The file was read again, as you said. Look at its first rows."))
        return reverse("import-file", args=[self.row.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sheet = self.sheet
        positions = range(min(_FIRST_ROWS, len(sheet)))
        return super().get_context_data(**kwargs) | {
            "is_text": bool(sheet.encoding),
            "headers": [header_of(sheet, place) for place in range(len(sheet.headers))],
            "rows": [
                (sheet.lines[position], [_shown(sheet, place, position) for place in range(len(sheet.headers))])
                for position in positions
            ],
            "forgets": bool(self.row.fixes),
        }


def _shown(sheet: Sheet, place: int, position: int) -> str:
    cell = sheet.cell(place, position)
    return formats.NO_VALUE if cell is None else shown(cell)


class ColumnsStep(StepPage):
    """What each column of the file holds."""

    step = "columns"
    template_name = "imports/columns.html"
    submit_label = gettext_lazy("Continue")

    def get_form(self, data: Any = None) -> ColumnsForm:
        return ColumnsForm(self.sheet, self.of_row, self.matching, data)

    def save(self, form: Any) -> str:
        try:
            actions.say(self.row, by=self.reader, mapping=form.mapping)
        except ImportRefused as refusal:
            raise ValidationError(str(refusal)) from refusal
        # As it was said just now, without what was known of it before.
        return after_columns(Import.objects.visible_to(self.reader).get(pk=self.row.pk), self.of_row)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form, matching = context["form"], self.matching
        before = actions.remembered(self.sheet, self.of_row)
        said = self.row.said.mapping
        columns = [
            (
                column,
                form[ColumnsForm.name(column.place)],
                column.place in before and said.get(column.place) == before[column.place],
            )
            for column in readout.columns_read(self.sheet, self.of_row, matching.places)
        ]
        is_new = not form.is_bound
        return context | {
            "columns": columns,
            "is_remembered": any(is_remembered for _column, _field, is_remembered in columns),
            "unknown": [header_of(self.sheet, place) for place in matching.unknown] if is_new else [],
            "missing": [ColumnsForm.missing(self.of_row.fields[name]) for name in matching.missing] if is_new else [],
            "doubled": [self.of_row.fields[name].label for name, _place in matching.doubled] if is_new else [],
        }


class ValuesStep(StepPage):
    """What each value that names nothing known stands for."""

    step = "values"
    template_name = "imports/values.html"
    submit_label = gettext_lazy("Continue to the review")

    def before(self) -> HttpResponse | None:
        if (elsewhere := self._need_preview()) is not None:
            return elsewhere
        return None if self._preview.unmatched else redirect("import-review", self.row.pk)

    @property
    def first(self) -> Sequence[Unmatched]:
        """The values that most rows have, as many as a page can ask about."""
        return sorted(self._preview.unmatched, key=lambda one: -one.count)[:_FIRST_VALUES]

    def get_form(self, data: Any = None) -> ValuesForm:
        return ValuesForm(self.first, self.of_row, data)

    def save(self, form: Any) -> str:
        chosen = form.choices(self.row.choices)
        pressed = form.unmatched.get(self.request.POST.get("use", ""))
        if pressed is not None and pressed.nearest is not None:
            add_choice(chosen, pressed, pressed.nearest, self.row.choices)
        try:
            actions.say(self.row, by=self.reader, choices=chosen)
        except ImportRefused as refusal:
            raise ValidationError(str(refusal)) from refusal
        return reverse("import-review" if pressed is None else "import-values", args=[self.row.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = context["form"]
        return context | {
            "values": [(key, one, form[key]) for key, one in form.unmatched.items()],
            "lists": form.lists(),
            "more": len(self._preview.unmatched) - len(form.unmatched),
        }
