"""The pages of an import: which there were, a new one, its review, its result; and the files to begin with."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import OperationalError, models
from django.forms import BaseForm
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from .. import changesets, exports, formats
from ..access import Reader
from ..editing import FormPage
from ..models import Import, ImportState
from ..tables import Column
from ..views import Crumb, ListPage, Page, RowPage
from . import actions, resources
from .forms import ConfirmForm, UploadForm
from .preview import Outcome, Preview
from .reading import ImportRefused
from .resources import Resource, header_of, lock_refused

SAMPLES = Path(settings.BASE_DIR) / "fixtures" / "samples"
_ROWS_PER_PAGE = 100


class ImportPage(Page):
    """A page for those whose role may import something."""

    section = "imports"

    @classmethod
    def is_open_to(cls, reader: Reader) -> bool:
        return resources.may_import(reader)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Imports"), reverse("imports"))]

    def resource(self, slug: str) -> Resource:
        """Return the resource of that slug; 404 if the reader may not import it."""
        found = resources.get(slug, self.reader)
        if found is None:
            raise Http404
        return found


class ImportList(ImportPage, ListPage):
    """The reader's own imports."""

    title = gettext_lazy("Imports")
    template_name = "imports/list.html"
    file_name = "imports"
    empty = gettext_lazy("You have imported nothing yet. Begin with a new import.")

    def get_queryset(self) -> models.QuerySet:
        return Import.objects.visible_to(self.reader).select_related("change_set")

    def get_columns(self) -> Sequence[Column]:
        titles = {resource.slug: resource.title for resource in resources.all_for(self.reader)}
        return [
            Column("number", _("Import"), href=_address, is_header=True),
            Column("entity", _("What it holds"), value=lambda row: titles.get(row.entity, row.entity)),
            Column("file_name", _("File"), sort="file_name"),
            Column(
                "state",
                _("State"),
                value=lambda row: _("Undone") if row.is_undone else row.get_state_display(),
                sort="state",
            ),
            Column("new", _("New"), "integer"),
            Column("changed", _("Changed"), "integer"),
            Column("unchanged", _("Unchanged"), "integer"),
            Column("created_at", _("Sent"), "datetime", sort="created_at"),
        ]

    def crumbs(self) -> Sequence[Crumb]:
        return ()

    def caption(self, count: int) -> str:
        return ngettext("%(count)s import", "%(count)s imports", count) % {"count": formats.number(count)}


def _address(row: Import) -> str:
    return reverse("import-review" if row.state == ImportState.DRAFT else "import-result", args=[row.pk])


