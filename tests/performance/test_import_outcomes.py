"""Outcomes come in by spreadsheet: each counts once, whichever JFOs claim it, and in whatever order it came."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.changesets import act, undo
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from performance.measures.outcomes import Asked, events_of
from performance.models import Claim, OutcomeEvent, OutcomeKind, Side
from registry.models import JFO, Role, User
from tests import rows, sheets
from tests.sheets import Row, errors, save, sheet, warnings
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def outcomes(administrator: User) -> Resource:
    return sheets.resource("outcomes", administrator)


def one(reference: str = "T-1", **values: Any) -> Row:
    """A row of outcomes: a seizure of IBET-QUE-1 on 2008-05-05, unless said otherwise."""
    return {
        "reference": reference,
        "jfos": "IBET-QUE-1",
        "kind": "Seizure",
        "occurred_on": date(2008, 5, 5),
    } | values


def claimed_by(reference: str) -> list[str]:
    """Return the codes of the JFOs that claim the outcome."""
    claims = Claim.objects.filter(event__reference=reference).order_by("jfo__code")
    return list(claims.values_list("jfo__code", flat=True))


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(role: Role) -> None:
    assert resources.get("outcomes", User(username="somebody", role=role)) is None


def test_the_sample_is_imported_as_documented_and_once(outcomes: Resource) -> None:
    made = sheets.sample(outcomes, "outcomes.xlsx")
    preview = outcomes.preview(made)
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (4, 2, 2)
    save(outcomes, made)
    versions = OutcomeEvent.history.count(), Claim.history.count()
    assert save(outcomes, made).unchanged == 8
    assert (OutcomeEvent.history.count(), Claim.history.count()) == versions
    assert claimed_by("OUT-0029") == ["CFSEU-PAC", "IBET-PAC-1"]
    assert sheets.breaches() == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_examples_are_a_row_that_passes(outcomes: Resource, language: str) -> None:
    with override(language):
        preview = outcomes.preview(
            sheet(outcomes, {name: field.example for name, field in outcomes.fields.items() if field.example})
        )
    assert (errors(preview), preview.counts.new) == ([], 1)


def test_an_outcome_comes_in_with_its_claims_and_its_history(outcomes: Resource) -> None:
    save(
        outcomes,
        sheet(
            outcomes,
            one(
                jfos="ibet-que-3|IBET-QUE-1",
                what="cocaine",
                quantity="14.125",
                unit="kg",
                value=580000.25,
                side="In Canada",
                operation="Quiet Harbour",
                note="Joint.",
            ),
        ),
    )
    stored = OutcomeEvent.objects.get(reference="T-1")
    assert (stored.kind, stored.occurred_on, stored.fiscal_year) == ("seizure", date(2008, 5, 5), 2008)
    assert (stored.quantity, stored.unit, stored.value) == (Decimal("14.125"), "kg", Decimal("580000.25"))
    assert (stored.what, stored.side, stored.operation, stored.note) == ("cocaine", "canada", "Quiet Harbour", "Joint.")
    assert claimed_by("T-1") == ["IBET-QUE-1", "IBET-QUE-3"]
    for version in (stored.history.get(), *Claim.history.filter(event=stored)):
        assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")


def test_where_no_day_is_known_the_fiscal_year_says_when(outcomes: Resource) -> None:
    save(
        outcomes,
        sheet(
            outcomes,
            one(occurred_on=None, fiscal_year="2008-2009"),
            one("T-2", occurred_on=date(2009, 3, 31), fiscal_year=None),
            one("T-3", occurred_on=date(2009, 4, 1), fiscal_year="2009-2010"),
        ),
    )
    stored = OutcomeEvent.objects.filter(reference__startswith="T-").order_by("reference")
    assert [(row.occurred_on, row.fiscal_year) for row in stored] == [
        (None, 2008),
        (date(2009, 3, 31), 2008),
        (date(2009, 4, 1), 2009),
    ]


def test_the_fiscal_year_follows_a_day_that_moves(outcomes: Resource) -> None:
    save(outcomes, sheet(outcomes, one()))
    save(outcomes, sheet(outcomes, one(occurred_on=date(2009, 5, 5))))
    assert OutcomeEvent.objects.get(reference="T-1").fiscal_year == 2009
    save(outcomes, sheet(outcomes, one(occurred_on=date(2008, 3, 5), fiscal_year=None)))
    assert OutcomeEvent.objects.get(reference="T-1").fiscal_year == 2007


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"reference": None}, "Reference", "This cell is empty, and a value is needed. For example: OUT-2010-0101."),
        ({"reference": "x" * 41}, "Reference", "40"),
        ({"jfos": None}, "Claimed by", "Name at least one JFO that claims the outcome. For example: IBET-QUE-1."),
        ({"jfos": "IBET-QUE-1 | IBET-QUE-99"}, "Claimed by", "No JFO “IBET-QUE-99” is known. Did you mean"),
        ({"jfos": "IBET-QUE-1 | ibet-que-1"}, "Claimed by", "IBET-QUE-1 stands here twice. Keep one of the two."),
        ({"kind": "Theft"}, "Kind", "“Theft” is not one of these: Seizure; Arrest;"),
        ({"kind": None}, "Kind", "This cell is empty, and a value is needed. For example: Seizure."),
        ({"occurred_on": date(2011, 4, 1)}, "Occurred on", "2011-04-01 is still to come."),
        ({"occurred_on": "05/05/2008"}, "Occurred on", "Write it as YYYY-MM-DD. For example: 2010-10-01."),
        ({"occurred_on": None}, "Fiscal year", "Give the day, or the fiscal year where no day is known."),
        ({"occurred_on": None, "fiscal_year": "2011-2012"}, "Fiscal year", "2011-2012 is still to come."),
        ({"occurred_on": None, "fiscal_year": "2010"}, "Fiscal year", "“2010” is not a fiscal year."),
        (
            {"fiscal_year": "2009-2010"},
            "Fiscal year",
            "2008-05-05 is in 2008-2009. Leave the fiscal year empty where the day is known.",
        ),
        ({"what": "x" * 121}, "Goods or subject", "120"),
        ({"quantity": 5}, "Unit", "Give a quantity together with its unit, or neither."),
        ({"unit": "kg"}, "Unit", "Give a quantity together with its unit, or neither."),
        ({"quantity": "-5", "unit": "kg"}, "Quantity", "-5 is not between 0.000 and 999,999,999.999."),
        ({"quantity": "1000000000", "unit": "kg"}, "Quantity", "1000000000 is not between 0.000 and 999,999,999.999."),
        ({"quantity": "1.0005", "unit": "kg"}, "Quantity", "1.0005 has more than 3 decimals. Round it in the file."),
        ({"quantity": "NaN", "unit": "kg"}, "Quantity", "“NaN” is not a number."),
        ({"quantity": "5 kg", "unit": "kg"}, "Quantity", "“5 kg” is not a number."),
        ({"quantity": 5, "unit": "x" * 21}, "Unit", "20"),
        ({"value": "-0.01"}, "Value in dollars", "-0.01 is not between 0.00 and 9,999,999,999.99."),
        ({"value": "1" + "0" * 29}, "Value in dollars", "is not between 0.00 and 9,999,999,999.99."),
        ({"value": "0.001"}, "Value in dollars", "0.001 has more than 2 decimals."),
        ({"value": "inf"}, "Value in dollars", "“inf” is not a number."),
        ({"side": "West"}, "Side of the border", "“West” is not one of these: In Canada; In the United States;"),
        ({"operation": "x" * 81}, "Operation", "80"),
        ({"note": "x" * 301}, "Note", "300"),
    ],
)
def test_what_is_wrong_with_an_outcome_is_told(outcomes: Resource, values: Row, label: str, words: str) -> None:
    empty = dict.fromkeys(outcomes.fields)
    made = sheet(outcomes, empty | one("T-0"), empty | one() | values)
    [(line, told, sentence)] = errors(outcomes.preview(made))
    assert (line, told) == (3, label)
    assert words in sentence
    with override("fr"):
        [(line, told, in_french)] = errors(outcomes.preview(made))
    in_english = {field.labels["en"]: field.labels["fr"] for field in outcomes.fields.values()}
    assert (line, told) == (3, in_english[label])
    assert in_french != sentence
    with pytest.raises(ImportRefused, match="1 row has an error"):
        save(outcomes, made)
    assert not OutcomeEvent.objects.filter(reference__startswith="T-").exists()


def test_all_that_is_wrong_is_told_at_once(outcomes: Resource) -> None:
    made = sheet(
        outcomes,
        one("T-1", kind="Theft", occurred_on="soon", quantity="many", unit="kg"),
        one("T-2", occurred_on=date(2012, 1, 1), jfos=None),
        one("T-3"),
        one("t-3"),
    )
    told = [(line, label) for line, label, _sentence in errors(outcomes.preview(made))]
    assert told == [
        (2, "Kind"),
        (2, "Occurred on"),
        (2, "Quantity"),
        (3, "Occurred on"),
        (3, "Claimed by"),
        (4, "Reference"),
        (5, "Reference"),
    ]


def test_the_same_outcome_of_two_jfos_counts_once(outcomes: Resource) -> None:
    asked = Asked(FiscalYear(2007))
    assert events_of(SYSTEM, asked) == []
    day = date(2007, 6, 1)
    save(outcomes, sheet(outcomes, one(jfos="IBET-QUE-1", occurred_on=day)))
    counts = save(outcomes, sheet(outcomes, one(jfos="IBET-QUE-1 | BEST-PAC", occurred_on=day)))
    assert (counts.new, counts.changed) == (0, 1)
    assert claimed_by("T-1") == ["BEST-PAC", "IBET-QUE-1"]
    assert OutcomeEvent.objects.get(reference="T-1").history.count() == 1
    assert len(events_of(SYSTEM, asked)) == 1
    for jfo in ("IBET-QUE-1", "BEST-PAC"):
        assert len(events_of(SYSTEM, Asked(FiscalYear(2007), jfo=jfo))) == 1


def test_an_import_removes_no_claim(outcomes: Resource) -> None:
    save(outcomes, sheet(outcomes, one(jfos="IBET-QUE-1 | BEST-PAC")))
    [(_line, label, sentence)] = errors(outcomes.preview(sheet(outcomes, one(jfos="BEST-PAC | IBET-ATL"))))
    assert label == "Claimed by"
    assert sentence == (
        "These claim it, and the row no longer names them: IBET-QUE-1. An import removes no claim: name them again."
    )
    without = {name: value for name, value in one(what="tobacco").items() if name != "jfos"}
    assert save(outcomes, sheet(outcomes, without)).changed == 1
    assert claimed_by("T-1") == ["BEST-PAC", "IBET-QUE-1"]


def test_those_that_may_be_one_and_the_same_want_a_second_look(outcomes: Resource) -> None:
    rows.outcome("IBET-QUE-1", kind="seizure", occurred_on=date(2008, 5, 5), reference="T-OLD")
    made = sheet(
        outcomes,
        one("T-1", jfos="BEST-PAC"),
        one("T-2", jfos="IBET-QUE-1"),
        one("T-3", jfos="BEST-PAC", occurred_on=date(2008, 5, 6)),
        one("T-4", jfos="IBET-ATL", occurred_on=date(2008, 5, 6)),
        one("T-5", jfos="BEST-PAC", kind="Arrest"),
    )
    preview = outcomes.preview(made)
    assert errors(preview) == []
    told = warnings(preview)
    assert [(line, label) for line, label, _sentence in told] == [(line, "Reference") for line in (2, 3, 4, 5)]
    assert told[0][2] == (
        "Other JFOs have an outcome of that kind and day: T-OLD (IBET-QUE-1); T-2 (IBET-QUE-1). If it is one of these, "
        "give its reference, and name all of the JFOs, so that it counts once."
    )
    save(outcomes, made)
    assert warnings(outcomes.preview(made)) == []


def test_an_outcome_is_not_moved_past_its_confirmation(outcomes: Resource) -> None:
    event = rows.outcome("IBET-QUE-1", occurred_on=date(2008, 5, 5), reference="T-1")
    rows.contribution(event, "CBSA", "query", confirmed_on=date(2008, 6, 1))
    [(_line, label, sentence)] = errors(outcomes.preview(sheet(outcomes, one(occurred_on=date(2008, 6, 2)))))
    assert label == "Occurred on"
    assert sentence == ("The lead confirmed a contribution on 2008-06-01, before that. Correct the contribution first.")
    assert errors(outcomes.preview(sheet(outcomes, one(occurred_on=date(2008, 6, 1))))) == []


def test_a_day_alone_is_checked_against_the_year_on_record(outcomes: Resource) -> None:
    rows.outcome("IBET-QUE-1", occurred_on=date(2008, 5, 5), reference="T-1")
    row = {"reference": "T-1", "kind": "Seizure", "fiscal_year": "2009-2010"}
    [(_line, label, sentence)] = errors(outcomes.preview(sheet(outcomes, row)))
    assert (label, sentence) == (
        "Fiscal year",
        "2008-05-05 is in 2008-2009. Leave the fiscal year empty where the day is known.",
    )


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(outcomes: Resource, file_format: str, language: str) -> None:
    records = outcomes.importable().order_by("reference")
    with override(language):
        preview = outcomes.preview(sheets.exported(outcomes, records, file_format))
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert preview.counts.unchanged == records.count() == 29


def test_an_edited_export_changes_only_the_edited_cells(outcomes: Resource) -> None:
    records = outcomes.importable().order_by("reference")
    made = sheets.edited(outcomes, sheets.exported(outcomes, records), 3, "operation", "Quiet Harbour")
    versions = OutcomeEvent.history.count(), Claim.history.count()
    counts = save(outcomes, made)
    assert (counts.new, counts.changed) == (0, 1)
    assert (OutcomeEvent.history.count(), Claim.history.count()) == (versions[0] + 1, versions[1])
    assert OutcomeEvent.objects.get(reference="OUT-0002").operation == "Quiet Harbour"


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(administrator: User) -> None:
    save(sheets.resource("outcomes", administrator), sheet(sheets.resource("outcomes", administrator), one("T-0")))
    made = [
        one("T-0", what="tobacco", jfos="IBET-QUE-1 | BEST-PAC"),
        *(one(f"T-{number}", occurred_on=date(2007, 1, 1) + timedelta(number)) for number in range(1, 100)),
    ]
    counted = []
    for some in (made[:2], made):
        resource = sheets.resource("outcomes", administrator)
        with CaptureQueriesContext(connection) as queries:
            counts = resource.preview(sheet(resource, *some)).counts
        assert (counts.new, counts.changed) == (len(some) - 1, 1)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 12


def test_an_import_can_be_undone_whole(outcomes: Resource, administrator: User) -> None:
    rows.outcome("IBET-QUE-1", occurred_on=date(2008, 5, 5), reference="T-1")
    before = [list(model.objects.order_by("pk").values()) for model in (OutcomeEvent, Claim)]
    with act(administrator, reason="outcomes", door=Door.IMPORT) as change:
        outcomes.change = change
        save(outcomes, sheet(outcomes, one("T-1", what="tobacco", jfos="IBET-QUE-1 | BEST-PAC"), one("T-2")))
    assert OutcomeEvent.objects.filter(reference="T-2").exists()
    undo(change, by=administrator)
    assert [list(model.objects.order_by("pk").values()) for model in (OutcomeEvent, Claim)] == before


def test_an_outcome_recorded_on_screen_has_a_reference_to_import_by(outcomes: Resource) -> None:
    event = rows.outcome("IBET-QUE-1", occurred_on=date(2008, 5, 5))
    assert event.reference.startswith("OUT-2008-")
    row = one(event.reference.lower(), value="10.00")
    assert save(outcomes, sheet(outcomes, row)).changed == 1
    event.refresh_from_db()
    assert event.value == Decimal(10)


@pytest.mark.django_db(transaction=True)
def test_of_two_imports_of_one_outcome_at_once_the_second_is_remade(outcomes: Resource, administrator: User) -> None:
    made = sheet(outcomes, one(), one("T-2"))
    seen = outcomes.preview(made).digest

    def confirm() -> Any:
        return sheets.resource("outcomes", administrator).apply(made, confirmed=seen, reason="at once")

    answers = at_once(confirm, confirm)
    assert sorted(type(answer).__name__ for answer in answers) == ["Counts", "PreviewRemade"]
    assert OutcomeEvent.objects.filter(reference__startswith="T-").count() == 2
    assert claimed_by("T-1") == ["IBET-QUE-1"]


# Whatever comes in

CODES = ("IBET-QUE-1", "IBET-QUE-3", "BEST-PAC", "IBET-ATL", "CFSEU-QUE")


@st.composite
def programmes(draw: st.DrawFn) -> list[Row]:
    """Return rows of outcomes as a region may keep them."""
    made: list[Row] = []
    for number in range(draw(st.integers(1, 8))):
        has_day, has_quantity = draw(st.booleans()), draw(st.booleans())
        texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=20)
        made.append(
            {
                "reference": f"T-{number}",
                "jfos": " | ".join(draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True))),
                "kind": draw(st.sampled_from(OutcomeKind.values)),
                "occurred_on": draw(st.dates(date(1995, 1, 1), date(2011, 3, 31))) if has_day else None,
                "fiscal_year": None if has_day else str(FiscalYear(draw(st.integers(1990, 2010)))),
                "what": draw(texts),
                "quantity": str(draw(st.decimals(0, 999999999, places=3))) if has_quantity else None,
                "unit": "kg" if has_quantity else None,
                "value": draw(st.none() | st.decimals(0, 9999999999, places=2).map(str)),
                "side": draw(st.sampled_from(["", *Side.values])) or None,
                "operation": draw(texts),
            }
        )
    return made


def _cells(row: Row) -> Row:
    return {name: value or None for name, value in row.items()}


def _totals() -> dict[tuple[int, str, str], tuple[int, Any]]:
    """Return how many events there are, and of what value, by year, kind and JFO, and of the nation."""
    found: dict[Any, tuple[int, Any]] = {}
    for year in range(1990, 2011):
        for jfo in (None, *CODES):
            events = events_of(SYSTEM, Asked(FiscalYear(year), jfo=jfo))
            found[year, jfo] = (len(events), sum(event.value or 0 for event in events))
    return found


def _stored(resource: Resource) -> Sequence[Any]:
    mine = resource.importable().filter(reference__startswith="T-").order_by("reference")
    return [tuple(str(field.export(row)) for field in resource.fields.values()) for row in mine]


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=programmes(), language=st.sampled_from(["en", "fr"]), file_format=st.sampled_from(["csv", "csv-fr", "xlsx"])
)
def test_whatever_is_exported_comes_back_unchanged(
    administrator: User, made: list[Row], language: str, file_format: str
) -> None:
    resource = sheets.resource("outcomes", administrator)
    with transaction.atomic():
        save(resource, sheet(resource, *map(_cells, made)))
        records = resource.importable().filter(reference__startswith="T-").order_by("reference")
        with override(language):
            preview = resource.preview(sheets.exported(resource, records, file_format))
        assert errors(preview) == []
        assert preview.counts.unchanged == len(made)
        transaction.set_rollback(True)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=programmes(), seed=st.integers(0, 10**6))
def test_the_order_of_entry_changes_no_total(administrator: User, made: list[Row], seed: int) -> None:
    shuffled = random.Random(seed).sample(made, len(made))
    seen = []
    for batches in ([made], [[row] for row in shuffled]):
        with transaction.atomic():
            for batch in batches:
                resource = sheets.resource("outcomes", administrator)
                save(resource, sheet(resource, *map(_cells, batch)))
            seen.append((_totals(), _stored(sheets.resource("outcomes", administrator))))
            transaction.set_rollback(True)
    assert seen[0] == seen[1]


def test_the_jfos_of_the_tests_are_on_record() -> None:
    assert JFO.objects.filter(code__in=CODES).count() == len(CODES)
