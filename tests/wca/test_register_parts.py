"""What hangs on an arrangement: parties, JFOs and amendments are added, corrected, ended, removed and brought back."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jfo_portal.kit.changesets import ChangeSet
from registry.models import JFO, Agency, User
from tests.pages import words
from wca.models import Amendment, Arrangement, Coverage, Signatory
from wca.parts import PARTS

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
REFERENCE = "WCA-2004-0002"
PAGE = f"/en/arrangements/{REFERENCE}/"
PARTIES = f"{PAGE}?part=parties"
VALID: dict[str, dict[str, Any]] = {
    "parties": {"agency": "peel police", "is_required": "on", "signed_on": "2011-03-01"},
    "jfos": {"jfo": "IBET-QUE-1", "start": "2011-01-01"},
    "amendments": {"effective": "2011-01-01", "summary_en": "More.", "summary_fr": "Plus."},
}


@pytest.fixture
def reviewer(client_of: SignIn, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


def typed(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a browser sends: the key of a JFO for its code."""
    return data | ({"jfo": str(JFO.objects.get(code=data["jfo"]).pk)} if "jfo" in data else {})


def add(client: Client, slug: str, *, reference: str = REFERENCE, **data: Any) -> Any:
    return client.post(reverse("arrangement-part-new", args=[reference, slug]), typed(data))


def correct(client: Client, slug: str, row: Any, **data: Any) -> Any:
    return client.post(reverse("arrangement-part-row", args=[row.arrangement.reference, slug, row.pk]), data)


def remove(client: Client, slug: str, row: Any, **data: Any) -> Any:
    return client.post(reverse("arrangement-part-remove", args=[row.arrangement.reference, slug, row.pk]), data)


def undo(client: Client) -> Any:
    return client.post(reverse("undo", args=[ChangeSet.objects.latest("pk").pk]), {})


def said(response: Any, code: int = 200) -> str:
    assert response.status_code == code, response
    return words(response)


def party(key: str = "CBSA") -> Signatory:
    return Signatory.objects.get(arrangement__reference=REFERENCE, agency__key=key)


def coverage() -> Coverage:
    return Coverage.objects.get(arrangement__reference=REFERENCE)


# Every part alike


@pytest.mark.parametrize("slug", VALID)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_row_is_added_shown_removed_and_brought_back(reviewer: Client, slug: str, language: str) -> None:
    rows: Any = PARTS[slug].model._default_manager
    before = set(rows.values_list("pk", flat=True))
    response = add(reviewer, slug, **VALID[slug], reason="because")
    assert response.status_code == 302
    (new,) = set(rows.values_list("pk", flat=True)) - before
    row = rows.get(pk=new)
    assert row.history.latest().history_change_reason == "because"
    page = reviewer.get(response.url.replace("/en/", f"/{language}/"))
    assert said(page)
    address = reverse("arrangement-part-row", args=[REFERENCE, slug, new]).replace("/en/", f"/{language}/")
    assert address in page.content.decode()

    assert said(reviewer.get(address))
    assert said(reviewer.get(f"{address}remove/"))
    assert remove(reviewer, slug, row).status_code == 302
    assert not rows.filter(pk=new).exists()
    assert undo(reviewer).status_code == 302
    assert rows.filter(pk=new).exists()


@pytest.mark.parametrize("slug", VALID)
def test_an_empty_form_says_what_is_missing(reviewer: Client, slug: str) -> None:
    assert "This field is required" in said(add(reviewer, slug))


@pytest.mark.parametrize("path", ["parts/boats/", "parts/jfos/999999999999999999999/", "parts/jfos/0/remove/"])
def test_what_is_not_there_is_not_found(reviewer: Client, path: str) -> None:
    assert reviewer.get(PAGE + path).status_code == 404


def test_a_row_of_another_arrangement_is_not_found(reviewer: Client) -> None:
    address = reverse("arrangement-part-row", args=["WCA-2004-0003", "jfos", coverage().pk])
    assert reviewer.get(address).status_code == 404


