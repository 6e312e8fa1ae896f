"""Arrangements come in by spreadsheet, each with its parties and the JFOs it covers."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import actions, resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from jfo_portal.kit.models import Import, RememberedChoice
from registry.models import JFO, Role, User
from tests import sheets
from tests.sheets import Row, errors, save, sheet
from wca.measures.coverage import coverage_on
from wca.models import Arrangement, Coverage, Signatory
from wca.resources import ArrangementResource

pytestmark = pytest.mark.django_db

NEW = "WCA-2011-0009"


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def arrangements(administrator: User) -> Resource:
    return sheets.resource("arrangements", administrator)


def one(**values: Any) -> Row:
    """A row of arrangements: a WCA of the CBSA and the RCMP from 2011-05-02 on, over the JFO of Montréal."""
    row = {
        "reference": NEW,
        "kind": "WCA",
        "title_en": "A WCA",
        "title_fr": "Une entente",
        "effective": date(2011, 5, 2),
    }
    parties = {"required_parties": "CBSA (2011-03-18)|RCMP (2011-03-21)", "other_parties": None}
    return row | {"expiry": None, "terminated_on": None} | parties | {"jfos": "SPVM-JFO"} | values


def parties(reference: str = NEW) -> set[tuple[str, bool, date | None]]:
    found = Signatory.objects.filter(arrangement__reference=reference)
    return set(found.values_list("agency__key", "is_required", "signed_on"))


def covered(reference: str = NEW) -> set[tuple[str, date, date | None]]:
    found = Coverage.objects.filter(arrangement__reference=reference)
    return set(found.values_list("jfo__code", "start", "end"))


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(role: Role) -> None:
    assert resources.get("arrangements", User(username="somebody", role=role)) is None


def test_the_sample_is_imported_as_documented_and_once(arrangements: Resource) -> None:
    made = sheets.sample(arrangements, "arrangements.xlsx")
    preview = arrangements.preview(made)
    assert (errors(preview), preview.ignored) == ([], ())
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (2, 2, 1)
    assert [change.name for row in preview.rows for change in row.changes] == [
        "other_parties",
        "expiry",
        "review_due",
    ]
    save(arrangements, made)
    models = (Arrangement, Signatory, Coverage)
    versions = [model.history.count() for model in models]
    assert save(arrangements, made).unchanged == 5
    assert [model.history.count() for model in models] == versions
    assert sheets.breaches() == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_unknown_name_of_a_cell_is_a_value_that_can_stand_for_another(
    arrangements: Resource, administrator: User, client_of: Callable[[User], Client], language: str
) -> None:
    text = (
        "Reference,Kind,Title in English,Title in French,Effective,Required parties,JFOs covered\n"
        "WCA-2011-0009,WCA,A WCA,Une entente,2011-05-02,RCPM (2011-03-21) | CBSA | Nowhere PD,SPVM JFU (2011-06-01)\n"
        "WCA-2011-0010,WCA,A WCA,Une entente,2011-05-02,rcpm | CBSA,FAE|SPVM JFU\n"
    )
    client = client_of(administrator)
    file = SimpleUploadedFile("arrangements.csv", text.encode())
    response: Any = client.post(reverse("import-new"), {"entity": "arrangements", "file": file})
    values = reverse("import-values", args=[int(response.url.split("/")[-3])]).replace("/en/", f"/{language}/")
    shown: Any = client.get(values)
    unmatched = shown.context["form"].unmatched
    assert {(one.name, one.value, one.count) for one in unmatched.values()} == {
        ("required_parties", "RCPM", 2),
        ("required_parties", "Nowhere PD", 1),
        ("jfos", "SPVM JFU", 2),
    }
    stand_for = {"RCPM": "RCMP", "Nowhere PD": "SQ", "SPVM JFU": "SPVM-JFO"}
    review: Any = client.post(values, {key: stand_for[one.value] for key, one in unmatched.items()}, follow=True)
    assert (review.context["counts"].error, review.context["counts"].new) == (0, 2)
    [staged] = Import.objects.filter(by=administrator)
    actions.confirm(
        staged,
        arrangements,
        by=administrator,
        confirmed=review.context["digest"],
        reason="May",
        agreed_to_warnings=True,
    )
    assert parties() == {("RCMP", True, date(2011, 3, 21)), ("CBSA", True, None), ("SQ", True, None)}
    assert covered() == {("SPVM-JFO", date(2011, 6, 1), None)}
    # What was said of each name is kept with the import, and remembered.
    staged.refresh_from_db()
    assert staged.choices["jfos"] == {"spvm jfu": "SPVM-JFO"}
    assert RememberedChoice.objects.get(spelling="rcpm").choice == "RCMP"


def test_all_unknown_names_of_a_cell_are_told_at_once(arrangements: Resource) -> None:
    [(_line, _label, sentence)] = errors(arrangements.preview(sheet(arrangements, one(other_parties="Xx1|OPP|Yy2"))))
    assert "“Xx1”" in sentence
    assert "“Yy2”" in sentence


def test_an_arrangement_comes_with_its_parties_and_jfos(arrangements: Resource) -> None:
    row = one(
        required_parties="ASFC (2011-03-18) | R.C.M.P. (2011-03-21)",
        other_parties="Sûreté du Québec",
        jfos="IBET QUE (1 of 3) | FAE (2011-06-01/2012-03-31)\nSPVM-JFO",
    )
    save(arrangements, sheet(arrangements, row))
    assert parties() == {
        ("CBSA", True, date(2011, 3, 18)),
        ("RCMP", True, date(2011, 3, 21)),
        ("SQ", False, None),
    }
    assert covered() == {
        ("IBET-QUE-1", date(2011, 5, 2), None),
        ("FAE", date(2011, 6, 1), date(2012, 3, 31)),
        ("SPVM-JFO", date(2011, 5, 2), None),
    }
    [on_day] = coverage_on(JFO.objects.filter(code="SPVM-JFO"), date(2011, 5, 2))
    assert on_day.is_covered
    arrangement = Arrangement.objects.get(reference=NEW)
    for record in (arrangement, *arrangement.signatories.all(), *arrangement.coverage.all()):
        version = record.history.get()
        assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")


def test_a_signature_changes_its_party_alone(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, one(required_parties="CBSA (2011-03-18) | RCMP")))
    versions = Arrangement.history.count(), Signatory.history.count(), Coverage.history.count()
    made = sheet(arrangements, one())
    [row] = arrangements.preview(made).rows
    assert [(change.label, change.old, change.new) for change in row.changes] == [
        ("Required parties", "CBSA (2011-03-18) | RCMP", "CBSA (2011-03-18) | RCMP (2011-03-21)")
    ]
    save(arrangements, made)
    assert parties() == {("CBSA", True, date(2011, 3, 18)), ("RCMP", True, date(2011, 3, 21))}
    after = Arrangement.history.count(), Signatory.history.count(), Coverage.history.count()
    assert after == (versions[0], versions[1] + 1, versions[2])


def test_a_party_moves_to_the_others_and_a_jfo_is_ended_or_added(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, one(jfos="SPVM-JFO | FAE")))
    row = one(
        required_parties="CBSA (2011-03-18)",
        other_parties="RCMP (2011-03-21)",
        jfos="SPVM-JFO (2011-05-02/2011-12-31) | FAE | NPET-QUE (2011-09-01)",
    )
    save(arrangements, sheet(arrangements, row))
    assert parties() == {("CBSA", True, date(2011, 3, 18)), ("RCMP", False, date(2011, 3, 21))}
    assert covered() == {
        ("SPVM-JFO", date(2011, 5, 2), date(2011, 12, 31)),
        ("FAE", date(2011, 5, 2), None),
        ("NPET-QUE", date(2011, 9, 1), None),
    }


def test_another_first_day_corrects_the_coverage_there_is(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, one()))
    key = Coverage.objects.get(arrangement__reference=NEW).pk
    save(arrangements, sheet(arrangements, one(effective=date(2011, 6, 1))))
    assert covered() == {("SPVM-JFO", date(2011, 6, 1), None)}
    assert Coverage.objects.get(arrangement__reference=NEW).pk == key


def test_columns_that_the_file_lacks_leave_parties_and_jfos(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, one(other_parties="OPP")))
    before = parties(), covered()
    row = one(expiry=date(2016, 5, 1))
    del row["required_parties"], row["other_parties"], row["jfos"]
    save(arrangements, sheet(arrangements, row))
    assert Arrangement.objects.get(reference=NEW).expiry == date(2016, 5, 1)
    assert (parties(), covered()) == before


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        (
            {"required_parties": "CBSA | Local/provincial police"},
            "Required parties",
            "“Local/provincial police” is a group of forces: it cannot sign. Name the forces that sign.",
        ),
        ({"required_parties": "CBSA | RCPM"}, "Required parties", "No agency “RCPM” is known. Did you mean RCMP?"),
        ({"required_parties": "CBSA | ASFC"}, "Required parties", "CBSA stands here twice. Keep one of the two."),
        ({"required_parties": "CBSA (4 May 2011)"}, "Required parties", "“4 May 2011” is not a date"),
        ({"required_parties": "CBSA (2011-03-18/2011-03-21)"}, "Required parties", "After CBSA stand two days."),
        ({"other_parties": "RCMP"}, "Other parties", "among the required parties and the others: RCMP."),
        ({"jfos": "SPVM"}, "JFOs covered", "No JFO “SPVM” is known."),
        ({"jfos": "SPVM-JFO | SPVM-JFO (2011-06-01)"}, "JFOs covered", "SPVM-JFO stands here twice for 2011-06-01."),
        ({"jfos": "SPVM-JFO (2011-06-01/2011-05-31)"}, "JFOs covered", "is before its first, 2011-06-01."),
        ({"effective": None}, "JFOs covered", "Give an effective date, or write the day: SPVM-JFO (2011-04-01)."),
        ({"expiry": date(2011, 5, 1)}, "Expiry", "The expiry is before the effective date."),
        ({"kind": "Treaty"}, "Kind", "“Treaty” is not one of these: Written collaborative arrangement (WCA);"),
        ({"title_fr": None}, "Title in French", "a value is needed. For example: Entente écrite"),
    ],
)
def test_what_is_wrong_with_an_arrangement_is_told(arrangements: Resource, values: Row, label: str, words: str) -> None:
    made = sheet(arrangements, one(reference="WCA-2011-0008"), one() | values)
    [(line, told, sentence)] = errors(arrangements.preview(made))
    assert (line, told) == (3, label)
    assert words in sentence
    with override("fr"):
        [(line, in_french, _sentence)] = errors(arrangements.preview(made))
    name = next(name for name, field in arrangements.fields.items() if field.labels["en"] == label)
    assert (line, in_french) == (3, arrangements.fields[name].labels["fr"])
    with pytest.raises(ImportRefused, match="1 row has an error"):
        save(arrangements, made)
    assert not Arrangement.objects.filter(reference__startswith="WCA-2011-000").exists()


def test_an_import_removes_no_party_and_no_jfo(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, one(jfos="SPVM-JFO | FAE")))
    told = errors(arrangements.preview(sheet(arrangements, one(required_parties="CBSA (2011-03-18)"))))
    assert [label for _line, label, _sentence in told] == ["Required parties", "JFOs covered"]
    assert "the row no longer names them: RCMP. An import removes no party" in told[0][2]
    assert "the row no longer names them: FAE (2011-05-02). An import removes none" in told[1][2]


def test_a_number_is_never_used_again(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, one()))
    Arrangement.objects.get(reference=NEW).delete()
    [(_line, label, sentence)] = errors(arrangements.preview(sheet(arrangements, one())))
    assert label == "Reference"
    assert f"The number {NEW} was issued before" in sentence


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(arrangements: Resource, file_format: str, language: str) -> None:
    with override(language):
        preview = arrangements.preview(sheets.exported(arrangements, arrangements.importable(), file_format))
    assert (errors(preview), preview.ignored) == ([], ())
    assert preview.counts.unchanged == Arrangement.objects.count() == 17


def test_an_edited_export_changes_only_the_edited_cells(arrangements: Resource) -> None:
    made = sheets.exported(arrangements, arrangements.importable().order_by("reference"))
    made = sheets.edited(arrangements, made, 2, "effective", date(2004, 3, 1))
    [row] = [row for row in arrangements.preview(made).rows if row.changes]
    assert [change.name for change in row.changes] == ["effective"]


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(administrator: User) -> None:
    first = sheets.resource("arrangements", administrator)
    save(first, sheet(first, *(one(reference=f"WCA-2012-{number:04}") for number in range(1, 101))))
    counted = []
    for count in (1, 100):
        changed = [one(reference=f"WCA-2012-{n:04}", other_parties="OPP") for n in range(1, count + 1)]
        new = [one(reference=f"WCA-2013-{n:04}") for n in range(1, count + 1)]
        resource = sheets.resource("arrangements", administrator)
        with CaptureQueriesContext(connection) as queries:
            preview = resource.preview(sheet(resource, *changed, *new))
        assert (preview.counts.new, preview.counts.changed) == (count, count)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 14


@pytest.mark.django_db(transaction=True)
def test_of_two_imports_of_one_arrangement_at_once_the_second_is_remade(administrator: User) -> None:
    resource = ArrangementResource(administrator)
    made = sheet(resource, one())
    digest = resource.preview(made).digest
    together = threading.Barrier(2)
    ends: list[str] = []

    def confirm() -> None:
        together.wait()
        try:
            ArrangementResource(administrator).apply(made, confirmed=digest, reason="at once")
            ends.append("saved")
        except ImportRefused as refusal:
            ends.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _copy in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "saved" in ends
    assert any("The preview was remade" in end for end in ends)
    assert len(parties()) == 2
    assert len(covered()) == 1
