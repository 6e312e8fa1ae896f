"""Texts that stand in one official language alone: the list of them, and where each is mended."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from registry.models import JFO, Agency, User
from tests.pages import csv_rows, words
from wca.measures.translations import SOURCES, missing_texts, read
from wca.models import Arrangement, Assessment, ClausePart, Finding, Milestone

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
LIST = "/en/arrangements/translations/"


def found(reader: User) -> set[tuple[str, str, str]]:
    return {(one.key, one.field, one.language) for one in read(list(missing_texts(reader)))}


def lose(model: type, field: str, **where: object) -> None:
    """Empty the field of the row, as an import could leave it."""
    assert model.objects.filter(**where).update(**{field: ""}) == 1  # type: ignore[attr-defined]


def test_the_demonstration_stands_in_both_languages(nhq_reviewer: User) -> None:
    assert found(nhq_reviewer) == set()


def test_each_text_that_is_missing_is_named_with_what_stands_in_the_other_language(nhq_reviewer: User) -> None:
    lose(Arrangement, "title_fr", reference="WCA-2004-0001")
    lose(Agency, "name_en", key="PPS")
    lose(ClausePart, "wording_fr", clause__clause_set__code="information-sharing", clause__letter="c", number=1)
    lose(Milestone, "what_fr", due_on=date(2012, 5, 31))
    assert {(key.split(" ")[0], language) for key, _field, language in found(nhq_reviewer)} >= {
        ("WCA-2004-0001", "French"),
        ("PPS", "English"),
        ("information-sharing", "French"),
    }
    assert ("WCA-2004-0001", "Title in French", "French") in found(nhq_reviewer)
    assert len(found(nhq_reviewer)) == 4
    texts = {one.key: one for one in read(list(missing_texts(nhq_reviewer)))}
    assert texts["WCA-2004-0001"].text == "Memorandum of understanding on Integrated Border Enforcement Teams"


def test_what_is_missing_in_both_languages_is_no_missing_translation(nhq_reviewer: User) -> None:
    JFO.objects.filter(code="FAE").update(objectives_en="", objectives_fr="")
    assert found(nhq_reviewer) == set()


def test_a_finding_counts_until_its_assessment_is_approved(nhq_reviewer: User) -> None:
    other = Assessment.objects.first()
    assert other is not None
    new = Assessment(arrangement=other.arrangement, clause_set=other.clause_set, author=nhq_reviewer)
    new.assessed_on = date(2011, 3, 30)
    new.save_as(nhq_reviewer)
    part = ClausePart.objects.filter(clause__clause_set=new.clause_set)[0]
    Finding(assessment=new, part=part, verdict="not_met", missing_en="The annex").save_as(nhq_reviewer)
    assert found(nhq_reviewer) == {(f"{new.arrangement} {part.clause.letter}", "What is missing, in French", "French")}


def test_every_source_leads_somewhere(client_of: SignIn, nhq_reviewer: User) -> None:
    keys = {
        "arrangement": "WCA-2004-0001",
        "amendment": "WCA-2004-0001",
        "finding": "WCA-2004-0001 c",
        "fragment": "missing",
        "agency": "PPS",
        "jfo": "FAE",
        "clauseset": "information-sharing 1",
        "clause": "information-sharing 1 c",
        "clausepart": "information-sharing 1 c",
    }
    for source in SOURCES:
        address = source.address(keys.get(source.kind, "1"))
        assert client_of(nhq_reviewer).get(address).status_code in ({404} if source.kind == "fragment" else {200}), (
            address
        )


def test_the_page_names_them_and_comes_as_a_file(
    client_of: SignIn, auditor: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(auditor)
    assert "Every text stands in both languages." in words(client.get(LIST))
    JFO.objects.update(objectives_fr="")
    with django_assert_max_num_queries(6):
        page = client.get(LIST)
    assert "52 missing texts" in words(page)
    assert len(page.context["rows"]) == 50
    assert len(client.get(f"{LIST}?page=2").context["rows"]) == 2
    assert len(csv_rows(client.get(f"{LIST}?format=csv"))) == 52
    assert client.get(f"{LIST}?format=pdf").status_code == 404


def test_the_page_speaks_french(client_of: SignIn, que_manager: User) -> None:
    lose(Arrangement, "title_fr", reference="WCA-2004-0001")
    said = words(client_of(que_manager).get("/fr/arrangements/translations/"))
    assert "1 texte manquant" in said
    assert "Français" in said
