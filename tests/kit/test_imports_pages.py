"""A file is sent, looked at, confirmed and found again, by its owner alone."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from jfo_portal.kit.imports import resources
from jfo_portal.kit.models import Import, ImportState
from registry.models import Assignment, Role, User

from .imports_example import AssignmentResource, make_assignment, make_officer

pytestmark = pytest.mark.django_db

HEADER = "Officer,JFO,First day,FTE\n"
ROW = "T-0001,TST-1,2010-04-01,0.75\n"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture(autouse=True)
def _one_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    class ForAdministrators(AssignmentResource):
        class Meta:
            roles = frozenset({Role.ADMINISTRATOR})

    # What the first question finds goes where it belongs, not into what is put back after the test.
    resources._discover()
    monkeypatch.setattr(resources, "_resources", {"test-assignments": ForAdministrators})


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create_user("import.clerk", role=Role.ADMINISTRATOR)


@pytest.fixture
def assignment(db: None) -> Assignment:
    return make_assignment()


@pytest.fixture
def client(clerk: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(clerk)


def send(client: Client, text: str, name: str = "sheet.xlsx") -> HttpResponse:
    file = SimpleUploadedFile(name, text.encode())
    return client.post(reverse("import-new"), {"entity": "test-assignments", "file": file})  # type: ignore[return-value]


def staged(client: Client, text: str) -> Import:
    response: Any = send(client, text)
    return Import.objects.get(pk=int(response.url.rstrip("/").rpartition("/")[2]))


def review(client: Client, made: Import, **query: str) -> Any:
    return client.get(reverse("import-review", args=[made.pk]), query)


def confirm(client: Client, made: Import, **data: str) -> Any:
    digest = review(client, made).context["digest"]
    return client.post(
        reverse("import-review", args=[made.pk]), {"confirmed": digest, "reason": "the sheet of May", **data}
    )


def page(response: Any) -> str:
    return str(response.content.decode())


def test_a_review_shows_what_would_change_and_says_it_in_words(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW + "T-0001,TST-1,2009-05-01,0.25\n")
    assert (made.state, made.file_name, made.number) == (ImportState.DRAFT, "sheet.xlsx", f"I-{made.pk:04d}")
    shown = page(review(client, made))
    assert "<del>0.50</del> → <ins>0.75</ins>" in shown
    assert "1 record is added." in shown
    assert "1 record is changed." in shown


def test_a_confirmed_import_is_saved_with_its_counts(client: Client, clerk: User, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    assert confirm(client, made).url == reverse("import-result", args=[made.pk])
    made.refresh_from_db()
    assignment.refresh_from_db()
    assert (made.state, made.counts.changed, made.reason) == (ImportState.APPLIED, 1, "the sheet of May")
    assert assignment.fte == Decimal("0.75")
    version = assignment.history.latest()
    assert (version.who, version.history_change_reason) == (
        "import.clerk",
        f"{made.number} (sheet.xlsx): the sheet of May",
    )
    result = page(client.get(reverse("import-result", args=[made.pk])))
    assert made.file_hash in result
    assert "the sheet of May" in result


def test_a_lock_that_does_not_come_is_told_and_nothing_is_saved(
    client: Client, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the lock is asked for when the transaction begins, and waiting in vain was an error of the server."""
    made = staged(client, HEADER + ROW)
    digest = review(client, made).context["digest"]
    monkeypatch.setattr(transaction, "atomic", Mock(side_effect=OperationalError("database is locked")))
    response = client.post(reverse("import-review", args=[made.pk]), {"confirmed": digest, "reason": "the sheet"})
    monkeypatch.undo()
    assert "busy with other changes" in page(response)
    made.refresh_from_db()
    assert made.state == ImportState.DRAFT


