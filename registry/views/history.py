"""The history of every write: who, when, what, why and through which door."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, changesets, formats
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.editing import FormPage, undoable
from jfo_portal.kit.views import Crumb, ListPage, RowPage
from registry.filters import HistoryFilters
from registry.forms import ReasonedForm
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


class Undo(FormPage):
    """What one act changed, and the button that takes all of it back; 404 for those who may not."""

    title = gettext_lazy("Undo a change")
    section = "history"
    template_name = "registry/undo.html"
    submit_label = gettext_lazy("Undo")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("History"), reverse("history"))]

    @cached_property
    def row(self) -> ChangeSet:
        row: ChangeSet = RowPage.found(ChangeSet.objects.all(), pk=self.kwargs["pk"])
        if not changesets.may_undo(row, self.reader):
            raise Http404
        return row

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        changesets.undo(self.row, by=self.user, within=self.change)
        undoable(self.request, _("Undone: everything is as it was before."), self.change)
        return self._landing()

    def _landing(self) -> str:
        """Return where the act had led, or, where it led to a row that is gone now, to one that it changed."""
        versions = self.row.versions()
        if all(version.history_type != "+" for version in versions):
            return self.row.href or reverse("home")
        changed = [changesets.as_it_was(version) for version in versions if version.history_type == "~"]
        return next((row.get_absolute_url() for row in changed if hasattr(row, "get_absolute_url")), reverse("home"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        keys = changes.versions(self.reader, change_set=self.row)[:100]
        return super().get_context_data(**kwargs) | {"versions": changes.in_words(list(keys))}
