"""The records as a file to edit, in the columns of their import, which takes it back: an edited cell is a change."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from .. import exports, formats
from ..exportlog import Named
from ..periods import today
from ..tables import Column
from ..views import FilePage, marks
from .pages import ImportPage
from .reader import MAX_ROWS
from .resources import Resource
from .workbook import key_in_words

# What an import reads again.
FORMATS = {name: exports.FORMATS[name] for name in ("xlsx", "csv", "csv-fr")}
_CHUNK = 2000


class Records(ImportPage, FilePage):
    """Every record of one kind that the reader's import of that kind may change, as a file of its columns.

    It has no page of its own: without a format it leads to where the import begins.
    """

    @cached_property
    def of_kind(self) -> Resource:
        return self.resource(self.kwargs["slug"])

    @cached_property
    def rows(self) -> Any:
        rows = self.of_kind.importable()
        return rows if rows.ordered else rows.order_by("pk")

    def get_title(self) -> str:
        return _("%(records)s, to edit") % {"records": self.of_kind.title}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        resource = self.of_kind
        begin = f"{reverse('import-new')}?{urlencode({'kind': resource.slug})}#kind"
        file_format = request.GET.get("format", "")
        if not file_format:
            return redirect(begin)
        if file_format not in FORMATS:
            raise Http404
        count = self.rows.count()
        if not count:
            messages.info(request, _("There are no such records yet that you may change. Begin with the template."))
            return redirect(begin)
        if count > MAX_ROWS:
            messages.error(
                request,
                _(
                    "There are %(count)s records, and one file brings in at most %(most)s. Begin with the template, "
                    "and give only the records and columns that are to change."
                )
                % {"count": formats.number(count), "most": formats.number(MAX_ROWS)},
            )
            return redirect(begin)
        name = f"{resource.slug}-to-edit-{today()}"
        return self.file(file_format, name, resource.columns(), self._streamed(), notes=self._notes())

    def _streamed(self) -> Iterator[Any]:
        yield from self.rows.iterator(chunk_size=_CHUNK)

    def named(self, columns: Sequence[Column], rows: exports.Rows) -> Named | None:
        """Return how many rows and officers the file has, by two queries; None where its columns name none."""
        paths = [column.names for column in columns if column.names]
        return Named.counted(self.rows, paths) if paths else None

    def _notes(self) -> list[tuple[str, str]]:
        key = key_in_words(self.of_kind)
        return [
            *marks(),
            (_("List"), self.get_title()),
            (_("As of"), str(today())),
            (
                _("How to use it"),
                _(
                    "Edit cells and import the file: only what you edited changes. A row that you take out changes "
                    "nothing, and a row with another %(key)s is another record."
                )
                % {"key": key},
            ),
        ]
