"""The life cycle on an arrangement's page, and the forms that take its steps and record what offices answered."""

from datetime import date

import pytest

from registry.models import Agency, User
from tests.pages import words
from wca.models import Arrangement, Consultation, Event, Notice, Signatory, Stage, Step
from wca.needed import open_needed

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)
PAGE = "/en/arrangements/WCA-2010-0001/"


@pytest.fixture
def reviewer(client_of, nhq_reviewer):
    return client_of(nhq_reviewer)


@pytest.fixture
def needed():
    """The entry made for FAE by the portal."""
    open_needed(DAY)
    return Arrangement.objects.get(coverage__jfo__code="FAE")


def step(row, event, language="en"):
    return f"/{language}/arrangements/{row.reference}/steps/{event.value}/"


def section(page):
    """Return what the page says of the life cycle."""
    return words(page).split("Life cycle", 1)[1].split(" History ", 1)[0]


def test_the_page_shows_the_stage_its_days_and_how_it_got_there(reviewer):
    text = section(reviewer.get(PAGE))
    assert "Stage: Awaiting signature, since 2010-08-09 (235 days)." in text
    assert "Drafting 2010-01-11 2010-02-07 28 nhq.reviewer –" in text
    assert "Drafting 2010-05-17 2010-06-06 21 nhq.reviewer The OPP asks that its own retention rules be kept." in text
    assert "Consultation, round 2" in text
    assert "2010-06-07 Waived 2010-06-10 Only the retention rules changed" in text


def test_the_page_names_what_is_missing_for_the_next_step(reviewer):
    assert "Record that it is in force Missing: OPP has not signed." in section(reviewer.get(PAGE))


def test_the_page_speaks_french(reviewer):
    text = words(reviewer.get("/fr/arrangements/WCA-2010-0001/"))
    assert "Étape : En attente de signature, depuis le 2010-08-09 (235 jours)." in text
    assert "PPO n’a pas signé." in text


def test_what_was_imported_says_its_stage_from_its_dates(reviewer):
    text = section(reviewer.get("/en/arrangements/WCA-2004-0001/"))
    assert "Stage: In force, since 2004-02-16" in text
    assert "from its signatures and dates" in text


def test_an_arrangement_that_expired_is_in_force_by_its_stage_and_the_page_says_both(reviewer):
    text = words(reviewer.get("/en/arrangements/WCA-2004-0003/?as_of=2012-04-01"))
    assert "Stage: In force" in text
    assert "It expired on 2012-03-31 and covers no JFO any more." in text


def test_on_a_past_day_the_page_shows_what_was_known_and_offers_nothing(reviewer):
    page = reviewer.get(PAGE, {"as_of": "2010-06-15"})
    text = section(page)
    assert "Stage: Consultation, since 2010-06-07 (9 days)." in text
    assert "Legal Services has not answered." not in text
    assert "Legal Services answered only on 2010-06-24." in text
    assert "Legal Services 2010-06-07 open – –" in text
    assert "/steps/" not in page.content.decode()


@pytest.mark.parametrize("username", ["que_manager", "administrator", "auditor"])
def test_who_only_reads_is_offered_no_step(client_of, username, request):
    page = client_of(request.getfixturevalue(username)).get(PAGE)
    assert "/steps/" not in page.content.decode()
    assert "OPP has not signed." in section(page)


def test_a_reviewer_takes_a_step_and_can_undo_it(reviewer, needed, nhq_reviewer):
    page = reviewer.post(step(needed, Event.DRAFT), {"on": "2011-03-30"}, follow=True)
    assert f"{needed.reference} is now in the stage “Drafting”." in page.content.decode()
    last = needed.steps.last()
    assert (last.stage, last.entered_on, last.by) == (Stage.DRAFTING, date(2011, 3, 30), nhq_reviewer)
    assert "Undo" in page.content.decode()


