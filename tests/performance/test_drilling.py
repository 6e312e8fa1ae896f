"""Every linked figure of exhibits and dashboards leads to exactly the rows that make it, and for a manager no further
than to rows that the manager may see."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from registry.models import User
from tests import rows as make
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]

BY_DAY = "/en/reports/exhibit-7/?rule=day"
EXHIBITS = [
    f"/en/reports/exhibit-{number}/{region}" for number in (1, 5, 6, 7, 8, 11, 12) for region in ("", "?region=QUE")
]
DASHBOARDS = [
    "/en/performance/",
    "/en/performance/regions/QUE/",
    "/en/performance/?compare=2009-2010",
    "/en/performance/regions/QUE/?compare=2009-2010",
    "/en/performance/jfos/IBET-QUE-1/",
    "/en/performance/jfos/SPVM-JFO/",
    "/en/performance/officers/O-0001/",
]
LISTS = {
    "performance-files",
    "performance-officers",
    "performance-pay",
    "assignments",
    "jfos",
    "gap-report",
    "performance-outcome-list",
}

_ROW = re.compile(r"<tr>(.*?)</tr>", re.S)
_CELL = re.compile(r"<(?:td|th)[^>]*>(.*?)</(?:td|th)>", re.S)
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.S)
_NUMBER = re.compile(r"\$?([\d,]+(?:\.\d+)?)")


@dataclass(frozen=True)
class Linked:
    """A figure of a table with its list, and the number of officers that its row or column says stand behind it."""

    value: Decimal
    href: str
    officers: int | None

    @property
    def list_name(self) -> str:
        return resolve(urlsplit(self.href).path).url_name or ""


def number(text: str) -> Decimal | None:
    match = _NUMBER.fullmatch(html.unescape(text).strip())
    return Decimal(match[1].replace(",", "")) if match else None


def linked_figures(page: str) -> Iterator[Linked]:
    """Yield the numbers of the page's tables that lead to a list."""
    main = page.split("<main")[1].split("</main>", maxsplit=1)[0]
    for fact in re.findall(r"<dt>[^<]*</dt><dd>(.*?)</dd>", main, re.S):
        link = _LINK.fullmatch(fact.strip())
        if link and (value := number(link[2])) is not None:
            yield Linked(value, html.unescape(link[1]), None)
    for table in re.findall(r"<table.*?</table>", main, re.S):
        headings: list[str] = []
        for row in _ROW.findall(table):
            cells = _CELL.findall(row)
            if not headings:
                headings = [re.sub(r"<[^>]+>", "", cell) for cell in cells]
                continue
            texts = [re.sub(r"<[^>]+>", "", cell) for cell in cells]
            own = next((number(text) for head, text in zip(headings, texts, strict=True) if head == "Officers"), None)
            for place, (head, cell) in enumerate(zip(headings, cells, strict=True)):
                link = _LINK.fullmatch(cell.strip())
                value = number(link[2]) if link else None
                if link and value is not None:
                    behind = re.search(r"\(n = ([\d,]+)\)", head)
                    # In the table of regions, the officers stand before their mean.
                    before = number(texts[place - 1]) if head.startswith("Files per ") else None
                    officers = int(behind[1].replace(",", "")) if behind else int(own or before or 0) or None
                    yield Linked(value, html.unescape(link[1]), officers)


def amount(client: Client, figure: Linked) -> Decimal:
    """Return the number that the list behind the figure comes to, as a reader would count it there."""
    response = client.get(figure.href)
    assert response.status_code == 200, figure.href
    text = words(response)
    match figure.list_name:
        case "performance-files":
            found = re.search(r"([\d,]+) IMS files? of ([\d,]+) officers?", text)
            assert found, figure
            files = Decimal(found[1].replace(",", ""))
            if "rule=day" in figure.href and figure.value == figure.officers:
                # An officer is in both groups: how many there are, the list of the files says.
                return Decimal(found[2].replace(",", ""))
            if figure.value == figure.value.to_integral_value() and "." not in str(figure.value):
                return files
            assert figure.officers, figure
            return (files / figure.officers).quantize(Decimal("0.1"), rounding="ROUND_HALF_UP")
        case "performance-officers":
            return Decimal(re.search(r"([\d,]+) officers?\b", text)[1].replace(",", ""))  # type: ignore[index]
        case "jfos":
            return Decimal(re.search(r"(\d+) JFOs? ", text)[1])  # type: ignore[index]
        case "assignments":
            return Decimal(re.search(r"\d+ assignments?, ([\d.,]+) FTE", text)[1])  # type: ignore[index]
        case "performance-pay":
            if "." in str(figure.value):
                return Decimal(re.search(r"FTE-years paid ([\d,.]+)", text)[1].replace(",", ""))  # type: ignore[index]
            return Decimal(re.search(r"exhibits print them \$([\d,]+)", text)[1].replace(",", ""))  # type: ignore[index]
        case "performance-outcome-list":
            return Decimal(re.search(r"([\d,]+) outcomes?\b", text)[1])  # type: ignore[index]
        case "gap-report":
            region = body(response).split('id="matrix"')[1]
            return Decimal(re.search(r"<caption>\D*(\d+)", region)[1])  # type: ignore[index]
    raise AssertionError(f"A figure leads to {figure.list_name}, which this test cannot count.")


