"""Overlap of mandates: pairs of JFOs in one territory, and how each is coordinated. Mandates, never cases."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, Page, RowPage, headings_of, rows_of
from performance.measures.cost import half_up
from performance.measures.overlap import Pair, Part, Shared, pair_of, pairs_on
from performance.models import Coordination
from performance.models.mandates import a_year_after
from performance.navigation import pages
from performance.overlap_forms import CoordinationForm
from registry.models import JFO, STEERING, Region

# The lines to choose from, in percent; pairs below the chosen one are not shown.
LINES = (40, 50, 60, 70, 80)
LINE = 50


def address_of(pair: Pair | Coordination) -> str:
    """Return the address of the pair's page."""
    return reverse("performance-overlap-pair", args=[pair.first.code, pair.second.code])


def _percent(value: Fraction) -> str:
    return formats.percent(half_up(value, 2), 0)


def _share(shared: Shared) -> str:
    if not shared.of:
        return _("not recorded")
    return _("%(alike)s of %(of)s") % {"alike": formats.number(len(shared.alike)), "of": formats.number(shared.of)}


def state_of(pair: Pair, day: Any) -> str:
    """Return how the pair is coordinated on the day, in words."""
    record = pair.record_on(day)
    if record is None:
        return _("Not managed")
    if record.review_on >= day:
        return _("Managed until %(day)s") % {"day": record.review_on}
    return _("Review overdue since %(day)s") % {"day": record.review_on}


class OverlapPage(Page):
    """The pairs above a line: what their mandates have in common, and whether somebody manages them."""

    template_name = "performance/overlap.html"
    section = "performance"
    title = gettext_lazy("Overlap of mandates")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Performance"), reverse("performance"))]

    @cached_property
    def line(self) -> int:
        """The line asked for, in percent; the usual one where it cannot be read."""
        asked = self.request.GET.get("line", "")
        return next((line for line in LINES if str(line) == asked), LINE)

    @cached_property
    def regions(self) -> dict[str, Region]:
        return {region.code: region for region in Region.objects.visible_to(self.reader)}

    @cached_property
    def region(self) -> str:
        asked = self.request.GET.get("region", "").strip().upper()
        return asked if asked in self.regions else ""

    @cached_property
    def pairs(self) -> list[Pair]:
        pairs = pairs_on(JFO.objects.visible_to(self.reader), self.day, line=Fraction(self.line, 100))
        if not self.region:
            return pairs
        return [pair for pair in pairs if self.region in (pair.first.region.code, pair.second.region.code)]

    def columns(self) -> list[Column]:
        on_day = self.on_day

        def part(part: Part) -> Column:
            return Column(part.value, part.label, value=lambda pair: _share(pair.parts[part]))

        return [
            Column("pair", _("JFOs"), value=_names, href=lambda pair: f"{address_of(pair)}{on_day}", is_header=True),
            Column("index", _("Index"), value=lambda pair: _percent(pair.index)),
            *(part(one) for one in Part),
            Column("leads", _("Common lead"), value=lambda pair: ", ".join(pair.common_leads) or _("None")),
            Column("state", _("Coordination"), value=lambda pair: state_of(pair, self.day)),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        columns, pairs = self.columns(), self.pairs
        managed = sum(pair.is_managed_on(self.day) for pair in pairs)
        return super().get_context_data(**kwargs) | {
            "pages": pages("performance-overlap", FiscalYear.of(self.day)),
            "headings": headings_of(columns),
            "rows": rows_of(columns, pairs),
            "caption": ngettext(
                "%(count)s pair above the line, %(managed)s managed",
                "%(count)s pairs above the line, %(managed)s managed",
                len(pairs),
            )
            % {"count": formats.number(len(pairs)), "managed": formats.number(managed)},
            "lines": [(line, _percent(Fraction(line, 100)), line == self.line) for line in LINES],
            "choices": [(code, region.name, code == self.region) for code, region in self.regions.items()],
        }


def _names(pair: Pair) -> str:
    return _("%(first)s and %(second)s") % {"first": pair.first.code, "second": pair.second.code}


class _OfPair(Page):
    """A page about two JFOs; 404 where one is unknown, or both are one."""

    section = "performance"

    @cached_property
    def pair(self) -> Pair:
        jfos = JFO.objects.visible_to(self.reader).with_names()
        first, second = (RowPage.found(jfos, code=self.kwargs[name]) for name in ("first", "second"))
        if first.pk == second.pk:
            raise Http404
        return pair_of(first, second, self.day)

    @property
    def may_coordinate(self) -> bool:
        """Whether the reader keeps the coordination of the pair."""
        if self.reader.role not in STEERING or self.is_read_only:
            return False
        regions = {self.pair.first.region_id, self.pair.second.region_id}
        return self.reader.sees_everything or bool(regions & self.reader.scope_ids)

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Performance"), reverse("performance")),
            Crumb(_("Overlap of mandates"), f"{reverse('performance-overlap')}{self.on_day}"),
        ]


