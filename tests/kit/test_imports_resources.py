"""What an import would do is shown row by row, and done whole or not at all."""

import io
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from jfo_portal.kit import exports
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import workbook
from jfo_portal.kit.imports.preview import Preview
from jfo_portal.kit.imports.reading import ImportRefused, Sheet, read
from jfo_portal.kit.imports.resources import PreviewRemade
from registry.models import JFO, Assignment, EndReason, OfficerLevel, Region, Role, User

from .imports_example import START, AssignmentResource, OfficerResource, make_assignment, make_officer

pytestmark = pytest.mark.django_db

HEADERS = ("Officer", "JFO", "First day", "Last day", "FTE", "Reason for the end")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create_user("import.clerk", role=Role.ADMINISTRATOR)


@pytest.fixture
def assignment(db: None) -> Assignment:
    return make_assignment()


def sheet(*rows: Sequence[Any], headers: Sequence[str] = HEADERS) -> Sheet:
    return Sheet.of_rows(headers, enumerate(rows, 2), name="Sheet1")


def row_for(jfo: JFO, number: str = "T-0001", **values: Any) -> list[Any]:
    row = {"start": date(2010, 4, 1), "end": None, "fte": 0.5, "reason": None} | values
    return [number, jfo.code, row["start"], row["end"], row["fte"], row["reason"]]


def preview(user: User, *rows: Sequence[Any], headers: Sequence[str] = HEADERS) -> Preview:
    return AssignmentResource(user).preview(sheet(*rows, headers=headers))


def errors(made: Preview) -> list[tuple[int, str, str]]:
    return [(error.line, error.label, error.sentence) for row in made.rows for error in row.errors]


def apply(user: User, *rows: Sequence[Any]) -> Any:
    made = preview(user, *rows)
    return AssignmentResource(user).apply(made.sheet, confirmed=made.digest, reason="the sheet of May")


# Columns


def test_columns_match_in_either_language_without_case_and_accents(clerk: User, assignment: Assignment) -> None:
    headers = ("EMPLOYE", "opc", "premier  jour", "Dernier jour", "etp", "Motif de la fin")
    assert preview(clerk, row_for(assignment.jfo), headers=headers).counts.unchanged == 1


def test_a_missing_required_column_is_named(clerk: User) -> None:
    with pytest.raises(ImportRefused, match="The column “JFO” is missing"):
        preview(clerk, headers=("Officer", "First day"))
    with override("fr"), pytest.raises(ImportRefused, match="«\xa0OPC\xa0»"):
        preview(clerk, headers=("Officer", "First day"))


def test_a_column_that_stands_twice_is_refused(clerk: User) -> None:
    with pytest.raises(ImportRefused, match="Columns A and E both hold “Officer”"):
        preview(clerk, headers=("Officer", "JFO", "First day", "FTE", "employé"))


def test_columns_that_are_not_of_the_import_are_named(clerk: User) -> None:
    made = preview(clerk, headers=("Officer", "JFO", "Bureau", "First day", ""))
    assert made.ignored == ("Bureau", "Column E, which has no header")


# Rows


def test_rows_are_new_changed_or_unchanged(clerk: User, assignment: Assignment) -> None:
    made = preview(
        clerk,
        row_for(assignment.jfo, start=date(2011, 4, 1)),
        row_for(assignment.jfo, fte=0.75, end=date(2010, 12, 31)),
    )
    assert [row.outcome for row in made.rows] == ["new", "changed"]
    assert [(change.label, change.old, change.new) for change in made.rows[1].changes] == [
        ("Last day", "–", "2010-12-31"),
        ("FTE", "0.50", "0.75"),
    ]
    assert made.rows[1].words == "T-0001 · TST-1 · 2010-04-01"
    assert preview(clerk, row_for(assignment.jfo)).rows[0].outcome == "unchanged"


def test_a_code_means_the_same_record_whatever_its_case(clerk: User, assignment: Assignment) -> None:
    row = ["t-0001", "opération un", *row_for(assignment.jfo)[2:]]
    assert preview(clerk, row).rows[0].outcome == "unchanged"


def test_an_optional_column_that_the_file_lacks_leaves_the_record_as_it_is(clerk: User, assignment: Assignment) -> None:
    made = preview(clerk, row_for(assignment.jfo)[:3], headers=HEADERS[:3])
    assert made.rows[0].outcome == "unchanged"


def test_an_empty_cell_means_the_default_or_nothing(clerk: User, assignment: Assignment) -> None:
    [row] = preview(clerk, row_for(assignment.jfo, fte=None)).rows
    assert [(change.label, change.new) for change in row.changes] == [("FTE", "1.00")]


