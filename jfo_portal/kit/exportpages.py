"""The page of the log of exports: who took which file that names many officers, and what for."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from . import formats
from .exportlog import LOG_READERS, MOST_NAMED, Export
from .exports import FORMATS
from .tables import Column
from .views import ListPage


class ExportFilters(django_filters.FilterSet):
    """Exports by words of who took them, of what, or what for."""

    q = django_filters.CharFilter(label=gettext_lazy("Search who, what and purpose"), method="found")

    def found(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """Return the rows in which each word stands somewhere."""
        fields = ("by__username", "by__first_name", "by__last_name", "what", "purpose", "address")
        for word in value.split():
            somewhere = Q()
            for field in fields:
                somewhere |= Q(**{f"{field}__icontains": word})
            rows = rows.filter(somewhere)
        return rows


def _format(row: Export) -> str:
    known = FORMATS.get(row.file_format)
    return str(known.label) if known else row.file_format


def _role(row: Export) -> str:
    roles: Any = row.by._meta.get_field("role").choices
    return str(dict(roles).get(row.role, row.role))


COLUMNS = [
    Column("at", gettext_lazy("When"), "datetime", sort="at", is_header=True),
    Column(
        "by", gettext_lazy("Who"), value=lambda row: row.by.get_full_name() or row.by.username, sort="by__last_name"
    ),
    Column("role", gettext_lazy("Role"), value=_role, sort="role"),
    Column("what", gettext_lazy("List or report"), value=attrgetter("title"), sort="what"),
    Column("purpose", gettext_lazy("Purpose")),
    Column("officers", gettext_lazy("Officers named"), "integer", sort="officers"),
    Column("rows", gettext_lazy("Rows"), "integer", sort="rows"),
    Column("file_format", gettext_lazy("Format"), value=_format, sort="file_format"),
    Column("address", gettext_lazy("Address"), extra=True),
    Column("file_name", gettext_lazy("File"), extra=True),
    Column("data_version", gettext_lazy("Data version"), extra=True),
]


class ExportList(ListPage):
    """Every file that named many officers, the latest first; nobody changes anything here."""

    readers = LOG_READERS
    title = gettext_lazy("Exports")
    section = "exports"
    template_name = "components/exports.html"
    columns: Sequence[Column] = COLUMNS
    filterset_class = ExportFilters
    ordering = ("-at", "-pk")
    file_name = "exports"
    empty = gettext_lazy("Nobody has taken a file that names so many officers.")

    def get_queryset(self) -> Any:
        return Export.objects.visible_to(self.reader).select_related("by")

    def caption(self, count: int) -> str:
        return ngettext("%(count)s export", "%(count)s exports", count) % {"count": formats.number(count)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "explanation": _(
                "Files of lists and reports that name more than %(number)s officers, with the purpose that was given. "
                "Entries are only ever added."
            )
            % {"number": MOST_NAMED}
        }
