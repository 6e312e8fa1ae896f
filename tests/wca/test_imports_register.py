"""The import of arrangements keeps the rules that the pages of the register keep: numbers, ends, signatures, stages."""

import threading
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports.fields import ImportField
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from registry.models import User
from tests import sheets
from tests.sheets import Row, errors, save, sheet
from wca import lifecycle
from wca.models import Arrangement, Coverage, Event, ReferenceCounter, Signatory, Stage, Step
from wca.numbering import issue
from wca.resources import ArrangementResource

pytestmark = pytest.mark.django_db

OLD, ON_ITS_WAY = "WCA-2007-0002", "WCA-2010-0001"


@pytest.fixture
def arrangements(administrator: User) -> Resource:
    return sheets.resource("arrangements", administrator)


def new(reference: str = "WCA-2011-0101", **values: Any) -> Row:
    titles = {"title_en": "A WCA", "title_fr": "Une entente"}
    return {"reference": reference, "kind": "WCA", **titles} | values


def of(reference: str, **values: Any) -> Row:
    """A row about an arrangement that is there, which says of it what the database says, and these values."""
    row = Arrangement.objects.get(reference=reference)
    said = {"kind": row.get_kind_display(), "title_en": row.title_en, "title_fr": row.title_fr}
    return {"reference": reference} | said | values


def told(of_resource: Resource, *rows: Row) -> list[tuple[str, str]]:
    """The label and the sentence of each error of the rows."""
    return [(label, sentence) for _line, label, sentence in errors(of_resource.preview(sheet(of_resource, *rows)))]


def in_french(of_resource: Resource, *rows: Row) -> list[tuple[str, str]]:
    with override("fr"):
        return told(of_resource, *rows)


def examples(of_resource: Resource) -> Row:
    return {name: field.example for name, field in of_resource.fields.items() if field.example}


# What the columns say


def test_one_row_of_all_the_examples_is_a_new_arrangement(arrangements: Resource) -> None:
    preview = arrangements.preview(sheet(arrangements, examples(arrangements)))
    assert (errors(preview), preview.counts.new) == ([], 1)


def test_every_column_says_what_it_takes_in_both_languages(arrangements: Resource) -> None:
    for field in arrangements.fields.values():
        assert isinstance(field, ImportField)
        assert field.labels["en"] != field.labels["fr"]
        with override("fr"):
            in_words = field.explanation
        assert in_words != field.explanation


def test_a_row_brings_what_the_register_says_of_an_arrangement(arrangements: Resource) -> None:
    row = new(
        review_due=date(2013, 3, 31),
        security_level="Protégé B",
        authorities="Customs Act, s. 107\nPrivacy Act, s. 8(2)(f)",
        office="Intelligence and Targeting",
    )
    save(arrangements, sheet(arrangements, row))
    found = Arrangement.objects.get(reference="WCA-2011-0101")
    assert (found.review_due, found.security_level, found.office) == (
        date(2013, 3, 31),
        "protected_b",
        "Intelligence and Targeting",
    )
    assert found.authorities.splitlines() == ["Customs Act, s. 107", "Privacy Act, s. 8(2)(f)"]
    assert sheets.breaches() == []


# Numbers


@pytest.mark.parametrize("spelling", ["wca-2011-101", "WCA – 2011 – 0101", "WCA-2011-00101"])
def test_a_number_is_stored_as_it_is_issued_however_it_is_spelled(arrangements: Resource, spelling: str) -> None:
    save(arrangements, sheet(arrangements, new(spelling.replace("–", "-"))))
    assert Arrangement.objects.filter(reference="WCA-2011-0101").count() == 1
    again = sheets.resource("arrangements", arrangements.user)  # type: ignore[arg-type]
    assert again.preview(sheet(again, new("WCA-2011-0101"))).counts.unchanged == 1


@pytest.mark.parametrize("number", ["2011-0101", "WCA-11-0101", "WCA-2011-", "WCA-2011-0000", "WCA-2011-1234567", "X"])
def test_a_new_arrangement_needs_a_number_of_the_register(arrangements: Resource, number: str) -> None:
    [(label, sentence)] = told(arrangements, new(number))
    assert label == "Reference"
    assert "Write WCA, MOU or AGR, the year, and four to six digits: WCA-2011-0101." in sentence
    [(label, sentence)] = in_french(arrangements, new(number))
    assert label == "Référence"
    assert "n’est pas un numéro du registre" in sentence


