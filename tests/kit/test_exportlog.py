"""A file that names more than 50 officers is given for a purpose, and the log keeps who took it, what and what for."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, get_resolver, reverse
from python_calamine import load_workbook

from jfo_portal.kit import exportlog, reports
from jfo_portal.kit.dataversion import data_version
from jfo_portal.kit.exportlog import Export, Kept, Named
from jfo_portal.kit.viewpages import list_class
from registry.models import Officer, Region, User
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

OFFICERS = "/en/officers/?format=csv"
PURPOSE = "FTE by JFO for the regional meeting"


@pytest.fixture
def reviewer(client_of: Callable[[User], Client], nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


PAIR = ["first", "second"]


def is_file(response: Any) -> bool:
    return "attachment" in response.headers.get("Content-Disposition", "")


# The question


def test_a_file_of_many_officers_first_asks_what_it_is_for(reviewer: Client) -> None:
    response = reviewer.get("/en/officers/?region=QUE&format=csv")
    assert is_file(response) is (Officer.objects.filter(region__code="QUE").count() <= 50)

    response = reviewer.get(OFFICERS)
    said = words(response)

    assert response.status_code == 200
    assert not is_file(response)
    assert "What is the file for?" in said
    assert "You asked for “Officers” as a file: CSV (data)." in said
    assert re.search(r"It names \d+ officers\.", said)
    assert not Export.objects.exists()


def test_the_purpose_is_answered_with_the_file_and_logged(reviewer: Client, nhq_reviewer: User) -> None:
    address = "/en/officers/?as_of=2011-03-30&format=csv-fr&cols=number&cols=name"
    response = reviewer.post(address, {"purpose": PURPOSE})
    lines = body(response).splitlines()
    (kept,) = Export.objects.all()

    assert is_file(response)
    assert response.headers["Content-Disposition"] == 'attachment; filename="officers-2011-03-30.csv"'
    assert (kept.by, kept.role, kept.what, kept.address) == (nhq_reviewer, "nhq_reviewer", "Officers\nAgents", address)
    assert (kept.file_format, kept.file_name, kept.purpose) == ("csv-fr", "officers-2011-03-30.csv", PURPOSE)
    assert kept.rows == kept.officers == len(lines) - 1 > 50
    assert kept.data_version == data_version()


def test_the_same_link_asks_again_and_each_file_is_logged(reviewer: Client) -> None:
    assert is_file(reviewer.post(OFFICERS, {"purpose": PURPOSE}))
    assert not is_file(reviewer.get(OFFICERS))
    assert is_file(reviewer.post(OFFICERS, {"purpose": PURPOSE}))
    assert Export.objects.count() == 2


@pytest.mark.parametrize(
    ("language", "typed", "sentence"),
    [
        ("en", "", "Say what the file is for, for example: FTE by JFO for the regional meeting."),
        ("en", "x", "Say it in at least three words, for example: FTE by JFO for the regional meeting."),
        ("en", "1 2 3 . - meeting", "Say it in at least three words"),
        ("fr", "   ", "Dites à quoi sert le fichier"),
        ("fr", "réunion", "Dites-le en trois mots au moins"),
    ],
)
def test_a_purpose_that_says_nothing_is_refused_in_words(
    reviewer: Client, language: str, typed: str, sentence: str
) -> None:
    response = reviewer.post(f"/{language}/officers/?format=csv", {"purpose": typed})

    assert not is_file(response)
    assert sentence in words(response)
    assert not Export.objects.exists()


@pytest.mark.parametrize("typed", ["for \0 the regional meeting", "a b c " * 200])
def test_junk_for_a_purpose_breaks_nothing(reviewer: Client, typed: str) -> None:
    response = reviewer.post(OFFICERS, {"purpose": typed})

    assert response.status_code == 200
    assert not is_file(response)


def test_the_question_keeps_the_address_and_leads_back_to_the_list(reviewer: Client) -> None:
    page = body(reviewer.get("/en/assignments/?state=all&sort=-start&format=xlsx"))

    # The form has no address of its own: it is posted to the page's, filters and all.
    assert re.search(r'<form id="page-form" method="post"(?! action)', page)
    assert "csrfmiddlewaretoken" in page
    assert 'href="?state=all&amp;sort=-start"' in page
    assert "noindex" not in page


def test_a_post_without_a_token_gives_no_file(nhq_reviewer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(nhq_reviewer)

    response = client.post(OFFICERS, {"purpose": PURPOSE})

    assert response.status_code == 403
    assert not Export.objects.exists()


def test_the_language_can_be_changed_with_a_purpose_half_typed(reviewer: Client) -> None:
    response = reviewer.post("/fr/officers/?format=csv", {"purpose": "pour la réunion régionale", "_language": "fr"})

    assert not is_file(response)
    assert "pour la réunion régionale" in words(response)
    assert not Export.objects.exists()


def test_a_page_that_is_no_file_takes_no_post(reviewer: Client) -> None:
    assert reviewer.post("/en/officers/", {"purpose": PURPOSE}).status_code == 405


# What is asked about


def test_few_officers_need_no_purpose(client_of: Callable[[User], Client], atl_manager: User) -> None:
    response = client_of(atl_manager).get(OFFICERS)

    assert is_file(response)
    assert 0 < len(csv_rows(response)) <= 50
    assert not Export.objects.exists()


def test_the_limit_is_on_officers_and_not_on_rows(
    client_of: Callable[[User], Client], atl_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(atl_manager)
    address = "/en/assignments/?state=all&format=csv"
    numbers = {row["Number"] for row in csv_rows(client.get(address))}

    monkeypatch.setattr(exportlog, "MOST_NAMED", len(numbers))
    assert is_file(client.get(address))
    monkeypatch.setattr(exportlog, "MOST_NAMED", len(numbers) - 1)
    assert not is_file(client.get(address))


def test_columns_that_name_nobody_need_no_purpose(reviewer: Client) -> None:
    assert is_file(reviewer.get("/en/jfos/?format=csv"))
    assert is_file(reviewer.get("/en/history/?format=csv&kind=region"))


NAMING = [
    "officers",
    "assignments",
    "training",
    "performance-files",
    "performance-officers",
    "performance-quality-officers",
    "performance-pay",
    "history",
]


@pytest.mark.parametrize("name", NAMING)
@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx", "json"])
def test_every_list_that_names_officers_asks(
    client_of: Callable[[User], Client],
    nhq_reviewer: User,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    file_format: str,
) -> None:
    monkeypatch.setattr(exportlog, "MOST_NAMED", 0)
    client = client_of(nhq_reviewer)
    address = f"{reverse(name)}?{urlencode({'format': file_format})}"

    assert "What is the file for?" in words(client.get(address))
    response = client.post(address, {"purpose": PURPOSE})
    assert is_file(response)
    (kept,) = Export.objects.all()
    assert kept.officers > 0
    if file_format == "csv":
        assert kept.rows == len(csv_rows(response))
    response.close()


def _lists() -> Iterator[str]:
    """Yield the name of every list whose address has no part of its own."""
    for name in get_resolver().reverse_dict:
        with suppress(NoReverseMatch):
            if isinstance(name, str) and reverse(name) and list_class(name) is not None:
                yield name


def officers_in(said: str, officers: list[tuple[str, str]]) -> set[str]:
    return {number for number, name in officers if number in said or name in said}


def test_no_list_or_report_names_many_officers_without_asking(
    client_of: Callable[[User], Client], nhq_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new list whose columns say of nobody whom they name would slip through."""
    monkeypatch.setattr(exportlog, "MOST_NAMED", 50)
    client = client_of(nhq_reviewer)
    officers = [(officer.number, officer.name) for officer in Officer.objects.all()]
    lists = [reverse(name) for name in _lists()]
    looked_at = 0
    for address in [*lists, *(reverse("report", args=[report.slug]) for report in reports.all_for(nhq_reviewer))]:
        response = client.get(f"{address}?format=csv")
        if not is_file(response):
            continue
        looked_at += 1
        assert len(officers_in(body(response), officers)) <= 50, address
    assert looked_at > 25
    assert set(NAMING) <= set(_lists())


