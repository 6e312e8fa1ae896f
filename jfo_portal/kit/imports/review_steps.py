"""The steps of an import in which a person looks at what it would do: the review, its errors as a workbook, and the
confirmation."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import OperationalError
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import exports, formats
from ..models import ImportState, Job
from ..views import LANGUAGE, PAGE_SIZES
from . import actions, jobs, review, workbook
from .forms import ConfirmForm
from .preview import WARNED, Counts, Outcome, StoredPreview
from .reading import ImportRefused
from .resources import PreviewRemade, lock_refused
from .steps import StepPage
from .workbook import key_in_words

_FIRST_WARNINGS = 20


class Review(StepPage):
    """What the import would do, row by row; what is wrong can be corrected beside it."""

    step = "review"
    template_name = "imports/review.html"

    def before(self) -> HttpResponse | None:
        return self._need_preview()

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
