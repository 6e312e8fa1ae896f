"""The texts that are missing in one official language, each with the way to where it is mended."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, FilePage, headings_of, marks, rows_of
from wca.measures.translations import missing_texts, read

# Rows a page.
SIZE = 50

COLUMNS = [
    Column("kind", gettext_lazy("Kind")),
    Column("key", gettext_lazy("Row"), href=lambda row: row.href, is_header=True),
    Column("field", gettext_lazy("Missing text")),
    Column("language", gettext_lazy("Language")),
    Column("text", gettext_lazy("In the other language")),
]


class Translations(FilePage):
    """What stands in one language alone today."""

    title = gettext_lazy("Missing translations")
    section = "arrangements"
    template_name = "wca/translations.html"

    @property
    def day(self) -> date:
        """Today: what is missing is missing now."""
        return today()

    @cached_property
    def rows(self) -> Any:
        return missing_texts(self.reader)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Arrangements"), reverse("arrangements"))]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if not file_format:
            return super().get(request, *args, **kwargs)
        if file_format not in exports.FORMATS:
            raise Http404
        notes = [*marks(), (_("List"), str(self.title)), (_("As of"), str(self.day))]
        return self.file(file_format, f"translations-{self.day}", COLUMNS, read(list(self.rows)), notes=notes)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = Paginator(self.rows, SIZE).get_page(self.request.GET.get("page"))
        count = page.paginator.count
        return super().get_context_data(**kwargs) | {
            "page": page,
            "headings": headings_of(COLUMNS),
            "rows": rows_of(COLUMNS, read(list(page))),
            "caption": ngettext("%(count)s missing text", "%(count)s missing texts", count)
            % {"count": formats.number(count)},
            "formats": exports.FORMATS,
        }
