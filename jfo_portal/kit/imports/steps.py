"""The steps of an import, each a page that can be left and taken up again: file, columns, values, review, confirm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import OperationalError, models
from django.forms import BaseForm, Form
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import exports, formats
from ..editing import FormPage
from ..models import Import, ImportState, Job
from ..views import LANGUAGE, PAGE_SIZES, RowPage
from . import actions, jobs, readout, review, workbook
from .fields import shown
from .forms import ColumnsForm, ConfirmForm, ReadingForm, ValuesForm, add_choice
from .pages import ImportPage
from .preview import WARNED, Counts, Outcome, StoredPreview, Unmatched
from .reading import ImportRefused, Sheet
from .resources import Matching, PreviewRemade, Resource, header_of, lock_refused
from .workbook import key_in_words

STEPS = ("file", "columns", "values", "review", "confirm", "result")
_LABELS: dict[str, Promise] = {
    "file": gettext_lazy("File"),
    "columns": gettext_lazy("Columns"),
    "values": gettext_lazy("Values"),
    "review": gettext_lazy("Review"),
    "confirm": gettext_lazy("Confirm"),
    "result": gettext_lazy("Result"),
}
_FIRST_ROWS = 5
# A form of more values is no help.
_FIRST_VALUES = 100
_FIRST_WARNINGS = 20


@dataclass(frozen=True)
class StepLink:
    """One step of the bar above every page: its address where it can be gone to."""

    label: str
    href: str | None
    is_current: bool


def bar(staged: Import, current: str, reachable: Sequence[str]) -> list[StepLink]:
    """Return the steps, with a link to each of those that can be gone to."""
    return [
        StepLink(
            str(_LABELS[name]),
            reverse(f"import-{name}", args=[staged.pk]) if name in reachable and name != current else None,
            name == current,
        )
        for name in STEPS
    ]


def bar_of_result() -> list[StepLink]:
    """Return the steps of an import that is finished: none can be gone back to."""
    return [StepLink(str(_LABELS[name]), None, name == "result") for name in STEPS]


def is_told(matching: Matching) -> bool:
    """Say whether it is known what every column holds."""
    return not (matching.unknown or matching.doubled or matching.missing)


def address_of(staged: Import, resource: Resource) -> str:
    """Return the address of the step that needs the person: the first of them where a column is not known."""
    if not is_told(resource.matching(staged.sheet, staged.said.mapping)):
        return reverse("import-file", args=[staged.pk])
    return _after_columns(staged, resource)


def step_of(staged: Import, sheet: Sheet, resource: Resource) -> str:
    """Return the label of the step that needs the person, as far as the columns alone tell."""
    return str(_LABELS["review" if is_told(resource.matching(sheet, staged.said.mapping)) else "columns"])


def _after_columns(staged: Import, resource: Resource) -> str:
    """Return where an import whose columns are known goes on: to its values, where one names nothing known."""
    if not jobs.is_large(staged) and actions.preview(staged, resource).unmatched:
        return reverse("import-values", args=[staged.pk])
    return reverse("import-review", args=[staged.pk])


class StepPage(ImportPage, RowPage, FormPage):
    """One step of an import that waits; a finished one has its result instead, another's is 404."""

    step: ClassVar[str]
    is_act = False

    def get_queryset(self) -> models.QuerySet:
        return Import.objects.visible_to(self.reader)

    def get_title(self) -> str:
        return _("%(step)s – %(number)s: %(file)s") % {
            "step": _LABELS[self.step],
            "number": self.row.number,
            "file": self.row.file_name,
        }

    @cached_property
    def of_row(self) -> Resource:
        return self.resource(self.row.entity)

    @property
    def sheet(self) -> Sheet:
        return self.row.sheet  # type: ignore[no-any-return]

    @cached_property
    def matching(self) -> Matching:
        return self.of_row.matching(self.sheet, self.row.said.mapping)

    @cached_property
    def kept(self) -> StoredPreview | None:
        """What the import would do; None while it is worked out."""
        return jobs.preview_of(self.row, self.of_row, by=self.reader)

    def before(self) -> HttpResponse | None:
        """Return the way to another page, where this step cannot be taken yet."""
        return None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row.state == ImportState.DRAFT and "abandon" in request.POST:
            actions.abandon(self.row, by=self.reader)
            return redirect("import-result", self.row.pk)
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        return super().post(request, *args, **kwargs)

    def _elsewhere(self) -> HttpResponse | None:
        if self.row.state != ImportState.DRAFT:
            return redirect("import-result", self.row.pk)
        if self.row.job_state in jobs.UNDER_WAY:
            return redirect("import-progress", self.row.pk)
        self.of_row  # noqa: B018  (404 where the reader may not import it any more)
        return self.before()

    def _need_columns(self) -> HttpResponse | None:
        return None if is_told(self.matching) else redirect("import-columns", self.row.pk)

    def _need_preview(self) -> HttpResponse | None:
        if (elsewhere := self._need_columns()) is not None:
            return elsewhere
        return None if self.kept is not None else redirect("import-progress", self.row.pk)

    @property
    def reachable(self) -> Sequence[str]:
        """The steps that can be gone to from here."""
        return ("file", "columns", "values", "review") if is_told(self.matching) else ("file", "columns")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "resource": self.of_row,
            "bar": bar(self.row, self.step, self.reachable),
            "earlier": self.row.earlier(),
            "sheet": self.sheet,
            "expires": self.row.created_at + actions.KEPT_FOR,
        }


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
        return _after_columns(Import.objects.visible_to(self.reader).get(pk=self.row.pk), self.of_row)

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
    def _preview(self) -> StoredPreview:
        assert self.kept is not None  # noqa: S101  (`before` saw to it)
        return self.kept

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


