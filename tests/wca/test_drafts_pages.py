"""How a reviewer composes drafts, changes and uses them, and keeps the fragments they are made of."""

import io
import re
from datetime import date

import docx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.models import JFO, Agency, User
from tests.pages import body, csv_rows, words
from wca import composing
from wca.models import Arrangement, Document, Draft, DraftParagraph, Fragment

pytestmark = pytest.mark.django_db

LIST = "/en/arrangements/drafts/"
NEW = "/en/arrangements/drafts/new/?jfo=FAE"
UNCOVERED = "/en/arrangements/drafts/uncovered/"
FRAGMENTS = "/en/arrangements/fragments/"
EVERYBODY = ["que.manager", "gta.manager", "nhq.reviewer", "admin", "auditor"]


@pytest.fixture
def reviewer(client_of, nhq_reviewer):
    return client_of(nhq_reviewer)


@pytest.fixture
def draft(nhq_reviewer):
    """A draft for FAE, which nothing covers."""
    terms = composing.proposed([JFO.objects.get(code="FAE")], date(2011, 3, 31))
    (made,) = composing.compose([terms], by=nhq_reviewer)
    return made.draft


def hidden_of(page):
    """Return the hidden fields of the page's form, by name."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body(page).split("<main")[1]))


def checked_of(page):
    """Return the hidden fields that say what was looked at."""
    return {name: value for name, value in hidden_of(page).items() if name in ("_token", "_checked")}


def typed(page, **changed):
    """Return what a form sends as it was opened, but for what is changed."""
    form = page.context["form"]
    values = {name: value for name in form.fields if (value := form[name].value()) is not None}
    return {**values, **hidden_of(page), **changed}


def paragraph(draft, code):
    return DraftParagraph.objects.get(draft=draft, fragment__code=code)


def address(draft, row, end=""):
    return f"{LIST}{draft.pk}/paragraphs/{row.pk}/{end}"


# Composing


def test_the_jfos_are_chosen_first_and_those_without_an_arrangement_are_marked(reviewer):
    text = words(reviewer.get("/en/arrangements/drafts/new/"))
    assert "FAE, Firearms, Ammunition and Explosives no arrangement" in text
    assert "IBET-QUE-1, IBET QUE (1 of 3) no arrangement" not in text


def test_a_draft_is_checked_and_then_composed(reviewer):
    page = reviewer.get(NEW)
    checked = reviewer.post(NEW, typed(page, retention_years="3"))
    text = words(checked)
    assert "Nothing is saved yet. The draft would have 36 paragraphs in each language: 7 of 7 clauses held." in text
    assert "Sûreté du Québec (SQ)" in text
    assert not Draft.objects.exists()
    done = reviewer.post(NEW, typed(page, retention_years="3") | checked_of(checked), follow=True)
    draft = Draft.objects.get()
    assert done.redirect_chain[-1][0] == f"{LIST}{draft.pk}/"
    assert "The draft holds 7 of 7 clauses." in words(done)
    assert "no later than 3 years after" in paragraph(draft, "return").text_en
    assert draft.composed_by.username == "nhq.reviewer"


def test_the_check_leads_back_to_the_form_with_what_was_typed(reviewer):
    page = reviewer.get(NEW)
    checked = reviewer.post(NEW, typed(page, retention_years="3"))
    back = reviewer.post(NEW, typed(page, retention_years="3") | checked_of(checked) | {"_back": "1"})
    assert back.context["form"]["retention_years"].value() == "3"
    assert not Draft.objects.exists()


def test_a_draft_that_changed_since_the_check_is_shown_again(reviewer):
    page = reviewer.get(NEW)
    checked = reviewer.post(NEW, typed(page))
    row = Fragment.objects.get(code="property")
    row.pk, row._state.adding, row.version, row.text_en = None, True, 2, "It stays ours."
    row.save_as(None)
    again = reviewer.post(NEW, typed(page) | checked_of(checked))
    assert "what the draft would say changed since you looked" in words(again)
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"parties": []}, "This field is required."),
        ({"parties": ["SQ"]}, "Tick the CBSA as well: it is a party to every arrangement of its own."),
        ({"parties": ["CBSA"]}, "Tick at least one party beside the CBSA."),
        ({"authorities_fr": "Loi sur les douanes, article 107"}, "authorities in English and 1 in French."),
        ({"retention_years": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"retention_years": "99999999999999999999"}, "Ensure this value is less than or equal to 99."),
        ({"security_level": "nothing"}, "Select a valid choice."),
        ({"purpose_en": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_composed_is_refused_with_a_sentence(reviewer, changed, sentence):
    if "parties" in changed:
        changed = {"parties": [Agency.objects.get(key=key).pk for key in changed["parties"]]}
    answer = reviewer.post(NEW, typed(reviewer.get(NEW)) | changed)
    assert answer.status_code == 200
    assert sentence in words(answer)


def test_a_group_of_forces_cannot_be_ticked(reviewer):
    group = Agency.objects.get(key="MUNICIPAL-POLICE")
    page = reviewer.get("/en/arrangements/drafts/new/?jfo=PWEU-GTA")
    assert f'value="{group.pk}"' not in body(page)


@pytest.mark.parametrize("code", ["NOPE", "FAE%00", "%F0%9F%98%80", "9" * 400])
def test_an_unknown_jfo_is_named_and_the_list_shown(reviewer, code):
    page = reviewer.get(f"/en/arrangements/drafts/new/?jfo={code}")
    assert page.status_code == 200
    assert "No JFO that exists today goes by" in words(page)


def test_all_uncovered_jfos_get_a_draft_in_one_act_that_can_be_undone(reviewer):
    page = reviewer.get(UNCOVERED)
    assert "19 JFOs have no arrangement in force today, and 19 of them have no draft." in words(page)
    done = reviewer.post(UNCOVERED, {"reason": "first drafts", **hidden_of(page)}, follow=True)
    assert "Composed: 19 drafts." in words(done)
    assert Draft.objects.count() == 19
    assert words(done).count("7 of 7") == 19
    assert "Every JFO without an arrangement has a draft already." in words(reviewer.get(UNCOVERED))
    change = Draft.history.first().change_set
    undo = reviewer.get(f"/en/history/{change.pk}/undo/")
    # So many paragraphs are a large act, which is undone for a reason.
    assert "19" in words(undo)
    reviewer.post(undo.request["PATH_INFO"], {"reason": "too early", **hidden_of(undo)})
    assert not Draft.objects.exists()


def test_a_jfo_that_has_a_draft_gets_no_second_one(reviewer, draft):
    page = reviewer.get(UNCOVERED)
    assert "and 18 of them have no draft" in words(page)
    reviewer.post(UNCOVERED, hidden_of(page))
    assert Draft.objects.filter(jfos__jfo__code="FAE").count() == 1


def test_what_changed_since_the_list_was_looked_at_is_shown_again(reviewer, draft):
    page = reviewer.get(UNCOVERED)
    Draft.objects.all().delete()
    answer = reviewer.post(UNCOVERED, hidden_of(page))
    assert "changed since you looked" in words(answer)
    assert not Draft.objects.exists()


# Reading


@pytest.mark.parametrize("username", EVERYBODY)
def test_everybody_reads_drafts_and_only_reviewers_are_offered_to_write(client_of, draft, username):
    client = client_of(User.objects.get(username=username))
    may_write = username == "nhq.reviewer"
    for path in (LIST, f"{LIST}{draft.pk}/", FRAGMENTS, f"{FRAGMENTS}property/"):
        page = client.get(path)
        assert page.status_code == 200
        assert ("btn-primary" in body(page).split('class="page-actions"')[1].split("</div>")[0]) == may_write


def test_the_page_shows_both_languages_the_verdicts_and_the_parts(reviewer, draft):
    page = reviewer.get(f"{LIST}{draft.pk}/")
    text = words(page)
    assert "Draft for consultation – not reviewed by Legal Services" in text
    assert "a) Property in the information ✓ Met" in text
    assert "5 of 5 elements are held." in text
    row = paragraph(draft, "property")
    assert f'<p lang="en-CA">{row.text_en}</p><p lang="fr-CA">{row.text_fr}</p>' in body(page).replace("&#x27;", "'")
    assert "property, version 1 · holds a) 1 · not signed off" in text


def test_in_french_everything_is_french(reviewer, draft):
    text = words(reviewer.get(f"/fr/arrangements/drafts/{draft.pk}/"))
    assert "L’ébauche contient 7 clauses sur 7." in text
    assert "contient a) 1" in text


def test_before_it_was_composed_there_is_no_draft(reviewer, draft):
    Draft.objects.update(composed_on=date(2011, 3, 15))
    assert reviewer.get(f"{LIST}{draft.pk}/?as_of=2011-03-14").status_code == 404
    past = reviewer.get(f"{LIST}{draft.pk}/?as_of=2011-03-20")
    assert "Use as the text" not in words(past)
    assert "paragraphs/" not in body(past)


def test_the_pages_take_few_queries_whatever_there_is(reviewer, draft, django_assert_max_num_queries):
    reviewer.post(UNCOVERED, hidden_of(reviewer.get(UNCOVERED)))
    for path in (LIST, f"{LIST}{draft.pk}/", NEW, UNCOVERED, FRAGMENTS, f"{FRAGMENTS}property/"):
        reviewer.get(path)
        with django_assert_max_num_queries(15):
            reviewer.get(path)


def test_the_list_finds_drafts_by_jfo_and_streams_them(reviewer, draft):
    assert len(csv_rows(reviewer.get(LIST, {"q": "explosives", "format": "csv"}))) == 1
    assert csv_rows(reviewer.get(LIST, {"q": "IBET", "format": "csv"})) == []
    (row,) = csv_rows(reviewer.get(LIST, {"format": "csv"}))
    assert (row["JFOs"], row["Clauses held"], row["Legal Services"]) == ("FAE", "7 of 7", "not reviewed")


@pytest.mark.parametrize("pk", ["0", "99999999", "9" * 30])
def test_a_draft_that_is_not_there_is_not_found(reviewer, pk):
    for end in ("", "print/", "file/docx/", "use/", "compare/", "remove/", "paragraphs/1/", "paragraphs/1/remove/"):
        assert reviewer.get(f"{LIST}{pk}/{end}").status_code == 404


def test_the_files_are_sent_as_attachments_with_safe_names(reviewer, draft):
    word = reviewer.get(f"{LIST}{draft.pk}/file/docx/")
    assert word["Content-Disposition"] == f'attachment; filename="draft-{draft.pk}.docx"'
    assert len(docx.Document(io.BytesIO(word.content)).tables) == 2
    french = reviewer.get(f"/fr/arrangements/drafts/{draft.pk}/file/html/")
    assert french["Content-Disposition"] == f'attachment; filename="draft-{draft.pk}-fr.html"'
    assert paragraph(draft, "property").text_fr in body(french)
    assert reviewer.get(f"{LIST}{draft.pk}/file/exe/").status_code == 404


def test_the_print_view_is_of_one_language(reviewer, draft):
    row = paragraph(draft, "property")
    english, french = (words(reviewer.get(f"/{code}/arrangements/drafts/{draft.pk}/print/")) for code in ("en", "fr"))
    assert row.text_en in english
    assert row.text_fr not in english
    assert row.text_fr in french
    assert "Ébauche aux fins de consultation – non examinée par les Services juridiques" in french


# Changing


def test_removing_a_paragraph_shows_its_part_as_a_gap_and_can_be_undone(reviewer, draft):
    row = paragraph(draft, "return-notice")
    page = reviewer.get(address(draft, row, "remove/"))
    assert "Without it, these parts are gaps: c) 2." in words(page)
    done = reviewer.post(address(draft, row, "remove/"), hidden_of(page), follow=True)
    text = words(done)
    assert "Now a gap: The partners are notified of the return or destruction." in text
    assert "The draft holds 6 of 7 clauses." in text
    assert "c) Return or destruction ◐ Partly met" in text
    assert "Gap c) 2. The partners are notified of the return or destruction." in text
    change = DraftParagraph.history.filter(history_type="-").get().change_set
    undo = reviewer.get(f"/en/history/{change.pk}/undo/")
    back = reviewer.post(undo.request["PATH_INFO"], hidden_of(undo), follow=True)
    assert "The draft holds 7 of 7 clauses." in words(back)


def test_another_wording_is_a_gap_until_the_fragments_own_is_put_back(reviewer, draft):
    row = paragraph(draft, "other-use")
    own, path = row.text_fr, address(draft, row)
    page = reviewer.get(path)
    done = reviewer.post(path, typed(page, text_fr=own + " Sauf urgence."), follow=True)
    assert "Now a gap: Use for any other purpose is forbidden" in words(done)
    assert "gap: e) 2 · changed from its fragment" in words(done)
    page = reviewer.get(path)
    assert own in words(page)
    again = reviewer.post(path, typed(page, text_fr=f"{own}\r\n"), follow=True)
    assert "The draft holds 7 of 7 clauses." in words(again)
    assert "Now a gap" not in words(again)


def test_two_who_change_one_paragraph_see_each_others_wording(reviewer, draft, client_of):
    row = paragraph(draft, "property")
    path = address(draft, row)
    first, second = reviewer.get(path), reviewer.get(path)
    reviewer.post(path, typed(first, text_en="Mine."))
    answer = client_of(User.objects.get(username="nhq.approver")).post(path, typed(second, text_en="Yours."))
    assert answer.status_code == 409
    assert "Mine." in words(answer)
    row.refresh_from_db()
    assert row.text_en == "Mine."


def test_a_paragraph_that_is_gone_is_said_to_be_gone(reviewer, draft):
    row = paragraph(draft, "property")
    page = reviewer.get(address(draft, row))
    reviewer.post(address(draft, row, "remove/"), hidden_of(reviewer.get(address(draft, row, "remove/"))))
    assert reviewer.post(address(draft, row), typed(page)).status_code == 410


def test_a_draft_is_removed_and_brought_back(reviewer, draft):
    path = f"{LIST}{draft.pk}/remove/"
    reviewer.post(path, hidden_of(reviewer.get(path)))
    assert not Draft.objects.exists()
    change = Draft.history.filter(history_type="-").get().change_set
    undo = reviewer.get(f"/en/history/{change.pk}/undo/")
    back = reviewer.post(undo.request["PATH_INFO"], hidden_of(undo), follow=True)
    assert back.status_code == 200
    assert "The draft holds 7 of 7 clauses." in words(reviewer.get(f"{LIST}{draft.pk}/"))


def text_of(document):
    return "\n".join(place["text"] for place in document.content.places)


def test_the_text_is_attached_to_an_arrangement_in_each_language(reviewer, draft):
    arrangement = Arrangement.objects.get(reference="WCA-2010-0001")
    path = f"{LIST}{draft.pk}/use/"
    done = reviewer.post(path, typed(reviewer.get(path), arrangement=arrangement.pk), follow=True)
    assert "The draft is attached to WCA-2010-0001, in English and in French." in words(done)
    rows = {row.language: row for row in Document.objects.filter(arrangement=arrangement, is_draft=True)}
    assert set(rows) == {"en", "fr"}
    assert paragraph(draft, "property").text_fr in text_of(rows["fr"])
    assert paragraph(draft, "property").text_fr not in text_of(rows["en"])
    draft.refresh_from_db()
    assert draft.arrangement == arrangement


# Comparing


def returned(draft, **changed):
    rows = draft.paragraphs.select_related("fragment").order_by("position")
    return "\n".join(changed.get(row.fragment.code.replace("-", "_"), row.text_en) for row in rows)


def test_a_pasted_text_is_compared_and_nothing_saved(reviewer, draft):
    path = f"{LIST}{draft.pk}/compare/"
    own = paragraph(draft, "storage").text_en
    text = returned(draft, storage=own.replace("must be kept", "should be kept"), property="")
    page = reviewer.post(path, {"text": text})
    said = words(page)
    assert "The text holds one language alone: English." in said
    assert "Weakened g) 1. Appropriate storage is outlined." in said
    assert "Dropped a) 1. The information the CBSA provides stays the property of the CBSA." in said
    assert "<del>must</del>" in body(page)
    assert "<ins>should</ins>" in body(page)
    assert paragraph(draft, "storage").text_en == own


def test_the_word_document_that_comes_back_as_it_was_sent_is_unchanged(reviewer, draft):
    data = reviewer.get(f"{LIST}{draft.pk}/file/docx/").content
    file = SimpleUploadedFile("returned.docx", data)
    page = reviewer.post(f"{LIST}{draft.pk}/compare/", {"file": file})
    said = words(page)
    assert "Both languages were compared." in said
    assert "None: every part stands as it was, in its place." in said
    assert list(page.context["comparison"].added) == []


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose a file or paste the text: one of them."),
        ({"text": "x" * 250_001}, "250000 characters"),
        ({"text": "a\0b"}, "Null characters are not allowed."),
        ({"file": SimpleUploadedFile("a.docx", b"MZ\x90\x00")}, "The file is not a document."),
    ],
    ids=["nothing", "too long", "NUL", "not a document"],
)
def test_what_cannot_be_compared_is_refused_with_a_sentence(reviewer, draft, sent, sentence):
    page = reviewer.post(f"{LIST}{draft.pk}/compare/", sent)
    assert page.status_code == 200
    assert sentence in words(page)


def test_what_came_back_is_never_markup(reviewer, draft):
    page = reviewer.post(f"{LIST}{draft.pk}/compare/", {"text": "<script>alert(1)</script>"})
    assert "<script>alert" not in body(page)


# Fragments


def test_a_new_version_of_a_fragment_is_written_and_can_be_undone(reviewer, draft):
    path = f"{FRAGMENTS}property/new/"
    page = reviewer.get(path)
    done = reviewer.post(path, typed(page, text_en="It stays ours.", text_fr="Elle\r\ndemeure nôtre."), follow=True)
    assert "Saved: version 2." in words(done)
    new = Fragment.objects.get(code="property", version=2)
    assert (new.text_fr, new.holds) == ("Elle demeure nôtre.", ["information-sharing.a.1"])
    assert "The draft holds 7 of 7 clauses." in words(reviewer.get(f"{LIST}{draft.pk}/"))
    change = new.history.get().change_set
    undo = reviewer.get(f"/en/history/{change.pk}/undo/")
    reviewer.post(undo.request["PATH_INFO"], hidden_of(undo))
    assert not Fragment.objects.filter(version=2).exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "Nothing would change: this is the newest version, word for word."),
        ({"text_en": "For {party}."}, "There is no place {party}."),
        ({"text_en": "For { jfos }."}, "A brace stands alone."),
        ({"text_en": "For {jfos}."}, "Both languages must have the same places. Only one of them has: {jfos}."),
        ({"text_en": ""}, "This field is required."),
        ({"newest": "7", "text_en": "It stays ours."}, "Somebody wrote version 1 since you opened this form."),
    ],
)
def test_a_new_version_that_cannot_be_is_refused_with_a_sentence(reviewer, changed, sentence):
    path = f"{FRAGMENTS}property/new/"
    assert sentence in words(reviewer.post(path, typed(reviewer.get(path)) | changed))
    assert not Fragment.objects.filter(version=2).exists()


def test_a_fragment_that_holds_no_part_can_be_rewritten_too(reviewer):
    path = f"{FRAGMENTS}amendment/new/"
    reviewer.post(path, typed(reviewer.get(path), text_en="In writing.", text_fr="Par écrit."))
    assert Fragment.objects.get(code="amendment", version=2).holds == []


def test_once_legal_services_signed_off_every_fragment_the_watermark_goes(reviewer, draft):
    path = f"{FRAGMENTS}sign-off/?all=1"
    page = reviewer.get(path)
    sent = typed(page, signed_off_by="A. Juriste", signed_off_on="2011-03-30")
    assert len(sent["fragments"]) == 36
    done = reviewer.post(path, sent, follow=True)
    assert "Signed off: 36 versions of fragments." in words(done)
    assert "not reviewed by Legal Services" not in words(reviewer.get(f"{LIST}{draft.pk}/"))
    assert "signed off" in words(reviewer.get(LIST))
    # On an earlier day it was not signed off yet.
    Draft.objects.update(composed_on=date(2011, 3, 1))
    assert "not reviewed by Legal Services" in words(reviewer.get(f"{LIST}{draft.pk}/?as_of=2011-03-29"))
    change = Fragment.history.filter(history_type="~").first().change_set
    undo = reviewer.get(f"/en/history/{change.pk}/undo/")
    reviewer.post(undo.request["PATH_INFO"], hidden_of(undo))
    assert "not reviewed by Legal Services" in words(reviewer.get(f"{LIST}{draft.pk}/"))


def test_a_sign_off_to_come_is_refused(reviewer):
    path = f"{FRAGMENTS}sign-off/?all=1"
    sent = typed(reviewer.get(path), signed_off_by="A. Juriste", signed_off_on="2011-04-01")
    assert "This day is still to come." in words(reviewer.post(path, sent))
    assert not Fragment.objects.exclude(signed_off_on=None).exists()


def test_one_fragment_is_ticked_by_its_address(reviewer):
    row = Fragment.objects.get(code="property")
    assert reviewer.get(f"{FRAGMENTS}sign-off/?fragment={row.pk}").context["form"]["fragments"].value() == [row.pk]
    assert reviewer.get(f"{FRAGMENTS}sign-off/?fragment=%00").status_code == 200


def test_a_fragment_that_is_not_there_is_not_found(reviewer):
    assert reviewer.get(f"{FRAGMENTS}nothing/").status_code == 404
    assert reviewer.get(f"{FRAGMENTS}nothing/new/").status_code == 404