def test_one_that_somebody_removed_meanwhile_is_said_to_be_gone(reviewer: Client, nhq_reviewer: User) -> None:
    row = coverage()
    hidden = dict(reviewer.get(reverse("arrangement-part-row", args=[REFERENCE, "jfos", row.pk])).context["hidden"])
    key = row.pk
    row.attribute(nhq_reviewer).delete()
    address = reverse("arrangement-part-row", args=[REFERENCE, "jfos", key])
    assert said(reviewer.post(address, hidden | {"start": "2004-03-01", "end": "2011-03-31"}), 410)


def test_two_who_correct_one_row_see_what_the_other_wrote(reviewer: Client, nhq_reviewer: User) -> None:
    row = coverage()
    address = reverse("arrangement-part-row", args=[REFERENCE, "jfos", row.pk])
    hidden = dict(reviewer.get(address).context["hidden"])
    row.end = date(2011, 1, 31)
    row.save_as(nhq_reviewer)
    text = said(reviewer.post(address, hidden | {"start": "2004-03-01", "end": "2011-02-28"}), 409)
    assert "2011-01-31" in text
    assert "2011-02-28" in text


# Parties


def test_a_group_of_forces_cannot_sign(reviewer: Client) -> None:
    group = Agency.objects.filter(is_group=True)[0]
    text = said(add(reviewer, "parties", agency=group.key))
    assert f"“{group.name}” is a group of forces: it cannot sign." in text


def test_an_agency_signs_an_arrangement_once(reviewer: Client) -> None:
    assert "This agency is already among the parties." in said(add(reviewer, "parties", agency="CBSA"))


def test_an_unknown_agency_is_answered_with_the_nearest(reviewer: Client) -> None:
    text = said(add(reviewer, "parties", agency="Peel Polise"))
    assert "No agency goes by “Peel Polise”. Did you mean" in text


def test_a_signature_is_recorded_from_the_row_and_puts_the_arrangement_in_force(reviewer: Client) -> None:
    row = Signatory.objects.get(arrangement__reference="WCA-2010-0001", agency__key="OPP")
    page = reviewer.get("/en/arrangements/WCA-2010-0001/?part=parties")
    address = reverse("arrangement-part-row", args=["WCA-2010-0001", "parties", row.pk])
    assert f"{address}?fill=signed_on" in page.content.decode()
    form = reviewer.get(address, {"fill": "signed_on"}).content.decode()
    assert 'value="2011-03-31"' in form
    assert correct(reviewer, "parties", row, is_required="on", signed_on="2011-03-31").status_code == 302
    assert reviewer.get("/en/arrangements/WCA-2010-0001/").context["status"] == "in_force"


def test_a_signature_of_tomorrow_is_refused(reviewer: Client) -> None:
    text = said(correct(reviewer, "parties", party(), is_required="on", signed_on="2011-04-01"))
    assert "A signature is recorded once it is given: give a day up to today, 2011-03-31." in text


def test_without_a_required_party_the_arrangement_is_not_in_force(reviewer: Client) -> None:
    for row in Signatory.objects.filter(arrangement__reference=REFERENCE):
        assert correct(reviewer, "parties", row, signed_on=str(row.signed_on or "")).status_code == 302
    assert "Not signed by every party" in said(reviewer.get(PAGE))


# JFOs


def test_a_jfo_is_covered_once_on_a_day(reviewer: Client) -> None:
    taken = said(add(reviewer, "jfos", jfo="CRTF", start="2011-01-01"))
    assert "WCA-2004-0002 covers CRTF from 2004-03-01 on already; correct or end that first." in taken
    assert correct(reviewer, "jfos", coverage(), start="2004-03-01", end="2010-12-31").status_code == 302
    taken = said(add(reviewer, "jfos", jfo="CRTF", start="2010-12-31"))
    assert "WCA-2004-0002 covers CRTF from 2004-03-01 to 2010-12-31 already; choose other days." in taken
    assert add(reviewer, "jfos", jfo="CRTF", start="2011-01-01").status_code == 302
    assert Coverage.objects.filter(arrangement__reference=REFERENCE, jfo__code="CRTF").count() == 2


