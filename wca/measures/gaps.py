"""The figures of the gap report over any number of JFOs and arrangements, counted in the database."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import Count, OuterRef, Q, Subquery

from jfo_portal.kit.grouping import grouped
from registry.models import JFO
from registry.models.jfos import JFOQuerySet
from wca.models import Arrangement, Assessment, Clause, ClausePart, ClauseSet, Coverage, Finding, Verdict
from wca.models.arrangements import ArrangementQuerySet, Status

from .coverage import (
    ClauseCount,
    CoverageCount,
    JFOCoverage,
    UncoveredJFO,
    covered_on,
    uncovered_on,
    with_jfo_count,
)

# Coverage


@dataclass(frozen=True)
class Group:
    """The JFOs of one region and kind."""

    region: str
    region_en: str
    region_fr: str
    kind: str
    count: CoverageCount


def coverage_groups(jfos: JFOQuerySet, day: date) -> list[Group]:
    """Return how many of the JFOs of the day an arrangement covers, by region and kind; one query."""
    rows = jfos.as_of(day).order_by()
    rows = rows.values("region__code", "region__name_en", "region__name_fr", "program__kind").annotate(
        jfos=Count("pk"), covered=Count("pk", filter=Q(pk__in=covered_on(day)))
    )
    return [
        Group(
            row["region__code"],
            row["region__name_en"],
            row["region__name_fr"],
            row["program__kind"],
            CoverageCount(row["jfos"], row["covered"]),
        )
        for row in rows.order_by("region__code", "program__kind")
    ]


def together(groups: Sequence[Group]) -> CoverageCount:
    """Return what the groups come to."""
    return CoverageCount(sum(group.count.jfos for group in groups), sum(group.count.covered for group in groups))


def uncovered_jfos(jfos: JFOQuerySet, day: date) -> JFOQuerySet:
    """Return those of the JFOs of the day that nothing covers, by code."""
    return jfos.as_of(day).exclude(pk__in=covered_on(day)).with_names().order_by("code")


def with_reasons(jfos: Sequence[JFO], day: date) -> list[UncoveredJFO]:
    """Return the JFOs, which nothing covers on the day, each with who leads it and the reasons; four queries."""
    return uncovered_on([JFOCoverage(jfo, ()) for jfo in jfos], day)


# Clauses


@dataclass(frozen=True)
class ClauseBook:
    """A clause set: the clauses of its latest version, and of every version the letter and parts of each clause."""

    clauses: tuple[Clause, ...]
    letters: Mapping[int, str]
    parts: Mapping[int, Sequence[int]]


def clause_book(clause_set: str) -> ClauseBook:
    """Return the set of that code; without clauses where there is none; one query."""
    rows = ClausePart.objects.filter(clause__clause_set__code=clause_set).select_related("clause__clause_set")
    by_clause = grouped(rows.order_by("clause__letter", "number"), lambda part: part.clause)
    latest = max((clause.clause_set.version for clause in by_clause), default=None)
    return ClauseBook(
        tuple(clause for clause in by_clause if clause.clause_set.version == latest),
        {clause.pk: clause.letter for clause in by_clause},
        {clause.pk: [part.pk for part in parts] for clause, parts in by_clause.items()},
    )


def clause_sets() -> list[ClauseSet]:
    """Return the latest version of each set, by code; one query."""
    newer = ClauseSet.objects.filter(code=OuterRef("code")).order_by("-version").values("pk")[:1]
    return list(ClauseSet.objects.filter(pk=Subquery(newer)).order_by("code"))


class MatrixKey(NamedTuple):
    """An arrangement and the assessment of it that stands, by their keys."""

    arrangement: int
    assessment: int | None


def matrix_keys(arrangements: ArrangementQuerySet, day: date, clause_set: str) -> list[MatrixKey]:
    """Return the arrangements by reference, those with an assessment standing on the day first; one query."""
    standing = Assessment.objects.filter(arrangement=OuterRef("pk"), clause_set__code=clause_set, approved_on__lte=day)
    latest = Subquery(standing.order_by("-approved_on", "-pk").values("pk")[:1])
    rows = arrangements.annotate(standing_pk=latest).order_by("reference").values_list("pk", "standing_pk")
    return sorted((MatrixKey(*row) for row in rows), key=lambda key: key.assessment is None)


@dataclass(frozen=True)
class Standing:
    """One arrangement of the matrix, and its verdict on each clause by letter; not assessed while nobody reviewed it.

    The arrangement is asked for `with_status_on` and `with_jfo_count`.
    """

    arrangement: Arrangement
    is_reviewed: bool
    verdicts: Mapping[str, Verdict]

    @property
    def met(self) -> int | None:
        """How many clauses it holds in full; None while it is not assessed."""
        return list(self.verdicts.values()).count(Verdict.MET) if self.is_reviewed else None

    @property
    def status(self) -> Status:
        standing: str = self.arrangement.standing  # type: ignore[attr-defined]
        return Status(standing)


@dataclass(frozen=True)
class ClauseTotals:
    """How all the reviewed arrangements stand on the clauses, whichever of them are shown.

    `verdicts` are those of each assessment by letter; a clause without a single finding is left out.
    """

    counts: tuple[ClauseCount, ...]
    verdicts: Mapping[int, Mapping[str, Verdict]]
    reviewed: int

    @property
    def ranking(self) -> list[ClauseCount]:
        """The clauses from the one met least to the one met most."""
        return sorted(self.counts, key=lambda count: (count.met, count.partial))

    def met(self, assessment: int | None) -> int | None:
        """Return how many clauses the arrangement of the assessment holds in full; None without an assessment."""
        if assessment is None:
            return None
        return list(self.verdicts.get(assessment, {}).values()).count(Verdict.MET)

    def verdict(self, assessment: int | None, letter: str) -> Verdict:
        """Return the verdict of the assessment on the clause; not assessed without one."""
        found = self.verdicts.get(assessment, {}) if assessment is not None else {}
        return found.get(letter, Verdict.NOT_ASSESSED)

    @property
    def holding_all(self) -> int:
        """How many of the reviewed hold every clause in full."""
        return sum(self.met(one) == len(self.counts) for one in self.verdicts)

    @property
    def holding_some(self) -> int:
        """How many of the reviewed hold at least one clause in full, those that hold every one included."""
        return sum(bool(self.met(one)) for one in self.verdicts)

    def standings(self, keys: Sequence[MatrixKey], day: date) -> list[Standing]:
        """Return the arrangements of the keys, in that order, as the matrix shows them on the day; one query."""
        rows = Arrangement.objects.filter(pk__in=[key.arrangement for key in keys])
        found = with_jfo_count(rows, day).with_status_on(day).in_bulk()
        letters = [count.clause.letter for count in self.counts]
        return [
            Standing(
                found[key.arrangement],
                key.assessment is not None,
                {letter: self.verdict(key.assessment, letter) for letter in letters},
            )
            for key in keys
        ]


def clause_totals(keys: Sequence[MatrixKey], book: ClauseBook) -> ClauseTotals:
    """Return how the arrangements with an assessment stand on each clause (Exhibit 6); one query.

    The database counts the parts of each clause by verdict; what follows for the clause is domain rule 8.
    """
    assessments = [key.assessment for key in keys if key.assessment is not None]
    letters = {clause.letter for clause in book.clauses}
    verdicts: dict[int, dict[str, Verdict]] = defaultdict(dict)
    tallies: Counter[tuple[str, Verdict]] = Counter()
    for assessment, key, met, not_met, known in _part_counts(assessments):
        letter = book.letters[key]
        if letter in letters:
            verdict = _verdict(met, not_met, known, len(book.parts[key]))
            verdicts[assessment][letter] = verdict
            tallies[letter, verdict] += 1
    counts = []
    for clause in book.clauses:
        found = {verdict.value: tallies[clause.letter, verdict] for verdict in Verdict}
        # Those without a single finding on the clause.
        found[Verdict.NOT_ASSESSED.value] += len(assessments) - sum(found.values())
        counts.append(ClauseCount(clause, **found, reviewed=len(assessments)))
    return ClauseTotals(tuple(counts), verdicts, len(assessments))


def _part_counts(assessments: Collection[int]) -> Sequence[tuple[int, int, int, int, int]]:
    rows = Finding.objects.filter(assessment__in=assessments).order_by().values_list("assessment_id", "part__clause_id")
    return list(
        rows.annotate(
            met=Count("pk", filter=Q(verdict=Verdict.MET)),
            not_met=Count("pk", filter=Q(verdict=Verdict.NOT_MET)),
            known=Count("pk", filter=~Q(verdict=Verdict.NOT_ASSESSED)),
        )
    )


def _verdict(met: int, not_met: int, known: int, parts: int) -> Verdict:
    """Return `clause_verdict` of parts that are counted."""
    if not_met:
        return Verdict.PARTIAL if met else Verdict.NOT_MET
    if known < parts:
        return Verdict.NOT_ASSESSED
    return Verdict.MET if met else Verdict.NOT_APPLICABLE


# What will lapse


@dataclass(frozen=True)
class Losing:
    """A JFO that is covered on a day and will not be later, and the arrangements that cover it on the day."""

    jfo: JFO
    arrangements: tuple[Arrangement, ...]

    @property
    def last_day(self) -> date | None:
        """The last day on which one of them covers it by its expiry; None where none has one."""
        return max((row.expiry for row in self.arrangements if row.expiry), default=None)


def lapsing(arrangements: ArrangementQuerySet, day: date, by: date) -> ArrangementQuerySet:
    """Return the arrangements in force on the day that will have expired once the day `by` is over, the first first."""
    rows = with_jfo_count(arrangements.in_force_on(day), day).filter(expiry__lte=by)
    return rows.order_by("expiry", "reference")


def losing(jfos: JFOQuerySet, day: date, after: date) -> list[Losing]:
    """Return the JFOs covered on the day that nothing recorded covers on the later one, by code; two queries."""
    rows = uncovered_jfos(jfos, after).filter(pk__in=covered_on(day))
    covering = Coverage.objects.as_of(day).filter(jfo__in=rows, arrangement__in=Arrangement.objects.in_force_on(day))
    by_jfo = grouped(covering.select_related("arrangement").order_by("arrangement__expiry"), lambda row: row.jfo_id)
    return [Losing(jfo, tuple(row.arrangement for row in by_jfo.get(jfo.pk, []))) for jfo in rows]
