"""A file is sent, its columns and values are said, it is looked at, corrected, confirmed and found again, by its owner
alone."""

import gzip
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from tempfile import SpooledTemporaryFile
from typing import Any
from unittest.mock import Mock
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from jfo_portal.kit.imports import resources, workbook
from jfo_portal.kit.models import Import, ImportPapers, ImportState, RememberedChoice
from registry.models import Assignment, Role, User
from tests.pages import csv_rows

from .imports_example import AssignmentResource, make_assignment, make_officer

pytestmark = pytest.mark.django_db

HEADER = "Officer,JFO,First day,FTE\n"
ROW = "T-0001,TST-1,2010-04-01,0.75\n"
STEPS = ("file", "columns", "values", "review", "confirm")


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

        def check_rows(self, rows: Any) -> None:
            for row in rows:
                if row["fte"] == Decimal("0.33"):
                    row.warn("A third is unusual.", "fte")
                if row["fte"] == Decimal("0.44"):
                    row.refuse("Such a row cannot be.")

        def effects(self, preview: Any) -> list[str]:
            return [f"The file has {len(preview.rows)} rows."]

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


def send(client: Client, text: str | bytes, name: str = "sheet.xlsx") -> Any:
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(reverse("import-new"), {"entity": "test-assignments", "file": file})


def staged(client: Client, text: str | bytes) -> Import:
    """Send the file, and return the import that waits."""
    return Import.objects.get(pk=int(send(client, text).url.split("/")[-3]))


def address(made: Import, step: str) -> str:
    return reverse(f"import-{step}", args=[made.pk])


def get(client: Client, made: Import, step: str, **query: str) -> Any:
    return client.get(address(made, step), query)


def review(client: Client, made: Import, **query: str) -> Any:
    return get(client, made, "review", **query)


def post(client: Client, made: Import, step: str, **data: str) -> Any:
    return client.post(address(made, step), data)


def confirm(client: Client, made: Import, **data: str) -> Any:
    digest = review(client, made).context["digest"]
    return post(client, made, "confirm", **{"confirmed": digest, "reason": "the sheet of May", **data})


def resumed(client: Client, made: Import) -> str:
    """Return where the import is taken up again."""
    response: Any = client.get(reverse("import", args=[made.pk]))
    return str(response.url)


def page(response: Any) -> str:
    return str(response.content.decode())


def lines_of(content: bytes, sheet: int = 0) -> Any:
    """Return the rows of one sheet of a workbook."""
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(sheet).to_python()


def workbook_of(lines: list[list[Any]]) -> bytes:
    content = BytesIO()
    with Workbook(content) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(lines):
            sheet.write_row(number, 0, line)
    return content.getvalue()


# The way through


def test_a_known_layout_goes_straight_to_the_review(client: Client, assignment: Assignment) -> None:
    assert "/review/" in send(client, HEADER + ROW).url


def test_a_layout_that_is_not_known_goes_through_the_steps_in_order(client: Client, assignment: Assignment) -> None:
    sent = send(client, "Matricule,JFO,First day,FTE\nT-0001,TST-9,2010-04-01,0.75\n")
    made = Import.objects.get()
    assert sent.url == address(made, "file")
    assert "T-0001" in page(client.get(sent.url))
    columns = post(client, made, "file", header_line="1", encoding="utf-8", delimiter=",", decimal_mark=".")
    assert columns.url == address(made, "columns")
    values = post(client, made, "columns", column_0="officer", column_1="jfo", column_2="start", column_3="fte")
    assert values.url == address(made, "values")
    (key,) = client.get(values.url).context["form"].fields
    seen = post(client, made, "values", **{key: "TST-1"})
    assert seen.url == address(made, "review")
    assert "<del>0.50</del> → <ins>0.75</ins>" in page(client.get(seen.url))
    assert confirm(client, made).url == address(made, "result")
    # What was said is known of the next file with such headers.
    assert "/review/" in send(client, "Matricule,JFO,First day,FTE\nT-0001,TST-9,2010-04-01,0.80\n").url


