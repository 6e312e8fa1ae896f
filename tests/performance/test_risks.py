"""Risks and what answers them: the matrix, cost spread over risks, ticks that are stale, one edition a year."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from performance.measures.risks import Spread, Ticks, costly_on_low_risk, spread, ticks_on
from performance.reports.cost import CostByRegion
from performance.reports.risks import RisksByJFO, risk_figures
from registry.models import JFO, Risk, RiskCoverage, RiskEdition
from registry.models.jfos import RiskLevel
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)
YEAR = FiscalYear(2010)


def risk(code: str = "cocaine") -> Risk:
    return Risk.objects.get(code=code)


def newer_edition() -> Risk:
    """Return the one risk of an edition in force from 2011-04-01."""
    RiskEdition(
        assessment="BTRA", code="BTRA-2012", start=date(2011, 4, 1), name_en="BTRA 2012", name_fr="EMRF 2012"
    ).save_as(None)
    return Risk(edition="BTRA-2012", code="drones", level="high", name_en="Drones", name_fr="Drones").save_as(None)


# Editions


def test_a_newer_edition_changes_no_earlier_year() -> None:
    before = RisksByJFO().as_json(SYSTEM, Parameters(DAY, YEAR))
    spread_before = risk_figures(SYSTEM, YEAR, None).spread
    RiskCoverage(jfo=JFO.objects.get(code="FAE"), risk=newer_edition()).save_as(None)

    assert RisksByJFO().as_json(SYSTEM, Parameters(DAY, YEAR)) == before
    assert risk_figures(SYSTEM, YEAR, None).spread == spread_before
    later = ticks_on(JFO.objects.all(), date(2011, 4, 1))
    assert [row.code for row in later.risks if row.edition != "ERP-2011"] == ["drones"]


def test_before_the_first_edition_the_page_says_so(reviewer: Client) -> None:
    assert "No edition of a risk assessment on record was in force" in words(
        reviewer.get("/en/performance/risks/?fy=2008-2009")
    )


def test_exhibit_4_names_the_edition(reviewer: Client) -> None:
    assert "Border Threat and Risk Assessment 2011" in words(reviewer.get("/en/reports/exhibit-4/"))
    assert "was in force on 2009-03-31" in words(reviewer.get("/en/reports/exhibit-4/?as_of=2009-03-31"))


# Coverage


def test_risks_that_nobody_answers_and_high_ones_that_one_jfo_answers_are_named(reviewer: Client) -> None:
    page = words(reviewer.get("/en/performance/risks/"))
    assert "Risks that no JFO answers None High risks that one JFO alone answers None" in page

    newer = Risk(edition="BTRA-2011", code="drones", level="high", name_en="Drones", name_fr="Drones").save_as(None)
    assert "Risks that no JFO answers Drones (High)" in words(reviewer.get("/en/performance/risks/"))

    RiskCoverage(jfo=JFO.objects.get(code="FAE"), risk=newer).save_as(None)
    assert "High risks that one JFO alone answers Drones (FAE)" in words(reviewer.get("/en/performance/risks/"))
    assert "Risques élevés auxquels une seule OPC répond Drones (FAE)" in words(reviewer.get("/fr/performance/risks/"))


def test_the_matrix_ticks_what_each_jfo_answers(reviewer: Client) -> None:
    page = body(reviewer.get("/en/performance/risks/?region=QUE"))
    row = next(part for part in page.split("<tr>") if ">FAE</a>" in part and "unticked" in part)

    assert row.count("✓") == 2
    assert 'data-label="Firearms"' in row
    assert 'data-label="Cocaine"' not in row


# Cost


def test_cost_spreads_over_risks_and_adds_to_exhibit_11() -> None:
    figures = risk_figures(SYSTEM, YEAR, None)
    exhibit = CostByRegion().table(SYSTEM, Parameters(DAY, YEAR))

    assert figures.spread.total == sum(figures.costs.values())
    assert round(figures.spread.total) == exhibit.totals["salaries"]


def test_by_weight_where_every_tick_has_one_and_equally_otherwise() -> None:
    figures = risk_figures(SYSTEM, YEAR, None)
    fae = {"FAE": figures.costs["FAE"]}
    by_risk = spread(fae, figures.ticks).by_risk

    assert by_risk[risk("firearms").pk] == fae["FAE"] * Fraction(9, 10)
    RiskCoverage.objects.filter(jfo__code="FAE", risk__code="cbrne").update(weight=None)
    again = spread(fae, ticks_on(JFO.objects.all(), DAY))
    assert again.by_risk[risk("firearms").pk] == fae["FAE"] / 2
    assert (again.weighted, again.equal) == ([], ["FAE"])


def tick(risk_id: int, weight: int | None = None, level: str = "high") -> RiskCoverage:
    return RiskCoverage(
        risk=Risk(pk=risk_id, level=level, code=str(risk_id)), weight=None if weight is None else Decimal(weight)
    )


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("ABCDE"),
        st.tuples(
            st.fractions(0, 1000),
            st.dictionaries(st.integers(1, 4), st.none() | st.integers(0, 9), max_size=4),
        ),
    )
)
def test_the_parts_add_to_the_whole_in_whatever_order(
    jfos: dict[str, tuple[Fraction, dict[int, int | None]]],
) -> None:
    risks = [Risk(pk=number, level="high", code=str(number)) for number in range(1, 5)]

    def spread_of(names: list[str]) -> Spread:
        ticks = {name: [tick(number, weight) for number, weight in jfos[name][1].items()] for name in names}
        return spread({name: jfos[name][0] for name in names}, Ticks([], risks, ticks, names))

    found = spread_of(list(jfos))
    assert found.total == sum((cost for cost, _ticks in jfos.values()), Fraction(0))
    assert spread_of(list(reversed(jfos))) == found


def test_a_jfo_that_costs_more_than_the_mean_on_low_risks_alone_is_named() -> None:
    ticks = {"A": [tick(1, level=RiskLevel.LOW)], "B": [tick(2)], "C": []}
    known = Ticks([], [], ticks, ["A", "B", "C"])

    assert costly_on_low_risk({"A": Fraction(30), "B": Fraction(10)}, known) == ["A"]
    assert costly_on_low_risk({"A": Fraction(10), "B": Fraction(30)}, known) == []
    assert costly_on_low_risk({"C": Fraction(30), "B": Fraction(10)}, known) == ["C"]
    assert costly_on_low_risk({}, known) == []


def test_a_manager_sees_salaries_of_own_regions_alone(manager: Client, reviewer: Client) -> None:
    page = words(manager.get("/en/performance/risks/"))
    assert "Salaries are those of the JFOs of your regions" in page

    def total(client: Client, query: str) -> int:
        rows = csv_rows(client.get(f"/en/reports/risk-coverage/?format=csv{query}"))
        return sum(int(row["Salaries spread over risks"]) for row in rows)

    assert total(manager, "") == total(reviewer, "&region=QUE")
    assert total(manager, "&region=GTA") == 0


# Ticks


def test_ticks_that_nobody_confirmed_for_a_year_are_listed(reviewer: Client) -> None:
    page = words(reviewer.get("/en/performance/risks/?region=QUE"))

    assert "1 JFO with ticks not confirmed for a year" not in page
    assert "CFSEU-QUE 13 2009-06-30" in page
    assert "NPET-QUE" not in page.split("Ticks that want a look")[1]


def test_a_jfo_with_ticks_and_no_activity_is_named(reviewer: Client) -> None:
    page = words(reviewer.get("/en/performance/risks/"))

    assert "no IMS file of an officer on them, no outcome CFSEU-NOR" in page


def test_a_manager_confirms_a_tick_of_the_own_region_and_not_of_another(manager: Client) -> None:
    own = RiskCoverage.objects.get(jfo__code="CFSEU-QUE", risk__code="cocaine")
    address = f"/en/jfos/CFSEU-QUE/risks/{own.pk}/"
    sent = {"risk": own.risk_id, "confirmed_on": "2011-03-30", "weight": "2", "reason": "looked at"}

    assert manager.post(address, sent).status_code == 302
    own.refresh_from_db()
    assert (own.confirmed_on, own.weight) == (date(2011, 3, 30), Decimal(2))

    other = RiskCoverage.objects.filter(jfo__code="BEST-WSC").first()
    assert other is not None
    assert manager.get(f"/en/jfos/BEST-WSC/risks/{other.pk}/").status_code in (403, 404)


def test_a_confirmation_to_come_is_refused_in_words(manager: Client) -> None:
    own = RiskCoverage.objects.get(jfo__code="CFSEU-QUE", risk__code="cocaine")
    page = words(
        manager.post(
            f"/fr/jfos/CFSEU-QUE/risks/{own.pk}/",
            {"risk": own.risk_id, "confirmed_on": "2011-04-30", "reason": "vu"},
        )
    )
    assert "2011-04-30 est encore à venir" in page


def test_junk_in_the_address_is_refused_in_words(reviewer: Client) -> None:
    for query in ("fy=abc", "region=NOWHERE", "fy=%00"):
        assert reviewer.get(f"/en/performance/risks/?{query}").status_code == 400, query


def test_the_page_asks_few_queries(reviewer: Client, django_assert_max_num_queries: Callable[..., object]) -> None:
    reviewer.get("/en/performance/risks/")
    with django_assert_max_num_queries(15):  # type: ignore[attr-defined]
        reviewer.get("/en/performance/risks/")
