"""What the list of JFOs and a JFO's page show, to whom, and at what price."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit.tables import Column
from registry import panels
from registry.models import JFO, Assignment, Contact, ContactFunction, User
from tests import rows
from tests.pages import csv_rows

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
BUDGET = 15


@pytest.fixture
def nhq(client_of: SignIn, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


def codes(response: HttpResponse) -> list[str]:
    return [row.code for row in response.context["objects"]]  # type: ignore[attr-defined]


def listed(client: Client, query: str = "") -> list[str]:
    return codes(client.get(f"/en/jfos/?per=100&{query}"))  # type: ignore[arg-type]


def cells(client: Client, query: str = "") -> dict[str, dict[str, str]]:
    return {row["Code"]: row for row in csv_rows(client.get(f"/en/jfos/?format=csv&{query}"))}


def body(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


# The list


def test_the_list_holds_the_52_jfos_and_the_33_that_are_covered(nhq: Client) -> None:
    assert len(listed(nhq)) == 52
    assert len(listed(nhq, "covered=yes")) == 33
    assert len(listed(nhq, "covered=no")) == 19


def test_a_search_folds_accents_and_case_and_finds_a_jfo_by_its_agency(nhq: Client) -> None:
    assert "FAE" in listed(nhq, "q=surete")  # led by the Sûreté du Québec
    assert listed(nhq, "q=SURETE") == listed(nhq, "q=sûreté")
    assert listed(nhq, "q=ibet-que-1") == ["IBET-QUE-1"]
    assert listed(nhq, "q=no+such+thing") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("region=QUE&program=IBET", ["IBET-QUE-1", "IBET-QUE-2", "IBET-QUE-3"]),
        ("region=QUE&kind=regional", ["FAE", "SPVM-JFO"]),
        ("lead=SQ", ["FAE"]),
        ("partner=SQ&region=GTA", ["GG-GTA"]),
    ],
)
def test_filters_narrow_the_list(nhq: Client, query: str, expected: list[str]) -> None:
    assert listed(nhq, query) == expected


def test_a_filter_that_is_no_choice_says_so(nhq: Client) -> None:
    assert "is not one of the available choices" in body(nhq, "/en/jfos/?lead=TFS")


def test_the_list_says_who_leads_and_what_covers(nhq: Client) -> None:
    row = cells(nhq)["IBET-QUE-1"]
    assert (row["Lead"], row["Partners"]) == ("RCMP", "CBSA, US CBP, US CG, US ICE")
    assert (row["Covered"], row["Arrangement in force"]) == ("yes", "WCA-2004-0001")
    assert (row["Officers"], row["FTE"]) == ("1", "1.00")


def test_before_its_effective_date_an_arrangement_covers_nothing(nhq: Client) -> None:
    row = cells(nhq, "as_of=2003-06-01")["IBET-QUE-1"]
    assert (row["Covered"], row["Arrangement in force"]) == ("no", "")
    assert listed(nhq, "as_of=2003-06-01&covered=yes") == []


def test_a_manager_is_told_the_strength_of_own_regions_alone(que: Client) -> None:
    rows = cells(que)
    assert {code for code, row in rows.items() if row["FTE"] != "restricted"} == {
        code for code, row in rows.items() if row["Region"] == "QUE"
    }
    assert all(row["Officers"] == "restricted" for row in rows.values() if row["Region"] != "QUE")


def test_the_order_by_fte_gives_nothing_away_of_other_regions(que: Client) -> None:
    own = set(JFO.objects.filter(region__code="QUE").values_list("code", flat=True))
    ordered = listed(que, "sort=-fte")
    assert set(ordered[: len(own)]) == own
    # The others come as they were entered.
    assert ordered[len(own) :] == [jfo.code for jfo in JFO.objects.exclude(code__in=own).order_by("pk")]


def test_the_list_speaks_french(nhq: Client) -> None:
    html = body(nhq, "/fr/jfos/?q=ibet-que-1")
    assert "EIPF QUE (1 sur 3)" in html
    assert "GRC" in html


@pytest.mark.parametrize("per", [25, 100])
def test_the_list_stays_within_its_budget(
    que: Client, per: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(BUDGET):
        que.get(f"/en/jfos/?per={per}&q=e&region=QUE&program=IBET&kind=binational&lead=RCMP&partner=CBSA&covered=yes")
    with django_assert_max_num_queries(BUDGET):
        que.get(f"/en/jfos/?per={per}")


# One JFO's page


def test_the_page_says_who_takes_part_whom_to_call_and_which_risks_are_answered(nhq: Client) -> None:
    html = body(nhq, "/en/jfos/IBET-QUE-1/")
    lead, partners = html.split("<dt>Lead</dt>")[1].split("<dt>Partner</dt>")
    assert "RCMP, Royal Canadian Mounted Police (Federal)" in lead
    assert "US CBP, U.S. Customs and Border Protection (US federal)" in partners
    assert "<strong>(primary contact)</strong>" in html
    assert "BTRA-2011" in html
    assert "Terrorism, Cocaine" in html
    assert "WCA-2004-0001" in html
    assert "Gagnon, Geneviève" in html


def test_every_function_has_its_place_and_the_primary_contact_comes_first(nhq: Client) -> None:
    jfo = JFO.objects.get(code="FAE")
    Contact.objects.filter(jfo=jfo).delete()
    for name, is_primary in (("Aa", False), ("Zz", True)):
        Contact(
            jfo=jfo, function=ContactFunction.INTELLIGENCE, name=name, is_primary=is_primary, start=date(2010, 1, 1)
        ).save_as(None)
    contacts = dict(nhq.get("/en/jfos/FAE/").context["contacts"])
    assert [row.name for row in contacts["Intelligence"]] == ["Zz", "Aa"]
    assert contacts["Criminal investigations"] == []


def test_the_page_speaks_french(nhq: Client) -> None:
    html = body(nhq, "/fr/jfos/IBET-QUE-1/")
    assert "Équipe intégrée de la police des frontières" in html
    assert "Gendarmerie royale du Canada" in html


def test_an_officer_of_another_region_is_counted_on_an_own_jfo_but_not_shown(que: Client, nhq: Client) -> None:
    # O-0183 of Northern Ontario serves 0.20 on IBET-QUE-3.
    html = body(que, "/en/jfos/IBET-QUE-3/")
    assert "O-0055" in html
    assert "O-0183" not in html
    assert "Whitcombe" not in html
    assert "On this JFO in all: 2 officers, 0.50 FTE." in html
    assert "1 officer, 0.30 FTE" in html
    assert "O-0183" in body(nhq, "/en/jfos/IBET-QUE-3/")


def test_of_another_regions_jfo_a_manager_sees_own_officers_alone(client_of: SignIn, gta_manager: User) -> None:
    # O-0095 of the Greater Toronto Area serves on a JFO of Windsor.
    html = body(client_of(gta_manager), "/en/jfos/PWEU-WSC/")
    assert "O-0095" in html
    assert "Restricted: officers of another region are not shown to you" in html
    html = body(client_of(gta_manager), "/en/jfos/IBET-QUE-1/")
    assert "Gagnon" not in html
    assert "1.00 FTE" not in html


def test_of_many_officers_the_first_are_shown_and_the_list_has_the_others(
    que: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(26):
        officer = rows.officer()
        rows.assignment(officer, "FAE", date(2009, 1, 1), date(2009, 6, 30))
        rows.assignment(officer, "FAE", date(2009, 7, 15), fte=Decimal("0.50"))
    with django_assert_max_num_queries(BUDGET):
        page = que.get("/en/jfos/FAE/")
    there = Assignment.objects.filter(jfo__code="FAE")
    now, before = there.as_of(date(2011, 3, 31)).count(), there.filter(end__lt=date(2011, 3, 31)).count()
    assert len(page.context["officer_rows"]) == len(page.context["earlier_rows"]) == 10
    html = page.content.decode()
    assert f"The first 10 of {now} officers, " in html
    assert f"{before} earlier assignments, the latest 10 first" in html
    for address, count in (("?jfo=FAE", now), ("?jfo=FAE&amp;state=ended", before)):
        assert f'href="/en/assignments/{address}"' in html
        found = que.get(f"/en/assignments/{address}&per=100".replace("&amp;", "&"))
        assert f"{count} assignments" in " ".join(found.content.decode().split())
    # Tenure joins the two spells, fifteen days apart.
    since = {cell[-1].text for cell in page.context["officer_rows"] if cell[0].text == "Essai, Ana"}
    assert since == {"2.2"}


def test_what_is_restricted_is_a_mark_on_the_page_and_a_word_in_files(que: Client) -> None:
    html = body(que, "/en/jfos/?q=ibet-pac-1")
    mark = '<span class="restricted-mark" aria-hidden="true">*</span><span class="visually-hidden">restricted</span>'
    assert html.count(mark) == 2
    assert cells(que)["IBET-PAC-1"]["FTE"] == "restricted"


def test_the_page_of_a_past_day_shows_that_day_and_offers_no_change(que: Client) -> None:
    assert "Assign an officer" in body(que, "/en/jfos/IBET-QUE-1/")
    html = body(que, "/en/jfos/IBET-QUE-1/?as_of=2003-06-01")
    assert "Assign an officer" not in html
    assert "No arrangement covers this JFO on June 1, 2003." in html
    assert 'href="/en/officers/O-0001/?as_of=2003-06-01"' in html


def test_a_jfo_that_has_not_begun_says_so(nhq: Client) -> None:
    assert "This JFO starts on September 1, 2000." in body(nhq, "/en/jfos/IBET-QUE-1/?as_of=2000-01-01")


def test_only_managers_are_offered_to_assign(nhq: Client) -> None:
    assert "Assign an officer" not in body(nhq, "/en/jfos/IBET-QUE-1/")


def test_the_history_part_tells_what_happened_to_the_jfo_and_its_parts(que: Client) -> None:
    Contact(
        jfo=JFO.objects.get(code="IBET-QUE-3"), function="intelligence", name="Nova Contact", start=date(2011, 3, 1)
    ).save_as(None, reason="new phone")
    html = body(que, "/en/jfos/IBET-QUE-3/?part=history")
    assert "Nova Contact" in html
    assert "new phone" in html
    assert "Whitcombe" not in html


def test_the_performance_part_is_for_own_regions(que: Client, client_of: SignIn, gta_manager: User) -> None:
    assert "FTE-years paid" in body(que, "/en/jfos/IBET-QUE-1/?part=performance")
    html = body(client_of(gta_manager), "/en/jfos/IBET-QUE-1/?part=performance")
    assert "restricted" in html
    assert "FTE-years paid" not in html


def test_activity_of_another_regions_officer_is_left_out(que: Client, nhq: Client) -> None:
    address = "/en/jfos/IBET-QUE-3/?part=performance"
    everybody, own = (client.get(address).context["panels"][0].data.activity for client in (nhq, que))
    assert (everybody.officers, own.officers) == (2, 1)


@pytest.mark.parametrize("address", ["/en/jfos/NO-SUCH/", "/en/jfos/IBET-QUE-1/?part=nothing"])
def test_what_is_not_there_is_not_found(nhq: Client, address: str) -> None:
    assert nhq.get(address).status_code == 404


@pytest.mark.parametrize("part", ["", "performance", "history"])
def test_each_part_of_the_page_stays_within_its_budget(
    que: Client, part: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(BUDGET):
        que.get(f"/en/jfos/IBET-QUE-3/?part={part}")


# What other apps add


def test_an_app_adds_a_column_by_registering_it(nhq: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_columns", list(panels._columns))

    def load(rows: object, reader: object, day: date) -> None:
        for row in rows:  # type: ignore[attr-defined]
            row.motto = f"{row.code} on {day}"

    panels.register(1, columns=panels.Columns(lambda day: [Column("motto", "Motto")], load))
    rows = cells(nhq)
    assert rows["FAE"]["Motto"] == "FAE on 2011-03-31"
    assert list(rows["FAE"]).index("Motto") < list(rows["FAE"]).index("Covered")
