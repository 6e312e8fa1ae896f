"""How an assessment is made on screen: clause by clause, submitted, approved, and shown beside another's."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from registry.models import User
from tests.pages import body, words
from wca import assessing
from wca.assessing import Found
from wca.models import Arrangement, Assessment, Clause, ClausePart, Download, Finding, Verdict

from .test_assessing import DAY, PAGES, SET, document

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
REFERENCE = "WCA-2004-0004"
PAGE = f"/en/arrangements/{REFERENCE}/"


@pytest.fixture
def arrangement(db: None) -> Arrangement:
    """An arrangement with a text of two pages that nobody assessed."""
    row = Arrangement.objects.get(reference=REFERENCE)
    row.assessments.all().delete()
    row.documents.all().delete()
    document(row)
    return row


@pytest.fixture
def approver(db: None) -> User:
    return User.objects.get(username="nhq.approver")


@pytest.fixture
def reviewer(client_of: SignIn, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def draft(arrangement: Arrangement, nhq_reviewer: User) -> Assessment:
    return assessing.start(by=nhq_reviewer, arrangement=arrangement, clause_set=SET, day=DAY)


def parts(row: Assessment, letter: str = "a") -> list[ClausePart]:
    rows = ClausePart.objects.filter(clause__clause_set=row.clause_set_id, clause__letter=letter)
    return list(rows.select_related("clause").order_by("number"))


def address(row: Assessment, rest: str = "") -> str:
    return f"{PAGE}assessments/{row.pk}/{rest}"


def typed(row: Assessment, letter: str = "a", **fields: str) -> dict[str, str]:
    """Return the clause's form as it is sent, every part not assessed but for what is given: `verdict_1` of part 1."""
    data = {"_token": str(uuid4())}
    for part in parts(row, letter):
        data |= {f"verdict_{part.pk}": "not_assessed", f"quotation_language_{part.pk}": "en"}
        for name, value in fields.items():
            field, _line, number = name.rpartition("_")
            if number == str(part.number):
                data[f"{field}_{part.pk}"] = value
    return data


def submitted(row: Assessment) -> Assessment:
    assessing.save_findings(row, {parts(row)[0]: Found(verdict=Verdict.NOT_MET)}, by=row.author)
    return assessing.submit(row, by=row.author, day=DAY)


# Beginning


def test_an_assessment_begins_on_the_arrangements_page(arrangement: Arrangement, reviewer: Client) -> None:
    assert f'href="{PAGE}assessments/new/"' in body(reviewer.get(PAGE, {"part": "assessments"}))
    text = words(reviewer.get(f"{PAGE}assessments/new/"))
    assert "The text that is read: WCA-2004-0004, version 1 (English)." in text
    response = reviewer.post(f"{PAGE}assessments/new/", {"clause_set": SET, "_token": str(uuid4())})
    row = Assessment.objects.get(arrangement=arrangement)
    assert response["Location"] == address(row, "a/")
    assert "go on with it" in words(reviewer.get(f"{PAGE}assessments/new/"))


def test_the_crumbs_and_what_is_discarded_lead_back_to_the_assessments(draft: Assessment, reviewer: Client) -> None:
    back = f"/en/arrangements/{draft.arrangement.reference}/?part=assessments#assessments"
    for place in (address(draft), address(draft, "a/"), address(draft, "do/discard/")):
        assert f'href="{back}"' in reviewer.get(place).content.decode(), place
    assert reviewer.post(address(draft, "do/discard/"), {}).headers["Location"] == back


def test_every_clause_set_can_be_assessed(arrangement: Arrangement, reviewer: Client) -> None:
    codes = set(Clause.objects.values_list("clause_set__code", flat=True))
    for code in codes:
        response = reviewer.post(f"{PAGE}assessments/new/", {"clause_set": code, "_token": str(uuid4())}, follow=True)
        assert response.status_code == 200
        assert response.context["clause"].clause_set.code == code