def test_every_step_shows_the_steps_and_where_it_is(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    for step in ("file", "columns", "review", "confirm"):
        shown = page(get(client, made, step))
        assert shown.count('aria-current="step"') == 1
        assert f'href="{address(made, "file")}"' in shown or step == "file"
        assert "Abandon this import" in shown
    french = page(client.get(address(made, "review").replace("/en/", "/fr/")))
    assert "Étapes de l’importation" in french
    assert "Rows are matched" not in french


def test_a_step_that_cannot_be_taken_leads_back_to_the_one_before(client: Client, assignment: Assignment) -> None:
    unknown = staged(client, "Officer,JFO,First day,FTE,Bureau\nT-0001,TST-1,2010-04-01,0.75,Montréal\n")
    for step in ("values", "review", "confirm"):
        assert get(client, unknown, step).url == address(unknown, "columns")
    assert get(client, unknown, "errors").url == address(unknown, "columns")
    wrong = staged(client, HEADER + "T-0001,TST-1,2010-04-01,7\n")
    assert get(client, wrong, "confirm").url == address(wrong, "review")
    assert get(client, wrong, "values").url == address(wrong, "review")
    assert get(client, wrong, "result").url == address(wrong, "review")


def test_an_import_is_taken_up_where_it_was_left(client: Client, assignment: Assignment) -> None:
    unknown = staged(client, "Officer,JFO,First day,FTE,Bureau\nT-0001,TST-1,2010-04-01,0.75,Montréal\n")
    known = staged(client, HEADER + ROW)
    assert resumed(client, unknown) == address(unknown, "file")
    assert resumed(client, known) == address(known, "review")
    listed = page(client.get(reverse("imports")))
    assert reverse("import", args=[known.pk]) in listed
    assert "Waiting: Review" in listed
    assert "Waiting: Columns" in listed
    confirm(client, known)
    assert resumed(client, known) == address(known, "result")


def test_rows_can_be_pasted(client: Client, assignment: Assignment) -> None:
    new = reverse("import-new")
    rows = "Officer\tJFO\tFirst day\tFTE\r\nT-0001\tTST-1\t2010-04-01\t0.75\r\n"
    sent: Any = client.post(new, {"entity": "test-assignments", "rows": rows})
    assert "/review/" in sent.url
    assert Import.objects.get().file_name == "Pasted rows"
    assert "Choose a file, or paste" in page(client.post(new, {"entity": "test-assignments"}))
    both = {"entity": "test-assignments", "rows": rows, "file": SimpleUploadedFile("a.csv", b"a")}
    assert "not both" in page(client.post(new, both))
    bad = page(client.post(new, {"entity": "test-assignments", "rows": "one line"}))
    assert "one line" in bad
    assert 'id="id_rows_error"' in bad


# The file


def test_how_a_file_is_read_can_be_corrected(client: Client, assignment: Assignment) -> None:
    text = "Officer;JFO;First day;FTE;Élément\nT-0001;TST-1;2010-04-01;0,75;x\n".encode("cp1252")
    made = staged(client, text)
    shown = get(client, made, "file")
    form = shown.context["form"]
    assert (form["delimiter"].value(), form["decimal_mark"].value()) == (";", ",")
    assert "Élément" in page(shown)
    assert "sheet" not in form.fields
    said = {"header_line": "1", "encoding": form["encoding"].value(), "delimiter": ";", "decimal_mark": "."}
    again = post(client, made, "file", **said)
    assert again.url == address(made, "file")
    made.refresh_from_db()
    assert (made.reading, made.sheet.decimal_mark) == ({"decimal_mark": "."}, ".")
    # Nothing was changed this time.
    assert post(client, made, "file", **said).url == address(made, "columns")


def test_what_a_file_cannot_be_read_by_is_told_and_changes_nothing(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    said = {"encoding": "utf-8", "delimiter": ",", "decimal_mark": "."}
    assert "Choose the row that does" in page(post(client, made, "file", header_line="9", **said))
    for line in ("0", "-1", "x", "9" * 30, "1\x00"):
        assert post(client, made, "file", header_line=line, **said).status_code == 200
    assert post(client, made, "file", **said | {"encoding": "latin-9000"}).status_code == 200
    made.refresh_from_db()
    assert made.reading == {}


# The columns


def test_a_column_is_left_out_only_on_purpose(client: Client, assignment: Assignment) -> None:
    made = staged(client, "Officer,JFO,First day,FTE,Bureau\nT-0001,TST-1,2010-04-01,0.75,Montréal\n")
    shown = page(get(client, made, "columns"))
    assert "It is not known what these columns hold: Bureau" in shown
    assert "Montréal" in shown
    said = {"column_0": "officer", "column_1": "jfo", "column_2": "start", "column_3": "fte"}
    refused = page(post(client, made, "columns", **said))
    assert "Say what this column holds, or leave it out." in refused
    assert post(client, made, "columns", **said, column_4="-").url == address(made, "review")
    assert "Left out, as was said: Bureau" in page(review(client, made))
    confirm(client, made)
    assert Import.objects.get(pk=made.pk).ignored == ["Bureau"]


def test_missing_and_doubled_columns_are_told(client: Client, assignment: Assignment) -> None:
    made = staged(client, "Officer,Officer,First day,FTE\nT-0001,T-0001,2010-04-01,0.75\n")
    shown = page(get(client, made, "columns"))
    assert "No column holds “JFO”, which is required" in shown
    assert "More than one column holds “Officer”" in shown
    both = post(client, made, "columns", column_0="officer", column_1="officer", column_2="start", column_3="fte")
    assert "“Officer” is said of Officer too" in page(both)
    assert "No column holds “JFO”" in page(both)


def test_what_a_column_holds_is_counted(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW + "T-0001,TST-9,2010-05-01,0.5\nT-0001,TST-1,01/02/2011,\n")
    shown = page(get(client, made, "columns"))
    assert "2 dates." in shown
    assert "1 will not do, such as “01/02/2011”." in shown
    assert "1 cell is empty." in shown
    assert "2 known names." in shown


# The values


def test_a_value_is_said_once_for_all_its_rows(client: Client, assignment: Assignment) -> None:
    make_officer(assignment.officer.region, "T-0002")
    rows = "".join(f"{number},R.C.M.P. TST-1,2010-04-01,0.75\n" for number in ("T-0001", "T-0002"))
    made = staged(client, HEADER + rows)
    shown = get(client, made, "values")
    (key,) = shown.context["form"].fields
    assert "R.C.M.P. TST-1" in page(shown)
    assert "Leave it as it is: an error" in page(shown)
    assert "is not one of the available choices" in page(post(client, made, "values", **{key: "TST-77"}))
    assert post(client, made, "values", **{key: ""}).url == address(made, "review")
    assert review(client, made).context["counts"].error == 2
    assert post(client, made, "values", **{key: "TST-1"}).url == address(made, "review")
    assert review(client, made).context["counts"].error == 0
    confirm(client, made)
    assert RememberedChoice.objects.get().choice == "TST-1"
    assert "“r.c.m.p. tst-1” stands for TST-1" in page(get(client, made, "result"))
    # An import in which the value does not stand says nothing of it.
    other = staged(client, HEADER + ROW.replace("0.75", "0.60"))
    confirm(client, other)
    assert "stands for" not in page(get(client, other, "result"))


def test_the_nearest_value_is_one_button(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-00O1,TST-1,2010-04-01,0.75\n")
    shown = get(client, made, "values")
    (key,) = shown.context["form"].fields
    assert "Use T-0001 for 1 row" in page(shown)
    assert post(client, made, "values", use=key).url == address(made, "values")
    assert get(client, made, "values").url == address(made, "review")
    assert review(client, made).context["counts"].changed == 1


# The review


def test_a_review_shows_what_would_change_and_the_confirmation_says_it_in_words(
    client: Client, assignment: Assignment
) -> None:
    made = staged(client, HEADER + ROW + "T-0001,TST-1,2009-05-01,0.25\n")
    assert (made.state, made.file_name, made.number) == (ImportState.DRAFT, "sheet.xlsx", f"I-{made.pk:04d}")
    shown = page(review(client, made))
    assert "<del>0.50</del> → <ins>0.75</ins>" in shown
    assert "Officer + JFO + First day" in shown
    words = page(get(client, made, "confirm"))
    assert "1 record is added." in words
    assert "1 record is changed." in words
    assert "The file has 2 rows." in words


def test_errors_are_shown_beside_their_cell_and_offer_no_confirmation(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-00O1,TST-1,01/02/2011,0.75\n" + ROW)
    shown = page(review(client, made))
    assert "No Officer “T-00O1” is known. Did you mean T-0001?" in shown
    assert 'value="01/02/2011"' in shown
    assert "Continue to confirm" not in shown
    assert "0.75</ins>" not in shown
    assert "0.75</ins>" in page(review(client, made, show="all"))
    assert "0.75</ins>" in page(review(client, made, show="changed"))
    assert post(client, made, "confirm", confirmed="", reason="x").url == address(made, "review")
    assert Import.objects.get(pk=made.pk).state == ImportState.DRAFT


def test_several_cells_are_corrected_at_once_and_nothing_is_live(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0009,TST-1,01/02/2011,0.75\nT-0001,TST-1,2010-04-01,7\n")
    data = {"fix-2-0": "T-0001", "fix-2-2": "2011-02-01", "fix-3-3": "0.75"}
    assert post(client, made, "review", **data).url == address(made, "review")
    shown = review(client, made, show="all")
    assert "3 cells are corrected here" in page(shown)
    assert "In the file: 01/02/2011" in page(shown)
    assert shown.context["counts"].error == 0
    assert Assignment.objects.filter(officer=assignment.officer).count() == 1
    # One is taken back, another is typed as it was.
    post(client, made, "review", back="2:0")
    post(client, made, "review", **{"fix-3-3": "7"})
    made = Import.objects.get(pk=made.pk)
    assert made.fixes == {"2": {"2": "2011-02-01"}, "3": {}}
    assert review(client, made).context["counts"].error == 2


def fields_of(response: Any) -> dict[str, str]:
    """Return what the form of a review sends as it stands."""
    return dict(re.findall(r'name="((?:fix|was)-[0-9-]+)" value="([^"]*)"', page(response)))


def test_a_page_that_is_out_of_date_takes_no_correction_back(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW[:-5] + "1.7\nT-0001,TST-1,2010-04-01,8\n")
    old = fields_of(review(client, made))
    assert (old["fix-2-3"], old["was-2-3"]) == ("1.7", "1.7")
    post(client, made, "review", **old | {"fix-2-3": "0.70"})
    # Another tab, which still shows 1.7.
    post(client, made, "review", **old, leave="3")
    assert Import.objects.get(pk=made.pk).fixes["2"] == {"3": "0.70"}


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "it goes on where you left it. Abandon it"), ("fr", "l’importation reprend où vous l’avez laissée")],
)
def test_a_file_that_waits_already_is_said_to_go_on(
    client: Client, assignment: Assignment, language: str, said: str
) -> None:
    made = staged(client, HEADER + ROW)
    file = SimpleUploadedFile("sheet.csv", (HEADER + ROW).encode())
    there = reverse("import-new").replace("/en/", f"/{language}/")
    again = client.post(there, {"entity": "test-assignments", "file": file}, follow=True)
    assert said in page(again)
    assert Import.objects.count() == 1
    assert made.pk == Import.objects.get().pk


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "Leave this row out",
                "Row 3 is left out.",
                "Take it in again",
                "2 rows of the file are left out",
                "Left out",
            ),
        ),
        (
            "fr",
            (
                "Exclure cette ligne",
                "La ligne 3 est exclue.",
                "Reprendre cette ligne",
                "2 lignes du fichier sont exclues",
                "Exclues",
            ),
        ),
    ],
)
def test_a_row_is_left_out_and_named_on_every_page_after(
    client: Client, assignment: Assignment, language: str, words: tuple[str, ...]
) -> None:
    leave, is_left_out, take, are_left_out, left_out = words
    make_officer(assignment.officer.region, "T-0002")
    made = staged(
        client, HEADER + ROW + "T-0001,TST-1,2010-04-01,0.50\nT-0002,TST-1,2010-05-01,9\n" + ROW[:-5] + "0.25\n"
    )
    there = address(made, "review").replace("/en/", f"/{language}/")
    assert leave in page(client.get(there))
    said = page(client.post(there, {"leave": "3", "fix-4-3": "0.5"}, follow=True))
    assert is_left_out in said
    # What was typed beside goes along; the two others are still about one record.
    shown = client.get(there, {"show": "all"})
    assert (shown.context["counts"].error, shown.context["counts"].new, shown.context["total"]) == (2, 1, 4)
    assert [row.row.line for row in shown.context["rows"]] == [2, 4, 5]
    assert f"3{' :' if language == 'fr' else ':'} T-0001 · TST-1 · 2010-04-01" in page(shown).replace("\xa0", " ")
    assert take in page(shown)
    client.post(there, {"leave": "5"})
    shown = client.get(there)
    counts = shown.context["counts"]
    assert (counts.error, counts.new, counts.changed, counts.unchanged, shown.context["total"]) == (0, 1, 1, 0, 4)
    workbook: Any = client.get(reverse("import-errors", args=[made.pk]))
    assert [line[3] for line in lines_of(workbook.content)[1:]] == ["0.75", "0.5"]
    confirmed = page(client.get(address(made, "confirm").replace("/en/", f"/{language}/")))
    assert are_left_out in confirmed
    confirm(client, made)
    result = page(client.get(address(made, "result").replace("/en/", f"/{language}/")))
    assert left_out in result
    assert "T-0001 · TST-1 · 2010-04-01" in result
    made.refresh_from_db()
    assert (made.new, made.changed, made.unchanged, list(made.left_out)) == (1, 1, 0, [3, 5])
    assignment.refresh_from_db()
    assert assignment.fte == Decimal("0.75")


