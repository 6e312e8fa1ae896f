"""What a reviewer finds in the gap report on the report's day, 31 March 2011, and on others."""

import csv
from datetime import date
from io import BytesIO, StringIO

import pytest
from python_calamine import load_workbook

from registry.models import JFO, Agency, User
from tests.pages import words
from tests.rows import approved
from wca.measures.coverage import INFORMATION_SHARING
from wca.models import Arrangement, Assessment, ClausePart, Coverage, Finding, Signatory, Verdict

pytestmark = pytest.mark.django_db

PAGE = "/en/arrangements/gaps/"
TABLES = ["coverage", "kinds", "matrix", "clauses", "without"]
EVERYBODY = ["que.manager", "gta.manager", "atl.manager", "nhq.reviewer", "admin", "auditor"]


@pytest.fixture
def reviewer(client_of, nhq_reviewer):
    return client_of(nhq_reviewer)


def table_rows(page, name):
    """Return a table of the page as lists of what its cells say."""
    match name:
        case "coverage":
            cells = page.context["coverage_chart"].table_rows()[:-1]  # the last one is the total
        case "kinds":
            cells = page.context["kind_rows"]
        case "clauses":
            cells = page.context["clause_chart"].table_rows()
        case "without":
            # Boxes to tick are for the page alone.
            cells = [[cell for cell in row if cell.drawing is None] for row in page.context["without_rows"]]
        case _:
            return [
                [row.arrangement.reference, *(str(cell.verdict.label) for cell in row.cells)]
                for row in page.context["matrix_rows"]
            ]
    return [[cell.text for cell in row] for row in cells]


@pytest.mark.parametrize("username", EVERYBODY)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_everybody_reads_that_33_of_52_jfos_are_covered_and_19_are_not(client_of, username, language):
    client = client_of(User.objects.get(username=username))
    page = client.get(f"/{language}/arrangements/gaps/?as_of=2011-03-31")
    coverage, reviews = page.context["figures"]
    assert [figure.value for figure in coverage] == ["52", "33", "19"]
    assert [figure.value for figure in reviews] == ["15", "0", "10", "5"]


def test_the_headline_says_the_findings_in_words(reviewer):
    text = words(reviewer.get(PAGE))
    assert (
        "33 of 52 JFOs are covered by an arrangement in force. 19 JFOs are not covered. "
        "15 arrangements have been reviewed. None holds all 7 clauses. 10 hold at least one clause in full."
    ) in text


def test_the_headline_and_the_reasons_are_said_in_french_too(reviewer):
    text = words(reviewer.get("/fr/arrangements/gaps/"))
    assert "33 OPC sur 52 sont couvertes par une entente en vigueur." in text
    assert "WCA-2010-0001 n’est pas signée par PPO." in text


def test_coverage_by_region_is_that_of_exhibit_5(reviewer):
    rows = reviewer.get(PAGE, {"format": "json", "table": "coverage"}).json()
    assert {row["region"]: (row["jfos"], row["covered"], row["uncovered"]) for row in rows} == {
        "Atlantic": (2, 2, 0),
        "Quebec": (8, 4, 4),
        "Northern Ontario": (9, 7, 2),
        "Niagara/Fort Erie": (5, 3, 2),
        "Windsor/St. Clair": (5, 3, 2),
        "Greater Toronto Area": (11, 7, 4),
        "Prairie": (5, 3, 2),
        "Pacific": (7, 4, 3),
    }


def test_coverage_by_kind_adds_to_the_whole(reviewer):
    rows = reviewer.get(PAGE, {"format": "json", "table": "kinds"}).json()
    assert [(row["kind"], row["jfos"], row["covered"]) for row in rows] == [
        ("Bi-national", 18, 15),
        ("National", 12, 5),
        ("Regional", 22, 13),
    ]


def test_the_clauses_are_met_by_the_numbers_of_exhibit_6(reviewer):
    totals = reviewer.get(PAGE).context["matrix_totals"]
    met = ["5 of 15", "8 of 15", "0 of 15", "5 of 15", "7 of 15", "5 of 15", "6 of 15"]
    assert [total.text for total in totals] == met


