"""The documents of arrangements: versions, who may see and take them, the log, their pages, the demonstration's."""

import csv
import hashlib
import runpy
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jfo_portal.kit import changesets
from jfo_portal.kit.models import ChangeSet
from registry.models import User
from tests.pages import words
from wca import checks, documents, quoting
from wca.models import Arrangement, Assessment, Document, DocumentContent, Download, Finding
from wca.texts import Text

pytestmark = pytest.mark.django_db

# It names JFOs of NOR alone, and has a document in both languages.
CORNWALL = "WCA-2004-0002"


@pytest.fixture
def arrangement() -> Arrangement:
    """The demonstration's arrangement on joint intelligence in Thunder Bay, one JFO of NOR."""
    return Arrangement.objects.get(reference="WCA-2005-0002")


def upload(
    client: Client, reference: str, data: bytes, language: str = "en", name: str = "wca.txt", **more: Any
) -> Any:
    file = SimpleUploadedFile(name, data)
    address = f"/en/arrangements/{reference}/documents/new/"
    return client.post(address, {"file": file, "language": language, **more}, follow=True)


def document_of(reference: str, language: str = "en") -> Document:
    return Document.objects.get(arrangement__reference=reference, language=language, version=1)


# What is done with them


def test_versions_are_counted_for_each_language(arrangement: Arrangement, nhq_reviewer: User) -> None:
    added = [
        documents.add_document(arrangement, data, "a.txt", language, by=nhq_reviewer)
        for data, language in ((b"1.1 One", "en"), (b"1.1 Two", "en"), (b"1.1 Un", "fr"))
    ]
    assert [(row.version, row.language) for row in added] == [(2, "en"), (3, "en"), (1, "fr")]
    content = added[0].content
    assert (bytes(content.data), content.places) == (b"1.1 One", [{"place": "s. 1.1", "text": "1.1 One"}])
    assert added[0].sha256 == hashlib.sha256(b"1.1 One").hexdigest()


def test_the_same_file_twice_is_refused_with_the_version_that_has_it(
    arrangement: Arrangement, nhq_reviewer: User
) -> None:
    first = documents.add_document(arrangement, b"Text", "a.txt", "en", by=nhq_reviewer)
    with pytest.raises(documents.SameFile) as raised:
        documents.add_document(arrangement, b"Text", "b.txt", "fr", by=nhq_reviewer)
    assert raised.value.document == first
    assert raised.value.messages == [
        "The arrangement already holds this very file, as version 2 (English). Choose another file."
    ]
    other = Arrangement.objects.get(reference=CORNWALL)
    assert documents.add_document(other, b"Text", "a.txt", "en", by=nhq_reviewer).version == 2


def test_a_file_that_cannot_be_read_adds_nothing(arrangement: Arrangement, nhq_reviewer: User) -> None:
    before = Document.objects.count()
    with pytest.raises(ValidationError):
        documents.add_document(arrangement, b"PK\x03\x04", "a.docx", "en", by=nhq_reviewer)
    assert Document.objects.count() == before


def test_a_version_stays_whoever_would_undo_it(
    client_of: Callable[[User], Client], arrangement: Arrangement, nhq_reviewer: User
) -> None:
    """An upload that was undone would take the file, and the log of who read it, away with it for good."""
    with changesets.act(nhq_reviewer) as change:
        document = documents.add_document(arrangement, b"Text", "a.txt", "en", by=nhq_reviewer, within=change)
    assert [str(one) for one in changesets.obstacles(change, nhq_reviewer)] == [
        f"{document} stays: what is of its kind is never removed."
    ]
    assert "is never removed" in words(client_of(nhq_reviewer).get(f"/en/history/{change.pk}/undo/"))
    assert not changesets.may_undo(change, User.objects.get(username="nhq.approver"))


@pytest.mark.parametrize(
    ("name", "kind", "safe"),
    [
        ("../../etc/passwd", "plain", "passwd.txt"),
        ("C:\\files\\Entente é.PDF", "pdf", "Entente é.pdf"),
        ('a"b\r\nc.docx', "docx", "abc.docx"),
        ("page.html", "plain", "page.html.txt"),
        ("\u202efdp.exe", "pdf", "fdp.exe.pdf"),
        ("..", "pdf", "document.pdf"),
        ("x" * 400, "pdf", "x" * 200 + ".pdf"),
    ],
)
def test_a_file_name_is_safe_and_ends_as_what_it_is(name: str, kind: str, safe: str) -> None:
    assert documents.safe_name(name, kind) == safe


def test_text_read_twice_on_a_day_is_logged_once_and_every_copy_is(nhq_reviewer: User) -> None:
    document = document_of(CORNWALL)
    for is_text in (True, True, False, False):
        documents.read(document, nhq_reviewer, is_text=is_text)
    assert sorted(Download.objects.values_list("is_text", flat=True)) == [False, False, True]