def test_errors_are_shown_beside_their_cell_and_offer_no_confirmation(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0009,TST-1,01/02/2011,0.75\n" + ROW)
    shown = page(review(client, made))
    assert "No Officer “T-0009” is known. Did you mean T-0001?" in shown
    assert "01/02/2011" in shown
    assert "Import these rows" not in shown
    assert "0.75</ins>" not in shown
    assert "0.75</ins>" in page(review(client, made, show="all"))
    confirm(client, made)
    assert Import.objects.get(pk=made.pk).state == ImportState.DRAFT


def test_a_column_is_left_out_only_by_agreement(client: Client, assignment: Assignment) -> None:
    made = staged(client, "Officer,JFO,First day,FTE,Bureau\nT-0001,TST-1,2010-04-01,0.75,Montréal\n")
    assert "Leave out these columns: Bureau" in page(review(client, made))
    assert "Agree to leave these columns out" in page(confirm(client, made))
    confirm(client, made, ignore="on")
    assert Import.objects.get(pk=made.pk).ignored == ["Bureau"]


def test_a_change_since_the_review_is_shown_before_anything_is_saved(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    digest = review(client, made).context["digest"]
    Assignment.objects.filter(pk=assignment.pk).update(fte=Decimal("0.25"))
    address = reverse("import-review", args=[made.pk])
    again = client.post(address, {"confirmed": digest, "reason": "May"})
    assert "The preview was remade" in page(again)
    assert "<del>0.25</del> → <ins>0.75</ins>" in page(again)
    client.post(address, {"confirmed": again.context["digest"], "reason": "May"})
    assert Import.objects.get(pk=made.pk).state == ImportState.APPLIED


def test_the_same_file_again_points_to_its_earlier_result(client: Client, assignment: Assignment) -> None:
    first = staged(client, HEADER + ROW)
    assert staged(client, HEADER + ROW) == first
    confirm(client, first)
    second = staged(client, HEADER + ROW)
    assert second != first
    assert reverse("import-result", args=[first.pk]) in page(review(client, second))
    assert "1 record stays as it is." in page(review(client, second))


def test_an_import_is_saved_once(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    confirm(client, made)
    versions = Assignment.history.count()
    response: Any = client.post(reverse("import-review", args=[made.pk]), {"confirmed": "", "reason": "again"})
    assert response.url == reverse("import-result", args=[made.pk])
    assert Assignment.history.count() == versions


def test_an_abandoned_import_saves_nothing_and_forgets_its_rows(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    client.post(reverse("import-review", args=[made.pk]), {"abandon": "1"})
    made.refresh_from_db()
    assert (made.state, made.sheet_data) == (ImportState.ABANDONED, {})
    assert "Nothing was saved" in page(client.get(reverse("import-result", args=[made.pk])))
    assignment.refresh_from_db()
    assert assignment.fte == Decimal("0.50")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no rows"),
        ("<html>", "not a spreadsheet"),
        ("Officer,First day\nT-0001,2010-04-01\n", "The column “JFO” is missing"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_on_the_form(client: Client, text: str, words: str) -> None:
    assert words in page(send(client, text))
    assert not Import.objects.filter(by__username="import.clerk").exists()


def test_an_import_is_its_owners_alone(
    client: Client, client_of: Callable[[User], Client], assignment: Assignment
) -> None:
    made = staged(client, HEADER + ROW)
    other = client_of(User.objects.create_user("other.clerk", role=Role.ADMINISTRATOR))
    for name in ("import-review", "import-result"):
        assert other.get(reverse(name, args=[made.pk])).status_code == 404
    assert other.post(reverse("import-review", args=[made.pk]), {"abandon": "1"}).status_code == 404
    assert made.number not in page(other.get(reverse("imports")))
    assert made.number in page(client.get(reverse("imports")))


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_a_role_that_may_import_gets_the_pages(role: Role, client_of: Callable[[User], Client]) -> None:
    other = client_of(User.objects.create_user("somebody", role=role))
    for name, arguments in (
        ("imports", []),
        ("import-new", []),
        ("import-template", ["test-assignments"]),
        ("import-sample", ["test-assignments"]),
        ("import-review", [1]),
        ("import-result", [1]),
    ):
        assert other.get(reverse(name, args=arguments)).status_code == 403


def test_the_template_is_offered_in_the_pages_language(client: Client) -> None:
    assert reverse("import-template", args=["test-assignments"]) in page(client.get(reverse("import-new")))
    response = client.get("/fr/imports/templates/test-assignments/")
    assert response["Content-Disposition"] == 'attachment; filename="test-assignments-fr.xlsx"'
    assert response.content.startswith(b"PK")
    assert client.get(reverse("import-template", args=["nothing"])).status_code == 404


def test_a_review_asks_as_many_queries_for_a_hundred_rows_as_for_one(client: Client, assignment: Assignment) -> None:
    for number in range(100):
        make_officer(assignment.officer.region, f"T-1{number:03}")
    one = staged(client, HEADER + "T-1000,TST-1,2010-04-01,0.75\n")
    many = staged(client, HEADER + "".join(f"T-1{number:03},TST-1,2010-04-01,0.75\n" for number in range(100)))
    review(client, one)  # what the frame of every page keeps from the first one
    counted = []
    for made in (one, many):
        with CaptureQueriesContext(connection) as queries:
            review(client, made)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 10


def test_an_import_is_undone_from_its_result(client: Client, assignment: Assignment) -> None:
    second = "T-0001,TST-1,2011-06-01,0.25\n"
    made = staged(
        client,
        HEADER.replace("\n", ",Last day\n") + ROW.replace("\n", ",2011-05-31\n") + second,
    )
    confirm(client, made)
    made.refresh_from_db()
    result = reverse("import-result", args=[made.pk])
    assert Assignment.objects.filter(officer=assignment.officer).count() == 2
    undo = reverse("undo", args=[made.change_set_id])
    assert f'href="{undo}"' in client.get(result).content.decode()
    undone = client.post(undo, {"reason": "the wrong sheet"}, follow=True)
    assert undone.redirect_chain[0][0] == result
    assert "This import was undone on" in undone.content.decode()
    (row,) = Assignment.objects.filter(officer=assignment.officer)
    assert (row.pk, row.fte, row.end) == (assignment.pk, assignment.fte, assignment.end)
    # The list says so, and the same file is new again.
    assert "Undone" in client.get(reverse("imports")).content.decode()
    assert made.earlier() is None
    assert undo not in client.get(result).content.decode()


def test_what_was_changed_since_an_import_is_listed_and_it_stands(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    confirm(client, made)
    made.refresh_from_db()
    assignment.refresh_from_db()
    assignment.fte = Decimal("0.40")
    assignment.save_as(None)
    page = client.get(reverse("import-result", args=[made.pk])).content.decode()
    assert "It cannot be undone as things are" in page
    assert "T-0001" in page
    assert "was changed later" in page
    undo = reverse("undo", args=[made.change_set_id])
    assert f'href="{undo}"' not in page
    client.post(undo)
    assignment.refresh_from_db()
    assert assignment.fte == Decimal("0.40")


def test_an_import_that_changed_nothing_offers_nothing_to_undo(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + f"T-0001,TST-1,{assignment.start},{assignment.fte}\n")
    confirm(client, made)
    page = client.get(reverse("import-result", args=[made.pk]))
    assert page.status_code == 200
    assert "Undo this import" not in page.content.decode()
