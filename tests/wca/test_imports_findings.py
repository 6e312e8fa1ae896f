"""Findings come in by spreadsheet as drafts of assessments, which are submitted and approved on screen."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.preview import Said
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from jfo_portal.kit.models import Import
from jfo_portal.kit.periods import today
from registry.models import Role, User
from tests import sheets
from tests.sheets import Row, errors, save, sheet
from wca import assessing
from wca.assessing import Found
from wca.models import Arrangement, Assessment, ClausePart, ClauseSet, Document, Finding, Verdict
from wca.resources import FindingResource
from wca.resources.findings import part_code

pytestmark = pytest.mark.django_db

# Assessed and approved; its text is in English.
READ = "WCA-2004-0001"
OWNERSHIP = "The Participants recognize that Agency information stays in the ownership of the Agency"
OWNERSHIP_AT = "p. 3, s. 7.1"


@pytest.fixture
def findings(nhq_reviewer: User) -> Resource:
    return sheets.resource("findings", nhq_reviewer)


@pytest.fixture
def approver(db: None) -> User:
    return User.objects.get(username="nhq.approver")


def row(part: str = "a.1", verdict: str | None = "Not met", arrangement: str = READ, **values: Any) -> Row:
    return {"clause_set": "information-sharing", "arrangement": arrangement, "part": part, "verdict": verdict} | values


def met(part: str = "a.1", quotation: str | None = OWNERSHIP, **values: Any) -> Row:
    return row(part, "Met", quotation=quotation, **values)


def told(of: Resource, *rows: Row) -> list[tuple[int, str, str]]:
    return errors(of.preview(sheet(of, *rows)))


def own_draft(author: User, reference: str = READ) -> Assessment:
    return Assessment.objects.get(author=author, arrangement__reference=reference, approved_on=None)


def again(of: Resource) -> Resource:
    """The resource of the next request."""
    return FindingResource(of.user)


# Who, and what comes of it


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_only_who_makes_assessments_may_import_findings(role: Role) -> None:
    assert resources.get("findings", User(username="somebody", role=role)) is None


def test_a_reviewer_sees_the_imports_for_findings_alone(
    nhq_reviewer: User, client_of: Callable[[User], Client]
) -> None:
    assert [one.slug for one in resources.all_for(nhq_reviewer)] == ["findings"]
    client = client_of(nhq_reviewer)
    page = client.get(reverse("imports")).content.decode()
    assert 'aria-current="page">Imports' in page
    new = client.get(reverse("import-new")).content.decode()
    assert "Findings of assessments" in new
    assert 'value="officers"' not in new
    assert client.get(reverse("import-template", args=["findings"])).status_code == 200
    assert client.get(reverse("import-template", args=["officers"])).status_code == 404
    assert reverse("imports") in client.get(reverse("home")).content.decode()


def test_one_row_of_all_the_examples_is_a_new_finding(findings: Resource) -> None:
    made = {name: field.example for name, field in findings.fields.items() if field.example}
    preview = findings.preview(sheet(findings, made))
    assert (errors(preview), preview.counts.new) == ([], 1)


def test_the_sample_is_imported_as_documented_and_once(findings: Resource) -> None:
    made = sheets.sample(findings, "findings.xlsx")
    preview = findings.preview(made)
    assert (errors(preview), preview.ignored) == ([], ())
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (6, 0, 0)
    save(findings, made)
    versions = Finding.history.count(), Assessment.history.count()
    assert save(again(findings), made).unchanged == 6
    assert (Finding.history.count(), Assessment.history.count()) == versions
    assert sheets.breaches() == []


def test_findings_come_as_a_draft_that_somebody_else_approves(
    findings: Resource, nhq_reviewer: User, approver: User
) -> None:
    approved = Assessment.objects.get(arrangement__reference=READ)
    save(findings, sheet(findings, met(), row("c.1", missing_en="Nothing.", missing_fr="Rien.")))
    draft = own_draft(nhq_reviewer)
    assert (draft.document, draft.assessed_on, draft.submitted_on) == (approved.document, date(2011, 3, 31), None)
    first, second = draft.findings.order_by("part__clause__letter")
    assert (first.verdict, first.quotation, first.quotation_language, first.place) == (
        Verdict.MET,
        OWNERSHIP,
        "en",
        OWNERSHIP_AT,
    )
    assert (second.verdict, second.missing_fr) == (Verdict.NOT_MET, "Rien.")
    for record in (draft, first, second):
        version = record.history.get()
        assert (version.who, version.door) == ("nhq.reviewer", Door.IMPORT)
    assessing.submit(draft, by=nhq_reviewer, day=today())
    assert assessing.approve(draft, by=approver, day=today()).approved_by == approver
    assert sheets.breaches() == []


def test_what_is_approved_stays_and_a_warning_says_that_another_draft_begins(
    findings: Resource, nhq_reviewer: User
) -> None:
    approved = Assessment.objects.get(arrangement__reference=READ)
    before = list(approved.findings.order_by("pk").values())
    made = sheet(findings, met(), row("c.1"), row("a.1", arrangement="WCA-2007-0003"))
    preview = findings.preview(made)
    [warned] = [one for one in preview.rows if one.warnings]
    assert warned.line == 2
    assert f"The assessment of {READ} that was approved on 2011-01-31 stands" in warned.warnings[0].sentence
    with override("fr"):
        french = again(findings).preview(made).rows[0].warnings[0].sentence
    assert "fait foi et ne change jamais" in french
    save(findings, made)
    assert list(approved.findings.order_by("pk").values()) == before
    assert own_draft(nhq_reviewer).pk != approved.pk


def test_the_database_itself_refuses_to_write_to_an_approved_assessment(findings: Resource) -> None:
    approved = Assessment.objects.get(arrangement__reference=READ)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Finding.objects.filter(assessment=approved)[:1].get().delete()
    assert "approved meanwhile, and never changes" in findings.refusal(refused.value)


def test_rows_join_the_draft_that_its_author_has_begun(findings: Resource, nhq_reviewer: User) -> None:
    arrangement = Arrangement.objects.get(reference=READ)
    draft = assessing.start(by=nhq_reviewer, arrangement=arrangement, clause_set="information-sharing", day=today())
    part = ClausePart.objects.get(clause__clause_set=draft.clause_set, clause__letter="a", number=1)
    assessing.save_findings(draft, {part: Found(verdict=Verdict.NOT_MET)}, by=nhq_reviewer)
    made = sheet(findings, met("a.1"), row("a.2"))
    preview = findings.preview(made)
    assert (preview.counts.new, preview.counts.changed) == (1, 1)
    assert [change.name for change in preview.rows[0].changes] == ["verdict", "quotation"]
    save(findings, made)
    assert own_draft(nhq_reviewer) == draft
    assert {(part_code(one.part), one.verdict, one.place) for one in draft.findings.all()} == {
        ("a.1", "met", OWNERSHIP_AT),
        ("a.2", "not_met", ""),
    }


def test_anothers_draft_is_left_alone(findings: Resource, nhq_reviewer: User, approver: User) -> None:
    arrangement = Arrangement.objects.get(reference=READ)
    theirs = assessing.start(by=approver, arrangement=arrangement, clause_set="information-sharing", day=today())
    save(findings, sheet(findings, row()))
    assert theirs.findings.count() == 0
    assert own_draft(nhq_reviewer).findings.count() == 1


def test_a_submitted_assessment_is_withdrawn_before_it_is_changed(findings: Resource, nhq_reviewer: User) -> None:
    save(findings, sheet(findings, row()))
    assessing.submit(own_draft(nhq_reviewer), by=nhq_reviewer, day=today())
    [(_line, label, sentence)] = told(again(findings), row("a.2"))
    assert label == "Arrangement"
    assert f"Your assessment of {READ} is submitted and waits for approval. Withdraw it on its page" in sentence
    with override("fr"):
        assert "est soumise et attend l’approbation" in told(again(findings), row("a.2"))[0][2]


# A newer text


def _newer_version(reference: str, by: User) -> Document:
    old = Document.objects.filter(arrangement__reference=reference).select_related("content").latest("version")
    content = old.content
    old.pk, old.version, old.sha256 = None, old.version + 1, "0" * 64
    old._state.adding = True
    old.save_as(by)
    content.pk = old.pk
    content._state.adding = True
    content.save()
    return old


def test_of_a_newer_text_what_the_file_does_not_name_is_taken_over_to_be_confirmed(
    findings: Resource, nhq_reviewer: User
) -> None:
    newer = _newer_version(READ, nhq_reviewer)
    save(findings, sheet(findings, row("a.1", note="Read anew.")))
    draft = own_draft(nhq_reviewer)
    assert draft.document == newer
    carried = {part_code(one.part): one.is_carried for one in draft.findings.all()}
    assert len(carried) == 19
    assert [code for code, is_carried in carried.items() if not is_carried] == ["a.1"]
    with pytest.raises(ValidationError, match="confirm or change them"):
        assessing.submit(draft, by=nhq_reviewer, day=today())
    old = draft.findings.get(part__clause__letter="c", part__number=1)
    again_made = sheet(findings, row("c.1", missing_en=old.missing_en, missing_fr=old.missing_fr, note="Looked at."))
    save(again(findings), again_made)
    old.refresh_from_db()
    assert (old.is_carried, old.note) == (False, "Looked at.")


def test_an_import_begins_what_the_page_would_begin(findings: Resource, nhq_reviewer: User, approver: User) -> None:
    _newer_version(READ, nhq_reviewer)
    save(findings, sheet(findings, row("a.1")))
    arrangement = Arrangement.objects.get(reference=READ)
    on_page = assessing.start(by=approver, arrangement=arrangement, clause_set="information-sharing", day=today())
    names = ("verdict", "quotation", "place", "missing_en", "is_carried")
    ours = own_draft(nhq_reviewer).findings.exclude(part__clause__letter="a", part__number=1)
    theirs = on_page.findings.exclude(part__clause__letter="a", part__number=1)
    assert list(ours.order_by("part").values_list("part", *names)) == list(
        theirs.order_by("part").values_list("part", *names)
    )


# What is wrong


@pytest.mark.parametrize(
    ("made", "label", "words", "in_french"),
    [
        (met(quotation="We own it."), "Quotation", "These words are not found in the document.", "document"),
        (met(quotation=None), "Quotation", "“Met” needs a quotation", "citation"),
        (met(place="p. 1"), "Place", f"These words are found elsewhere: {OWNERSHIP_AT}.", OWNERSHIP_AT),
        (
            met(arrangement="WCA-2007-0003"),
            "Quotation",
            "No signed document is on file to quote from.",
            "Aucun document signé",
        ),
        (row("c"), "Part", "“c” is a whole clause. Give each of its parts a row: c.1, c.2, c.3.", "clause entière"),
        (row("c.9"), "Part", "“c.9” is no part of information-sharing. Write one of these: a.1, a.2,", "a.1, a.2"),
        (row("the second"), "Part", "is no part of information-sharing", "n’est pas une partie"),
        (row(verdict="Partly met"), "Verdict", "“Partly met” is not one of these: Met;", "Partly met"),
        (row(verdict=None), "Verdict", "a value is needed. For example: Met.", "Met"),
        (row(arrangement="WCA-2004-0O01"), "Arrangement", "Did you mean WCA-2004-0001?", "WCA-2004-0001"),
        (row() | {"clause_set": None}, "Clause set", "a value is needed", "information-sharing"),
        (row() | {"clause_set": "information"}, "Clause set", "No Clause set “information” is known.", "information"),
        (
            met(quotation_language="Latin"),
            "Language of the quotation",
            "is not one of these: English; French.",
            "Latin",
        ),
        (met(place="x" * 61), "Place", "60", "60"),
    ],
)
def test_what_is_wrong_with_a_finding_is_told(
    findings: Resource, made: Row, label: str, words: str, in_french: str
) -> None:
    found = told(findings, row("b.1"), made)
    assert {line for line, _label, _sentence in found} == {3}
    sentences = {told_label: sentence for _line, told_label, sentence in found}
    assert words in sentences[label]
    with override("fr"):
        french = told(again(findings), row("b.1"), made)
    assert any(in_french in sentence for _line, _label, sentence in french)
    assert [sentence for _line, _label, sentence in french] != [sentence for _line, _label, sentence in found]
    with pytest.raises(ImportRefused):
        save(again(findings), sheet(findings, row("b.1"), made))
    assert not Assessment.objects.filter(approved_on=None).exists()


def test_every_error_of_a_file_is_told_at_once(findings: Resource) -> None:
    rows = [met(quotation="We own it."), row("c"), row("a.2", "Perhaps"), row("b.1", arrangement="X"), row("b.2")]
    found = told(findings, *rows, row("b.2"))
    assert sorted({line for line, _label, _sentence in found}) == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("spelling", ["A.1", "a 1", "a1", "a) 1", "a, part 1", "a, partie 1"])
def test_a_part_goes_by_what_people_write(findings: Resource, nhq_reviewer: User, spelling: str) -> None:
    save(findings, sheet(findings, row(spelling)))
    assert [part_code(one.part) for one in own_draft(nhq_reviewer).findings.all()] == ["a.1"]


def test_the_place_and_language_of_a_quotation_are_looked_up_where_the_file_has_no_such_columns(
    findings: Resource, nhq_reviewer: User
) -> None:
    save(findings, sheet(findings, met()))
    [found] = own_draft(nhq_reviewer).findings.all()
    assert (found.place, found.quotation_language) == (OWNERSHIP_AT, "en")
    bilingual = Document.objects.get(arrangement__reference="WCA-2004-0002", language="fr")
    quoted = next(one["text"] for one in bilingual.content.places if len(one["text"].split()) > 8)
    words = " ".join(quoted.split()[:8])
    save(again(findings), sheet(findings, met("b.1", words, arrangement="WCA-2004-0002")))
    [in_french] = own_draft(nhq_reviewer, "WCA-2004-0002").findings.all()
    assert in_french.quotation_language == "fr"


def test_what_a_person_said_that_a_value_stands_for_counts_for_every_column(findings: Resource) -> None:
    made = sheet(findings, met(arrangement="Teams") | {"clause_set": "CEM"})
    said = Said(choices={"arrangement": {"teams": READ}, "clause_set": {"cem": "information-sharing"}})
    preview = findings.preview(made, said)
    assert errors(preview) == []
    assert preview.rows[0]["place" if "place" in preview.names else "quotation"] == OWNERSHIP


# Out and in again


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(findings: Resource, file_format: str, language: str) -> None:
    save(findings, sheets.sample(findings, "findings.xlsx"))
    of = again(findings)
    with override(language):
        preview = of.preview(sheets.exported(of, of.importable(), file_format))
    assert (errors(preview), preview.ignored) == ([], ())
    assert preview.counts.unchanged == len(preview.rows) == 6


def test_an_import_is_undone_whole_with_the_drafts_it_began(findings: Resource, nhq_reviewer: User) -> None:
    with changesets.act(nhq_reviewer, door=Door.IMPORT) as change:
        findings.change = change
        save(findings, sheet(findings, met(), row("c.1", arrangement="WCA-2007-0003")))
    assert Assessment.objects.filter(approved_on=None).count() == 2
    assert changesets.may_undo(change, nhq_reviewer)
    changesets.undo(change, by=nhq_reviewer)
    assert not Assessment.objects.filter(approved_on=None).exists()
    assert Finding.objects.exclude(assessment__approved_on__isnull=False).count() == 0


def test_an_import_whose_draft_was_approved_stays(findings: Resource, nhq_reviewer: User, approver: User) -> None:
    with changesets.act(nhq_reviewer, door=Door.IMPORT) as change:
        findings.change = change
        save(findings, sheet(findings, row()))
    draft = own_draft(nhq_reviewer)
    assessing.submit(draft, by=nhq_reviewer, day=today())
    assessing.approve(draft, by=approver, day=today())
    assert not changesets.may_undo(change, nhq_reviewer)


def test_queries_do_not_grow_with_the_rows_or_the_arrangements(nhq_reviewer: User) -> None:
    parts = [part_code(part) for part in assessing.parts_of(ClauseSet.objects.get(code="information-sharing").pk)]
    references = list(Assessment.objects.values_list("arrangement__reference", flat=True))
    everything = [row(part, "Not met", reference) for reference in references for part in parts]
    for reference in references:
        _newer_version(reference, nhq_reviewer)
    counted = []
    for rows in ([met(place=None)], [met(place=None), *everything[1:]]):
        of = FindingResource(nhq_reviewer)
        made = sheet(of, *rows)
        with CaptureQueriesContext(connection) as queries:
            preview = of.preview(made)
        assert preview.counts.new == len(rows)
        with transaction.atomic():
            with CaptureQueriesContext(connection) as writing:
                of.apply(made, confirmed=preview.digest, reason="the sheet of May", agreed_to_warnings=True)
            transaction.set_rollback(True)
        counted.append((len(queries), len(writing)))
    (looked, wrote), (looked_at_all, wrote_all) = counted
    assert looked == looked_at_all <= 14
    # SQLite takes no more than some hundred values at a time.
    assert wrote_all - wrote < len(everything) / 10


_TEXTS = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30)
_FINDINGS = st.dictionaries(
    st.tuples(st.sampled_from([READ, "WCA-2005-0001", "WCA-2007-0003"]), st.sampled_from(["a.1", "a.2", "c.3", "g.1"])),
    st.fixed_dictionaries(
        {
            "verdict": st.sampled_from(["Not met", "Not assessed", "Sans objet", "Not applicable"]),
            "missing_en": _TEXTS,
            "missing_fr": _TEXTS,
            "note": _TEXTS,
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=_FINDINGS, is_quoted=st.booleans(), language=st.sampled_from(["en", "fr"]))
def test_whatever_is_imported_comes_out_and_in_again_without_a_change(
    nhq_reviewer: User, made: dict[tuple[str, str], Row], is_quoted: bool, language: str
) -> None:
    of = FindingResource(nhq_reviewer)
    rows = [
        row(part, arrangement=reference, **{"quotation": None, **values}) for (reference, part), values in made.items()
    ]
    if is_quoted:
        rows.append(met("b.2", OWNERSHIP))
    file = sheet(of, *rows)
    if errors(of.preview(file)):
        return
    save(of, file)
    with override(language):
        out = FindingResource(nhq_reviewer)
        preview = FindingResource(nhq_reviewer).preview(sheets.exported(out, out.importable()))
    assert (errors(preview), preview.counts.unchanged) == ([], len(rows))
    Assessment.objects.filter(approved_on=None).delete()


def test_the_reviewers_home_page_lists_what_waits_for_confirmation(
    nhq_reviewer: User, client_of: Callable[[User], Client]
) -> None:
    for number in range(12):
        Import.objects.create(entity="findings", file_name=f"findings-{number}.xlsx", by=nhq_reviewer)
    client = client_of(nhq_reviewer)
    client.get(reverse("home"))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("home")).content.decode()
    assert "Imports waiting for your confirmation" in page
    assert "findings-11.xlsx" in page
    assert len(queries) <= 15
