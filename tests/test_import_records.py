"""Of every import, the records can be taken as a file to edit, which comes back in: only an edited cell is a change."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from jfo_portal.kit import exportlog, exports
from jfo_portal.kit.exportlog import Export
from jfo_portal.kit.imports import actions, records, resources, steps
from jfo_portal.kit.imports.preview import Preview
from jfo_portal.kit.imports.resources import Resource
from registry.models import JFO, Officer, User
from tests import sheets
from tests.pages import body, csv_rows, words

from .test_import_examples import EVERY

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
PURPOSE = {"purpose": "the yearly check of records"}
FILES = (("en", "xlsx"), ("en", "csv"), ("fr", "xlsx"), ("fr", "csv-fr"))


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


def address(slug: str, file_format: str, language: str = "en") -> str:
    with override(language):
        return f"{reverse('import-records', args=[slug])}?format={file_format}"


def taken(client: Client, slug: str, file_format: str, language: str = "en") -> bytes:
    """Return the file as it is downloaded, for a purpose where one is asked."""
    response: Any = client.post(address(slug, file_format, language), PURPOSE)
    assert response.status_code == 200
    assert "attachment" in response.headers["Content-Disposition"]
    return b"".join(response)


def sent(content: bytes, slug: str, user: User, language: str = "en") -> tuple[Resource, Preview, str]:
    """Return what the import makes of the file, and the step to which it leads."""
    with override(language):
        resource = resources.get(slug, user)
        assert resource is not None
        staged = actions.stage(io.BytesIO(content), "edited", resource, by=user)
        # A workbook has its notes on another sheet.
        assert {notice.code for notice in staged.sheet.notices} <= {"several_sheets"}
        return resource, actions.preview(staged, resource), steps.address_of(staged, resource)


@pytest.fixture(autouse=True)
def _a_draft_to_edit(nhq_reviewer: User) -> None:
    findings = sheets.resource("findings", nhq_reviewer)
    row = {"clause_set": "information-sharing", "arrangement": "WCA-2004-0001", "part": "a.1", "verdict": "Not met"}
    sheets.save(findings, sheets.sheet(findings, row))


@EVERY
@pytest.mark.parametrize(("language", "file_format"), FILES)
def test_the_records_of_every_kind_come_back_unchanged(
    client_of: SignIn, slug: str, username: str, language: str, file_format: str
) -> None:
    user = User.objects.get(username=username)
    content = taken(client_of(user), slug, file_format, language)
    resource, preview, step = sent(content, slug, user, language)
    rows = resource.importable().count()

    assert rows > 0
    assert preview.names == list(resource.fields)
    assert preview.ignored == ()
    assert preview.counts.unchanged == rows
    assert (preview.counts.new, preview.counts.changed, preview.counts.error) == (0, 0, 0)
    assert not preview.batch.warnings
    assert step.endswith("/review/")


Suits = Callable[[dict[str, str]], bool]
EDITS: list[tuple[str, str, str, Suits]] = [
    ("officers", "given_name", "Zoé", lambda row: True),
    ("assignments", "review_on", "2011-09-30", lambda row: not row["Last day"]),
    ("levels", "level", "FB-05", lambda row: row["Level"] != "FB-05"),
    ("jfos", "objectives_en", "=1+1, and a new aim; two", lambda row: not row["Last day"]),
    ("arrangements", "office", "Intelligence | and Targeting", lambda row: True),
    ("outcomes", "note", "-12 kg were given back", lambda row: True),
    ("ims-files", "entered_on", "2011-03-30", lambda row: True),
]


@pytest.mark.parametrize("dialect", [exports.DATA, exports.FRENCH], ids=["csv", "csv-fr"])
@pytest.mark.parametrize("edit", EDITS, ids=[edit[0] for edit in EDITS])
def test_one_edited_cell_is_the_one_change(
    client_of: SignIn, administrator: User, edit: tuple[str, str, str, Suits], dialect: exports.Dialect
) -> None:
    slug, name, text, suits = edit
    content = taken(client_of(administrator), slug, "csv" if dialect is exports.DATA else "csv-fr").decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(content, newline=""), delimiter=dialect.delimiter))
    headers = lines[0]
    edited = next(line for line in lines[1:] if suits(dict(zip(headers, line, strict=True))))
    edited[headers.index(sheets.resource(slug, administrator).fields[name].label)] = text
    # As a spreadsheet of the reader's saves it.
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=dialect.delimiter).writerows(lines)
    _resource, preview, _step = sent(written.getvalue().encode(), slug, administrator)

    assert sheets.errors(preview) == []
    assert (preview.counts.changed, preview.counts.unchanged) == (1, len(lines) - 2)
    (changed,) = (row for row in preview.rows if row.changed_names)
    assert changed.changed_names == [name]
    assert str(changed[name]) == text


def test_an_edited_workbook_goes_through_the_pages_and_changes_one_record(
    client_of: SignIn, administrator: User
) -> None:
    client = client_of(administrator)
    before = dict(Officer.objects.values_list("number", "family_name"))
    versions = Officer.history.count()
    edited = io.BytesIO()
    with ZipFile(io.BytesIO(taken(client, "officers", "xlsx"))) as book, ZipFile(edited, "w") as other:
        for name in book.namelist():
            part = book.read(name)
            if name == "xl/worksheets/sheet1.xml":
                (number,) = re.findall(r'<c r="A3"[^>]*><is><t>([^<]*)', part.decode())
                part, found = re.subn(rb'(<c r="B3"[^>]*><is><t>)[^<]*', rb"\g<1>O'Neil", part)
                assert found == 1
            other.writestr(name, part)
    file = SimpleUploadedFile("officers.xlsx", edited.getvalue())
    review: Any = client.post(reverse("import-new"), {"entity": "officers", "file": file}, follow=True)
    confirmed = {"confirmed": review.context["digest"], "reason": "she married"}
    client.post(review.redirect_chain[-1][0].replace("/review/", "/confirm/"), confirmed)

    assert dict(Officer.objects.values_list("number", "family_name")) == before | {number: "O'Neil"}
    assert Officer.history.count() == versions + 1


# Who takes it, and what for


def test_a_file_of_many_officers_asks_what_it_is_for_and_is_logged(client_of: SignIn, administrator: User) -> None:
    client = client_of(administrator)
    link = address("officers", "csv")
    said = words(client.get(link))
    assert "What is the file for?" in said
    assert "You asked for “Officers, to edit” as a file: CSV (data)." in said
    assert not Export.objects.exists()

    response = client.post(link, PURPOSE)
    number = Officer.objects.count()
    assert len(csv_rows(response)) == number
    (kept,) = Export.objects.all()
    assert (kept.by, kept.title, kept.address) == (administrator, "Officers, to edit", link)
    assert (kept.rows, kept.officers, kept.purpose) == (number, number, PURPOSE["purpose"])
    assert kept.file_name == "officers-to-edit-2011-03-31.csv"


def test_a_file_of_few_officers_does_not_ask(
    client_of: SignIn, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exportlog, "MOST_NAMED", Officer.objects.count())
    response = client_of(administrator).get(address("officers", "csv"))
    assert len(csv_rows(response)) == Officer.objects.count()
    assert not Export.objects.exists()


def test_every_kind_whose_rows_name_officers_asks(client_of: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that did not say whom it names would slip through."""
    monkeypatch.setattr(exportlog, "MOST_NAMED", 0)
    numbers = set(Officer.objects.values_list("number", flat=True))
    asking = set()
    for slug, username in ((mark[0], mark[1]) for mark in EVERY.args[1]):
        client = client_of(User.objects.get(username=username))
        response = client.get(address(slug, "csv"))
        if "attachment" in response.headers.get("Content-Disposition", ""):
            assert not numbers.intersection(re.findall(r"[A-Z]-\d+", body(response))), slug
        else:
            asking.add(slug)
    assert asking == {"officers", "levels", "assignments", "ims-files"}