class PairPage(_OfPair):
    """What the mandates of two JFOs have in common, part by part, and what was agreed."""

    template_name = "performance/overlap_pair.html"

    def get_title(self) -> str:
        return _("Overlap: %(pair)s") % {"pair": _names(self.pair)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pair, day = self.pair, self.day
        parts = [
            Column("part", _("Part"), value=lambda one: one.label, is_header=True),
            Column("share", _("In common"), value=lambda one: _share(pair.parts[one])),
            Column("alike", _("What"), value=lambda one: ", ".join(pair.parts[one].alike) or formats.NO_VALUE),
        ]
        edit = (lambda row: reverse("performance-coordination", args=[row.pk])) if self.may_coordinate else None
        records = [
            Column("agreed_on", _("Agreed on"), "date", is_header=True, href=edit),
            Column("leads", _("Who leads when")),
            Column("agreed_how", _("Agreed how")),
            Column("review_on", _("Review due on"), "date"),
        ]
        known = [row for row in pair.records if row.agreed_on <= day]
        return super().get_context_data(**kwargs) | {
            "pair": pair,
            "index": _percent(pair.index),
            "state": state_of(pair, day),
            "part_headings": headings_of(parts),
            "part_rows": rows_of(parts, list(Part)),
            "record_headings": headings_of(records),
            "record_rows": rows_of(records, known),
            "may_coordinate": self.may_coordinate,
        }


class _CoordinationForm(_OfPair, FormPage):
    """A form about the coordination of a pair."""

    readers = STEERING

    def crumbs(self) -> Sequence[Crumb]:
        return [*super().crumbs(), Crumb(_names(self.pair), address_of(self.pair))]

    def saved(self, row: Coordination) -> str:
        sentence = _("Saved: %(pair)s are coordinated; the review is due on %(day)s.")
        undoable(self.request, sentence % {"pair": _names(self.pair), "day": row.review_on}, self.change)
        return address_of(self.pair)


class NewCoordination(_CoordinationForm):
    """What the leads of a pair agreed; 404 for a manager of neither region."""

    title = gettext_lazy("Record a coordination")

    def get_form(self, data: Mapping[str, Any] | None = None) -> CoordinationForm:
        if not self.may_coordinate:
            raise Http404
        return CoordinationForm(data, initial={"agreed_on": today(), "review_on": a_year_after(today())})

    def save(self, form: CoordinationForm) -> str:
        row = form.fill(Coordination(first=self.pair.first, second=self.pair.second))
        self.change.save_row(row)
        return self.saved(row)


class EditCoordination(_CoordinationForm, EditPage):
    """A coordination record, corrected; 404 for one of other regions."""

    title = gettext_lazy("Correct a coordination")
    model = Coordination

    @cached_property
    def row(self) -> Coordination:
        found: Coordination = RowPage.found(
            Coordination.objects.editable_by(self.reader).select_related("first", "second"), pk=self.kwargs["pk"]
        )
        return found

    @cached_property
    def pair(self) -> Pair:
        return pair_of(self.row.first, self.row.second, self.day)

    def get_form(self, data: Mapping[str, Any] | None = None) -> CoordinationForm:
        return CoordinationForm(data, instance=self.row)

    def save(self, form: CoordinationForm) -> str:
        row = form.fill(self.row)
        self.change.save_row(row)
        return self.saved(row)