def check(client: Client, address: str) -> int:
    """Open every list behind the page's figures; return how many figures have one."""
    page = body(client.get(address))
    seen = 0
    for figure in linked_figures(page):
        if figure.list_name in LISTS:
            assert amount(client, figure) == figure.value, (address, figure)
            seen += 1
    return seen


@pytest.mark.parametrize("address", EXHIBITS + DASHBOARDS)
def test_every_figure_leads_to_exactly_its_rows(client_of: ClientOf, nhq_reviewer: User, address: str) -> None:
    assert check(client_of(nhq_reviewer), address)


@pytest.mark.parametrize("address", EXHIBITS + DASHBOARDS)
def test_a_managers_figures_lead_to_exactly_their_rows(client_of: ClientOf, que_manager: User, address: str) -> None:
    seen = check(client_of(que_manager), address)

    # The exhibits of activity of all regions are about officers of others too.
    assert seen or address in {"/en/reports/exhibit-7/", "/en/reports/exhibit-8/"}


def test_by_the_rule_of_the_day_too(client_of: ClientOf, nhq_reviewer: User) -> None:
    officer = make.officer()
    make.assignment(officer, "FAE", date(2010, 5, 1), date(2010, 5, 31))
    make.file(officer, date(2010, 5, 7))
    make.file(officer, date(2010, 7, 7))

    assert check(client_of(nhq_reviewer), BY_DAY) == 18


def test_a_figure_that_is_not_shown_leads_nowhere(client_of: ClientOf, que_manager: User) -> None:
    page = body(client_of(que_manager).get("/en/reports/exhibit-11/"))

    assert "Too few to show" in page
    assert not re.search(r"<a [^>]*>Too few", page)


def test_a_figure_with_an_officer_of_another_region_behind_it_leads_a_manager_nowhere(
    client_of: ClientOf, que_manager: User, nhq_reviewer: User
) -> None:
    """The list would hold fewer rows than the figure counts."""
    make.assignment(make.officer("ATL"), "SPVM-JFO", date(2010, 5, 1))
    address = "/en/reports/exhibit-12/?region=QUE"
    lists = {figure.list_name for figure in linked_figures(body(client_of(que_manager).get(address)))}
    regional = [
        figure
        for figure in linked_figures(body(client_of(que_manager).get(address)))
        if "kind=regional" in figure.href and figure.list_name in {"assignments", "performance-pay"}
    ]

    assert lists == {"jfos", "assignments", "performance-pay"}
    assert regional == []
    assert check(client_of(nhq_reviewer), address)


def test_files_of_reports_have_no_links(client_of: ClientOf, nhq_reviewer: User) -> None:
    client = client_of(nhq_reviewer)
    for file_format in ("csv", "json"):
        assert "/performance/" not in body(client.get(f"/en/reports/exhibit-7/?format={file_format}"))


def test_the_links_of_a_past_day_keep_it(client_of: ClientOf, nhq_reviewer: User) -> None:
    page = body(client_of(nhq_reviewer).get("/en/reports/exhibit-1/?as_of=2009-06-30"))
    figures = list(linked_figures(page))

    assert figures
    assert all(parse_qs(urlsplit(figure.href).query)["as_of"] == ["2009-06-30"] for figure in figures)


# The list of files


def test_the_list_of_files_is_counted_as_the_figures_are(client_of: ClientOf, nhq_reviewer: User) -> None:
    client = client_of(nhq_reviewer)
    for asked, said in {
        "": "16,330 IMS files of 346 officers",
        "?group=jfo": "2,511 IMS files of 43 officers",
        "?group=non_jfo": "13,819 IMS files of 303 officers",
        "?status=unspecified": "740 IMS files",
        "?fy=2008-2009": "Nothing matches.",
    }.items():
        assert said in words(client.get(f"/en/performance/files/{asked}")), asked


