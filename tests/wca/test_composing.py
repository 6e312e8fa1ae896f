"""What a draft says, which clauses it holds, and the files it is printed as."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import docx
import pytest
from django.utils import translation
from docx.shared import Inches
from hypothesis import given, settings
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from registry.models import JFO, Agency
from wca import composing, draft_files
from wca.measures.coverage import clause_matrix, covered_on
from wca.models import (
    Arrangement,
    ClausePart,
    ClauseSet,
    Draft,
    DraftJFO,
    DraftParagraph,
    Finding,
    Fragment,
    SecurityLevel,
    Verdict,
)

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)
LETTERS = ["a", "b", "c", "d", "e", "f", "g"]


def proposed(*codes):
    """Return the terms proposed for the JFOs together."""
    return composing.proposed([JFO.objects.get(code=code) for code in codes], DAY)


def unsaved(*codes, by=None):
    """Return a draft for the JFOs that is not saved."""
    return composing.composed(proposed(*codes), composing.newest_fragments(), by=by)


def held(paragraphs):
    """Return the clauses of the information-sharing set as the paragraphs hold them."""
    return composing.of_set(composing.held(paragraphs, composing.latest_parts()))


def gaps(paragraphs):
    """Return the keys of the parts that the paragraphs do not hold, of every set."""
    clauses = composing.held(paragraphs, composing.latest_parts())
    return {composing.key_of(part) for clause in clauses for part in clause.gaps}


# What is proposed


def test_the_parties_are_the_cbsa_the_leads_and_the_partners_but_no_group():
    terms = proposed("BEST-PAC")  # led by US ICE; a group of police forces takes part
    assert [party.key for party in terms.parties] == ["CBSA", "US-ICE", "RCMP", "US-CBP", "US-CG"]
    assert [lead.key for lead in terms.leads] == ["US-ICE"]
    assert (terms.security_level, terms.retention_years) == (SecurityLevel.PROTECTED_B, 2)


def test_the_authorities_follow_from_the_parties_in_both_languages():
    american = proposed("BEST-PAC").authorities
    assert "Customs Act, section 107" in american["en"]
    assert "Loi sur les douanes, article 107" in american["fr"]
    assert any("United States" in law for law in american["en"])
    municipal = proposed("SPVM-JFO").authorities
    assert not any("United States" in law for law in municipal["en"])
    assert any("municipal" in law for law in municipal["en"])
    assert len(american["en"]) == len(american["fr"])


def test_several_jfos_make_one_draft_with_each_party_once():
    terms = proposed("NPET-PAC", "CSIS-JFO")
    assert [party.key for party in terms.parties] == ["CBSA", "RCMP", "CSIS"]
    assert terms.purpose["en"].count(". ") >= 1


# Composing


def test_every_place_is_filled_in_with_the_words_of_each_language():
    made = unsaved("FAE")
    for paragraph in made.paragraphs:
        assert not composing.PLACE.search(paragraph.text_en + paragraph.text_fr)
    texts = {row.fragment.code: row for row in made.paragraphs}
    assert "Canada Border Services Agency (CBSA); Sûreté du Québec (SQ)" in texts["participants"].text_en
    assert "Agence des services frontaliers du Canada (ASFC); Sûreté du Québec (SQ)" in texts["participants"].text_fr
    assert "Protected B" in texts["handing-over"].text_en
    assert "Protégé B" in texts["handing-over"].text_fr
    assert "no later than 2 years after" in texts["return"].text_en
    assert "au plus tard 2 ans après" in texts["return"].text_fr


def test_a_retention_of_one_year_is_said_in_the_singular():
    terms = replace(proposed("FAE"), retention_years=1)
    made = composing.composed(terms, composing.newest_fragments(), by=None)
    texts = {row.fragment.code: row for row in made.paragraphs}
    assert "no later than 1 year after" in texts["return"].text_en
    assert "au plus tard 1 an après" in texts["return"].text_fr


def test_braces_in_what_is_filled_in_are_not_filled_in_again():
    assert composing.filled("{purpose} {jfos}", {"purpose": "{jfos}", "jfos": "FAE"}) == "{jfos} FAE"


def test_a_draft_is_saved_with_its_jfos_in_one_act_that_can_be_undone(nhq_reviewer):
    with changesets.act(nhq_reviewer) as change:
        composing.compose([proposed("FAE"), proposed("BEST-PAC")], by=nhq_reviewer, within=change)
    assert Draft.objects.count() == DraftJFO.objects.count() == 2
    paragraph = DraftParagraph.objects.get(draft__jfos__jfo__code="FAE", fragment__code="property")
    version = paragraph.history.get()
    assert (version.who, version.change_set) == (str(nhq_reviewer), change)
    changesets.undo(change, by=nhq_reviewer)
    assert Draft.objects.count() == DraftParagraph.objects.count() == 0


def test_composing_takes_no_more_queries_for_more_paragraphs(nhq_reviewer, django_assert_max_num_queries):
    jfos = list(JFO.objects.exclude(pk__in=covered_on(DAY)))
    terms = composing.proposed_each(jfos, DAY)
    with django_assert_max_num_queries(12 * len(jfos) + 40):
        composing.compose(terms, by=nhq_reviewer)
    assert DraftParagraph.objects.count() == len(jfos) * len(composing.newest_fragments())


def test_an_older_draft_keeps_the_fragments_it_was_composed_of(nhq_reviewer):
    (old,) = composing.compose([proposed("FAE")], by=nhq_reviewer)
    first = Fragment.objects.get(code="property")
    Fragment(
        code="property",
        version=2,
        position=first.position,
        heading_en="Property",
        heading_fr="Propriété",
        text_en="It stays ours.",
        text_fr="Elle demeure nôtre.",
        holds=first.holds,
    ).save_as(None)
    (new,) = composing.compose([proposed("FAE")], by=nhq_reviewer)
    said = {
        draft.draft.pk: DraftParagraph.objects.get(draft=draft.draft, fragment__code="property").text_en
        for draft in (old, new)
    }
    assert said == {old.draft.pk: first.text_en, new.draft.pk: "It stays ours."}
    for one in (old, new):
        assert not gaps(list(one.draft.paragraphs.select_related("fragment", "draft")))


# Which clauses it holds


def test_every_part_of_the_seven_clauses_is_held_by_one_fragment_alone():
    holding = [key for fragment in composing.newest_fragments() for key in fragment.holds]
    assert len(holding) == len(set(holding))
    assert set(holding) == {composing.key_of(part) for part in composing.latest_parts()}
    several = [row.code for row in composing.newest_fragments() if sum("information" in key for key in row.holds) > 1]
    assert several == []


@pytest.mark.parametrize("code", ["BEST-PAC", "FAE", "CSIS-JFO", "IFAT", "PWEU-GTA"])
def test_a_fresh_draft_holds_seven_of_seven(code):
    clauses = held(unsaved(code).paragraphs)
    assert [clause.clause.letter for clause in clauses] == LETTERS
    assert composing.score(clauses) == (7, 7)


def test_drafts_of_all_19_uncovered_jfos_hold_seven_of_seven():
    jfos = list(JFO.objects.exclude(pk__in=covered_on(DAY)))
    fragments, parts = composing.newest_fragments(), composing.latest_parts()
    made = [composing.composed(terms, fragments, by=None) for terms in composing.proposed_each(jfos, DAY)]
    assert len(made) == 19
    for one in made:
        assert not {part for clause in composing.held(one.paragraphs, parts) for part in clause.gaps}


def test_without_one_paragraph_its_parts_alone_are_gaps():
    paragraphs = list(unsaved("FAE").paragraphs)
    for missing in paragraphs:
        left = [row for row in paragraphs if row is not missing]
        assert gaps(left) == set(missing.fragment.holds)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_altered_paragraph_makes_its_parts_alone_gaps_whatever_the_language(language):
    paragraphs = list(unsaved("FAE").paragraphs)
    field = f"text_{language}"
    for row in paragraphs:
        text = getattr(row, field)
        setattr(row, field, text.replace(" ", "  ", 1))
        assert gaps(paragraphs) == set(row.fragment.holds)
        setattr(row, field, text)
    assert gaps(paragraphs) == set()


def test_any_paragraphs_that_are_left_hold_exactly_their_parts():
    """Whichever are removed, altered or put in another order; the verdict of each clause follows from its parts."""
    paragraphs, parts = list(unsaved("FAE").paragraphs), composing.latest_parts()
    whole = {composing.key_of(part) for part in parts}

    @settings(max_examples=60, deadline=None)
    @given(st.permutations(range(len(paragraphs))), st.integers(0, len(paragraphs)), st.data())
    def check(order, count, data):
        kept = [paragraphs[index] for index in order[:count]]
        altered = data.draw(st.sets(st.integers(0, max(count - 1, 0)))) if count else set()
        shown = []
        for number, row in enumerate(kept):
            text = row.text_fr + " Sauf exception." if number in altered else row.text_fr
            shown.append(
                DraftParagraph(
                    draft=row.draft, fragment=row.fragment, position=number, text_en=row.text_en, text_fr=text
                )
            )
        standing = {key for n, row in enumerate(kept) if n not in altered for key in row.fragment.holds}
        clauses = composing.held(shown, parts)
        assert {composing.key_of(part) for one in clauses for part in one.gaps} == whole - standing
        for clause in clauses:
            met = sum(part.paragraph is not None for part in clause.parts)
            assert (clause.verdict == Verdict.MET) == (met == len(clause.parts))
            assert (clause.verdict == Verdict.NOT_MET) == (met == 0)

    check()


def test_what_is_met_is_quoted_with_its_place_in_the_language_of_the_reader():
    paragraphs = list(unsaved("FAE").paragraphs)
    (clause,) = [one for one in held(paragraphs) if one.clause.letter == "a"]
    part = clause.parts[0]
    assert paragraphs[part.number - 1].text_en == part.quotation
    assert part.place == f"paragraph {part.number}"
    with translation.override("fr"):
        assert paragraphs[part.number - 1].text_fr == part.quotation
        assert part.place == f"paragraphe {part.number}"


def test_a_new_part_of_a_newer_clause_set_is_a_gap_until_a_fragment_holds_it():
    old = ClauseSet.objects.get(code="information-sharing", version=1)
    new = ClauseSet(code=old.code, version=2, name_en=old.name_en, name_fr=old.name_fr).save_as(None)
    for clause in list(old.clauses.order_by("letter")):
        parts = list(clause.parts.order_by("number"))
        clause.pk, clause._state.adding, clause.clause_set = None, True, new
        clause.save_as(None)
        for number, part in enumerate([*parts, parts[0]] if clause.letter == "c" else parts, start=1):
            ClausePart(clause=clause, number=number, wording_en=part.wording_en, wording_fr=part.wording_fr).save_as(
                None
            )
    paragraphs = unsaved("FAE").paragraphs
    assert gaps(paragraphs) == {"information-sharing.c.4"}
    assert composing.score(held(paragraphs)) == (6, 7)


def test_a_draft_marks_no_clause_of_an_arrangement_as_met(nhq_reviewer):
    arrangement = Arrangement.objects.get(reference="WCA-2010-0001")
    before, findings = clause_matrix(Arrangement.objects.all(), DAY), Finding.objects.count()
    (made,) = composing.compose([proposed("PWEU-GTA")], by=nhq_reviewer)
    made.draft.arrangement = arrangement
    made.draft.save_as(nhq_reviewer)
    after = clause_matrix(Arrangement.objects.all(), DAY)
    assert [row.verdicts for row in after.rows] == [row.verdicts for row in before.rows]
    assert Finding.objects.count() == findings


# The watermark and the files


def sign_off(day=date(2011, 3, 1)):
    for fragment in Fragment.objects.all():
        fragment.signed_off_by, fragment.signed_off_on = "A. Juriste", day
        fragment.save_as(None)


def test_the_watermark_stays_until_every_fragment_is_signed_off_and_word_for_word():
    assert composing.watermark(unsaved("FAE").paragraphs, DAY).startswith("Draft for consultation")
    sign_off()
    paragraphs = unsaved("FAE").paragraphs
    assert composing.watermark(paragraphs, DAY) == ""
    # What was signed off later was not signed off on that day.
    assert composing.watermark(paragraphs, date(2011, 2, 28))
    paragraphs[0].text_en += " And more."
    assert composing.watermark(paragraphs, DAY)


def xml_of(data):
    return {
        name: zipfile.ZipFile(io.BytesIO(data)).read(name).decode()
        for name in zipfile.ZipFile(io.BytesIO(data)).namelist()
        if name.endswith(".xml")
    }


def test_the_word_document_holds_both_languages_on_letter_paper_with_a_watermark():
    made = unsaved("FAE")
    data = draft_files.as_docx(made.draft, made.paragraphs, DAY)
    document = docx.Document(io.BytesIO(data))
    said = [paragraph.text for paragraph in document.paragraphs]
    english = [row.text_en for row in made.paragraphs]
    assert [text for text in said if text in english] == english
    assert all(row.text_fr in said for row in made.paragraphs)
    assert said.index(made.paragraphs[-1].text_en) < said.index(made.paragraphs[0].text_fr)
    assert [(one.page_width, one.page_height) for one in document.sections] == [(Inches(8.5), Inches(11))] * 2
    headers = [one.header.paragraphs[0].text for one in document.sections]
    assert headers == [
        "Draft for consultation – not reviewed by Legal Services",
        "Ébauche aux fins de consultation – non examinée par les Services juridiques",
    ]
    xml = xml_of(data)
    drawn = [text for name, text in xml.items() if "header" in name]
    assert sum("PowerPlusWaterMarkObject" in text for text in drawn) == 2
    body = xml["word/document.xml"]
    assert body.count('w:val="en-CA"') > 36
    assert body.count('w:val="fr-CA"') > 36
    assert [table.cell(1, 0).text for table in document.tables] == [
        "Canada Border Services Agency (CBSA)",
        "Agence des services frontaliers du Canada (ASFC)",
    ]


def test_the_word_document_has_no_watermark_once_all_is_signed_off():
    sign_off()
    made = unsaved("FAE")
    data = draft_files.as_docx(made.draft, made.paragraphs, DAY)
    assert not any("WaterMark" in text for text in xml_of(data).values())


def test_characters_that_no_file_can_hold_are_left_out():
    made = unsaved("FAE")
    made.paragraphs[0].text_en = "One\x0btwo\x00 three\ufffe"
    data = draft_files.as_docx(made.draft, made.paragraphs, DAY)
    assert "One two three" in [paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_html_stands_alone_and_escapes_what_it_says(language):
    made = unsaved("FAE")
    made.paragraphs[0].text_en = made.paragraphs[0].text_fr = "<script>alert(1)</script> & more"
    html = draft_files.as_html(made.draft, made.paragraphs, language, DAY)
    assert f'lang="{language}-CA"' in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=|url\(|@import|https?:", html)
    assert html.lstrip().startswith("<!doctype html>")
    watermark = {"en": "not reviewed by Legal Services", "fr": "non examinée par les Services juridiques"}
    assert watermark[language] in html


@pytest.mark.parametrize(
    ("code", "name"), [("IBET-PAC-1", "IBET-PAC-1"), ("../../etc", "etc"), ("A/B C", "A-B-C"), ("..", "draft")]
)
def test_the_name_of_a_file_leads_nowhere_else(code, name):
    assert draft_files.safe(code) == name


def test_every_fragment_says_the_same_places_in_both_languages():
    for fragment in Fragment.objects.all():
        english, french = (set(composing.PLACE.findall(text)) for text in (fragment.text_en, fragment.text_fr))
        assert english == french
        assert english <= set(composing.PLACES)
        assert "\n" not in fragment.text_en + fragment.text_fr
        assert not re.search(r"[^\xa0\s]:|« |\w'| [;?!]", fragment.text_fr.replace("\xa0:", "")), fragment


def test_an_agency_that_is_a_group_never_signs():
    assert not [party for party in proposed("NPET-QUE").parties if party.is_group]
    assert Agency.objects.filter(is_group=True).count() == 3
