"""The assignments as a regional manager meets them: the list, its files, the forms and what they refuse."""

import io
import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from jfo_portal.kit.changesets import ChangeSet
from registry import actions
from registry.models import JFO, Assignment, Establishment, Officer, User
from tests import rows
from tests.pages import body, csv_rows, words
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


@pytest.fixture
def manager(que_manager: User, client_of: SignIn) -> Client:
    return client_of(que_manager)


def a_que_assignment() -> Assignment:
    return Assignment.objects.get(jfo__code="CFSEU-QUE", end=None)


def test_the_caption_counts_assignments_and_fte_in_both_languages(manager: Client) -> None:
    assert "9 assignments, 8.00 FTE" in manager.get("/en/assignments/").content.decode()
    assert "9 affectations, 8,00 ETP" in manager.get("/fr/assignments/").content.decode()


def test_the_files_hold_what_the_page_shows(manager: Client) -> None:
    address = "/en/assignments/?function=IA"
    shown = manager.get(address).content.decode()
    numbers = [row["Number"] for row in csv_rows(manager.get(address + "&format=csv"))]
    assert numbers
    assert all(number in shown for number in numbers)
    assert [row["number"] for row in json.loads(manager.get(address + "&format=json").content)] == numbers


def test_a_workbook_carries_the_marks_of_the_page(manager: Client) -> None:
    """A list of officers left the portal without the mark that its page bears."""
    body = manager.get("/en/assignments/?format=xlsx").content
    notes = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_name("Notes").to_python()
    assert notes[0] == ["Sensitivity", "UNCLASSIFIED"]
    assert str(notes[1][1]).startswith("Demonstration data")


def test_a_sort_link_turns_the_order(manager: Client) -> None:
    page = manager.get("/en/assignments/?sort=-start").content.decode()
    assert 'aria-sort="descending"' in page
    assert page.index("2010-06-14") < page.index("2001-04-09")


@pytest.mark.parametrize("query", ["region=99999", "region=GTA", "jfo=NONE", "state=wrong", "per=abc", "page=x"])
def test_a_wrong_filter_is_no_error_of_the_portals(manager: Client, query: str) -> None:
    assert manager.get(f"/en/assignments/?{query}").status_code == 200


@pytest.mark.parametrize("text", ["9/2/12", "2011-13-01", "20110331", "yesterday"])
def test_a_date_in_another_form_is_named_and_today_is_shown(manager: Client, text: str) -> None:
    page = manager.get("/en/assignments/", {"as_of": text}).content.decode()
    assert f"“{text}” is not a date" in page
    assert "9 assignments" in page
    assert f"« {text} » n’est pas une date" in manager.get(
        "/fr/assignments/", {"as_of": text}
    ).content.decode().replace("\xa0", " ")


def test_an_assignment_of_another_regions_officer_is_not_found(gta_manager: User, client_of: SignIn) -> None:
    client = client_of(gta_manager)
    row = a_que_assignment()
    for path in ("", "extend/", "end/", "transfer/", "fte/", "split/"):
        assert client.get(f"/en/assignments/{row.pk}/{path}").status_code == 404
    assert (
        client.post(f"/en/assignments/{row.pk}/end/", {"end": "2011-03-31", "end_reason": "other"}).status_code == 404
    )
    row.refresh_from_db()
    assert row.end is None


def test_another_regions_officer_cannot_be_assigned(manager: Client) -> None:
    officer = Officer.objects.filter(region__code="GTA").first()
    assert officer is not None
    page = manager.post(
        "/en/assignments/new/",
        {"officer": officer.pk, "jfo": JFO.objects.get(code="FAE").pk, "fte": "0.10", "start": "2011-03-31"},
    )
    assert page.status_code == 200
    assert not Assignment.objects.filter(officer=officer, jfo__code="FAE").exists()