def test_the_ranking_begins_with_the_clause_met_least(reviewer):
    rows = reviewer.get(PAGE, {"format": "json", "table": "clauses"}).json()
    assert rows[0]["clause"].startswith("c)")
    assert [row["met"] for row in rows] == [0, 5, 5, 5, 6, 7, 8]
    assert {sum(row[verdict] for verdict in Verdict.values) for row in rows} == {15}


def test_an_arrangement_nobody_assessed_is_shown_but_counts_nowhere(reviewer):
    page = reviewer.get(PAGE)
    assert page.context["matrix_caption"] == "15 arrangements reviewed, 2 not assessed"
    last = {row.arrangement.reference: row for row in page.context["matrix_rows"][-2:]}
    assert set(last) == {"WCA-2004-0004", "WCA-2007-0003"}  # ITF and TFS: Exhibit 6 reviews neither
    assert {cell.verdict for row in last.values() for cell in row.cells} == {Verdict.NOT_ASSESSED}
    assert {row.met for row in last.values()} == {"–"}


def test_a_verdict_is_told_by_symbol_and_word(reviewer):
    text = words(reviewer.get(PAGE))
    for said in ["✓ Met (WCA-2004-0001 a)", "◐ Partly met (WCA-2004-0001 c)", "✗ Not met (WCA-2004-0002 a)"]:
        assert said in text
    assert "– Not assessed (WCA-2004-0004 a)" in text


def test_a_cell_leads_to_the_quotation_behind_it_and_back(reviewer):
    row = reviewer.get(PAGE).context["matrix_rows"][0]
    cell = reviewer.get(row.cells[2].href)
    text = words(cell)
    assert "WCA-2004-0001, clause c" in text
    assert "Nothing in this section obliges a Participant to destroy information required by a court." in text
    assert "WCA-2004-0001, p. 7, s. 15.3" in text
    assert cell.context["cell"] == f"{PAGE}#{row.cells[2].id}"


def test_the_jfos_without_an_arrangement_say_why(reviewer):
    rows = reviewer.get(PAGE, {"format": "json", "table": "without"}).json()
    reasons = {row["jfo"]: row["reason"] for row in rows}
    assert len(rows) == 19
    assert reasons["PWEU-GTA"] == reasons["PWEU-WSC"] == "WCA-2010-0001 is not signed by OPP."
    assert reasons["BEST-PAC"] == "No arrangement names it."
    assert {row["jfo"]: row["leads"] for row in rows}["FAE"] == "SQ"


def test_an_arrangement_that_lapsed_is_the_reason_the_day_after(reviewer):
    def uncovered_on(day):
        rows = reviewer.get(PAGE, {"as_of": day, "format": "json", "table": "without"}).json()
        return {row["jfo"]: row["reason"] for row in rows}

    assert "CFSEU-QUE" not in uncovered_on("2012-03-31")
    assert uncovered_on("2012-04-01")["CFSEU-QUE"] == "WCA-2004-0003 expired on 2012-03-31."


def test_every_figure_opens_what_it_counts(reviewer):
    (jfos, covered, without), (_reviewed, *held) = reviewer.get(PAGE).context["figures"]
    assert "52 JFOs" in words(reviewer.get(jfos.href))
    assert "33 JFOs" in words(reviewer.get(covered.href))
    assert without.href.endswith("#without")
    assert [len(reviewer.get(PAGE + figure.href).context["matrix_rows"]) for figure in held] == [0, 10, 5]


def test_a_total_opens_the_arrangements_that_meet_the_clause(reviewer):
    total = reviewer.get(PAGE).context["matrix_totals"][1]
    page = reviewer.get(PAGE + total.href)
    assert page.context["matrix_caption"] == "Clause b: Met: 8 arrangements"
    assert {row.cells[1].verdict for row in page.context["matrix_rows"]} == {Verdict.MET}
    assert [total.text for total in page.context["matrix_totals"]][:2] == ["5 of 15", "8 of 15"]


