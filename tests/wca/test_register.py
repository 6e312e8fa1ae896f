"""What NHQ reviewers write in the register: arrangements, and what supersedes them."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from jfo_portal.kit.changesets import ChangeSet
from registry.models import JFO, Agency, User
from tests.pages import csv_rows, words
from tests.simultaneous import at_once
from wca import lifecycle
from wca.measures.chain import chain_of
from wca.models import Arrangement, Coverage, Event, Signatory, Stage
from wca.models.arrangements import Status

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
NEW = "/en/arrangements/new/"
FIRST = "/en/arrangements/WCA-2004-0001/"
FIELDS = {
    "kind": "wca",
    "title_en": "Arrangement on ports",
    "title_fr": "Entente sur les ports",
    "effective": "2011-04-01",
    "expiry": "2016-03-31",
    "review_due": "2014-04-01",
    "security_level": "protected_b",
    "authorities": "Customs Act, s. 107\r\nPrivacy Act, s. 8(2)(f)",
    "office": "Intelligence Directorate",
}


@pytest.fixture
def reviewer(client_of: SignIn, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def manager(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


def arrangement(reference: str, **values: Any) -> Arrangement:
    return Arrangement(**{"reference": reference, "title_en": reference, "title_fr": reference} | values).save_as(None)


def supersede(older: str, newer: str, day: date) -> Arrangement:
    row = Arrangement.objects.get(reference=older)
    row.superseded_by, row.superseded_on = Arrangement.objects.get(reference=newer), day
    return row.save_as(None)


def post(client: Client, address: str, data: dict[str, Any]) -> Any:
    return client.post(address, data)


def said(response: Any, code: int = 200) -> str:
    assert response.status_code == code, response
    return words(response)


# A new arrangement


def test_a_new_arrangement_gets_the_next_number_of_its_kind(reviewer: Client) -> None:
    response = post(reviewer, NEW, FIELDS | {"reason": "agreed in principle"})
    assert response.url == "/en/arrangements/WCA-2011-0001/?part=parties#parties"
    row = Arrangement.objects.get(reference="WCA-2011-0001")
    assert (row.effective, row.expiry, row.review_due) == (date(2011, 4, 1), date(2016, 3, 31), date(2014, 4, 1))
    assert row.history.latest().history_change_reason == "agreed in principle"
    text = said(reviewer.get(response.url))
    assert "Added: WCA-2011-0001. Name its parties and the JFOs it covers." in text
    text = said(reviewer.get(response.url, {"part": "history"}))
    assert "Security level: Protected B" in text
    assert "Authorities cited: Customs Act, s. 107 Privacy Act, s. 8(2)(f)" in text
    assert "Office of primary interest: Intelligence Directorate" in text
    assert "Review due: 2014-04-01" in text
    assert post(reviewer, NEW, FIELDS | {"kind": "mou"}).url == "/en/arrangements/MOU-2011-0001/?part=parties#parties"


def test_a_number_is_not_issued_again_after_the_addition_was_undone(reviewer: Client) -> None:
    post(reviewer, NEW, FIELDS)
    post(reviewer, reverse("undo", args=[ChangeSet.objects.latest("pk").pk]), {})
    assert not Arrangement.objects.filter(reference="WCA-2011-0001").exists()
    assert post(reviewer, NEW, FIELDS).url == "/en/arrangements/WCA-2011-0002/?part=parties#parties"


def test_a_form_with_faults_issues_no_number_and_says_what_to_do(reviewer: Client) -> None:
    faulty = FIELDS | {"title_fr": "", "effective": "2011-4-1", "review_due": "3000-01-01"}
    text = said(post(reviewer, NEW, faulty))
    assert "This field is required." in text
    assert "Type the date as YYYY-MM-DD, for example 2011-03-31." in text
    assert "There is no such day between 1900-04-01 and 2999-03-31." in text
    text = said(post(reviewer, NEW, FIELDS | {"expiry": "2011-03-31"}))
    assert "The expiry is before the effective date, 2011-04-01. Correct one of them." in text
    assert post(reviewer, NEW, FIELDS).url == "/en/arrangements/WCA-2011-0001/?part=parties#parties"


@pytest.mark.parametrize(
    "wrong", [{"office": "a\0b"}, {"office": "x" * 121}, {"kind": "treaty"}, {"security_level": "cosmic"}]
)
def test_what_no_field_takes_is_said_and_not_stored(reviewer: Client, wrong: dict[str, str]) -> None:
    assert said(post(reviewer, NEW, FIELDS | wrong))
    assert not Arrangement.objects.filter(reference__startswith="WCA-2011").exists()


def test_the_form_speaks_french(reviewer: Client) -> None:
    text = said(reviewer.get("/fr/arrangements/new/"))
    assert "Nouvelle entente" in text
    assert "Bureau de première responsabilité" in text


# One corrected


def test_an_arrangement_is_corrected_and_keeps_its_number(reviewer: Client) -> None:
    before = said(reviewer.get(f"{FIRST}edit/"))
    assert "Memorandum of understanding" in before
    response = post(reviewer, f"{FIRST}edit/", FIELDS | {"kind": "other"})
    assert response.url == FIRST
    row = Arrangement.objects.get(reference="WCA-2004-0001")
    assert (row.kind, row.title, row.security_level) == ("other", "Arrangement on ports", "protected_b")
    assert "Saved: WCA-2004-0001." in said(reviewer.get(FIRST))


def test_two_who_correct_one_arrangement_see_what_the_other_wrote(reviewer: Client, nhq_reviewer: User) -> None:
    row = Arrangement.objects.get(reference="WCA-2004-0001")
    form = reviewer.get(f"{FIRST}edit/").context
    hidden = dict(form["hidden"])
    typed = {name: form["form"].initial.get(name) or "" for name in FIELDS}
    row.office = "Theirs"
    row.save_as(nhq_reviewer)
    response = post(reviewer, f"{FIRST}edit/", typed | hidden | {"office": "Mine"})
    text = said(response, 409)
    assert "Theirs" in text
    assert "Mine" in text
    assert Arrangement.objects.get(pk=row.pk).office == "Theirs"


@pytest.mark.parametrize("path", ["edit/", "supersession/", "parts/parties/", "parts/jfos/"])
def test_what_is_not_in_the_register_has_no_form(reviewer: Client, path: str) -> None:
    assert reviewer.get(f"/en/arrangements/WCA-1999-0001/{path}").status_code == 404
    assert reviewer.get(f"/en/arrangements/A%00B/{path}").status_code == 404


@pytest.mark.parametrize("username", ["que.manager", "admin", "auditor"])
def test_others_read_the_register_and_are_offered_no_change(client_of: SignIn, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    for address in ("/en/arrangements/", FIRST):
        html = client.get(address).content.decode()
        assert "/arrangements/new/" not in html
        assert "/edit/" not in html
        assert "/parts/" not in html
    assert client.get(NEW).status_code == 403


def test_a_past_day_offers_no_change(reviewer: Client) -> None:
    html = reviewer.get(FIRST, {"as_of": "2010-06-30"}).content.decode()
    assert "/edit/" not in html
    parties = reviewer.get(FIRST, {"part": "parties", "as_of": "2010-06-30"}).content.decode()
    assert "/parts/" not in parties
    assert "/parts/" in reviewer.get(FIRST, {"part": "parties"}).content.decode()


# What supersedes what


def test_a_newer_arrangement_supersedes_one_from_a_day_on(reviewer: Client) -> None:
    newer = Arrangement.objects.get(reference="WCA-2008-0001")
    address = "/en/arrangements/WCA-2004-0002/supersession/"
    assert said(reviewer.get(address))
    response = post(reviewer, address, {"superseded_by": newer.pk, "superseded_on": "2011-03-01"})
    assert response.url == "/en/arrangements/WCA-2004-0002/#chain"
    text = said(reviewer.get(response.url))
    assert "Saved: WCA-2008-0001 supersedes WCA-2004-0002 from 2011-03-01 on." in text
    assert "Superseded" in text
    row = Arrangement.objects.get(reference="WCA-2004-0002")
    assert [row.status_on(date(2011, 2, 28)), row.status_on(date(2011, 3, 1))] == ["in_force", "superseded"]

    response = post(reviewer, address, {"superseded_by": "", "superseded_on": ""})
    assert "Saved: nothing supersedes WCA-2004-0002." in said(reviewer.get(response.url))


@pytest.mark.parametrize(
    ("corrected", "stage"),
    [("", Stage.IN_FORCE), ("2011-03-15", Stage.SUPERSEDED), ("2011-04-15", Stage.IN_FORCE)],
)
def test_a_step_that_superseded_follows_the_day_that_is_corrected(
    reviewer: Client, nhq_reviewer: User, corrected: str, stage: Stage
) -> None:
    newer = Arrangement.objects.get(reference="WCA-2008-0001")
    row = Arrangement.objects.get(reference="WCA-2004-0002")
    lifecycle.take(row, Event.SUPERSEDE, date(2011, 3, 20), by=nhq_reviewer, newer=newer)
    address = "/en/arrangements/WCA-2004-0002/supersession/"
    version = re.search(r'name="_version"[^>]* value="([^"]*)"', reviewer.get(address).content.decode())
    assert version
    data = {"superseded_by": newer.pk if corrected else "", "superseded_on": corrected, "_version": version[1]}
    assert post(reviewer, address, data).status_code == 302
    row = Arrangement.objects.get(reference="WCA-2004-0002")
    assert lifecycle.stage_on(row, date(2011, 3, 31)) == stage
    days = [str(step.entered_on) for step in row.steps.filter(stage=Stage.SUPERSEDED)]
    assert days == ([corrected] if stage == Stage.SUPERSEDED else [])


def test_an_arrangement_without_an_assessment_says_nothing_of_demonstration_verdicts(reviewer: Client) -> None:
    arrangement("WCA-2011-9001")
    assert "the verdicts and quotations are illustrative" not in said(reviewer.get("/en/arrangements/WCA-2011-9001/"))
    assert "the verdicts and quotations are illustrative" in said(reviewer.get(FIRST))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"superseded_on": "2011-03-01"}, "Say which arrangement applies from that day on."),
        ({"superseded_by": "WCA-2008-0001"}, "Say from which day on the newer arrangement applies."),
        ({"superseded_by": "WCA-2004-0002", "superseded_on": "2011-03-01"}, "This arrangement is not, or no longer,"),
        ({"superseded_by": "x" * 30, "superseded_on": "2011-03-01"}, "This arrangement is not, or no longer,"),
    ],
)
def test_half_a_supersession_is_refused(reviewer: Client, typed: dict[str, str], sentence: str) -> None:
    key = Arrangement.objects.filter(reference=typed.get("superseded_by")).values_list("pk", flat=True).first()
    data = typed | ({"superseded_by": str(key)} if key else {})
    assert sentence in said(post(reviewer, "/en/arrangements/WCA-2004-0002/supersession/", data))


def test_no_arrangement_supersedes_itself_even_by_way_of_others(reviewer: Client) -> None:
    supersede("WCA-2004-0002", "WCA-2004-0003", date(2010, 1, 1))
    supersede("WCA-2004-0003", "WCA-2004-0004", date(2011, 1, 1))
    oldest = Arrangement.objects.get(reference="WCA-2004-0002")
    address = "/en/arrangements/WCA-2004-0004/supersession/"
    text = said(post(reviewer, address, {"superseded_by": oldest.pk, "superseded_on": "2011-03-01"}))
    assert "WCA-2004-0002 is itself superseded by WCA-2004-0004, at once or by way of others." in text
    with pytest.raises(ValidationError, match="WCA-2004-0002 cannot supersede itself"):
        supersede("WCA-2004-0002", "WCA-2004-0002", date(2011, 1, 1))


@pytest.mark.django_db(transaction=True)
def test_two_who_supersede_at_once_close_no_circle(client_of: SignIn, nhq_reviewer: User) -> None:
    rows = [Arrangement.objects.get(reference=reference) for reference in ("WCA-2004-0002", "WCA-2004-0003")]
    clients = [client_of(nhq_reviewer), client_of(nhq_reviewer)]

    def job(number: int) -> Callable[[], Any]:
        older, newer = rows[number], rows[1 - number]
        data = {"superseded_by": newer.pk, "superseded_on": "2011-03-01"}
        return lambda: clients[number].post(f"{older.get_absolute_url()}supersession/", data).status_code

    assert sorted(at_once(job(0), job(1))) == [200, 302]
    assert Arrangement.objects.exclude(superseded_by=None).count() == 1


def test_the_chain_shows_all_that_is_newer_and_all_that_is_older(reviewer: Client) -> None:
    arrangement("WCA-2003-0001")
    arrangement("WCA-2003-0002")
    supersede("WCA-2003-0001", "WCA-2004-0002", date(2004, 3, 1))
    supersede("WCA-2003-0002", "WCA-2004-0002", date(2004, 4, 1))
    supersede("WCA-2004-0002", "WCA-2004-0003", date(2009, 1, 1))
    supersede("WCA-2004-0003", "WCA-2008-0001", date(2011, 1, 1))
    supersede("WCA-2005-0001", "WCA-2008-0001", date(2011, 1, 1))  # no part of the chain of 2004-0002

    def chain(**query: str) -> list[list[str]]:
        page = reviewer.get("/en/arrangements/WCA-2004-0002/", query)
        return [[row[0].text, row[3].text, row[4].text] for row in page.context["chain_rows"]]

    assert chain() == [
        ["WCA-2008-0001", "–", "–"],
        ["WCA-2004-0003", "WCA-2008-0001", "2011-01-01"],
        ["WCA-2004-0002 (this one)", "WCA-2004-0003", "2009-01-01"],
        ["WCA-2003-0002", "WCA-2004-0002", "2004-04-01"],
        ["WCA-2003-0001", "WCA-2004-0002", "2004-03-01"],
    ]
    # What was decided later was not known.
    assert [row[0] for row in chain(as_of="2010-06-30")] == [
        "WCA-2004-0003",
        "WCA-2004-0002 (this one)",
        "WCA-2003-0002",
        "WCA-2003-0001",
    ]
    assert [row[0] for row in chain(as_of="2004-03-15")] == ["WCA-2004-0002 (this one)", "WCA-2003-0001"]


def test_a_circle_in_the_database_hangs_no_page(reviewer: Client) -> None:
    one, other = (Arrangement.objects.get(reference=reference) for reference in ("WCA-2004-0002", "WCA-2004-0003"))
    for older, newer in ((one, other), (other, one)):
        older.superseded_by, older.superseded_on = newer, date(2011, 1, 1)
        older.attribute(None).save()
    assert [link.arrangement.reference for link in chain_of(one)] == ["WCA-2004-0003", "WCA-2004-0002"]
    assert said(reviewer.get(one.get_absolute_url()))


# The list


@pytest.mark.parametrize("day", [date(2004, 2, 10), date(2010, 9, 1), date(2011, 3, 31), date(2012, 4, 1)])
def test_the_status_asked_of_the_database_is_that_of_the_row(day: date) -> None:
    jfo, agency = JFO.objects.first(), Agency.objects.get(key="RCMP")
    ended = arrangement("WCA-2003-0001", effective=date(2003, 1, 1), terminated_on=date(2010, 1, 1))
    arrangement("WCA-2003-0002", effective=date(2003, 1, 1))  # names nobody who must sign
    optional = arrangement("WCA-2003-0003", effective=date(2003, 1, 1))
    undated = arrangement("WCA-2003-0004")
    for row, is_required in ((ended, True), (optional, False), (undated, True)):
        Signatory(arrangement=row, agency=agency, is_required=is_required, signed_on=date(2003, 1, 1)).save_as(None)
    Coverage(arrangement=ended, jfo=jfo, start=date(2003, 1, 1)).save_as(None)
    supersede("WCA-2004-0002", "WCA-2004-0003", date(2010, 9, 1))
    rows: Any = Arrangement.objects.with_status_on(day).prefetch_related("signatories")
    standing = dict(rows.values_list("reference", "standing"))
    assert standing == {row.reference: row.status_on(day) for row in rows}
    in_force = {row.reference for row in Arrangement.objects.in_force_on(day)}
    assert in_force == {reference for reference, status in standing.items() if status == Status.IN_FORCE}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "unsigned"}, ["WCA-2010-0001"]),
        ({"status": "expired", "as_of": "2011-07-01"}, ["WCA-2006-0002"]),
        ({"status": "superseded"}, []),
        ({"jfo": "ibet-que-1"}, ["WCA-2004-0001"]),
        ({"jfo": "nowhere"}, []),
        ({"security": "secret"}, ["WCA-2004-0001", "WCA-2006-0001", "WCA-2008-0001"]),
        ({"security": "none"}, ["WCA-2005-0002", "WCA-2005-0003"]),
        ({"office": "PARTNERSHIPS"}, ["WCA-2004-0001", "WCA-2010-0001"]),
        ({"review": "overdue"}, ["WCA-2004-0001", "WCA-2004-0005", "WCA-2006-0002"]),
        ({"review": "soon", "region": "GTA"}, ["WCA-2006-0001"]),
        ({"review": "none"}, ["WCA-2004-0004", "WCA-2005-0002"]),
    ],
)
def test_the_register_is_filtered_by_what_it_says(reviewer: Client, query: dict[str, str], found: list[str]) -> None:
    page = reviewer.get("/en/arrangements/", query)
    assert [row[0].text for row in page.context["rows"]] == found
    assert page.context["chips"]


def test_a_choice_that_is_none_filters_nothing(reviewer: Client) -> None:
    page = reviewer.get("/en/arrangements/", {"security": "cosmic", "review": "x", "jfo": "a\0b", "office": "\0"})
    assert page.status_code == 200


def test_the_columns_that_are_chosen_are_in_the_file_too(reviewer: Client) -> None:
    query = {"cols": ["security_level", "office", "review_due", "authorities", "superseded_by"], "q": "WCA-2004-0001"}
    supersede("WCA-2004-0001", "WCA-2008-0001", date(2011, 6, 1))
    (row,) = csv_rows(reviewer.get("/en/arrangements/", query | {"format": "csv"}))
    assert list(row.values())[1:] == [
        "Secret",
        "Partnerships and Information Sharing / Partenariats et échange d’information",
        "2009-02-16",
        "; ".join(Arrangement.objects.get(reference="WCA-2004-0001").authorities.split("\n")),
        "WCA-2008-0001",
    ]
    (past,) = csv_rows(reviewer.get("/en/arrangements/", query | {"format": "csv", "as_of": "2011-03-30"}))
    assert past["Superseded by"] == ""
