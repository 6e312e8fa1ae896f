"""A day in the past: every page that takes one says so, offers no change, keeps the day, and shows nothing that began
later; found by walking the URLconf, so that no new page is forgotten."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from jfo_portal.kit import formats
from registry.models import (
    JFO,
    Agency,
    CoLocation,
    Contact,
    Establishment,
    Meeting,
    Participation,
    User,
)
from tests import rows
from tests.pages import body
from tests.test_access import PUBLIC, RULES, names
from wca.models import Arrangement

pytestmark = pytest.mark.django_db

PAST, LATER = date(2010, 6, 30), date(2010, 9, 1)
AS_OF = {"as_of": str(PAST)}
SignIn = Callable[[User], Client]

# Pages that change something are about now alone: they are forms of acts, and no page of a past day leads to them.
# What freezes a report keeps one of any day, and changes no record.
ACTS = {name for name, rule in RULES.items() if rule.posters} - {"snapshot-new"}
# Pages that take no day, and why.
OF_NO_DAY = {
    "home": "what needs somebody needs them now",
    "help": "words are of no day",
    "exports": "it is the log of what was taken, by nature over time",
    "history": "it is by nature over time",
    "row-history": "it is by nature over time",
    "act": "it is by nature over time",
    "views": "the reader's own views, as they are",
    "view": "it leads on to a list",
    "performance": "of a fiscal year",
    "performance-region": "of a fiscal year",
    "performance-jfo": "of a fiscal year",
    "performance-officer": "of a fiscal year",
    "performance-files": "of a fiscal year",
    "performance-quality": "of a fiscal year",
    "performance-quality-officers": "of a fiscal year",
    "performance-comparison": "of a fiscal year",
    "performance-officers": "of a fiscal year",
    "performance-costs": "of a fiscal year",
    "performance-pay": "of a fiscal year",
    "performance-rates": "of fiscal years",
    "performance-risks": "of a fiscal year",
    "performance-outcomes": "of a fiscal year",
    "performance-reported-outcomes": "totals of a document, of periods of its own",
    "performance-expectations": "of fiscal years",
    "snapshots": "what was frozen, over time",
    "snapshot": "as it was frozen",
    "snapshot-new": "it keeps a report of any day",
    "reports": "a list of exhibits",
    "imports": "what was brought in, over time",
    "import-result": "what was brought in, over time",
    "import": "leads on to the step that waits",
    "import-errors": "a file",
    "import-template": "a file",
    "import-sample": "a file",
    "import-records": "a file, of the records that can be changed now",
    "document-download": "a file",
    "draft": "a working text, as it is now",
    "draft-file": "a file",
    "draft-print": "a working text, as it is now",
    "fragment": "the wordings that drafts are composed of now",
    "fragments": "the wordings that drafts are composed of now",
    "translations": "what is missing now",
    # The administration's tables are as they are now.
    **{name: "what is on record now" for name in RULES if name.startswith("admin:") and name not in ACTS},
}
# Examples that were not there on the past day are looked at on a later one.
THERE_FROM = {"assessment": date(2011, 2, 15), "document": date(2011, 2, 15)}
DATED = sorted(set(RULES) - ACTS - set(OF_NO_DAY))


def page_of(client: Client, name: str, **query: str) -> str:
    """Return the page of the address with its example arguments."""
    response = client.get(reverse(name, kwargs=RULES[name].arguments()), query)
    assert response.status_code == 200, name
    return body(response)


def past_of(name: str) -> date:
    return THERE_FROM.get(name, PAST)


def past_page(client: Client, name: str) -> str:
    return page_of(client, name, as_of=str(past_of(name)))


def main(page: str) -> str:
    return page.split("<main", maxsplit=1)[1].split("</main>", maxsplit=1)[0]


def without_history(page: str) -> str:
    """Return the page's main part without its history, which is by nature over time and leads to rows as they are."""
    return re.sub(r'<table class="table portal-table history">.*?</table>', "", main(page), flags=re.DOTALL)


def told(page: str) -> str:
    """Return what the page tells of its day: without its history, and the choices of filters, which are of any day."""
    return re.sub(r"<form.*?</form>", "", without_history(page), flags=re.DOTALL)


def test_every_address_takes_a_day_or_is_said_not_to() -> None:
    assert set(names()) - PUBLIC == {*DATED, *ACTS, *OF_NO_DAY}
    assert set(OF_NO_DAY) <= set(RULES)


@pytest.mark.parametrize("name", DATED)
def test_a_page_of_a_past_day_says_so_and_the_page_of_today_does_not(
    client_of: SignIn, que_manager: User, name: str
) -> None:
    client = client_of(que_manager)
    assert "banner-as-of" in past_page(client, name)
    assert formats.long_day(past_of(name)) in past_page(client, name)
    assert "banner-as-of" not in page_of(client, name)


def acts_in(page: str) -> list[str]:
    """Return the addresses of acts that the page's main part leads to, or posts to."""
    found = []
    for address in re.findall(r'(?:href|action|hx-post)="([^"]+)"', main(page)):
        path = urlsplit(address).path
        try:
            name = resolve(path).url_name
        except Resolver404:
            continue
        # One's own saved views are no facts: a view of a past day may be saved.
        if name in ACTS and not str(name).startswith("view"):
            found.append(address)
    return found


