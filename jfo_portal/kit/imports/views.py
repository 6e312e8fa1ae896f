"""The pages around an import: which there were, a new one, its result; and the files to begin with.

The steps between are in kit.imports.reading_steps and kit.imports.review_steps.
"""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import BaseForm
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from .. import changesets, exports, formats
from ..editing import FormPage
from ..models import Import, ImportPapers, ImportState, JobState
from ..tables import Column, Link
from ..views import Crumb, ListPage, RowPage
from . import actions, jobs, records, resources, steps, workbook
from .forms import UploadForm
from .pages import ImportPage
from .reading import ImportRefused, Sheet
from .resources import Resource
from .workbook import key_in_words

SAMPLES = Path(settings.BASE_DIR) / "fixtures" / "samples"
_FIRST_RECORDS = 10


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
                value=_state,
                sort="state",
            ),
            # What an import that waits would do is worked out at each step.
            Column("new", _("New"), "integer", value=lambda row: row.new if _is_applied(row) else None),
            Column("changed", _("Changed"), "integer", value=lambda row: row.changed if _is_applied(row) else None),
            Column(
                "unchanged", _("Unchanged"), "integer", value=lambda row: row.unchanged if _is_applied(row) else None
            ),
            Column("created_at", _("Sent"), "datetime", sort="created_at"),
            Column("expires", _("Expires"), "datetime", value=_expires),
            Column("resume", _("Go on"), links=_ways_on),
        ]

    def completed(self, rows: list[Any]) -> list[Any]:
        """Return the rows, those that wait with what they wait at; one query, and two for each that a job works on."""
        waiting = {}
        for row in rows:
            if row.job_state in jobs.UNDER_WAY:
                row.step = _("Interrupted") if jobs.is_interrupted(row) else ""
            elif row.state == ImportState.DRAFT and row.job_state in (JobState.FAILED, JobState.CANCELLED):
                row.step = _("Stopped") if row.job_state == JobState.CANCELLED else row.get_job_state_display()
            elif row.state == ImportState.DRAFT and not jobs.is_large(row):
                waiting[row.pk] = row
        of_slug = {resource.slug: resource for resource in resources.all_for(self.reader)}
        papers = ImportPapers.objects.filter(pk__in=waiting).values_list("pk", "sheet")
        for pk, sheet in papers if waiting else ():
            row = waiting[pk]
            if row.entity in of_slug:
                row.step = steps.step_of(row, Sheet.unpacked(bytes(sheet)), of_slug[row.entity])
        return rows

    def crumbs(self) -> Sequence[Crumb]:
        return ()

    def caption(self, count: int) -> str:
        return ngettext("%(count)s import", "%(count)s imports", count) % {"count": formats.number(count)}


def _address(row: Import) -> str:
    return reverse("import" if row.state == ImportState.DRAFT else "import-result", args=[row.pk])


def _is_applied(row: Import) -> bool:
    return row.state == ImportState.APPLIED


def _state(row: Import) -> str:
    """Return what became of the import; of one that waits, at which step, and of one at work, what is done."""
    if row.is_undone:
        return _("Undone")
    if step := getattr(row, "step", ""):
        return _("Waiting: %(step)s") % {"step": step}
    if row.job_state in jobs.UNDER_WAY:
        return _("At work: %(job)s") % {"job": row.get_job_display()}
    return str(row.get_state_display())


def _ways_on(row: Import) -> list[Link]:
    if row.job_state in jobs.UNDER_WAY:
        return [Link(_("Progress"), reverse("import-progress", args=[row.pk]), row.number)]
    if row.state != ImportState.DRAFT:
        return []
    return [Link(_("Go on"), _address(row), row.number)]


def _expires(row: Import) -> datetime | None:
    """Return when an import that waits is given up."""
    return row.created_at + actions.KEPT_FOR if row.state == ImportState.DRAFT else None


class NewImport(ImportPage, FormPage):
    """A file is sent, or its rows are pasted, and what it holds is said."""

    title = gettext_lazy("New import")
    template_name = "imports/new.html"
    is_act = False
    submit_label = gettext_lazy("Read the file")

    @cached_property
    def resources(self) -> list[Resource]:
        return resources.all_for(self.reader)

    @cached_property
    def chosen(self) -> Resource | None:
        """The kind whose columns are explained."""
        asked = self.request.GET.get("kind", "") or self.request.POST.get("entity", "")
        return next((resource for resource in self.resources if resource.slug == asked), None)

    def get_form(self, data: Any = None) -> BaseForm:
        initial = {"entity": self.chosen.slug} if self.chosen is not None else {}
        files = self.request.FILES if data is not None else None
        return UploadForm(self.resources, data, files, initial=initial)

    def save(self, form: Any) -> str:
        resource = self.resource(form.cleaned_data["entity"])
        name = "file" if form.cleaned_data["file"] is not None else "rows"
        began = timezone.now()
        try:
            staged = actions.stage(form.cleaned_data["content"], form.cleaned_data["name"], resource, by=self.reader)
        except ImportRefused as refusal:
            raise ValidationError({name: str(refusal)}) from refusal
        if staged.created_at < began:
            messages.info(
                self.request,
                _("You sent this file before, on %(when)s: it goes on where you left it. Abandon it to begin anew.")
                % {"when": formats.text(staged.created_at, "datetime")},
            )
        return steps.address_of(staged, resource)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen = self.chosen
        return super().get_context_data(**kwargs) | {
            "resources": self.resources,
            "chosen": chosen,
            "chosen_key": key_in_words(chosen) if chosen is not None else "",
            "has_sample": chosen is not None and _sample(chosen.slug) is not None,
            "formats": records.FORMATS,
        }