def test_a_row_that_was_left_out_is_taken_in_again(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0001,TST-1,2010-04-01,9\n")
    post(client, made, "review", **{"fix-2-3": "8"})
    post(client, made, "review", leave="2")
    shown = review(client, made)
    assert "Every row is left out" in page(shown)
    assert "cell was corrected here" not in page(shown)
    assert get(client, made, "confirm").url == address(made, "review")
    assert "Row 2 is taken in again." in page(client.post(address(made, "review"), {"take": "2"}, follow=True))
    # What was corrected in it stands.
    assert Import.objects.get(pk=made.pk).fixes == {"2": {"3": "8"}}
    assert review(client, made).context["counts"].error == 1


def test_what_is_meant_is_offered_and_one_press_away(client: Client, assignment: Assignment) -> None:
    make_officer(assignment.officer.region, "T-0002")
    made = staged(client, HEADER + "T-0002,TST1,13/03/2011,0.75\nT-0001,TST1,2010-04-01,0.75\n")
    shown = review(client, made)
    assert "Use 2011-03-13" in page(shown)
    assert "Use TST-1 for all 2 rows" in page(shown)
    post(client, made, "review", put="2:2:2011-03-13")
    (offer,) = [offer for cell in review(client, made).context["rows"][0].cells for offer in cell.offers]
    post(client, made, "review", use=offer.value)
    assert review(client, made).context["counts"].error == 0


def test_a_row_that_is_wrong_as_a_whole_can_be_corrected_in_every_cell(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0001,TST-1,2010-04-01,0.44\n")
    shown = page(review(client, made))
    assert "Such a row cannot be." in shown
    assert all(f'name="fix-2-{place}"' in shown for place in range(4))


def test_a_page_never_has_more_fields_than_can_be_sent(client: Client, assignment: Assignment) -> None:
    """Of a form with more than DATA_UPLOAD_MAX_NUMBER_FIELDS nothing is taken."""
    unknown = staged(client, HEADER + "".join(f"X-{number},Y-{number},2010-04-01,0.5\n" for number in range(300)))
    values = get(client, unknown, "values")
    assert len(values.context["form"].fields) == 100
    assert "500 more values come after these" in page(values)
    wide = "Officer,JFO,First day,FTE," + ",".join(f"N{number}" for number in range(190)) + "\n"
    assert get(client, staged(client, wide + ROW), "columns").status_code == 200
    rows = "".join(f"T-0001,TST-1,{year}-0{month}-01,0.44\n" for year in range(1950, 2030) for month in (1, 3, 5, 7, 9))
    wrong = staged(client, HEADER + rows)
    shown = review(client, wrong, per="100")
    assert shown.context["counts"].error > 100
    names = [cell.input for row in shown.context["rows"] for cell in row.cells if cell.input]
    assert post(client, wrong, "review", **dict.fromkeys(names, "")).status_code == 302


def test_a_decimal_is_typed_as_the_page_writes_it(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0001,TST-1,2010-04-01,7\n")
    french = address(made, "review").replace("/en/", "/fr/")
    client.post(french, {"fix-2-3": "0,75"})
    assert Import.objects.get(pk=made.pk).fixes == {"2": {"3": "0.75"}}
    assert client.get(french).context["counts"].changed == 1


def test_what_was_typed_goes_along_into_the_other_language(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0001,TST-1,2010-04-01,7\n")
    assert 'name="_language"' in page(review(client, made))
    french = address(made, "review").replace("/en/", "/fr/")
    response: Any = client.post(french, {"fix-2-3": "8", "_language": "fr"})
    assert response.url == french
    assert 'value="8"' in page(client.get(french))
    unknown = staged(client, "Officer,JFO,First day,FTE,Bureau\nT-0001,TST-1,2010-04-01,0.75,Montréal\n")
    columns = address(unknown, "columns").replace("/en/", "/fr/")
    kept = page(client.post(columns, {"column_4": "-", "_language": "fr"}))
    assert '<option value="-" selected>' in kept
    assert "Indiquez ce que contient cette colonne" in kept


def test_junk_changes_nothing_and_is_no_error_of_the_server(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0001,TST-1,2010-04-01,7\n")
    for data in (
        {"fix-2-99": "x", "fix-9999-1": "x", "fix-x-y": "x", "fix-2": "x", "fix--1-0": "x"},
        {"put": "2:3", "back": "nothing", "use": "jfo-0000"},
        {"put": "2:99:x", "back": "9:9"},
        {"use": "\x00"},
        {"leave": "9", "take": "2"},
        {"leave": "2" * 30, "take": "\x00"},
    ):
        assert post(client, made, "review", **data).status_code == 302
    assert Import.objects.get(pk=made.pk).fixes == {}
    post(client, made, "review", **{"fix-2-3": "0.5\x00"})
    assert "cannot be read" in page(review(client, made))
    post(client, made, "review", **{"fix-2-3": "x" * 40_000})
    assert "too long for a cell" in page(review(client, made))
    for query in ({"page": "x"}, {"per": "7" * 20}, {"show": "\x00"}, {"page": "-3"}, {"show": "new", "page": "99"}):
        assert review(client, made, **query).status_code == 200
    for data in ({"column_0": "nothing"}, {"column_99": "fte"}, {"column_0": "\x00"}):
        assert post(client, made, "columns", **data).status_code == 200
    assert client.get("/en/imports/99999999999999999999/review/").status_code == 404


def test_rows_come_in_pages_of_the_size_that_was_chosen(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "".join(f"T-0001,TST-1,{year}-04-01,0.01\n" for year in range(1960, 2060)))
    assert len(review(client, made, show="all").context["rows"]) == 50
    hundred = review(client, made, show="all", per="100")
    assert len(hundred.context["rows"]) == 100
    assert len(gzip.compress(hundred.content)) < 30_000
    last = review(client, made, show="all", per="25", page="4")
    assert last.context["rows"][-1].row.line == 101


def test_the_file_comes_back_with_a_column_of_errors_and_goes_in_again(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0009,TST-1,01/02/2011,0.75\n" + ROW)
    response: Any = client.get(reverse("import-errors", args=[made.pk]))
    lines = lines_of(response.content)
    assert lines[0] == ["Officer", "JFO", "First day", "FTE", "Error / Erreur"]
    assert lines[1][:4] == ["T-0009", "TST-1", "01/02/2011", "0.75"]
    assert "First day: “01/02/2011” is not a date" in lines[1][4]
    assert "Officer: No Officer “T-0009” is known" in lines[1][4]
    assert lines[2] == ["T-0001", "TST-1", "2010-04-01", "0.75", ""]
    some: Any = client.get(reverse("import-errors", args=[made.pk]), {"rows": "errors"})
    assert len(lines_of(some.content)) == 2
    lines[1][0], lines[1][2] = "T-0001", "2011-02-01"
    again = send(client, workbook_of(lines))
    assert "/review/" in again.url
    assert client.get(again.url).context["counts"].error == 0


def test_a_file_of_errors_that_cannot_be_made_leaves_nothing_behind(
    client: Client, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = staged(client, HEADER + ROW)
    monkeypatch.setattr(workbook, "_write", Mock(side_effect=MemoryError))
    with SpooledTemporaryFile() as file:
        monkeypatch.setattr(workbook, "SpooledTemporaryFile", lambda _size: file)
        with pytest.raises(MemoryError):
            client.get(reverse("import-errors", args=[made.pk]))
        assert file.closed


def test_a_review_asks_as_many_queries_for_a_hundred_rows_as_for_one(client: Client, assignment: Assignment) -> None:
    for number in range(100):
        make_officer(assignment.officer.region, f"T-1{number:03}")
    one = staged(client, HEADER + "T-1000,TST-1,2010-04-01,0.75\n")
    many = staged(client, HEADER + "".join(f"T-1{number:03},TST-1,2010-04-01,0.75\n" for number in range(100)))
    review(client, one)  # what the frame of every page keeps from the first one
    for step in ("file", "columns", "review", "confirm"):
        counted = []
        for made in (one, many):
            with CaptureQueriesContext(connection) as queries:
                get(client, made, step)
            counted.append(len(queries))
        assert counted[0] == counted[1] <= 15, step


# Confirming


def test_a_confirmed_import_is_saved_with_its_counts(client: Client, clerk: User, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    assert confirm(client, made).url == address(made, "result")
    made.refresh_from_db()
    assignment.refresh_from_db()
    assert (made.state, made.counts.changed, made.reason) == (ImportState.APPLIED, 1, "the sheet of May")
    assert assignment.fte == Decimal("0.75")
    version = assignment.history.latest()
    assert (version.who, version.history_change_reason) == (
        "import.clerk",
        f"{made.number} (sheet.xlsx): the sheet of May",
    )
    result = page(get(client, made, "result"))
    assert made.file_hash in result
    assert "the sheet of May" in result
    assert assignment.get_absolute_url() in result
    # Which column held what stays known.
    assert made.mapping == {"officer": "Officer", "jfo": "JFO", "start": "First day", "fte": "FTE"}
    assert "First day" in result


def test_a_lock_that_does_not_come_is_told_and_nothing_is_saved(
    client: Client, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the lock is asked for when the transaction begins, and waiting in vain was an error of the server."""
    made = staged(client, HEADER + ROW)
    digest = review(client, made).context["digest"]
    monkeypatch.setattr(transaction, "atomic", Mock(side_effect=OperationalError("database is locked")))
    response = post(client, made, "confirm", confirmed=digest, reason="the sheet")
    monkeypatch.undo()
    assert "busy with other changes" in page(response)
    made.refresh_from_db()
    assert made.state == ImportState.DRAFT


def test_a_change_since_the_review_is_shown_before_anything_is_saved(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    digest = get(client, made, "confirm").context["digest"]
    Assignment.objects.filter(pk=assignment.pk).update(fte=Decimal("0.25"))
    again = client.post(address(made, "confirm"), {"confirmed": digest, "reason": "May"}, follow=True)
    assert again.redirect_chain[-1][0] == address(made, "review")
    assert "The preview was remade" in page(again)
    assert "<del>0.25</del> → <ins>0.75</ins>" in page(again)
    confirm(client, made)
    assert Import.objects.get(pk=made.pk).state == ImportState.APPLIED


def test_warnings_are_listed_and_agreed_to(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + "T-0001,TST-1,2010-04-01,0.33\n")
    assert "A third is unusual." in page(review(client, made, show="warning"))
    shown = page(get(client, made, "confirm"))
    assert "Row 2: A third is unusual." in shown
    assert "Read the warnings, and agree to them" in page(confirm(client, made))
    assert confirm(client, made, agreed="on").url == address(made, "result")


def test_the_same_file_again_points_to_its_earlier_result(client: Client, assignment: Assignment) -> None:
    first = staged(client, HEADER + ROW)
    assert staged(client, HEADER + ROW) == first
    confirm(client, first)
    second = staged(client, HEADER + ROW)
    assert second != first
    for step in ("file", "review", "confirm"):
        assert address(first, "result") in page(get(client, second, step))
    assert "1 record stays as it is." in page(get(client, second, "confirm"))


def test_an_import_is_saved_once(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    confirm(client, made)
    versions = Assignment.history.count()
    assert post(client, made, "confirm", confirmed="", reason="again").url == address(made, "result")
    for step in STEPS:
        assert get(client, made, step).url == address(made, "result")
    assert Assignment.history.count() == versions


def test_an_abandoned_import_saves_nothing_and_forgets_its_rows(client: Client, assignment: Assignment) -> None:
    made = staged(client, HEADER + ROW)
    assert post(client, made, "columns", abandon="1").url == address(made, "result")
    made.refresh_from_db()
    assert made.state == ImportState.ABANDONED
    assert not ImportPapers.objects.exists()
    assert "Nothing was saved" in page(get(client, made, "result"))
    assignment.refresh_from_db()
    assert assignment.fte == Decimal("0.50")


def test_an_import_that_nobody_finishes_expires(client: Client, assignment: Assignment) -> None:
    late, fresh = staged(client, HEADER + ROW), staged(client, HEADER + "T-0001,TST-1,2010-04-01,0.6\n")
    Import.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(days=31))
    printed = StringIO()
    call_command("daily", stdout=printed)
    assert f"expired import {late.number} of import.clerk, sheet.xlsx" in printed.getvalue()
    late.refresh_from_db()
    assert late.state == ImportState.EXPIRED
    assert "not finished in time" in page(get(client, late, "result"))
    assert get(client, fresh, "review").status_code == 200


# Who, and from where


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "holds no rows"), ("<html>", "not a spreadsheet")],
)
def test_a_file_that_cannot_be_taken_is_refused_on_the_form(client: Client, text: str, words: str) -> None:
    assert words in page(send(client, text))
    assert not Import.objects.filter(by__username="import.clerk").exists()


def test_an_import_is_its_owners_alone(
    client: Client, client_of: Callable[[User], Client], assignment: Assignment
) -> None:
    made = staged(client, HEADER + ROW)
    other = client_of(User.objects.create_user("other.clerk", role=Role.ADMINISTRATOR))
    for step in (*STEPS, "errors", "result"):
        assert other.get(address(made, step)).status_code == 404
    for step in STEPS:
        assert other.post(address(made, step), {"abandon": "1"}).status_code == 404
    assert other.get(reverse("import", args=[made.pk])).status_code == 404
    assert made.number not in page(other.get(reverse("imports")))
    assert made.number in page(client.get(reverse("imports")))


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.AUDITOR])
def test_only_a_role_that_may_import_gets_the_pages(role: Role, client_of: Callable[[User], Client]) -> None:
    other = client_of(User.objects.create_user("somebody", role=role))
    pages: list[tuple[str, list[Any]]] = [(f"import-{step}", [1]) for step in (*STEPS, "errors", "result")]
    pages += [("imports", []), ("import-new", []), ("import", [1])]
    pages += [(f"import-{name}", ["test-assignments"]) for name in ("template", "sample")]
    for name, arguments in pages:
        assert other.get(reverse(name, args=arguments)).status_code == 403


def test_a_kind_is_explained_and_has_a_template_in_either_language_or_both(client: Client) -> None:
    shown = page(client.get(reverse("import-new"), {"kind": "test-assignments"}))
    template = reverse("import-template", args=["test-assignments"])
    assert all(f"{template}?headers={headers}" in shown for headers in ("en", "fr", "both"))
    assert "Officer + JFO + First day" in shown
    assert client.get(reverse("import-new"), {"kind": "\x00"}).status_code == 200
    response = client.get("/fr/imports/templates/test-assignments/")
    assert response["Content-Disposition"] == 'attachment; filename="test-assignments-fr.xlsx"'
    assert client.get(reverse("import-template", args=["nothing"])).status_code == 404
    assert client.get(template, {"headers": "de"}).status_code == 404


def test_a_template_in_both_languages_comes_back_with_its_columns_known(client: Client, assignment: Assignment) -> None:
    template = client.get(reverse("import-template", args=["test-assignments"]), {"headers": "both"}).content
    lines = lines_of(template)
    assert lines[0][:2] == ["Officer / Employé", "JFO / OPC"]
    with ZipFile(BytesIO(template)) as archive:
        data = archive.read("xl/worksheets/sheet1.xml").decode()
    assert [f'sqref="{letter}2:' in data for letter in "ABCF"] == [True, True, False, True]
    assert "T-0001" in [line[0] for line in lines_of(template, 2)]
    lines[1] = ["T-0001", "TST-1", "2010-04-01", "", "0.75", ""]
    made = staged(client, workbook_of(lines))
    assert review(client, made).context["counts"].changed == 1


# Taking back


def test_an_import_is_undone_from_its_result(client: Client, assignment: Assignment) -> None:
    second = "T-0001,TST-1,2011-06-01,0.25\n"
    made = staged(
        client,
        HEADER.replace("\n", ",Last day\n") + ROW.replace("\n", ",2011-05-31\n") + second,
    )
    confirm(client, made)
    made.refresh_from_db()
    result = address(made, "result")
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
    assert "Nothing needed changing" in page.content.decode()
    assert "every row of the file is saved" not in page.content.decode()


def test_the_list_counts_nothing_of_an_import_that_waits(client: Client, assignment: Assignment) -> None:
    """It said that nothing was new, changed or unchanged, as if that had been found."""
    made = staged(client, HEADER + ROW)
    address = f"{reverse('imports')}?format=csv"
    (row,) = csv_rows(client.get(address))
    assert (row["State"], row["New"], row["Changed"], row["Unchanged"]) == ("Waiting: Review", "", "", "")
    Import.objects.update(job="preview", job_state="queued")
    (row,) = csv_rows(client.get(address))
    assert row["State"] == "At work: The file is compared with the records"
    Import.objects.update(job_state="running")
    (row,) = csv_rows(client.get(address))
    assert row["State"] == "Waiting: Interrupted"
    Import.objects.update(job="", job_state="")
    confirm(client, made)
    (row,) = csv_rows(client.get(address))
    assert (row["State"], row["New"], row["Changed"], row["Unchanged"]) == ("Imported", "0", "1", "0")
