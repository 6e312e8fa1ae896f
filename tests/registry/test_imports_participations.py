"""Agencies in JFOs come in by spreadsheet, and no JFO is a day without lead or CBSA."""

from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from registry.models import JFO, Agency, Participation, User
from registry.resources import ParticipationResource
from tests import sheets
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db

FIRST = date(2011, 5, 2)
DAY_BEFORE = date(2011, 5, 1)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def participations(administrator: User) -> Resource:
    return sheets.resource("participations", administrator)


@pytest.fixture
def jfo(administrator: User) -> JFO:
    """A JFO from 2009-04-01 on, led by the SQ."""
    resource = sheets.resource("jfos", administrator)
    names = {"name_en": "A new JFO", "name_fr": "Une nouvelle OPC"}
    row = {"code": "NEW-QUE", **names, "program": "FAE", "region": "QUE", "leads": "SQ", "start": date(2009, 4, 1)}
    save(resource, sheet(resource, row))
    return JFO.objects.get(code="NEW-QUE")


def one(agency: str = "OPP", role: str = "Partner", start: date = FIRST, end: date | None = None) -> Row:
    return {"jfo": "NEW-QUE", "agency": agency, "role": role, "start": start, "end": end}


def parts() -> set[tuple[str, str, date, date | None]]:
    return set(Participation.objects.filter(jfo__code="NEW-QUE").values_list("agency__key", "role", "start", "end"))


@pytest.mark.parametrize("spelling", ["OPP", "opp", "PPO", "Ontario Provincial Police", "O.P.P."])
def test_an_agency_goes_by_any_of_its_names(participations: Resource, jfo: JFO, spelling: str) -> None:
    save(participations, sheet(participations, one(spelling)))
    assert ("OPP", "partner", FIRST, None) in parts()


def test_the_lead_passes_from_one_to_another(participations: Resource, jfo: JFO) -> None:
    made = sheet(
        participations, one("RCMP", "Responsable"), one("SQ", "lead", jfo.start, DAY_BEFORE), one("SQ", start=FIRST)
    )
    save(participations, made)
    assert parts() >= {
        ("RCMP", "lead", FIRST, None),
        ("SQ", "lead", jfo.start, DAY_BEFORE),
        ("SQ", "partner", FIRST, None),
    }
    assert sheets.breaches() == []


def test_no_day_is_left_without_a_lead(participations: Resource, jfo: JFO) -> None:
    """The lead ends a day too early, and another begins; the CBSA leaves."""
    made = sheet(
        participations,
        one("SQ", "lead", jfo.start, date(2011, 4, 30)),
        one("RCMP", "lead"),
        one("CBSA", "partner", jfo.start, date(2011, 3, 31)),
    )
    assert errors(participations.preview(made)) == [
        (
            2,
            "Last day",
            "On 2011-05-01 the JFO would have no lead. Name another lead from that day on first.",
        ),
        (
            4,
            "Last day",
            "On 2011-04-01 the CBSA would not take part in the JFO, which goes on on that day.",
        ),
    ]
    with pytest.raises(ImportRefused, match="2 rows have errors"):
        save(participations, made)


def test_a_lead_that_becomes_a_partner_needs_another(participations: Resource, jfo: JFO) -> None:
    [(line, label, sentence)] = errors(participations.preview(sheet(participations, one("SQ", start=jfo.start))))
    assert (line, label) == (2, "Part")
    assert sentence.startswith("On 2009-04-01 the JFO would have no lead.")


def test_an_agency_has_one_part_a_day(participations: Resource, jfo: JFO) -> None:
    made = sheet(participations, one(start=date(2010, 4, 1)), one(role="lead"), one("SQ", start=FIRST))
    assert errors(participations.preview(made)) == [
        (
            2,
            "Last day",
            "OPP takes part as Lead from 2011-05-02 on already; correct or end that first. See row 3 of the file.",
        ),
        (
            3,
            "First day",
            "OPP takes part as Partner from 2010-04-01 on already; correct or end that first. See row 2 of the file.",
        ),
        (4, "First day", "SQ takes part as Lead from 2009-04-01 on already; correct or end that first."),
    ]


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"jfo": "NEW-QUEBEC"}, "JFO", "No JFO “NEW-QUEBEC” is known. Did you mean NEW-QUE?"),
        ({"agency": "Nobody at all"}, "Agency", "No Agency “Nobody at all” is known."),
        ({"role": "boss"}, "Part", "“boss” is not one of these: Lead; Partner."),
        ({"role": None}, "Part", "a value is needed. For example: Partner."),
        ({"end": date(2011, 4, 1)}, "Last day", "The last day is before the first day."),
    ],
)
def test_what_is_wrong_with_a_part_is_told(
    participations: Resource, jfo: JFO, values: Row, label: str, words: str
) -> None:
    made = sheet(participations, one() | values)
    [(line, told, sentence)] = errors(participations.preview(made))
    assert (line, told) == (2, label)
    assert words in sentence
    with override("fr"):
        [(_line, _label, in_french)] = errors(ParticipationResource(participations.user).preview(made))
    assert in_french != sentence


def test_a_group_leads_nothing(participations: Resource, jfo: JFO) -> None:
    group = Agency.objects.filter(is_group=True).first()
    assert group is not None
    [(_line, label, sentence)] = errors(participations.preview(sheet(participations, one(group.key, "lead"))))
    assert label == "Agency"
    assert sentence.endswith("it can take part, but not lead. Name the force that leads.")
    assert not errors(participations.preview(sheet(participations, one(group.key))))


def test_a_manager_brings_in_nothing_of_another_region(gta_manager: User, jfo: JFO) -> None:
    resource = ParticipationResource(gta_manager)
    [(_line, label, sentence)] = errors(resource.preview(sheet(resource, one())))
    assert (label, sentence.split(".")[0]) == ("JFO", "Quebec is not one of your regions")
