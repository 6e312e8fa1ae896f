"""The history of every write: who, when, what, why and through which door; one row's, one act's; undo and restore."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, translate_url
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from jfo_portal.kit import changes, changesets, formats
from jfo_portal.kit.changesets import ChangeSet, Obstacle, Tally
from jfo_portal.kit.editing import VERSION, FormPage, undoable
from jfo_portal.kit.exportlog import Named
from jfo_portal.kit.exports import Rows
from jfo_portal.kit.imports import jobs
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.models import Import, Job
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage
from registry.filters import HistoryFilters
from registry.forms import ReasonedForm, ReasonRequiredForm
from registry.models import Officer
from registry.tables import HISTORY_COLUMNS

# How many of the versions of an act the page that undoes it shows; an act of more is not undone without a word.
_SHOWN = 100


def _to_history() -> Crumb:
    return Crumb(_("History"), reverse("history"))


class _Versions(ListPage):
    """Versions of rows that the reader may see, newest first; nothing here can be changed."""

    section = "history"
    template_name = "registry/history.html"
    table_template = "components/history.html"
    columns = HISTORY_COLUMNS
    file_name = "history"

    def get_queryset(self) -> QuerySet:
        return changes.versions(self.reader)

    def completed(self, rows: list[Any]) -> list[Any]:
        # A file offers nothing to restore.
        return changes.in_words(rows, None if self.request.GET.get("format") else self.reader)

    def named(self, columns: Sequence[Column], rows: Rows) -> Named | None:
        """Return how many versions there are, and of how many officers they tell; two queries."""
        if not any(column.names for column in columns):
            return None
        return Named(self.filtered.count(), changes.rows_named(self.filtered, Officer))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        # The table on the page is the same on every page of the portal; the columns are those of the files.
        return context | {"versions": context["objects"], "choosable": []}

    def caption(self, count: int) -> str:
        return ngettext("%(count)s change", "%(count)s changes", count) % {"count": formats.number(count)}


class HistoryList(_Versions):
    """Every write of the rows the reader may see."""

    title = gettext_lazy("History")
    filterset_class = HistoryFilters


class RowHistory(_Versions):
    """Every version of one row, and of the rows that point to it; 404 where the reader may see none of its own."""

    template_name = "registry/row_history.html"

    @cached_property
    def model(self) -> Any:
        history: Any = changes.tracked().get(self.kwargs["kind"])
        if history is None:
            raise Http404
        return history.instance_type

    @cached_property
    def latest(self) -> changes.Version:
        """The row's own last version."""
        (version,) = changes.in_words([_own_versions(self.reader, **self.kwargs)[0]])
        return version

    def get_queryset(self) -> QuerySet:
        return changes.versions(self.reader, about=[(self.model, [self.latest.row_id])])

    def get_title(self) -> str:
        return _("History of %(row)s") % {"row": self.latest.row}

    def crumbs(self) -> Sequence[Crumb]:
        crumbs = [_to_history()]
        if self.latest.href:
            crumbs.append(Crumb(self.latest.row, self.latest.href))
        return crumbs

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"latest": self.latest, "filters": None}


class Act(_Versions):
    """All that one act wrote, as far as the reader may see it; 404 where they may see none of it."""

    template_name = "registry/act.html"

    def get_title(self) -> str:
        return _("Change %(number)s") % {"number": self.row}

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_history()]

    @cached_property
    def row(self) -> ChangeSet:
        acts = ChangeSet.objects.select_related("by", "undoes", "undone_by__by")
        row: ChangeSet = RowPage.found(acts, pk=self.kwargs["pk"])
        if not changes.versions(self.reader, change_set=row)[:1]:
            raise Http404
        return row

    def get_queryset(self) -> QuerySet:
        return changes.versions(self.reader, change_set=self.row)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "act": self.row,
            "may_undo": not self.is_read_only and not self.row.is_undone and changesets.may_undo(self.row, self.reader),
            "filters": None,
        }


