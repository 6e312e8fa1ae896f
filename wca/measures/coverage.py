"""Coverage of JFOs by arrangements, and what the standing assessments say clause by clause, as of a day."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeVar

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from jfo_portal.kit.grouping import grouped
from registry.models import JFO, Agency, Participation, ParticipationRole
from registry.models.jfos import JFOQuerySet
from wca import lifecycle
from wca.models import (
    Arrangement,
    Assessment,
    Clause,
    ClausePart,
    ClauseSet,
    Coverage,
    Finding,
    Signatory,
    Stage,
    Verdict,
    clause_verdict,
)
from wca.models.arrangements import ArrangementQuerySet, Status
from wca.models.stages import UNSETTLED, stage_recorded

K = TypeVar("K")

# The clause set of the seven conditions of the Customs Enforcement Manual.
INFORMATION_SHARING = "information-sharing"


@dataclass(frozen=True)
class JFOCoverage:
    """One JFO on a day, and the arrangements in force on that day that cover it."""

    jfo: JFO
    arrangements: tuple[Arrangement, ...]

    @property
    def is_covered(self) -> bool:
        return bool(self.arrangements)


@dataclass(frozen=True)
class CoverageCount:
    """How many JFOs, and how many of them an arrangement covers."""

    jfos: int
    covered: int

    @property
    def uncovered(self) -> int:
        return self.jfos - self.covered


def coverage_on(jfos: JFOQuerySet, day: date) -> list[JFOCoverage]:
    """Return those of the JFOs that exist on the day, each with what covers it then (domain rule 7); two queries.

    Exhibit 5 is this list on 31 March 2011.
    """
    in_force = (
        Coverage.objects.as_of(day)
        .filter(arrangement__in=Arrangement.objects.in_force_on(day))
        .select_related("arrangement")
        .order_by("arrangement__reference")
    )
    covering = grouped(in_force, lambda row: row.jfo_id)
    return [
        JFOCoverage(jfo, tuple(dict.fromkeys(row.arrangement for row in covering.get(jfo.pk, []))))
        for jfo in jfos.as_of(day).with_names()
    ]


def covered_on(day: date) -> QuerySet:
    """Return the keys of the JFOs that an arrangement in force covers on the day, for a query."""
    return Coverage.objects.as_of(day).filter(arrangement__in=Arrangement.objects.in_force_on(day)).values("jfo")


def with_expiry(jfos: JFOQuerySet, day: date) -> JFOQuerySet:
    """Return the JFOs, each with the nearest `expiry` of the arrangements that cover it on the day; None without."""
    in_force = Arrangement.objects.in_force_on(day).filter(expiry__isnull=False)
    covering = Coverage.objects.as_of(day).filter(jfo=OuterRef("pk"), arrangement__in=in_force)
    nearest = covering.order_by("arrangement__expiry").values("arrangement__expiry")
    return jfos.annotate(expiry=Subquery(nearest[:1]))


def coverage_count(rows: Sequence[JFOCoverage]) -> CoverageCount:
    """Return how many JFOs the rows hold, and how many are covered."""
    return CoverageCount(len(rows), sum(row.is_covered for row in rows))


def coverage_by(rows: Iterable[JFOCoverage], key: Callable[[JFO], K]) -> dict[K, CoverageCount]:
    """Return the count of each group: by region, kind or program of the JFO."""
    return {name: coverage_count(group) for name, group in grouped(rows, lambda row: key(row.jfo)).items()}


@dataclass(frozen=True)
class AssessedArrangement:
    """One arrangement, the assessment of it that stands, and its verdict on each clause by letter.

    Without an assessment every clause is not assessed.
    """

    arrangement: Arrangement
    assessment: Assessment | None
    verdicts: Mapping[str, Verdict]

    @property
    def met(self) -> int | None:
        """How many clauses it holds in full; None while it is not assessed."""
        return None if self.assessment is None else list(self.verdicts.values()).count(Verdict.MET)


@dataclass(frozen=True)
class ClauseMatrix:
    """Arrangements against clauses."""

    clauses: tuple[Clause, ...]
    rows: tuple[AssessedArrangement, ...]

    @property
    def reviewed(self) -> tuple[AssessedArrangement, ...]:
        """The arrangements with a standing assessment."""
        return tuple(row for row in self.rows if row.assessment is not None)

    @property
    def holding_all(self) -> int:
        """How many of the reviewed hold every clause in full."""
        return sum(row.met == len(self.clauses) for row in self.reviewed)

    @property
    def holding_some(self) -> int:
        """How many of the reviewed hold at least one clause in full, those that hold every one included."""
        return sum(bool(row.met) for row in self.reviewed)


@dataclass(frozen=True)
class ClauseCount:
    """In how many of the reviewed arrangements a clause stands how.

    The five verdicts add to `reviewed`; "not assessed" is never counted as "not met" (domain rule 8).
    """

    clause: Clause
    met: int
    partial: int
    not_met: int
    not_assessed: int
    not_applicable: int
    reviewed: int


def latest_clauses(clause_set: str = INFORMATION_SHARING) -> tuple[Clause, ...]:
    """Return the clauses of the set's latest version, by letter; one query."""
    latest = ClauseSet.objects.filter(code=clause_set).order_by("-version").values("pk")[:1]
    return tuple(Clause.objects.filter(clause_set=Subquery(latest)).order_by("letter"))


