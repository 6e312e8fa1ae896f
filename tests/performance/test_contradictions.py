"""Where the evaluation contradicts itself: the list stands as it is, both sources are named, and sums prove it."""

import csv
import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from performance.models import Discrepancy, Explanation, PublishedFigure
from tests.pages import body, words

pytestmark = pytest.mark.django_db


# The golden list: what one place says, and what the other.
SAYS = {
    "1a": ("60.5 FTE", "61.5 FTE"),
    "1b": ("25.1 FTE", "26.1 FTE"),
    "2a": ("24", "22"),
    "2b": ("3", "4"),
    "2c": ("3", "4"),
    "3": ("17 with CBSA participation", "15"),
    "4": ("$3,992,390", "$3,992,389"),
    "5a": ("21.1", "21.3"),
    "5b": ("14.6", "14.7"),
    "5c": ("47.0", "47.1"),
    "5d": ("56.7", "58.4"),
    "5e": ("43.4", "45.5"),
    "6": ("the PWEU alone", "none for the FAE (SQ) either"),
    "7a": ("15", "10 and 4, 14 together"),
    "7b": ("reviewed", "no WCA in place for either PWEU"),
    "8": ("one national and thirteen regional, 14 in all", "one national and ten regional, 11 in all"),
    "9a": ("both have a WCA", "neither is reviewed"),
    "9b": ("five: NFE, WSC and three in PAC", "three"),
    "10a": ("about 62 officers", "54, 3 and 4: 61 together"),
    "10b": ("72.1% of about 62 officers", "44.7 officers"),
    "10c": ("54 IOs and IAs on JFOs", "43 JFO officers"),
    "10d": ("three", "3.0 in BEST and 1.0 in the ITF"),
    "11": ("45.8", "45.5"),
    "12": ("29.8", "30.0"),
    "15": ("the text of the PWEU, whom it names", "the same text, on weapons"),
}
JFO_OFFICERS, OTHERS = 43, 303


def published(exhibit: str, row: str, measure: str) -> Decimal:
    return Decimal(PublishedFigure.objects.get(exhibit=exhibit, row=row, measure=measure).value)


def listed() -> list[dict[str, str]]:
    out = StringIO()
    call_command("report", "contradictions", stdout=out)
    found: list[dict[str, str]] = json.loads(out.getvalue())["rows"]
    return found


def test_the_list_holds_every_contradiction_in_its_order() -> None:
    rows = listed()

    assert [row["code"] for row in rows] == list(SAYS)
    assert {row["code"]: (row["first_says"], row["second_says"]) for row in rows} == SAYS


def test_each_names_two_different_places_and_what_the_portal_does_in_both_languages() -> None:
    for row in Discrepancy.objects.all():
        for language in ("en", "fr"):
            first, second = (getattr(row, f"{part}_source_{language}") for part in ("first", "second"))
            assert len({"", first, second}) == 3, row
            assert getattr(row, f"followed_{language}"), row
            assert getattr(row, f"subject_{language}"), row


def test_the_sums_of_what_was_published_prove_it() -> None:
    def weighted(exhibit: str, measure: str) -> Decimal:
        jfo, others = (published(exhibit, group, measure) for group in ("jfo", "non_jfo"))
        return ((jfo * JFO_OFFICERS + others * OTHERS) / (JFO_OFFICERS + OTHERS)).quantize(Decimal("0.1"))

    def added(exhibit: str, group: str, measures: str) -> Decimal:
        return sum((published(exhibit, group, measure) for measure in measures.split()), Decimal(0))

    kinds, statuses = "case occurrence project ors", "active closed cancelled pending"
    salaries = PublishedFigure.objects.filter(exhibit="exhibit-11", measure="salaries").exclude(row="total")
    assert sum(Decimal(row.value) for row in salaries) == 3_992_390
    assert published("exhibit-11", "total", "salaries") == 3_992_389
    assert weighted("exhibit-7", "case") == Decimal("21.3") != published("exhibit-7", "all", "case")
    assert weighted("exhibit-7", "occurrence") == Decimal("14.7") != published("exhibit-7", "all", "occurrence")
    assert weighted("exhibit-7", "total") == Decimal("47.1") != published("exhibit-7", "all", "total")
    assert weighted("exhibit-8", "active") == Decimal("30.0") != published("exhibit-8", "all", "active")
    assert added("exhibit-8", "jfo", statuses) == Decimal("56.7") != published("exhibit-7", "jfo", "total")
    assert added("exhibit-8", "non_jfo", statuses) == Decimal("43.4") != published("exhibit-7", "non_jfo", "total")
    assert added("exhibit-7", "jfo", kinds) == published("exhibit-7", "jfo", "total") == Decimal("58.4")
    assert added("exhibit-7", "non_jfo", kinds) == Decimal("45.8") != published("exhibit-7", "non_jfo", "total")
    assert published("exhibit-1", "total", "total") == published("exhibit-12", "total", "fte") == Decimal("61.5")
    assert [published("exhibit-12", row, "jfos") for row in ("regional", "NPET", "CFSEU")] == [24, 3, 3]


def test_what_explains_a_figure_is_numbered_like_the_contradiction() -> None:
    explained = set(Explanation.objects.values_list("number", flat=True))

    assert {row.number for row in Discrepancy.objects.exclude(code="15")} <= explained


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Where the evaluation contradicts itself", "Exhibit 1, its rows added", "60.5 FTE", "The 11 that"]),
        ("fr", ["Où l’évaluation se contredit", "Pièce 1, somme des lignes", "60,5 ETP", "Les 11 énumérées"]),
    ],
)
def test_the_page_shows_both_sources_side_by_side(manager: Client, language: str, sentences: list[str]) -> None:
    page = words(manager.get(f"/{language}/reports/contradictions/"))

    for sentence in sentences:
        assert sentence in page


def test_its_files_hold_what_the_page_shows(manager: Client) -> None:
    text = body(manager.get("/en/reports/contradictions/?format=csv"))
    found = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))

    assert [row["Number"] for row in found] == list(SAYS)


# Appendix B


def inventory(*options: str) -> dict[str, dict[str, object]]:
    out = StringIO()
    call_command("report", "appendix-b", *options, stdout=out)
    return {row["program"]: row for row in json.loads(out.getvalue())["rows"]}


def test_the_inventory_is_the_published_one_but_for_what_is_explained(manager: Client) -> None:
    page = words(manager.get("/en/reports/appendix-b/"))

    assert "73 of 75 published figures agree with those computed." in page
    assert "Appendix B has one line for both Guns and Gangs operations" in page


def test_the_inventory_counts_the_jfos_of_the_day_and_region() -> None:
    assert sum(int(str(row["jfos"])) for row in inventory().values()) == 52
    assert inventory("--region", "QUE")["IBET"]["regions"] == "QUE 3"
    # Of the three teams of the Pacific, one was there at the beginning of 2001.
    assert inventory("--as-of", "2001-01-01")["IBET"]["regions"] == "PAC 1, QUE 1"


def test_the_inventory_names_agencies_in_the_language_of_the_page(manager: Client) -> None:
    assert "GRC" in words(manager.get("/fr/reports/appendix-b/"))
