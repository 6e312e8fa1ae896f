"""What is done with assessments, by whom, what is refused, and that nothing is met but by words of the document."""

from collections.abc import Callable, Sequence
from datetime import date
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from registry.models import User
from wca import assessing
from wca.assessing import Found
from wca.models import (
    Arrangement,
    Assessment,
    ClausePart,
    Document,
    DocumentContent,
    Finding,
    Verdict,
    clause_verdict,
)
from wca.models.assessments import PART_VERDICTS

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)
SET = "information-sharing"
# An arrangement of the demonstration that nobody assessed.
REFERENCE = "WCA-2004-0004"
PAGES = [
    "1. Each Participant owns the information\nthat it supplies. It may say no.",
    "2. Information is destroyed when it is no longer needed. It may say no.",
]
PAGES_FR = ["1. Chaque participant est propriétaire de l’information qu’il fournit."]


@pytest.fixture
def approver(db: None) -> User:
    return User.objects.get(username="nhq.approver")


@pytest.fixture
def arrangement(db: None) -> Arrangement:
    """An arrangement without a document or an assessment."""
    row = Arrangement.objects.get(reference=REFERENCE)
    row.assessments.all().delete()
    row.documents.all().delete()
    return row


def document(
    arrangement: Arrangement, version: int = 1, pages: Sequence[str] = PAGES, language: str = "en", **values: object
) -> Document:
    """Return a new version of the arrangement's text, which has these pages."""
    fields: dict[str, object] = {
        "file_name": "text.pdf",
        "kind": "pdf",
        "size": 1,
        "sha256": f"{version}{language}{len(pages)}",
        "uploaded_on": date(2011, 3, 1),
        "uploaded_by": User.objects.get(username="nhq.reviewer"),
    }
    row = Document(arrangement=arrangement, version=version, language=language, **fields | values).save_as(None)
    places = [{"place": f"p. {number}", "text": text} for number, text in enumerate(pages, 1)]
    DocumentContent.objects.create(document=row, data=b"", places=places)
    return row


def start(by: User, arrangement: Arrangement) -> Assessment:
    return assessing.start(by=by, arrangement=arrangement, clause_set=SET, day=DAY)


def part(row: Assessment, letter: str = "a", number: int = 1) -> ClausePart:
    return ClausePart.objects.select_related("clause").get(
        clause__clause_set=row.clause_set_id, clause__letter=letter, number=number
    )


def save(row: Assessment, found: Found, letter: str = "a", number: int = 1) -> Finding:
    """Return the finding that its author saved."""
    where = part(row, letter, number)
    assessing.save_findings(row, {where: found}, by=row.author)
    return row.findings.get(part=where)


def met(quotation: str = "Each Participant owns the information", place: str = "") -> Found:
    return Found(verdict=Verdict.MET, quotation=quotation, place=place)


def refusal(act: Callable[[], object]) -> str:
    """Return the sentences with which the act is refused."""
    with pytest.raises(ValidationError) as caught:
        act()
    return " ".join(caught.value.messages)


# The verdict of a clause (domain rule 8)

VERDICTS = st.sampled_from([choice for choice, _label in PART_VERDICTS])


@given(st.lists(VERDICTS, max_size=6))
def test_the_verdict_of_a_clause_follows_the_rule(parts: list[str]) -> None:
    verdict = clause_verdict(parts)
    counted = [one for one in parts if one != Verdict.NOT_APPLICABLE]
    assert (verdict == Verdict.NOT_APPLICABLE) == (not counted)
    assert (verdict == Verdict.MET) == (bool(counted) and set(counted) == {Verdict.MET})
    # “Not assessed” is never counted as “not met”.
    if verdict == Verdict.NOT_MET:
        assert Verdict.NOT_MET in counted
        assert Verdict.MET not in counted
    if verdict == Verdict.PARTIAL:
        assert {Verdict.MET, Verdict.NOT_MET} <= set(counted)
    if verdict == Verdict.NOT_ASSESSED:
        assert Verdict.NOT_MET not in counted
        assert Verdict.NOT_ASSESSED in counted


@given(st.lists(VERDICTS, max_size=6), st.randoms())
def test_neither_the_order_of_the_parts_nor_one_that_does_not_apply_changes_it(
    parts: list[str], random: object
) -> None:
    mixed = [*parts, Verdict.NOT_APPLICABLE.value] if parts else parts
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert clause_verdict(mixed) == clause_verdict(parts)


