"""JFOs come in by spreadsheet, each with who leads it, and never without what lies inside their dates."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from registry.models import JFO, Agency, Assignment, Establishment, Participation, ParticipationReview, Region, User
from registry.resources import JFOResource
from tests import rows, sheets
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db

FIRST = date(2011, 5, 2)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def jfos(administrator: User) -> Resource:
    return sheets.resource("jfos", administrator)


@pytest.fixture
def jfo(jfos: Resource) -> JFO:
    """A JFO of QUE from 2009-04-01 on, led by the SQ."""
    save(jfos, sheet(jfos, one(start=date(2009, 4, 1))))
    return JFO.objects.get(code="NEW-QUE")


def one(code: str = "NEW-QUE", **values: Any) -> Row:
    names = {"name_en": "A new JFO", "name_fr": "Une nouvelle OPC", "objectives_en": "To watch.", "objectives_fr": None}
    row = {"code": code, **names, "program": "FAE", "region": "Québec", "leads": "SQ", "start": FIRST, "end": None}
    return row | values


def parts(code: str = "NEW-QUE") -> set[tuple[str, str, date, date | None]]:
    return set(Participation.objects.filter(jfo__code=code).values_list("agency__key", "role", "start", "end"))


def test_a_new_jfo_comes_with_its_leads_and_the_cbsa(jfos: Resource) -> None:
    save(jfos, sheet(jfos, one(leads="GRC | Sûreté du Québec", end=date(2012, 3, 31))))
    jfo = JFO.objects.get(code="NEW-QUE")
    assert (jfo.region.code, jfo.program.code, jfo.objectives_fr) == ("QUE", "FAE", "")
    assert parts() == {
        (key, role, FIRST, date(2012, 3, 31)) for key, role in (("RCMP", "lead"), ("SQ", "lead"), ("CBSA", "partner"))
    }
    assert sheets.breaches() == []


def test_the_cbsa_may_lead(jfos: Resource) -> None:
    save(jfos, sheet(jfos, one(leads="ASFC")))
    assert parts() == {("CBSA", "lead", FIRST, None)}
    assert sheets.breaches() == []


def test_a_jfo_is_changed(jfos: Resource, jfo: JFO) -> None:
    row = one(start=date(2009, 4, 1), end=date(2012, 3, 31), region="GTA", program="IBET", objectives_fr="Surveiller.")
    preview = jfos.preview(sheet(jfos, row))
    assert list(preview.rows[0].changed_names) == ["program", "region", "end", "objectives_fr"]
    save(jfos, sheet(jfos, row))
    jfo.refresh_from_db()
    assert (jfo.region.code, jfo.end) == ("GTA", date(2012, 3, 31))
    assert sheets.breaches() == []


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"code": "new-que"}, "Code", "Use capital letters, digits and hyphens alone"),
        ({"code": "NEW/QUE"}, "Code", "Use capital letters, digits and hyphens alone"),
        ({"code": "N" * 21}, "Code", "20"),
        ({"name_fr": None}, "Name in French", "a value is needed"),
        ({"program": "none"}, "Program", "No Program “none” is known."),
        ({"region": "East"}, "Region", "No Region “East” is known."),
        ({"leads": None}, "Lead agencies", "Name the agency that leads it. For example: RCMP."),
        ({"leads": "Nobody at all"}, "Lead agencies", "No agency “Nobody at all” is known."),
        ({"leads": "SQ | Sûreté du Québec"}, "Lead agencies", "SQ stands here twice."),
        ({"end": date(2011, 4, 1)}, "Last day", "The last day is before the first day."),
        (
            {"region": "SOR"},
            "Region",
            "Southern Ontario begins on 2012-04-01. Give the region that holds on 2011-05-02.",
        ),
    ],
)
def test_what_is_wrong_with_a_jfo_is_told(
    jfos: Resource, administrator: User, values: Row, label: str, words: str
) -> None:
    made = sheet(jfos, one(**values))
    [(line, told, sentence)] = errors(jfos.preview(made))
    assert (line, told) == (2, label)
    assert words in sentence
    with override("fr"):
        [(_line, _label, in_french)] = errors(JFOResource(administrator).preview(made))
    assert in_french != sentence


def test_every_error_is_told_at_once(jfos: Resource) -> None:
    found = errors(jfos.preview(sheet(jfos, one(program="none", leads="nobody", start="soon"), one("X", leads=None))))
    assert [(line, label) for line, label, _sentence in found] == [
        (2, "Program"),
        (2, "Lead agencies"),
        (2, "First day"),
        (3, "Lead agencies"),
    ]


def test_a_group_leads_nothing(jfos: Resource) -> None:
    group = Agency.objects.filter(is_group=True).first()
    assert group is not None
    [(_line, label, sentence)] = errors(jfos.preview(sheet(jfos, one(leads=group.key))))
    assert label == "Lead agencies"
    assert sentence.endswith("it can take part, but not lead. Name the force that leads.")


def test_a_region_that_is_over_has_no_new_jfo(jfos: Resource) -> None:
    Region.objects.filter(code="NFE").update(end=date(2011, 3, 15))
    [(_line, label, sentence)] = errors(jfos.preview(sheet(jfos, one(region="NFE"))))
    assert (label, sentence) == (
        "Region",
        "Niagara/Fort Erie ended on 2011-03-15. Give the region that took over: SOR.",
    )
    assert not errors(jfos.preview(sheet(jfos, one(region="NFE", start=date(2009, 4, 1), end=date(2011, 3, 15)))))


def test_another_lead_is_told_to_come_with_its_day(jfos: Resource, jfo: JFO) -> None:
    [(_line, label, sentence)] = errors(jfos.preview(sheet(jfos, one(start=jfo.start, leads="RCMP"))))
    assert label == "Lead agencies"
    assert "Put back SQ, and import the change as agencies in JFOs." in sentence


def test_the_dates_leave_out_no_assignment(jfos: Resource, jfo: JFO) -> None:
    officer = rows.officer()
    Assignment(officer=officer, jfo=jfo, fte=Decimal("0.50"), start=date(2009, 5, 1)).save_as(None)
    [start, end] = errors(jfos.preview(sheet(jfos, one(start=date(2010, 4, 1), end=date(2011, 3, 31)))))
    assert (start[1], end[1]) == ("First day", "Last day")
    held = "0.50 FTE on NEW-QUE, since 2009-05-01, without a last day"
    assert start[2] == (
        f"Officer {officer.number} is assigned before that: {held}. Give an earlier first day, or correct that first."
    )
    assert end[2] == (f"Officer {officer.number} is assigned longer: {held}. Give a later last day, or end that first.")


def test_the_dates_leave_no_agreed_fte_behind(jfos: Resource, jfo: JFO) -> None:
    Establishment(jfo=jfo, fte=Decimal(3), start=date(2010, 4, 1)).save_as(None)
    [(_line, label, sentence)] = errors(jfos.preview(sheet(jfos, one(start=jfo.start, end=date(2011, 3, 31)))))
    assert label == "Last day"
    assert "The FTE agreed from 2010-04-01 on goes on after that." in sentence


def test_a_jfo_that_was_withdrawn_from_goes_on_no_longer(jfos: Resource) -> None:
    end = date(2011, 3, 31)
    save(jfos, sheet(jfos, one(start=date(2009, 4, 1), end=end)))
    ParticipationReview(
        jfo=JFO.objects.get(code="NEW-QUE"),
        reviewed_on=date(2011, 1, 10),
        decision="withdraw",
        effective_on=end,
        reasons="No more work.",
    ).save_as(None)
    [withdrawn, *others] = errors(jfos.preview(sheet(jfos, one(start=date(2009, 4, 1)))))
    assert withdrawn[1] == "Last day"
    assert "decided that the CBSA withdraws on 2011-03-31" in withdrawn[2]
    # And nobody would lead it.
    assert len(others) == 2


def test_a_longer_jfo_needs_a_lead_and_the_cbsa_on_its_new_days(jfos: Resource, jfo: JFO) -> None:
    found = errors(jfos.preview(sheet(jfos, one(start=date(2008, 4, 1)))))
    assert [(label, sentence) for _line, label, sentence in found] == [
        (
            "First day",
            "On 2008-04-01 the JFO would have no lead. Import one for that day first, as agencies in JFOs.",
        ),
        (
            "First day",
            "On 2008-04-01 the CBSA would not take part. Import its part for that day first, as agencies in JFOs.",
        ),
    ]
    with pytest.raises(ImportRefused, match="1 row has an error"):
        save(jfos, sheet(jfos, one(start=date(2008, 4, 1))))


def test_a_manager_brings_in_no_jfo_of_another_region(gta_manager: User) -> None:
    resource = JFOResource(gta_manager)
    [(_line, label, sentence)] = errors(resource.preview(sheet(resource, one())))
    assert (label, sentence.split(".")[0]) == ("Region", "Quebec is not one of your regions")