def test_every_error_is_told_at_once(clerk: User, assignment: Assignment) -> None:
    made = preview(
        clerk,
        row_for(assignment.jfo, number="T-00O1", fte=2, end="31/12/2010"),
        ["T-0001", None, "soon", None, "half", "bored"],
    )
    assert [(line, label) for line, label, _sentence in errors(made)] == [
        (2, "Officer"),
        (2, "Last day"),
        (2, "FTE"),
        (3, "JFO"),
        (3, "First day"),
        (3, "FTE"),
        (3, "Reason for the end"),
    ]
    assert errors(made)[0][2] == "No Officer “T-00O1” is known. Did you mean T-0001?"
    assert [row.outcome for row in made.rows] == ["error", "error"]


def test_two_rows_about_one_record_name_each_other(clerk: User, assignment: Assignment) -> None:
    made = preview(clerk, row_for(assignment.jfo), row_for(assignment.jfo, number="t-0001", fte=1))
    assert [sentence[:5] + " of " + str(line) for line, _label, sentence in errors(made)] == [
        "Row 3 of 2",
        "Row 2 of 3",
    ]


def test_the_models_own_rules_are_told_beside_their_column(clerk: User, assignment: Assignment) -> None:
    made = preview(clerk, row_for(assignment.jfo, end=date(2010, 3, 31)))
    assert errors(made) == [(2, "Last day", "The last day is before the first day.")]
    headers = ("Number", "Family name")
    made = OfficerResource(clerk).preview(sheet(["T-0002", "x" * 81], headers=headers))
    assert {label for _line, label, _sentence in errors(made)} >= {"Family name", "Region", "Given name"}


def test_a_record_of_another_region_cannot_be_meant(assignment: Assignment, outsider: User) -> None:
    made = preview(outsider, row_for(assignment.jfo))
    assert [sentence for *_place, sentence in errors(made)] == ["No Officer “T-0001” is known. For example: O-0042."]


def test_a_record_the_user_may_not_change_is_refused_though_its_key_is_known(
    assignment: Assignment, clerk: User
) -> None:
    class Narrow(AssignmentResource):
        def importable(self) -> models.QuerySet:
            return super().importable().none()

    made = Narrow(clerk).preview(sheet(row_for(assignment.jfo)))
    assert [sentence for *_place, sentence in errors(made)] == [
        "T-0001 · TST-1 · 2010-04-01 is not among the records that you may change."
    ]


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(clerk: User, assignment: Assignment) -> None:
    for number in range(100):
        make_officer(assignment.officer.region, f"T-1{number:03}")
    many = [row_for(assignment.jfo, number=f"T-1{number:03}") for number in range(100)]
    with CaptureQueriesContext(connection) as few:
        preview(clerk, row_for(assignment.jfo), many[0])
    with CaptureQueriesContext(connection) as more:
        assert preview(clerk, row_for(assignment.jfo), *many).counts.new == 100
    assert len(more) == len(few) <= 4


# Saving


def test_an_import_saves_every_row_with_its_history(clerk: User, assignment: Assignment) -> None:
    counts = apply(
        clerk,
        row_for(assignment.jfo, fte=0.75, end=date(2010, 12, 31)),
        row_for(assignment.jfo, start=date(2011, 4, 1)),
    )
    assert (counts.new, counts.changed, counts.unchanged) == (1, 1, 0)
    assignment.refresh_from_db()
    assert (assignment.fte, assignment.end) == (Decimal("0.75"), date(2010, 12, 31))
    added = Assignment.objects.get(officer=assignment.officer, start=date(2011, 4, 1))
    for record in (assignment, added):
        version = record.history.latest()
        assert (version.who, version.door, version.history_change_reason) == (
            "import.clerk",
            Door.IMPORT,
            "the sheet of May",
        )


def test_the_same_sheet_again_changes_nothing(clerk: User, assignment: Assignment) -> None:
    rows = [row_for(assignment.jfo, fte=0.75, end=date(2010, 12, 31)), row_for(assignment.jfo, start=date(2011, 4, 1))]
    apply(clerk, *rows)
    versions = Assignment.history.count()
    assert apply(clerk, *rows).unchanged == 2
    assert Assignment.history.count() == versions


def test_a_row_with_an_error_keeps_every_row_out(clerk: User, assignment: Assignment) -> None:
    with pytest.raises(ImportRefused, match="Nothing was saved, because 1 row has an error"):
        apply(clerk, row_for(assignment.jfo, start=date(2011, 4, 1)), row_for(assignment.jfo, fte=2))
    assert Assignment.objects.filter(officer=assignment.officer).count() == 1