@given(st.lists(VERDICTS, min_size=1, max_size=6))
def test_one_more_part_that_is_not_met_never_makes_a_clause_better(parts: list[str]) -> None:
    assert clause_verdict([*parts, Verdict.NOT_MET]) in {Verdict.PARTIAL, Verdict.NOT_MET}


# Beginning


def test_an_assessment_reads_the_newest_text_that_is_not_a_draft(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement, 1)
    newest = document(arrangement, 2, ["Two"])
    document(arrangement, 3, ["Three"], is_draft=True)
    document(arrangement, 4, ["Four", "To come"], uploaded_on=date(2011, 4, 1))
    row = start(nhq_reviewer, arrangement)
    assert row.document == newest
    assert (row.author, row.assessed_on, row.submitted_on) == (nhq_reviewer, DAY, None)


def test_several_authors_each_have_a_draft_of_their_own(
    arrangement: Arrangement, nhq_reviewer: User, approver: User
) -> None:
    document(arrangement)
    first = start(nhq_reviewer, arrangement)
    save(first, met())
    second = start(approver, arrangement)
    assert not second.findings.exists()
    assert "go on with it" in refusal(lambda: start(nhq_reviewer, arrangement))
    assert list(assessing.same_readings(first)) == [second]


def test_a_new_version_carries_the_standing_findings_to_be_confirmed(
    arrangement: Arrangement, nhq_reviewer: User, approver: User
) -> None:
    document(arrangement, 1)
    old = start(nhq_reviewer, arrangement)
    save(old, met())
    save(old, Found(verdict=Verdict.NOT_MET, missing_en="A period", missing_fr="Un délai"), number=2)
    assessing.submit(old, by=nhq_reviewer, day=DAY)
    assessing.approve(old, by=approver, day=DAY)
    assert not start(approver, arrangement).findings.exists()
    document(arrangement, 2, ["1. Each Participant keeps what it has.", *PAGES])
    new = start(nhq_reviewer, arrangement)
    assert [(row.part.number, row.verdict, row.is_carried) for row in new.findings.order_by("part__number")] == [
        (1, Verdict.MET, True),
        (2, Verdict.NOT_MET, True),
    ]


def test_what_is_carried_is_confirmed_or_changed_before_it_is_submitted(
    arrangement: Arrangement, nhq_reviewer: User
) -> None:
    document(arrangement, 1)
    save(start(nhq_reviewer, arrangement), met())
    document(arrangement, 2, ["1. A preamble.", *PAGES])
    new = start(nhq_reviewer, arrangement)
    assert refusal(lambda: assessing.submit(new, by=nhq_reviewer, day=DAY)) == (
        "Clause a holds findings taken from an earlier assessment: confirm or change them."
    )
    carried = new.findings.get()
    as_it_is = met(carried.quotation, carried.place)
    assert save(new, as_it_is).is_carried
    confirmed = Found(verdict=Verdict.MET, quotation=carried.quotation, place="p. 1", is_confirmed=True)
    elsewhere = refusal(lambda: save(new, confirmed))
    assert elsewhere == "These words are found elsewhere: p. 2. Give that place."
    finding = save(new, met(carried.quotation))
    assert (finding.is_carried, finding.place) == (False, "p. 2")
    assert assessing.submit(new, by=nhq_reviewer, day=DAY).submitted_on == DAY


def test_a_carried_finding_is_confirmed_as_it_is(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement, 1)
    save(start(nhq_reviewer, arrangement), Found(verdict=Verdict.NOT_MET, note="Nothing on it"))
    document(arrangement, 2, ["Other"])
    new = start(nhq_reviewer, arrangement)
    finding = save(new, Found(verdict=Verdict.NOT_MET, note="Nothing on it", is_confirmed=True))
    assert not finding.is_carried


# Findings


@pytest.mark.parametrize(
    ("quotation", "places"),
    [
        ("Each Participant owns the information that it supplies.", "p. 1"),  # over a line break
        ("It may say no.", "p. 1, p. 2"),
        ("It may say no. 2. Information is destroyed", "p. 1, p. 2"),  # over a page break
    ],
)
def test_an_empty_place_is_filled_in_from_the_text(
    arrangement: Arrangement, nhq_reviewer: User, quotation: str, places: str
) -> None:
    document(arrangement)
    assert save(start(nhq_reviewer, arrangement), met(quotation)).place == places