def test_a_bar_opens_its_region(reviewer):
    bar = next(bar for bar in reviewer.get(PAGE).context["coverage_chart"].bars if bar.label == "Quebec")
    page = reviewer.get(PAGE + bar.href)
    assert [figure.value for figure in page.context["figures"][0]] == ["8", "4", "4"]
    assert {row.arrangement.reference for row in page.context["matrix_rows"]} == {"WCA-2004-0001", "WCA-2004-0003"}
    assert "Region: QUE – Quebec" in [chip.label for chip in page.context["chips"]]


def test_links_stay_on_the_day_shown(reviewer):
    page = reviewer.get(PAGE, {"as_of": "2012-04-01"})
    row = page.context["matrix_rows"][0]
    assert row.href.endswith("?as_of=2012-04-01")
    assert row.cells[0].href.endswith("?as_of=2012-04-01")
    assert "as_of=2012-04-01" in page.context["figures"][0][1].href
    assert all(cell.href.endswith("?as_of=2012-04-01") for line in page.context["without_rows"] for cell in line[:1])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("address", [PAGE, "/fr/arrangements/gaps/?region=GTA&as_of=2012-06-30"])
def test_the_files_hold_what_the_page_shows(reviewer, address, table):
    page = reviewer.get(address)
    shown = table_rows(page, table)
    mark = "&" if "?" in address else "?"

    def file(file_format):
        return reviewer.get(f"{address}{mark}format={file_format}&table={table}")

    data = csv.reader(StringIO(b"".join(file("csv")).decode()))
    french = csv.reader(StringIO(b"".join(file("csv-fr")).decode("utf-8-sig")), delimiter=";")
    sheet = load_workbook(BytesIO(file("xlsx").content)).get_sheet_by_index(0).to_python()
    json = [[str(value) for value in row.values()] for row in file("json").json()]
    head = [row[0] for row in shown]
    assert head
    for rows in (list(data)[1:], list(french)[1:], sheet[1:], json):
        assert [row[0] for row in rows] == head
    if table == "matrix":
        assert [[row[0], *row[4:-1]] for row in json] == shown
    if table == "without":
        assert json == [["" if cell == "–" else cell for cell in row] for row in shown]
    if table in {"coverage", "kinds"}:
        assert [row[:4] for row in json] == [row[:4] for row in shown]
    if table == "clauses":
        assert json == shown


def test_a_file_of_an_opened_figure_holds_its_rows_alone(reviewer):
    rows = reviewer.get(PAGE, {"clause": "b", "verdict": "met", "format": "json", "table": "matrix"}).json()
    assert len(rows) == 8
    assert {row["b"] for row in rows} == {"Met"}


def test_the_workbook_says_of_which_day_and_filters_it_is(reviewer):
    file = reviewer.get(PAGE, {"region": "QUE", "as_of": "2012-04-01", "format": "xlsx", "table": "without"})
    notes = load_workbook(BytesIO(file.content)).get_sheet_by_index(1).to_python()
    assert notes[2:5] == [["Report", "Gap report"], ["As of", "2012-04-01"], ["Filter", "Region: QUE – Quebec"]]
    assert [label for label, _text in notes[5:]] == ["Taken by", "Taken at", "Address", "Data version"]


@pytest.mark.parametrize("chart", ["coverage", "clauses"])
def test_a_chart_is_a_file_too(reviewer, chart):
    file = reviewer.get(PAGE, {"format": "svg", "table": chart})
    assert file["Content-Type"] == "image/svg+xml"
    assert file["Content-Disposition"] == f'attachment; filename="gaps-{chart}-2011-03-31.svg"'
    assert file.content.lstrip().startswith(b"<")


def test_before_any_jfo_the_page_leads_to_the_first_day(reviewer):
    page = reviewer.get(PAGE, {"as_of": "1950-01-01"})
    assert "No JFO is recorded for January 1, 1950." in words(page)
    assert '<a href="?as_of=1994-01-01">' in page.content.decode()


def test_before_any_arrangement_the_page_leads_to_the_first(reviewer):
    page = reviewer.get(PAGE, {"as_of": "2004-01-01"})
    text = words(page)
    assert "0 of 45 JFOs are covered by an arrangement in force." in text
    assert "No arrangement is recorded for January 1, 2004." in text
    assert '<a href="?as_of=2004-02-16">' in page.content.decode()
    assert "WCA-2004-0001 names it only from 2004-02-16 on." in text