@pytest.mark.parametrize("username", ["que.manager", "nhq.reviewer", "auditor"])
def test_only_who_may_import_a_kind_takes_its_records(client_of: SignIn, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    assert client.get(address("officers", "csv")).status_code in {403, 404}
    assert client.post(address("officers", "csv"), PURPOSE).status_code in {403, 404}
    assert client.get(address("findings", "csv")).status_code == (200 if username == "nhq.reviewer" else 403)


# The ways to it


def test_the_page_of_a_kind_offers_its_records_and_a_list_leads_there(
    client_of: SignIn, administrator: User, auditor: User
) -> None:
    client = client_of(administrator)
    page = body(client.get(reverse("import-new"), {"kind": "jfos"}))
    for file_format in ("xlsx", "csv", "csv-fr"):
        assert f'href="{address("jfos", file_format)}"' in page
    link = f'href="{reverse("import-new")}?kind=jfos#kind"'
    assert link in body(client.get("/en/jfos/"))
    assert link not in body(client.get("/en/jfos/?as_of=2010-04-01"))
    assert link not in body(client_of(auditor).get("/en/jfos/"))


def test_an_address_without_a_format_leads_to_the_page_and_an_unknown_one_is_none(
    client_of: SignIn, administrator: User
) -> None:
    client = client_of(administrator)
    assert client.get(reverse("import-records", args=["jfos"])).url == "/en/imports/new/?kind=jfos#kind"  # type: ignore[attr-defined]
    assert client.get(address("jfos", "json")).status_code == 404
    assert client.get(address("nothing", "csv")).status_code == 404


def test_more_records_than_an_import_takes_are_no_file_but_a_sentence(
    client_of: SignIn, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_ROWS", 20)
    said = words(client_of(administrator).get(address("jfos", "csv"), follow=True))
    assert "one file brings in at most 20. Begin with the template" in said


def test_of_no_records_there_is_no_file_but_a_sentence(client_of: SignIn, nhq_reviewer: User) -> None:
    sheets.resource("findings", nhq_reviewer).importable().delete()
    said = words(client_of(nhq_reviewer).get(address("findings", "csv"), follow=True))
    assert "There are no such records yet that you may change." in said


def test_a_text_that_is_too_long_for_a_workbook_is_said_in_a_sentence(client_of: SignIn, administrator: User) -> None:
    client = client_of(administrator)
    JFO._base_manager.filter(code="IBET-QUE-1").update(objectives_en="x" * 32_768)
    response = client.get(address("jfos", "xlsx"), follow=True)
    assert re.search(r"Row \d+ does not fit in an Excel workbook\. Take the CSV file", words(response))
    assert response.status_code == 200


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_texts_that_a_cell_cannot_hold_come_back_as_no_change(
    client_of: SignIn, administrator: User, file_format: str
) -> None:
    """A line that was pasted from a slide ends otherwise; it was refused in the portal's own file."""
    texts = ["one\x0btwo", "one\r\n- two\rthree", "\ufffdthree\x85", " \t=four;=five,+six", "'-x", "_x000D_"]
    for jfo, text in zip(JFO._base_manager.order_by("pk"), texts, strict=False):
        JFO._base_manager.filter(pk=jfo.pk).update(objectives_en=text)
    resource, preview, _step = sent(taken(client_of(administrator), "jfos", file_format), "jfos", administrator)
    assert sheets.errors(preview) == []
    assert preview.counts.unchanged == resource.importable().count()


def test_the_file_is_made_in_as_many_queries_however_many_rows_it_has(administrator: User, client_of: SignIn) -> None:
    client = client_of(administrator)
    for slug in ("arrangements", "outcomes", "jfos", "agencies", "contributions"):
        with CaptureQueriesContext(connection) as queries:
            taken(client, slug, "csv")
        assert len(queries) <= 15, slug
