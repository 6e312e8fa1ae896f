"""The assignments page as a timeline: bars, groups, vacancies, selection, and the files of what it shows."""

import gzip
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.timelines import Scale, Span
from registry.measures.timeline import is_past_policy, past_policy_from, spans_of
from registry.models import JFO, Assignment, Establishment, Officer, Region, User
from registry.models.assignments import past_policy_since
from tests import rows
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
ADDRESS = "/en/assignments/"


@pytest.fixture
def manager(que_manager: User, client_of: SignIn) -> Client:
    return client_of(que_manager)


@pytest.fixture
def reviewer(nhq_reviewer: User, client_of: SignIn) -> Client:
    return client_of(nhq_reviewer)


def row_of(page: str, name: str) -> str:
    """Return the markup of the row that the words head."""
    return next(row for row in re.findall(r"<tr\b.*?</tr>", page, re.DOTALL) if name in unescape(row))


def groups_of(page: str) -> dict[str, str]:
    """Return what each group's heading says of it, by its heading."""
    found = re.findall(r'<tr class="group"><th [^>]*>(.*?)<span class="group-note">(.*?)</span>', page, re.DOTALL)
    return {re.sub(r"<[^>]+>", "", heading).strip(): note for heading, note in found}


# Bars


@pytest.mark.parametrize("day", [date(2006, 3, 31), date(2004, 2, 29), date(2004, 2, 28), date(2007, 3, 1)])
def test_the_first_day_past_the_policy_period_is_the_one_the_filter_counts_from(day: date) -> None:
    first = past_policy_from(day)
    assert past_policy_since(first) >= day
    assert past_policy_since(date.fromordinal(first.toordinal() - 1)) < day


def test_the_part_past_the_policy_period_is_a_span_of_its_own() -> None:
    row = rows.assignment(rows.officer(), "FAE", date(2005, 2, 14))
    assert spans_of(row) == [
        Span(date(2005, 2, 14), date(2010, 2, 13), "held"),
        Span(date(2010, 2, 14), None, "long"),
    ]
    assert is_past_policy(row, date(2010, 2, 14))
    assert not is_past_policy(row, date(2010, 2, 13))


def test_a_change_of_fte_begins_no_new_tenure() -> None:
    """The bar of the second row is past the policy period from its beginning."""
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2003, 4, 7), date(2009, 5, 31))
    row = rows.assignment(officer, "FAE", date(2009, 6, 1), None, Decimal("0.50"))
    assert spans_of(row) == [Span(date(2009, 6, 1), None, "long")]


def test_a_bar_lies_on_its_days_and_an_open_end_is_marked() -> None:
    scale = Scale(FiscalYear(2009), FiscalYear(2010), date(2011, 3, 31))
    half = scale.bar([Span(date(2010, 4, 1), date(2011, 3, 31))], "words")
    assert 'x="50%" width="50%"' in half
    assert "goes-on" not in half
    assert "goes-on" in scale.bar([Span(date(2010, 4, 1), None)], "words")
    assert "<rect" not in scale.bar([Span(date(2001, 4, 1), date(2009, 3, 31))], "words")
    assert "<rect" not in scale.bar([Span(date(2011, 4, 1), None)], "words")


def test_tenure_past_the_policy_period_is_said_in_words(manager: Client) -> None:
    row = row_of(body(manager.get(ADDRESS)), "O-0001")
    assert "10.0 (past 5 years)" in row
    assert "past the policy period from 2006-04-09 on" in row
    french = row_of(body(manager.get("/fr/assignments/")), "O-0001")
    assert "10,0 (au-delà de 5 ans)" in french


def test_tenure_counts_to_the_last_day_of_what_ended(manager: Client) -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2003, 4, 1), date(2005, 3, 31))
    found = csv_rows(manager.get(f"{ADDRESS}?state=ended&q={officer.number}&format=csv"))
    assert [row["Tenure in years"] for row in found] == ["2.0"]


@pytest.mark.parametrize(
    ("zoom", "said"),
    [
        ("", "fiscal years 2001-2002 to 2011-2012"),
        ("3fy", "fiscal years 2009-2010 to 2011-2012"),
        ("fy", "fiscal years 2010-2011 to 2010-2011"),
    ],
)
def test_links_choose_the_years_and_the_form_keeps_them(manager: Client, zoom: str, said: str) -> None:
    page = body(manager.get(ADDRESS, {"zoom": zoom} if zoom else {"q": ""}))
    assert said in page
    assert 'href="?zoom=fy' in page or "zoom=fy" in page
    if zoom:
        assert f'<input type="hidden" name="zoom" value="{zoom}"' in page


