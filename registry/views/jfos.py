"""The JFOs: the list and one JFO's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage, headings_of, rows_of
from registry import panels
from registry.filters import JFOFilters
from registry.measures.strength import Strength, level_on, strength, with_strength
from registry.measures.tenure import current_since
from registry.models import (
    JFO,
    Assignment,
    Contact,
    ContactFunction,
    Participation,
    ParticipationRole,
    RiskCoverage,
    Role,
)
from registry.models.jfos import RiskLevel
from registry.tables import jfo_columns, jfo_officer_columns, keeping_day, sees_officers_of


class JFOList(ListPage):
    """The JFOs that exist on the day, with who takes part and how many officers the CBSA has there."""

    template_name = "registry/jfos.html"
    title = gettext_lazy("JFOs")
    section = "jfos"
    filterset_class = JFOFilters
    ordering = ("code",)
    file_name = "jfos"
    has_as_of = True

    def get_queryset(self) -> Any:
        jfos = JFO.objects.visible_to(self.reader).as_of(self.day).with_names()
        return with_strength(jfos, self.reader, self.day)

    def get_columns(self) -> Sequence[Column]:
        return jfo_columns(self.reader, self.day)

    def completed(self, rows: list[Any]) -> list[Any]:
        taking_part = (
            Participation.objects.visible_to(self.reader)
            .as_of(self.day)
            .filter(jfo__in=rows)
            .select_related("agency")
            .order_by("agency__key")
        )
        agencies = grouped(taking_part, lambda row: (row.jfo_id, row.role))
        for jfo in rows:
            jfo.leads = [row.agency.short for row in agencies.get((jfo.pk, ParticipationRole.LEAD), [])]
            jfo.partners = [row.agency.short for row in agencies.get((jfo.pk, ParticipationRole.PARTNER), [])]
        for added in panels.columns():
            added.load(rows, self.reader, self.day)
        return rows

    def caption(self, count: int) -> str:
        return ngettext("%(count)s JFO", "%(count)s JFOs", count) % {"count": formats.number(count)}


@dataclass(frozen=True)
class Part:
    """One part of a JFO's page: the overview, a panel that stands by itself, or the history."""

    name: str
    title: str | Promise


@dataclass(frozen=True)
class ShownPanel:
    """A panel with what its template reads."""

    title: str | Promise
    template: str
    data: Any


OVERVIEW = Part("", gettext_lazy("Overview"))
HISTORY = Part("history", gettext_lazy("History"))


class JFOPage(RowPage):
    """One JFO on a day, in parts (`?part=`), so that the database is asked for what is shown alone."""

    template_name = "registry/jfo.html"
    section = "jfos"
    row_field = "code"

    def get_queryset(self) -> Any:
        return with_strength(JFO.objects.visible_to(self.reader).with_names(), self.reader, self.day)

    def get_title(self) -> str:
        return _("%(code)s: %(name)s") % {"code": self.row.code, "name": self.row.name}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("JFOs"), keeping_day(reverse("jfos"), self.day))]

    @cached_property
    def parts(self) -> list[Part]:
        return [OVERVIEW, *(Part(panel.part, panel.title) for panel in panels.panels() if panel.part), HISTORY]

    @cached_property
    def part(self) -> Part:
        """The part asked for; 404 where there is none of that name."""
        asked = self.request.GET.get("part", "")
        for part in self.parts:
            if part.name == asked:
                return part
        raise Http404

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "parts": self.parts,
            "part": self.part,
            "is_active": self.row.holds_on(self.day),
            "may_assign": self.reader.role == Role.REGIONAL_MANAGER and not self.is_read_only,
            "panels": [
                ShownPanel(panel.title, panel.template, panel.load(self.row, self.reader, self.day))
                for panel in panels.panels()
                if panel.part == self.part.name
            ],
        }
        if self.part is OVERVIEW:
            return context | self._overview()
        if self.part is HISTORY:
            return context | {"versions": changes.about(self.row, self.reader)}
        return context

    def _overview(self) -> dict[str, Any]:
        return {
            "participations": Participation.objects.visible_to(self.reader)
            .as_of(self.day)
            .filter(jfo=self.row)
            .select_related("agency")
            .order_by("role", "agency__key"),
            "contacts": self._contacts(),
            "risks": self._risks(),
            **self._officers(),
        }

    def _contacts(self) -> list[tuple[str, list[Contact]]]:
        """Return the contacts of the day by function, every function among them."""
        contacts = Contact.objects.visible_to(self.reader).as_of(self.day).filter(jfo=self.row)
        by_function = grouped(contacts.order_by("-is_primary", "name"), lambda row: row.function)
        return [(str(function.label), by_function.get(function, [])) for function in ContactFunction]

    def _risks(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """Return the risks that the JFO answers: each edition with its levels, high first, and their names."""
        rows = RiskCoverage.objects.visible_to(self.reader).filter(jfo=self.row).select_related("risk")
        editions = grouped([row.risk for row in rows.order_by("-risk__edition", "risk__pk")], lambda risk: risk.edition)
        return [
            (
                edition,
                [
                    (str(level.label), names)
                    for level in RiskLevel
                    if (names := [risk.name for risk in risks if risk.level == level])
                ],
            )
            for edition, risks in editions.items()
        ]

    def _officers(self) -> dict[str, Any]:
        """Return the tables of the assignments of the day and of those before it, as far as the reader may see
        them; one query."""
        begun: list[Any] = list(
            Assignment.objects.visible_to(self.reader)
            .filter(jfo=self.row, start__lte=self.day)
            .with_names()
            .annotate(level=level_on(self.day))
            .order_by("officer__number", "start")
        )
        spells = grouped([(row.officer_id, row.start, row.end) for row in begun], lambda spell: spell[0])
        now = [row for row in begun if row.holds_on(self.day)]
        for row in now:
            row.since = current_since([(start, end) for _id, start, end in spells[row.officer_id]], self.day)
        columns = jfo_officer_columns(self.day)
        earlier = [column for column in columns if column.name not in ("level", "years")]
        past = sorted((row for row in begun if not row.holds_on(self.day)), key=lambda row: row.end, reverse=True)
        shown = strength(now)
        is_known = sees_officers_of(self.row, self.reader)
        everybody = Strength(self.row.officers, self.row.fte) if is_known else shown
        return {
            "is_known": is_known,
            "has_unseen": everybody != shown,
            "everybody": _in_words(everybody),
            "officer_headings": headings_of(columns),
            "officer_rows": rows_of(columns, now),
            "officer_caption": _in_words(shown),
            "earlier_headings": headings_of(earlier),
            "earlier_rows": rows_of(earlier, past),
            "earlier_caption": ngettext("%(count)s earlier assignment", "%(count)s earlier assignments", len(past))
            % {"count": formats.number(len(past))},
        }


def _in_words(strength: Strength) -> str:
    return ngettext("%(count)s officer, %(fte)s FTE", "%(count)s officers, %(fte)s FTE", strength.officers) % {
        "count": formats.number(strength.officers),
        "fte": formats.text(strength.fte, "fte"),
    }
