"""The columns of the register of arrangements and of the gap report's tables, and the words in their cells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from jfo_portal.kit.tables import Cell, Column
from jfo_portal.kit.views import Heading, headings_of, rows_of
from registry.models import Agency, Kind
from registry.tables import jfo_column, keeping_day

from .measures.coverage import AssessedArrangement, ClauseCount, CoverageCount, Lack, Reason, UncoveredJFO
from .models import Arrangement, Clause, Verdict

# Beside its word, so that a verdict is told at a glance and never by colour alone.
SYMBOLS = {
    Verdict.MET: "✓",
    Verdict.PARTIAL: "◐",
    Verdict.NOT_MET: "✗",
    Verdict.NOT_ASSESSED: "–",
    Verdict.NOT_APPLICABLE: "∅",
}


@dataclass(frozen=True)
class Table:
    """One of several tables of a page: the same columns and rows for the page and for the files."""

    columns: Sequence[Column]
    rows: Sequence[Any]

    def headings(self) -> list[Heading]:
        """Return the columns' headings, which do not sort."""
        return headings_of(self.columns)

    def cells(self) -> list[list[Cell]]:
        """Return the rows as the page prints them."""
        return rows_of(self.columns, self.rows)


def clause_href(arrangement: Arrangement, letter: str, day: date) -> str:
    """Return the address of what stands behind one cell of the matrix."""
    return keeping_day(reverse("arrangement-clause", args=[arrangement.reference, letter]), day)


def agencies_in_words(agencies: Iterable[Agency]) -> str:
    """Return the agencies' short forms in the active language."""
    return ", ".join(agency.short for agency in agencies)


# The register


@dataclass(frozen=True)
class RegisterRow:
    """An arrangement with how many JFOs it names, and what its standing assessment says."""

    arrangement: Arrangement
    met: int | None


def register_columns(day: date, clauses: int) -> list[Column]:
    """Return the register's columns on the day; `clauses` is how many an arrangement can hold."""
    return [
        Column(
            "reference",
            gettext_lazy("Reference"),
            value=lambda row: row.arrangement.reference,
            sort="reference",
            href=lambda row: keeping_day(row.arrangement.get_absolute_url(), day),
            is_header=True,
        ),
        Column(
            "title",
            gettext_lazy("Title"),
            value=lambda row: row.arrangement.title,
            sort="title_fr" if get_language() == "fr" else "title_en",
        ),
        Column(
            "kind", gettext_lazy("Kind"), value=lambda row: row.arrangement.get_kind_display(), sort="kind", extra=True
        ),
        Column(
            "jfos",
            gettext_lazy("JFOs"),
            "integer",
            value=lambda row: row.arrangement.jfo_count,
            sort="jfo_count",
            href=lambda row: f"{keeping_day(row.arrangement.get_absolute_url(), day)}#jfos",
        ),
        Column(
            "parties",
            gettext_lazy("Parties"),
            value=lambda row: agencies_in_words(party.agency for party in row.arrangement.signatories.all()),
        ),
        Column(
            "effective",
            gettext_lazy("Effective"),
            "date",
            value=lambda row: row.arrangement.effective,
            sort="effective",
        ),
        Column("expiry", gettext_lazy("Expiry"), "date", value=lambda row: row.arrangement.expiry, sort="expiry"),
        Column("status", gettext_lazy("Status"), value=lambda row: row.arrangement.status_on(day).label),
        Column(
            "clauses_met",
            _("Clauses met, of %(count)s") % {"count": clauses},
            "integer",
            value=lambda row: row.met,
            href=lambda row: f"{keeping_day(row.arrangement.get_absolute_url(), day)}#clauses",
        ),
    ]


# The JFOs of an arrangement


def coverage_columns(day: date) -> list[Column]:
    """Return the columns of the JFOs that an arrangement names, and when."""
    return [
        jfo_column(day, is_header=True),
        Column("region", gettext_lazy("Region"), value=lambda row: row.jfo.region.short),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
        Column("holds", gettext_lazy("On the day shown"), "yes_no", value=lambda row: row.holds_on(day)),
    ]


# The gap report


@dataclass(frozen=True)
class CoverageGroup:
    """The JFOs of one region or kind, and the addresses of the report on them and of all, the covered, the others."""

    name: str
    count: CoverageCount
    href: str
    jfos_href: str
    covered_href: str
    uncovered_href: str