class Review(StepPage):
    """What the import would do, row by row; what is wrong can be corrected beside it."""

    step = "review"
    template_name = "imports/review.html"

    def before(self) -> HttpResponse | None:
        return self._need_preview()

    @property
    def _preview(self) -> StoredPreview:
        assert self.kept is not None  # noqa: S101  (`before` saw to it)
        return self.kept

    @property
    def reachable(self) -> Sequence[str]:
        steps = super().reachable
        if not self._preview.unmatched:
            steps = tuple(name for name in steps if name != "values")
        return (*steps, "confirm") if _can_be_confirmed(self._preview) else steps

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        return self.render_to_response(self.get_context_data())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row.state == ImportState.DRAFT and "abandon" in request.POST:
            actions.abandon(self.row, by=self.reader)
            return redirect("import-result", self.row.pk)
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        given = review.corrections(self.row, self._preview, self.of_row, request.POST)
        if given.too_long:
            messages.error(
                request,
                _("A text of row %(line)s is too long for a cell, and was not kept. Shorten it.")
                % {"line": given.too_long[0]},
            )
        if given.fixes or given.choices or given.left_out:
            try:
                actions.say(self.row, by=self.reader, fixes=given.fixes, choices=given.choices, left_out=given.left_out)
            except ImportRefused as refusal:
                messages.error(request, str(refusal))
            else:
                for sentence in _said(given):
                    messages.success(request, sentence)
        elif LANGUAGE not in request.POST and not given.too_long:
            messages.info(request, _("No cell was changed."))
        return redirect(request.get_full_path())

    @cached_property
    def chosen(self) -> str:
        """The outcome whose rows are shown; by default the errors, where there are any."""
        asked = self.request.GET.get("show", "")
        if asked in (*Outcome.values, WARNED):
            return asked
        return "" if asked or not self._preview.counts.error else Outcome.ERROR.value

    @property
    def page_size(self) -> int:
        asked = self.request.GET.get("per", "")
        return int(asked) if asked.isascii() and asked.isdigit() and int(asked) in PAGE_SIZES else PAGE_SIZES[1]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kept = self._preview
        positions = kept.positions(self.chosen)
        page = Paginator(positions, self.page_size).get_page(self.request.GET.get("page"))
        rows = review.rows_shown(self.row, kept, self.of_row, page)
        has_inputs = any(cell.input for row in rows for cell in row.cells)
        # Its form is its table.
        context = super().get_context_data(**kwargs, form=Form())
        del context["form"]
        return context | {
            # What was typed into the rows goes with the reader into the other language.
            "keeps_typing": has_inputs,
            "has_inputs": has_inputs,
            "resource": self.of_row,
            "digest": kept.digest,
            "counts": kept.counts,
            "can_be_confirmed": _can_be_confirmed(kept),
            "figures": _figures(kept),
            "total": len(kept.outcomes) + len(self.row.left_out),
            "chosen": self.chosen,
            "caption": _caption(page.paginator.count, self.chosen),
            "labels": kept.labels,
            "page": page,
            "page_size": self.page_size,
            "page_sizes": PAGE_SIZES,
            "rows": rows,
            "key": key_in_words(self.of_row),
            "left_out": kept.ignored,
            "corrected": len(self.row.corrections),
            "has_warnings": bool(kept.warnings),
        }


def _can_be_confirmed(kept: StoredPreview) -> bool:
    """Say whether no row has an error, and some row is not left out."""
    return bool(kept.outcomes) and not kept.counts.error


def _figures(kept: StoredPreview) -> list[tuple[str, str, int]]:
    """Return what the rows can be filtered by: its name in the address, its words, the number of rows."""
    counts = kept.counts
    return [
        (Outcome.ERROR.value, str(Outcome.ERROR.label), counts.error),
        (WARNED, _("Warning"), len(kept.warnings)),
        (Outcome.NEW.value, str(Outcome.NEW.label), counts.new),
        (Outcome.CHANGED.value, str(Outcome.CHANGED.label), counts.changed),
        (Outcome.UNCHANGED.value, str(Outcome.UNCHANGED.label), counts.unchanged),
    ]


