"""A form that saves: sent once, in either language; what somebody else did meanwhile is shown, whatever the field."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.utils.functional import cached_property

from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.editing import EditPage
from jfo_portal.kit.forms import DayField
from jfo_portal.kit.views import RowPage
from registry import actions
from registry.models import JFO, Assignment, Contact, Officer, Region, Role, User
from tests import rows
from tests.pages import body, words

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
ClientOf = Callable[[User], Client]


class AssignmentForm(forms.ModelForm):
    end = DayField(required=False)
    review_on = DayField(required=False)

    class Meta:
        model = Assignment
        fields = ["jfo", "fte", "end", "end_reason", "review_on"]
        localized_fields = ["fte"]


class Edit(EditPage):
    """A page with the fields of its form."""

    title = "Edit"
    model: Any
    form_class: type[forms.ModelForm]

    @cached_property
    def row(self) -> Any:
        return RowPage.found(self.rows(), pk=self.kwargs["pk"])

    def rows(self) -> Any:
        return self.model.objects.editable_by(self.reader)

    def get_form(self, data: Any = None) -> forms.ModelForm:
        return self.form_class(data, instance=self.row)

    def save(self, form: Any) -> str:
        self.change.save_row(form.instance)
        return "/en/"


class EditAssignment(Edit):
    model = Assignment
    form_class = AssignmentForm


class ContactForm(forms.ModelForm):
    class Meta:
        model = Contact
        fields = ["name", "function", "is_primary"]


class EditContact(Edit):
    model = Contact
    form_class = ContactForm


class UserForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["role", "regions"]


class EditUser(Edit):
    model = User
    form_class = UserForm

    def rows(self) -> Any:
        return User.objects.all()

    def save(self, form: Any) -> str:
        address = super().save(form)
        form.instance.regions.set(form.cleaned_data["regions"])
        return address


@dataclass
class Sender:
    """Somebody who sends a page's form."""

    page: type[EditPage]
    by: User
    pk: int
    language: str = "en"

    def __call__(self, **sent: Any) -> HttpResponse:
        request = RequestFactory().post(f"/{self.language}/somewhere/", sent)
        request.user = self.by
        request.session = {}  # type: ignore[assignment]
        request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
        with translation.override(self.language):
            response: Any = self.page.as_view()(request, pk=self.pk)
            return response.render() if hasattr(response, "render") else response


@pytest.fixture
def officer() -> Officer:
    return rows.officer()


@pytest.fixture
def row(officer: Officer) -> Assignment:
    return rows.assignment(officer, "SPVM-JFO", date(2010, 1, 1), fte=Decimal("0.80"))


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create_user("colleague", role=Role.REGIONAL_MANAGER)


def latest(row: Any) -> int:
    return int(row.history.latest().history_id)


def hidden(response: HttpResponse) -> dict[str, list[str]]:
    """Return what the page's form would send of itself."""
    found: dict[str, list[str]] = {}
    form = body(response).split('id="page-form"')[1]
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    found.pop("csrfmiddlewaretoken", None)
    return found


@pytest.fixture
def as_typed(row: Assignment) -> dict[str, Any]:
    """What the form sends when nothing is typed."""
    return {
        "_version": latest(row),
        "jfo": row.jfo_id,
        "fte": "0.80",
        "end": "",
        "end_reason": "",
        "review_on": "",
    }


def test_each_sort_of_field_is_shown_in_words_and_theirs_is_saved(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, colleague: User
) -> None:
    row.jfo, row.fte, row.end, row.end_reason = JFO.objects.get(code="FAE"), Decimal("0.50"), TODAY, "rotation"
    row.save_as(colleague, reason="asked by the team")
    send = Sender(EditAssignment, que_manager, row.pk, "fr")
    mine = as_typed | {"jfo": JFO.objects.get(code="INSET-QUE").pk, "fte": "0,60", "end": "2011-05-31", "review_on": ""}
    shown = send(**mine)
    assert shown.status_code == 409
    said = words(shown)
    for part in ("SPVM-JFO", "FAE", "INSET-QUE", "0,80", "0,50", "0,60", "2011-03-31", "2011-05-31", "Rotation"):
        assert part in said
    assert "colleague" in said
    assert "asked by the team" in said
    theirs = {f"_choose_{name}": "theirs" for name in ("jfo", "fte", "end", "end_reason")}
    assert send(**hidden(shown), **theirs).status_code == 302
    row.refresh_from_db()
    assert (row.jfo.code, row.fte, row.end, row.end_reason) == ("FAE", Decimal("0.50"), TODAY, "rotation")