class NewImport(ImportPage, FormPage):
    """A file is sent, and what it holds is said."""

    title = gettext_lazy("New import")
    template_name = "imports/new.html"
    is_act = False
    submit_label = gettext_lazy("Read the file")

    @cached_property
    def resources(self) -> list[Resource]:
        return resources.all_for(self.reader)

    def get_form(self, data: Any = None) -> BaseForm:
        return UploadForm(self.resources, data, self.request.FILES if data is not None else None)

    def save(self, form: Any) -> str:
        file = form.cleaned_data["file"]
        resource = self.resource(form.cleaned_data["entity"])
        try:
            staged = actions.stage(file.file, file.name, resource, by=self.reader)
        except ImportRefused as refusal:
            raise ValidationError({"file": str(refusal)}) from refusal
        return reverse("import-review", args=[staged.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        entities = [(resource, _sample(resource.slug) is not None) for resource in self.resources]
        return super().get_context_data(**kwargs) | {"entities": entities}


class Review(ImportPage, RowPage):
    """What the import would do, row by row, and the question whether to do it."""

    template_name = "imports/review.html"

    def get_queryset(self) -> models.QuerySet:
        return Import.objects.visible_to(self.reader)

    def get_title(self) -> str:
        return _("Review of %(number)s: %(file)s") % {"number": self.row.number, "file": self.row.file_name}

    @cached_property
    def of_row(self) -> Resource:
        return self.resource(self.row.entity)

    @cached_property
    def preview(self) -> Preview:
        return actions.preview(self.row, self.of_row)

    @cached_property
    def unknown(self) -> list[str]:
        """The headers of the columns of which nobody has said what they hold."""
        sheet = self.row.sheet
        return [header_of(sheet, place) for place in self.of_row.matching(sheet, self.row.said.mapping).unknown]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.row.state != ImportState.DRAFT:
            return redirect("import-result", self.row.pk)
        form = ConfirmForm(self.unknown)
        return self.render_to_response(self.get_context_data(form=form))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row.state != ImportState.DRAFT:
            return redirect("import-result", self.row.pk)
        if "abandon" in request.POST:
            actions.abandon(self.row, by=self.reader)
            return redirect("import-result", self.row.pk)
        form = ConfirmForm(self.unknown, request.POST)
        if "_language" not in request.POST and form.is_valid() and self._confirm(form):
            return redirect("import-result", self.row.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def _confirm(self, form: ConfirmForm) -> bool:
        sheet = self.row.sheet
        try:
            if self.unknown:
                matching = self.of_row.matching(sheet, self.row.said.mapping)
                said = self.row.said.mapping
                actions.say(self.row, by=self.reader, mapping={**said, **dict.fromkeys(matching.unknown, "")})
            actions.confirm(
                self.row,
                self.of_row,
                by=self.reader,
                confirmed=self.request.POST.get("confirmed", ""),
                reason=form.cleaned_data["reason"],
            )
        except ImportRefused as refusal:
            form.add_error(None, str(refusal))
            return False
        except OperationalError as error:
            form.add_error(None, str(lock_refused(error)))
            return False
        return True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        preview = self.preview
        asked = self.request.GET.get("show", Outcome.ERROR if preview.counts.error else "")
        chosen = asked if asked in Outcome.values else ""
        kept = preview.kept()
        page = Paginator(kept.positions(chosen), _ROWS_PER_PAGE).get_page(self.request.GET.get("page"))
        return super().get_context_data(**kwargs) | {
            "keeps_typing": kwargs["form"].is_bound,
            "resource": self.of_row,
            "digest": preview.digest,
            "counts": preview.counts,
            "outcomes": [(outcome, len(preview.of(outcome))) for outcome in Outcome],
            "total": len(preview.sheet),
            "chosen": chosen,
            "caption": _caption(page.paginator.count, chosen),
            "labels": [self.of_row.fields[name].label for name in preview.names],
            "page": page,
            "rows": [kept.row(preview.sheet, position) for position in page],
            "effects": self._effects(),
            "ignored": self.unknown,
            "earlier": self.row.earlier(),
        }

    def _effects(self) -> list[str]:
        """Return in words what confirming would do."""
        counts = self.preview.counts
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
                    ngettext(
                        "%(count)s record stays as it is.", "%(count)s records stay as they are.", counts.unchanged
                    ),
                ),
            )
            if count
        ]


def _caption(count: int, chosen: str) -> str:
    values = {"count": formats.number(count), "outcome": Outcome(chosen).label if chosen else ""}
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


class Result(ImportPage, RowPage):
    """What became of an import."""

    template_name = "imports/result.html"

    def get_queryset(self) -> models.QuerySet:
        imports = Import.objects.visible_to(self.reader)
        return imports.select_related("by", "change_set__by", "change_set__undone_by__by")

    def get_title(self) -> str:
        return _("Import %(number)s: %(file)s") % {"number": self.row.number, "file": self.row.file_name}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.row.state == ImportState.DRAFT:
            return redirect("import-review", self.row.pk)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = resources.get(self.row.entity, self.reader)
        return super().get_context_data(**kwargs) | {
            "entity": found.title if found else self.row.entity,
            "is_applied": self.row.state == ImportState.APPLIED,
            **self._undoing(),
        }

    def _undoing(self) -> dict[str, Any]:
        """Return whether the import can be undone and what stands in the way; nothing of one that changed nothing."""
        change = self.row.change_set
        if change is None or not (self.row.new or self.row.changed) or not changesets.may_undo(change, self.reader):
            return {"obstacles": [], "can_be_undone": False}
        found = [] if change.is_undone else changesets.obstacles(change, self.reader)
        return {"obstacles": found, "can_be_undone": not found and not change.is_undone}


class Template(ImportPage):
    """The workbook to begin an import with, in the page's language."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        resource = self.resource(self.kwargs["slug"])
        language = get_language() or settings.LANGUAGE_CODE
        name = f"{resource.slug}-{language}.xlsx"
        headers = exports.download_headers(name, exports.FORMATS["xlsx"].content_type)
        return HttpResponse(resource.template(language), headers=headers)


class Sample(ImportPage):
    """The example of a filled file that comes with the portal."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> FileResponse:
        path = _sample(self.resource(self.kwargs["slug"]).slug)
        if path is None:
            raise Http404
        # Samples are small; an open file would wait for whoever breaks off.
        return FileResponse(BytesIO(path.read_bytes()), as_attachment=True, filename=path.name)


def _sample(slug: str) -> Path | None:
    """Return the sample file of the resource; None where the portal has none."""
    paths = (SAMPLES / f"{slug}.{suffix}" for suffix in ("xlsx", "ods", "csv", "tsv"))
    return next((path for path in paths if path.is_file()), None)