def test_reviewers_and_administrators_have_no_forms_of_managers(nhq_reviewer: User, client_of: SignIn) -> None:
    client = client_of(nhq_reviewer)
    assert "/extend/" not in client.get("/en/assignments/").content.decode()
    assert client.get(f"/en/assignments/{a_que_assignment().pk}/extend/").status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("fte", "1.5", "at most 1.00"),
        ("fte", "0", "more than 0"),
        ("fte", "NaN", "number"),
        ("fte", "1e309", "digits"),
        ("start", "31/03/2011", "YYYY-MM-DD"),
        ("start", "1969-01-01", "cannot start earlier"),
        ("end", "2009-01-01", "before the first day"),
        ("jfo", "999999999999999999999", "Choose another one"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(manager: Client, field: str, value: str, sentence: str) -> None:
    officer = Officer.objects.filter(region__code="QUE", assignments=None).first()
    assert officer is not None
    values = {"officer": officer.pk, "jfo": JFO.objects.get(code="FAE").pk, "fte": "0.50", "start": "2011-03-31"}
    response = manager.post("/en/assignments/new/", values | {field: value})
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not officer.assignments.exists()


def test_a_form_is_about_today_whatever_day_its_address_names(manager: Client) -> None:
    """A new assignment could be saved on a page that said nothing could be changed on it."""
    for path in ("new", f"{a_que_assignment().pk}/extend"):
        response = manager.get(f"/en/assignments/{path}/?as_of=2010-01-01")
        assert response.status_code == 200
        assert "Nothing can be changed on this page" not in response.content.decode()


def test_the_links_of_a_jfo_and_an_officer_fill_the_form_beforehand(manager: Client) -> None:
    """The JFO of the link was left for the manager to choose again."""
    officer, jfo = Officer.objects.filter(region__code="QUE").first(), JFO.objects.get(code="IBET-QUE-1")
    form = manager.get(f"/en/assignments/new/?officer={officer.number}&jfo={jfo.code}").context["form"]  # type: ignore[union-attr]
    assert (form.initial["officer"], form.initial["jfo"]) == (officer, jfo)


def test_a_transfer_tells_the_fte_of_the_regions_own_jfos_alone(manager: Client) -> None:
    """The message gave away how many officers another region has on the JFO that one was transferred to."""
    own, foreign = JFO.objects.get(code="FAE"), JFO.objects.filter(region__code="GTA").first()
    assert foreign is not None
    row = a_que_assignment()
    for jfo, start in ((foreign, "2011-04-11"), (own, "2011-05-11")):
        response = manager.post(
            f"/en/assignments/{row.pk}/transfer/", {"jfo": jfo.pk, "start": start, "fte": "0.50"}, follow=True
        )
        said = [str(message) for message in response.context["messages"]]
        row = Assignment.objects.get(officer=row.officer, jfo=jfo)
        assert row.get_absolute_url() == response.request["PATH_INFO"]
        codes = {code for code in ("CFSEU-QUE", "FAE", foreign.code) if any(f"{code} goes from" in one for one in said)}
        assert codes == ({"CFSEU-QUE"} if jfo == foreign else {"FAE"})


def test_a_save_is_in_the_history_with_its_reason(manager: Client) -> None:
    row = a_que_assignment()
    manager.post(
        f"/en/assignments/{row.pk}/end/",
        {"end": "2011-06-30", "end_reason": "rotation", "reason": "asked for a change"},
    )
    version = row.history.first()
    assert (version.end, version.who, version.history_change_reason, version.door) == (
        date(2011, 6, 30),
        "que.manager",
        "asked for a change",
        "screen",
    )


@pytest.mark.parametrize("path", ["/en/", "/en/assignments/", "/en/assignments/new/"])
def test_a_page_asks_the_same_few_queries_whatever_its_rows(manager: Client, path: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager.get(path).status_code == 200
        return len(captured)

    manager.get(path)
    before = queries()
    for _number in range(30):
        rows.assignment(rows.officer(), "FAE", date(2010, 1, 1), date(2011, 4, 30))
    assert queries() == before
    assert before <= 15


def test_the_links_of_an_assignment_keep_the_day(manager: Client) -> None:
    """They led back to today without a word."""
    row = a_que_assignment()
    main = manager.get(f"/en/assignments/{row.pk}/?as_of=2009-06-30").content.decode().split("<main")[1]
    facts = main.split("<h2>History")[0]
    assert facts.count("?as_of=2009-06-30") == facts.count('href="') > 0


# Each form that moves FTE


MOVING = [
    ("fte", {"fte": "0.40", "start": "2011-05-01"}, ["On 2011-05-01, CFSEU-QUE goes from 1.00 to 0.40 FTE."]),
    (
        "split",
        {"jfo": "FAE", "fte": "0.30", "start": "2011-05-01"},
        ["On 2011-05-01, CFSEU-QUE goes from 1.00 to 0.70 FTE.", "On 2011-05-01, FAE goes from 1.00 to 1.30 FTE."],
    ),
    (
        "transfer",
        {"jfo": "FAE", "fte": "1.00", "start": "2011-05-01"},
        ["On 2011-05-01, CFSEU-QUE goes from 1.00 to 0.00 FTE.", "On 2011-05-01, FAE goes from 1.00 to 2.00 FTE."],
    ),
    (
        "end",
        {"end": "2011-04-30", "end_reason": "rotation"},
        ["On 2011-05-01, CFSEU-QUE goes from 1.00 to 0.00 FTE."],
    ),
    ("extend", {"end": "2011-12-31"}, ["On 2012-01-01, CFSEU-QUE goes from 1.00 to 0.00 FTE."]),
]


def with_key(values: dict[str, str]) -> dict[str, str]:
    """Return the form's values with the key of the JFO in place of its code."""
    return values | {"jfo": str(JFO.objects.get(code=values["jfo"]).pk)} if "jfo" in values else values


@pytest.mark.parametrize(("path", "values", "sentences"), MOVING)
def test_a_form_says_the_fte_before_and_after_without_saving_and_once_saved(
    manager: Client, path: str, values: dict[str, str], sentences: list[str]
) -> None:
    row = a_que_assignment()
    address = f"/en/assignments/{row.pk}/{path}/"
    versions = Assignment.history.count()
    checked = words(manager.post(address, with_key(values) | {"_check": "1"}))
    assert "Nothing is saved yet" in checked
    assert [sentence for sentence in sentences if sentence not in checked] == []
    assert Assignment.history.count() == versions
    saved = words(manager.post(address, with_key(values), follow=True))
    assert [sentence for sentence in sentences if sentence not in saved] == []
    assert "Nothing is saved yet" not in saved
    assert "Undo" in saved


def test_a_new_assignment_says_the_fte_too(manager: Client) -> None:
    values = {"officer": rows.officer().pk, "jfo": JFO.objects.get(code="FAE").pk, "fte": "0.50", "start": "2011-05-01"}
    assert "FAE goes from 1.00 to 1.50 FTE" in words(manager.post("/en/assignments/new/", values | {"_check": "1"}))
    assert "FAE goes from 1.00 to 1.50 FTE" in words(manager.post("/en/assignments/new/", values, follow=True))


def test_what_a_rule_refuses_is_said_by_the_check_as_by_the_save(manager: Client) -> None:
    row = a_que_assignment()
    values = with_key({"jfo": "FAE", "fte": "1.00", "start": "2011-05-01", "_check": "1"})
    said = words(manager.post(f"/en/assignments/{row.pk}/split/", values))
    assert "give the other JFO less, or transfer the officer" in said
    assert "Nothing is saved yet" not in said


def test_passing_the_agreed_fte_is_said(manager: Client) -> None:
    fae = JFO.objects.get(code="FAE")
    Establishment.objects.filter(jfo=fae).delete()
    Establishment(jfo=fae, fte=Decimal("1.20"), start=date(2010, 4, 1)).save_as(None)
    values = with_key({"jfo": "FAE", "fte": "0.30", "start": "2011-05-01"})
    saved = manager.post(f"/en/assignments/{a_que_assignment().pk}/split/", values, follow=True)
    assert "On 2011-05-01, 1.30 FTE on FAE is more than the agreed 1.20." in words(saved)


# What is offered, and how the forms say what is wrong


def test_the_page_offers_every_action_but_on_what_ended_in_an_earlier_year(manager: Client) -> None:
    row = a_que_assignment()
    page = body(manager.get(f"/en/assignments/{row.pk}/"))
    for path in ("extend", "end", "transfer", "fte", "split"):
        assert f'href="/en/assignments/{row.pk}/{path}/"' in page
    closed = rows.assignment(rows.officer(), "FAE", date(2008, 1, 1), date(2009, 12, 31))
    assert f"/assignments/{closed.pk}/extend/" not in body(manager.get(f"/en/assignments/{closed.pk}/"))
    past = body(manager.get(f"/en/assignments/{row.pk}/?as_of=2010-06-30"))
    assert f"/assignments/{row.pk}/extend/" not in past


def test_a_last_day_before_the_first_is_said_beside_its_field(manager: Client) -> None:
    """It stood over the form, tied to no field."""
    page = body(
        manager.post(f"/en/assignments/{a_que_assignment().pk}/end/", {"end": "1999-01-01", "end_reason": "other"})
    )
    assert re.search(r'id="id_end_error"[^>]*><p><span[^>]*>Error:</span> The last day is before the first day', page)


@pytest.mark.parametrize(
    ("language", "typed", "said"),
    [
        ("en", "31/03/2011", "Type the date as YYYY-MM-DD"),
        ("en", "2011-02-30", "There is no such day"),
        ("en", "3011-02-03", "There is no such day"),
        ("fr", "2011-02-30", "Ce jour n’existe pas"),
    ],
)
def test_a_day_that_does_not_exist_is_told_apart_from_one_written_otherwise(
    manager: Client, language: str, typed: str, said: str
) -> None:
    page = manager.post(f"/{language}/assignments/{a_que_assignment().pk}/end/", {"end": typed, "end_reason": "other"})
    assert said in words(page)


def test_nobody_ends_an_assignment_for_a_reason_that_another_action_gives(manager: Client) -> None:
    field = manager.get(f"/en/assignments/{a_que_assignment().pk}/end/").context["form"].fields["end_reason"]
    assert not {"transfer", "change"} & {value for value, _ in field.choices}


@pytest.mark.parametrize(("language", "word"), [("en", "Error:"), ("fr", "Erreur\xa0:")])
def test_a_form_with_errors_says_so_in_its_title(manager: Client, language: str, word: str) -> None:
    address = f"/{language}/assignments/{a_que_assignment().pk}/end/"
    assert f"<title>{word} " not in body(manager.get(address))
    assert f"<title>{word} " in body(manager.post(address, {"end": ""}))


def test_the_jfos_are_offered_by_region_the_managers_own_first(manager: Client) -> None:
    page = body(manager.get(f"/en/assignments/{a_que_assignment().pk}/transfer/"))
    groups = re.findall(r'<optgroup label="([^"]+)">', page)
    assert groups[0] == "Quebec"
    assert len(groups) == len(set(groups)) == 8
    assert page.count("<option") == JFO.objects.count() + 1


def test_what_a_transfer_asks_is_not_taken_for_the_old_assignments(manager: Client, gta_manager: User) -> None:
    """The page of a conflict offered the old JFO in place of the one to transfer to."""
    row = rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1))
    address = f"/en/assignments/{row.pk}/transfer/"
    version = row.history.latest().history_id
    actions.change_fte(row, by=gta_manager, fte=Decimal("0.50"), start=row.start)
    sent = with_key({"jfo": "FAE", "fte": "1.00", "start": "2011-05-01"})
    shown = manager.post(address, sent | {"_version": version})
    assert shown.status_code == 409
    said = words(shown)
    assert "FTE Was: 1.00 Is now: 0.50" in said
    assert "Yours" not in said
    latest = row.history.latest().history_id
    manager.post(address, sent | {"_version": latest})
    assert Assignment.objects.get(officer=row.officer, jfo__code="FAE").fte == Decimal("1.00")


