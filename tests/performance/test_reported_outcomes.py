"""Totals that the evaluation reported: their sums stand, and each says whose result it is."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from performance.measures.reported import attributed, operations, parts_of_wholes
from performance.models import Attribution, OutcomeEvent, ReportedOutcome
from registry.models import User
from tests.pages import csv_rows, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
PAGE = "/en/performance/outcomes/reported/"


@pytest.fixture
def client(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


def every() -> list[ReportedOutcome]:
    return list(ReportedOutcome.objects.select_related("program", "region").order_by("number"))


def test_all_rows_of_the_evaluation_are_there() -> None:
    assert [row.number for row in every()] == list(range(1, 34))


def test_best_investigations_attributed_to_the_cbsa_are_5_and_14_and_84_which_is_103() -> None:
    (best,) = attributed(every())
    assert [row.value for row in best.rows] == [5, 14, 84]
    assert best.total == 103
    assert {row.program.code for row in best.rows if row.program} == {"BEST"}


def test_ibets_in_quebec_made_66_60_and_26_percent() -> None:
    found = {one.part.measure_en: one for one in parts_of_wholes(every())}
    assert {name: round(one.share * 100) for name, one in found.items()} == {
        "Apprehensions": 66,
        "Seizures": 60,
        "Criminal investigations": 26,
    }
    apprehensions = found["Apprehensions"]
    assert (apprehensions.part.value, apprehensions.whole.value) == (Decimal(1173), Decimal(1767))


def test_e_paragon_has_five_totals() -> None:
    rows = operations(every())["E-Paragon"]
    assert {row.subject_en: row.value for row in rows} == {
        "drugs": 168_000_000,
        "real estate": 6_000_000,
        "cash": 2_100_000,
        "vehicles": 300_000,
        "weapons": 17,
    }
    assert sum((row.value for row in rows if row.is_money), Decimal(0)) == 176_400_000


def test_every_total_says_whose_result_it_is_on_the_page_and_in_files(client: Client) -> None:
    labels = {str(label) for label in Attribution.labels}
    rows = csv_rows(client.get(f"{PAGE}?format=csv"))
    assert len(rows) == 33
    assert {row["Whose result"] for row in rows} == labels
    # Left out of the columns that are chosen, it stays.
    chosen = csv_rows(client.get(f"{PAGE}?cols=value&format=csv"))
    assert set(chosen[0]) == {"Number", "Value", "Whose result"}


def test_the_page_says_the_sums(client: Client) -> None:
    said = words(client.get(PAGE))
    assert "5 + 14 + 84 103 Attributed to the CBSA" in said
    assert "1,173 1,767 66% Whole JFO, all agencies" in said
    assert "$168,000,000" in said
    assert "are never added to them" in said
    assert (
        client.get(f"{PAGE}?attribution=cbsa&measure=Criminal+investigations&program=BEST")
        .context["page"]
        .paginator.count
        == 3
    )


def test_reported_totals_and_events_on_record_never_mix(client: Client) -> None:
    OutcomeEvent.objects.all().delete()
    assert "No outcome is recorded" in words(client.get("/en/performance/outcomes/"))
    assert "103" in words(client.get(PAGE))


def test_the_page_speaks_french(client: Client) -> None:
    said = words(client.get(PAGE.replace("/en/", "/fr/")))
    assert "Attribué à l’ASFC" in said
    assert "À qui le résultat Tout" in said  # of the filters, whose labels were English whoever read them
    assert "Interpellations – entre les points d’entrée" in said
    assert "168\xa0000\xa0000\xa0$" in said or "168 000 000 $" in said


@pytest.mark.parametrize("query", ["program=%00", "measure=x", "page=" + "9" * 30, "as_of=soon"])
def test_junk_breaks_nothing(client: Client, query: str) -> None:
    assert client.get(f"{PAGE}?{query}").status_code == 200
