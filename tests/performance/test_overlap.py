"""Overlap of mandates: which pairs come first, of what the index is made, and how a pair comes to be managed."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest
from django.test import Client

from performance.measures.overlap import Pair, Part, pair_of, pairs_on
from performance.models import Coordination, Mandate
from registry.models import JFO
from tests.pages import words

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)


def pair(first: str, second: str, day: date = DAY) -> Pair:
    return pair_of(JFO.objects.get(code=first), JFO.objects.get(code=second), day)


def codes(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(one.first.code, one.second.code) for one in pairs]


# The index


def test_ibet_and_best_in_windsor_come_first() -> None:
    assert codes(pairs_on(JFO.objects.all(), DAY))[0] == ("IBET-WSC", "BEST-WSC")


def test_the_index_is_the_mean_of_its_five_parts() -> None:
    found = pair("BEST-WSC", "IBET-WSC")
    parts = {part: (len(shared.alike), shared.of) for part, shared in found.parts.items()}

    assert parts == {
        Part.TERRITORY: (1, 1),
        Part.PLACE: (1, 2),
        Part.ACTIVITY: (2, 3),
        Part.THREAT: (9, 16),
        Part.PARTNER: (4, 5),
    }
    assert found.index == (1 + Fraction(1, 2) + Fraction(2, 3) + Fraction(9, 16) + Fraction(4, 5)) / 5
    assert found.first.code == "IBET-WSC"


def test_a_part_of_which_nothing_is_on_record_does_not_count() -> None:
    Mandate.objects.filter(jfo__code__in=["IBET-WSC", "BEST-WSC"], term__aspect="place").delete()
    found = pair("IBET-WSC", "BEST-WSC")

    assert found.parts[Part.PLACE].value is None
    assert found.index == (1 + Fraction(2, 3) + Fraction(9, 16) + Fraction(4, 5)) / 4


def test_teams_of_one_program_and_jfos_without_a_common_territory_are_no_pair() -> None:
    found = codes(pairs_on(JFO.objects.all(), DAY))

    assert ("IBET-PAC-1", "IBET-PAC-2") not in found
    assert ("IBET-WSC", "BEST-NFE") not in found


def test_a_mandate_that_is_over_counts_no_more() -> None:
    Mandate.objects.filter(jfo__code="BEST-WSC", term__code="between-ports").update(end=date(2011, 3, 30))

    assert pair("IBET-WSC", "BEST-WSC").parts[Part.PLACE].alike == []
    assert pair("IBET-WSC", "BEST-WSC", date(2011, 3, 30)).parts[Part.PLACE].alike == ["Between ports of entry"]


# Coordination


def coordinated(agreed_on: date, review_on: date) -> Coordination:
    found = pair("IBET-WSC", "BEST-WSC")
    return Coordination(
        first=found.first,
        second=found.second,
        leads="By place.",
        agreed_how="Minutes.",
        agreed_on=agreed_on,
        review_on=review_on,
    ).save_as(None)


def test_a_record_makes_the_pair_managed_until_its_review() -> None:
    coordinated(date(2010, 6, 1), date(2011, 6, 1))
    found = pair("IBET-WSC", "BEST-WSC")

    assert found.is_managed_on(date(2010, 6, 1))
    assert found.is_managed_on(date(2011, 6, 1))
    assert not found.is_managed_on(date(2010, 5, 31))
    assert not found.is_managed_on(date(2011, 6, 2))
    # What is managed comes after what is not.
    assert codes(pairs_on(JFO.objects.all(), DAY))[0] != ("IBET-WSC", "BEST-WSC")


def test_a_reviewer_records_who_leads_when_and_undoes_it(reviewer: Client) -> None:
    address = "/en/performance/overlap/IBET-WSC/BEST-WSC/"
    assert "Not managed" in words(reviewer.get(address))
    sent = {
        "leads": "IBET between ports of entry, BEST at them.",
        "agreed_how": "Letters of the leads",
        "agreed_on": "2011-03-01",
        "review_on": "2012-03-01",
        "reason": "overlap",
    }

    page = words(reviewer.post(f"{address}new/", sent, follow=True))
    assert "Managed until 2012-03-01" in page
    assert "IBET between ports of entry, BEST at them." in page
    assert "Undo" in page


@pytest.mark.parametrize(
    ("language", "sent", "sentence"),
    [
        ("en", {"review_on": "2012-03-02"}, "A pair is managed for a year at most: give a day up to 2012-03-01."),
        ("fr", {"review_on": "2012-03-02"}, "indiquez un jour jusqu’au 2012-03-01."),
        ("en", {"agreed_on": "2011-04-01", "review_on": "2011-05-01"}, "2011-04-01 is still to come."),
        ("en", {"review_on": "2011-03-01"}, "The review is due after the day of the agreement."),
        ("en", {"leads": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    reviewer: Client, language: str, sent: dict[str, str], sentence: str
) -> None:
    good = {
        "leads": "IBET",
        "agreed_how": "Letters",
        "agreed_on": "2011-03-01",
        "review_on": "2012-03-01",
        "reason": "x",
    }
    page = words(reviewer.post(f"/{language}/performance/overlap/IBET-WSC/BEST-WSC/new/", good | sent))

    assert sentence in page
    assert not Coordination.objects.filter(first__code="IBET-WSC").exists()


def test_a_manager_of_neither_region_reads_and_does_not_record(manager: Client) -> None:
    address = "/en/performance/overlap/IBET-WSC/BEST-WSC/"

    assert "Record a coordination" not in words(manager.get(address))
    assert manager.get(f"{address}new/").status_code == 404
    assert "Record a coordination" in words(manager.get("/en/performance/overlap/CFSEU-QUE/SPVM-JFO/"))


# The page


def test_the_page_says_that_it_is_about_mandates_and_where_cases_are_settled(manager: Client) -> None:
    assert "These are mandates, never cases." in words(manager.get("/en/performance/overlap/"))
    assert "jamais des dossiers" in words(manager.get("/fr/performance/overlap/"))


def test_the_line_and_the_region_narrow_the_list(manager: Client) -> None:
    page = words(manager.get("/en/performance/overlap/?line=70"))
    assert "IBET-WSC and BEST-WSC" in page
    assert "CFSEU-QUE and SPVM-JFO" not in page

    page = words(manager.get("/en/performance/overlap/?region=QUE"))
    assert "CFSEU-QUE and SPVM-JFO" in page
    assert "IBET-WSC and BEST-WSC" not in page


def test_junk_in_the_address_shows_the_usual_page_or_none(manager: Client) -> None:
    for query in ("line=abc", "line=%00", "region=%00", "as_of=31/31", "line=99999999999999999999"):
        assert manager.get(f"/en/performance/overlap/?{query}").status_code == 200, query
    for path in ("NOPE/BEST-WSC", "IBET-WSC/IBET-WSC", "%00/BEST-WSC"):
        assert manager.get(f"/en/performance/overlap/{path}/").status_code == 404, path


def test_the_pages_ask_few_queries(reviewer: Client, django_assert_max_num_queries: Callable[..., object]) -> None:
    for address in ("/en/performance/overlap/?line=40", "/en/performance/overlap/IBET-WSC/BEST-WSC/"):
        reviewer.get(address)
        with django_assert_max_num_queries(15):  # type: ignore[attr-defined]
            reviewer.get(address)