def test_a_form_about_what_is_gone_says_so(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undone between opening and saving, it was an error of the server."""
    row = rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1))
    locked = actions.lock_officers

    def undone_first(ids: Iterable[int]) -> dict[int, Officer]:
        Assignment.objects.filter(pk=row.pk).delete()
        return locked(ids)

    monkeypatch.setattr(actions, "lock_officers", undone_first)
    page = manager.post(f"/en/assignments/{row.pk}/end/", {"end": "2011-04-30", "end_reason": "other"})
    assert page.status_code == 200
    assert "not there any more" in words(page)


# Two at once


TWICE = [
    ("extend", {"end": "2011-12-31"}, {"end": "2012-12-31"}),
    ("end", {"end": "2011-04-30", "end_reason": "other"}, {"end": "2011-05-31", "end_reason": "rotation"}),
    ("fte", {"fte": "0.40", "start": "2011-05-01"}, {"fte": "0.60", "start": "2011-05-01"}),
    (
        "split",
        {"jfo": "FAE", "fte": "0.30", "start": "2011-05-01"},
        {"jfo": "NPET-QUE", "fte": "0.80", "start": "2011-05-01"},
    ),
    (
        "transfer",
        {"jfo": "FAE", "fte": "1.00", "start": "2011-05-01"},
        {"jfo": "NPET-QUE", "fte": "1.00", "start": "2011-05-01"},
    ),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "first", "second"), TWICE)
def test_of_two_at_once_the_loser_is_shown_what_changed(
    client_of: SignIn, path: str, first: dict[str, str], second: dict[str, str]
) -> None:
    user = User.objects.get(username="que.manager")
    row = rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1))
    address = f"/en/assignments/{row.pk}/{path}/"
    version = {"_version": row.history.latest().history_id}
    clients = [client_of(user), client_of(user)]
    sent = [with_key(values) | version for values in (first, second)]
    answers = at_once(*[partial(client.post, address, values) for client, values in zip(clients, sent, strict=True)])
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert "Nothing is saved yet: que.manager changed this on" in words(loser)
    # One act alone was written.
    assert ChangeSet.objects.filter(by=user).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_new_assignments_at_once_above_full_time_one_is_refused_with_a_sentence(client_of: SignIn) -> None:
    user = User.objects.get(username="que.manager")
    officer = rows.officer()
    clients = [client_of(user), client_of(user)]
    sent = [
        with_key({"officer": str(officer.pk), "jfo": code, "fte": "0.60", "start": "2011-05-01"})
        for code in ("FAE", "SPVM-JFO")
    ]
    answers = at_once(
        *[partial(client.post, "/en/assignments/new/", values) for client, values in zip(clients, sent, strict=True)]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    refused = next(answer for answer in answers if answer.status_code == 200)
    assert "the officer would reach 1.20 FTE" in words(refused)
