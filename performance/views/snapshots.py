"""Frozen reports: the list, one of them with what differs now, and the form that freezes a report."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats, frozen, reports
from jfo_portal.kit.editing import TOKEN, FormPage
from jfo_portal.kit.reports import Parameters, Report
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, FilePage, ListPage, RowPage, headings_of, rows_of
from performance import freezing
from performance.models import Snapshot
from performance.snapshot_filters import SnapshotFilters
from performance.views.figures import report_named

# The field of a form that says what its page showed.
SHOWN = "_shown"
# The files of a snapshot.
FILES = {name: exports.FORMATS[name] for name in ("json", "csv")}

LANGUAGES = {"en": gettext_lazy("English"), "fr": gettext_lazy("French")}


def in_words(parameters: Mapping[str, Any]) -> str:
    """Return the parameters of a snapshot in words, those that were given."""
    labels = {"as_of": _("As of"), "fy": _("Fiscal year"), "region": _("Region"), "rule": _("Rule")}
    # PostgreSQL keeps no order of a JSON object's names.
    ordered = [*(name for name in labels if name in parameters), *sorted(parameters.keys() - labels.keys())]
    return "; ".join(
        _("%(field)s: %(after)s") % {"field": labels.get(name, name), "after": parameters[name]}
        for name in ordered
        if parameters[name] is not None
    )


def _person(row: Snapshot) -> str:
    return row.taken_by.get_full_name() or row.taken_by.username


class SnapshotList(ListPage):
    """The snapshots that the reader may open: their own, or all for those who see everything."""

    title = gettext_lazy("Frozen reports")
    section = "reports"
    template_name = "reports/snapshots.html"
    filterset_class = SnapshotFilters
    ordering = ("-taken_at", "-pk")
    file_name = "snapshots"
    empty = gettext_lazy("No frozen report matches. Open a report and freeze it at the end of its page.")
    columns = (
        Column("number", gettext_lazy("Number"), href=lambda row: row.get_absolute_url(), is_header=True, sort="pk"),
        Column("title", gettext_lazy("Report"), sort="title"),
        Column("parameters", gettext_lazy("Parameters"), value=lambda row: in_words(row.parameters)),
        Column("taken_by", gettext_lazy("Who"), value=_person, sort="taken_by__last_name"),
        Column("taken_at", gettext_lazy("When"), "datetime", sort="taken_at"),
        Column("note", gettext_lazy("Note")),
        Column("sha256", "SHA-256", extra=True),
        Column("data_version", gettext_lazy("Data version"), extra=True),
    )

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Exhibits"), reverse("reports"))]

    def get_queryset(self) -> Any:
        return Snapshot.objects.visible_to(self.reader).select_related("taken_by").defer("content")

    def caption(self, count: int) -> str:
        return ngettext("%(count)s frozen report", "%(count)s frozen reports", count) % {"count": formats.number(count)}


class SnapshotPage(FilePage, RowPage):
    """One frozen report: what it held, whether that is whole, its files; `?again=1` runs it again and compares."""

    template_name = "reports/snapshot.html"
    section = "reports"

    def get_queryset(self) -> Any:
        return Snapshot.objects.visible_to(self.reader).select_related("taken_by")

    def get_title(self) -> str:
        return _("%(number)s: %(title)s") % {"number": self.row.number, "title": self.row.title}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Exhibits"), reverse("reports")), Crumb(_("Frozen reports"), reverse("snapshots"))]

    @cached_property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.row.content)
        return found

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if not file_format:
            return super().get(request, *args, **kwargs)
        if file_format not in FILES:
            raise Http404
        name = f"{self.row.number}-{self.row.report}".lower()
        if file_format == "csv":
            return self.file("csv", name, frozen.columns(self.content), self.content["rows"])
        # The very text that the SHA-256 is of.
        headers = exports.download_headers(f"{name}.json", FILES["json"].content_type)
        return HttpResponse(self.row.content, headers=headers)

    def live_href(self) -> str:
        """Return the address of the report as it is now; empty where there is none any more."""
        if self.row.report not in {report.slug for report in reports.all_for(self.reader)}:
            return ""
        query = {name: value for name, value in self.row.parameters.items() if value is not None}
        return f"{reverse('report', args=[self.row.report])}?{urlencode(query)}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        again = freezing.again(self.row, self.content) if "again" in self.request.GET else None
        columns = [
            Column("what", _("What"), is_header=True),
            Column("row", _("Row")),
            Column("column", _("Column")),
            Column("was", _("Was")),
            Column("now", _("Is now")),
        ]
        return context | {
            "is_whole": freezing.is_whole(self.row),
            "in_words": in_words(self.row.parameters),
            "language_name": LANGUAGES.get(self.row.language, self.row.language),
            "is_in_other_language": self.row.language != context.get("language", self.request.LANGUAGE_CODE),
            "who": _person(self.row),
            "live_href": self.live_href(),
            "caption": ngettext("%(title)s: %(count)s row", "%(title)s: %(count)s rows", len(self.content["rows"]))
            % {"title": self.content["title"], "count": formats.number(len(self.content["rows"]))},
            "headings": frozen.headings(self.content),
            "rows": frozen.cells(self.content),
            "total_texts": self.content["total_texts"],
            "notes": self.content["notes"],
            "comparison": self.content["comparison"],
            "comparison_headings": headings_of(_COMPARISON),
            "comparison_rows": rows_of(_COMPARISON, self.content["comparison"]),
            "again": again,
            "difference_headings": headings_of(columns),
            "differences": rows_of(columns, again.differences) if again else [],
            "difference_count": formats.number(len(again.differences)) if again else "",
            "formats": FILES,
        }


_COMPARISON = (
    Column("row_label", gettext_lazy("Row"), is_header=True),
    Column("measure_label", gettext_lazy("Measure")),
    Column("published", gettext_lazy("Published")),
    Column("computed", gettext_lazy("Computed")),
    Column("difference", gettext_lazy("Difference")),
    Column("explanation", gettext_lazy("Explanation")),
)


@dataclass(frozen=True)
class Button:
    """The form on a report's page that freezes it: where it is sent, and what it says by itself."""

    slug: str
    href: str
    hidden: Sequence[tuple[str, str]]


