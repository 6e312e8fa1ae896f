"""Clause sets: their versions on screen, and another wording that makes the next one."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation

from jfo_portal.kit import changesets
from jfo_portal.kit.models import ChangeSet
from registry.models import User
from tests.pages import words
from wca import clause_sets
from wca.clause_sets import NewWording
from wca.measures.coverage import INFORMATION_SHARING, clause_matrix, latest_clauses
from wca.models import Arrangement, Assessment, Clause, ClausePart, ClauseSet, EvidenceTerm

pytestmark = pytest.mark.django_db

LIST = "/en/arrangements/clauses/"
FIRST = f"{LIST}information-sharing/1/"
SECOND = f"{LIST}information-sharing/2/"
NEW = f"{LIST}information-sharing/new/"
DAY = date(2011, 3, 31)
EVERYBODY = ["que.manager", "nhq.reviewer", "admin", "auditor"]


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(User.objects.get(username="admin"))
    return client


def first() -> ClauseSet:
    return ClauseSet.objects.get(code=INFORMATION_SHARING, version=1)


def typed(client: Client) -> dict[str, str]:
    """Return what the form holds, as a browser sends it."""
    form = client.get(NEW).context["form"]
    return {name: str(form[name].value() or "").replace("\n", "\r\n") for name in form.fields}


def post(client: Client, changes: dict[str, str]):
    return client.post(NEW, typed(client) | changes)


# A new version


def test_a_new_version_copies_everything_and_changes_what_was_typed(administrator: Client):
    wording = "Information the CBSA provides belongs to the CBSA for ever."
    terms = "for ever 2\nproperty 1,5\nBelong* to CBSA -3"
    response = post(administrator, {"a-1-wording_en": wording, "a-1-terms_en": terms, "reason": "Legal asked"})
    assert response["Location"] == SECOND
    old, new = (ClausePart.objects.filter(clause__clause_set__version=version) for version in (1, 2))
    assert old.get(clause__letter="a", number=1, clause__clause_set__code=INFORMATION_SHARING).wording_en != wording
    changed = new.get(clause__letter="a", number=1)
    assert changed.wording_en == wording
    assert {term.term: term.weight for term in changed.terms.filter(language="en")} == {
        "for ever": 2,
        "property": Decimal("1.5"),
        "belong* to cbsa": -3,
    }
    kept = {"clause__letter": "c", "number": 2}
    before, after = first().clauses.get(letter="c").parts.get(number=2), new.get(**kept)
    assert (after.wording_en, after.wording_fr) == (before.wording_en, before.wording_fr)
    assert set(after.terms.values_list("language", "term", "weight")) == set(
        before.terms.values_list("language", "term", "weight")
    )
    assert new.count() == 19
    assert latest_clauses()[0].clause_set.version == 2


def test_it_is_one_change_set_and_can_be_undone(administrator: Client):
    post(administrator, {"b-title_fr": "Participants et but", "reason": "Legal asked"})
    change = ChangeSet.objects.latest("pk")
    assert {type(version).instance_type for version in change.versions()} == {
        ClauseSet,
        Clause,
        ClausePart,
        EvidenceTerm,
    }
    assert {version.history_change_reason for version in change.versions()} == {"Legal asked"}
    changesets.undo(change, by=User.objects.get(username="admin"))
    assert not ClauseSet.objects.filter(code=INFORMATION_SHARING, version=2).exists()
    assert EvidenceTerm.objects.filter(part__clause__clause_set=first()).exists()


def test_past_assessments_keep_their_version(administrator: Client):
    reviewed = Arrangement.objects.filter(assessments__clause_set=first()).distinct()
    before = {row.arrangement.pk: row.verdicts for row in clause_matrix(reviewed, DAY).rows}
    assessed = Assessment.objects.filter(clause_set=first()).count()
    post(administrator, {"c-wording_en": "Something else altogether."})
    assert {row.arrangement.pk: row.verdicts for row in clause_matrix(reviewed, DAY).rows} == before
    assert Assessment.objects.filter(clause_set=first()).count() == assessed
    page = administrator.get("/en/arrangements/WCA-2004-0001/clauses/c/")
    assert "Something else altogether." not in words(page)
    assert "version 1" in words(page)


def test_a_version_without_any_change_is_refused(administrator: Client):
    response = post(administrator, {})
    assert response.status_code == 200
    assert "Nothing was changed, so there is no new version." in words(response)
    assert ClauseSet.objects.filter(code=INFORMATION_SHARING).count() == 1


def test_spaces_lines_and_the_order_of_terms_are_no_change(administrator: Client):
    sent = typed(administrator)
    sent["a-1-terms_en"] = "\r\n".join(reversed(sent["a-1-terms_en"].split("\r\n"))) + "\r\n\r\n"
    sent["a-1-wording_en"] = f"  {sent['a-1-wording_en']} "
    assert "Nothing was changed" in words(administrator.post(NEW, sent))


def test_who_opened_the_form_before_another_version_was_made_is_told(administrator: Client):
    sent = typed(administrator) | {"a-title_en": "Ownership"}
    post(administrator, {"b-title_en": "Who, why and by what right"})
    response = administrator.post(NEW, sent)
    assert "Version 2 of this set was made since you opened the form." in words(response)
    assert ClauseSet.objects.filter(code=INFORMATION_SHARING).count() == 2


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("a-1-terms_en", "property", "Line 1: after “property” stands no weight."),
        ("a-1-terms_en", "property 2\nproperty 3", "Line 2: “property” stands here twice."),
        ("a-1-terms_en", "property 2\n, ; 3", "Line 2: “, ;” is not a term."),
        ("a-1-terms_en", "property 0", "Line 1: a weight of 0 says nothing."),
        ("a-1-terms_en", "property 1000", "Line 1: after “property” stands no weight."),
        ("a-1-terms_en", f"{'x' * 90} 2", "is not a term"),
        ("a-1-terms_en", "a\x00b 2", "is not a term"),
        ("a-1-terms_en", "property ٣", "Line 1"),
        ("a-wording_fr", "", "This field is required."),
        ("a-wording_fr", "a\x00b", "Null characters are not allowed."),
        ("a-title_en", "x" * 121, "at most 120 characters"),
        ("opened", "99999999999999999999", "Nothing was saved"),
        ("opened", "", "Nothing was saved"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_saved(
    administrator: Client, field: str, value: str, sentence: str
):
    response = post(administrator, {field: value})
    assert response.status_code == 200
    assert sentence in words(response)
    assert ClauseSet.objects.filter(code=INFORMATION_SHARING).count() == 1


def test_weights_are_typed_with_a_comma_in_french(administrator: Client):
    page = administrator.get(NEW.replace("/en/", "/fr/"))
    (line,) = [line for line in page.context["form"]["a-1-terms_fr"].value().splitlines() if line.startswith("asfc ")]
    assert line == "asfc 0,5"


def test_the_other_set_has_versions_of_its_own():
    admin = User.objects.get(username="admin")
    other = ClauseSet.objects.get(code="policy-elements")
    made = clause_sets.new_version(other, NewWording(clauses={"a": {"title_en": "Governance"}}), by=admin)
    assert (made.code, made.version) == ("policy-elements", 2)
    assert [clause.letter for clause in latest_clauses()] == list("abcdefg")
    with pytest.raises(ValidationError, match="Version 2 of this set was made"):
        clause_sets.new_version(other, NewWording(clauses={"a": {"title_en": "JMT"}}), by=admin)


def test_what_a_new_version_asks_does_not_grow_with_its_terms(administrator: Client, django_assert_max_num_queries):
    sent = typed(administrator) | {"a-title_en": "Ownership"}
    with django_assert_max_num_queries(60):
        administrator.post(NEW, sent)


# On screen


@pytest.mark.parametrize("username", EVERYBODY)
@pytest.mark.parametrize("address", [LIST, FIRST, f"{LIST}policy-elements/1/"])
def test_everybody_reads_the_sets_in_at_most_15_queries(
    client: Client, username: str, address: str, django_assert_max_num_queries
):
    client.force_login(User.objects.get(username=username))
    with django_assert_max_num_queries(15):
        said = words(client.get(address))
    assert ("New version" in said) == (username == "admin")


def test_the_list_counts_clauses_parts_and_assessments(administrator: Client):
    said = words(administrator.get(LIST))
    assert "Information-sharing conditions of the Customs Enforcement Manual" in said
    assert "Other elements of the policy on joint operations" in said
    assert "New version" not in words(administrator.get(LIST, {"as_of": "2010-01-31"}))


def test_a_version_stands_beside_the_one_before(administrator: Client):
    wording = first().clauses.get(letter="g").wording_en
    post(administrator, {"g-wording_en": wording.replace("properly", "safely"), "d-2-terms_fr": "transmi* 3"})
    page = administrator.get(SECOND)
    body = page.content.decode()
    assert "<del>properly</del>" in body
    assert "<ins>safely</ins>" in body
    assert [one.clause.letter for one in page.context["changed"]] == ["d", "g"]
    assert "2 clauses differ" in words(page)
    assert 'rel="prev"' in body
    assert "New version" not in words(administrator.get(FIRST))
    assert 'rel="next"' in administrator.get(FIRST).content.decode()


def test_the_pages_are_in_french(administrator: Client):
    post(administrator, {"g-title_fr": "Garde de l’information"})
    said = words(administrator.get(SECOND.replace("/en/", "/fr/")))
    assert "Garde de l’information" in said
    assert "Termes de l’outil de repérage" in said
    with translation.override("fr"):
        assert clause_sets.weight_text(Decimal("1.5")) == "1,5"


@pytest.mark.parametrize("address", [f"{LIST}none/1/", f"{LIST}information-sharing/9/", f"{LIST}none/new/"])
@pytest.mark.parametrize("number", ["", "9" * 30 + "/"])
def test_what_there_is_not_is_not_found(administrator: Client, address: str, number: str):
    assert administrator.get(address).status_code == 404
    assert administrator.get(f"{LIST}information-sharing/{number or '0/'}").status_code == 404
