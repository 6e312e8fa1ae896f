"""The history of every write: who, when, what, why and through which door."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.views import ListPage
from registry.filters import HistoryFilters
from registry.tables import HISTORY_COLUMNS


class HistoryList(ListPage):
    """Every write of the rows the reader may see, newest first; nothing here can be changed."""

    title = gettext_lazy("History")
    section = "history"
    template_name = "registry/history.html"
    table_template = "components/history.html"
    filterset_class = HistoryFilters
    columns = HISTORY_COLUMNS
    file_name = "history"

    def get_queryset(self) -> QuerySet:
        return changes.versions(self.reader)

    def completed(self, rows: list[Any]) -> list[Any]:
        return changes.in_words(rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        # The table on the page is the same on every page of the portal; the columns are those of the files.
        return context | {"versions": context["objects"], "choosable": []}

    def caption(self, count: int) -> str:
        return ngettext("%(count)s change", "%(count)s changes", count) % {"count": formats.number(count)}