@pytest.mark.parametrize("place", ["p. 1", "p. 1, s. 1"])
def test_a_place_that_says_more_of_where_the_words_are_is_kept(
    arrangement: Arrangement, nhq_reviewer: User, place: str
) -> None:
    document(arrangement)
    assert save(start(nhq_reviewer, arrangement), met(place=place)).place == place


def test_words_of_the_other_language_are_found_in_its_text(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement)
    document(arrangement, pages=PAGES_FR, language="fr")
    row = start(nhq_reviewer, arrangement)
    finding = save(row, met("Chaque participant est propriétaire de l'information"))
    assert (finding.place, finding.quotation_language) == ("p. 1", "fr")


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Found(verdict=Verdict.MET), "“Met” needs a quotation"),
        (met("Each Participant destroys the information"), "not found in the document"),
        (met("each participant owns the information"), "not found in the document"),
        (met(place="p. 2"), "found elsewhere: p. 1"),
        (met(place="p. 12"), "found elsewhere: p. 1"),
    ],
)
def test_nothing_is_met_without_its_words_and_their_place_in_the_document(
    arrangement: Arrangement, nhq_reviewer: User, found: Found, sentence: str
) -> None:
    document(arrangement)
    row = start(nhq_reviewer, arrangement)
    assert sentence in refusal(lambda: save(row, found))
    assert not row.findings.exists()


def test_without_a_document_nothing_is_met(arrangement: Arrangement, nhq_reviewer: User) -> None:
    row = start(nhq_reviewer, arrangement)
    assert row.document is None
    assert "Upload it, and assess that version" in refusal(lambda: save(row, met()))
    assert save(row, Found(verdict=Verdict.NOT_MET)).verdict == Verdict.NOT_MET


def test_of_a_scan_nothing_is_met(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement, pages=[])
    row = start(nhq_reviewer, arrangement)
    assert "such as a scan. Upload one with its text" in refusal(lambda: save(row, met()))


def test_no_part_is_saved_where_one_is_refused(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement)
    row = start(nhq_reviewer, arrangement)
    found = {part(row): met(), part(row, number=2): met("Nowhere")}
    with pytest.raises(ValidationError) as caught:
        assessing.save_findings(row, found, by=nhq_reviewer)
    assert list(caught.value.message_dict) == [f"quotation_{part(row, number=2).pk}"]
    assert not row.findings.exists()


def test_a_part_of_other_clauses_is_refused(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement)
    row = start(nhq_reviewer, arrangement)
    other = ClausePart.objects.exclude(clause__clause_set=row.clause_set_id).select_related("clause").first()
    assert other
    assert "not of the clauses" in refusal(
        lambda: assessing.save_findings(row, {other: Found(verdict=Verdict.NOT_MET)}, by=nhq_reviewer)
    )


def test_nothing_said_writes_nothing(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement)
    row = start(nhq_reviewer, arrangement)
    assert assessing.save_findings(row, {part(row): Found()}, by=nhq_reviewer) == []
    save(row, met())
    assert assessing.save_findings(row, {part(row): met(place="p. 1")}, by=nhq_reviewer) == []
    assert row.findings.get().history.count() == 1


# From draft to approved


@pytest.fixture
def draft(arrangement: Arrangement, nhq_reviewer: User) -> Assessment:
    """The reviewer's draft, in which one part is met."""
    document(arrangement)
    row = start(nhq_reviewer, arrangement)
    save(row, met())
    return row


def test_a_draft_is_submitted_and_approved_by_another(draft: Assessment, nhq_reviewer: User, approver: User) -> None:
    assessing.submit(draft, by=nhq_reviewer, day=DAY)
    assert list(assessing.to_approve(approver)) == [draft]
    assert list(assessing.to_approve(nhq_reviewer)) == []
    row = assessing.approve(draft, by=approver, day=DAY)
    assert (row.approved_by, row.approved_on) == (approver, DAY)
    assert list(Assessment.objects.standing_on(DAY).filter(arrangement=draft.arrangement)) == [draft]


