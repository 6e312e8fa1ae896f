"""Contributions of agencies come in by spreadsheet; their shares never pass the whole of an outcome."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from jfo_portal.kit.changesets import act, undo
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from performance.models import Contribution, OutcomeEvent
from registry.models import Agency, Role, User
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
def contributions(administrator: User) -> Resource:
    return sheets.resource("contributions", administrator)


@pytest.fixture
def event(db: None) -> OutcomeEvent:
    """A seizure that IBET-QUE-1 claims, on 2008-05-05."""
    return rows.outcome("IBET-QUE-1", occurred_on=date(2008, 5, 5), reference="T-1")


def part(agency: str = "RCMP", kind: str = "Query", **values: Any) -> Row:
    """A row of contributions: the RCMP made a query for T-1, unless said otherwise."""
    return {"event": "T-1", "agency": agency, "kind": kind} | values


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(role: Role) -> None:
    assert resources.get("contributions", User(username="somebody", role=role)) is None


def test_the_sample_is_imported_as_documented_and_once(contributions: Resource) -> None:
    made = sheets.sample(contributions, "contributions.csv")
    preview = contributions.preview(made)
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (3, 1, 2)
    save(contributions, made)
    versions = Contribution.history.count()
    assert save(contributions, made).unchanged == 6
    assert Contribution.history.count() == versions
    assert sheets.breaches() == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_examples_are_a_row_that_passes(contributions: Resource, language: str) -> None:
    with override(language):
        preview = contributions.preview(
            sheet(contributions, {name: field.example for name, field in contributions.fields.items() if field.example})
        )
    assert (errors(preview), preview.counts.new) == ([], 1)


def test_a_contribution_comes_in_under_any_name_of_its_agency(contributions: Resource, event: OutcomeEvent) -> None:
    save(
        contributions,
        sheet(
            contributions,
            part("GRC", evidence="Report.", confirmed_on=date(2008, 6, 1), share="0.125"),
            part("Canada Border Services Agency", "Ciblage", share=0.875),
        ),
    )
    stored = event.contributions.order_by("agency__key")
    assert [(row.agency.key, row.kind, row.share) for row in stored] == [
        ("CBSA", "targeting", Decimal("0.875")),
        ("RCMP", "query", Decimal("0.125")),
    ]
    assert (stored[1].evidence, stored[1].confirmed_on) == ("Report.", date(2008, 6, 1))
    version = stored[0].history.get()
    assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"event": "T-99"}, "Reference of the outcome", "No Reference of the outcome “T-99” is known."),
        ({"event": None}, "Reference of the outcome", "This cell is empty, and a value is needed."),
        ({"agency": "Interpole"}, "Agency", "No Agency “Interpole” is known."),
        ({"kind": "Luck"}, "Contribution", "“Luck” is not one of these: Lead or tip; Query;"),
        ({"evidence": "x" * 301}, "Evidence", "300"),
        (
            {"confirmed_on": date(2008, 5, 4)},
            "Confirmed by the lead on",
            "2008-05-04 is before the outcome, which is of",
        ),
        ({"confirmed_on": date(2011, 4, 1)}, "Confirmed by the lead on", "2011-04-01 is still to come."),
        ({"confirmed_on": "June"}, "Confirmed by the lead on", "Write it as YYYY-MM-DD. For example: 2010-06-15."),
        ({"share": "1.001"}, "Agreed share", "1.001 is not between 0.000 and 1.000."),
        ({"share": "-0.1"}, "Agreed share", "-0.1 is not between 0.000 and 1.000."),
        ({"share": "0.3333"}, "Agreed share", "0.3333 has more than 3 decimals."),
        ({"share": "NaN"}, "Agreed share", "“NaN” is not a number."),
        ({"share": "50%"}, "Agreed share", "“50%” is not a number."),
    ],
)
def test_what_is_wrong_with_a_contribution_is_told(
    contributions: Resource, event: OutcomeEvent, values: Row, label: str, words: str
) -> None:
    made = sheet(contributions, part("CBSA"), part() | values)
    [(line, told, sentence)] = errors(contributions.preview(made))
    assert (line, told) == (3, label)
    assert words in sentence
    with override("fr"):
        [(line, told, in_french)] = errors(contributions.preview(made))
    in_english = {field.labels["en"]: field.labels["fr"] for field in contributions.fields.values()}
    assert (line, told) == (3, in_english[label])
    assert in_french != sentence
    with pytest.raises(ImportRefused, match="1 row has an error"):
        save(contributions, made)
    assert not event.contributions.exists()


def test_shares_beyond_the_whole_are_refused_in_the_file_and_with_what_is_on_record(
    contributions: Resource, event: OutcomeEvent
) -> None:
    rows.contribution(event, "CBSA", "lead", share=Decimal("0.5"))
    made = sheet(contributions, part(share="0.3"), part("US-ICE", share="0.201"), part("OPP"))
    assert [(line, label) for line, label, _sentence in errors(contributions.preview(made))] == [
        (2, "Agreed share"),
        (3, "Agreed share"),
    ]
    assert errors(contributions.preview(made))[0][2] == (
        "The shares of an outcome add to at most 1. The others have 0.701, so 0.299 is left."
    )
    whole = sheet(contributions, part(share="0.3"), part("US-ICE", share="0.2"), part("OPP"))
    assert save(contributions, whole).new == 3
    assert sheets.breaches() == []


def test_shares_may_change_places_within_the_whole(contributions: Resource, event: OutcomeEvent) -> None:
    save(contributions, sheet(contributions, part("OPP", share="0.2"), part(share="0.2"), part("CBSA", share="0.6")))
    moved = sheet(contributions, part("OPP", share="0.8"), part(share="0.1"), part("CBSA", share="0.1"))
    assert save(contributions, moved).changed == 3
    shares = event.contributions.order_by("agency__key").values_list("share", flat=True)
    assert list(shares) == [Decimal("0.1"), Decimal("0.8"), Decimal("0.1")]


def test_an_agency_that_is_no_part_of_a_claiming_jfo_wants_a_second_look(
    contributions: Resource, event: OutcomeEvent
) -> None:
    preview = contributions.preview(sheet(contributions, part("RCMP"), part("PPS")))
    assert errors(preview) == []
    assert warnings(preview) == [
        (
            3,
            "Agency",
            (
                "PPS took part in no JFO that claims this outcome at that time. "
                "Check the agency, or its part in the JFO."
            ),
        )
    ]


def test_all_that_is_wrong_is_told_at_once(contributions: Resource, event: OutcomeEvent) -> None:
    made = sheet(
        contributions,
        part("Nobody", "Luck", share="2", confirmed_on="x"),
        part(),
        part(),
        part("CBSA", confirmed_on=date(2008, 1, 1)),
    )
    assert [(line, label) for line, label, _sentence in errors(contributions.preview(made))] == [
        (2, "Agency"),
        (2, "Contribution"),
        (2, "Confirmed by the lead on"),
        (2, "Agreed share"),
        (3, "Reference of the outcome"),
        (4, "Reference of the outcome"),
        (5, "Confirmed by the lead on"),
    ]


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(contributions: Resource, file_format: str, language: str) -> None:
    records = contributions.importable().order_by("pk")
    with override(language):
        preview = contributions.preview(sheets.exported(contributions, records, file_format))
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert preview.counts.unchanged == records.count() == 50


def test_an_edited_export_changes_only_the_edited_cells(contributions: Resource) -> None:
    records = contributions.importable().order_by("pk")
    made = sheets.edited(contributions, sheets.exported(contributions, records), 3, "evidence", "Another report.")
    versions = Contribution.history.count()
    counts = save(contributions, made)
    assert (counts.new, counts.changed) == (0, 1)
    assert Contribution.history.count() == versions + 1


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(administrator: User) -> None:
    made = []
    for number in range(50):
        rows.outcome("IBET-QUE-1", occurred_on=date(2008, 5, 5), reference=f"T-{number}")
        made += [part(event=f"T-{number}", share="0.5"), part("CBSA", event=f"T-{number}", share="0.5")]
    counted = []
    for some in (made[:1], made):
        resource = sheets.resource("contributions", administrator)
        with CaptureQueriesContext(connection) as queries:
            assert resource.preview(sheet(resource, *some)).counts.new == len(some)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 8


def test_an_import_can_be_undone_whole(contributions: Resource, event: OutcomeEvent, administrator: User) -> None:
    rows.contribution(event, "CBSA", "lead", share=Decimal("0.5"))
    before = list(Contribution.objects.order_by("pk").values())
    with act(administrator, reason="parts", door=Door.IMPORT) as change:
        contributions.change = change
        save(contributions, sheet(contributions, part("CBSA", "Lead or tip", share="0.25"), part(share="0.75")))
    assert event.contributions.count() == 2
    undo(change, by=administrator)
    assert list(Contribution.objects.order_by("pk").values()) == before


@pytest.mark.django_db(transaction=True)
def test_an_import_and_a_manager_at_once_never_share_out_more_than_the_whole(
    contributions: Resource, event: OutcomeEvent, administrator: User
) -> None:
    made = sheet(contributions, part(share="0.6"))
    seen = contributions.preview(made).digest

    def confirm() -> Any:
        return sheets.resource("contributions", administrator).apply(made, confirmed=seen, reason="at once")

    def add() -> Any:
        with act(None) as change:
            # As the page does: of two who give shares of an outcome the second sees what the first gave.
            list(OutcomeEvent.objects.select_for_update(no_key=True).filter(pk=event.pk))
            agency = Agency.objects.get(key="CBSA")
            return change.save_row(Contribution(event=event, agency=agency, kind="lead", share=Decimal("0.6")))

    answers = at_once(confirm, add)
    assert sum(isinstance(answer, ImportRefused | ValidationError) for answer in answers) == 1
    assert event.contributions.count() == 1
    assert sheets.breaches() == []
