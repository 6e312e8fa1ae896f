"""The lists behind the figures of activity: the IMS files of a fiscal year, and the officers who opened them."""

from collections.abc import Sequence
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.exportlog import Named
from jfo_portal.kit.exports import Rows
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage
from performance.file_filters import ActiveOfficerFilters, FileFilters, OfActivity, serving_in
from performance.file_tables import active_officer_columns, file_columns
from performance.models import ImsFile
from performance.navigation import pages
from registry.models import Officer

# How far one can page: what lies deeper is found by a filter, or in the file.
MOST_ROWS = 10_000


class _OfYear(ListPage):
    """A list of one fiscal year, of what the reader may see."""

    section = "performance"
    template_name = "performance/files.html"
    url_name: str

    @property
    def year(self) -> FiscalYear:
        return cast(OfActivity, self.filterset).year

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "pages": pages(self.url_name, self.year),
            "year": self.year,
            "is_of_own_regions": not self.reader.sees_everything,
        }


class FileList(_OfYear):
    """The IMS files opened in a fiscal year by the officers the reader may see.

    Only so many rows can be paged through: the database would count its way to those far behind.
    """

    title = gettext_lazy("Files in IMS")
    url_name = "performance-files"
    filterset_class = FileFilters
    ordering = ("-opened_on", "-pk")
    file_name = "ims-files"
    import_kind = "ims-files"

    def get_queryset(self) -> Any:
        return ImsFile.objects.visible_to(self.reader)

    def sorted_rows(self) -> Any:
        return super().sorted_rows().select_related("officer", "region")

    def get_columns(self) -> Sequence[Column]:
        return file_columns(self.year)

    @cached_property
    def totals(self) -> dict[str, int]:
        """How many files there are, of how many officers: from the roll-up where it tells them apart; one query."""
        files = self.filtered.order_by()
        rolled_up = cast(FileFilters, self.filterset).rolled_up()
        counted: dict[str, int] = (
            files.aggregate(files=Count("pk"), officers=Count("officer", distinct=True))
            if rolled_up is None
            else rolled_up.aggregate(files=Coalesce(Sum("number"), 0), officers=Count("officer", distinct=True))
        )
        return counted

    def named(self, columns: Sequence[Column], rows: Rows) -> Named | None:
        return Named(self.totals["files"], self.totals["officers"]) if any(one.names for one in columns) else None

    def get_page(self) -> Any:
        page: Any = Paginator(range(min(self.totals["files"], MOST_ROWS)), self.page_size).get_page(
            self.request.GET.get("page")
        )
        places: range = page.object_list
        # The keys first: what is put in order is small, and what is loaded is the page's alone.
        keys = list(super().sorted_rows().values_list("pk", flat=True)[places.start : places.stop])
        found = ImsFile.objects.select_related("officer", "region").in_bulk(keys)
        page.object_list = [found[key] for key in keys if key in found]
        return page

    def caption(self, count: int) -> str:
        files, officers = self.totals["files"], self.totals["officers"]
        return _("%(files)s of %(officers)s") % {
            "files": ngettext("%(count)s IMS file", "%(count)s IMS files", files) % {"count": formats.number(files)},
            "officers": ngettext("%(count)s officer", "%(count)s officers", officers)
            % {"count": formats.number(officers)},
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        most = formats.number(MOST_ROWS) if self.totals["files"] > MOST_ROWS else ""
        return super().get_context_data(**kwargs) | {"most_rows": most}


class ActiveOfficerList(_OfYear):
    """The officers behind the figures of a fiscal year, each with the files opened in it.

    Of a region asked for, the files are those opened there.
    """

    title = gettext_lazy("Officers behind the figures")
    url_name = "performance-officers"
    filterset_class = ActiveOfficerFilters
    ordering = ("number",)
    file_name = "officers-and-files"

    def get_queryset(self) -> Any:
        return Officer.objects.visible_to(self.reader)

    def sorted_rows(self) -> Any:
        files = ImsFile.objects.filter(officer=OuterRef("pk"), fiscal_year=self.year.start_year).order_by()
        asked = self.filterset.form.cleaned_data.get("region")  # type: ignore[union-attr]
        if asked:
            files = files.filter(region__code=asked)
        counted = files.values("officer").annotate(n=Count("pk")).values("n")
        rows: Any = super().sorted_rows()
        return rows.select_related("region", "posting__region").annotate(files=Coalesce(Subquery(counted), 0))

    def get_columns(self) -> Sequence[Column]:
        return active_officer_columns(self.year)

    def completed(self, rows: list[Any]) -> list[Any]:
        serving = serving_in(self.year).filter(officer__in=rows).order_by("jfo__code")
        codes = grouped(serving.values_list("officer_id", "jfo__code"), lambda row: row[0])
        for officer in rows:
            officer.jfos = list(dict.fromkeys(code for _officer, code in codes.get(officer.pk, [])))
        return rows

    def caption(self, count: int) -> str:
        return ngettext("%(count)s officer", "%(count)s officers", count) % {"count": formats.number(count)}