def test_a_scale_names_few_of_many_years(manager: Client) -> None:
    Assignment.objects.filter(officer__number="O-0001").update(start=date(1985, 1, 1))
    assert len(re.findall(r"<text ", body(manager.get(ADDRESS)))) <= 6


# Groups


def test_a_group_says_what_is_in_the_whole_of_it(reviewer: Client) -> None:
    """Not only what is on this page."""
    for _number in range(30):
        rows.assignment(rows.officer("GTA"), "ITF", date(2010, 1, 1), None, Decimal("0.50"))
    page = body(reviewer.get(ADDRESS + "?group=jfo&jfo=ITF&per=25"))
    assert groups_of(page) == {"ITF": "35 assignments, 20.00 FTE"}


@pytest.mark.parametrize("group", ["jfo", "officer", "region"])
def test_groups_add_up_to_the_whole(reviewer: Client, group: str) -> None:
    page = body(reviewer.get(f"{ADDRESS}?group={group}&per=100"))
    notes = groups_of(page).values()
    assert sum(int(note.split()[0]) for note in notes) == 71
    assert sum(Decimal(note.split(", ")[1].split()[0]) for note in notes) == Decimal("61.50")


def test_rows_are_sorted_within_their_groups(reviewer: Client) -> None:
    page = reviewer.get(ADDRESS + "?group=jfo&sort=-start&per=100")
    shown = [(row.jfo.code, row.start) for row in page.context["objects"]]
    assert shown == sorted(shown, key=lambda pair: (pair[0], -pair[1].toordinal()))


def test_a_group_of_an_officer_comes_by_name_whatever_its_accents(manager: Client) -> None:
    officers = [rows.officer() for _number in range(3)]
    for officer, name in zip(officers, ("Ézard", "Faure", "Eddy"), strict=True):
        officer.family_name = name
        officer.save_as(None)
        rows.assignment(officer, "FAE", date(2010, 1, 1))
    headings = [heading.split(maxsplit=1)[1] for heading in groups_of(body(manager.get(ADDRESS + "?group=officer")))]
    names = [name for name in headings if name.split(",")[0] in ("Ézard", "Faure", "Eddy")]
    assert names == ["Eddy, Ana", "Ézard, Ana", "Faure, Ana"]


def test_every_row_is_on_one_page_alone(reviewer: Client) -> None:
    for query in (
        "",
        "&group=jfo",
        "&group=region",
        "&group=officer&sort=end",
        "&sort=-start",
        "&sort=end",
        "&sort=-end",
    ):
        seen = [
            row.pk
            for number in (1, 2, 3)
            for row in reviewer.get(f"{ADDRESS}?per=25&page={number}{query}").context["objects"]
        ]
        assert len(seen) == len(set(seen)) == 71, query


def test_the_order_of_the_groups_is_that_of_the_file(reviewer: Client) -> None:
    address = ADDRESS + "?group=region&per=100&cols=number&cols=region"
    shown = [row.officer.number for row in reviewer.get(address).context["objects"]]
    found = csv_rows(reviewer.get(address + "&format=csv"))
    assert [row["Number"] for row in found] == shown
    assert list(found[0]) == ["Officer", "Number", "Region"]