def test_yours_is_saved_where_it_is_chosen(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, colleague: User
) -> None:
    row.fte, row.end = Decimal("0.50"), TODAY
    row.save_as(colleague)
    send = Sender(EditAssignment, que_manager, row.pk)
    shown = send(**as_typed | {"fte": "0.60", "end": "2011-05-31"})
    assert send(**hidden(shown), _choose_fte="yours", _choose_end="theirs").status_code == 302
    row.refresh_from_db()
    assert (row.fte, row.end) == (Decimal("0.60"), TODAY)


def test_a_box_that_they_ticked_stays_ticked(que_manager: User, colleague: User) -> None:
    """What a ticked box sends was read as nothing, so that theirs was lost by choosing it."""
    jfo = JFO.objects.get(code="FAE")
    Contact.objects.filter(jfo=jfo).update(is_primary=False)
    contact = Contact(jfo=jfo, function="intelligence", name="Ana Essai", start=TODAY).save_as(None)
    opened = latest(contact)
    contact.is_primary = True
    contact.save_as(colleague)
    send = Sender(EditContact, que_manager, contact.pk)
    shown = send(_version=opened, name="Anna Essai", function="intelligence")
    assert "Theirs: Yes" in words(shown)
    assert send(**hidden(shown), _choose_is_primary="theirs").status_code == 302
    contact.refresh_from_db()
    assert (contact.is_primary, contact.name) == (True, "Anna Essai")


def test_rows_chosen_of_many_are_a_field_like_another(administrator: User, que_manager: User) -> None:
    """The regions that somebody else gave a user were overwritten without a word."""
    opened = latest(que_manager)
    que_manager.attribute(administrator)
    que_manager.regions.set(Region.objects.filter(code__in=["ATL", "QUE"]))
    send = Sender(EditUser, administrator, que_manager.pk)
    gta = Region.objects.get(code="GTA")
    shown = send(_version=opened, role="regional_manager", regions=[gta.pk])
    assert "Was: QUE" in words(shown)
    assert "Theirs: ATL, QUE" in words(shown)
    assert "Yours: GTA" in words(shown)
    assert send(**hidden(shown), _choose_regions="theirs").status_code == 302
    assert {region.code for region in que_manager.regions.all()} == {"ATL", "QUE"}


def test_a_field_that_the_form_does_not_ask_stays_as_they_made_it(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, colleague: User
) -> None:
    """A form about an older reading of the row wrote all of it."""
    row.start = date(2010, 2, 1)
    row.save_as(colleague)
    send = Sender(EditAssignment, que_manager, row.pk)
    assert send(**as_typed | {"fte": "0.60"}).status_code == 302
    row.refresh_from_db()
    assert (row.start, row.fte) == (date(2010, 2, 1), Decimal("0.60"))


def test_the_language_of_a_conflict_changes_and_the_conflict_stays(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, colleague: User
) -> None:
    """The toggle led to the plain form, from where a click saved over what somebody else had written."""
    row.fte = Decimal("0.50")
    row.save_as(colleague)
    shown = Sender(EditAssignment, que_manager, row.pk)(**as_typed | {"fte": "0.60", "review_on": "2012-01-01"})
    french = Sender(EditAssignment, que_manager, row.pk, "fr")
    again = french(**hidden(shown), _choose_fte="yours", _language="fr")
    assert again.status_code == 409
    assert "0,60" in words(again)
    assert re.search(r'value="yours" checked', body(again))
    sent = hidden(again)
    assert sent["fte"] == ["0,60"]
    assert sent["review_on"] == ["2012-01-01"]
    assert french(**sent, _choose_fte="yours").status_code == 302
    row.refresh_from_db()
    assert (row.fte, row.review_on) == (Decimal("0.60"), date(2012, 1, 1))


