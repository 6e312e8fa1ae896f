"""The columns of the register of arrangements and of the gap report's tables, and the words in their cells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Cell, Column
from jfo_portal.kit.views import Heading, headings_of, rows_of
from registry.models import Agency, Kind
from registry.tables import jfo_column, keeping_day

from .lifecycle import standing
from .measures.chain import ChainLink
from .measures.coverage import INFORMATION_SHARING, ClauseCount, CoverageCount, Lack, Reason, UncoveredJFO
from .measures.gaps import Losing, Standing
from .models import Arrangement, Clause, Stage, Verdict
from .sections import address_of

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


def clause_href(arrangement: Arrangement, letter: str, day: date, clause_set: str = INFORMATION_SHARING) -> str:
    """Return the address of what stands behind one cell of the matrix."""
    href = keeping_day(reverse("arrangement-clause", args=[arrangement.reference, letter]), day)
    if clause_set == INFORMATION_SHARING:
        return href
    return f"{href}{'&' if '?' in href else '?'}set={clause_set}"


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
            href=lambda row: address_of(row.arrangement, "parties", "jfos", day),
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
        Column(
            "status",
            gettext_lazy("Status"),
            value=lambda row: standing(row.arrangement.status_on(day), row.arrangement.stage),
        ),
        Column(
            "security_level",
            gettext_lazy("Security level"),
            value=lambda row: row.arrangement.get_security_level_display(),
            extra=True,
        ),
        Column(
            "office",
            gettext_lazy("Office of primary interest"),
            value=lambda row: row.arrangement.office,
            sort="office",
            extra=True,
        ),
        Column(
            "review_due",
            gettext_lazy("Review due"),
            "date",
            value=lambda row: row.arrangement.review_due,
            sort="review_due",
            extra=True,
        ),
        Column(
            "authorities",
            gettext_lazy("Authorities cited"),
            value=lambda row: "; ".join(row.arrangement.authorities.split("\n")),
            extra=True,
        ),
        Column(
            "superseded_by",
            gettext_lazy("Superseded by"),
            value=lambda row: _superseded_by(row.arrangement, day),
            extra=True,
        ),
        Column(
            "clauses_met",
            _("Clauses met, of %(count)s") % {"count": clauses},
            "integer",
            value=lambda row: row.met,
            href=lambda row: f"{keeping_day(row.arrangement.get_absolute_url(), day)}#clauses",
        ),
    ]


def _superseded_by(arrangement: Arrangement, day: date) -> str:
    """Return the newer arrangement's number; on a past day nothing before it took over."""
    newer = arrangement.superseded_by
    if newer is None or (day < today() and arrangement.superseded_on and arrangement.superseded_on > day):
        return ""
    return str(newer.reference)


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


