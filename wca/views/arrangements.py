"""The register of arrangements, and one arrangement's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage
from registry.models import Agency
from registry.tables import keeping_day
from wca.filters import ArrangementFilters
from wca.measures.coverage import AssessedArrangement, clause_matrix, latest_clauses, unsigned_on, with_jfo_count
from wca.models import Arrangement, Clause, Coverage, Signatory, Verdict
from wca.tables import SYMBOLS, RegisterRow, Table, clause_heading, clause_href, coverage_columns, register_columns

PARTIES = Prefetch("signatories", Signatory.objects.select_related("agency").order_by("-is_required", "agency__key"))


class ArrangementList(ListPage):
    """Every arrangement, signed or not; on a past day, those begun by then."""

    title = gettext_lazy("Arrangements")
    section = "arrangements"
    template_name = "wca/arrangements.html"
    filterset_class = ArrangementFilters
    ordering = ("reference",)
    file_name = "arrangements"
    has_as_of = True

    def get_queryset(self) -> Any:
        rows = Arrangement.objects.visible_to(self.reader)
        # Today lists what is still to take effect, too; on a past day nobody knew of it yet.
        rows = rows.known_on(self.day) if self.day < today() else rows
        return with_jfo_count(rows, self.day).prefetch_related(PARTIES)

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        return latest_clauses()

    def get_columns(self) -> Sequence[Column]:
        return register_columns(self.day, len(self.clauses))

    def completed(self, rows: list[Any]) -> list[Any]:
        arrangements = Arrangement.objects.visible_to(self.reader).filter(pk__in=[row.pk for row in rows])
        matrix = clause_matrix(arrangements, self.day, clauses=self.clauses)
        met = {row.arrangement.pk: row.met for row in matrix.rows}
        return [RegisterRow(row, met[row.pk]) for row in rows]

    def caption(self, count: int) -> str:
        return ngettext("%(count)s arrangement", "%(count)s arrangements", count) % {"count": formats.number(count)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"gap_report": keeping_day(reverse("gap-report"), self.day)}
        if not context["chips"]:
            context["empty"] = _("No arrangement is recorded for %(day)s.") % {"day": formats.long_day(self.day)}
        return context


@dataclass(frozen=True)
class Party:
    """A signatory as the page lists it."""

    agency: Agency
    is_required: bool
    signed_on: date | None
    has_signed: bool


@dataclass(frozen=True)
class Stance:
    """How the arrangement stands on one clause."""

    heading: str
    verdict: Verdict
    symbol: str
    href: str


class ArrangementPage(RowPage):
    """One arrangement: its facts, who signed and who must, the JFOs it names, its clauses, its history."""

    template_name = "wca/arrangement.html"
    section = "arrangements"
    row_field = "reference"

    def get_queryset(self) -> Any:
        return Arrangement.objects.visible_to(self.reader).select_related("superseded_by").prefetch_related(PARTIES)

    def get_title(self) -> str:
        return _("%(reference)s: %(title)s") % {"reference": self.row.reference, "title": self.row.title}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Arrangements"), keeping_day(reverse("arrangements"), self.day))]

    def parties(self) -> list[Party]:
        """Return the signatories, those who must sign first."""
        return [
            Party(
                party.agency,
                party.is_required,
                party.signed_on,
                has_signed=party.signed_on is not None and party.signed_on <= self.day,
            )
            for party in self.row.signatories.all()
        ]

    def coverage(self) -> Table:
        """Return the JFOs that the arrangement names, ever; one query."""
        rows = Coverage.objects.visible_to(self.reader).filter(arrangement=self.row)
        return Table(
            coverage_columns(self.day), list(rows.select_related("jfo__region").order_by("jfo__code", "start"))
        )

    def coverage_caption(self, coverage: Table) -> str:
        """Return how many JFOs it names on the day."""
        count = sum(row.holds_on(self.day) for row in coverage.rows)
        return ngettext("%(count)s JFO on %(day)s", "%(count)s JFOs on %(day)s", count) % {
            "count": count,
            "day": formats.long_day(self.day),
        }

    def stances(self, clauses: Sequence[Clause], assessed: AssessedArrangement) -> list[Stance]:
        """Return how the arrangement stands on each clause."""
        return [
            Stance(
                clause_heading(clause),
                verdict := assessed.verdicts[clause.letter],
                SYMBOLS[verdict],
                clause_href(self.row, clause.letter, self.day),
            )
            for clause in clauses
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        matrix = clause_matrix(Arrangement.objects.visible_to(self.reader).filter(pk=self.row.pk), self.day)
        assessed = matrix.rows[0]
        coverage = self.coverage()
        successor = self.row.superseded_by
        return super().get_context_data(**kwargs) | {
            "status": self.row.status_on(self.day),
            "successor_href": keeping_day(successor.get_absolute_url(), self.day) if successor else None,
            "unsigned": [agency.short for agency in unsigned_on(self.row, self.day)],
            "parties": self.parties(),
            "coverage": coverage,
            "coverage_rows": coverage.cells(),
            "coverage_caption": self.coverage_caption(coverage),
            "assessment": assessed.assessment,
            "met": assessed.met,
            "stances": self.stances(matrix.clauses, assessed),
            "versions": changes.about(self.row, self.reader),
        }