@pytest.mark.parametrize("query", ["", "&group=jfo", "&group=region", "&group=region&sort=start", "&sort=-officer"])
@pytest.mark.parametrize("asked", ["", "o-", "e", "gagnon", "o-00 a", "nobody"])
def test_a_search_finds_every_officer_who_answers(
    reviewer: Client, monkeypatch: pytest.MonkeyPatch, query: str, asked: str
) -> None:
    """Whether all, many, few or none do, and whatever the first of them made the search expect."""
    everybody = Assignment.objects.as_of(date(2011, 3, 31)).select_related("officer")
    wanted = {row.pk for row in everybody if all(word in str(row.officer.folded) for word in asked.split())}
    address = f"{ADDRESS}?q={asked.replace(' ', '+')}{query}"
    pages = range(1, -(-len(wanted) // 25) + 1)
    for sample in (1, 20, 200):
        monkeypatch.setattr("registry.filters.SAMPLE", sample)
        lists = [reviewer.get(f"{address}&per=25&page={number}").context["objects"] for number in pages]
        assert sorted(row.pk for its in lists for row in its) == sorted(wanted)
        assert len(csv_rows(reviewer.get(f"{address}&format=csv"))) == len(wanted)


def test_regions_come_page_by_page_as_in_the_file_with_officers_on_others_jfos(reviewer: Client) -> None:
    """A region's rows are on JFOs of several, and a JFO's in several regions."""
    for number in range(60):
        officer = rows.officer(("ATL", "GTA", "QUE")[number % 3])
        rows.assignment(officer, ("FAE", "ITF", "NPET-ATL", "NRPI")[number % 4], date(2010, 1, 1))
    for query in ("", "&sort=start", "&sort=-end"):
        address = f"{ADDRESS}?group=region&cols=number&cols=region{query}"
        shown = [
            (row.officer.region.code, row.officer.number)
            for page in range(1, 7)
            for row in reviewer.get(f"{address}&per=25&page={page}").context["objects"]
        ]
        found = csv_rows(reviewer.get(f"{address}&format=csv"))
        assert len(found) == 131
        assert [number for _region, number in shown] == [row["Number"] for row in found]
        assert [region for region, _number in shown] == sorted(region for region, _number in shown)


def test_a_group_of_a_region_follows_an_officer_who_moves(reviewer: Client) -> None:
    before = groups_of(body(reviewer.get(f"{ADDRESS}?group=region&per=100")))
    officer = Assignment.objects.as_of(date(2011, 3, 31)).filter(officer__region__code="QUE")[0].officer
    officer.region = Region.objects.get(code="ATL")
    officer.save_as(None)
    after = groups_of(body(reviewer.get(f"{ADDRESS}?group=region&per=100")))
    changed = {name.split()[0] for name in before if before[name] != after[name]}
    assert changed == {"ATL", "QUE"}


def test_the_bars_are_for_the_page_and_the_tenure_for_the_file_too(manager: Client) -> None:
    found = csv_rows(manager.get(ADDRESS + "?q=O-0001&format=csv"))
    assert "Timeline" not in found[0]
    assert found[0]["Tenure in years"] == "10.0"


@pytest.mark.parametrize(
    ("number", "shown"),
    [(1, "1 2 3 … 12"), (4, "1 2 3 4 5 6 … 12"), (6, "1 … 4 5 6 7 8 … 12"), (12, "1 … 10 11 12")],
)
def test_the_first_and_the_last_page_are_always_a_link_away(reviewer: Client, number: int, shown: str) -> None:
    for _number in range(229):
        rows.assignment(rows.officer(), "FAE", date(2010, 1, 1))
    pages = (
        body(reviewer.get(f"{ADDRESS}?per=25&page={number}")).split('<nav aria-label="Pages">')[1].split("</nav>")[0]
    )
    assert " ".join(re.findall(r">(\d+|…)<", pages)) == shown
    assert f"Page {number} of 12" in pages


@pytest.mark.parametrize("query", ["", "&per=100", "&state=all&per=100", "&group=jfo&jfo=FAE"])
def test_rows_without_a_last_day_come_last_in_either_direction(reviewer: Client, query: str) -> None:
    for number in range(30):
        rows.assignment(rows.officer(), "FAE", date(2010, 1, 1), date(2011, 5, 1 + number % 9) if number < 25 else None)
    for direction, latest_first in (("end", False), ("-end", True)):
        ends = [row.end for row in reviewer.get(f"{ADDRESS}?sort={direction}{query}").context["objects"]]
        dated = [end for end in ends if end]
        assert len(dated) >= 25
        assert ends == sorted(dated, reverse=latest_first) + [None] * (len(ends) - len(dated))


@pytest.mark.parametrize("query", ["group=officer", "sort=officer", "sort=-officer", "group=officer&sort=-start"])
def test_a_list_by_officer_has_the_same_rows_page_by_page_as_whole(reviewer: Client, query: str) -> None:
    for number in range(40):
        person = rows.officer()
        person.family_name = f"Name{number % 7}"
        person.save_as(None)
        rows.assignment(person, "FAE", date(2010, 1, 1), fte=Decimal("0.50"))
        rows.assignment(person, "NRPI", date(2010, 2, 1), fte=Decimal("0.50"))

    def shown(page: int, per: int) -> list[int]:
        response = reviewer.get(f"{ADDRESS}?{query}&per={per}&page={page}&q=name")
        return [row.pk for row in response.context["objects"]]

    assert [pk for page in range(1, 5) for pk in shown(page, 25)] == shown(1, 100)
    assert len(set(shown(1, 100))) == 80


# Vacancies


def test_a_vacancy_stands_in_the_group_of_its_jfo_with_a_link_to_fill_it(manager: Client) -> None:
    page = body(manager.get(ADDRESS + "?group=jfo"))
    vacancy = row_of(page[page.index('id="results"') :].split("SPVM-JFO</a>", 2)[2], "(vacant)")
    assert "1.00" in vacancy
    assert "2010-10-01" in vacancy
    assert 'fill="url(#lacking)"' in vacancy
    assert "/en/assignments/new/?jfo=SPVM-JFO" in vacancy
    assert "1.00 FTE vacant from 2010-10-01 on" in vacancy
    assert "(vacant)" not in body(manager.get(ADDRESS + "?q="))


def test_a_vacancy_that_grows_is_one_row_which_says_so(reviewer: Client) -> None:
    """Its last day was that of its present FTE, while the bar ran on."""
    page = body(reviewer.get(ADDRESS + "?group=jfo&jfo=BEST-PAC"))
    vacancy = row_of(page[page.index('class="vacancy"') - 10 :], "(vacant)")
    assert "1.00; 2.00 from 2011-06-11 on" in vacancy
    assert re.findall(r'data-label="Last day" class="date">(.*?)<', vacancy) == ["–"]
    assert page.count('class="vacancy"') == 1


def test_a_jfo_without_any_officer_is_shown_with_its_vacancy(manager: Client) -> None:
    Assignment.objects.filter(jfo__code="SPVM-JFO").delete()
    page = body(manager.get(ADDRESS + "?group=jfo"))
    assert groups_of(page)["SPVM-JFO"] == "0 assignments, 0.00 FTE"
    assert groups_of(body(manager.get(ADDRESS + "?group=jfo&jfo=SPVM-JFO"))) == {"SPVM-JFO": "0 assignments, 0.00 FTE"}


def test_each_vacancy_is_on_one_page_alone(reviewer: Client) -> None:
    pages = [body(reviewer.get(f"{ADDRESS}?group=jfo&per=25&page={number}")) for number in (1, 2, 3)]
    together = body(reviewer.get(f"{ADDRESS}?group=jfo&per=100"))
    assert sum(page.count('class="vacancy"') for page in pages) == together.count('class="vacancy"') > 3


def test_a_manager_sees_the_vacancies_of_own_regions_alone(gta_manager: User, client_of: SignIn) -> None:
    """An officer of GTA on a JFO in Québec brings that JFO into the list, but not how full it is."""
    rows.assignment(rows.officer("GTA"), "SPVM-JFO", date(2010, 4, 1), None, Decimal("0.10"))
    page = body(client_of(gta_manager).get(ADDRESS + "?group=jfo"))
    assert "SPVM-JFO" in groups_of(page)
    assert "new/?jfo=YYZ-IU" in page
    assert "new/?jfo=SPVM-JFO" not in page
    vacant = {
        re.findall(r'<td data-label="JFO">(.*?)</td>', row)[0]
        for row in re.findall(r'<tr class="vacancy">.*?</tr>', page, re.DOTALL)
    }
    regions = set(JFO.objects.filter(code__in=vacant).values_list("region__code", flat=True))
    assert regions == {"GTA"}


def test_those_who_only_read_are_offered_no_link_to_fill(reviewer: Client) -> None:
    page = body(reviewer.get(ADDRESS + "?group=jfo&per=100"))
    assert "(vacant)" in page
    assert "new/?jfo=" not in page


@pytest.mark.parametrize("query", ["q=gagnon", "function=IA", "state=ended", "state=ending"])
def test_a_search_for_officers_finds_no_vacancy(manager: Client, query: str) -> None:
    assert "(vacant)" not in body(manager.get(f"{ADDRESS}?group=jfo&{query}"))


def test_a_vacancy_follows_the_filters_of_jfos(reviewer: Client) -> None:
    page = body(reviewer.get(ADDRESS + "?group=jfo&region=ATL"))
    assert page.count('class="vacancy"') == 1
    assert "NPET-ATL" in groups_of(page)


# Selection


def test_what_may_be_changed_can_be_selected_and_sent_to_the_batch(manager: Client) -> None:
    row = Assignment.objects.get(officer__number="O-0001", end=None)
    page = body(manager.get(ADDRESS + "?per=100"))
    assert f'<input type="checkbox" name="rows" value="{row.pk}" aria-label="Select O-0001 ' in page
    assert 'action="/en/assignments/batch/"' in page
    assert re.findall(r'name="do" value="(\w+)"', page) == ["extend", "end", "transfer"]


def test_nothing_is_selected_by_those_who_only_read_or_on_a_past_day(manager: Client, reviewer: Client) -> None:
    for page in (reviewer.get(ADDRESS), manager.get(ADDRESS + "?as_of=2010-06-30")):
        assert 'name="rows"' not in body(page)
        assert "bulk-bar" not in body(page)


def test_what_ended_in_an_earlier_year_is_neither_selected_nor_acted_on(manager: Client) -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2005, 4, 1), date(2010, 3, 30))
    page = body(manager.get(f"{ADDRESS}?state=all&q={officer.number}"))
    assert officer.number in page
    assert 'name="rows"' not in page
    assert "/extend/" not in page
    rows.assignment(officer, "FAE", date(2010, 3, 31), date(2010, 3, 31))
    row = row_of(body(manager.get(f"{ADDRESS}?state=all&q={officer.number}")), "/extend/")
    for path in ("extend", "end", "transfer"):
        assert f"/{path}/" in row