def test_before_any_review_every_arrangement_is_not_assessed(reviewer):
    page = reviewer.get(PAGE, {"as_of": "2010-12-31"})
    assert page.context["matrix_caption"] == "0 arrangements reviewed, 17 not assessed"
    assert page.context["clause_chart"] is None
    assert len(page.context["figures"]) == 1


def test_filters_that_match_nothing_say_so(reviewer):
    page = reviewer.get(PAGE, {"region": "ATL", "kind": "regional"})
    assert "No JFO matches these filters on March 31, 2011." in words(page)


def test_a_region_there_is_not_is_refused_and_the_other_filter_holds(reviewer):
    page = reviewer.get(PAGE, {"region": "XYZ", "kind": "national"})
    assert "Select a valid choice. XYZ is not one of the available choices." in words(page)
    assert page.context["figures"][0][0].value == "12"
    assert [chip.label for chip in page.context["chips"]] == ["Kind of JFO: National"]
    assert {row.arrangement.reference for row in page.context["matrix_rows"]} == {"WCA-2004-0003", "WCA-2005-0001"}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("typed", ["31/3/2011", "2011-02-30", "20110331", "12-02-09"])
def test_a_date_that_cannot_be_read_is_named_and_today_is_shown(reviewer, language, typed):
    page = reviewer.get(f"/{language}/arrangements/gaps/", {"as_of": typed})
    assert typed in " ".join(str(message) for message in page.context["messages"])
    assert page.context["day"] == date(2011, 3, 31)


@pytest.mark.parametrize(
    "query",
    [
        "format=csv&table=officers",
        "format=csv",
        "format=pdf&table=matrix",
        "format=svg&table=matrix",
        "clause=h&verdict=met",
        "clause=c&verdict=good",
        "clause=c",
        "held=most",
    ],
)
def test_what_the_report_does_not_have_is_not_found(reviewer, query):
    assert reviewer.get(f"{PAGE}?{query}").status_code == 404


def test_a_visitor_is_asked_to_sign_in(client, db):
    assert client.get(PAGE)["Location"].startswith("/en/sign-in/")


def _add_jfos_and_reviewed_arrangements(numbers):
    author = User.objects.get(username="nhq.reviewer")
    pattern = JFO.objects.select_related("program", "region").get(code="FAE")
    parts = list(ClausePart.objects.filter(clause__clause_set__code=INFORMATION_SHARING))
    for number in numbers:
        jfos = [
            JFO.objects.create(
                code=f"MORE-{number}-{side}",
                name_en="More",
                name_fr="Encore",
                program=pattern.program,
                region=pattern.region,
                start=date(2009, 4, 1),
            )
            for side in "ab"
        ]
        row = Arrangement.objects.create(
            reference=f"WCA-2009-9{number:03}", title_en="More", title_fr="Encore", effective=date(2009, 4, 1)
        )
        for agency in Agency.objects.filter(key__in=["CBSA", "RCMP"]):
            Signatory.objects.create(arrangement=row, agency=agency, signed_on=date(2009, 4, 1) if number % 2 else None)
        Coverage.objects.create(arrangement=row, jfo=jfos[0], start=date(2009, 4, 1))
        assessment = Assessment.objects.create(
            arrangement=row,
            clause_set_id=parts[0].clause.clause_set_id,
            assessed_on=date(2010, 1, 4),
            author=author,
        )
        for part in parts:
            Finding.objects.create(assessment=assessment, part=part, verdict=Verdict.NOT_MET)
        approved(assessment, date(2010, 1, 11))


@pytest.mark.parametrize("query", ["", "region=QUE", "format=json&table=matrix", "clause=c&verdict=not_met"])
def test_the_report_asks_at_most_15_queries_whatever_its_rows(reviewer, django_assert_max_num_queries, query):
    address = f"{PAGE}?{query}"
    _add_jfos_and_reviewed_arrangements(range(2))
    reviewer.get(address)
    with django_assert_max_num_queries(15) as before:
        reviewer.get(address)
    _add_jfos_and_reviewed_arrangements(range(2, 10))
    with django_assert_max_num_queries(len(before)):
        assert reviewer.get(address).status_code == 200
