"""The register of arrangements, one arrangement's page, and the clause behind a cell of the matrix."""

from datetime import date

import pytest

from registry.models import JFO, Agency, User
from tests.pages import words
from wca.models import Arrangement, Coverage, Signatory

pytestmark = pytest.mark.django_db

REGISTER = "/en/arrangements/"
EVERYBODY = ["que.manager", "gta.manager", "atl.manager", "nhq.reviewer", "admin", "auditor"]


@pytest.fixture
def reviewer(client_of, nhq_reviewer):
    return client_of(nhq_reviewer)


def references(page):
    return [row[0].text for row in page.context["rows"]]


# The register


@pytest.mark.parametrize("username", EVERYBODY)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_everybody_reads_the_whole_register(client_of, username, language):
    page = client_of(User.objects.get(username=username)).get(f"/{language}/arrangements/")
    assert page.context["page"].paginator.count == 17
    assert "WCA-2010-0001" in references(page)


def test_a_row_says_what_the_arrangement_is_and_where_it_stands(reviewer):
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in reviewer.get(REGISTER).context["rows"]}
    assert rows["WCA-2004-0001"] == [
        "Memorandum of understanding on Integrated Border Enforcement Teams",
        "15",
        "CBSA, RCMP, US CBP, US CG, US ICE",
        "2004-02-16",
        "–",
        "In force",
        "5",
    ]
    assert rows["WCA-2010-0001"][5:] == ["Not signed by every party", "1"]
    assert rows["WCA-2004-0004"][6] == "–"  # the ITF's, which nobody assessed


def test_a_status_follows_from_the_day(reviewer):
    def status(day):
        rows = reviewer.get(REGISTER, {"as_of": day, "format": "json"}).json()
        return {row["reference"]: row["status"] for row in rows}["WCA-2004-0003"]

    assert (status("2012-03-31"), status("2012-04-01")) == ("In force", "Expired")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "in_force"}, 16),
        ({"status": "not_in_force"}, 1),
        ({"status": "in_force", "as_of": "2012-04-01"}, 12),
        ({"kind": "mou"}, 4),
        ({"region": "QUE"}, 2),
        ({"region": "PRA", "kind": "wca"}, 0),
        ({"q": "wca-2010"}, 1),
        ({"q": "pweu-gta"}, 1),
        ({"q": "equipes integrees"}, 1),
        ({"q": "windsor police"}, 1),
    ],
)
def test_the_register_is_filtered(reviewer, query, found):
    assert reviewer.get(REGISTER, query).context["page"].paginator.count == found


@pytest.mark.parametrize("name", ["reference", "title", "jfos", "effective", "expiry"])
def test_the_register_is_sorted_either_way(reviewer, name):
    up = references(reviewer.get(REGISTER, {"sort": name}))
    down = references(reviewer.get(REGISTER, {"sort": f"-{name}"}))
    assert sorted(up) == sorted(down)
    assert up != down


def test_the_file_holds_what_the_register_shows(reviewer):
    shown = reviewer.get(REGISTER, {"region": "GTA"}).context["rows"]
    file = reviewer.get(REGISTER, {"region": "GTA", "format": "json"}).json()
    texts = [["–" if value is None else str(value) for value in row.values()] for row in file]
    assert texts == [[cell.text for cell in row] for row in shown]


def test_before_the_first_arrangement_the_register_says_there_is_none(reviewer):
    page = reviewer.get(REGISTER, {"as_of": "2004-02-15"})
    assert "No arrangement is recorded for February 15, 2004." in words(page)
    assert references(reviewer.get(REGISTER, {"as_of": "2004-02-16"})) == ["WCA-2004-0001"]


def test_one_that_takes_effect_tomorrow_is_listed_today(reviewer):
    Arrangement.objects.create(reference="WCA-2011-0001", title_en="New", title_fr="Neuf", effective=date(2011, 4, 1))
    assert "WCA-2011-0001" in references(reviewer.get(REGISTER))
    assert "WCA-2011-0001" not in references(reviewer.get(REGISTER, {"as_of": "2011-03-30"}))


# One arrangement


def test_the_page_names_who_has_not_signed(reviewer):
    assert "Not signed by every party (missing: OPP)" in words(reviewer.get("/en/arrangements/WCA-2010-0001/"))
    page = reviewer.get("/en/arrangements/WCA-2010-0001/?part=parties")
    parties = {row[0].text: [cell.text for cell in row[1:3]] for row in page.context["kept"]["parties"].rows}
    assert parties["OPP"] == ["Yes", "not signed"]
    assert parties["RCMP"] == ["No", "2010-08-25"]


def test_a_signature_counts_from_its_day(reviewer):
    page = reviewer.get("/en/arrangements/WCA-2004-0001/", {"as_of": "2004-02-03"})
    assert "Not signed by every party (missing: RCMP)" in words(page)
    page = reviewer.get("/en/arrangements/WCA-2004-0001/", {"part": "parties", "as_of": "2004-02-03"})
    assert "not yet; on 2004-02-04" in words(page)


def test_the_page_lists_the_jfos_it_names(reviewer):
    page = reviewer.get("/en/arrangements/WCA-2004-0001/?part=parties")
    assert page.context["kept"]["jfos"].caption == "15 JFOs on March 31, 2011"
    assert page.context["kept"]["jfos"].rows[0][0].href == "/en/jfos/IBET-ATL/"