def test_a_second_change_while_somebody_chooses_is_shown_too(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, colleague: User
) -> None:
    row.fte, row.end = Decimal("0.50"), TODAY
    row.save_as(colleague)
    send = Sender(EditAssignment, que_manager, row.pk)
    first = send(**as_typed | {"fte": "0.60", "end": "2011-05-31"})
    row.fte = Decimal("0.40")
    row.save_as(colleague)
    second = send(**hidden(first), _choose_fte="theirs", _choose_end="yours")
    assert second.status_code == 409
    for part in ("Was: 0.50", "Theirs: 0.40", "Yours: 0.50"):
        assert part in words(second)
    assert send(**hidden(second), _choose_fte="yours").status_code == 302
    row.refresh_from_db()
    # What was chosen of the other field the first time holds.
    assert (row.fte, row.end) == (Decimal("0.50"), date(2011, 5, 31))


def test_a_choice_sent_twice_is_saved_once(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, colleague: User
) -> None:
    row.fte = Decimal("0.50")
    row.save_as(colleague)
    send = Sender(EditAssignment, que_manager, row.pk)
    shown = send(**as_typed | {"fte": "0.60", "_token": str(uuid.uuid4())})
    for _time in range(2):
        assert send(**hidden(shown), _choose_fte="yours").status_code == 302
    assert row.history.filter(history_user=que_manager).count() == 1


def test_a_row_that_is_gone_is_said_with_what_was_typed(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, colleague: User
) -> None:
    """The form that somebody had filled was answered with “not found”."""
    row.attribute(colleague, reason="entered twice").delete()
    pk = as_typed["_version"] and Assignment.history.first().id
    gone = Sender(EditAssignment, que_manager, pk)(**as_typed | {"fte": "0.60", "end": "2011-05-31"})
    assert gone.status_code == 410
    for part in ("colleague", "entered twice", "0.60", "2011-05-31", "SPVM-JFO", "Bring it back"):
        assert part in words(gone)
    assert not Assignment.objects.filter(pk=pk).exists()


