"""Two agencies become one: what moves and joins, what is refused, and that undoing brings back what was."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.history import Tracked
from registry import agencies
from registry.models import (
    JFO,
    AccessDirection,
    Agency,
    AgencyAlias,
    CoLocation,
    Participation,
    ParticipationRole,
    SystemAccess,
    User,
)
from tests.pages import csv_rows, words
from wca.models import Arrangement, Signatory
from wca.resources import AgencyField

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
LEAD, PARTNER = ParticipationRole.LEAD, ParticipationRole.PARTNER


def agency(key: str, *, is_group: bool = False, level: str = "municipal") -> Agency:
    names = {"name_en": f"{key} Police Service", "name_fr": f"Service de police {key}"}
    row = Agency(key=key, short_en=f"{key} PS", short_fr=f"SP {key}", level=level, is_group=is_group, **names)
    return row.save_as(None)


@pytest.fixture
def gone(db: None) -> Agency:
    """A second row of the Toronto police, with a spelling of its own."""
    row = agency("TORONTO-2")
    AgencyAlias(agency=row, alias="T. O. Police").save_as(None)
    return row


@pytest.fixture
def kept(db: None) -> Agency:
    return Agency.objects.get(key="TPS")


def part(agency: Agency, jfo: str, role: str, start: date, end: date | None = None) -> Participation:
    row = Participation(agency=agency, jfo=JFO.objects.get(code=jfo), role=role, start=start, end=end)
    return row.save_as(None)


def parts(agency: Agency, jfo: str) -> list[tuple[date, date | None, str]]:
    rows = Participation.objects.filter(agency=agency, jfo__code=jfo).order_by("start")
    return list(rows.values_list("start", "end", "role"))


def state() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that points to agencies, and the agencies, as they are stored."""
    models: list[Any] = [Agency, *agencies.referring()]
    return {model._meta.label: list(model._base_manager.order_by("pk").values_list()) for model in models}


def last_act() -> ChangeSet:
    change = ChangeSet.objects.first()
    assert change is not None
    return change


# What moves


def test_every_table_that_points_to_agencies_keeps_a_history_and_can_be_moved() -> None:
    models = agencies.referring()
    assert {AgencyAlias, Participation, CoLocation, SystemAccess, Signatory} <= set(models)
    assert all(issubclass(model, Tracked) for model in models)


def test_everything_moves_and_the_old_row_goes(gone: Agency, kept: Agency, administrator: User) -> None:
    signed = Arrangement.objects.exclude(signatories__agency=kept).first()
    assert signed is not None
    Signatory(arrangement=signed, agency=gone, signed_on=date(2010, 5, 3)).save_as(None)
    part(gone, "FAE", PARTNER, date(2008, 1, 1))
    jfo = JFO.objects.get(code="SPVM-JFO")
    CoLocation(jfo=jfo, agency=gone, place="Toronto", start=date(2009, 1, 1)).save_as(None)
    SystemAccess(
        jfo=jfo, agency=gone, direction=AccessDirection.TO_PARTNER, system="Records", start=date(2009, 1, 1)
    ).save_as(None)
    agencies.merge(gone, kept, by=administrator, reason="one force")
    assert not Agency.objects.filter(key="TORONTO-2").exists()
    assert parts(kept, "FAE") == [(date(2008, 1, 1), None, PARTNER)]
    assert kept.signatures.filter(arrangement=signed, signed_on=date(2010, 5, 3)).exists()
    assert kept.co_locations.filter(place="Toronto").exists()
    assert kept.system_access.filter(system="Records").exists()


def test_the_old_names_are_spellings_of_the_one_that_stays(gone: Agency, kept: Agency) -> None:
    agencies.merge(gone, kept, by=None)
    spellings = set(kept.aliases.values_list("alias", flat=True))
    assert {
        "TORONTO-2",
        "TORONTO-2 PS",
        "SP TORONTO-2",
        "TORONTO-2 Police Service",
        "Service de police TORONTO-2",
        "T. O. Police",
    } <= spellings


def test_the_old_key_and_names_resolve_in_imports(gone: Agency, kept: Agency, administrator: User) -> None:
    agencies.merge(gone, kept, by=administrator)
    field = AgencyField()
    field.user = administrator
    for name in ("TORONTO-2", "toronto-2 police service", "T. O. Police", "TPS"):
        assert field.read(name) == kept