def chain_columns(here: Arrangement, day: date) -> list[Column]:
    """Return the columns of what superseded what; `here` is the arrangement whose page shows them."""

    def newer(row: ChainLink) -> str:
        return row.newer.reference if row.newer else ""

    return [
        Column(
            "reference",
            gettext_lazy("Reference"),
            value=lambda row: row.arrangement.reference,
            text=lambda row: (
                _("%(reference)s (this one)") % {"reference": here.reference}
                if row.arrangement == here
                else row.arrangement.reference
            ),
            href=lambda row: None if row.arrangement == here else keeping_day(row.arrangement.get_absolute_url(), day),
            is_header=True,
        ),
        Column("title", gettext_lazy("Title"), value=lambda row: row.arrangement.title),
        Column("effective", gettext_lazy("Effective"), "date", value=lambda row: row.arrangement.effective),
        Column("superseded_by", gettext_lazy("Superseded by"), value=newer),
        Column("superseded_on", gettext_lazy("From"), "date", value=lambda row: row.day),
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


def matrix_columns(clauses: Sequence[Clause]) -> list[Column]:
    """Return the columns of the matrix as a file holds it: a verdict in words for each clause."""
    return [
        Column("reference", gettext_lazy("Reference"), value=lambda row: row.arrangement.reference, is_header=True),
        Column("title", gettext_lazy("Title"), value=lambda row: row.arrangement.title),
        Column("jfos", gettext_lazy("JFOs"), "integer", value=lambda row: row.arrangement.jfo_count),
        Column("status", gettext_lazy("Status"), value=lambda row: row.status.label),
        *(Column(clause.letter, clause_heading(clause), value=_verdict_of(clause.letter)) for clause in clauses),
        Column("met", gettext_lazy("Clauses met"), "integer"),
    ]


def clause_heading(clause: Clause) -> str:
    """Return the clause's letter and title."""
    return _("%(letter)s) %(title)s") % {"letter": clause.letter, "title": clause.title}


def _verdict_of(letter: str) -> Callable[[Standing], str]:
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


@dataclass(frozen=True)
class LapseGroup:
    """The coverage of one region now and once the chosen day is over."""

    name: str
    now: CoverageCount
    then: CoverageCount


def lapse_columns() -> list[Column]:
    """Return the columns of the coverage by region, now and then."""
    return [
        Column("region", gettext_lazy("Region"), value=lambda row: row.name, is_header=True),
        Column("covered", gettext_lazy("Covered now"), "integer", value=lambda row: row.now.covered),
        Column("uncovered", gettext_lazy("Not covered now"), "integer", value=lambda row: row.now.uncovered),
        Column("covered_then", gettext_lazy("Covered then"), "integer", value=lambda row: row.then.covered),
        Column("uncovered_then", gettext_lazy("Not covered then"), "integer", value=lambda row: row.then.uncovered),
    ]


def annex_columns(clauses: Sequence[Clause]) -> list[Column]:
    """Return the columns of the matrix as it is printed: letters above, a symbol in each cell."""

    def symbol(letter: str) -> Callable[[Standing], str]:
        return lambda row: SYMBOLS[row.verdicts[letter]]

    return [
        Column("reference", gettext_lazy("Reference"), value=lambda row: row.arrangement.reference, is_header=True),
        Column("title", gettext_lazy("Title"), value=lambda row: row.arrangement.title),
        Column("jfos", gettext_lazy("JFOs"), "integer", value=lambda row: row.arrangement.jfo_count),
        Column("status", gettext_lazy("Status"), value=lambda row: row.status.label),
        *(Column(clause.letter, clause.letter, value=symbol(clause.letter)) for clause in clauses),
        Column("met", gettext_lazy("Clauses met"), "integer"),
    ]


def published_columns() -> list[Column]:
    """Return the columns of published figures beside those computed."""
    return [
        Column("row", gettext_lazy("Of what"), value=lambda row: row.row_label, is_header=True),
        Column("measure", gettext_lazy("Figure"), value=lambda row: row.measure_label),
        Column("published", gettext_lazy("Published"), "integer"),
        Column("computed", gettext_lazy("Computed"), "integer"),
        Column("difference", gettext_lazy("Difference"), "integer"),
        Column("explanation", gettext_lazy("Explanation")),
    ]


def lapsing_columns(day: date) -> list[Column]:
    """Return the columns of the arrangements that will expire."""
    return [
        Column(
            "reference",
            gettext_lazy("Reference"),
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("title", gettext_lazy("Title")),
        Column("expiry", gettext_lazy("Expiry"), "date"),
        Column(
            "jfo_count",
            gettext_lazy("JFOs"),
            "integer",
            href=lambda row: address_of(row, "parties", "jfos", day),
        ),
    ]


def losing_columns(day: date) -> list[Column]:
    """Return the columns of the JFOs that will lose their coverage."""

    def references(row: Losing) -> str:
        return ", ".join(arrangement.reference for arrangement in row.arrangements)

    def only(row: Losing) -> str | None:
        return keeping_day(row.arrangements[0].get_absolute_url(), day) if len(row.arrangements) == 1 else None

    return [
        jfo_column(day, is_header=True),
        Column("name", gettext_lazy("Name"), value=lambda row: row.jfo.name),
        Column("region", gettext_lazy("Region"), value=lambda row: row.jfo.region.short),
        Column("arrangements", gettext_lazy("Covered until then by"), value=references, href=only),
        Column("last_day", gettext_lazy("Last day"), "date"),
    ]


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
        case Lack.IN_STAGE:
            return _stage_in_words(reason.stage) % words
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


def _stage_in_words(stage: Stage | None) -> str:
    match stage:
        case Stage.NEEDED:
            return _("%(reference)s has been needed since %(day)s.")
        case Stage.DRAFTING:
            return _("%(reference)s has been in drafting since %(day)s.")
        case Stage.CONSULTATION:
            return _("%(reference)s has been in consultation since %(day)s.")
        case Stage.NEGOTIATION:
            return _("%(reference)s has been in negotiation since %(day)s.")
        case _:
            return _("%(reference)s was withdrawn on %(day)s.")