@pytest.mark.parametrize("username", ["que.manager", "nhq.reviewer", "admin"])
@pytest.mark.parametrize("name", DATED)
def test_a_page_of_a_past_day_offers_no_change(client_of: SignIn, username: str, name: str) -> None:
    if username not in RULES[name].readers:
        pytest.skip("not this reader's page")
    page = past_page(client_of(User.objects.get(username=username)), name)
    assert acts_in(page) == []
    posting = [form for form in re.findall(r"<form[^>]*>", main(page)) if 'method="post"' in form]
    assert posting == []


def test_the_page_of_today_does_offer_changes(client_of: SignIn, que_manager: User) -> None:
    """The test above would pass for pages that never offer anything."""
    client = client_of(que_manager)
    offering = {name for name in DATED if acts_in(page_of(client, name))}
    assert {"assignments", "assignment", "officer", "jfo", "tenure"} <= offering


@pytest.mark.parametrize("name", DATED)
def test_a_page_of_a_past_day_keeps_the_day_in_its_links(client_of: SignIn, que_manager: User, name: str) -> None:
    page = without_history(past_page(client_of(que_manager), name))
    lost = []
    for address in re.findall(r'href="([^"#]+)', page):
        parts = urlsplit(address.replace("&amp;", "&"))
        if not parts.path.startswith("/en/"):
            continue
        query = parse_qs(parts.query)
        if resolve(parts.path).url_name in DATED and not {"as_of", "fy", "to"} & set(query):
            lost.append(address)
    # A comparison leads to its two days, one of which may be today.
    assert lost == []


# What began later


def began_later() -> dict[str, str]:
    """Write one row of every dated kind that began after the past day, and return the word that would show each."""
    jfo = JFO.objects.get(code="IBET-QUE-1")
    officer = rows.officer(number="T-LATER", start=LATER)
    rows.assignment(officer, "IBET-QUE-1", LATER)
    agency = Agency(
        key="LATERAGENCY", short_en="Lateragency", short_fr="Lateragency", name_en="L", name_fr="L", level="federal"
    ).save_as(None)
    Participation(jfo=jfo, agency=agency, start=LATER).save_as(None)
    Contact(jfo=jfo, function="intelligence", name="Later Contact", start=LATER).save_as(None)
    CoLocation(jfo=jfo, agency=Agency.objects.get(key="RCMP"), place="Laterville", start=LATER).save_as(None)
    new = JFO(
        code="LATER-JFO", name_en="Later", name_fr="Later", program=jfo.program, region=jfo.region, start=LATER
    ).save_as(None)
    Establishment.objects.filter(jfo=jfo).delete()
    Establishment(jfo=jfo, fte=Decimal("97.50"), start=LATER).save_as(None)
    Meeting(jfo=jfo, held_on=date(2010, 9, 17)).save_as(None)
    Arrangement(
        reference="WCA-2010-0999", title_en="Later arrangement", title_fr="Later arrangement", effective=LATER
    ).save_as(None)
    return {
        "officer": officer.number,
        "agency": "Lateragency",
        "contact": "Later Contact",
        "place": "Laterville",
        "jfo": new.code,
        "agreed FTE": "97.50",
        "meeting": "2010-09-17",
        "arrangement": "WCA-2010-0999",
    }


@pytest.mark.parametrize("username", ["que.manager", "nhq.reviewer"])
def test_no_page_of_a_past_day_shows_what_began_later(client_of: SignIn, username: str) -> None:
    # What an agency is called has no dates: it stands in the list and the choices of agencies.
    undated = {"agencies": {"agency"}, "jfos": {"agency"}}
    client = client_of(User.objects.get(username=username))
    unlike: list[Any] = []
    shown_today = set()
    words = began_later()
    for name in DATED:
        if username not in RULES[name].readers or name in THERE_FROM:
            continue
        arguments = RULES[name].arguments()
        addresses = [reverse(name, kwargs=arguments)]
        if name == "jfo":
            parts = re.findall(r"\?part=([\w-]+)", page_of(client, name))
            addresses += [f"{addresses[0]}?part={part}" for part in parts if part != "history"]
        for address in addresses:
            past, today = body(client.get(address, AS_OF)), body(client.get(address))
            for kind, word in words.items():
                if word in told(today):
                    shown_today.add(kind)
                if word in told(past) and kind not in undated.get(name, ()):
                    unlike.append((address, kind))
    assert unlike == []
    # The words do appear today, so that their absence says something.
    assert {"officer", "contact", "place", "jfo", "agreed FTE", "arrangement"} <= shown_today


def test_a_page_of_one_that_began_later_says_when(client_of: SignIn, que_manager: User) -> None:
    began_later()
    client = client_of(que_manager)
    assert "This JFO starts on September 1, 2010" in body(client.get("/en/jfos/LATER-JFO/", AS_OF))
    assert "service starts on September 1, 2010" in body(client.get("/en/officers/T-LATER/", AS_OF))


@pytest.mark.parametrize("name", DATED)
def test_no_past_day_breaks_a_page(client_of: SignIn, que_manager: User, name: str) -> None:
    client = client_of(que_manager)
    for day in ("1900-04-01", "2999-03-31", "1899-12-31", "soon", "2011-02-30"):
        address = reverse(name, kwargs=RULES[name].arguments())
        gone = {404} if name in THERE_FROM else set()
        assert client.get(address, {"as_of": day}).status_code in {200, 400} | gone