# The form


def test_a_document_is_uploaded(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement
) -> None:
    response = upload(client_of(nhq_reviewer), arrangement.reference, b"1.1 All is well.", is_draft="on")
    document = Document.objects.get(arrangement=arrangement, version=2)
    assert response.redirect_chain == [(document.get_absolute_url(), 302)]
    assert "Saved: WCA-2005-0002, version 2 (English)." in words(response)
    assert (document.is_draft, document.uploaded_by, document.uploaded_on) == (True, nhq_reviewer, date(2011, 3, 31))
    assert document.history.get().history_user == nhq_reviewer


def test_a_form_sent_twice_adds_one_version(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement
) -> None:
    client, token = client_of(nhq_reviewer), "12345678-1234-1234-1234-123456789012"
    for _time in range(2):
        response = upload(client, arrangement.reference, b"1.1 All is well.", _token=token)
        assert response.status_code == 200
    assert Document.objects.filter(arrangement=arrangement).count() == 2


def test_the_same_file_uploaded_twice_leads_to_the_version_that_has_it(
    client_of: Callable[[User], Client], nhq_reviewer: User
) -> None:
    document = document_of(CORNWALL)
    response = upload(client_of(nhq_reviewer), CORNWALL, bytes(document.content.data), "fr")
    assert f'<a href="{document.get_absolute_url()}">version 1 (English)</a>' in response.content.decode()


@pytest.mark.parametrize("data", [b"", b"MZ\x00", b"PK\x03\x04", b"%PDF-1.4"])
def test_an_upload_that_cannot_be_read_says_so_beside_the_field(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement, data: bytes
) -> None:
    response = upload(client_of(nhq_reviewer), arrangement.reference, data)
    assert response.status_code == 200
    assert response.context["form"].errors["file"]
    assert not ChangeSet.objects.exists()


def test_an_upload_over_the_limit_says_so(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement, settings: Any
) -> None:
    settings.DOCUMENT_MAX_BYTES = 1024 * 1024
    response = upload(client_of(nhq_reviewer), arrangement.reference, b"a" * (1024 * 1024 + 1))
    assert "The file is larger than 1 MB." in words(response)


def test_a_language_has_to_be_chosen(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement
) -> None:
    response = upload(client_of(nhq_reviewer), arrangement.reference, b"1.1 All", "")
    assert response.context["form"].errors["language"]


def test_a_strange_file_name_breaks_nothing(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement
) -> None:
    upload(client_of(nhq_reviewer), arrangement.reference, b"1.1 All", name="a\0<b>é.html")
    document = Document.objects.get(arrangement=arrangement, version=2)
    assert document.file_name.endswith("é.html.txt")
    assert "\0" not in document.file_name


# Who may see them


def test_a_manager_reads_documents_of_arrangements_that_name_a_jfo_of_the_region(
    client_of: Callable[[User], Client], que_manager: User, gta_manager: User
) -> None:
    document = document_of("WCA-2004-0001")
    for address in (document.get_absolute_url(), f"{document.get_absolute_url()}download/"):
        assert client_of(que_manager).get(address).status_code == 200
        assert client_of(gta_manager).get(address).status_code == 404
    page = words(client_of(gta_manager).get("/en/arrangements/WCA-2004-0001/?part=documents"))
    assert "There is no document that you may see." in page
    assert document.file_name not in page


def test_the_history_tells_of_a_document_to_those_alone_who_may_see_it(
    client_of: Callable[[User], Client], que_manager: User, gta_manager: User
) -> None:
    """A document's name stood in the history of its arrangement, for everybody."""
    document = document_of("WCA-2004-0001")
    for address in ("/en/history/?kind=document", f"/en/history/document/{document.pk}/"):
        assert str(document) in words(client_of(que_manager).get(address))
    assert str(document) not in words(client_of(gta_manager).get("/en/history/?kind=document"))
    assert client_of(gta_manager).get(f"/en/history/document/{document.pk}/").status_code == 404


def test_a_refused_download_is_not_logged(client_of: Callable[[User], Client], gta_manager: User) -> None:
    client_of(gta_manager).get(f"{document_of('WCA-2004-0001').get_absolute_url()}download/")
    assert not Download.objects.exists()


@pytest.mark.parametrize("address", ["/en/arrangements/WCA-2004-0001/documents/{pk}/", "{of_another}"])
def test_a_document_is_found_under_its_own_arrangement_alone(
    client_of: Callable[[User], Client], auditor: User, address: str
) -> None:
    pk = document_of(CORNWALL).pk
    wrong = address.format(pk=pk, of_another="/en/arrangements/WCA-9/documents/99999999999999999999999/")
    assert client_of(auditor).get(wrong).status_code == 404