def test_the_next_number_that_is_issued_comes_after_those_of_an_import(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, new("wca-2011-101")))
    assert issue("wca", 2011) == "WCA-2011-0102"
    assert ReferenceCounter.objects.get(prefix="WCA", year=2011).last == 102


def test_the_number_of_an_undone_import_is_not_used_again(arrangements: Resource, administrator: User) -> None:
    with changesets.act(administrator, door=Door.IMPORT) as change:
        arrangements.change = change
        save(arrangements, sheet(arrangements, new()))
    changesets.undo(change, by=administrator)
    assert not Arrangement.objects.filter(reference="WCA-2011-0101").exists()
    [(_label, sentence)] = told(ArrangementResource(administrator), new())
    assert "is never used again" in sentence
    assert issue("wca", 2011) == "WCA-2011-0102"


@pytest.mark.django_db(transaction=True)
def test_a_number_that_is_asked_for_during_an_import_is_not_one_of_its_numbers(administrator: User) -> None:
    of = ArrangementResource(administrator)
    made = sheet(of, *(new(f"WCA-2011-{number:04}") for number in range(1, 40)))
    digest = of.preview(made).digest
    together = threading.Barrier(2)
    ends: list[str] = []

    def bring_in() -> None:
        together.wait()
        try:
            ArrangementResource(administrator).apply(made, confirmed=digest, reason="at once")
            ends.append("saved")
        except ImportRefused as refusal:
            ends.append(str(refusal))
        finally:
            connection.close()

    def ask() -> None:
        together.wait()
        try:
            with transaction.atomic():
                row = Arrangement(reference=issue("wca", 2011), title_en="Asked", title_fr="Demandée")
                ends.append(row.save_as(administrator).reference)
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for act in (bring_in, ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if "saved" in ends:
        assert "WCA-2011-0040" in ends
    else:
        # Who asked was first, and the file is about a record that was not there.
        assert "WCA-2011-0001" in ends
        assert any("The preview was remade" in end for end in ends)


# Signatures, ends and stages


def test_a_signature_is_recorded_once_it_is_given(arrangements: Resource) -> None:
    row = new(required_parties="CBSA (2011-03-31) | RCMP (2011-04-01)", other_parties="OPP (2012-01-01)")
    (first, sentence), (second, _sentence) = told(arrangements, row)
    assert (first, second) == ("Required parties", "Other parties")
    assert "RCMP would sign on 2011-04-01." in sentence
    assert "give a day up to today, 2011-03-31, or none yet." in sentence
    assert "donnez un jour jusqu’à aujourd’hui" in in_french(arrangements, row)[0][1]


def test_a_newer_arrangement_supersedes_an_older_one(arrangements: Resource) -> None:
    save(arrangements, sheet(arrangements, of(OLD, superseded_by="WCA-2008-0001", superseded_on=date(2012, 1, 1))))
    found = Arrangement.objects.get(reference=OLD)
    assert (str(found.superseded_by), found.superseded_on) == ("WCA-2008-0001", date(2012, 1, 1))
    assert sheets.breaches() == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"superseded_by": "WCA-2008-0001"}, "Say both which arrangement supersedes this one and from which day."),
        ({"superseded_on": date(2012, 1, 1)}, "Say both which arrangement supersedes this one and from which day."),
        ({"superseded_by": OLD, "superseded_on": date(2012, 1, 1)}, f"{OLD} cannot supersede itself."),
        ({"superseded_by": "WCA-2099-0001", "superseded_on": date(2012, 1, 1)}, "“WCA-2099-0001” is known."),
    ],
)
def test_a_supersession_is_whole_and_names_another_arrangement(arrangements: Resource, values: Row, words: str) -> None:
    row = of(OLD) | {"superseded_by": None, "superseded_on": None} | values
    [(_label, sentence)] = told(arrangements, row)
    assert words in sentence
    assert in_french(arrangements, row)[0][1] != sentence