def test_the_page_shows_the_seven_clauses(reviewer):
    page = reviewer.get("/en/arrangements/WCA-2004-0001/")
    stances = page.context["stances"]
    assert "5 of 7 clauses are met, by the assessment approved on January 31, 2011." in words(page)
    assert [stance.verdict for stance in stances] == ["met", "met", "partial", "met", "met", "met", "partial"]
    assert stances[2].href == "/en/arrangements/WCA-2004-0001/clauses/c/"


def test_the_page_keeps_the_history(reviewer, nhq_reviewer):
    row = Arrangement.objects.get(reference="WCA-2004-0001")
    row.expiry = date(2014, 2, 15)
    row.save_as(nhq_reviewer, reason="ten years agreed")
    text = words(reviewer.get("/en/arrangements/WCA-2004-0001/?part=history"))
    assert "Expiry: 2014-02-15" in text
    assert "ten years agreed" in text


@pytest.mark.parametrize("path", ["WCA-1999-0001/", "WCA-1999-0001/clauses/a/", "WCA-2004-0001/clauses/h/"])
def test_what_is_not_in_the_register_is_not_found(reviewer, path):
    assert reviewer.get(REGISTER + path).status_code == 404


# One clause


def test_the_clause_is_shown_part_by_part_with_its_evidence(reviewer):
    page = reviewer.get("/en/arrangements/WCA-2004-0001/clauses/c/")
    text = words(page)
    assert [part.verdict for part in page.context["parts"]] == ["not_met", "not_met", "met"]
    assert "The arrangement says when information is given back or destroyed" in text
    assert "Missing: Nothing on returning or destroying information." in text
    assert "WCA-2004-0001, p. 7, s. 15.3" in text
    assert "on January 17, 2011, by Renata Dhillon" in text
    assert "on January 31, 2011, by Anselme Beaudry" in text


def test_the_clause_speaks_the_readers_language(reviewer):
    text = words(reviewer.get("/fr/arrangements/WCA-2004-0001/clauses/c/"))
    assert "L’entente prévoit quand l’information est rendue ou détruite" in text
    assert "Retour ou destruction" in text


def test_the_clause_leads_to_the_one_before_and_the_one_after(reviewer):
    def neighbours(letter):
        context = reviewer.get(f"/en/arrangements/WCA-2004-0001/clauses/{letter}/").context
        return [context["previous"] and context["previous"].href[-2], context["next"] and context["next"].href[-2]]

    assert (neighbours("a"), neighbours("d"), neighbours("g")) == ([None, "b"], ["c", "e"], ["f", None])


def test_before_its_approval_an_assessment_does_not_stand(reviewer):
    address = "/en/arrangements/WCA-2004-0001/clauses/a/"
    before = reviewer.get(address, {"as_of": "2011-01-30"})
    assert "No assessment of this arrangement was approved by January 30, 2011." in words(before)
    assert {part.verdict for part in before.context["parts"]} == {"not_assessed"}
    assert {part.quotation for part in before.context["parts"]} == {""}
    assert reviewer.get(address, {"as_of": "2011-01-31"}).context["verdict"] == "met"


def test_the_page_says_that_the_demonstration_is_illustrative(reviewer, settings):
    address = "/en/arrangements/WCA-2004-0001/clauses/a/"
    assert "the verdicts and quotations are illustrative" in words(reviewer.get(address))
    settings.DEMONSTRATION = False
    assert "illustrative" not in words(reviewer.get(address))


# Queries


def _add_arrangements(count):
    jfos = list(JFO.objects.all()[:5])
    agencies = list(Agency.objects.filter(key__in=["CBSA", "RCMP", "OPP"]))
    for number in range(count):
        row = Arrangement.objects.create(
            reference=f"WCA-2009-9{number:03}", title_en="More", title_fr="Encore", effective=date(2009, 4, 1)
        )
        for agency in agencies:
            Signatory.objects.create(arrangement=row, agency=agency, signed_on=date(2009, 3, 2))
        for jfo in jfos:
            Coverage.objects.create(arrangement=row, jfo=jfo, start=date(2009, 4, 1))


@pytest.mark.parametrize("query", ["", "region=QUE", "status=in_force&q=rcmp", "format=json"])
def test_the_register_asks_at_most_15_queries_whatever_its_rows(reviewer, django_assert_max_num_queries, query):
    address = f"{REGISTER}?{query}"
    reviewer.get(address)
    with django_assert_max_num_queries(15) as before:
        reviewer.get(address)
    _add_arrangements(8)
    with django_assert_max_num_queries(len(before)):
        assert reviewer.get(address).status_code == 200


@pytest.mark.parametrize("path", ["WCA-2004-0001/", "WCA-2004-0001/clauses/a/"])
def test_a_page_asks_at_most_15_queries_whatever_hangs_on_it(
    reviewer, django_assert_max_num_queries, monkeypatch, path
):
    # Each section asks its own, whose number its own tests keep.
    monkeypatch.setattr("wca.views.arrangements.sections", list)
    reviewer.get(REGISTER + path)
    with django_assert_max_num_queries(15) as before:
        reviewer.get(REGISTER + path)
    row = Arrangement.objects.get(reference="WCA-2004-0001")
    for jfo in JFO.objects.filter(program__code="BEST"):
        Coverage.objects.create(arrangement=row, jfo=jfo, start=date(2009, 4, 1))
    for agency in Agency.objects.filter(key__in=["OPP", "SQ"]):
        Signatory.objects.create(arrangement=row, agency=agency, signed_on=date(2009, 3, 2))
    with django_assert_max_num_queries(len(before)):
        assert reviewer.get(REGISTER + path).status_code == 200