def test_asking_and_answering_take_a_constant_number_of_queries(reviewer: Client) -> None:
    reviewer.get(OFFICERS)
    with CaptureQueriesContext(connection) as asking:
        reviewer.get(OFFICERS)
    with CaptureQueriesContext(connection) as answering:
        reviewer.post("/en/assignments/?state=all&format=csv", {"purpose": PURPOSE})

    assert len(asking) <= 8
    assert len(answering) <= 12


def test_officers_of_rows_that_are_read_already_are_counted_by_their_path() -> None:
    class Row:
        def __init__(self, officer: Any) -> None:
            self.post = type("Post", (), {"officer": officer})()

    named = Named.found([Row("a"), Row("a"), Row("b"), Row(None)], ["post__officer"])
    assert (named.rows, named.officers) == (4, 2)
    named = Named.found([{"officer": 1}, {"officer": 1}], ["officer", "officer"])
    assert (named.rows, named.officers) == (2, 1)


def test_different_officers_by_several_columns_are_all_counted() -> None:
    """Thirty and thirty others counted as thirty, and asked for no purpose."""
    named = Named.found([{"first": 1, "second": 2}, {"first": 3, "second": 1}, {"first": 3, "second": None}], PAIR)
    assert (named.rows, named.officers) == (3, 3)
    replaced = Region.objects.exclude(successor=None)
    keys = {key for pair in replaced.values_list("pk", "successor") for key in pair}
    named = Named.counted(replaced, ["pk", "successor"])
    assert (named.rows, named.officers) == (replaced.count(), len(keys))
    assert named.officers > named.rows > 0