def test_history_keeps_both_names(gone: Agency, kept: Agency, administrator: User, client_of: ClientOf) -> None:
    part(gone, "FAE", PARTNER, date(2008, 1, 1))
    agencies.merge(gone, kept, by=administrator, reason="one force")
    version = Participation.history.filter(jfo__code="FAE", history_change_reason="one force").get()
    assert version.related_words["agency"] == "TPS"
    assert version.prev_record.related_words["agency"] == "TORONTO-2"
    said = words(client_of(administrator).get("/en/agencies/TPS/"))
    assert "Agency: TORONTO-2 → TPS" in said
    assert "one force" in said


def test_a_kept_address_with_the_old_key_still_filters_the_jfos(
    gone: Agency, kept: Agency, administrator: User, client_of: ClientOf
) -> None:
    client = client_of(administrator)
    now = csv_rows(client.get("/en/jfos/?lead=TPS&format=csv"))
    agencies.merge(kept, gone, by=administrator)
    then = csv_rows(client.get("/en/jfos/?lead=TPS&format=csv"))
    assert [row["Code"] for row in then] == [row["Code"] for row in now] != []
    assert client.get("/en/jfos/?lead=NOBODY&format=csv").status_code == 400


# What joins


def day(number: int) -> date:
    return date(2010, 1, 1) + timedelta(days=number)


@st.composite
def spells(draw: st.DrawFn) -> list[Participation]:
    """Parts of two agencies in one JFO, those of the one that stays first; of each agency no two on one day."""
    found: list[Participation] = []
    for agency_id in (1, 2):
        at = 0
        for _number in range(draw(st.integers(0, 3))):
            start = at + draw(st.integers(0, 6))
            length = draw(st.one_of(st.none(), st.integers(1, 8)))
            at = start + (length or 99) + 1
            found.append(
                Participation(
                    pk=len(found) + 1,
                    agency_id=agency_id,
                    jfo_id=1,
                    role=draw(st.sampled_from([LEAD, PARTNER])),
                    start=day(start),
                    end=None if length is None else day(start + length - 1),
                )
            )
            if length is None:
                break
    return found


@given(spells())
def test_on_each_day_there_is_one_part_and_a_lead_wins(rows: list[Participation]) -> None:
    before = [{row.role for row in rows if row.holds_on(day(number))} for number in range(60)]
    merged = Participation.merged(rows)
    for number, roles in enumerate(before):
        now = [row.role for row in merged if row.holds_on(day(number))]
        assert now == ([] if not roles else [LEAD if LEAD in roles else PARTNER])
    assert len({row.start for row in merged}) == len(merged)
    keys = [row.pk for row in merged if row.pk]
    assert len(keys) == len(set(keys))


def test_periods_join_and_a_lead_wins_over_a_partner(gone: Agency, kept: Agency) -> None:
    part(kept, "FAE", PARTNER, date(2005, 1, 1))
    part(gone, "FAE", LEAD, date(2007, 1, 1), date(2008, 12, 31))
    planned = agencies.plan(gone, kept)
    (table,) = [table for table in planned.tables if table.title == "Participations"]
    assert table.count == 3
    agencies.merge(gone, kept, by=None)
    assert parts(kept, "FAE") == [
        (date(2005, 1, 1), date(2006, 12, 31), PARTNER),
        (date(2007, 1, 1), date(2008, 12, 31), LEAD),
        (date(2009, 1, 1), None, PARTNER),
    ]


def test_the_only_lead_of_a_jfo_can_be_merged(gone: Agency) -> None:
    """A JFO must have a lead on every day, and so it has while the rows are written one after the other."""
    lead = Participation.objects.get(jfo__code="SPVM-JFO", role=LEAD)
    part(gone, "SPVM-JFO", LEAD, lead.start, date(2006, 12, 31))
    part(gone, "SPVM-JFO", LEAD, date(2007, 1, 1))
    agencies.merge(lead.agency, gone, by=None)
    assert parts(gone, "SPVM-JFO") == [(lead.start, None, LEAD)]


def test_an_arrangement_that_both_signed_is_kept_once_with_the_earlier_day(gone: Agency, kept: Agency) -> None:
    theirs = Signatory.objects.filter(agency=kept, signed_on__isnull=False).first()
    assert theirs is not None
    assert theirs.signed_on is not None
    earlier = theirs.signed_on - timedelta(days=400)
    Signatory(arrangement=theirs.arrangement, agency=gone, is_required=True, signed_on=earlier).save_as(None)
    agencies.merge(gone, kept, by=None)
    row = Signatory.objects.get(arrangement=theirs.arrangement, agency=kept)
    assert (row.pk, row.signed_on, row.is_required) == (theirs.pk, earlier, True)


