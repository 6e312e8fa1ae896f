"""Which JFOs are covered on a day, and how the reviewed arrangements stand on each clause."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from registry.models import JFO, Agency, User
from tests import rows
from wca.measures.coverage import (
    INFORMATION_SHARING,
    ClauseMatrix,
    CoverageCount,
    clause_counts,
    clause_matrix,
    coverage_by,
    coverage_count,
    coverage_on,
)
from wca.models import Arrangement, Assessment, ClausePart, ClauseSet, Coverage, Finding, Signatory, Verdict
from wca.models.arrangements import Status

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)
SIGNED = date(2010, 5, 1)


def arrangement(signed_on: date | None = SIGNED, **dates: date) -> Arrangement:
    """A new arrangement over FAE, which the demonstration leaves without one."""
    row = Arrangement(reference="WCA-2010-9001", title_en="Test", title_fr="Essai", **dates).save_as(None)
    Signatory(arrangement=row, agency=Agency.objects.get(key="CBSA"), signed_on=date(2010, 1, 1)).save_as(None)
    Signatory(arrangement=row, agency=Agency.objects.get(key="SQ"), signed_on=signed_on).save_as(None)
    Coverage(arrangement=row, jfo=JFO.objects.get(code="FAE"), start=date(2010, 4, 1)).save_as(None)
    return row


def is_covered(day: date) -> bool:
    (row,) = coverage_on(JFO.objects.filter(code="FAE"), day)
    return row.is_covered


# Coverage (domain rule 7)


@pytest.mark.parametrize(
    ("day", "covered"),
    [
        (date(2010, 4, 30), False),  # the last party signs on the 1st of May
        (date(2010, 5, 1), True),
        (date(2010, 12, 31), True),  # the expiry is the last day
        (date(2011, 1, 1), False),
    ],
)
def test_an_arrangement_covers_from_the_last_signature_to_the_expiry(day: date, covered: bool):
    arrangement(effective=date(2010, 4, 1), expiry=date(2010, 12, 31))
    assert is_covered(day) is covered


def test_signed_early_it_covers_from_its_effective_date():
    arrangement(effective=date(2010, 9, 1))
    assert [is_covered(day) for day in (date(2010, 8, 31), date(2010, 9, 1))] == [False, True]


def test_it_covers_no_longer_on_the_day_it_is_terminated():
    arrangement(effective=date(2010, 4, 1), terminated_on=date(2010, 9, 1))
    assert [is_covered(day) for day in (date(2010, 8, 31), date(2010, 9, 1))] == [True, False]


def test_what_a_required_party_has_not_signed_never_covers():
    arrangement(signed_on=None, effective=date(2010, 4, 1))
    assert not is_covered(DAY)


def test_in_force_says_the_same_of_many_rows_as_of_one():
    """The query of rule 7 and the model's own status agree on every arrangement, on days over eight years."""
    arrangement(effective=date(2010, 4, 1), terminated_on=date(2011, 2, 1))
    for offset in range(0, 3000, 61):
        day = date(2004, 1, 1) + timedelta(days=offset)
        in_force = set(Arrangement.objects.in_force_on(day))
        one_by_one = Arrangement.objects.prefetch_related("signatories")
        assert in_force == {row for row in one_by_one if row.status_on(day) == Status.IN_FORCE}


def test_the_demonstration_is_exhibit_5():
    rows = coverage_on(JFO.objects.all(), DAY)
    assert coverage_count(rows) == CoverageCount(52, 33)
    by_region = {
        code: (row.covered, row.uncovered) for code, row in coverage_by(rows, lambda jfo: jfo.region.code).items()
    }
    assert by_region == {
        "ATL": (2, 0),
        "QUE": (4, 4),
        "NOR": (7, 2),
        "NFE": (3, 2),
        "WSC": (3, 2),
        "GTA": (7, 4),
        "PRA": (3, 2),
        "PAC": (4, 3),
    }
    by_kind = {kind: row.covered for kind, row in coverage_by(rows, lambda jfo: jfo.program.kind).items()}
    assert by_kind == {"binational": 15, "national": 5, "regional": 13}