class Undo(FormPage):
    """What one act changed, what stands in the way of undoing it, and the button that takes all of it back; 404 for
    those who may not.

    A large act is told in numbers, and undone for a reason; a large import is taken back in the background.
    """

    title = gettext_lazy("Undo a change")
    section = "history"
    template_name = "registry/undo.html"
    submit_label = gettext_lazy("Undo this change")

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_history(), Crumb(_("Change %(number)s") % {"number": self.row}, reverse("act", args=[self.row.pk]))]

    @cached_property
    def row(self) -> ChangeSet:
        row: ChangeSet = RowPage.found(
            ChangeSet.objects.select_related("by", "undoes", "undone_by__by"), pk=self.kwargs["pk"]
        )
        if not changesets.may_undo(row, self.reader):
            raise Http404
        return row

    @cached_property
    def tally(self) -> list[Tally]:
        """What the act did to how many rows."""
        return self.row.tally()

    @property
    def written(self) -> int:
        """How many versions the act wrote."""
        return sum(one.versions for one in self.tally)

    @property
    def is_large(self) -> bool:
        return self.written > _SHOWN or self.large_import is not None

    @cached_property
    def large_import(self) -> Import | None:
        """The import that the act was, where the worker takes it back."""
        return jobs.undone_later(self.row, by=self.reader)

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonRequiredForm(data) if self.is_large else ReasonedForm(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The button beside the message of what was saved asks nothing.
        if self.is_large and "reason" not in request.POST:
            return redirect("undo", self.row.pk)
        return super().post(request, *args, **kwargs)

    def _act(self) -> HttpResponse:
        if self.large_import is None or self.row.is_undone:
            return super()._act()
        try:
            jobs.begin(self.large_import, Job.UNDO, by=self.user, reason=self.form.cleaned_data["reason"])
        except ImportRefused as refusal:
            raise ValidationError(str(refusal)) from refusal
        return redirect("import-progress", self.large_import.pk)

    def _obstacles(self) -> list[Obstacle]:
        """Return what stands in the way; of many rows nobody waits for that."""
        if self.is_large:
            return [] if self.large_import is not None else changesets.obstacles(self.row, self.reader)
        return changesets.rehearse(self.row, by=self.user)

    def save(self, form: ReasonedForm) -> str:
        changesets.undo(self.row, by=self.user, within=self.change)
        undoable(self.request, _("Undone: everything is as it was before."), self.change)
        return self._landing()

    def _landing(self) -> str:
        """Return where the act had led, or, where that was a row that is gone now, a row that it changed or one that
        the row belonged to."""
        led_to = translate_url(self.row.href, get_language() or "")
        versions = self.change.versions()
        rows = [(version, changesets.as_it_was(version)) for version in versions[:_SHOWN]]
        gone = {row.get_absolute_url() for version, row in rows if version.history_type == "-" and _has_page(row)}
        if led_to and urlsplit(led_to).path not in gone:
            return led_to
        there = [row for version, row in rows if version.history_type != "-"]
        return next((row.get_absolute_url() for row in [*there, *_owners(rows)] if _has_page(row)), reverse("home"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        keys = changes.versions(self.reader, change_set=self.row)
        # When it was tried and refused, the form says what stood in the way.
        obstacles = [] if kwargs["form"].errors else self._obstacles()
        count = keys.count()
        return super().get_context_data(**kwargs) | {
            "act": self.row,
            "obstacles": obstacles,
            "versions": changes.in_words(list(keys[:_SHOWN])),
            "more": max(0, count - _SHOWN),
            "unseen": self.written - count,
            "is_large": self.is_large,
            "taken_back": _taken_back(self.tally) if self.is_large else [],
            "is_undone_later": self.large_import is not None,
        }


def _taken_back(tally: Sequence[Tally]) -> list[str]:
    """Return, in a sentence for each kind of row and of what was done to it, what undoing the act would do."""
    sentences = []
    for one in tally:
        told = [
            ngettext(
                "%(kind)s: %(count)s row that was added would be removed.",
                "%(kind)s: %(count)s rows that were added would be removed.",
                one.added,
            ),
            ngettext(
                "%(kind)s: %(count)s row that was changed would be as it was before.",
                "%(kind)s: %(count)s rows that were changed would be as they were before.",
                one.changed,
            ),
            ngettext(
                "%(kind)s: %(count)s row that was removed would be there again.",
                "%(kind)s: %(count)s rows that were removed would be there again.",
                one.removed,
            ),
        ]
        kind = capfirst(str(one.model._meta.verbose_name_plural))
        sentences += [
            sentence % {"kind": kind, "count": formats.number(count)}
            for sentence, count in zip(told, (one.added, one.changed, one.removed), strict=True)
            if count
        ]
    return sentences


def _has_page(row: Any) -> bool:
    return hasattr(row, "get_absolute_url")


def _owners(rows: Sequence[tuple[Any, Any]]) -> list[Any]:
    """Return the rows that the first row pointed to and that are still there, in the order of its fields."""
    for _version, row in rows:
        fields = [field for field in row._meta.concrete_fields if isinstance(field, ForeignKey)]
        found = [field.related_model._base_manager.filter(pk=getattr(row, field.attname)).first() for field in fields]
        return [one for one in found if one is not None]
    return []


def _own_versions(reader: Any, kind: str, pk: int) -> list[Mapping[str, Any]]:
    """Return the key of the row's own last version; 404 where the reader may see none."""
    history: Any = changes.tracked().get(kind)
    if history is None:
        raise Http404
    try:
        found = list(changes.versions(reader, of=[kind], id=pk)[:1])
    except OverflowError:
        raise Http404 from None
    if not found:
        raise Http404
    return found


class Restore(FormPage):
    """What would change if a row became again what it was in a version, and the button that does it; 404 for those who
    may not change the row."""

    section = "history"
    template_name = "registry/restore.html"
    submit_label = gettext_lazy("Restore")
    latest: int  # the number of the row's last version

    @cached_property
    def version(self) -> Any:
        """The version asked for."""
        kind, pk = self.kwargs["kind"], self.kwargs["pk"]
        self.latest = int(_own_versions(self.reader, kind, pk)[0]["history_id"])
        history: Any = changes.tracked()[kind]
        version = RowPage.found(history.objects.all(), id=pk, history_id=self.kwargs["version"])
        if not changes.may_change({kind: [pk]}, self.reader):
            raise Http404
        return version

    @cached_property
    def said(self) -> changes.Version:
        """The version in words."""
        (version,) = changes.in_words([{"row_kind": self.kwargs["kind"], "history_id": self.version.history_id}])
        return version

    @property
    def is_gone(self) -> bool:
        """Whether the row is not there now."""
        history: Any = type(self.version)
        return bool(history.objects.get(history_id=self.latest).history_type == "-")

    def get_title(self) -> str:
        return _("Restore %(row)s") % {"row": self.said.row}

    def crumbs(self) -> Sequence[Crumb]:
        href = reverse("row-history", args=[self.kwargs["kind"], self.kwargs["pk"]])
        return [_to_history(), Crumb(_("History of %(row)s") % {"row": self.said.row}, href)]

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonRequiredForm(data)

    def before_saving(self, form: Any) -> HttpResponse | None:
        """Show the row again where somebody changed it since this page showed it."""
        changesets.lock_row(self.version)
        self.latest = int(_own_versions(self.reader, self.kwargs["kind"], self.kwargs["pk"])[0]["history_id"])
        if self.request.POST.get(VERSION) == str(self.latest):
            return None
        form.add_error(
            None, _("The row was changed since you opened this page. Look at what would change now, and send it again.")
        )
        return self.shown(form)

    def save(self, form: ReasonedForm) -> str:
        row = changesets.restore(self.version, by=self.user, within=self.change)
        undoable(
            self.request,
            _("Restored: %(row)s is as it was on %(when)s.")
            % {"row": row, "when": formats.moment(self.version.history_date)},
            self.change,
        )
        if _has_page(row):
            return str(row.get_absolute_url())
        return reverse("row-history", args=[self.kwargs["kind"], self.kwargs["pk"]])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kind = self.kwargs["kind"]
        then, is_gone = (kind, self.version.history_id), self.is_gone
        differences = changes.between(None if is_gone else (kind, self.latest), then)
        context = super().get_context_data(**kwargs)
        return context | {
            "said": self.said,
            "is_gone": is_gone,
            "differences": differences,
            "obstacles": [] if kwargs["form"].errors or not differences else changesets.rules_against(self.version),
            "hidden": [*context["hidden"], (VERSION, self.latest)],
        }