@pytest.mark.parametrize("username", ["que.manager", "admin", "auditor"])
def test_only_nhq_reviewers_upload(client_of: Callable[[User], Client], username: str) -> None:
    client = client_of(User.objects.get(username=username))
    assert upload(client, "WCA-2004-0001", b"1.1 All").status_code == 403
    assert "documents/new/" not in client.get("/en/arrangements/WCA-2004-0001/").content.decode()


def test_the_log_is_for_those_who_see_everything(
    client_of: Callable[[User], Client], que_manager: User, nhq_reviewer: User, auditor: User, administrator: User
) -> None:
    document = document_of("WCA-2004-0001")
    client_of(que_manager).get(f"{document.get_absolute_url()}download/")
    for reader in (nhq_reviewer, auditor, administrator):
        page = words(client_of(reader).get(document.get_absolute_url()))
        assert "Who took a copy or read the text" in page
        assert "Copy of the file" in page
        assert que_manager.get_full_name() in page
    assert "Who took a copy" not in words(client_of(que_manager).get(document.get_absolute_url()))


# The file


def test_the_file_comes_back_as_it_was_sent_and_as_an_attachment(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement
) -> None:
    data = "<b>Où</b>\r\n".encode("cp1252")
    document = documents.add_document(arrangement, data, 'é "a".html', "fr", by=nhq_reviewer)
    response = client_of(nhq_reviewer).get(f"{document.get_absolute_url()}download/")
    assert b"".join(response.streaming_content) == data  # type: ignore[attr-defined]
    assert response["Content-Type"] == "text/plain"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%A9%20a.html.txt"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert Download.objects.get().by == nhq_reviewer


def test_asking_about_a_file_without_taking_it_is_no_copy(client_of: Callable[[User], Client], auditor: User) -> None:
    response = client_of(auditor).head(f"{document_of(CORNWALL).get_absolute_url()}download/")
    assert response.status_code == 200
    assert not Download.objects.exists()


# The page


def test_the_page_shows_the_facts_and_the_text_by_place(client_of: Callable[[User], Client], auditor: User) -> None:
    document = document_of(CORNWALL)
    page = words(client_of(auditor).get(document.get_absolute_url()))
    assert document.sha256 in page
    assert "p. 5, s. 12.1 12.1 Files of the joint team are kept in a locked area" in page
    assert Download.objects.get().is_text


def test_words_are_found_without_regard_to_case_and_accents(client_of: Callable[[User], Client], auditor: User) -> None:
    document = document_of(CORNWALL, "fr")
    response = client_of(auditor).get(document.get_absolute_url(), {"q": " EQUIPE conservés "})
    found = [place.place for place in response.context["found"]]
    assert found == ["p. 5, s. 12.1"]
    assert "“EQUIPE conservés” was found in 1 place." in words(response)
    body = response.content.decode()
    assert "<mark>équipe</mark>" in body
    assert "<mark>conservés</mark>" in body
    number = response.context["found"][0].number
    assert f'href="#place-{number}"' in body
    assert f'id="place-{number}"' in body


def test_what_is_not_found_says_what_counts(client_of: Callable[[User], Client], auditor: User) -> None:
    page = words(client_of(auditor).get(document_of(CORNWALL).get_absolute_url(), {"q": "elephant"}))
    assert "“elephant” was found in 0 places." in page


@pytest.mark.parametrize("asked", ["\0", "x" * 5_000, "<script>", "%00", "(", "\ufb01", "  "])
def test_no_search_breaks_the_page(client_of: Callable[[User], Client], auditor: User, asked: str) -> None:
    response = client_of(auditor).get(document_of(CORNWALL).get_absolute_url(), {"q": asked})
    assert response.status_code == 200
    assert "<script>" not in response.content.decode().split("<main")[1]


def test_a_scan_says_that_no_text_could_be_read(
    client_of: Callable[[User], Client], nhq_reviewer: User, arrangement: Arrangement
) -> None:
    document = documents.add_document(arrangement, b"%PDF", "a.pdf", "en", by=nhq_reviewer, text=Text("pdf", ()))
    assert "No text could be read, as in a scan." in words(client_of(nhq_reviewer).get(document.get_absolute_url()))


def test_a_document_is_not_there_before_it_was_uploaded(client_of: Callable[[User], Client], auditor: User) -> None:
    document, client = document_of(CORNWALL), client_of(auditor)
    assert document.uploaded_on == date(2011, 1, 10)
    assert client.get(document.get_absolute_url(), {"as_of": "2011-01-09"}).status_code == 404
    assert client.get(f"{document.get_absolute_url()}download/", {"as_of": "2011-01-09"}).status_code == 404
    before = words(client.get(f"/en/arrangements/{CORNWALL}/", {"part": "documents", "as_of": "2011-01-09"}))
    assert "No document is on file." in before
    on_the_day = client.get(document.get_absolute_url(), {"as_of": "2011-01-10"})
    assert on_the_day.status_code == 200
    assert "Who took a copy" not in words(on_the_day)


