"""Exhibits 5 and 6: the JFOs that an arrangement covers, and the clauses met."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters, register
from jfo_portal.kit.tables import Column
from registry.measures.strength import Place
from registry.models import Kind
from wca.measures.coverage import clause_counts, clause_matrix, coverage_count, coverage_on
from wca.models import Arrangement, Coverage, Verdict

from .exhibits import (
    KIND_CODES,
    Exhibit,
    Row,
    Table,
    by_kind_and_code,
    jfos_of,
    kind_column,
)


@register
class JFOsByCoverage(Exhibit):
    """Exhibit 5: whether an arrangement in force covers each JFO (domain rule 7)."""

    slug = "exhibit-5"
    title = _("Exhibit 5: JFOs and written collaborative arrangements")
    description = _("The JFOs active on a day, and whether an arrangement in force on that day covers each.")
    columns = (
        Column("jfo", _("JFO"), is_header=True),
        Column("program", _("Program")),
        kind_column(),
        Column("region", _("Region")),
        Column("wca", _("Covered by an arrangement"), "yes_no"),
    )
    measures = (
        Column("jfos", _("JFOs"), "integer"),
        Column("yes", _("Covered"), "integer"),
        Column("no", _("Not covered"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        coverage = coverage_on(jfos_of(reader, parameters.region), parameters.as_of)
        rows = []
        for row in sorted(coverage, key=lambda row: by_kind_and_code(Place.of(row.jfo))):
            place = Place.of(row.jfo)
            rows.append(
                {
                    "jfo": place.jfo,
                    "program": place.program,
                    "kind": KIND_CODES[Kind(place.kind)],
                    "region": place.region,
                    "wca": row.is_covered,
                }
            )
        count = coverage_count(coverage)
        return Table(rows, {"jfos": count.jfos, "yes": count.covered, "no": count.uncovered})

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        found = super().figures(rows, totals)
        for region, of_region in grouped(rows, lambda row: row["region"]).items():
            covered = sum(row["wca"] for row in of_region)
            counts = {"jfos": len(of_region), "yes": covered, "no": len(of_region) - covered}
            found |= {(f"region:{region}", name): number for name, number in counts.items()}
        return found


SUB_TABLES = ("6a", "6b", "6c")


def clause_heading(letter: str, title: str) -> str:
    """Return a clause's letter and title."""
    return gettext("%(letter)s) %(title)s") % {"letter": letter, "title": title}


@register
class ClausesMet(Exhibit):
    """Exhibit 6: in how many reviewed arrangements each clause stands how (domain rule 8)."""

    slug = "exhibit-6"
    title = _("Exhibit 6: Clauses in the arrangements reviewed")
    description = _(
        "In how many arrangements with an approved assessment each information-sharing clause of the "
        "Customs Enforcement Manual is met, partly met, not met or not assessed, on a day."
    )
    columns = (
        Column("clause", _("Clause"), text=lambda row: clause_heading(row["clause"], row["title"]), is_header=True),
        Column("met", Verdict.MET.label, "integer"),
        Column("partial", Verdict.PARTIAL.label, "integer"),
        Column("not_met", Verdict.NOT_MET.label, "integer"),
        Column("not_assessed", Verdict.NOT_ASSESSED.label, "integer"),
        Column("reviewed", _("Reviewed"), "integer"),
    )
    measures = (
        Column("met_6a", _("Met, in Exhibit 6a"), "integer"),
        Column("met_6b", _("Met, in Exhibit 6b"), "integer"),
        Column("met_6c", _("Met, in Exhibit 6c"), "integer"),
        Column("at_least_one", _("Arrangements that meet at least one clause"), "integer"),
        Column("none", _("Arrangements that meet no clause"), "integer"),
        Column("all_seven", _("Arrangements that meet every clause"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        arrangements = Arrangement.objects.visible_to(reader)
        if parameters.region is not None:
            naming = Coverage.objects.visible_to(reader).as_of(parameters.as_of)
            naming = naming.filter(jfo__in=jfos_of(reader, parameters.region))
            arrangements = arrangements.filter(pk__in=naming.values("arrangement"))
        matrix = clause_matrix(arrangements, parameters.as_of)
        rows = []
        for count in clause_counts(matrix):
            letter = count.clause.letter
            met_in = [row.arrangement.reviewed_in for row in matrix.reviewed if row.verdicts[letter] == Verdict.MET]
            rows.append(
                {
                    "clause": letter,
                    "title": count.clause.title,
                    "met": count.met,
                    "partial": count.partial,
                    "not_met": count.not_met,
                    "not_assessed": count.not_assessed,
                    "reviewed": count.reviewed,
                }
                | {f"met_{name}": met_in.count(name) for name in SUB_TABLES}
            )
        met = [list(row.verdicts.values()).count(Verdict.MET) for row in matrix.reviewed]
        totals = {
            "reviewed": len(met),
            "at_least_one": sum(number > 0 for number in met),
            "none": met.count(0),
            "all_seven": met.count(len(matrix.clauses)),
        }
        return Table(rows, totals)

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        by_sub_table = {(row["clause"], f"met_{name}"): row[f"met_{name}"] for row in rows for name in SUB_TABLES}
        return super().figures(rows, totals) | by_sub_table
