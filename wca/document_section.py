"""The documents of an arrangement, as a section of its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Column
from registry.models import User
from registry.tables import keeping_day

from .models import Arrangement, Document
from .sections import Section, register
from .tables import Table


@dataclass(frozen=True)
class Versions:
    """The documents of an arrangement on a day, latest version first."""

    table: Table
    caption: str


def document_href(document: Document, day: date) -> str:
    """Return the address of the document's page that keeps the day shown."""
    return keeping_day(document.get_absolute_url(), day)


def person(user: User) -> str:
    """Return how the log and the list name somebody."""
    return user.get_full_name() or user.username


def versions_of(arrangement: Arrangement, reader: Reader, day: date) -> Versions:
    """Return the versions that the reader may see of those uploaded by the day; one query."""
    rows = Document.objects.visible_to(reader).filter(arrangement=arrangement, uploaded_on__lte=day)
    documents = list(rows.select_related("uploaded_by", "arrangement").order_by("-version", "language"))
    columns = [
        Column(
            "version",
            gettext_lazy("Version"),
            value=lambda row: row.version,
            text=lambda row: _("Version %(version)s") % {"version": row.version},
            href=lambda row: document_href(row, day),
            is_header=True,
        ),
        Column("language", gettext_lazy("Language"), value=lambda row: row.get_language_display()),
        Column("state", gettext_lazy("State"), value=lambda row: _("Draft") if row.is_draft else _("Final text")),
        Column("file_name", gettext_lazy("File")),
        Column("kind", gettext_lazy("Type"), value=lambda row: row.get_kind_display()),
        Column("size", gettext_lazy("Size"), value=lambda row: filesizeformat(row.size)),
        Column("uploaded_on", gettext_lazy("Uploaded on"), "date"),
        Column("uploaded_by", gettext_lazy("Uploaded by"), value=lambda row: person(row.uploaded_by)),
    ]
    caption = ngettext("%(count)s document", "%(count)s documents", len(documents))
    return Versions(Table(columns, documents), caption % {"count": formats.number(len(documents))})


def _context(arrangement: Arrangement, reader: Reader, day: date, is_read_only: bool) -> Mapping[str, Any]:
    versions = versions_of(arrangement, reader, day)
    may_add = Document.objects.may_be_written_by(reader) and not is_read_only
    return {
        "documents": versions,
        "document_rows": versions.table.cells(),
        "new_document": reverse("document-new", args=[arrangement.reference]) if may_add else None,
        # Of a region that it names no JFO of, the arrangement is shown and its documents are not.
        "may_be_hidden": not reader.sees_everything,
    }


register(Section("documents", gettext_lazy("Documents"), "wca/documents_section.html", _context, 20, part="documents"))