def test_coverage_costs_two_queries(django_assert_num_queries: Callable):
    with django_assert_num_queries(2):
        [row.is_covered and row.jfo.region.code for row in coverage_on(JFO.objects.all(), DAY)]


# Clauses (domain rule 8)


@pytest.fixture
def assessed(nhq_reviewer: User) -> Callable[..., ClauseMatrix]:
    """A function that assesses a new arrangement, every part of clause b as told, and returns its matrix on a day."""

    def assess(*verdicts: str, approved_on: date | None = date(2011, 2, 1), day: date = DAY) -> ClauseMatrix:
        row = arrangement(effective=date(2010, 4, 1))
        assessment = Assessment(
            arrangement=row,
            clause_set=ClauseSet.objects.get(code=INFORMATION_SHARING),
            assessed_on=date(2011, 1, 10),
            author=nhq_reviewer,
        ).save_as(None)
        parts = ClausePart.objects.filter(clause__clause_set=assessment.clause_set, clause__letter="b")
        for part, verdict in zip(parts, verdicts, strict=False):
            quoted = {"quotation": "So it is.", "place": "p. 1"} if verdict == Verdict.MET else {}
            Finding(assessment=assessment, part=part, verdict=verdict, **quoted).save_as(None)
        if approved_on:
            rows.approved(assessment, approved_on)
        return clause_matrix(Arrangement.objects.filter(pk=row.pk), day)

    return assess


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        (("met", "met", "met"), Verdict.MET),
        (("met", "met", "not_met"), Verdict.PARTIAL),
        (("not_met", "not_met", "not_met"), Verdict.NOT_MET),
        (("met", "met"), Verdict.NOT_ASSESSED),  # no finding for the third part
        (("met", "not_assessed", "met"), Verdict.NOT_ASSESSED),
        (("met", "not_assessed", "not_met"), Verdict.PARTIAL),
        (("met", "not_applicable", "met"), Verdict.MET),
        (("not_applicable",) * 3, Verdict.NOT_APPLICABLE),
        ((), Verdict.NOT_ASSESSED),
    ],
)
def test_a_clause_follows_from_its_parts(
    assessed: Callable[..., ClauseMatrix], parts: tuple[str, ...], verdict: Verdict
):
    matrix = assessed(*parts)
    assert matrix.rows[0].verdicts["b"] == verdict
    (count,) = (count for count in clause_counts(matrix) if count.clause.letter == "b")
    numbers = (count.met, count.partial, count.not_met, count.not_assessed, count.not_applicable)
    assert sum(numbers) == count.reviewed == 1
    assert getattr(count, verdict.value) == 1


def test_an_assessment_counts_from_the_day_of_its_approval(assessed: Callable[..., ClauseMatrix]):
    assert assessed("met", "met", "met", approved_on=DAY, day=date(2011, 3, 30)).reviewed == ()
    (row,) = clause_matrix(Arrangement.objects.filter(reference="WCA-2010-9001"), DAY).reviewed
    assert row.verdicts["b"] == Verdict.MET


def test_an_assessment_nobody_approved_leaves_every_clause_not_assessed(assessed: Callable[..., ClauseMatrix]):
    matrix = assessed("met", "met", "met", approved_on=None)
    assert matrix.reviewed == ()
    assert set(matrix.rows[0].verdicts.values()) == {Verdict.NOT_ASSESSED}
    assert {count.reviewed for count in clause_counts(matrix)} == {0}


def test_the_demonstration_is_exhibit_6():
    matrix = clause_matrix(Arrangement.objects.all(), DAY)
    assert len(matrix.rows) == 17
    assert len(matrix.reviewed) == 15
    counts = clause_counts(matrix)
    assert {count.clause.letter: count.met for count in counts} == {
        "a": 5,
        "b": 8,
        "c": 0,
        "d": 5,
        "e": 7,
        "f": 5,
        "g": 6,
    }


def test_the_matrix_costs_five_queries(django_assert_num_queries: Callable):
    with django_assert_num_queries(5):
        clause_matrix(Arrangement.objects.all(), DAY)