def test_clauses_that_there_are_not_are_refused_in_words(arrangement: Arrangement, reviewer: Client) -> None:
    response = reviewer.post(f"{PAGE}assessments/new/", {"clause_set": "nothing\0", "_token": str(uuid4())})
    assert "Choose the clauses." in words(response)


# One clause


def test_a_clause_shows_its_wording_its_parts_and_the_text(draft: Assessment, reviewer: Client) -> None:
    response = reviewer.get(address(draft, "a/"))
    text = words(response)
    assert parts(draft)[0].clause.wording in text
    for part in parts(draft):
        assert f"Part {part.number}: {part.wording}" in text
    for page in PAGES:
        assert " ".join(page.split()) in text
    assert Download.objects.filter(document=draft.document, is_text=True).count() == 1


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("letter", ["a", "g"])
def test_a_clause_is_assessed_in_both_languages(
    draft: Assessment, reviewer: Client, language: str, letter: str
) -> None:
    assert reviewer.get(address(draft, f"{letter}/").replace("/en/", f"/{language}/")).status_code == 200


def test_save_and_next_leads_through_every_clause_to_the_whole(draft: Assessment, reviewer: Client) -> None:
    where = address(draft, "a/")
    seen: list[str] = []
    while (letter := where.removeprefix(address(draft)).strip("/")) and len(seen) < 20:
        seen.append(letter)
        where = reviewer.post(where, typed(draft, letter, verdict_1="not_met") | {"_next": "1"})["Location"]
    assert where == address(draft)
    assert seen == [*"abcdefg"]
    assert Finding.objects.filter(assessment=draft, verdict=Verdict.NOT_MET).count() == 7


def test_a_met_part_is_saved_with_its_place(draft: Assessment, reviewer: Client) -> None:
    sent = typed(draft, verdict_1="met", quotation_1="Each Participant owns\r\nthe information", note_1="On page 1")
    response = reviewer.post(address(draft, "a/"), sent, follow=True)
    assert "Saved: clause a, 1 part." in words(response)
    finding = Finding.objects.get(assessment=draft)
    assert (finding.verdict, finding.place, finding.note) == ("met", "p. 1", "On page 1")


def test_a_refused_part_is_told_at_its_field_and_nothing_typed_is_lost(draft: Assessment, reviewer: Client) -> None:
    sent = typed(draft, verdict_1="met", quotation_1="Elsewhere", missing_en_2="A period")
    response = reviewer.post(address(draft, "a/"), sent)
    text = words(response)
    assert "Nothing is saved yet." in text
    assert "These words are not found in the document." in text
    assert "Elsewhere" in text
    assert "A period" in text
    assert not Finding.objects.filter(assessment=draft).exists()


def test_the_refusal_is_said_in_french(draft: Assessment, reviewer: Client) -> None:
    response = reviewer.post(address(draft, "a/").replace("/en/", "/fr/"), typed(draft, verdict_1="met"))
    assert "une citation" in words(response)


def test_an_unknown_verdict_is_refused_in_words(draft: Assessment, reviewer: Client) -> None:
    assert "Choose a verdict." in words(reviewer.post(address(draft, "a/"), typed(draft, verdict_1="partial")))
    assert "Choose a verdict." in words(reviewer.post(address(draft, "a/"), {"_token": str(uuid4())}))


def test_words_are_looked_for_without_a_script(draft: Assessment, reviewer: Client) -> None:
    text = words(reviewer.get(address(draft, "a/"), {"q": "PARTICIPANT supplies"}))
    assert "1 passage holds “PARTICIPANT supplies”." in text
    assert "Information is destroyed" not in text
    assert "No passage holds all of “nowhere”." in words(reviewer.get(address(draft, "a/"), {"q": "nowhere"}))