def test_two_rows_that_supersede_each_other_are_both_refused(arrangements: Resource) -> None:
    day = date(2012, 1, 1)
    found = told(
        arrangements,
        of(OLD, superseded_by="WCA-2008-0001", superseded_on=day),
        of("WCA-2008-0001", superseded_by=OLD, superseded_on=day),
    )
    assert [label for label, _sentence in found] == ["Superseded by", "Superseded by"]
    assert "is itself superseded by" in found[0][1]


def test_a_row_may_break_a_circle_that_another_row_would_close(arrangements: Resource) -> None:
    day = date(2012, 1, 1)
    save(arrangements, sheet(arrangements, of(OLD, superseded_by="WCA-2008-0001", superseded_on=day)))
    rows = (
        of(OLD) | {"superseded_by": None, "superseded_on": None},
        of("WCA-2008-0001", superseded_by=OLD, superseded_on=day),
    )
    assert told(arrangements, *rows) == []
    save(arrangements, sheet(arrangements, *rows))
    assert sheets.breaches() == []


def test_what_has_steps_is_terminated_in_its_life_cycle(arrangements: Resource) -> None:
    row = of(ON_ITS_WAY, terminated_on=date(2012, 1, 1))
    [(label, sentence)] = told(arrangements, row)
    assert label == "Terminated on"
    assert f"{ON_ITS_WAY} is in the stage “Awaiting signature” by its life cycle" in sentence
    assert "cycle de vie" in in_french(arrangements, row)[0][1]
    assert told(arrangements, of(OLD, terminated_on=date(2012, 1, 1))) == []


def test_a_recorded_supersession_is_corrected_on_its_page(arrangements: Resource, nhq_reviewer: User) -> None:
    arrangement = Arrangement.objects.get(reference=ON_ITS_WAY)
    Signatory.objects.filter(arrangement=arrangement, signed_on=None).update(signed_on=date(2010, 9, 1))
    lifecycle.take(arrangement, Event.ENTER, date(2010, 9, 1), by=nhq_reviewer)
    newer = Arrangement.objects.get(reference="WCA-2008-0001")
    lifecycle.take(arrangement, Event.SUPERSEDE, date(2011, 3, 1), by=nhq_reviewer, newer=newer)
    [(label, sentence)] = told(
        arrangements, of(ON_ITS_WAY, superseded_by="WCA-2008-0001", superseded_on=date(2011, 3, 2))
    )
    assert label == "Superseded on"
    assert "correct that on its page, under Supersede" in sentence


def test_what_was_withdrawn_does_not_come_into_force_by_a_file(arrangements: Resource, nhq_reviewer: User) -> None:
    arrangement = Arrangement.objects.get(reference=ON_ITS_WAY)
    lifecycle.take(arrangement, Event.WITHDRAW, date(2011, 3, 1), by=nhq_reviewer, reason="Not needed.")
    row = of(ON_ITS_WAY, required_parties="CBSA (2010-08-18) | OPP (2011-03-30)")
    [(_label, sentence)] = told(arrangements, row)
    assert f"{ON_ITS_WAY} was withdrawn on 2011-03-01" in sentence
    assert "a été retirée le 2011-03-01" in in_french(arrangements, row)[0][1]
    assert sheets.breaches() == []


def test_a_file_that_brings_a_draft_into_force_says_so_first(arrangements: Resource, nhq_reviewer: User) -> None:
    save(arrangements, sheet(arrangements, new(effective=date(2011, 4, 1), required_parties="CBSA | RCMP")))
    arrangement = Arrangement.objects.get(reference="WCA-2011-0101")
    lifecycle.begin(arrangement, Stage.DRAFTING, date(2011, 3, 1), by=nhq_reviewer)
    made = sheet(arrangements, new(required_parties="CBSA (2011-03-15) | RCMP (2011-03-16)"))
    preview = sheets.resource("arrangements", arrangements.user).preview(made)  # type: ignore[arg-type]
    assert errors(preview) == []
    [warning] = preview.rows[0].warnings
    assert "is in the stage “Drafting” by its life cycle" in warning.sentence
    assert Step.objects.filter(arrangement=arrangement).count() == 1


