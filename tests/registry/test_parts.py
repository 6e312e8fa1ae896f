"""What managers keep of their JFOs: each kind of row is added, corrected, ended, removed and brought back."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit.changesets import ChangeSet
from registry import parts
from registry.models import (
    JFO,
    ActionItem,
    Agency,
    CoLocation,
    Contact,
    Establishment,
    Meeting,
    Participation,
    ParticipationReview,
    SystemAccess,
    User,
)
from tests.pages import csv_rows, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
CODE = "IBET-QUE-1"
BUDGET = 15


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


@pytest.fixture
def nhq(client_of: SignIn, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def jfo() -> JFO:
    return JFO.objects.get(code=CODE)


def add(client: Client, slug: str, *, code: str = CODE, **data: Any) -> Any:
    return client.post(reverse("jfo-part-new", args=[code, slug]), data)


def correct(client: Client, slug: str, row: Any, *, code: str = CODE, **data: Any) -> Any:
    return client.post(reverse("jfo-part-row", args=[code, slug, row.pk]), data)


def remove(client: Client, slug: str, row: Any, *, code: str = CODE, **data: Any) -> Any:
    return client.post(reverse("jfo-part-remove", args=[code, slug, row.pk]), data)


def undo(client: Client) -> Any:
    change = ChangeSet.objects.latest("pk")
    return client.post(reverse("undo", args=[change.pk]), {})


def said(response: Any) -> str:
    assert response.status_code == 200, response
    return words(response)


# Every part alike


VALID: dict[str, dict[str, Any]] = {
    "partners": {"agency": "Peel Police", "role": "partner", "start": "2011-01-01"},
    "contacts": {"function": "intelligence", "name": "Ada Essai", "email": "a@example.invalid", "start": "2011-01-01"},
    "co-locations": {"agency": "SQ", "place": "Québec", "start": "2011-01-01"},
    "systems": {"system": "Files", "agency": "grc", "direction": "to_partner", "start": "2011-01-01"},
    "seats": {"fte": "2.50", "start": "2011-01-01"},
    "meetings": {"held_on": "2011-03-01", "decisions": "None."},
    "outcomes": {"kind": "arrest", "occurred_on": "2011-03-01", "quantity": "2", "unit": "persons"},
}


@pytest.mark.parametrize("slug", VALID)
def test_a_row_is_added_shown_removed_and_brought_back(que: Client, jfo: JFO, slug: str) -> None:
    part = parts.named(slug)
    assert part is not None
    rows = part.model._default_manager
    before = set(rows.values_list("pk", flat=True))
    response = add(que, slug, **VALID[slug], reason="because")
    assert response.status_code == 302
    (new,) = set(rows.values_list("pk", flat=True)) - before
    row: Any = rows.get(pk=new)
    assert row.history.latest().history_change_reason == "because"
    page = que.get(response.url)
    assert "Added: " in said(page)
    assert reverse("jfo-part-row", args=[CODE, slug, new]) in page.content.decode()

    assert said(que.get(reverse("jfo-part-row", args=[CODE, slug, new])))
    assert said(que.get(reverse("jfo-part-remove", args=[CODE, slug, new])))
    assert remove(que, slug, row).status_code == 302
    assert not rows.filter(pk=new).exists()
    assert undo(que).status_code == 302
    assert rows.filter(pk=new).exists()


@pytest.mark.parametrize("slug", [*VALID, "actions"])
def test_an_empty_form_says_what_is_missing(que: Client, slug: str) -> None:
    assert "This field is required" in said(add(que, slug))


@pytest.mark.parametrize("slug", [*VALID, "actions", "reviews"])
def test_everybody_reads_the_rows_of_every_region_and_their_files(que: Client, nhq: Client, slug: str) -> None:
    for client in (que, nhq):
        assert said(client.get(reverse("jfo-part", args=["BEST-WSC", slug])))
        assert csv_rows(client.get(reverse("jfo-part", args=["BEST-WSC", slug]) + "?format=csv")) is not None


@pytest.mark.parametrize("slug", [*VALID, "actions"])
def test_no_other_region_and_no_other_role_changes_anything(
    client_of: SignIn, gta_manager: User, nhq: Client, jfo: JFO, slug: str
) -> None:
    part = parts.named(slug)
    assert part is not None
    row = part.of(jfo, gta_manager).first() or part.model._default_manager.first()
    addresses = [
        reverse("jfo-part-new", args=[CODE, slug]),
        *(reverse(name, args=[CODE, slug, row.pk]) for name in ("jfo-part-row", "jfo-part-remove") if row),
    ]
    for address in addresses:
        assert client_of(gta_manager).get(address).status_code == 404
        assert client_of(gta_manager).post(address, VALID.get(slug, {})).status_code == 404
        assert nhq.post(address, VALID.get(slug, {})).status_code == 403


def test_a_row_of_another_jfo_is_not_found_under_this_one(que: Client) -> None:
    row = Contact.objects.filter(jfo__code="IBET-QUE-3").first() or Contact.objects.exclude(jfo__code=CODE).first()
    assert row is not None
    assert correct(que, "contacts", row).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "nothing/",
        "nothing/new/",
        "reviews/1/",
        "reviews/1/remove/",
        "contacts/99999999999999999999/",
        "actions/0/remove/",
    ],
)
def test_what_is_not_there_is_not_found(que: Client, path: str) -> None:
    assert que.get(f"/en/jfos/{CODE}/{path}").status_code == 404


def test_a_past_day_shows_what_was_known_and_offers_nothing(que: Client, jfo: JFO) -> None:
    Contact(jfo=jfo, function="intelligence", name="Later Person", start=date(2010, 12, 1)).save_as(None)
    page = que.get(f"/en/jfos/{CODE}/?part=partners&as_of=2009-06-30")
    text = said(page)
    assert "Later Person" not in text
    assert "IMS, read only" not in text.split("now")[0]
    assert "/new/" not in page.content.decode().split("<main")[1]
    assert "Correct" not in text
    assert "Later Person" in said(que.get(f"/en/jfos/{CODE}/?part=partners"))


@pytest.mark.parametrize("part", ["", "partners", "meetings", "outcomes", "performance", "history"])
@pytest.mark.parametrize("user", ["que.manager", "nhq.reviewer"])
def test_each_part_of_the_page_stays_within_its_budget(
    client_of: SignIn, part: str, user: str, jfo: JFO, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    many = [Contact(jfo=jfo, function="intelligence", name=f"P {n}", start=date(2010, 1, 1)) for n in range(40)]
    Contact.objects.bulk_create(many, by=None)
    Meeting.objects.bulk_create([Meeting(jfo=jfo, held_on=date(2009, 1, n)) for n in range(1, 30)], by=None)
    client = client_of(User.objects.get(username=user))
    with django_assert_max_num_queries(BUDGET):
        assert client.get(f"/en/jfos/{CODE}/?part={part}").status_code == 200


def test_of_many_rows_the_page_shows_the_first_and_leads_to_all(que: Client, jfo: JFO) -> None:
    many = [Contact(jfo=jfo, function="intelligence", name=f"P {n:02}", start=date(2010, 1, 1)) for n in range(40)]
    Contact.objects.bulk_create(many, by=None)
    text = said(que.get(f"/en/jfos/{CODE}/?part=partners"))
    assert "Contacts: the first 25 of 42" in text
    assert "All: Contacts" in text
    assert "P 39" in said(que.get(reverse("jfo-part", args=[CODE, "contacts"])))


# Objectives


def test_objectives_are_kept_in_both_languages(que: Client, jfo: JFO, client_of: SignIn, gta_manager: User) -> None:
    address = reverse("jfo-objectives", args=[CODE])
    assert client_of(gta_manager).get(address).status_code == 404
    assert que.post(address, {"objectives_en": "To watch.", "objectives_fr": "Surveiller."}).status_code == 302
    text = said(que.get(f"/en/jfos/{CODE}/"))
    assert "To watch." in text
    assert "Surveiller." in text
    undo(que)
    jfo.refresh_from_db()
    assert jfo.objectives_en.startswith("Keeps the stretches")


def test_who_changed_it_meanwhile_is_said_and_nothing_is_lost(que: Client, jfo: JFO) -> None:
    row = Contact.objects.get(jfo=jfo, function="intelligence")
    version = row.history.latest().history_id
    row.name = "Theirs"
    row.save_as(None)
    data = {"function": row.function, "name": "Yours", "email": row.email, "is_primary": "on", "start": str(row.start)}
    response = correct(que, "contacts", row, _version=str(version), **data)
    assert response.status_code == 409
    assert "Theirs" in words(response)
    assert "Yours" in words(response)
    removal = remove(que, "contacts", row, _version=str(version))
    assert removal.status_code == 409
    assert Contact.objects.filter(pk=row.pk).exists()


# Participations (domain rule 6)


def test_an_agency_is_found_by_any_spelling_and_a_wrong_one_is_answered_with_the_nearest(que: Client) -> None:
    data = {"role": "partner", "start": "2011-01-01"}
    assert add(que, "partners", agency="sûreté du quebec", **data).status_code == 302
    assert Participation.objects.filter(jfo__code=CODE, agency__key="SQ").exists()
    text = said(add(que, "partners", agency="Peel Polices", **data))
    assert "No agency goes by “Peel Polices”. Did you mean “Peel Police”?" in text
    assert 'value="Peel Polices"' in add(que, "partners", agency="Peel Polices", **data).content.decode()


def test_a_group_never_leads(que: Client) -> None:
    text = said(add(que, "partners", agency="MUNICIPAL-POLICE", role="lead", start="2011-01-01"))
    assert "is a group of forces: it can take part, but not lead" in text


def test_an_agency_takes_part_once_on_a_day(que: Client) -> None:
    text = said(add(que, "partners", agency="RCMP", role="partner", start="2011-01-01"))
    assert "RCMP takes part as Lead from 2000-09-01 on already" in text


def test_a_jfo_never_loses_its_last_lead_nor_the_cbsa(que: Client, jfo: JFO) -> None:
    lead = Participation.objects.get(jfo=jfo, role="lead")
    data = {"agency": "RCMP", "role": "lead", "start": "2000-09-01"}
    assert "On 2011-01-01 the JFO would have no lead" in said(correct(que, "partners", lead, end="2010-12-31", **data))
    assert "On 2000-09-01 the JFO would have no lead" in said(remove(que, "partners", lead))
    assert "would have no lead" in said(correct(que, "partners", lead, **{**data, "role": "partner"}))
    own = Participation.objects.get(jfo=jfo, agency__key="CBSA")
    assert "On 2000-09-01 the CBSA would not take part" in said(remove(que, "partners", own))
    assert Participation.objects.filter(jfo=jfo).count() == 5


def test_a_lead_hands_over_to_another_and_undoing_either_act_alone_never_leaves_a_gap(que: Client, jfo: JFO) -> None:
    lead = Participation.objects.get(jfo=jfo, role="lead")
    assert add(que, "partners", agency="SQ", role="lead", start="2011-01-01").status_code == 302
    adding = ChangeSet.objects.latest("pk")
    ended = correct(que, "partners", lead, agency="RCMP", role="lead", start="2000-09-01", end="2010-12-31")
    assert ended.status_code == 302
    response = que.post(reverse("undo", args=[adding.pk]), {})
    assert "the JFO would have no lead" in said(response)
    assert Participation.objects.filter(jfo=jfo, agency__key="SQ").exists()


# Contacts (domain rule 6)


def test_a_new_primary_contact_ends_the_one_before_once_that_is_said(que: Client, jfo: JFO) -> None:
    old = Contact.objects.get(jfo=jfo, function="intelligence")
    data = {"function": "intelligence", "name": "Ada Essai", "is_primary": "on", "start": "2011-02-01"}
    text = said(add(que, "contacts", **data))
    assert f"{old.name} is the primary contact for this function since 2010-06-06" in text
    assert f"End the time of {old.name} as primary contact on 2011-01-31" in text
    old.refresh_from_db()
    assert old.end is None
    assert add(que, "contacts", **data, ends_other="on").status_code == 302
    old.refresh_from_db()
    assert old.end == date(2011, 1, 31)
    assert Contact.objects.filter(jfo=jfo, name="Ada Essai", is_primary=True).exists()
    # One act: one undo takes both back.
    undo(que)
    old.refresh_from_db()
    assert old.end is None
    assert not Contact.objects.filter(jfo=jfo, name="Ada Essai").exists()


def test_there_is_one_primary_contact_on_any_day_not_among_the_open_ones_alone(jfo: JFO) -> None:
    """Two that had both ended could share days, since the constraint looks at open ones."""
    old = Contact.objects.get(jfo=jfo, function="intelligence")
    old.end = date(2010, 12, 31)
    old.save_as(None)
    with pytest.raises(ValidationError, match="is the primary contact for this function from 2010-06-06 on"):
        Contact(
            jfo=jfo,
            function="intelligence",
            name="Ada",
            is_primary=True,
            start=date(2010, 12, 31),
            end=date(2011, 1, 31),
        ).save_as(None)


def test_a_primary_contact_who_begins_before_the_present_one_is_refused(que: Client) -> None:
    text = said(
        add(que, "contacts", function="intelligence", name="Ada", is_primary="on", start="2010-01-01", ends_other="on")
    )
    assert "end that before, or leave this one without the mark" in text


def test_a_contact_is_ended_with_one_date_filled_in(que: Client, jfo: JFO) -> None:
    row = Contact.objects.get(jfo=jfo, function="intelligence")
    address = f"{reverse('jfo-part-row', args=[CODE, 'contacts', row.pk])}?fill=end"
    assert address in que.get(f"/en/jfos/{CODE}/?part=partners").content.decode()
    assert 'name="end" value="2011-03-31"' in que.get(address).content.decode()


# Places of work, systems, agreed FTE


def test_a_figure_agreed_from_a_day_on_ends_the_one_before(que: Client, jfo: JFO) -> None:
    Establishment.objects.filter(jfo=jfo).delete()
    assert add(que, "seats", fte="2.00", start="2010-04-01").status_code == 302
    assert add(que, "seats", fte="3.00", start="2011-04-01").status_code == 302
    rows = list(Establishment.objects.filter(jfo=jfo).order_by("start").values_list("fte", "start", "end"))
    assert rows == [
        (Decimal("2.00"), date(2010, 4, 1), date(2011, 3, 31)),
        (Decimal("3.00"), date(2011, 4, 1), None),
    ]
    assert "agreed: 2.00; assigned: 1.00; vacant: 1.00" in said(que.get(f"/en/jfos/{CODE}/"))
    assert "end that one before" in said(add(que, "seats", fte="1.00", start="2010-04-01"))
    undo(que)
    assert Establishment.objects.get(jfo=jfo).end is None


def test_french_decimals_have_a_comma(que: Client, jfo: JFO) -> None:
    Establishment.objects.filter(jfo=jfo).delete()
    que.post(f"/fr/jfos/{CODE}/seats/new/", {"fte": "1,50", "start": "2011-01-01"})
    assert Establishment.objects.get(jfo=jfo).fte == Decimal("1.50")


def test_of_another_regions_jfo_the_agreed_fte_is_told_and_the_assigned_is_not(
    client_of: SignIn, gta_manager: User, jfo: JFO
) -> None:
    Establishment.objects.filter(jfo=jfo).delete()
    Establishment(jfo=jfo, fte=Decimal("2.00"), start=date(2010, 1, 1)).save_as(None)
    assert "agreed: 2.00; assigned: restricted" in said(client_of(gta_manager).get(f"/en/jfos/{CODE}/"))


def test_a_system_is_a_partners_or_reached_by_one(que: Client) -> None:
    text = said(add(que, "systems", **{**VALID["systems"], "agency": "ASFC"}))
    assert "the CBSA is the other side already" in text
    assert SystemAccess.objects.filter(jfo__code=CODE).count() == 2
    assert CoLocation.objects.filter(jfo__code=CODE).count() == 2


# Meetings


def test_a_meeting_comes_with_its_action_items_and_takes_them_along(que: Client, jfo: JFO) -> None:
    data = {
        "held_on": "2011-03-21",
        "decisions": "Two things.",
        "what_1": "Write it down",
        "owner_1": "CBSA",
        "due_on_1": "2011-03-25",
        "what_2": "Call the partners",
        "owner_2": "RCMP",
    }
    assert add(que, "meetings", **data).status_code == 302
    meeting = Meeting.objects.get(jfo=jfo, held_on=date(2011, 3, 21))
    assert meeting.action_items.count() == 2
    assert "Its 2 action items are removed with it" in said(
        que.get(reverse("jfo-part-remove", args=[CODE, "meetings", meeting.pk]))
    )
    remove(que, "meetings", meeting)
    assert not ActionItem.objects.filter(meeting_id=meeting.pk).exists()
    undo(que)
    assert ActionItem.objects.filter(meeting_id=meeting.pk).count() == 2


def test_an_action_item_says_who_does_it(que: Client) -> None:
    text = said(add(que, "meetings", held_on="2011-03-21", what_1="Write it down"))
    assert "Say who does it: a function or an agency" in text
    assert not Meeting.objects.filter(held_on=date(2011, 3, 21)).exists()


def test_days_that_cannot_be_are_refused(que: Client, jfo: JFO) -> None:
    assert "2011-04-01 is still to come" in said(add(que, "meetings", held_on="2011-04-01"))
    meeting = Meeting.objects.get(jfo=jfo, held_on=date(2011, 3, 10))
    data: dict[str, Any] = {"meeting": meeting.pk, "what": "Write", "owner": "CBSA"}
    assert "The meeting was on 2011-03-10" in said(add(que, "actions", **data, due_on="2011-03-01"))
    assert "2011-05-01 is still to come" in said(add(que, "actions", **data, done_on="2011-05-01"))
    assert "The meeting was on 2011-03-21" in said(
        add(que, "meetings", held_on="2011-03-21", what_1="Write", owner_1="CBSA", due_on_1="2011-03-01")
    )


def test_open_items_come_first_and_what_is_overdue_is_said_in_words(que: Client) -> None:
    rows = csv_rows(que.get(reverse("jfo-part", args=[CODE, "actions"]) + "?format=csv"))
    assert [row["State"] for row in rows] == [
        "overdue",
        "open",
        "open",
        "open",
        "done on 2010-04-12",
        "done on 2010-11-25",
    ]
    assert "4 open, 1 overdue" in said(que.get(f"/en/jfos/{CODE}/"))
    then = csv_rows(que.get(reverse("jfo-part", args=[CODE, "actions"]) + "?format=csv&as_of=2010-11-24"))
    assert [row["State"] for row in then] == ["open", "open", "done on 2010-04-12"]


def test_a_task_is_marked_as_done(que: Client, jfo: JFO) -> None:
    item = ActionItem.objects.get(meeting__jfo=jfo, what__startswith="Propose who keeps")
    address = f"{reverse('jfo-part-row', args=[CODE, 'actions', item.pk])}?fill=done_on"
    form = que.get(address)
    assert 'name="done_on" value="2011-03-31"' in form.content.decode()
    data: dict[str, Any] = {"meeting": item.meeting_id, "what": item.what, "owner": item.owner, "due_on": "2010-12-15"}
    assert correct(que, "actions", item, **data, done_on="2011-03-31").status_code == 302
    assert "done on 2011-03-31" in said(que.get(f"/en/jfos/{CODE}/?part=meetings"))


def test_the_history_of_a_jfo_tells_of_its_action_items_too(que: Client, jfo: JFO) -> None:
    item = ActionItem.objects.get(meeting__jfo=jfo, what__startswith="Propose who keeps")
    item.owner = "RCMP, Sherbrooke"
    item.save_as(None)
    assert "RCMP, Sherbrooke" in said(que.get(f"/en/jfos/{CODE}/?part=history"))


def test_a_jfo_whose_participations_are_not_whole_can_be_put_right_step_by_step(jfo: JFO) -> None:
    new = JFO(code="NEW-QUE", program=jfo.program, region=jfo.region, name_en="N", name_fr="N", start=date(2011, 1, 1))
    new.save_as(None)
    for key, role in (("CBSA", "partner"), ("RCMP", "lead")):
        Participation(jfo=new, agency=Agency.objects.get(key=key), role=role, start=date(2011, 1, 1)).save_as(None)
    assert new.participations.count() == 2


def test_reviews_stand_with_the_meetings_and_lead_to_their_own_pages(que: Client, nhq: Client) -> None:
    page = que.get(f"/en/jfos/{CODE}/?part=meetings").content.decode()
    review = ParticipationReview.objects.filter(jfo__code=CODE).latest("reviewed_on")
    for name, arguments in (("review-new", [CODE]), ("review-edit", [review.pk]), ("review-remove", [review.pk])):
        assert f'href="{reverse(name, args=arguments)}"' in page
    assert reverse("review-edit", args=[review.pk]) not in nhq.get(f"/en/jfos/{CODE}/?part=meetings").content.decode()
    assert que.get(reverse("jfo-part-remove", args=[CODE, "reviews", review.pk])).status_code == 404