# The workbook says of itself


def test_a_workbook_says_who_took_it_what_for_and_of_which_records(reviewer: Client, nhq_reviewer: User) -> None:
    response: Any = reviewer.post("/en/officers/?region=QUE&format=xlsx", {"purpose": PURPOSE})
    assert is_file(response)
    book = load_workbook(BytesIO(response.getvalue()))
    notes = {str(label): str(text) for label, text in book.get_sheet_by_name("Notes").to_python()}

    assert notes["Sensitivity"]
    assert notes["List"] == "Officers"
    assert notes["Filter"].startswith("Region: ")
    assert notes["Taken by"] == f"{nhq_reviewer.get_full_name()}, NHQ reviewer"
    assert notes["Taken at"]
    assert notes["Address"].endswith("/en/officers/?region=QUE&format=xlsx")
    assert notes["Data version"] == data_version()


# The log


@pytest.fixture
def kept(nhq_reviewer: User) -> Export:
    return exportlog.log(
        by=nhq_reviewer,
        what="Officers",
        address="/en/officers/?format=csv",
        file_format="csv",
        file_name="officers.csv",
        named=Named(80, 77),
        purpose=PURPOSE,
    )


def test_an_entry_of_the_log_is_never_changed_or_removed(kept: Export) -> None:
    for act in (
        kept.save,
        kept.delete,
        lambda: Export.objects.update(purpose="x"),
        lambda: Export.objects.all().delete(),
        lambda: Export.objects.bulk_update([kept], ["purpose"]),
        lambda: Export.objects.update_or_create(pk=kept.pk, defaults={"purpose": "x"}),
    ):
        with pytest.raises(Kept):
            act()
    assert Export.objects.get().purpose == PURPOSE


@pytest.mark.parametrize("statement", ["UPDATE kit_export SET purpose = 'x'", "DELETE FROM kit_export"])
def test_the_database_refuses_too(kept: Export, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Export.objects.get().purpose == PURPOSE


def test_who_took_a_file_cannot_be_removed(kept: Export, nhq_reviewer: User) -> None:
    with pytest.raises(ProtectedError):
        nhq_reviewer.delete()


@pytest.mark.parametrize("username", ["admin", "auditor"])
def test_administrators_and_auditors_read_the_log(
    client_of: Callable[[User], Client], kept: Export, username: str
) -> None:
    client = client_of(User.objects.get(username=username))
    said = words(client.get("/en/exports/"))
    assert "1 export" in said
    assert f"Officers {PURPOSE} 77 80 CSV (data)" in said
    assert 'href="/en/exports/"' in body(client.get("/en/"))
    assert words(client.get("/fr/exports/")).count(PURPOSE) == 1
    assert csv_rows(client.get("/en/exports/?format=csv&cols=address"))[0]["Address"] == kept.address
    assert client.post("/en/exports/").status_code == 405


def test_the_log_names_lists_in_the_language_of_who_reads_it(
    client_of: Callable[[User], Client], reviewer: Client, kept: Export, auditor: User
) -> None:
    reviewer.post(OFFICERS, {"purpose": PURPOSE})
    client = client_of(auditor)
    english, french = (csv_rows(client.get(f"/{language}/exports/?format=csv")) for language in ("en", "fr"))
    assert [row["List or report"] for row in english] == ["Officers", "Officers"]
    # What was kept in one language alone stays in it.
    assert [row["Liste ou rapport"] for row in french] == ["Agents", "Officers"]


@pytest.mark.parametrize("username", ["nhq.reviewer", "que.manager"])
def test_nobody_else_reads_the_log(client_of: Callable[[User], Client], kept: Export, username: str) -> None:
    user = User.objects.get(username=username)
    client = client_of(user)

    assert client.get("/en/exports/").status_code == 403
    assert 'href="/en/exports/"' not in body(client.get("/en/"))
    assert not Export.objects.visible_to(user).exists()


def test_the_log_is_searched_by_words(client_of: Callable[[User], Client], kept: Export, auditor: User) -> None:
    client = client_of(auditor)

    assert "1 export" in words(client.get("/en/exports/?q=meeting+officers"))
    assert "Nobody has taken a file" in words(client.get("/en/exports/?q=meeting+nothing"))
    assert client.get("/en/exports/?q=%00").status_code == 200