def button(slug: str, query: QueryDict, shown: frozen.Content) -> Button:
    """Return the form that freezes a report as it is shown; `query` are the parameters of its page."""
    asked = query.copy()
    for name in ("format", "chart"):
        asked.pop(name, None)
    address = reverse("snapshot-new", args=[slug])
    return Button(
        slug,
        f"{address}?{asked.urlencode()}" if asked else address,
        [(TOKEN, str(uuid.uuid4())), (SHOWN, freezing.digest(shown))],
    )


class FreezeForm(forms.Form):
    """What the snapshot is for."""

    note = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Up to 200 characters."),
    )


class Freeze(FormPage):
    """The report with the parameters of the address is frozen as its page shows it to the reader."""

    section = "reports"
    template_name = "reports/freeze.html"
    submit_label = gettext_lazy("Freeze this report")

    @cached_property
    def report(self) -> Report:
        """The report of the address."""
        return report_named(self.kwargs["slug"], self.reader)

    @property
    def report_href(self) -> str:
        address = reverse("report", args=[self.report.slug])
        return f"{address}?{self.request.GET.urlencode()}" if self.request.GET else address

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            try:
                self.parameters: Parameters = self.report.parameters(request.GET)
            except ValueError:
                # The page of the report says what is wrong with the address.
                return redirect(self.report_href)
            if self.report.refusal(self.reader, self.parameters):
                return redirect(self.report_href)
        return super().dispatch(request, *args, **kwargs)

    def get_title(self) -> str:
        return _("Freeze: %(title)s") % {"title": self.report.title}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Exhibits"), reverse("reports")), Crumb(str(self.report.title), self.report_href)]

    def get_form(self, data: Mapping[str, Any] | None = None) -> FreezeForm:
        return FreezeForm(data)

    def save(self, form: FreezeForm) -> str:
        row = freezing.freeze(
            self.report,
            self.parameters,
            by=self.user,
            note=form.cleaned_data["note"],
            shown=self.request.POST.get(SHOWN, ""),
            within=self.change,
        )
        messages.success(
            self.request,
            _("Frozen as %(number)s. It does not change any more and is never removed.") % {"number": row.number},
        )
        return row.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        shown = freezing.as_shown(self.report, self.reader, self.parameters)
        return context | {
            "hidden": [*context["hidden"], (SHOWN, freezing.digest(shown))],
            "in_words": in_words(self.parameters.as_dict()),
            "caption": ngettext("%(title)s: %(count)s row", "%(title)s: %(count)s rows", len(shown["rows"]))
            % {"title": shown["title"], "count": formats.number(len(shown["rows"]))},
            "headings": frozen.headings(shown),
            "rows": frozen.cells(shown),
            "total_texts": shown["total_texts"],
        }