def test_a_past_day_offers_no_upload(client_of: Callable[[User], Client], nhq_reviewer: User) -> None:
    page = client_of(nhq_reviewer).get(f"/en/arrangements/{CORNWALL}/", {"part": "documents", "as_of": "2011-03-30"})
    assert "documents/new/" not in page.content.decode()


def test_the_page_asks_the_database_as_often_for_many_versions_as_for_one(
    client_of: Callable[[User], Client],
    nhq_reviewer: User,
    arrangement: Arrangement,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(5):
        documents.add_document(arrangement, b"1.1 %d" % number, "a.txt", "fr", by=nhq_reviewer)
    client = client_of(nhq_reviewer)
    address = Document.objects.filter(arrangement=arrangement).latest("pk").get_absolute_url()
    with django_assert_max_num_queries(15):
        client.get(address)


def test_the_pages_speak_french(client_of: Callable[[User], Client], nhq_reviewer: User) -> None:
    client, document = client_of(nhq_reviewer), document_of(CORNWALL, "fr")
    page = words(client.get(document.get_absolute_url().replace("/en/", "/fr/"), {"q": "fichiers"}))
    assert "« fichiers » a été trouvé à 2 endroits." in page
    form = words(client.get(f"/fr/arrangements/{CORNWALL}/documents/new/"))
    assert "Téléverser un document" in form
    assert "d’au plus 20 Mo" in form


# The demonstration


def test_every_quotation_of_the_demonstration_stands_at_its_place_in_its_document() -> None:
    with (settings.BASE_DIR / "fixtures/demonstration/findings.csv").open(encoding="utf-8", newline="") as file:
        met = [row for row in csv.DictReader(file) if row["verdict"] == "met"]
    contents = DocumentContent.objects.filter(document__language="en")
    places = dict(contents.values_list("document__arrangement__reference", "places"))
    assert len(met) > 100
    for row in met:
        assert quoting.places_of(row["quotation"], places[row["arrangement"]]) == [row["place"]], row


def test_the_english_documents_are_what_their_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixtures = settings.BASE_DIR / "fixtures/demonstration"
    (tmp_path / "demonstration/documents").mkdir(parents=True)
    (tmp_path / "reference").symlink_to(fixtures.parent / "reference")
    for table in fixtures.glob("*.csv"):
        (tmp_path / "demonstration" / table.name).symlink_to(table)
    script = runpy.run_path(str(fixtures / "write_documents.py"))
    monkeypatch.setitem(script["main"].__globals__, "HERE", tmp_path / "demonstration")
    script["main"]()
    written = sorted((tmp_path / "demonstration/documents").iterdir())
    assert len(written) == 15
    for file in written:
        assert file.read_bytes() == (fixtures / "documents" / file.name).read_bytes()


def test_every_assessment_of_the_demonstration_names_the_document_that_was_read() -> None:
    for assessment in Assessment.objects.filter(
        assessed_on__lt=date(2011, 3, 1), clause_set__code="information-sharing"
    ):
        assert assessment.document is not None
        assert assessment.document.uploaded_on <= assessment.assessed_on


def test_a_quotation_that_is_not_in_its_document_breaks_the_rule(nhq_reviewer: User) -> None:
    assert list(checks.quotations_are_found()) == []
    arrangement = Arrangement.objects.get(reference="WCA-2007-0003")
    document = documents.add_document(arrangement, b"1.1 All is well.", "a.txt", "en", by=nhq_reviewer)
    example = Finding.objects.filter(verdict="met").first()
    assert example is not None
    assessment = Assessment(
        arrangement=arrangement,
        clause_set=example.assessment.clause_set,
        document=document,
        assessed_on=date(2011, 3, 31),
        author=nhq_reviewer,
    ).save_as(None)
    Finding(
        assessment=assessment, part=example.part, verdict="met", quotation="All is not well.", place="s. 1.1"
    ).save_as(None)
    ((where, what),) = checks.quotations_are_found()
    assert where == f"assessment {assessment}"
    assert "is not in its document" in what


def test_the_crumbs_of_a_document_lead_back_to_the_documents(
    client_of: Callable[[User], Client], nhq_reviewer: User
) -> None:
    document = document_of("WCA-2004-0001")
    page = client_of(nhq_reviewer).get(f"/en/arrangements/WCA-2004-0001/documents/{document.pk}/")
    assert 'href="/en/arrangements/WCA-2004-0001/?part=documents#documents"' in page.content.decode()
