"""The documents of an arrangement: a version is uploaded, read on screen, and taken as a file."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import FormPage
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, RowPage
from registry.models import Role
from registry.tables import keeping_day
from wca import documents
from wca.document_forms import DocumentForm
from wca.document_section import person, versions_of
from wca.models import Arrangement, Document, DocumentKind, Download
from wca.searching import LONGEST, searched
from wca.sections import address_of
from wca.tables import Table

# How many downloads the page lists.
_SHOWN = 50


class NewDocument(FormPage):
    """The next version of an arrangement's document."""

    title = gettext_lazy("Upload a document")
    section = "arrangements"
    template_name = "wca/document_form.html"
    readers = frozenset({Role.NHQ_REVIEWER})
    submit_label = gettext_lazy("Upload")

    @cached_property
    def arrangement(self) -> Arrangement:
        arrangements = Arrangement.objects.editable_by(self.reader)
        return RowPage.found(arrangements, reference=self.kwargs["reference"])

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Arrangements"), reverse("arrangements")),
            Crumb(self.arrangement.reference, address_of(self.arrangement, "documents", "documents")),
        ]

    def get_form(self, data: Mapping[str, Any] | None = None) -> DocumentForm:
        return DocumentForm(self.arrangement, data, self.request.FILES if data is not None else None)

    def save(self, form: DocumentForm) -> str:
        values = form.cleaned_data
        document = documents.add_document(
            self.arrangement,
            values["data"],
            values["file"].name,
            values["language"],
            by=self.user,
            is_draft=values["is_draft"],
            text=values["text"],
            within=self.change,
        )
        messages.success(self.request, _("Saved: %(document)s.") % {"document": document})
        return document.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"arrangement": self.arrangement}


class _OfDocument(RowPage):
    """A page or file of one document, for those who may see it, from the day on which it was uploaded."""

    section = "arrangements"

    def get_queryset(self) -> Any:
        rows = Document.objects.visible_to(self.reader).filter(
            arrangement__reference=self.kwargs["reference"], uploaded_on__lte=self.day
        )
        return rows.select_related("arrangement", "uploaded_by")


class DocumentPage(_OfDocument):
    """One version: its facts, its text place by place, in which words can be looked for, and who took a copy."""

    template_name = "wca/document.html"

    def crumbs(self) -> Sequence[Crumb]:
        arrangement = self.row.arrangement
        return [
            Crumb(_("Arrangements"), keeping_day(reverse("arrangements"), self.day)),
            Crumb(arrangement.reference, address_of(arrangement, "documents", "documents", self.day)),
        ]

    def get_title(self) -> str:
        return str(self.row)

    @cached_property
    def asked(self) -> str:
        """The words to look for."""
        return " ".join(self.request.GET.get("q", "").replace("\0", "").split())[:LONGEST]

    def downloads(self) -> Table:
        """Return the latest downloads that the reader may see; one query."""
        rows = Download.objects.visible_to(self.reader).filter(document=self.row).select_related("by")
        columns = [
            Column("at", gettext_lazy("When"), "datetime", is_header=True),
            Column("by", gettext_lazy("Who"), value=lambda row: person(row.by)),
            Column(
                "how",
                gettext_lazy("What"),
                value=lambda row: _("Text on screen") if row.is_text else _("Copy of the file"),
            ),
        ]
        return Table(columns, list(rows[:_SHOWN]))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        content = documents.read(self.row, self.user, is_text=True)
        places = searched(content.places, self.asked)
        found = [place for place in places if place.is_found]
        versions = versions_of(self.row.arrangement, self.reader, self.day)
        # Who took a copy is known today, and is no fact of an earlier day.
        shows_log = self.reader.sees_everything and not self.is_read_only
        downloads = self.downloads() if shows_log else None
        return super().get_context_data(**kwargs) | {
            "uploaded_by": person(self.row.uploaded_by),
            "asked": self.asked,
            "places": places,
            "found": found,
            "found_words": self._found_words(len(found)) if self.asked else "",
            "versions": versions,
            "version_rows": versions.table.cells(),
            "download_href": keeping_day(
                reverse("document-download", args=[self.row.arrangement.reference, self.row.pk]), self.day
            ),
            "downloads": downloads,
            "download_rows": downloads.cells() if downloads else (),
            "downloads_caption": self._downloads_caption(len(downloads.rows)) if downloads else "",
        }

    def _found_words(self, count: int) -> str:
        said = ngettext(
            "“%(words)s” was found in %(count)s place.", "“%(words)s” was found in %(count)s places.", count
        )
        return said % {"words": self.asked, "count": formats.number(count)}

    def _downloads_caption(self, count: int) -> str:
        said = ngettext("The latest download", "The latest %(count)s downloads", count)
        return said % {"count": formats.number(count)}


class DocumentDownload(_OfDocument):
    """The file as it was uploaded, as an attachment; whoever takes it is logged."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        document = self.row
        if request.method == "HEAD":
            return self._file(document, b"")
        return self._file(document, bytes(documents.read(document, self.user).data))

    def _file(self, document: Document, data: bytes) -> FileResponse:
        response = FileResponse(
            io.BytesIO(data),
            as_attachment=True,
            filename=documents.safe_name(document.file_name, document.kind),
            content_type=documents.CONTENT_TYPES[DocumentKind(document.kind)],
        )
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response
