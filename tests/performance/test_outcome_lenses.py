"""Outcomes through three lenses: parts add to wholes, no order changes a sum, every figure opens to its events."""

import csv
import json
import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook

from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from performance.measures.outcomes import (
    Asked,
    Claimant,
    Event,
    Method,
    Part,
    by_claimant,
    by_method,
    events_of,
    quantities,
    seen,
    values,
)
from performance.models import Contribution, OutcomeEvent, OutcomeKind
from performance.reports.outcomes import agency_table, claimant_table, goods_table, kind_table
from registry.models import Agency, AgencyAlias, User
from tests import rows
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
YEAR = FiscalYear(2010)
ASKED = Asked(YEAR)
PAGE = "/en/performance/outcomes/"
LIST = "/en/performance/outcomes/list/"
SLUGS = ["outcomes", "outcome-quantities", "outcomes-by-jfo", "contributions-by-agency"]
AGENCIES = ("CBSA", "RCMP", "OPP", "US-ICE")


@pytest.fixture
def client(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


# Shares of one event


def event(pk: int = 1, **agreed: Fraction | None) -> Event:
    """Return an event to which these agencies contributed, with the share agreed with each."""
    return Event(
        pk,
        "seizure",
        parts={key: Part(frozenset({"lead"}), is_confirmed=False, agreed=share) for key, share in agreed.items()},
    )


def test_without_agreed_shares_the_contributors_have_equal_ones() -> None:
    shared = event(CBSA=None, RCMP=None, OPP=None)
    assert shared.shares == dict.fromkeys(("CBSA", "RCMP", "OPP"), Fraction(1, 3))
    assert shared.method == Method.EQUAL


def test_what_agreed_shares_leave_is_equal_among_those_without_one() -> None:
    shared = event(CBSA=Fraction(1, 4), RCMP=None, OPP=None)
    assert shared.shares == {"CBSA": Fraction(1, 4), "RCMP": Fraction(3, 8), "OPP": Fraction(3, 8)}
    assert (shared.method, shared.left_open) == (Method.MIXED, Fraction())


def test_agreed_shares_below_the_whole_leave_a_rest_to_nobody() -> None:
    shared = event(CBSA=Fraction(3, 10), RCMP=Fraction(6, 10))
    assert (shared.method, shared.left_open) == (Method.AGREED, Fraction(1, 10))


def test_an_event_without_contributions_is_nobodys() -> None:
    assert (event().shares, event().left_open, event().method) == ({}, Fraction(), Method.NONE)


def test_contributions_of_several_kinds_are_one_part_of_the_agency() -> None:
    part = Part.of([("lead", False, None), ("query", True, Decimal("0.2")), ("warrant", False, Decimal("0.1"))])
    assert part == Part(frozenset({"lead", "query", "warrant"}), is_confirmed=True, agreed=Fraction(3, 10))


# Whole and parts, whatever the order

parts = st.dictionaries(
    st.sampled_from(AGENCIES),
    st.builds(
        Part,
        kinds=st.frozensets(st.sampled_from(["lead", "query"]), min_size=1),
        is_confirmed=st.booleans(),
        # Four of them are at most 1.
        agreed=st.none() | st.integers(0, 250).map(lambda mill: Fraction(mill, 1000)),
    ),
)
claimants = st.lists(
    st.sampled_from(
        [Claimant("FAE", "QUE", "FAE"), Claimant("TFS", "GTA", "TFS"), Claimant("IBET-QUE-1", "QUE", "IBET")]
    ),
    min_size=1,
    unique=True,
).map(tuple)
events = st.lists(
    st.builds(
        Event,
        pk=st.integers(1, 10**6),
        kind=st.sampled_from(OutcomeKind.values),
        what=st.sampled_from(["tobacco", "Tobacco", "cocaine", ""]),
        quantity=st.none() | st.integers(0, 10**6).map(lambda mill: Fraction(mill, 1000)),
        unit=st.sampled_from(["kg", "units"]),
        value=st.none() | st.integers(0, 10**8).map(lambda cents: Fraction(cents, 100)),
        claimants=claimants,
        parts=parts,
    ),
    max_size=12,
)


@given(events)
def test_shares_and_what_is_left_and_not_recorded_make_the_events(found: list[Event]) -> None:
    shares = sum(seen(found, agency).share for agency in AGENCIES)
    left = sum(one.left_open for one in found)
    uncovered = sum(not one.is_covered for one in found)
    assert shares + left + uncovered == len(found) == seen(found, "CBSA").whole
    assert sum(by_method(found).values()) == len(found)
    totals = agency_table(found, ASKED, {}).totals
    assert abs(totals["share"] + totals["left_open"] + totals["uncovered"] - totals["events"]) <= Decimal("0.01")


@given(events)
def test_kinds_and_goods_add_to_the_whole(found: list[Event]) -> None:
    whole = seen(found, "CBSA")
    by_kind = [seen([one for one in found if one.kind == kind], "CBSA") for kind in OutcomeKind]
    for name in ("whole", "took_part", "share", "confirmed", "events", "covered"):
        assert sum(getattr(one, name) for one in by_kind) == getattr(whole, name)
    amounts = sum((one.quantity or 0 for goods in quantities(found) for one in goods.events), Fraction())
    assert amounts == sum((one.quantity or 0 for one in found), Fraction())
    worth = sum((one.value or 0 for goods in values(found) for one in goods.events), Fraction())
    assert worth == sum((one.value or 0 for one in found), Fraction())


@given(events)
def test_no_lens_sees_more_than_the_one_before(found: list[Event]) -> None:
    one = seen(found, "CBSA")
    assert one.whole >= one.took_part >= one.share
    assert one.took_part >= one.confirmed


@given(events)
def test_a_row_for_each_jfo_adds_to_more_by_what_is_shared(found: list[Event]) -> None:
    claimed = sum(map(len, by_claimant(found, "jfo", ASKED).values()))
    assert claimed - len(found) == sum(len(one.claimants) - 1 for one in found)


@given(events, st.randoms(use_true_random=False))
def test_the_order_of_events_and_of_contributions_changes_nothing(found: list[Event], shuffle: random.Random) -> None:
    def tables(some: list[Event]) -> list[Any]:
        return [
            (list(table), table.totals, table.notes)
            for table in (
                kind_table(some, "CBSA", ASKED),
                goods_table(some, "CBSA", ASKED),
                claimant_table(some, "CBSA", ASKED, "jfo"),
                agency_table(some, ASKED, {}),
            )
        ]

    other = [
        Event(
            one.pk, one.kind, one.what, one.quantity, one.unit, one.value, one.claimants, shuffled(one.parts, shuffle)
        )
        for one in found
    ]
    shuffle.shuffle(other)
    assert tables(found) == tables(other)


def shuffled(mapping: Any, shuffle: random.Random) -> dict[str, Part]:
    pairs = list(mapping.items())
    shuffle.shuffle(pairs)
    return dict(pairs)


@settings(max_examples=8)
@given(st.permutations(range(4)), st.permutations(range(3)))
def test_the_order_of_entry_changes_no_total(order: list[int], of_parts: list[int]) -> None:
    def write(number: int) -> None:
        made = rows.outcome(
            "FAE", *["TFS"][: number % 2], fiscal_year=2005, what="tobacco", quantity=Decimal("1.1"), unit="kg"
        )
        for one in of_parts[: number + 1]:
            share = Decimal("0.333") if one else None
            rows.contribution(made, ["CBSA", "RCMP", "SQ"][one], "lead", share=share)

    def answers() -> Any:
        asked = Asked(FiscalYear(2005))
        found = events_of(SYSTEM, asked)
        return kind_table(found, "CBSA", asked).totals, list(goods_table(found, "CBSA", asked))

    answered = []
    for numbers in (order, sorted(order)):
        with transaction.atomic():
            for number in numbers:
                write(number)
            answered.append(answers())
            transaction.set_rollback(True)
    assert answered[0] == answered[1]


# The page


def shown(client: Client, query: str = "") -> dict[str, Any]:
    return {one.name: one for one, _files in client.get(PAGE + query).context["tables"]}


def test_the_page_says_each_lens_beside_the_whole_and_how_shares_were_found(client: Client) -> None:
    said = words(client.get(PAGE))
    assert "27 outcomes of whole JFOs" in said
    assert "17 of them CBSA took part in" in said
    assert "8.33 outcomes, the share of CBSA" in said
    assert "11 of them with a contribution of CBSA that the lead confirmed" in said
    assert "77.8% of the outcomes have any contribution recorded" in said
    assert "as agreed: 4; agreed for some agencies, the rest equally among the others: 2" in said
    assert "6 of the 27 outcomes are claimed by more than one JFO; each counts once." in said
    assert "The rows add to 33, 6 more than the 27 outcomes" in said


def test_an_event_of_two_jfos_counts_once_nationally_and_once_for_each(client: Client) -> None:
    before, jfos = shown(client)["kinds"].table.totals, shown(client)["jfos"].table
    rows.outcome("SPVM-JFO", "TFS", occurred_on=date(2011, 1, 3))
    after, tables = shown(client)["kinds"].table.totals, shown(client)
    assert after["events"] == before["events"] + 1
    assert after["shared"] == before["shared"] + 1
    counts = {row["jfo"]: row["events"] for row in tables["jfos"].table}
    was = {row["jfo"]: row["events"] for row in jfos}
    assert [counts[code] - was[code] for code in ("SPVM-JFO", "TFS")] == [1, 1]
    regions = {row["region"]: row["events"] for row in tables["regions"].table}
    assert sum(regions.values()) > after["events"]


def test_an_agency_of_another_key_has_lenses_of_its_own(client: Client) -> None:
    totals = shown(client, "?agency=RCMP")["kinds"].totals
    took_part = Contribution.objects.filter(agency__key="RCMP", event__fiscal_year=2010).values("event").distinct()
    assert totals["took_part"] == took_part.count()
    assert totals["events"] == 27


def test_an_old_key_of_an_agency_leads_to_the_one_it_is_now(client: Client) -> None:
    AgencyAlias(agency=Agency.objects.get(key="RCMP"), alias="MOUNTIES").save_as(None)
    assert client.get(f"{PAGE}?agency=MOUNTIES").context["agency"] == "RCMP"


def test_region_program_jfo_and_kind_narrow_the_page_together(client: Client) -> None:
    assert shown(client, "?region=QUE")["kinds"].totals["events"] == 12
    assert shown(client, "?region=QUE&program=IBET")["kinds"].totals["events"] == 7
    assert [row["jfo"] for row in shown(client, "?region=QUE&program=IBET")["jfos"].table] == [
        "IBET-QUE-1",
        "IBET-QUE-2",
        "IBET-QUE-3",
    ]
    assert shown(client, "?jfo=IBET-QUE-1&kind=seizure")["kinds"].totals["events"] == 2
    # No JFO is an IBET of GTA, though an IBET and a JFO of GTA could claim one event together.
    assert "No outcome is recorded" in words(client.get(f"{PAGE}?region=GTA&program=IBET"))


def numbers_of(client: Client, href: str, *names: str) -> list[dict[str, Any]]:
    columns = "".join(f"&cols={name}" for name in (*names, "kind"))
    found: list[dict[str, Any]] = json.loads(body(client.get(f"{href}&format=json{columns}")))
    return found


@pytest.mark.parametrize(
    "query", ["?fy=2010-2011", "?fy=2010-2011&region=PAC", "?fy=2010-2011&agency=RCMP&kind=seizure"]
)
def test_every_figure_opens_to_exactly_its_events(client: Client, query: str) -> None:
    opened = 0
    for table in shown(client, query).values():
        lines = [*table.table, *([table.totals] if table.totals else [])]
        for column in table.columns:
            for row in lines:
                href = column.href(row) if column.href and column.is_numeric else None
                if href is None:
                    continue
                opened += 1
                found = numbers_of(client, href, "quantity", "value", "share", "quantity_share", "value_share")
                is_amount = "measure" in row and column.name in {"whole", "took_part", "share", "confirmed"}
                weights = [Decimal(str(one[row["measure"]])) if is_amount else Decimal(1) for one in found]
                if column.name == "share":
                    weights = [Decimal(str(one["share"])) for one in found]
                if is_amount and column.name == "share":
                    weights = [Decimal(str(one[f"{row['measure']}_share"])) for one in found]
                # Each row is rounded, and their sum once more.
                slack = Decimal("0.02") if column.name == "share" else 0
                assert abs(sum(weights) - row[column.name]) <= slack, (table.name, column.name, row)
    assert opened > 30


def test_the_page_asks_few_queries_whatever_the_rows(client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        made = rows.outcome("FAE", "TFS", fiscal_year=2010, what=f"goods {number}", quantity=Decimal(1), unit="kg")
        rows.contribution(made, "CBSA", "lead")
    for address in (PAGE, LIST, f"{LIST}?lens=share&fy=2010-2011", "/en/performance/outcomes/reported/"):
        cache.clear()
        with django_assert_max_num_queries(15):
            client.get(address)


@pytest.mark.parametrize(
    "query",
    [
        "fy=soon",
        "region=ZZ",
        "jfo=NOBODY",
        "kind=parade",
        "agency=%00",
        "program=" + "9" * 400,
        "jfo=%00",
        "fy=9999-10000",
    ],
)
def test_what_the_page_cannot_read_is_answered_in_words(client: Client, query: str) -> None:
    response = client.get(f"{PAGE}?{query}")
    assert response.status_code == 400
    assert "These figures cannot be shown" in words(response)


@pytest.mark.parametrize(
    "query", ["lens=x", "goods=%00", "jfo=%00", "fy=9999-10000", "page=" + "9" * 40, "agency=%00", "sort=x"]
)
def test_junk_breaks_no_list(client: Client, query: str) -> None:
    assert client.get(f"{LIST}?{query}").status_code == 200
    assert client.get(f"{LIST}?{query}&format=csv").status_code in {200, 400}


def test_unknown_tables_and_formats_are_not_found(client: Client) -> None:
    assert client.get(f"{PAGE}?table=nothing&format=csv").status_code == 404
    assert client.get(f"{PAGE}?table=kinds&format=doc").status_code == 404
    assert client.get(f"{PAGE}?chart=lenses&format=svg").status_code == 200


def test_the_page_speaks_french(client: Client) -> None:
    said = words(client.get("/fr/performance/outcomes/"))
    assert "27 résultats d’OPC entières" in said
    assert "Résultats selon le mode de partage" in said
    assert "La somme des lignes est de 33" in said


# The list


def test_events_without_a_day_are_sorted_as_if_on_the_last_of_their_year(client: Client) -> None:
    OutcomeEvent.objects.all().delete()
    for when in (
        {"occurred_on": date(2010, 6, 1)},
        {"fiscal_year": 2009},
        {"occurred_on": date(2009, 5, 1)},
        {"fiscal_year": 2010},
    ):
        rows.outcome("FAE", **when)
    order = ["2010-2011", "2010-06-01", "2009-2010", "2009-05-01"]
    for query, expected in (("", order), ("?sort=-occurred_on", order), ("?sort=occurred_on", order[::-1])):
        assert [row[0].text for row in client.get(LIST + query).context["rows"]] == expected


def test_a_past_day_knows_an_event_without_a_day_from_the_end_of_its_year_on(client: Client) -> None:
    OutcomeEvent.objects.all().delete()
    rows.outcome("FAE", fiscal_year=2009)
    for day, count in (("2010-03-30", 0), ("2010-03-31", 1), ("2010-12-01", 1)):
        assert client.get(LIST, {"as_of": day}).context["page"].paginator.count == count


def test_an_event_of_the_running_year_without_a_day_counts_today(client: Client, settings: Any) -> None:
    """What somebody recorded without a day in mid-year stood on no list before the year was over."""
    made = rows.outcome("FAE", fiscal_year=2010)
    settings.TODAY = date(2010, 10, 1)
    assert made.is_known_by(date(2010, 10, 1))
    assert not made.is_known_by(date(2010, 9, 30))
    assert OutcomeEvent.objects.known_by(date(2010, 10, 1)).filter(pk=made.pk).exists()
    assert not OutcomeEvent.objects.known_by(date(2010, 9, 30)).filter(pk=made.pk).exists()


def test_a_confirmation_counts_in_the_list_from_its_day_on(client: Client) -> None:
    made = rows.outcome("FAE", occurred_on=date(2008, 5, 1))
    rows.contribution(made, "CBSA", "lead", confirmed_on=date(2008, 7, 1))
    query = {"fy": "2008-2009", "lens": "confirmed"}
    assert client.get(LIST, query | {"as_of": "2008-06-30"}).context["page"].paginator.count == 0
    assert client.get(LIST, query | {"as_of": "2008-07-01"}).context["page"].paginator.count == 1


def test_spellings_that_differ_in_case_are_one_line_and_one_list(client: Client) -> None:
    for what in ("khat", "Khat", "KHAT"):
        rows.outcome("FAE", occurred_on=date(2010, 9, 1), what=what, quantity=Decimal(1), unit="kg")
    (row,) = [row for row in shown(client)["goods"].table if row["what"].lower() == "khat"]
    assert (row["whole"], row["events"]) == (3, 3)


# One answer on every way


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("region", ["", "QUE"])
def test_page_csv_workbook_json_and_command_are_one(
    client_of: SignIn, que_manager: User, slug: str, region: str
) -> None:
    client = client_of(que_manager)
    address = f"/en/reports/{slug}/?fy=2010-2011&region={region}"
    report = json.loads(body(client.get(f"{address}&format=json")))
    assert report["rows"]
    out = StringIO()
    call_command("report", slug, "--fy", "2010-2011", "--region", region, stdout=out)
    assert json.loads(out.getvalue()) == report

    in_csv = list(csv.reader(StringIO(body(client.get(f"{address}&format=csv")))))[1:]
    book = load_workbook(BytesIO(client.get(f"{address}&format=xlsx").content))
    in_book = book.get_sheet_by_index(0).to_python()[1:]
    plain = [[number(value) for value in row.values()] for row in report["rows"]]
    assert [[number(value) for value in line] for line in in_csv] == plain
    assert [[number(value) for value in line] for line in in_book] == plain
    page = client.get(address).context
    assert len(page["rows"]) == len(report["rows"])

    tables = {"outcomes": "kinds", "outcome-quantities": "goods", "outcomes-by-jfo": "jfos"}
    if slug in tables:
        own = json.loads(body(client.get(f"{PAGE}?fy=2010-2011&region={region}&table={tables[slug]}&format=json")))
        assert own == report["rows"]
        assert [[cell.text for cell in row] for row in shown(client, f"?region={region}")[tables[slug]].rows] == [
            [cell.text for cell in row] for row in page["rows"]
        ]


def number(value: Any) -> Any:
    """Return a number of whatever file as a number, and nothing as nothing."""
    if value in (None, ""):
        return ""
    try:
        return round(float(value), 6)
    except ValueError:
        return value


def test_the_file_of_the_list_holds_typed_values(client: Client) -> None:
    found = csv_rows(client.get(f"{LIST}?fy=2010-2011&kind=seizure&jfo=YYZ-IU&lens=share&format=csv"))
    assert [(row["Occurred on"], row["Quantity"], row["Share of CBSA"]) for row in found] == [
        ("2010-07-03", "3.250", "0.333333")
    ]


def test_every_reader_sees_the_same_figures(client_of: SignIn) -> None:
    answers = {
        body(client_of(User.objects.get(username=name)).get(f"{PAGE}?table=kinds&format=csv"))
        for name in ("que.manager", "gta.manager", "nhq.reviewer", "admin", "auditor")
    }
    assert len(answers) == 1


@pytest.mark.parametrize("code", ["IBET-QUE-1", "BEST-WSC", "CFSEU-QUE", "CRTF", "FAE"])
def test_the_page_of_a_jfo_counts_what_the_national_page_counts_for_it(client: Client, code: str) -> None:
    own = client.get(f"/en/jfos/{code}/?part=outcomes").context["panels"][0].data
    totals = shown(client, f"?jfo={code}")["kinds"].totals
    assert (own.total, own.shared) == (totals["events"], totals["shared"])


def test_every_year_with_outcomes_can_be_chosen(client: Client) -> None:
    rows.outcome("FAE", fiscal_year=1996)
    (years,) = [select for select in client.get(PAGE).context["selects"] if select.name == "fy"]
    assert "1996-1997" in [choice.value for choice in years.choices]


def test_the_page_of_a_jfo_leads_to_its_part(client: Client) -> None:
    assert f"{reverse('performance-outcomes')}?fy=2010-2011&amp;jfo=FAE" in body(
        client.get("/en/jfos/FAE/?part=outcomes")
    )
