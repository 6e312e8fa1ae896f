"""What totals that documents reported come to among themselves: sums of parts, and parts of a whole.

They are kept apart from the outcomes on record (domain rule 12), and nothing here adds the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from jfo_portal.kit.grouping import grouped

from ..models import Attribution, ReportedOutcome


@dataclass(frozen=True)
class ReportedSum:
    """Totals of one measure and period, attributed to one side, of several teams or of several kinds of goods."""

    rows: Sequence[ReportedOutcome]

    @property
    def total(self) -> Decimal:
        return sum((row.value for row in self.rows), Decimal(0))


@dataclass(frozen=True)
class ReportedPart:
    """A region's total beside that of all regions, of the same program, measure, subject and period."""

    part: ReportedOutcome
    whole: ReportedOutcome

    @property
    def share(self) -> Fraction:
        return Fraction(self.part.value) / Fraction(self.whole.value)


def attributed(rows: Iterable[ReportedOutcome]) -> list[ReportedSum]:
    """Return what is attributed to the CBSA, added up over the teams of a program; one team's alone is no sum."""
    own = [row for row in rows if row.attribution == Attribution.CBSA]
    same = grouped(own, lambda row: (row.program_id, row.first_day, row.last_day, row.measure_en, row.subject_en))
    return [ReportedSum(some) for some in same.values() if len(some) > 1]


def parts_of_wholes(rows: Iterable[ReportedOutcome]) -> list[ReportedPart]:
    """Return each region's total of which that of all regions was reported too."""
    same = grouped(
        rows,
        lambda row: (
            row.program_id,
            row.first_day,
            row.last_day,
            row.measure_en,
            row.subject_en,
            row.operation,
            row.attribution,
        ),
    )
    return [
        ReportedPart(part, whole)
        for some in same.values()
        for whole in some
        if whole.region_id is None and whole.value
        for part in some
        if part.region_id is not None
    ]


def operations(rows: Iterable[ReportedOutcome]) -> dict[str, list[ReportedOutcome]]:
    """Return the totals of each operation that a document names, by its name."""
    return grouped((row for row in rows if row.operation), lambda row: row.operation)