def _said(given: review.Corrections) -> Iterator[str]:
    """Yield what a person's corrections come to, in sentences."""
    if count := len(given):
        yield ngettext(
            "%(count)s cell is corrected here. The records stay as they are until you confirm.",
            "%(count)s cells are corrected here. The records stay as they are until you confirm.",
            count,
        ) % {"count": formats.number(count)}
    elif given.choices:
        yield _("The value stands for the one you chose, in every row that has it.")
    for line, words in given.left_out.items():
        sentence = (
            _("Row %(line)s is taken in again.")
            if words is None
            else _("Row %(line)s is left out. It stands below the table, where you can take it in again.")
        )
        yield sentence % {"line": line}


def _caption(count: int, chosen: str) -> str:
    outcome = _("Warning") if chosen == WARNED else Outcome(chosen).label if chosen else ""
    values = {"count": formats.number(count), "outcome": outcome}
    if not chosen:
        return (
            ngettext("%(count)s row, by its number in the file", "%(count)s rows, by their number in the file", count)
            % values
        )
    return (
        ngettext(
            "%(outcome)s: %(count)s row, by its number in the file",
            "%(outcome)s: %(count)s rows, by their number in the file",
            count,
        )
        % values
    )


class Errors(StepPage):
    """The file with a column that says what is wrong: the whole of it, or the rows with errors alone."""

    step = "review"

    def before(self) -> HttpResponse | None:
        return self._need_preview()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        kept = self.kept
        assert kept is not None  # noqa: S101  (`before` saw to it)
        positions = kept.positions(Outcome.ERROR if request.GET.get("rows") == "errors" else "")
        file, is_held = workbook.with_errors(self.sheet, kept, positions)
        name = f"{self.row.number}-{_('errors')}.xlsx"
        headers = exports.download_headers(name, exports.FORMATS["xlsx"].content_type)
        if not is_held:
            return FileResponse(file, headers=headers)
        with file:
            return HttpResponse(file.read(), headers=headers)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.http_method_not_allowed(request, *args, **kwargs)


class Confirm(StepPage):
    """What the import will do, in words, and the question whether to do it."""

    step = "confirm"
    template_name = "imports/confirm.html"
    submit_label = gettext_lazy("Import these rows")

    def before(self) -> HttpResponse | None:
        if (elsewhere := self._need_preview()) is not None:
            return elsewhere
        return None if _can_be_confirmed(self._preview) else redirect("import-review", self.row.pk)

    @property
    def _preview(self) -> StoredPreview:
        assert self.kept is not None  # noqa: S101  (`before` saw to it)
        return self.kept

    @property
    def reachable(self) -> Sequence[str]:
        steps = super().reachable
        return steps if self._preview.unmatched else tuple(name for name in steps if name != "values")

    def get_form(self, data: Any = None) -> ConfirmForm:
        return ConfirmForm(data, has_warnings=bool(self._preview.warnings))

    def save(self, form: Any) -> str:
        said = {
            "confirmed": self.request.POST.get("confirmed", "")[:64],
            "reason": form.cleaned_data["reason"],
            "agreed_to_warnings": form.cleaned_data.get("agreed", False),
        }
        try:
            if jobs.is_large(self.row):
                jobs.begin(self.row, Job.SAVE, by=self.reader, **said)
                return reverse("import-progress", args=[self.row.pk])
            actions.confirm(self.row, self.of_row, by=self.reader, **said)
        except PreviewRemade as remade:
            messages.warning(self.request, str(remade))
            return reverse("import-review", args=[self.row.pk])
        except ImportRefused as refusal:
            raise ValidationError(str(refusal)) from refusal
        except OperationalError as error:
            raise ValidationError(str(lock_refused(error))) from error
        return reverse("import-result", args=[self.row.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kept = self._preview
        warnings = kept.positions(WARNED)
        lines = [kept.row(self.sheet, position) for position in warnings[:_FIRST_WARNINGS]]
        return super().get_context_data(**kwargs) | {
            "digest": kept.digest,
            "effects": [*effects_in_words(kept.counts), *kept.effects],
            "left_out": kept.ignored,
            "corrected": len(self.row.corrections),
            "warnings": [
                (line.line, [*line.warnings, *(told for cell in line.cells for told in cell.warnings)])
                for line in lines
            ],
            "warned": len(warnings),
            "more_warnings": len(warnings) - len(lines),
            "key": key_in_words(self.of_row),
        }


def effects_in_words(counts: Counts) -> list[str]:
    """Return in words how many records an import adds, changes and leaves as they are."""
    return [
        sentence % {"count": formats.number(count)}
        for count, sentence in (
            (counts.new, ngettext("%(count)s record is added.", "%(count)s records are added.", counts.new)),
            (
                counts.changed,
                ngettext("%(count)s record is changed.", "%(count)s records are changed.", counts.changed),
            ),
            (
                counts.unchanged,
                ngettext("%(count)s record stays as it is.", "%(count)s records stay as they are.", counts.unchanged),
            ),
        )
        if count
    ]