def test_a_search_keeps_what_was_typed_and_saves_nothing(draft: Assessment, reviewer: Client) -> None:
    sent = typed(draft, verdict_1="not_met", missing_en_1="Ownership") | {"q": "destroyed", "_search": "1"}
    response = reviewer.post(address(draft, "a/"), sent)
    assert "Ownership" in words(response)
    first = response.context["parts"][0].fields
    assert (first.verdict.value(), first.missing_en.value()) == ("not_met", "Ownership")
    assert not Finding.objects.filter(assessment=draft).exists()


def test_a_found_passage_fills_in_quotation_and_place(draft: Assessment, reviewer: Client) -> None:
    page = body(reviewer.get(address(draft, "a/"), {"q": "destroyed"}))
    second = parts(draft)[1]
    (value,) = re.findall(rf'name="_use_passage" value="({second.pk}\.\d+)"', page)
    sent = typed(draft, note_1="Mine", verdict_2="met") | {"q": "destroyed", "_use_passage": value}
    response = reviewer.post(address(draft, "a/"), sent)
    one, two, *_rest = (asked.fields for asked in response.context["parts"])
    assert one.note.value() == "Mine"
    assert (two.quotation.value(), two.place.value(), two.verdict.value()) == (
        "2. Information is destroyed when it is no longer needed. It may say no.",
        "p. 2",
        "met",
    )
    assert not Finding.objects.filter(assessment=draft).exists()
    saved = {name: field.value() or "" for name, field in _fields(response).items()} | {"_token": str(uuid4())}
    reviewer.post(address(draft, "a/"), saved)
    assert Finding.objects.get(assessment=draft, part=second).place == "p. 2"


def _fields(response: Any) -> dict[str, Any]:
    form = response.context["form"]
    return {name: form[name] for name in form.fields}


def test_a_proposal_says_why_and_decides_nothing(draft: Assessment, reviewer: Client) -> None:
    document(
        draft.arrangement,
        2,
        ["4. Information supplied by the Agency remains the property of the Agency and is owned by it."],
    )
    row = assessing.start(by=draft.author, arrangement=draft.arrangement, clause_set=SET, day=DAY)
    response = reviewer.get(address(row, "a/"))
    asked = next(asked for asked in response.context["parts"] if asked.proposals)
    assert "it decides nothing" in words(response) or "they decide nothing" in words(response)
    for term, _weight in asked.proposals[0].why:
        assert term in words(response)
    value = f"{asked.fields.part.pk}.0"
    response = reviewer.post(address(row, "a/"), typed(row) | {"_use_proposal": value})
    fields = next(one.fields for one in response.context["parts"] if one.fields.part == asked.fields.part)
    assert fields.quotation.value() == asked.proposals[0].text
    assert fields.verdict.value() == "not_assessed"


@pytest.mark.parametrize("button", ["_use_passage", "_use_proposal"])
@pytest.mark.parametrize("value", ["", "x.y", "1.99999999999999999999", "-1.-1", "1.²", "\0.0"])
def test_a_passage_that_there_is_not_is_told(draft: Assessment, reviewer: Client, button: str, value: str) -> None:
    response = reviewer.post(address(draft, "a/"), typed(draft) | {button: value})
    assert "This passage is not in the text." in words(response)


def test_the_language_of_a_form_that_was_posted_keeps_what_was_typed(draft: Assessment, reviewer: Client) -> None:
    sent = typed(draft, note_1="Mine") | {"q": "destroyed", "_search": "1"}
    assert 'name="_language"' in body(reviewer.post(address(draft, "a/"), sent))
    french = reviewer.post(
        address(draft, "a/").replace("/en/", "/fr/"), typed(draft, note_1="Mine") | {"_language": "fr"}
    )
    assert "Mine" in words(french)


