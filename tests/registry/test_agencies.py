"""The list of agencies, an agency's page, and what an administrator changes of them."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from registry.models import JFO, Agency, AgencyAlias, Participation, User
from tests.pages import words

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


@pytest.fixture
def que(client_of: ClientOf, que_manager: User) -> Client:
    return client_of(que_manager)


@pytest.fixture
def admin(client_of: ClientOf, administrator: User) -> Client:
    return client_of(administrator)


def listed(client: Client, query: str = "", language: str = "en") -> list[dict[str, object]]:
    response = client.get(f"/{language}/agencies/?format=json&cols=key&cols=aliases&cols=leads&cols=partners&{query}")
    rows: list[dict[str, object]] = json.loads(response.content)
    return rows


def keys(client: Client, query: str) -> set[object]:
    return {row["key"] for row in listed(client, query)}


# The list


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=surete", {"SQ"}),
        ("q=r.c.m.p.", {"RCMP"}),
        ("q=GRC", {"RCMP"}),
        ("q=peel+police", {"PPS"}),
        ("q=us+ice", {"US-ICE"}),
        ("q=U.S.+ICE", {"US-ICE"}),
        ("q=sault+ste+marie", {"SSM-POLICE"}),
        ("q=nobody", set()),
        ("level=us_federal", {"US-ICE", "US-CBP", "US-CG"}),
    ],
)
def test_a_search_folds_accents_case_and_punctuation_and_finds_spellings(
    que: Client, query: str, found: set[str]
) -> None:
    assert keys(que, query) == found


def test_the_list_counts_the_jfos_of_the_day(que: Client) -> None:
    (row,) = [row for row in listed(que) if row["key"] == "RCMP"]
    led = Participation.objects.as_of(date(2011, 3, 31)).filter(agency__key="RCMP", role="lead").count()
    assert row["leads"] == led > 10
    (past,) = [row for row in listed(que, "as_of=1990-01-01") if row["key"] == "RCMP"]
    assert past["leads"] == 0
    assert {row["key"] for row in listed(que, "part=lead")} == {row["key"] for row in listed(que) if row["leads"]}


def test_the_arrangements_add_how_many_were_signed(que: Client) -> None:
    rows = json.loads(que.get("/en/agencies/?format=json&q=rcmp").content)
    assert rows[0]["signed"] >= 10
    assert json.loads(que.get("/en/agencies/?format=json&q=rcmp&as_of=2000-01-01").content)[0]["signed"] == 0


def test_the_list_stays_within_its_budget(que: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(15):
        assert que.get("/en/agencies/?per=100&q=police&part=partner&sort=-leads").status_code == 200


def test_the_list_in_french_is_by_french_names(que: Client) -> None:
    response = que.get("/fr/agencies/?per=100")
    assert "Gendarmerie royale du Canada" in words(response)


# The page


def test_the_page_tells_names_jfos_arrangements_and_history(que: Client) -> None:
    said = words(que.get("/en/agencies/RCMP/"))
    for sentence in (
        "Royal Canadian Mounted Police",
        "Gendarmerie royale du Canada (GRC)",
        "IBET-QUE-1",
        "WCA-2004-0001",
        "R.C.M.P.",
        "demonstration data",
    ):
        assert sentence in said
    assert "Merge" not in said


@pytest.mark.parametrize("spelling", ["Peel Police", "peel-police", "PRP", "Police%20r%C3%A9gionale%20de%20Peel"])
def test_any_spelling_in_the_address_leads_to_the_agency(que: Client, spelling: str) -> None:
    response = que.get(f"/en/agencies/{spelling}/?as_of=2010-01-01")
    assert response.status_code == 302
    assert response.headers["Location"] == "/en/agencies/PPS/?as_of=2010-01-01"


@pytest.mark.parametrize("spelling", ["nobody", "%00", "%20", "...", "9" * 300])
def test_an_unknown_agency_is_not_found(que: Client, spelling: str) -> None:
    assert que.get(f"/en/agencies/{spelling}/").status_code == 404


def test_on_a_past_day_the_page_shows_what_was_known_and_offers_no_change(admin: Client) -> None:
    said = words(admin.get("/en/agencies/RCMP/?as_of=1990-01-01"))
    assert "This agency has taken part in no JFO." in said
    assert "Add a spelling" not in said
    assert "Add a spelling" in words(admin.get("/en/agencies/RCMP/"))


def test_the_page_stays_within_its_budget(que: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(15):
        que.get("/en/agencies/RCMP/")


# Changes


def names(**values: object) -> dict[str, object]:
    row = Agency.objects.get(key="PPS")
    fields = ("short_en", "short_fr", "name_en", "name_fr", "level")
    return {field: getattr(row, field) for field in fields} | values


def test_an_administrator_changes_names_and_it_is_undone(admin: Client) -> None:
    saved = admin.post("/en/agencies/PPS/edit/", names(name_en="Peel Regional Police Service"), follow=True)
    assert "Saved: Peel Regional Police Service." in words(saved)
    undo = saved.content.decode().split('class="undo" method="post" action="')[1].split('"')[0]
    admin.post(undo)
    assert Agency.objects.get(key="PPS").name_en == "Peel Police Service"


def test_a_name_of_another_agency_is_refused(admin: Client) -> None:
    said = words(admin.post("/en/agencies/PPS/edit/", names(short_en="rcmp")))
    assert "“rcmp” is a spelling of RCMP (Royal Canadian Mounted Police)." in said


def test_an_agency_that_leads_or_signs_is_no_group(admin: Client) -> None:
    row = Agency.objects.get(key="RCMP")
    sent = {field: getattr(row, field) for field in ("short_en", "short_fr", "name_en", "name_fr", "level")}
    said = words(admin.post("/en/agencies/RCMP/edit/", sent | {"is_group": "on"}))
    assert "it can take part, but not lead" in said
    assert "it cannot sign" in said
    assert not Agency.objects.get(key="RCMP").is_group


def test_what_somebody_else_changed_meanwhile_is_shown(admin: Client) -> None:
    row = Agency.objects.get(key="PPS")
    version = row.history.latest().history_id
    row.name_en = "Peel Regional Police"
    row.save_as(None)
    shown = admin.post("/en/agencies/PPS/edit/", names(name_en="Peel Force") | {"_version": version})
    assert shown.status_code == 409
    assert "Theirs: Peel Regional Police" in words(shown)


def test_a_spelling_is_added_and_removed(admin: Client) -> None:
    added = admin.post(reverse("alias-new", args=["PPS"]), {"alias": "Peel P.S."}, follow=True)
    assert "Added: “Peel P.S.” is Peel Police Service from now on." in words(added)
    alias = AgencyAlias.objects.get(alias="Peel P.S.")
    removed = admin.post(reverse("alias-remove", args=["PPS", alias.pk]), {"reason": "typed by mistake"}, follow=True)
    assert "Removed: “Peel P.S.” is Peel Police Service no longer." in words(removed)
    assert AgencyAlias.history.filter(alias="Peel P.S.", history_change_reason="typed by mistake").exists()


@pytest.mark.parametrize(
    ("spelling", "sentence"),
    [
        ("R.C.M.P.", "“R.C.M.P.” is a spelling of RCMP (Royal Canadian Mounted Police)."),
        ("sûreté DU québec", "“sûreté DU québec” is a spelling of SQ (Sûreté du Québec)."),
        ("peel police", "“peel police” is a spelling of this agency already."),
        ("", "This field is required."),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
def test_a_spelling_is_one_agencys(admin: Client, spelling: str, sentence: str) -> None:
    assert sentence in words(admin.post(reverse("alias-new", args=["PPS"]), {"alias": spelling}))


def test_a_spelling_is_removed_from_its_own_agency_alone(admin: Client) -> None:
    alias = AgencyAlias.objects.filter(agency__key="RCMP").first()
    assert alias is not None
    assert admin.get(reverse("alias-remove", args=["PPS", alias.pk])).status_code == 404


def test_an_agency_is_added_with_a_key_of_its_own(admin: Client) -> None:
    sent = {"short_en": "HPS", "short_fr": "SPH", "name_en": "Halton Police", "name_fr": "Police de Halton"}
    sent |= {"level": "municipal"}
    assert "Use capital letters, digits and hyphens" in words(admin.post("/en/agencies/new/", sent | {"key": "a/b"}))
    assert "“PRP” is a spelling of PPS" in words(admin.post("/en/agencies/new/", sent | {"key": "PRP"}))
    added = admin.post("/en/agencies/new/", sent | {"key": "HALTON-POLICE"}, follow=True)
    assert added.request["PATH_INFO"] == "/en/agencies/HALTON-POLICE/"
    assert "This agency has taken part in no JFO." in words(added)


def test_nobody_else_changes_agencies(que: Client, client_of: ClientOf, nhq_reviewer: User, auditor: User) -> None:
    for client in (que, client_of(nhq_reviewer), client_of(auditor)):
        for name in ("agency-edit", "agency-merge", "alias-new"):
            assert client.get(reverse(name, args=["PPS"])).status_code == 403
        assert client.get("/en/agencies/new/").status_code == 403


def test_the_history_of_an_agency_can_be_asked_for_by_any_name(admin: Client) -> None:
    admin.post("/en/agencies/PPS/edit/", names(name_en="Peel Regional Police Service", reason="renamed"))
    rows = json.loads(admin.get("/en/history/?format=json&agency=peel+police").content)
    assert "renamed" in {row["why"] for row in rows}
    assert JFO.objects.exists()