def group_columns(name: str, label: str | Promise) -> list[Column]:
    """Return the columns of the coverage by what `name` and `label` say the groups are."""
    return [
        Column(name, label, value=lambda row: row.name, href=lambda row: row.href, is_header=True),
        Column(
            "jfos",
            gettext_lazy("JFOs"),
            "integer",
            value=lambda row: row.count.jfos,
            href=lambda row: row.jfos_href,
        ),
        Column(
            "covered",
            gettext_lazy("Covered"),
            "integer",
            value=lambda row: row.count.covered,
            href=lambda row: row.covered_href if row.count.covered else None,
        ),
        Column(
            "uncovered",
            gettext_lazy("Not covered"),
            "integer",
            value=lambda row: row.count.uncovered,
            href=lambda row: row.uncovered_href if row.count.uncovered else None,
        ),
        Column(
            "share",
            gettext_lazy("Share covered"),
            "percent",
            value=lambda row: row.count.covered / row.count.jfos if row.count.jfos else None,
        ),
    ]


def matrix_columns(clauses: Sequence[Clause], day: date) -> list[Column]:
    """Return the columns of the matrix as a file holds it: a verdict in words for each clause."""
    return [
        Column("reference", gettext_lazy("Reference"), value=lambda row: row.arrangement.reference, is_header=True),
        Column("title", gettext_lazy("Title"), value=lambda row: row.arrangement.title),
        Column("jfos", gettext_lazy("JFOs"), "integer", value=lambda row: row.arrangement.jfo_count),
        Column("status", gettext_lazy("Status"), value=lambda row: row.arrangement.status_on(day).label),
        *(Column(clause.letter, clause_heading(clause), value=_verdict_of(clause.letter)) for clause in clauses),
        Column("met", gettext_lazy("Clauses met"), "integer"),
    ]


def clause_heading(clause: Clause) -> str:
    """Return the clause's letter and title."""
    return _("%(letter)s) %(title)s") % {"letter": clause.letter, "title": clause.title}


def _verdict_of(letter: str) -> Callable[[AssessedArrangement], str]:
    return lambda row: str(row.verdicts[letter].label)


def clause_columns(cell_href: Callable[[ClauseCount, Verdict], str | None]) -> list[Column]:
    """Return the columns of the clause ranking; `cell_href` leads to the arrangements behind one of its figures."""
    return [
        Column("clause", gettext_lazy("Clause"), value=lambda row: clause_heading(row.clause), is_header=True),
        *(_count_column(verdict, cell_href) for verdict in Verdict),
        Column("reviewed", gettext_lazy("Reviewed"), "integer"),
    ]


def _count_column(verdict: Verdict, cell_href: Callable[[ClauseCount, Verdict], str | None]) -> Column:
    return Column(verdict.value, verdict.label, "integer", href=lambda row: cell_href(row, verdict))


def uncovered_columns(day: date) -> list[Column]:
    """Return the columns of the JFOs without an arrangement."""
    return [
        jfo_column(day, is_header=True),
        Column("name", gettext_lazy("Name"), value=lambda row: row.jfo.name),
        Column("program", gettext_lazy("Program"), value=lambda row: row.jfo.program.code),
        Column("kind", gettext_lazy("Kind"), value=lambda row: Kind(row.jfo.program.kind).label),
        Column("region", gettext_lazy("Region"), value=lambda row: row.jfo.region.short),
        Column("leads", gettext_lazy("Lead"), value=lambda row: agencies_in_words(row.leads)),
        Column("reason", gettext_lazy("Reason"), value=reasons_in_words, href=lambda row: _reason_href(row, day)),
    ]


def _reason_href(row: UncoveredJFO, day: date) -> str | None:
    return keeping_day(row.reasons[0].arrangement.get_absolute_url(), day) if len(row.reasons) == 1 else None


def reasons_in_words(row: UncoveredJFO) -> str:
    """Return why the JFO has no arrangement in force: a sentence for each arrangement that names it."""
    if not row.reasons:
        return _("No arrangement names it.")
    return " ".join(_reason_in_words(reason) for reason in row.reasons)


def _reason_in_words(reason: Reason) -> str:
    words = {"reference": reason.arrangement.reference, "day": reason.day}
    match reason.lack:
        case Lack.UNSIGNED if reason.unsigned:
            parties = agencies_in_words(reason.unsigned)
            return _("%(reference)s is not signed by %(parties)s.") % (words | {"parties": parties})
        case Lack.UNSIGNED:
            return _("%(reference)s names no party that must sign it.") % words
        case Lack.NOT_YET if reason.day is None:
            return _("%(reference)s has no effective date.") % words
        case Lack.NOT_YET:
            return _("%(reference)s takes effect on %(day)s.") % words
        case Lack.COMING:
            return _("%(reference)s names it only from %(day)s on.") % words
        case Lack.LEFT:
            return _("%(reference)s named it until %(day)s.") % words
        case Lack.EXPIRED:
            return _("%(reference)s expired on %(day)s.") % words
        case Lack.TERMINATED:
            return _("%(reference)s was terminated on %(day)s.") % words
        case Lack.SUPERSEDED:
            return _("%(reference)s was superseded on %(day)s.") % words