def clause_matrix(
    arrangements: ArrangementQuerySet | Sequence[Arrangement],
    day: date,
    *,
    clause_set: str = INFORMATION_SHARING,
    clauses: tuple[Clause, ...] | None = None,
) -> ClauseMatrix:
    """Return the verdicts of the assessments standing on the day, by arrangement and clause; five queries, and one less
    for who has asked for the `clauses`, or the arrangements, already.

    The columns are the clauses of the set's latest version. An arrangement assessed against an older
    one has its verdicts of that version, by letter.
    """
    clauses = latest_clauses(clause_set) if clauses is None else clauses
    standing = Assessment.objects.standing_on(day).filter(clause_set__code=clause_set, arrangement__in=arrangements)
    assessments = {row.arrangement_id: row for row in standing}
    verdicts = _verdicts(list(assessments.values()))
    rows = []
    for arrangement in arrangements:
        assessment = assessments.get(arrangement.pk)
        found = verdicts[assessment.pk] if assessment else {}
        rows.append(
            AssessedArrangement(
                arrangement,
                assessment,
                {clause.letter: found.get(clause.letter, Verdict.NOT_ASSESSED) for clause in clauses},
            )
        )
    return ClauseMatrix(clauses, tuple(rows))


def _verdicts(assessments: Sequence[Assessment]) -> dict[int, dict[str, Verdict]]:
    """Return each assessment's verdicts by clause letter; a part without a finding is not assessed."""
    parts = ClausePart.objects.filter(clause__clause_set__in={row.clause_set_id for row in assessments})
    clauses = grouped(
        parts.values_list("clause__clause_set_id", "clause__letter", "pk"), lambda part: (part[0], part[1])
    )
    findings = Finding.objects.filter(assessment__in=assessments).values_list("assessment_id", "part_id", "verdict")
    found = {(assessment, part): verdict for assessment, part, verdict in findings}
    return {
        row.pk: {
            letter: clause_verdict(found.get((row.pk, part), Verdict.NOT_ASSESSED) for _set, _letter, part in of_clause)
            for (clause_set, letter), of_clause in clauses.items()
            if clause_set == row.clause_set_id
        }
        for row in assessments
    }


def verdicts_of(
    arrangements: Sequence[Arrangement] | ArrangementQuerySet, day: date, *, clause_set: str = INFORMATION_SHARING
) -> dict[int, dict[str, Verdict]]:
    """Return the verdict on each clause by letter of the assessments standing on the day, by the arrangement's key.

    An arrangement without one is left out. One query: for a page that shows a few arrangements in passing.
    """
    standing = Assessment.objects.standing_on(day).filter(clause_set__code=clause_set, arrangement__in=arrangements)
    found = Finding.objects.filter(part=OuterRef("pk"), assessment=OuterRef("clause__clause_set__assessment"))
    parts = (
        ClausePart.objects.filter(clause__clause_set__assessment__in=standing)
        .annotate(
            arrangement=F("clause__clause_set__assessment__arrangement"),
            verdict=Subquery(found.values("verdict")),
        )
        .order_by("clause__letter", "number")
        .values_list("arrangement", "clause__letter", "verdict")
    )
    verdicts: dict[int, dict[str, Verdict]] = {}
    for (arrangement, letter), of_clause in grouped(parts, lambda part: (part[0], part[1])).items():
        each = clause_verdict(verdict or Verdict.NOT_ASSESSED for _arrangement, _letter, verdict in of_clause)
        verdicts.setdefault(arrangement, {})[letter] = each
    return verdicts


def clause_counts(matrix: ClauseMatrix) -> list[ClauseCount]:
    """Return, for each clause by letter, how the reviewed arrangements stand on it (Exhibit 6)."""
    reviewed = matrix.reviewed
    counts = []
    for clause in matrix.clauses:
        verdicts = [row.verdicts[clause.letter] for row in reviewed]
        counts.append(
            ClauseCount(
                clause,
                **{verdict.value: verdicts.count(verdict) for verdict in Verdict},
                reviewed=len(reviewed),
            )
        )
    return counts


def open_on(arrangements: ArrangementQuerySet, day: date, jfos: JFOQuerySet | None = None) -> ArrangementQuerySet:
    """Return those of the arrangements whose text was settled by the day and that are not over on it, signed or not.

    What is needed, being drafted, in consultation or negotiated has no text to assess, unless it is in force all the
    same. With `jfos`, only those that name one of them on that day.
    """
    settled = ~Q(stage__in=[*UNSETTLED, Stage.WITHDRAWN]) | Q(stage=None)
    rows = arrangements.known_on(day).alias(stage=stage_recorded(day))
    rows = rows.filter(
        settled | Q(pk__in=Arrangement.objects.in_force_on(day)),
        Q(expiry=None) | Q(expiry__gte=day),
        Q(terminated_on=None) | Q(terminated_on__gt=day),
        Q(superseded_on=None) | Q(superseded_on__gt=day),
    )
    if jfos is None:
        return rows
    return rows.filter(Exists(Coverage.objects.as_of(day).filter(arrangement=OuterRef("pk"), jfo__in=jfos)))