def test_every_error_of_a_file_is_told_at_once(arrangements: Resource) -> None:
    found = told(
        arrangements,
        new("nothing"),
        new("WCA-2011-0102", security_level="Hush"),
        of(OLD, superseded_by=OLD, superseded_on=date(2012, 1, 1)),
        of(ON_ITS_WAY, terminated_on=date(2012, 1, 1)),
    )
    assert sorted(label for label, _sentence in found) == [
        "Reference",
        "Security level",
        "Superseded by",
        "Terminated on",
    ]


def test_an_import_is_undone_whole_with_its_parties_and_jfos(arrangements: Resource, administrator: User) -> None:
    counts = [model.objects.count() for model in (Arrangement, Signatory, Coverage)]
    before = Arrangement.objects.get(reference=OLD).office
    with changesets.act(administrator, door=Door.IMPORT) as change:
        arrangements.change = change
        row = new(required_parties="CBSA | RCMP", effective=date(2011, 5, 1), jfos="FAE")
        stored = Arrangement.objects.get(reference=OLD)
        whole = {name: field.export(stored) for name, field in arrangements.fields.items()}
        save(arrangements, sheet(arrangements, row, whole | {"office": "Another office"}))
    assert Arrangement.objects.get(reference=OLD).office == "Another office"
    assert changesets.may_undo(change, administrator)
    changesets.undo(change, by=administrator)
    assert [model.objects.count() for model in (Arrangement, Signatory, Coverage)] == counts
    assert Arrangement.objects.get(reference=OLD).office == before
    assert sheets.breaches() == []


def test_rows_with_steps_and_supersessions_cost_no_query_each(administrator: User, nhq_reviewer: User) -> None:
    first = sheets.resource("arrangements", administrator)
    save(first, sheet(first, *(new(f"WCA-2012-{number:04}") for number in range(1, 61))))
    for arrangement in Arrangement.objects.filter(reference__startswith="WCA-2012-"):
        lifecycle.begin(arrangement, Stage.NEEDED, date(2011, 3, 1), by=nhq_reviewer)
    counted = []
    for count in (1, 60):
        rows = [new(f"WCA-2012-{n:04}", superseded_by=OLD, superseded_on=date(2012, 1, 1)) for n in range(1, count + 1)]
        resource = sheets.resource("arrangements", administrator)
        with CaptureQueriesContext(connection) as queries:
            assert resource.preview(sheet(resource, *rows)).counts.changed == count
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 14


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
_DAYS = st.dates(date(2011, 1, 1), date(2020, 12, 31))
_ROWS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["WCA", "MOU"]),
        "title_en": _WORDS,
        "title_fr": _WORDS,
        "effective": _DAYS,
        "review_due": st.none() | _DAYS,
        "security_level": st.none() | st.sampled_from(["Protected A", "Très secret"]),
        "authorities": st.none() | st.lists(_WORDS, min_size=1, max_size=3).map("\n".join),
        "office": st.none() | _WORDS,
        "required_parties": st.sampled_from([None, "CBSA", "CBSA (2011-03-15) | RCMP", "RCMP (2011-03-31)"]),
        "other_parties": st.sampled_from([None, "OPP (2011-01-03) | SQ"]),
        "jfos": st.sampled_from([None, "FAE", "SPVM-JFO | FAE (2013-01-01/2014-12-31)"]),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROWS, min_size=1, max_size=4), number=st.integers(1, 800_000), is_french=st.booleans())
def test_whatever_is_imported_comes_out_and_in_again_without_a_change(
    administrator: User, rows: list[Row], number: int, is_french: bool
) -> None:
    resource = sheets.resource("arrangements", administrator)
    numbered = [{"reference": f"AGR-2011-{number + place:04}", **row} for place, row in enumerate(rows)]
    if errors(resource.preview(sheet(resource, *numbered))):
        # A word that is a formula's error, or a number that an earlier example took.
        return
    save(resource, sheet(resource, *numbered))
    with override("fr" if is_french else "en"):
        made = sheets.exported(resource, resource.importable())
        preview = sheets.resource("arrangements", administrator).preview(made)
    assert (errors(preview), preview.counts.new, preview.counts.changed) == ([], 0, 0)
    Arrangement.objects.filter(reference__startswith="AGR-2011-").delete()