def test_a_signature_on_one_side_alone_is_kept(gone: Agency, kept: Agency) -> None:
    theirs = Signatory.objects.filter(agency=kept, signed_on__isnull=False).first()
    assert theirs is not None
    Signatory(arrangement=theirs.arrangement, agency=gone, signed_on=None).save_as(None)
    agencies.merge(kept, gone, by=None)
    assert Signatory.objects.get(arrangement=theirs.arrangement, agency=gone).signed_on == theirs.signed_on


def test_a_spelling_of_a_third_agency_stays_with_it(gone: Agency, kept: Agency) -> None:
    third = agency("THIRD")
    AgencyAlias(agency=third, alias="sp toronto-2").save_as(None)
    planned = agencies.plan(gone, kept)
    assert planned.elsewhere == [("SP TORONTO-2", third)]
    agencies.merge(gone, kept, by=None)
    assert AgencyAlias.objects.get(alias="sp toronto-2").agency == third


# What is refused


def test_an_agency_is_not_merged_into_itself(kept: Agency) -> None:
    with pytest.raises(ValidationError, match="into itself"):
        agencies.merge(kept, kept, by=None)


def test_the_cbsa_does_not_go(kept: Agency) -> None:
    with pytest.raises(ValidationError, match="The CBSA itself cannot go"):
        agencies.merge(Agency.objects.get(key="CBSA"), kept, by=None)


def test_a_group_neither_leads_nor_signs_by_a_merge(gone: Agency) -> None:
    group = agency("GROUP", is_group=True)
    part(gone, "FAE", LEAD, date(2008, 1, 1))
    signed = Arrangement.objects.first()
    assert signed is not None
    Signatory(arrangement=signed, agency=gone).save_as(None)
    before = state()
    with pytest.raises(ValidationError) as refused:
        agencies.merge(gone, group, by=None)
    assert refused.value.messages == [
        "“GROUP Police Service” is a group of forces: it can take part, but not lead.",
        "“GROUP Police Service” is a group of forces: it cannot sign.",
    ]
    assert state() == before


# Undo


def test_undo_brings_all_of_it_back_exactly(
    gone: Agency, kept: Agency, administrator: User, client_of: ClientOf
) -> None:
    part(kept, "FAE", PARTNER, date(2005, 1, 1))
    part(gone, "FAE", LEAD, date(2007, 1, 1), date(2008, 12, 31))
    part(gone, "IBET-QUE-1", PARTNER, date(2007, 1, 1))
    for signatory in Signatory.objects.filter(agency=kept):
        Signatory(arrangement=signatory.arrangement, agency=gone, signed_on=date(2004, 1, 5)).save_as(None)
    before = state()
    agencies.merge(gone, kept, by=administrator)
    merged = state()
    assert merged != before
    undone = client_of(administrator).post(reverse("undo", args=[last_act().pk]), follow=True)
    assert "Undone" in words(undone)
    assert state() == before
    changesets.undo(last_act(), by=administrator)
    again = state()
    # The rows that a merge adds have new keys.
    del merged["registry.AgencyAlias"], again["registry.AgencyAlias"]
    del merged["registry.Participation"], again["registry.Participation"]
    assert again == merged


@pytest.mark.parametrize("seed", range(6))
def test_any_two_agencies_of_the_report_are_merged_and_undone(seed: int) -> None:
    keys = sorted(Agency.objects.exclude(key="CBSA").filter(is_group=False).values_list("key", flat=True))
    gone_key, kept_key = random.Random(seed).sample(keys, 2)
    if seed == 0:
        gone_key, kept_key = "RCMP", "OPP"
    before = state()
    agencies.merge(Agency.objects.get(key=gone_key), Agency.objects.get(key=kept_key), by=None)
    assert not Agency.objects.filter(key=gone_key).exists()
    changesets.undo(last_act(), by=None)
    assert state() == before


# The pages


@pytest.fixture
def admin(client_of: ClientOf, administrator: User) -> Client:
    return client_of(administrator)


def merge_address(gone: str, into: str = "") -> str:
    address = reverse("agency-merge", args=[gone])
    return f"{address}?into={into}" if into else address