def test_a_row_that_goes_between_is_not_written_again(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = row.pk

    def lock(_page: EditPage) -> None:
        Assignment.objects.filter(pk=pk).delete()

    monkeypatch.setattr(EditAssignment, "lock", lock)
    gone = Sender(EditAssignment, que_manager, pk)(**as_typed | {"fte": "0.60"})
    assert gone.status_code == 410
    assert "0.60" in words(gone)


def test_a_row_of_another_region_that_is_gone_stays_unknown(
    row: Assignment, as_typed: dict[str, Any], gta_manager: User
) -> None:
    pk = row.pk
    row.delete()
    with pytest.raises(Http404):
        Sender(EditAssignment, gta_manager, pk)(**as_typed)


def test_what_is_gone_elsewhere_says_nothing_of_this_address(
    row: Assignment, as_typed: dict[str, Any], que_manager: User
) -> None:
    """A version of another row made the page speak of that one."""
    pk = row.pk
    row.delete()
    with pytest.raises(Http404):
        Sender(EditAssignment, que_manager, pk + 1)(**as_typed)


@pytest.mark.parametrize("version", ["9", "999999999", "0", "-1", "9" * 40, "\0", "x"])
def test_a_version_that_is_none_of_the_row_saves_nothing_silently(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, version: str
) -> None:
    send = Sender(EditAssignment, que_manager, row.pk)
    response = send(**as_typed | {"_version": version, "fte": "0.60"})
    row.refresh_from_db()
    # What cannot be read as a number says nothing of a version: it is about the row as it is.
    if version in ("0", "-1", "9" * 40, "\0", "x"):
        assert response.status_code == 302
        return
    assert "was changed since you opened the form" in words(response)
    assert row.fte == Decimal("0.80")
    assert send(**hidden(response), jfo=row.jfo_id, fte="0.60").status_code == 302


@pytest.mark.parametrize("token", ["", "x", "\0", "7f3d2f57"])
def test_a_token_that_is_none_does_no_harm(
    row: Assignment, as_typed: dict[str, Any], que_manager: User, token: str
) -> None:
    assert Sender(EditAssignment, que_manager, row.pk)(**as_typed, _token=token).status_code == 302


def test_a_field_forged_into_the_choice_is_left_out(
    row: Assignment, as_typed: dict[str, Any], que_manager: User
) -> None:
    forged = {"_choose_officer": "theirs", "_choose_reason": "theirs", "_choose_": "theirs", "_choose_fte": "nobody's"}
    assert Sender(EditAssignment, que_manager, row.pk)(**as_typed, **forged).status_code == 302


# A form sent twice


def sent(officer: Officer) -> dict[str, Any]:
    jfo = JFO.objects.get(code="FAE")
    return {
        "_token": "7f3d2f57-7a40-4a7f-9d3c-0d6a4a2f2b11",
        "officer": officer.pk,
        "jfo": jfo.pk,
        "fte": "0.40",
        "start": "2011-04-01",
    }


def test_what_failed_the_first_time_is_saved_the_second(
    officer: Officer, que_manager: User, client_of: ClientOf
) -> None:
    client = client_of(que_manager)
    wrong = sent(officer) | {"fte": "7"}
    assert client.post(reverse("assignment-new"), wrong).status_code == 200
    assert client.post(reverse("assignment-new"), sent(officer) | {"start": "1999-01-01"}).status_code == 200
    saved = client.post(reverse("assignment-new"), sent(officer), follow=True)
    assert "sent twice" not in words(saved)
    assert officer.assignments.count() == 1


def test_what_was_undone_and_is_sent_again_is_not_said_to_be_saved(
    officer: Officer, que_manager: User, client_of: ClientOf
) -> None:
    """Going back and sending the form again led to the page of a row that was gone."""
    client = client_of(que_manager)
    client.post(reverse("assignment-new"), sent(officer))
    change = ChangeSet.objects.first()
    assert change is not None
    client.post(reverse("undo", args=[change.pk]))
    again = client.post(reverse("assignment-new"), sent(officer), follow=True)
    assert again.status_code == 200
    assert "that was undone since. Nothing was saved now" in words(again)
    assert officer.assignments.count() == 0


def test_two_people_may_send_one_token(officer: Officer, que_manager: User, client_of: ClientOf) -> None:
    colleague = User.objects.create_user("colleague", role=Role.REGIONAL_MANAGER)
    colleague.regions.set(Region.objects.filter(code="QUE"))
    other = rows.officer()
    client_of(que_manager).post(reverse("assignment-new"), sent(officer))
    saved = client_of(colleague).post(reverse("assignment-new"), sent(other), follow=True)
    assert "Saved" in words(saved)
    assert (officer.assignments.count(), other.assignments.count()) == (1, 1)


def test_a_number_typed_in_one_language_is_the_same_in_the_other(
    officer: Officer, que_manager: User, client_of: ClientOf
) -> None:
    """The toggle brought “0,40” into the English form, where it is no number, or another one."""
    client = client_of(que_manager)
    english = client.post("/en/assignments/new/", sent(officer) | {"fte": "0,40", "start": "", "_language": "en"})
    assert 'name="fte" value="0.40"' in body(english)
    french = client.post("/fr/assignments/new/", sent(officer) | {"start": "", "_language": "fr"})
    assert 'name="fte" value="0,40"' in body(french)


def test_the_actions_refuse_a_row_that_is_gone_in_words(
    row: Assignment, que_manager: User, client_of: ClientOf
) -> None:
    version, pk = latest(row), row.pk
    row.attribute(que_manager).delete()
    answer = client_of(que_manager).post(
        reverse("assignment-end", args=[pk]),
        {"_version": version, "end": "2011-03-31", "end_reason": "rotation"},
    )
    assert answer.status_code == 410
    assert "Rotation" in words(answer)
    assert "2011-03-31" in words(answer)
    with pytest.raises(ValidationError, match="not there any more"):
        actions.end_assignment(
            Assignment(pk=pk, officer=row.officer, jfo=row.jfo),
            by=que_manager,
            end=TODAY,
            end_reason="other",  # type: ignore[arg-type]
        )