def test_a_clause_saved_in_another_window_is_not_overwritten_unseen(draft: Assessment, reviewer: Client) -> None:
    version = dict(reviewer.get(address(draft, "a/")).context["hidden"])["_version"]
    reviewer.post(address(draft, "a/"), typed(draft, verdict_1="not_met") | {"_version": str(version)})
    seen = dict(reviewer.get(address(draft, "a/")).context["hidden"])["_version"]
    reviewer.post(address(draft, "a/"), typed(draft, verdict_1="not_applicable") | {"_version": str(seen)})
    response = reviewer.post(address(draft, "a/"), typed(draft, verdict_1="not_met") | {"_version": str(seen)})
    assert "You saved this clause in another window meanwhile." in words(response)
    assert Finding.objects.get(assessment=draft).verdict == Verdict.NOT_APPLICABLE
    again = typed(draft, verdict_1="not_met") | {"_version": str(dict(response.context["hidden"])["_version"])}
    reviewer.post(address(draft, "a/"), again)
    assert Finding.objects.get(assessment=draft).verdict == Verdict.NOT_MET


def test_what_was_saved_can_be_undone_until_it_is_submitted(draft: Assessment, reviewer: Client) -> None:
    page = reviewer.post(address(draft, "a/"), typed(draft, verdict_1="not_met"), follow=True)
    (undo,) = re.findall(r'action="(/en/history/[^"]*undo/)"', body(page))
    assessing.submit(draft, by=draft.author, day=DAY)
    reviewer.post(undo)
    assert Finding.objects.filter(assessment=draft).exists()
    assessing.withdraw(draft, by=draft.author)
    reviewer.post(undo)
    assert not Finding.objects.filter(assessment=draft).exists()


@pytest.mark.parametrize("letter", ["z", "aa", "%00", "A"])
def test_a_clause_that_there_is_not_answers_404(draft: Assessment, reviewer: Client, letter: str) -> None:
    assert reviewer.get(address(draft, f"{letter}/")).status_code == 404


@pytest.mark.parametrize("rest", ["assessments/99999999999999999999/", "assessments/99999999999999999999/a/"])
def test_an_assessment_that_there_is_not_answers_404(draft: Assessment, reviewer: Client, rest: str) -> None:
    assert reviewer.get(PAGE + rest).status_code == 404
    assert reviewer.get(address(draft).replace(REFERENCE, "WCA-2004-0001")).status_code == 404


def test_another_authors_draft_is_read_and_not_assessed(draft: Assessment, client_of: SignIn, approver: User) -> None:
    client = client_of(approver)
    assert client.get(address(draft)).status_code == 200
    assert client.get(address(draft, "a/")).status_code == 403
    assert client.post(address(draft, "a/"), typed(draft, verdict_1="not_met")).status_code == 403


def test_a_submitted_one_is_looked_at_whole(draft: Assessment, reviewer: Client) -> None:
    submitted(draft)
    assert reviewer.get(address(draft, "a/"))["Location"] == address(draft)
    assert "Withdraw it to change it" in words(reviewer.post(address(draft, "a/"), typed(draft, verdict_1="met")))


def test_without_a_text_the_page_says_what_to_do(
    arrangement: Arrangement, nhq_reviewer: User, reviewer: Client
) -> None:
    arrangement.documents.all().delete()
    row = assessing.start(by=nhq_reviewer, arrangement=arrangement, clause_set=SET, day=DAY)
    text = words(reviewer.get(address(row, "a/")))
    assert "Upload it, and assess that version: until then nothing can be found to be met." in text


# The whole


def test_it_is_submitted_and_approved_by_another(
    draft: Assessment, reviewer: Client, client_of: SignIn, approver: User
) -> None:
    reviewer.post(address(draft, "a/"), typed(draft, verdict_1="met", quotation_1="It may say no."))
    text = words(reviewer.get(address(draft, "do/submit/")))
    assert "parts are not assessed, and count as neither met nor not met." in text
    assert "Waits for approval" in words(
        reviewer.post(address(draft, "do/submit/"), {"_token": str(uuid4())}, follow=True)
    )
    assert [act.name for act, _href in reviewer.get(address(draft)).context["acts"]] == ["withdraw"]
    client = client_of(approver)
    page = client.get(address(draft))
    assert [act.name for act, _href in page.context["acts"]] == ["approve", "return"]
    assert "Approved" in words(client.post(address(draft, "do/approve/"), {"_token": str(uuid4())}, follow=True))
    draft.refresh_from_db()
    assert (draft.approved_by, draft.approved_on) == (approver, DAY)
    assert client.get(address(draft)).context["acts"] == []