def seen(response: Any) -> dict[str, Any]:
    return dict(response.context["hidden"])


def test_the_preview_lists_what_moves_and_confirming_does_it(gone: Agency, kept: Agency, admin: Client) -> None:
    part(kept, "FAE", PARTNER, date(2005, 1, 1))
    part(gone, "FAE", LEAD, date(2007, 1, 1), date(2008, 12, 31))
    address = merge_address("TORONTO-2", "TPS")
    preview = admin.get(address)
    said = words(preview)
    for sentence in (
        "Participations: 3 rows",
        "Agency aliases: 1 row",
        "JFO: FAE; First day: 2007-01-01; Last day: 2008-12-31; Part: Lead",
        "Changes: Last day: – → 2006-12-31",
        "Is added, so that no day is lost",
        "SP TORONTO-2",
    ):
        assert sentence in said
    assert "This field is required" in words(admin.post(address, seen(preview)))
    merged = admin.post(address, seen(preview) | {"reason": "one force"}, follow=True)
    assert "Merged: TORONTO-2 Police Service is Toronto Police Service from now on. 4 rows were written." in words(
        merged
    )
    # Sent twice, it is done once; the old address leads on.
    assert "sent twice" in words(admin.post(address, seen(preview) | {"reason": "one force"}, follow=True))
    assert admin.get("/en/agencies/TORONTO-2/?as_of=2010-01-01").headers["Location"] == (
        "/en/agencies/TPS/?as_of=2010-01-01"
    )


def test_what_changed_in_between_is_shown_anew(gone: Agency, kept: Agency, admin: Client) -> None:
    row = part(gone, "FAE", PARTNER, date(2007, 1, 1))
    address = merge_address("TORONTO-2", "TPS")
    preview = admin.get(address)
    row.end = date(2009, 6, 30)
    row.save_as(None)
    again = admin.post(address, seen(preview) | {"reason": "one force"})
    assert again.status_code == 409
    assert "Nothing is merged yet: somebody changed one of these rows" in words(again)
    assert "Last day: 2009-06-30" in words(again)
    assert Agency.objects.filter(key="TORONTO-2").exists()
    admin.post(address, seen(again) | {"reason": "one force"})
    assert not Agency.objects.filter(key="TORONTO-2").exists()


@pytest.mark.parametrize(
    ("gone_key", "into", "sentence"),
    [
        ("TPS", "TPS", "An agency cannot be merged into itself. Choose another one."),
        ("TPS", "toronto police", "An agency cannot be merged into itself. Choose another one."),
        ("TPS", "Nobody", "No agency goes by “Nobody”. Choose one from the list."),
        ("TPS", "%00", "Choose one from the list."),
        ("CBSA", "TPS", "The CBSA itself cannot go."),
    ],
)
def test_what_cannot_be_merged_is_said(gone_key: str, into: str, sentence: str, admin: Client) -> None:
    before = state()
    address = merge_address(gone_key, into)
    assert sentence in words(admin.get(address))
    assert sentence in words(admin.post(address, {"reason": "why not"}))
    assert state() == before


def test_obstacles_leave_no_button(gone: Agency, admin: Client) -> None:
    agency("GROUP", is_group=True)
    part(gone, "FAE", LEAD, date(2008, 1, 1))
    page = admin.get(merge_address("TORONTO-2", "GROUP"))
    assert "it can take part, but not lead" in words(page)
    assert 'id="page-form"' not in page.content.decode()
    refused = admin.post(merge_address("TORONTO-2", "GROUP"), seen(page) | {"reason": "why not"})
    assert refused.status_code == 200
    assert "it can take part, but not lead" in words(refused)
    assert Agency.objects.filter(key="TORONTO-2").exists()


def test_in_french(gone: Agency, admin: Client) -> None:
    page = admin.get(merge_address("TORONTO-2", "TPS").replace("/en/", "/fr/"))
    assert "Service de police TORONTO-2" in words(page)


@pytest.fixture
def many(gone: Agency) -> None:
    for jfo in JFO.objects.exclude(participations__agency__key="TPS"):
        Participation(agency=gone, jfo=jfo, role=PARTNER, start=jfo.start).save_as(None)


def test_the_preview_asks_the_same_few_queries_however_many_rows(
    gone: Agency, many: None, admin: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        said = words(admin.get(merge_address("TORONTO-2", "TPS")))
    assert "Participations: 4" in said