def test_another_arrangement_may_cover_the_same_jfo(reviewer: Client) -> None:
    assert add(reviewer, "jfos", reference="WCA-2004-0003", jfo="CRTF", start="2011-01-01").status_code == 302


def test_coverage_ends_on_a_day(reviewer: Client) -> None:
    row = coverage()
    page = reviewer.get(PARTIES).content.decode()
    assert f"{reverse('arrangement-part-row', args=[REFERENCE, 'jfos', row.pk])}?fill=end" in page
    assert "The last day is before the first day." in said(
        correct(reviewer, "jfos", row, start="2011-03-31", end="2011-03-30")
    )
    correct(reviewer, "jfos", row, start="2004-03-01", end="2011-03-30")
    assert reviewer.get(PARTIES).context["kept"]["jfos"].caption == "0 JFOs on March 31, 2011"
    assert reviewer.get(f"{PARTIES}&as_of=2011-03-30").context["kept"]["jfos"].caption == "1 JFO on March 30, 2011"


def test_the_jfo_of_a_coverage_stays(reviewer: Client) -> None:
    other = JFO.objects.get(code="ITF")
    assert correct(reviewer, "jfos", coverage(), start="2004-03-01", jfo=str(other.pk)).status_code == 302
    assert coverage().jfo.code == "CRTF"


def test_a_past_day_names_no_jfo_covered_later(reviewer: Client) -> None:
    add(reviewer, "jfos", jfo="ITF", start="2011-02-01")
    assert [row[0].text for row in reviewer.get(PARTIES).context["kept"]["jfos"].rows] == ["CRTF", "ITF"]
    past = reviewer.get(f"{PARTIES}&as_of=2011-01-31")
    assert [row[0].text for row in past.context["kept"]["jfos"].rows] == ["CRTF"]


# Amendments


def test_amendments_are_numbered_one_after_the_other_and_no_number_comes_again(reviewer: Client) -> None:
    for _number in (1, 2):
        add(reviewer, "amendments", **VALID["amendments"])
    last = Amendment.objects.get(arrangement__reference=REFERENCE, number=2)
    remove(reviewer, "amendments", last)
    add(reviewer, "amendments", **VALID["amendments"])
    numbers = Amendment.objects.filter(arrangement__reference=REFERENCE).values_list("number", flat=True)
    assert list(numbers) == [1, 3]
    first = Amendment.objects.get(arrangement__reference=REFERENCE, number=1)
    correct(reviewer, "amendments", first, effective="2011-02-01", summary_en="Less.", summary_fr="Moins.")
    first.refresh_from_db()
    assert (first.number, first.summary_en, first.effective) == (1, "Less.", date(2011, 2, 1))


def test_an_amendment_speaks_the_readers_language_and_is_not_known_before_its_day(reviewer: Client) -> None:
    address = "/fr/arrangements/WCA-2004-0001/"

    def known(**query: str) -> list[str]:
        return [
            row[2].text for row in reviewer.get(address, query | {"part": "parties"}).context["kept"]["amendments"].rows
        ]

    first, _second = known()
    assert "Garde côtière" in first
    assert known(as_of="2006-04-01") == [first]
    assert known(as_of="2006-03-31") == []


def test_the_page_asks_the_same_number_of_queries_whatever_hangs_on_it(
    reviewer: Client, django_assert_max_num_queries: Any
) -> None:
    row = Arrangement.objects.get(reference=REFERENCE)
    Amendment(arrangement=row, number=1, effective=date(2011, 1, 1), summary_en="A", summary_fr="B").save_as(None)
    reviewer.get(PAGE)
    with django_assert_max_num_queries(40) as before:
        reviewer.get(PAGE)
    for number, jfo in enumerate(JFO.objects.exclude(code="CRTF")[:5], 2):
        Coverage(arrangement=row, jfo=jfo, start=date(2010, 1, 1)).save_as(None)
        Amendment(arrangement=row, number=number, effective=date(2011, 1, 1), summary_en="A", summary_fr="B").save_as(
            None
        )
    with django_assert_max_num_queries(len(before)):
        reviewer.get(PAGE)