def test_a_form_that_is_refused_says_what_is_missing_beside_what_was_typed(reviewer, needed):
    Step.objects.create(arrangement=needed, stage=Stage.DRAFTING, entered_on=DAY)
    reviewer.post(step(needed, Event.CONSULT), {"on": "2011-03-31"})
    shown = words(reviewer.get(step(needed, Event.NEGOTIATE)))
    assert "As of today this is missing: Legal Services has not answered." in shown
    page = reviewer.post(step(needed, Event.NEGOTIATE), {"on": "2011-03-31", "reason": "hurry"})
    assert page.status_code == 200
    assert "Information Sharing has not answered." in str(page.context["form"].non_field_errors())
    assert "hurry" in page.content.decode()


def test_an_event_that_the_stage_does_not_allow_is_refused_in_a_sentence(reviewer, needed):
    sentence = f"{needed.reference} is in the stage “Needed”: “Send for signature” is not possible."
    assert sentence in words(reviewer.get(step(needed, Event.SEND)))
    page = reviewer.post(step(needed, Event.SEND), {"on": "2011-03-31"})
    assert sentence in str(page.context["form"].non_field_errors())
    assert needed.steps.count() == 1


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"on": "2011-04-01", "reason": "x"}, "on", "2011-04-01 is still to come."),
        ({"on": "2001-01-01", "reason": "x"}, "on", "It is in the stage “Needed” since 2003-04-01"),
        ({"on": "31 March", "reason": "x"}, "on", "Type the date as YYYY-MM-DD"),
        ({"on": "2011-03-31", "reason": " "}, "reason", "This field is required."),
        ({"on": "2011-03-31", "reason": "a\x00b"}, "reason", "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(reviewer, needed, typed, field, sentence):
    page = reviewer.post(step(needed, Event.WITHDRAW), typed)
    assert sentence in str(page.context["form"].errors[field])


def test_superseding_asks_for_the_newer_one(reviewer, needed):
    row = Arrangement.objects.get(reference="WCA-2004-0002")
    page = reviewer.post(step(row, Event.SUPERSEDE), {"on": "2011-03-31"})
    assert page.context["form"].errors["newer"] == ["Say which arrangement supersedes it."]
    reviewer.post(step(row, Event.SUPERSEDE), {"on": "2011-03-31", "newer": needed.pk})
    row.refresh_from_db()
    assert (row.superseded_by, row.superseded_on) == (needed, DAY)


@pytest.mark.parametrize(
    "path", ["WCA-2010-0001/steps/vanish/", "WCA-1999-0001/steps/draft/", "WCA-2010-0001/consultations/99999999999/"]
)
def test_what_there_is_not_is_not_found(reviewer, path):
    assert reviewer.get(f"/en/arrangements/{path}").status_code == 404


def test_a_consultation_of_another_arrangement_is_not_found(reviewer):
    one = Consultation.objects.all()[0]
    assert reviewer.get(f"/en/arrangements/WCA-2004-0001/consultations/{one.pk}/").status_code == 404


def answer_of(row, office, language="en"):
    one = row.consultations.get(consulted=office)
    return f"/{language}/arrangements/{row.reference}/consultations/{one.pk}/"


@pytest.fixture
def consulted(needed):
    """An arrangement that is in consultation since 15 March 2011."""
    Step.objects.create(arrangement=needed, stage=Stage.DRAFTING, entered_on=date(2011, 3, 1))
    Step.objects.create(arrangement=needed, stage=Stage.CONSULTATION, entered_on=date(2011, 3, 15))
    for office in ["legal", "atip", "information_sharing"]:
        Consultation.objects.create(arrangement=needed, consulted=office, asked_on=date(2011, 3, 15))
    return needed


def test_an_answer_is_recorded_and_shown(reviewer, consulted):
    typed = {"answer": "changes", "answered_on": "2011-03-20", "reason": "Name the act."}
    page = reviewer.post(answer_of(consulted, "legal"), typed, follow=True)
    text = words(page)
    assert "Legal Services: Asks for changes." in page.content.decode()
    assert "Legal Services 2011-03-15 Asks for changes Change the answer (Legal Services) 2011-03-20" in text
    assert "Legal Services asks for changes: Name the act." in text


def test_an_answer_that_asks_for_changes_says_which(reviewer, consulted):
    page = reviewer.post(answer_of(consulted, "legal"), {"answer": "changes", "answered_on": "2011-03-20"})
    assert page.context["form"].errors["reason"] == ["Say what is to be changed, or why the consultation is waived."]


def test_two_who_record_an_answer_choose(reviewer, client_of, consulted):
    address = answer_of(consulted, "legal")
    hidden = dict(reviewer.get(address).context["hidden"])
    client_of(User.objects.get(username="nhq.approver")).post(address, {"answer": "ok", "answered_on": "2011-03-20"})
    typed = {"answer": "waived", "answered_on": "2011-03-21", "reason": "known"}
    page = reviewer.post(address, {**{name: str(value) for name, value in hidden.items()}, **typed})
    assert page.status_code == 409
    assert [one.name for one in page.context["differences"]] == ["answer", "answered_on"]


def test_an_arrangement_entered_by_hand_begins_in_drafting(reviewer):
    row = Arrangement.objects.create(reference="WCA-2011-9001", title_en="One", title_fr="Une")
    assert "Record where it begins" in section(reviewer.get(row.get_absolute_url()))
    address = f"/en/arrangements/{row.reference}/begin/"
    assert reviewer.get(address).status_code == 200
    reviewer.post(address, {"stage": "drafting", "on": "2011-03-01"})
    assert [(one.stage, one.entered_on) for one in row.steps.all()] == [("drafting", date(2011, 3, 1))]
    page = reviewer.post(address, {"stage": "needed", "on": "2011-03-01"})
    assert "has begun already" in str(page.context["form"].non_field_errors())


def test_the_notices_of_an_expiry_are_shown_with_the_late_ones_marked(reviewer):
    row = Arrangement.objects.get(reference="WCA-2006-0002")
    expiry = date(2011, 5, 31)
    given = [(180, date(2010, 12, 2), date(2010, 12, 2)), (90, date(2011, 3, 2), date(2011, 3, 12))]
    for days, due, noticed in given:
        Notice.objects.create(arrangement=row, expiry=expiry, days=days, due_on=due, noticed_on=noticed)
    text = section(reviewer.get(row.get_absolute_url()))
    assert "2010-12-02: it expires on 2011-05-31, in 180 days." in text
    assert "2011-03-12: it expires on 2011-05-31, in 80 days (late: due on 2011-03-02)." in text
    assert "2011-03-12" not in section(reviewer.get(row.get_absolute_url(), {"as_of": "2011-03-11"}))


def test_what_is_in_force_without_the_step_says_so(reviewer, needed):
    Signatory.objects.filter(arrangement=needed).update(signed_on=date(2011, 3, 1))
    Arrangement.objects.filter(pk=needed.pk).update(effective=date(2011, 3, 10))
    text = section(reviewer.get(needed.get_absolute_url()))
    assert "By its signatures and dates it has been in force since 2011-03-10." in text


def test_the_section_asks_no_more_queries_for_more_steps(reviewer, django_assert_max_num_queries):
    reviewer.get(PAGE)
    with django_assert_max_num_queries(40) as before:
        reviewer.get(PAGE)
    row = Arrangement.objects.get(reference="WCA-2010-0001")
    Signatory.objects.create(arrangement=row, agency=Agency.objects.get(key="SQ"))
    for number in range(5):
        expiry = date(2012, 1, 1 + number)
        Notice.objects.create(arrangement=row, expiry=expiry, days=7, due_on=DAY, noticed_on=DAY)
    with django_assert_max_num_queries(len(before)):
        reviewer.get(PAGE)