@pytest.mark.parametrize(
    "query",
    ["region=QUE", "group=jfo&kind=case", "group=non_jfo&region=ATL&status=closed", "jfo=SPVM-JFO", "officer=O-0001",
     "month=2010-06", "late=1&region=NOR", "group=jfo&rule=day&region=QUE", "status=pending&kind=ors"],
)  # fmt: skip
def test_the_count_is_that_of_the_rows(client_of: ClientOf, nhq_reviewer: User, que_manager: User, query: str) -> None:
    """The count is read from the roll-up where that tells the rows apart."""
    for user in (nhq_reviewer, que_manager):
        client = client_of(user)
        rows = csv_rows(client.get(f"/en/performance/files/?{query}&format=csv"))
        officers = len({row["Officer’s number"] for row in rows})
        said = re.search(
            r"([\d,]+) IMS files? of ([\d,]+) officer", words(client.get(f"/en/performance/files/?{query}"))
        )
        if not rows:
            assert said is None
            continue
        assert said
        assert [int(part.replace(",", "")) for part in said.groups()] == [len(rows), officers]


def test_the_files_of_the_months_add_to_the_year(client_of: ClientOf, nhq_reviewer: User) -> None:
    client = client_of(nhq_reviewer)
    months = [f"2010-{month:02}" for month in range(4, 13)] + [f"2011-{month:02}" for month in range(1, 4)]
    found = [
        re.search(r"([\d,]+) IMS file", words(client.get(f"/en/performance/files/?month={month}"))) for month in months
    ]

    assert sum(int(match[1].replace(",", "")) for match in found if match) == 16330


def test_a_file_entered_late_is_found(client_of: ClientOf, nhq_reviewer: User) -> None:
    row = make.file(make.officer(), date(2010, 6, 1))
    row.entered_on = date(2011, 2, 1)
    row.save_as(None)
    make.file(row.officer, date(2010, 6, 2))
    asked = f"officer={row.officer.number}&late=1&month=2010-06&cols=days"
    text = words(client_of(nhq_reviewer).get(f"/en/performance/files/?{asked}"))

    assert "1 IMS file of 1 officer" in text
    assert row.number in text
    assert "245" in text


def test_a_manager_finds_files_of_own_officers_alone(client_of: ClientOf, que_manager: User) -> None:
    client = client_of(que_manager)
    rows = csv_rows(client.get("/en/performance/files/?format=csv"))

    assert {row["Region"] for row in rows} == {"QUE"}
    assert "Nothing matches." in words(client.get("/en/performance/files/?region=ATL"))
    assert "Nothing matches." in words(client.get("/en/performance/files/?officer=O-0002"))
    assert "Those of the officers of your regions." in words(client.get("/en/performance/files/"))


def test_no_list_of_files_or_officers_ranks_people(client_of: ClientOf, nhq_reviewer: User) -> None:
    client = client_of(nhq_reviewer)
    page = body(client.get("/en/performance/officers/?sort=-files"))

    assert "sort=files" not in page.replace("amp;", "")
    assert page.index("O-0001") < page.index("O-0002")


def test_deep_pages_are_capped_and_the_list_says_so(
    client_of: ClientOf, nhq_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("performance.views.files.MOST_ROWS", 100)
    response = client_of(nhq_reviewer).get("/en/performance/files/?page=999")

    assert "The pages go as far as the first 100 rows." in words(response)
    assert "16,330 IMS files" in words(response)


@pytest.mark.parametrize(
    "query",
    ["fy=x", "fy=9999-10000", "month=2010-13", "officer=%00", "jfo=%00", "region=XX", "page=99999999999999999999",
     "group=none", "late=2", "files=maybe", "sort=nothing", "cols=none", "per=7"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["files/", "officers/"])
def test_what_cannot_be_read_is_no_error_of_the_server(
    client_of: ClientOf, nhq_reviewer: User, path: str, query: str
) -> None:
    client = client_of(nhq_reviewer)
    assert client.get(f"/en/performance/{path}?{query}").status_code == 200
    assert client.get(f"/en/performance/{path}?{query}&format=csv").status_code in {200, 400}


@pytest.mark.parametrize("path", ["files/", "files/?group=jfo&month=2010-06", "officers/", "officers/?files=no"])
def test_a_list_asks_few_queries(
    client_of: ClientOf, que_manager: User, path: str, django_assert_max_num_queries: Callable
) -> None:
    client = client_of(que_manager)
    with django_assert_max_num_queries(12):
        client.get(f"/en/performance/{path}")