def test_who_wrote_it_cannot_approve_it(draft: Assessment, reviewer: Client) -> None:
    submitted(draft)
    response = reviewer.post(address(draft, "do/approve/"), {"_token": str(uuid4())})
    assert "approved by somebody other than its author" in words(response)


def test_it_is_returned_with_a_note_that_its_author_reads(
    draft: Assessment, reviewer: Client, client_of: SignIn, approver: User
) -> None:
    submitted(draft)
    client = client_of(approver)
    assert "Say what is to be looked at again." in words(
        client.post(address(draft, "do/return/"), {"_token": str(uuid4())})
    )
    client.post(address(draft, "do/return/"), {"_token": str(uuid4()), "note": "Clause c, too"})
    assert "Returned with this note: Clause c, too" in words(reviewer.get(address(draft, "c/")))


def test_what_was_changed_since_it_was_looked_at_is_not_approved(
    draft: Assessment, client_of: SignIn, approver: User
) -> None:
    submitted(draft)
    client = client_of(approver)
    (_act, href), _other = client.get(address(draft)).context["acts"]
    assessing.withdraw(draft, by=draft.author)
    submitted(draft)
    version = dict(client.get(href).context["hidden"])["_version"]
    sent = {"_token": str(uuid4()), "_version": str(version)}
    response = client.post(address(draft, "do/approve/"), sent)
    assert "The assessment was changed since you looked at it." in words(response)
    draft.refresh_from_db()
    assert draft.approved_on is None


def test_a_draft_that_cannot_be_submitted_yet_says_why_before(draft: Assessment, reviewer: Client) -> None:
    assert "Nothing is assessed yet." in words(reviewer.get(address(draft, "do/submit/")))


def test_a_discarded_draft_leads_to_the_arrangement_and_comes_back(draft: Assessment, reviewer: Client) -> None:
    assessing.save_findings(draft, {parts(draft)[0]: Found(verdict=Verdict.NOT_MET)}, by=draft.author)
    page = reviewer.post(address(draft, "do/discard/"), {"_token": str(uuid4())}, follow=True)
    assert page.request["PATH_INFO"] == PAGE
    assert not Assessment.objects.filter(pk=draft.pk).exists()
    (undo,) = re.findall(r'action="(/en/history/[^"]*undo/)"', body(page))
    reviewer.post(undo)
    assert Finding.objects.filter(assessment=draft.pk).count() == 1


@pytest.mark.parametrize("act", ["nothing", "%00", "Submit"])
def test_an_act_that_there_is_not_answers_404(draft: Assessment, reviewer: Client, act: str) -> None:
    assert reviewer.get(address(draft, f"do/{act}/")).status_code == 404


