"""What stands behind one cell of the matrix: a clause, and what was found of it in an arrangement, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.views import Crumb, RowPage
from registry.tables import keeping_day
from wca.measures.coverage import INFORMATION_SHARING, latest_clauses
from wca.models import Arrangement, Assessment, Clause, ClausePart, ClauseSet, Finding, Verdict, clause_verdict
from wca.tables import SYMBOLS, clause_heading, clause_href


@dataclass(frozen=True)
class PartFound:
    """One part of the clause, and what the assessment found of it; not assessed where it found nothing."""

    part: ClausePart
    verdict: Verdict
    symbol: str
    quotation: str
    quotation_language: str
    place: str
    missing: str
    note: str


@dataclass(frozen=True)
class Neighbour:
    """The clause before or after this one."""

    heading: str
    href: str


class ClausePage(RowPage):
    """One clause of one arrangement, as the assessment that stood on the day found it."""

    template_name = "wca/clause.html"
    section = "gaps"
    row_field = "reference"

    def get_queryset(self) -> Any:
        return Arrangement.objects.visible_to(self.reader)

    @cached_property
    def clause_set(self) -> str:
        """The code of the clause set, from `?set=`; 404 for one that there is not."""
        asked = self.request.GET.get("set", INFORMATION_SHARING)
        codes = ClauseSet.objects.visible_to(self.reader).order_by().values_list("code", flat=True).distinct()
        if asked != INFORMATION_SHARING and asked not in set(codes):
            raise Http404
        return asked

    @cached_property
    def assessment(self) -> Assessment | None:
        standing = Assessment.objects.visible_to(self.reader).standing_on(self.day)
        return (
            standing.filter(arrangement=self.row, clause_set__code=self.clause_set)
            .select_related("author", "approved_by", "clause_set")
            .first()
        )

    @cached_property
    def clauses(self) -> Sequence[Clause]:
        """The clauses of the version that was assessed, or of the latest one."""
        if self.assessment is None:
            return latest_clauses(self.clause_set)
        clauses = Clause.objects.visible_to(self.reader)
        return list(clauses.filter(clause_set=self.assessment.clause_set_id).order_by("letter"))

    @cached_property
    def position(self) -> int:
        """Where the clause stands among the clauses; 404 if there is none of that letter."""
        letters = [clause.letter for clause in self.clauses]
        if self.kwargs["letter"] not in letters:
            raise Http404
        return letters.index(self.kwargs["letter"])

    @property
    def clause(self) -> Clause:
        return self.clauses[self.position]

    def parts(self) -> list[PartFound]:
        """Return the clause's parts with what was found of each; two queries."""
        findings = Finding.objects.visible_to(self.reader).filter(assessment=self.assessment, part__clause=self.clause)
        found = {finding.part_id: finding for finding in findings}
        return [_found(part, found.get(part.pk)) for part in self.clause.parts.order_by("number")]

    def neighbour(self, step: int) -> Neighbour | None:
        """Return the clause that many steps on, or None past either end."""
        position = self.position + step
        if not 0 <= position < len(self.clauses):
            return None
        clause = self.clauses[position]
        return Neighbour(clause_heading(clause), clause_href(self.row, clause.letter, self.day, self.clause_set))

    def _assessment_href(self) -> str:
        if self.assessment is None:
            return ""
        return keeping_day(reverse("assessment", args=[self.row.reference, self.assessment.pk]), self.day)

    def get_title(self) -> str:
        return _("%(arrangement)s, clause %(letter)s: %(title)s") % {
            "arrangement": self.row.reference,
            "letter": self.clause.letter,
            "title": self.clause.title,
        }

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Gap report"), keeping_day(reverse("gap-report"), self.day)),
            Crumb(self.row.reference, keeping_day(self.row.get_absolute_url(), self.day)),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        parts = self.parts()
        verdict = clause_verdict(part.verdict for part in parts)
        gap_report = keeping_day(reverse("gap-report"), self.day)
        return super().get_context_data(**kwargs) | {
            "clause": self.clause,
            "parts": parts,
            "verdict": verdict,
            "symbol": SYMBOLS[verdict],
            "arrangement_href": keeping_day(self.row.get_absolute_url(), self.day),
            "assessment": self.assessment,
            "assessment_href": self._assessment_href(),
            "author": _name(self.assessment.author) if self.assessment else "",
            "approver": _name(self.assessment.approved_by) if self.assessment else "",
            "previous": self.neighbour(-1),
            "next": self.neighbour(1),
            "cell": f"{gap_report}#cell-{self.row.reference}-{self.clause.letter}",
        }


def _found(part: ClausePart, finding: Finding | None) -> PartFound:
    if finding is None:
        return PartFound(part, Verdict.NOT_ASSESSED, SYMBOLS[Verdict.NOT_ASSESSED], "", "", "", "", "")
    verdict = Verdict(finding.verdict)
    return PartFound(
        part,
        verdict,
        SYMBOLS[verdict],
        finding.quotation,
        finding.quotation_language,
        finding.place,
        in_language(finding, "missing"),
        finding.note,
    )


def _name(user: Any) -> str:
    return user.get_full_name() or user.username