def test_a_change_since_the_preview_remakes_it(clerk: User, assignment: Assignment) -> None:
    made = preview(clerk, row_for(assignment.jfo, fte=0.75))
    assignment.fte = Decimal("0.25")
    assignment.save()
    with pytest.raises(PreviewRemade, match="The preview was remade"):
        AssignmentResource(clerk).apply(made.sheet, confirmed=made.digest, reason="")
    assignment.refresh_from_db()
    assert assignment.fte == Decimal("0.25")


@pytest.mark.django_db(transaction=True)
def test_of_two_imports_confirmed_at_once_the_second_is_remade(clerk: User, assignment: Assignment) -> None:
    made = preview(clerk, row_for(assignment.jfo, start=date(2009, 5, 1), end=date(2009, 6, 1)))
    together = threading.Barrier(2)

    def confirm() -> str:
        try:
            together.wait()
            AssignmentResource(clerk).apply(made.sheet, confirmed=made.digest, reason="")
        except PreviewRemade:
            return "remade"
        finally:
            connection.close()
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        ends = [thread.result() for thread in [pool.submit(confirm), pool.submit(confirm)]]
    assert sorted(ends) == ["remade", "saved"]
    assert Assignment.objects.filter(officer=assignment.officer).count() == 2


def test_a_refusal_of_the_database_is_a_sentence_and_nothing_is_saved(clerk: User, assignment: Assignment) -> None:
    """The database sums an officer's FTE; this resource has no rule of its own for it."""
    rows = [
        row_for(assignment.jfo, start=date(2009, 5, 1), end=date(2009, 6, 1)),
        row_for(assignment.jfo, start=date(2011, 4, 1), fte=0.75),
    ]
    with pytest.raises(ImportRefused, match="The database refused the import, and nothing was saved"):
        apply(clerk, *rows)
    assert Assignment.objects.filter(officer=assignment.officer).count() == 1


def test_a_preview_confirmed_in_french_is_the_one_seen_in_english(clerk: User, assignment: Assignment) -> None:
    rows = [
        row_for(assignment.jfo, fte=0.75, reason="Rotation"),
        row_for(assignment.jfo, fte=2, start=date(2011, 4, 1)),
    ]
    with override("fr"):
        in_french = preview(clerk, *rows).digest
    assert preview(clerk, *rows).digest == in_french


def test_a_column_of_another_table_is_compared_and_saved_with_its_record(clerk: User, assignment: Assignment) -> None:
    OfficerLevel.objects.create(officer=assignment.officer, level="FB-03", start=START)
    headers = ("Number", "Family name", "Given name", "Function", "Region", "First day", "Level")
    rows = sheet(
        ["T-0001", "Roy", "Ana", "IO", "TSF", START, "FB-04"],
        ["T-0002", "Roy", "Ana", "IO", "TST", START, "fb-03"],
        headers=headers,
    )
    made = OfficerResource(clerk).preview(rows)
    assert [row.outcome for row in made.rows] == ["changed", "new"]
    assert [(change.old, change.new) for change in made.rows[0].changes] == [("FB-03", "FB-04")]
    OfficerResource(clerk).apply(rows, confirmed=made.digest, reason="")
    assert OfficerLevel.objects.get(officer__number="T-0002").level == "FB-03"


# Export


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_exported_file_comes_back_unchanged(
    clerk: User, assignment: Assignment, file_format: str, language: str
) -> None:
    assignment.end, assignment.end_reason = date(2010, 12, 31), EndReason.ROTATION
    assignment.save()
    resource = AssignmentResource(clerk)
    records = resource.importable().filter(pk=assignment.pk)
    with override(language):
        response: Any = exports.response(file_format, "assignments", resource.columns(), records)
        data = b"".join(response)
    made = resource.preview(read(io.BytesIO(data), resource.headers()))
    assert (made.counts.unchanged, len(made.rows), made.ignored) == (1, 1, ())


def test_the_packages_own_export_has_the_same_columns(clerk: User, assignment: Assignment) -> None:
    resource = AssignmentResource(clerk)
    made = resource.export(resource.importable().filter(pk=assignment.pk))
    assert made.headers == list(HEADERS)
    assert made[0] == ("T-0001", "TST-1", date(2010, 4, 1), None, Decimal("0.50"), None)
    with pytest.raises(NotImplementedError):
        resource.import_data(made)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_template_is_an_import_whose_example_passes(clerk: User, language: str) -> None:
    resource = OfficerResource(clerk)
    Region.objects.get_or_create(
        code="QUE", defaults={"code_fr": "QUE", "name_en": "Quebec", "name_fr": "Québec", "start": START}
    )
    with override(language):
        file = io.BytesIO(workbook.template(resource, language))
    made = resource.preview(read(file, resource.headers()))
    assert (made.counts.error, len(made.rows), made.ignored) == (0, 1, ())