@pytest.mark.parametrize("username", ["admin", "auditor"])
def test_others_read_it_and_are_offered_nothing(draft: Assessment, client_of: SignIn, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    assert client.get(address(draft)).context["acts"] == []
    assert "assessments/new" not in body(client.get(PAGE, {"part": "assessments"}))
    for rest in ("a/", "do/submit/"):
        assert client.get(address(draft, rest)).status_code == 403


# Disagreement


def test_two_who_disagree_are_shown_side_by_side(draft: Assessment, reviewer: Client, approver: User) -> None:
    first, second = parts(draft)[:2]
    met = Found(verdict=Verdict.MET, quotation="Each Participant owns the information")
    assessing.save_findings(draft, {first: met, second: Found(verdict=Verdict.NOT_MET)}, by=draft.author)
    other = assessing.start(by=approver, arrangement=draft.arrangement, clause_set=SET, day=DAY)
    said = Found(verdict=Verdict.NOT_MET, missing_en="Nothing on copies")
    assessing.save_findings(other, {first: said, second: Found(verdict=Verdict.NOT_MET)}, by=approver)
    page = reviewer.get(address(draft))
    text = words(page)
    assert "On 1 of" in text
    assert "nothing is averaged" in text
    assert "Nothing on copies" in text
    clause = page.context["clauses"][0]
    assert [part.is_disputed for part in clause.parts] == [True, *[False] * (len(clause.parts) - 1)]
    assert clause.verdict != clause.others[0][1]


def test_an_older_text_is_no_disagreement(draft: Assessment, reviewer: Client, approver: User) -> None:
    document(draft.arrangement, 2, ["New"])
    assessing.start(by=approver, arrangement=draft.arrangement, clause_set=SET, day=DAY)
    page = reviewer.get(address(draft))
    assert page.context["others"] == []
    assert "A newer text is on file" in words(page)


# On the arrangement's page, and on past days


def test_the_arrangement_says_that_its_assessment_is_to_be_confirmed(
    draft: Assessment, reviewer: Client, approver: User
) -> None:
    assessing.approve(submitted(draft), by=approver, day=DAY)
    assert "To be confirmed for the newer text" not in words(reviewer.get(PAGE, {"part": "assessments"}))
    document(draft.arrangement, 2, ["New"])
    assert "To be confirmed for the newer text" in words(reviewer.get(PAGE, {"part": "assessments"}))


def test_a_past_day_knows_what_was_approved_by_then(draft: Assessment, reviewer: Client, approver: User) -> None:
    submitted(draft)
    assert reviewer.get(address(draft), {"as_of": "2011-03-30"}).status_code == 404
    old = Assessment.objects.get(arrangement__reference="WCA-2004-0001")
    where = f"/en/arrangements/WCA-2004-0001/assessments/{old.pk}/"
    page = reviewer.get(where, {"as_of": "2011-02-15"})
    assert page.context["acts"] == []
    assert reviewer.get(where, {"as_of": "2011-01-20"}).status_code == 404
    before = reviewer.get("/en/arrangements/WCA-2004-0001/", {"as_of": "2011-01-20", "part": "assessments"})
    assert "Nobody assessed it by" in words(before)
    assert "assessments/new" not in body(before)


def test_the_cell_of_a_clause_tells_the_note_and_takes_a_clause_set(reviewer: Client) -> None:
    where = "/en/arrangements/WCA-2004-0001/clauses/a/"
    assert reviewer.get(where, {"set": "policy-elements"}).status_code == 200
    for unknown in ("nothing", "\0", ""):
        assert reviewer.get(where, {"set": unknown}).status_code == 404


def test_a_page_asks_at_most_15_queries_whatever_its_rows(
    draft: Assessment, reviewer: Client, approver: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    document(draft.arrangement, 1, ["1. Chaque participant"], language="fr")
    for row in (draft, assessing.start(by=approver, arrangement=draft.arrangement, clause_set=SET, day=DAY)):
        found = {part: Found(verdict=Verdict.NOT_MET) for letter in "abcdefg" for part in parts(row, letter)}
        assessing.save_findings(row, found, by=row.author)
    for where in (address(draft, "a/"), address(draft), address(draft, "do/submit/"), f"{PAGE}assessments/new/"):
        reviewer.get(where)
        with django_assert_max_num_queries(15):
            assert reviewer.get(where).status_code == 200, where


def test_a_manager_sees_an_assessment_once_it_is_approved(
    draft: Assessment, client_of: Callable[[User], Client], que_manager: User, reviewer: Client, approver: User
) -> None:
    manager = client_of(que_manager)
    assert reviewer.get(address(draft)).status_code == 200
    assert manager.get(address(draft)).status_code == 404
    assert address(draft) not in body(manager.get(f"{PAGE}?part=assessments"))
    assessing.approve(submitted(draft), by=approver, day=DAY)
    assert manager.get(address(draft)).status_code == 200
    assert address(draft) in body(manager.get(f"{PAGE}?part=assessments"))