# The search


@pytest.mark.parametrize("words", ["gagnon genevieve", "GENEVIÈVE", "o-0001", "genev o-0001"])
def test_a_search_folds_accents_and_case(manager: Client, words: str) -> None:
    found = csv_rows(manager.get(ADDRESS, {"q": words, "format": "csv"}))
    assert "O-0001" in {row["Number"] for row in found}


def test_a_search_takes_signs_as_they_are(manager: Client) -> None:
    assert csv_rows(manager.get(ADDRESS, {"q": "%", "format": "csv"})) == []
    assert csv_rows(manager.get(ADDRESS, {"q": "_", "format": "csv"})) == []


def test_a_new_name_is_found_however_it_was_written() -> None:
    officer = rows.officer()
    officer.family_name = "Désilets"
    officer.save_as(None)
    Officer.objects.bulk_update([officer], ["family_name"])
    officer.family_name = "Noël"
    Officer.objects.bulk_update([officer], ["family_name"])
    assert Officer.objects.get(folded__contains="noel ana").pk == officer.pk
    assert "folded" not in {field.name for field in Officer.history.model.tracked_fields}


# Whatever is in the address


@pytest.mark.parametrize(
    "query",
    [
        "group=wrong",
        "zoom=wrong",
        "group=jfo&group=region",
        "zoom=%00",
        "q=%00&group=jfo",
        "group=jfo&page=99999999999999999999",
        "group=jfo&jfo=NONE",
        "as_of=1900-04-01&group=jfo",
        "as_of=2999-03-31&zoom=3fy",
        "group=jfo&cols=number",
        "zoom=fy&cols=officer",
    ],
)
def test_nothing_in_the_address_is_an_error_of_the_portals(manager: Client, query: str) -> None:
    assert manager.get(f"{ADDRESS}?{query}").status_code == 200


