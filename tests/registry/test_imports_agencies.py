"""Agencies come in by spreadsheet, each with its spellings, and none goes by another's name."""

from typing import Any

import pytest
from django.utils.translation import override

from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from registry.models import Agency, AgencyAlias, User
from registry.models.partners import agency_named
from registry.resources import AgencyResource
from tests import sheets
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def agencies(administrator: User) -> Resource:
    return sheets.resource("agencies", administrator)


def one(key: str = "RNC", **values: Any) -> Row:
    names = {"short_en": "RNC", "short_fr": "FCRTN"}
    names |= {"name_en": "Royal Newfoundland Constabulary", "name_fr": "Force constabulaire royale de Terre-Neuve"}
    return {"key": key, **names, "level": "Provincial", "is_group": None, "spellings": "R.N.C. | N.C."} | values


def as_stored(key: str, **values: Any) -> Row:
    """The row of an agency as it is, with other values."""
    agency = Agency.objects.get(key=key)
    names = {name: getattr(agency, name) for name in ("short_en", "short_fr", "name_en", "name_fr", "level")}
    spellings = " | ".join(alias.alias for alias in agency.aliases.all())
    return {"key": key, **names, "is_group": agency.is_group, "spellings": spellings} | values


def test_a_new_agency_comes_with_its_spellings(agencies: Resource) -> None:
    save(agencies, sheet(agencies, one()))
    agency = Agency.objects.get(key="RNC")
    assert (agency.level, agency.is_group) == ("provincial", False)
    assert {alias.alias for alias in agency.aliases.all()} == {"R.N.C.", "N.C."}
    assert agency_named("r.n.c.") == agency


def test_a_spelling_is_added_and_one_is_corrected(agencies: Resource) -> None:
    row = as_stored("RCMP")
    row["spellings"] = row["spellings"].replace("R.C.M.P.", "r.c.m.p.") + " | Mounties\nRed serge "
    versions = Agency.history.count()
    preview = agencies.preview(sheet(agencies, row))
    [change] = preview.rows[0].changes
    assert "Mounties" in change.new
    save(agencies, sheet(agencies, row))
    found = {alias.alias for alias in Agency.objects.get(key="RCMP").aliases.all()}
    assert found >= {"Mounties", "Red serge", "r.c.m.p."}
    assert "R.C.M.P." not in found
    # The agency itself is as it was.
    assert Agency.history.count() == versions


def test_a_file_without_the_column_leaves_the_spellings_alone(agencies: Resource) -> None:
    row = as_stored("RCMP", name_fr="La Gendarmerie")
    del row["spellings"]
    count = AgencyAlias.objects.count()
    assert save(agencies, sheet(agencies, row)).changed == 1
    assert AgencyAlias.objects.count() == count


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"key": "rnc"}, "Key", "Use capital letters, digits and hyphens alone"),
        ({"key": "R/N"}, "Key", "Use capital letters, digits and hyphens alone"),
        ({"key": "GRC"}, "Key", "“GRC” is a spelling of RCMP (Royal Canadian Mounted Police)."),
        ({"short_en": "grc"}, "Short form in English", "“grc” is a spelling of RCMP"),
        ({"name_fr": "Gendarmerie Royale du Canada"}, "Name in French", "Remove it there first, or merge the two."),
        ({"spellings": "N.C. | R.C.M.P."}, "Other spellings", "“R.C.M.P.” is a spelling of RCMP"),
        ({"spellings": "N.C. | n.c."}, "Other spellings", "“N.C.” stands here twice."),
        ({"spellings": "RNC"}, "Other spellings", "“RNC” is a spelling of this agency already"),
        ({"spellings": "Café | Cafe"}, "Other spellings", "is a spelling of this agency already"),
        ({"spellings": "x" * 201}, "Other spellings", "is longer than 200 characters. Separate the spellings by |."),
        ({"level": "Regional"}, "Level of government", "“Regional” is not one of these"),
        ({"is_group": "perhaps"}, "Is a group", "neither yes nor no"),
        ({"name_en": None}, "Name in English", "a value is needed"),
    ],
)
def test_what_is_wrong_with_an_agency_is_told(
    agencies: Resource, administrator: User, values: Row, label: str, words: str
) -> None:
    made = sheet(agencies, one(**values))
    found = errors(agencies.preview(made))
    assert {told for _line, told, _sentence in found} == {label}
    assert words in found[0][2]
    with override("fr"):
        in_french = errors(AgencyResource(administrator).preview(made))
    assert [sentence for *_place, sentence in in_french] != [sentence for *_place, sentence in found]


def test_every_error_is_told_at_once(agencies: Resource) -> None:
    found = errors(agencies.preview(sheet(agencies, one(short_en="GRC", name_en="CSIS", spellings="SCRS | OPP"))))
    assert [label for _line, label, _sentence in found] == [
        "Short form in English",
        "Name in English",
        "Other spellings",
        "Other spellings",
    ]


def test_two_rows_cannot_bear_one_name(agencies: Resource) -> None:
    other = one("OTHER", short_en="O-1", short_fr="O-1", name_en="Other", name_fr="Autre", spellings="n.c.")
    assert errors(agencies.preview(sheet(agencies, one(), other))) == [
        (
            2,
            "Other spellings",
            "“N.C.” is a spelling of OTHER (Other) too, in row 3. Keep one.",
        ),
        (
            3,
            "Other spellings",
            "“n.c.” is a spelling of RNC (Royal Newfoundland Constabulary) too, in row 2. Keep one.",
        ),
    ]


def test_a_name_that_the_file_frees_can_be_given(agencies: Resource) -> None:
    """What an agency is called after the import counts, not before."""
    save(agencies, sheet(agencies, one()))
    made = sheet(agencies, one(name_en="Force of Newfoundland"), one("NEW", short_en="N-1", short_fr="N-1",
        name_en="Royal Newfoundland Constabulary", name_fr="Nouvelle", spellings=None))  # fmt: skip
    assert errors(agencies.preview(made)) == []


def test_an_import_removes_no_spelling(agencies: Resource) -> None:
    made = sheet(agencies, as_stored("RCMP", spellings="RCMP"))
    [(line, label, sentence)] = errors(agencies.preview(made))
    assert (line, label) == (2, "Other spellings")
    assert "GRC" in sentence
    assert "An import removes none: name them again" in sentence
    with pytest.raises(ImportRefused):
        save(agencies, made)


def test_who_leads_or_signs_becomes_no_group(agencies: Resource) -> None:
    [(_line, label, sentence)] = errors(agencies.preview(sheet(agencies, as_stored("RCMP", is_group="yes"))))
    assert label == "Is a group"
    assert "it can take part, but not lead" in sentence
    assert sentence.endswith("Correct that first, or answer no.")
    save(agencies, sheet(agencies, one()))
    assert save(agencies, sheet(agencies, one(is_group="oui"))).changed == 1


def test_who_may_not_change_agencies_has_none_to_change(que_manager: User) -> None:
    resource = AgencyResource(que_manager)
    [(_line, _label, sentence)] = errors(resource.preview(sheet(resource, as_stored("RCMP", name_en="Mounties"))))
    assert sentence == "RCMP is not among the records that you may change."
