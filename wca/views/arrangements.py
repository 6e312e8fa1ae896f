"""The register of arrangements, and one arrangement's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage
from registry.tables import keeping_day
from wca.filters import ArrangementFilters
from wca.measures.chain import chain_of
from wca.measures.coverage import AssessedArrangement, clause_matrix, latest_clauses, unsigned_on, with_jfo_count
from wca.models import Arrangement, Clause, Signatory, Verdict
from wca.models.arrangements import Status
from wca.models.stages import stage_recorded
from wca.parts import PARTS, may_edit, shown_part
from wca.sections import PARTS as PARTS_OF_PAGE
from wca.sections import sections
from wca.tables import SYMBOLS, RegisterRow, Table, chain_columns, clause_heading, clause_href, register_columns

PARTIES = Prefetch("signatories", Signatory.objects.select_related("agency").order_by("-is_required", "agency__key"))


class ArrangementList(ListPage):
    """Every arrangement, signed or not; on a past day, those begun by then."""

    title = gettext_lazy("Arrangements")
    section = "arrangements"
    template_name = "wca/arrangements.html"
    filterset_class = ArrangementFilters
    ordering = ("reference",)
    file_name = "arrangements"
    import_kind = "arrangements"
    has_as_of = True

    def get_queryset(self) -> Any:
        rows: Any = Arrangement.objects.visible_to(self.reader)
        # Today lists what is still to take effect, too; on a past day nobody knew of it yet.
        rows = rows.known_on(self.day) if self.day < today() else rows
        shown = with_jfo_count(rows, self.day).annotate(stage=stage_recorded(self.day))
        return shown.select_related("superseded_by").prefetch_related(PARTIES)

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        return latest_clauses()

    def get_columns(self) -> Sequence[Column]:
        return register_columns(self.day, len(self.clauses))

    def completed(self, rows: list[Any]) -> list[Any]:
        matrix = clause_matrix(rows, self.day, clauses=self.clauses)
        met = {row.arrangement.pk: row.met for row in matrix.rows}
        return [RegisterRow(row, met[row.pk]) for row in rows]

    def caption(self, count: int) -> str:
        return ngettext("%(count)s arrangement", "%(count)s arrangements", count) % {"count": formats.number(count)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "gap_report": keeping_day(reverse("gap-report"), self.day),
            "may_add": may_edit(self.reader) and not self.is_read_only,
        }
        if not context["chips"]:
            context["empty"] = _("No arrangement is recorded for %(day)s.") % {"day": formats.long_day(self.day)}
        return context


@dataclass(frozen=True)
class Stance:
    """How the arrangement stands on one clause."""

    heading: str
    verdict: Verdict
    symbol: str
    href: str


@dataclass(frozen=True)
class ShownSection:
    """A section of the page as it is shown: `body` is markup."""

    name: str
    title: str
    body: str


class ArrangementPage(RowPage):
    """One arrangement on a day, in parts (`?part=`), so that the database is asked for what is shown alone.

    The facts, the clauses and the chain come first; who signs and which JFOs it names are a part, and the history is
    one. Other modules add sections (wca.sections).
    """

    template_name = "wca/arrangement.html"
    section = "arrangements"
    row_field = "reference"

    def get_queryset(self) -> Any:
        older = Arrangement.objects.filter(superseded_by=OuterRef("pk"))
        rows = Arrangement.objects.visible_to(self.reader).annotate(is_superseding=Exists(older))
        return rows.prefetch_related(PARTIES)

    def get_title(self) -> str:
        return _("%(reference)s: %(title)s") % {"reference": self.row.reference, "title": self.row.title}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Arrangements"), keeping_day(reverse("arrangements"), self.day))]

    def chain(self) -> Table | None:
        """Return what superseded it and what it superseded, the newest first; None where there is neither.

        On a past day what was so by then; one query where there is either.
        """
        if not (self.row.superseded_by_id or self.row.is_superseding):
            return None
        chain = chain_of(self.row, self.day if self.day < today() else None)
        return Table(chain_columns(self.row, self.day), chain) if len(chain) > 1 else None

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

    def sections(self) -> list[ShownSection]:
        """Return what other modules show of the arrangement (wca.sections), in their order.

        Their templates know `row`, `day`, `is_read_only` and `on_day`, as the page's own does, and what their
        `context` returns.
        """
        of_page = {"row": self.row, "day": self.day, "is_read_only": self.is_read_only, "on_day": self.on_day}
        shown = []
        for section in sections(self.part):
            context = section.context(self.row, self.reader, self.day, self.is_read_only)
            body = render_to_string(section.template, of_page | dict(context), self.request)
            shown.append(ShownSection(section.name, str(section.title), body))
        return shown

    @cached_property
    def part(self) -> str:
        """The part asked for; 404 where there is none of that name."""
        part = self.request.GET.get("part", "")
        if part not in PARTS_OF_PAGE:
            raise Http404
        return part

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        of_part = {"": self.overview, "parties": self.parties, "history": self.history}.get(self.part)
        return (
            super().get_context_data(**kwargs)
            | {
                "may_edit": may_edit(self.reader) and not self.is_read_only,
                "part": self.part,
                "parts": PARTS_OF_PAGE.items(),
                "sections": self.sections(),
                "kept": {},
            }
            | (of_part() if of_part else {})
        )

    def overview(self) -> dict[str, Any]:
        """Return the facts, the clauses and the chain."""
        matrix = clause_matrix([self.row], self.day)
        assessed = matrix.rows[0]
        chain = self.chain()
        status, is_past = self.row.status_on(self.day), self.day < today()
        return {
            "status": status,
            "unsigned": [agency.short for agency in unsigned_on(self.row, self.day)],
            # What was decided later was not known on a past day.
            "terminated_on": self.row.terminated_on if not is_past or status == Status.TERMINATED else None,
            "is_review_overdue": self.row.review_due is not None and self.row.review_due < self.day,
            "chain_headings": chain.headings() if chain else (),
            "chain_rows": chain.cells() if chain else (),
            "assessment": assessed.assessment,
            "met": assessed.met,
            "stances": self.stances(matrix.clauses, assessed),
        }

    def parties(self) -> dict[str, Any]:
        """Return who signs, the JFOs that it names, and how it was amended."""
        shown = {
            slug: shown_part(part, self.row, self.reader, self.day, is_read_only=self.is_read_only)
            for slug, part in PARTS.items()
        }
        return {"kept": shown}

    def history(self) -> dict[str, Any]:
        """Return the latest changes."""
        return {"versions": changes.about(self.row, self.reader)}