def test_a_page_of_100_rows_is_small(reviewer: Client) -> None:
    for number in range(60):
        rows.assignment(rows.officer(), ("FAE", "ITF", "SPVM-JFO")[number % 3], date(2004 + number % 6, 1, 1))
    page = reviewer.get(ADDRESS + "?group=jfo&per=100")
    assert len(page.context["objects"]) == 100
    assert len(gzip.compress(page.content)) < 30_000


@pytest.mark.parametrize("query", ["", "group=jfo", "group=officer", "group=region&sort=end", "q=essai"])
def test_the_queries_are_few_and_the_same_for_many_rows(manager: Client, query: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager.get(f"{ADDRESS}?per=25&{query}").status_code == 200
        return len(captured)

    rows.assignment(rows.officer(), "FAE", date(2010, 1, 1))
    manager.get(ADDRESS)
    before = queries()
    for _number in range(40):
        rows.assignment(rows.officer(), "FAE", date(2010, 1, 1))
    assert queries() <= before <= 15


def test_a_policy_of_other_years_is_drawn_and_said(manager: Client, settings: Any) -> None:
    settings.TENURE_POLICY_YEARS = 3
    page = body(manager.get(ADDRESS + "?q=O-0001"))
    assert "(past 3 years)" in page
    assert "Past the policy period of 3 years" in words(manager.get(ADDRESS + "?q=O-0001"))


def test_establishments_of_the_demonstration_hold_all_its_officers() -> None:
    seats = Establishment.objects.as_of(date(2011, 3, 31))
    assert sum(row.fte for row in seats) == Decimal("65.80")
    assert all(row.fte >= Assignment.objects.filter(jfo=row.jfo_id).as_of(date(2011, 3, 31)).fte() for row in seats)