class Resume(ImportPage, RowPage):
    """The way to where an import was left."""

    def get_queryset(self) -> models.QuerySet:
        return Import.objects.visible_to(self.reader)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.row.state != ImportState.DRAFT:
            return redirect("import-result", self.row.pk)
        return redirect(steps.address_of(self.row, self.resource(self.row.entity)))


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
        if self.row.job_state in jobs.UNDER_WAY and not self._is_interrupted:
            return redirect("import-progress", self.row.pk)
        return super().get(request, *args, **kwargs)

    @cached_property
    def _is_interrupted(self) -> bool:
        return jobs.is_interrupted(self.row)

    @property
    def _why_it_stands(self) -> str:
        """Why taking it back in the background did not come to its end; empty where that was not tried, or did."""
        if self._is_interrupted:
            return _("Taking this import back was interrupted before it came to its end, and nothing was taken back.")
        return str(self.row.told) if self.row.job_state == JobState.FAILED else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = resources.get(self.row.entity, self.reader)
        is_applied = self.row.state == ImportState.APPLIED
        return super().get_context_data(**kwargs) | {
            "entity": found.title if found else self.row.entity,
            "is_applied": is_applied,
            "is_expired": self.row.state == ImportState.EXPIRED,
            "why_it_stands": self._why_it_stands if is_applied else "",
            "bar": steps.bar_of_result(),
            "mapping": _in_words(found, self.row.mapping) if is_applied else [],
            "choices": _choices_in_words(found, self.row.choices) if is_applied else [],
            "records": self._records(found) if is_applied and found else [],
            "first_records": _FIRST_RECORDS,
            **self._undoing(),
        }

    def _records(self, resource: Resource) -> list[tuple[str, str]]:
        """Return the first records that it wrote and that are there: what each is called, and its address."""
        change = self.row.change_set
        history: Any = getattr(resource.model, "history", None)
        if change is None or history is None:
            return []
        written = changesets.written(history.model, change).order_by("history_id")
        ids = list(written.values_list("id", flat=True)[:_FIRST_RECORDS])
        found = {record.pk: record for record in resource.importable().filter(pk__in=ids)}
        return [
            (str(found[pk]), found[pk].get_absolute_url())
            for pk in dict.fromkeys(ids)
            if pk in found and hasattr(found[pk], "get_absolute_url")
        ]

    def _undoing(self) -> dict[str, Any]:
        """Return whether the import can be undone and what stands in the way; nothing of one that changed nothing."""
        change = self.row.change_set
        if change is None or not (self.row.new or self.row.changed) or not changesets.may_undo(change, self.reader):
            return {"obstacles": [], "can_be_undone": False}
        # What stands in the way of many rows is looked for when they are taken back.
        is_looked_for = not change.is_undone and jobs.undone_later(change, by=self.reader) is None
        found = changesets.obstacles(change, self.reader) if is_looked_for else []
        return {"obstacles": found, "can_be_undone": not found and not change.is_undone}


def _in_words(resource: Resource | None, mapping: dict[str, str]) -> list[tuple[str, str]]:
    """Return the file's headers beside the columns that they held."""
    fields = resource.fields if resource is not None else {}
    return [(header, fields[name].label if name in fields else name) for name, header in mapping.items()]


def _choices_in_words(resource: Resource | None, choices: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    """Return column, value and what it stood for."""
    fields = resource.fields if resource is not None else {}
    return [
        (fields[name].label if name in fields else name, spelling, choice)
        for name, spellings in choices.items()
        for spelling, choice in spellings.items()
    ]


class Template(ImportPage):
    """The workbook to begin an import with, headed in the page's language, or in what `?headers=` says."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        resource = self.resource(self.kwargs["slug"])
        chosen = request.GET.get("headers") or get_language() or settings.LANGUAGE_CODE
        if chosen not in workbook.HEADERS:
            raise Http404
        name = f"{resource.slug}-{chosen}.xlsx"
        headers = exports.download_headers(name, exports.FORMATS["xlsx"].content_type)
        return HttpResponse(workbook.template(resource, chosen), headers=headers)


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