def test_who_wrote_it_does_not_approve_it(draft: Assessment, nhq_reviewer: User) -> None:
    assessing.submit(draft, by=nhq_reviewer, day=DAY)
    sentence = "An assessment is approved by somebody other than its author."
    assert refusal(lambda: assessing.approve(draft, by=nhq_reviewer, day=DAY)) == sentence
    assert refusal(lambda: assessing.send_back(draft, by=nhq_reviewer, note="Look")) == sentence


def test_it_is_returned_with_a_note_and_submitted_again(draft: Assessment, nhq_reviewer: User, approver: User) -> None:
    assessing.submit(draft, by=nhq_reviewer, day=DAY)
    row = assessing.send_back(draft, by=approver, note="Clause c, too")
    assert (row.submitted_on, row.returned_note) == (None, "Clause c, too")
    save(draft, Found(verdict=Verdict.NOT_MET), "c")
    assert assessing.submit(draft, by=nhq_reviewer, day=DAY).submitted_on == DAY


ACTS: dict[str, Callable[[Assessment, User, User], object]] = {
    "save": lambda row, author, _other: assessing.save_findings(
        row, {part(row): Found(verdict=Verdict.NOT_MET)}, by=author
    ),
    "submit": lambda row, author, _other: assessing.submit(row, by=author, day=DAY),
    "withdraw": lambda row, author, _other: assessing.withdraw(row, by=author),
    "discard": lambda row, author, _other: assessing.discard(row, by=author),
    "approve": lambda row, _author, other: assessing.approve(row, by=other, day=DAY),
    "return": lambda row, _author, other: assessing.send_back(row, by=other, note="Look again"),
}
# Which acts are possible in each state; every other one is refused.
POSSIBLE = {
    "draft": {"save", "submit", "discard"},
    "submitted": {"withdraw", "approve", "return"},
    "approved": set(),
}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("state", POSSIBLE)
def test_each_act_is_possible_in_its_states_alone(
    draft: Assessment, nhq_reviewer: User, approver: User, state: str, name: str
) -> None:
    if state != "draft":
        assessing.submit(draft, by=nhq_reviewer, day=DAY)
    if state == "approved":
        assessing.approve(draft, by=approver, day=DAY)
    if name in POSSIBLE[state]:
        ACTS[name](draft, nhq_reviewer, approver)
        return
    refusal(lambda: ACTS[name](draft, nhq_reviewer, approver))


@pytest.mark.parametrize("name", ["save", "submit", "withdraw", "discard"])
def test_only_the_author_changes_a_draft(draft: Assessment, nhq_reviewer: User, approver: User, name: str) -> None:
    if name == "withdraw":
        assessing.submit(draft, by=nhq_reviewer, day=DAY)
    assert "Only its author changes an assessment" in refusal(lambda: ACTS[name](draft, approver, nhq_reviewer))


def test_one_that_says_nothing_is_not_submitted(arrangement: Arrangement, nhq_reviewer: User) -> None:
    row = start(nhq_reviewer, arrangement)
    assert refusal(lambda: assessing.submit(row, by=nhq_reviewer, day=DAY)) == "Nothing is assessed yet."


def test_a_met_part_whose_words_are_not_in_the_document_is_named(draft: Assessment, nhq_reviewer: User) -> None:
    finding = draft.findings.get()
    finding.quotation = "Other words"
    finding.save_as(None)
    assert refusal(lambda: assessing.submit(draft, by=nhq_reviewer, day=DAY)) == (
        "a, part 1, is met by words that are not found in the document: look for them again."
    )


def test_a_submitted_finding_is_changed_by_nobody(draft: Assessment, nhq_reviewer: User) -> None:
    assert Finding.objects.editable_by(nhq_reviewer).filter(assessment=draft).count() == 1
    assert Finding.objects.undoable_by(nhq_reviewer).filter(assessment=draft).count() == 1
    assessing.submit(draft, by=nhq_reviewer, day=DAY)
    assert not Finding.objects.editable_by(nhq_reviewer).filter(assessment=draft).exists()
    assert not Finding.objects.undoable_by(nhq_reviewer).filter(assessment=draft).exists()


def test_every_met_part_of_the_demonstration_is_quoted_from_the_text_that_was_read() -> None:
    rows = Finding.objects.filter(verdict=Verdict.MET, assessment__document__content__isnull=False)
    texts = {row.pk: assessing.texts_of(row) for row in Assessment.objects.exclude(document=None)}
    lost = [
        str(row)
        for row in rows.select_related("assessment__arrangement", "part__clause")
        if not texts[row.assessment_id].holding(row.quotation, row.quotation_language)[1]
    ]
    assert lost == []