def with_jfo_count(arrangements: ArrangementQuerySet, day: date) -> ArrangementQuerySet:
    """Return the arrangements, each with the number of JFOs that it names on the day as `jfo_count`."""
    naming = Coverage.objects.as_of(day).filter(arrangement=OuterRef("pk")).order_by().values("arrangement")
    count = naming.annotate(count=Count("jfo", distinct=True)).values("count")
    return arrangements.annotate(jfo_count=Coalesce(Subquery(count), 0))


def unsigned_on(arrangement: Arrangement, day: date) -> tuple[Agency, ...]:
    """Return the required parties that had not signed by the day; reads the signatories with their agencies."""
    return tuple(
        party.agency
        for party in arrangement.signatories.all()
        if party.is_required and (party.signed_on is None or party.signed_on > day)
    )


# Why a JFO is not covered


class Lack(Enum):
    """What keeps one arrangement from covering a JFO on a day."""

    IN_STAGE = "on its way, and not sent for signature, or withdrawn"
    UNSIGNED = "unsigned"
    NOT_YET = "not yet in effect"
    COMING = "names the JFO from a later day on"
    LEFT = "named the JFO until an earlier day"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    SUPERSEDED = "superseded"


_LACKS = {
    Status.UNSIGNED: Lack.UNSIGNED,
    Status.NOT_YET: Lack.NOT_YET,
    Status.EXPIRED: Lack.EXPIRED,
    Status.TERMINATED: Lack.TERMINATED,
    Status.SUPERSEDED: Lack.SUPERSEDED,
}


@dataclass(frozen=True)
class Reason:
    """One arrangement that names the JFO and does not cover it, and why.

    `day` is the one the lack speaks of; None where it has none. `unsigned` are the required parties
    that had not signed by the day asked about; `stage` is the one it is in, of an arrangement that lacks the next.
    """

    lack: Lack
    arrangement: Arrangement
    day: date | None = None
    unsigned: tuple[Agency, ...] = ()
    stage: Stage | None = None


@dataclass(frozen=True)
class UncoveredJFO:
    """A JFO without an arrangement in force on a day, who leads it, and why; no reason where none ever named it."""

    jfo: JFO
    leads: tuple[Agency, ...]
    reasons: tuple[Reason, ...]


def uncovered_on(rows: Iterable[JFOCoverage], day: date) -> list[UncoveredJFO]:
    """Return those of the rows, made for the day, that nothing covers, each with its reasons; four queries."""
    jfos = [row.jfo for row in rows if not row.is_covered]
    leading = Participation.objects.as_of(day).filter(jfo__in=jfos, role=ParticipationRole.LEAD)
    leads = grouped(leading.select_related("agency").order_by("agency__key"), lambda row: row.jfo_id)
    signatories = Prefetch("arrangement__signatories", Signatory.objects.select_related("agency"))
    naming = Coverage.objects.filter(jfo__in=jfos, arrangement__in=Arrangement.objects.recorded_by(day))
    naming = naming.select_related("arrangement").prefetch_related(signatories, "arrangement__steps")
    reasons = grouped(naming.order_by("-start", "arrangement__reference"), lambda row: row.jfo_id)
    return [
        UncoveredJFO(
            jfo,
            tuple(row.agency for row in leads.get(jfo.pk, [])),
            tuple(_reason(row, day) for row in reasons.get(jfo.pk, [])),
        )
        for jfo in jfos
    ]


def _reason(row: Coverage, day: date) -> Reason:
    """Return why the coverage does not count on the day; its arrangement is not in force then, or it does not hold."""
    arrangement = row.arrangement
    if row.start > day:
        return Reason(Lack.COMING, arrangement, row.start)
    if row.end is not None and row.end < day:
        return Reason(Lack.LEFT, arrangement, row.end)
    lack = _LACKS[arrangement.status_on(day)]
    stage = lifecycle.stage_on(arrangement, day)
    if stage in (*UNSETTLED, Stage.WITHDRAWN) and lack in (Lack.UNSIGNED, Lack.NOT_YET):
        return Reason(Lack.IN_STAGE, arrangement, lifecycle.days_in_stages(arrangement, day)[-1].start, stage=stage)
    days = {
        Lack.NOT_YET: arrangement.effective,
        Lack.EXPIRED: arrangement.expiry,
        Lack.TERMINATED: arrangement.terminated_on,
        Lack.SUPERSEDED: arrangement.superseded_on,
    }
    unsigned = unsigned_on(arrangement, day) if lack == Lack.UNSIGNED else ()
    return Reason(lack, arrangement, days.get(lack), unsigned)