# What is to be done


def test_what_nobody_assessed_is_to_be_assessed(arrangement: Arrangement, nhq_reviewer: User, approver: User) -> None:
    assert arrangement in assessing.to_do(nhq_reviewer, DAY)
    document(arrangement)
    row = start(nhq_reviewer, arrangement)
    save(row, met())
    assert arrangement in assessing.to_do(nhq_reviewer, DAY)
    assessing.submit(row, by=nhq_reviewer, day=DAY)
    assert arrangement not in assessing.to_do(nhq_reviewer, DAY)
    assessing.approve(row, by=approver, day=DAY)
    assert arrangement not in assessing.to_do(nhq_reviewer, DAY)
    assert arrangement not in assessing.to_confirm(nhq_reviewer, DAY)
    document(arrangement, 2, ["New"])
    assert arrangement not in assessing.to_do(nhq_reviewer, DAY)
    assert arrangement in assessing.to_confirm(nhq_reviewer, DAY)


def test_an_arrangement_that_is_over_is_not_to_be_assessed(arrangement: Arrangement, nhq_reviewer: User) -> None:
    document(arrangement)
    arrangement.expiry = date(2011, 3, 30)
    arrangement.save_as(None)
    assert arrangement not in assessing.to_do(nhq_reviewer, DAY)


@pytest.mark.parametrize("username", ["que.manager", "admin", "auditor"])
def test_who_does_not_assess_has_nothing_to_do(draft: Assessment, nhq_reviewer: User, username: str) -> None:
    assessing.submit(draft, by=nhq_reviewer, day=DAY)
    reader = User.objects.get(username=username)
    assert not assessing.to_do(reader, DAY).exists()
    assert not assessing.to_confirm(reader, DAY).exists()
    assert not assessing.to_approve(reader).exists()


# Disagreement


def test_two_who_found_different_things_disagree_and_who_did_not_look_does_not(
    draft: Assessment, approver: User
) -> None:
    other = start(approver, draft.arrangement)
    save(other, Found(verdict=Verdict.NOT_MET))
    save(other, Found(verdict=Verdict.NOT_MET), number=2)
    rows = Finding.objects.filter(assessment__in=[draft, other])
    assert assessing.disagreements(set(rows.values_list("part", flat=True)), rows) == {part(draft).pk}


# At the same moment


def together(*acts: Callable[[], object]) -> list[str]:
    """Do the acts in a thread each, at one moment; returns what each was refused with, empty for what was done."""
    barrier = Barrier(len(acts))
    said = [""] * len(acts)

    def run(index: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except ValidationError as error:
            said[index] = " ".join(error.messages)
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
def test_two_people_who_decide_at_once_decide_once(nhq_reviewer: User, approver: User) -> None:
    arrangement = Arrangement.objects.get(reference=REFERENCE)
    row = start(nhq_reviewer, arrangement)
    save(row, Found(verdict=Verdict.NOT_MET))
    assessing.submit(row, by=nhq_reviewer, day=DAY)
    said = together(
        lambda: assessing.approve(row, by=approver, day=DAY),
        lambda: assessing.withdraw(row, by=nhq_reviewer),
    )
    assert sorted(map(bool, said)) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_changed_once_it_is_submitted_at_the_same_moment(nhq_reviewer: User) -> None:
    row = start(nhq_reviewer, Arrangement.objects.get(reference=REFERENCE))
    save(row, Found(verdict=Verdict.NOT_MET))
    said = together(
        lambda: assessing.submit(row, by=nhq_reviewer, day=DAY),
        lambda: save(row, Found(verdict=Verdict.NOT_APPLICABLE)),
    )
    assert not said[0]
    saved = Finding.objects.get(assessment=row).verdict
    assert saved == (Verdict.NOT_MET if said[1] else Verdict.NOT_APPLICABLE)


@pytest.mark.django_db(transaction=True)
def test_begun_twice_at_once_it_is_begun_once(nhq_reviewer: User, approver: User) -> None:
    arrangement = Arrangement.objects.get(reference=REFERENCE)
    said = together(*[lambda by=by: start(by, arrangement) for by in (nhq_reviewer, nhq_reviewer, approver)])
    assert sorted(map(bool, said[:2])) == [False, True]
    assert not said[2]
