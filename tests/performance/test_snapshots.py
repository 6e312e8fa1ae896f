"""Frozen reports: what they hold, whose they are, that they never change, and what differs when they are run again."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import translation

from jfo_portal.kit import reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters, Report
from jfo_portal.kit.tables import Column
from performance import freezing, guards
from performance.models import Snapshot
from registry.models import JFO, Region, Role, User
from tests import rows
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

LIST = "/en/reports/snapshots/"
QUERIES = 15
YEAR = Parameters(date(2011, 3, 31), FiscalYear(2010))
EVERY_REPORT = pytest.mark.parametrize("slug", sorted(report.slug for report in reports.all_for(SYSTEM)))
ClientOf = Callable[[User], Client]


@pytest.fixture
def auditors(client_of: ClientOf, auditor: User) -> Client:
    return client_of(auditor)


@pytest.fixture
def que(client_of: ClientOf, que_manager: User) -> Client:
    return client_of(que_manager)


def frozen_by(user: User, slug: str = "exhibit-7", parameters: Parameters = YEAR, **options: Any) -> Snapshot:
    return freezing.freeze(reports.get(slug), parameters, by=user, **options)


def address(row: Snapshot, query: str = "") -> str:
    return f"{LIST}{row.pk}/{query}"


def button(client: Client, page: str) -> tuple[str, dict[str, str]]:
    """Return where the button of a report's page is sent, and what it sends by itself."""
    form = body(client.get(page)).split('<form class="freeze"')[1].split("</form>")[0]
    action = re.search(r'action="([^"]+)"', form)
    assert action is not None
    return action[1].replace("&amp;", "&"), dict(re.findall(r'type="hidden" name="(_\w+)" value="([^"]*)"', form))


def pressed(client: Client, page: str, **values: str) -> Snapshot:
    """Press the button of a report's page, and return the snapshot."""
    action, hidden = button(client, page)
    response = client.post(action, hidden | values, follow=True)
    assert "Frozen as S-" in words(response)
    row = Snapshot.objects.first()
    assert row is not None
    return row


def cells_of(page: str, heading: str) -> list[list[str]]:
    """Return the texts of the first table after the heading."""
    table = page.split(f'id="{heading}"')[1].split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)]
        for line in table.split("<tr>")[1:]
    ]


# To freeze


@EVERY_REPORT
def test_every_report_is_frozen_as_its_page_shows_it(slug: str, auditors: Client) -> None:
    page = f"/en/reports/{slug}/?fy=2010-2011"
    row = pressed(auditors, page, note="For the yearly review.")
    data = json.loads(body(auditors.get(f"{page}&format=json")))
    content = json.loads(row.content)
    assert {name: content[name] for name in data} == data
    assert row.parameters == data["parameters"]
    shown, kept = body(auditors.get(page)), body(auditors.get(address(row)))
    assert cells_of(kept, "rows-heading") == cells_of(shown, "rows-heading")
    assert "For the yearly review." in kept
    assert "The content matches its SHA-256" in kept
    for note in content["notes"]:
        assert note in words(auditors.get(page))


@EVERY_REPORT
def test_run_again_at_once_nothing_differs(slug: str, auditor: User, auditors: Client) -> None:
    text = words(auditors.get(address(frozen_by(auditor, slug), "?again=1")))
    assert "Nothing differs." in text
    assert "no record was written since" in text


def test_the_page_of_a_past_day_leads_to_a_form_that_keeps_its_parameters(que: Client) -> None:
    page = body(que.get("/en/reports/exhibit-5/?as_of=2009-05-01&region=QUE"))
    found = re.search(r'href="(/en/reports/exhibit-5/freeze/[^"]*)"', page)
    assert found is not None
    form = found[1].replace("&amp;", "&")
    hidden = dict(re.findall(r'type="hidden" name="(_\w+)" value="([^"]*)"', body(que.get(form))))
    text = words(que.post(form, hidden | {"note": "As it was."}, follow=True))
    row = Snapshot.objects.get()
    assert (row.parameters["as_of"], row.parameters["region"]) == ("2009-05-01", "QUE")
    assert "As of: 2009-05-01; Fiscal year: 2009-2010; Region: QUE" in text


def test_the_file_is_the_very_text_that_the_sha256_is_of(que: Client) -> None:
    row = pressed(que, "/en/reports/exhibit-11/?fy=2010-2011")
    content = que.get(address(row, "?format=json")).content
    assert hashlib.sha256(content).hexdigest() == row.sha256
    assert row.sha256 in words(que.get(address(row)))
    rows_of_file = csv_rows(que.get(address(row, "?format=csv")))
    assert len(rows_of_file) == len(json.loads(content)["rows"])
    assert que.get(address(row, "?format=xlsx")).status_code == 404


def test_a_report_that_changed_since_it_was_opened_is_not_frozen_unseen(que: Client) -> None:
    action, hidden = button(que, "/en/reports/exhibit-5/?as_of=2011-03-31")
    assert "as_of=2011-03-31" in action
    row = JFO.objects.get(code="ITF")
    row.end = date(2011, 3, 1)
    QuerySet.update(JFO.objects.filter(pk=row.pk), end=date(2011, 3, 1))
    text = words(que.post(action, hidden))
    assert "The report says something else than when you opened it." in text
    assert not Snapshot.objects.exists()
    again = dict(re.findall(r'type="hidden" name="(_\w+)" value="([^"]*)"', body(que.post(action, hidden))))
    assert "Frozen as S-" in words(que.post(action, again, follow=True))


def test_a_button_pressed_twice_freezes_once(que: Client) -> None:
    action, hidden = button(que, "/en/reports/exhibit-5/")
    for _press in range(2):
        que.post(action, hidden)
    assert Snapshot.objects.count() == 1


@pytest.mark.parametrize("query", ["as_of=31/03/2011", "fy=2010", "region=XYZ", "as_of=%00"])
def test_what_the_report_refuses_is_not_frozen(query: str, que: Client) -> None:
    response = que.post(f"/en/reports/exhibit-5/freeze/?{query}", {}, follow=True)
    assert response.status_code == 400
    assert "These figures cannot be shown" in words(response)
    assert que.get("/en/reports/nothing/freeze/").status_code == 404


def test_it_is_kept_in_the_language_in_which_it_was_shown(auditors: Client, auditor: User) -> None:
    with translation.override("fr"):
        row = frozen_by(auditor, "exhibit-11")
    page = auditors.get(address(row, "?again=1"))
    assert "Région du Grand Toronto (RGT)" in words(page)
    assert "Nothing differs." in words(page)
    assert 'lang="fr-CA"' in body(page).split("<main")[1]


def test_what_a_reader_is_not_given_is_not_frozen_or_run_again(
    que: Client, que_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_region = Parameters(date(2011, 3, 31), FiscalYear(2010), "QUE")
    row = frozen_by(que_manager, "exhibit-11", of_region)

    def refusal(_report: Report, _reader: Any, parameters: Parameters) -> str:
        return "Not for you." if parameters.region else ""

    monkeypatch.setattr(type(reports.get("exhibit-11")), "refusal", refusal)
    assert "Not for you." in words(que.post("/en/reports/exhibit-11/freeze/?region=QUE", {}, follow=True))
    with pytest.raises(ValidationError, match="Not for you"):
        frozen_by(que_manager, "exhibit-11", of_region)
    assert "It cannot be run again. Not for you." in words(que.get(address(row, "?again=1")))
    assert Snapshot.objects.count() == 1


# What it tells, and to whom


def test_a_snapshot_of_a_manager_holds_nothing_that_the_manager_did_not_see(que: Client, que_manager: User) -> None:
    full = frozen_by(User.objects.get(username="auditor"), "exhibit-11")
    row = pressed(que, "/en/reports/exhibit-11/?fy=2010-2011")
    content, everything = json.loads(row.content), json.loads(full.content)
    hidden = [(one["region"], name) for one in content["rows"] for name, value in one.items() if value is None]
    assert hidden
    values = {one["region"]: one for one in everything["rows"]}
    for region, name in hidden:
        assert values[region][name] is not None
    assert set(content["rows"][0]) == set(content["columns"])
    assert content["rows"] == json.loads(body(que.get("/en/reports/exhibit-11/?fy=2010-2011&format=json")))["rows"]


def test_only_its_reader_and_those_who_see_everything_open_it(
    client_of: ClientOf, que_manager: User, gta_manager: User, nhq_reviewer: User, auditor: User
) -> None:
    row = frozen_by(que_manager)
    for user, status in ((que_manager, 200), (gta_manager, 404), (nhq_reviewer, 200), (auditor, 200)):
        client = client_of(user)
        assert client.get(address(row)).status_code == status
        assert client.get(address(row, "?format=json")).status_code == status
        assert client.get(address(row, "?again=1")).status_code == status
        assert (row.number in words(client.get(LIST))) == (status == 200)
        assert client.get(f"/en/history/snapshot/{row.pk}/").status_code == status


def test_who_sees_less_by_now_does_not_open_what_they_saw(client_of: ClientOf, nhq_reviewer: User) -> None:
    row = frozen_by(nhq_reviewer, "exhibit-11")
    nhq_reviewer.role = Role.REGIONAL_MANAGER
    nhq_reviewer.save()
    nhq_reviewer.regions.set([Region.objects.get(code="ATL")])
    assert client_of(User.objects.get(pk=nhq_reviewer.pk)).get(address(row)).status_code == 404


def test_it_is_run_again_as_who_took_it_whoever_looks(auditors: Client, que_manager: User) -> None:
    text = words(auditors.get(address(frozen_by(que_manager, "exhibit-11"), "?again=1")))
    assert "Nothing differs." in text
    assert "with the rights of" in text


def test_other_rights_of_who_took_it_are_said(auditors: Client, que_manager: User) -> None:
    row = frozen_by(que_manager, "exhibit-11")
    que_manager.regions.set([Region.objects.get(code="ATL")])
    text = words(auditors.get(address(row, "?again=1")))
    assert "sees other regions than when the report was frozen" in text


# That it never changes


def refused(write: Callable[[], object]) -> bool:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
    cause = caught.value.__cause__
    return guards.FROZEN in (str(cause), getattr(getattr(cause, "diag", None), "constraint_name", ""))


def test_the_database_refuses_a_change_and_a_deletion(auditor: User) -> None:
    row = frozen_by(auditor)
    mine = Snapshot.objects.filter(pk=row.pk)
    assert refused(lambda: QuerySet.update(mine, content="{}"))
    assert refused(lambda: QuerySet.update(mine, note="Another."))
    assert refused(lambda: QuerySet(Snapshot).filter(pk=row.pk)._raw_delete("default"))
    assert refused(row.save)


def test_the_model_says_so_in_words(auditor: User) -> None:
    row = frozen_by(auditor)
    row.note = "Another."
    with pytest.raises(ValidationError, match="is frozen and cannot be changed"):
        row.save_as(auditor)
    with pytest.raises(ValidationError, match="never removed"):
        row.delete()


def test_content_that_does_not_match_is_said(auditors: Client, auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = frozen_by(auditor)
    values = {field.attname: getattr(row, field.attname) for field in Snapshot._meta.fields if not field.primary_key}
    (false,) = Snapshot.objects.bulk_create([Snapshot(**values | {"sha256": "0" * 64})])
    assert "does not match its SHA-256" in words(auditors.get(address(false)))


# What differs


def test_what_was_written_since_shows_cell_by_cell(auditors: Client, auditor: User) -> None:
    row = frozen_by(auditor, "exhibit-5", Parameters(date(2011, 3, 31), FiscalYear(2010)))
    jfo = JFO.objects.get(code="ITF")
    QuerySet.update(JFO.objects.filter(pk=jfo.pk), end=date(2011, 3, 1))
    text = words(auditors.get(address(row, "?again=1")))
    assert "Removed ITF" in text
    assert "Nothing differs" not in text


def test_a_changed_cell_says_what_it_was_and_is(auditors: Client, auditor: User) -> None:
    row = frozen_by(auditor, "exhibit-7")
    officer = rows.officer()
    rows.file(officer, date(2010, 6, 1))
    text = words(auditors.get(address(row, "?again=1")))
    assert re.search(r"Changed Other officers Officers.*? 303 304", text)
    assert "The data version is another" in text


def test_the_data_version_changes_with_a_record_and_not_with_a_snapshot(auditor: User) -> None:
    before = freezing.version()
    first = frozen_by(auditor)
    assert freezing.version() == before == first.data_version
    rows.officer()
    assert freezing.version() != before


def test_a_report_that_is_gone_is_said(auditors: Client, auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = frozen_by(auditor)
    left = {slug: report for slug, report in reports._reports.items() if slug != "exhibit-7"}
    monkeypatch.setattr(reports, "_reports", left)
    page = auditors.get(address(row, "?again=1"))
    assert "It cannot be run again. There is no report “exhibit-7” any more." in words(page)
    assert "The report as it is now" not in words(page)
    assert auditors.get(LIST).status_code == 200


def test_a_parameter_that_is_not_read_any_more_is_said(
    auditors: Client, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A region that was closed, and a parameter that the report once knew."""
    row = frozen_by(auditor, "exhibit-5", Parameters(date(2011, 3, 31), FiscalYear(2010), "QUE"))
    monkeypatch.setattr(type(reports.get("exhibit-5")), "regions", lambda _self: ["ATL"])
    assert "The parameters are not read any more: There is no region “QUE”." in words(
        auditors.get(address(row, "?again=1"))
    )
    monkeypatch.undo()
    monkeypatch.setattr(Parameters, "as_dict", lambda self: {"fy": str(self.fiscal_year), "colour": "red"})
    other = frozen_by(auditor, "exhibit-7")
    monkeypatch.undo()
    assert "The report does not read these parameters any more: colour." in words(
        auditors.get(address(other, "?again=1"))
    )


class Changing(Report):
    """A report whose columns and rows a test changes."""

    slug = "changing"
    title = "Changing"
    columns = (Column("name", "Name", is_header=True), Column("number", "Number", "integer"))
    data: list[dict[str, Any]] = []

    def rows(self, reader: Any, parameters: Parameters) -> list[dict[str, Any]]:
        return self.data


def test_rows_and_columns_that_came_and_went_are_told(
    auditors: Client, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "_reports", {**reports._reports, "changing": Changing()})
    monkeypatch.setattr(Changing, "data", [{"name": "a", "number": 1}, {"name": "b", "number": 2}])
    row = frozen_by(auditor, "changing")
    monkeypatch.setattr(Changing, "data", [{"name": "b", "number": 3}, {"name": "c", "number": 4}])
    monkeypatch.setattr(Changing, "columns", (*Changing.columns, Column("more", "More")))
    text = words(auditors.get(address(row, "?again=1")))
    for line in ("4 differences", "Added Column More", "Removed a", "Changed b Number 2 3", "Added c"):
        assert line in text
    assert Decimal(json.loads(row.content)["rows"][0]["number"]) == 1


# The pages


def test_the_list_is_narrowed(auditors: Client, auditor: User, que_manager: User) -> None:
    first = frozen_by(auditor, "exhibit-5")
    second = frozen_by(que_manager, "exhibit-7", Parameters(date(2010, 3, 31), FiscalYear(2009)))
    for query, own in [
        ("report=exhibit-5", first),
        ("report=exhibit-7", second),
        ("who=que.manager", second),
        ("fy=2009-2010", second),
    ]:
        text = words(auditors.get(f"{LIST}?{query}"))
        assert "1 frozen report" in text
        assert own.number in text
    assert first.number not in words(auditors.get(f"{LIST}?last=1999-01-01"))


@pytest.mark.parametrize("query", ["report=x", "fy=%00", "who=nobody", "first=31/03/2011", "page=9999999999999"])
def test_a_filter_that_cannot_be_read_makes_no_error(query: str, auditors: Client) -> None:
    assert auditors.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999"])
def test_a_snapshot_that_there_is_not_is_not_found(pk: str, auditors: Client) -> None:
    assert auditors.get(f"{LIST}{pk}/").status_code == 404


def test_the_history_does_not_repeat_the_content(auditors: Client, auditor: User) -> None:
    row = frozen_by(auditor)
    page = body(auditors.get(f"/en/history/snapshot/{row.pk}/"))
    assert row.sha256 in page
    assert "total_texts" not in page


def test_the_pages_ask_few_queries(auditors: Client, auditor: User, django_assert_max_num_queries: Callable) -> None:
    made = [frozen_by(auditor, "exhibit-5") for _one in range(20)]
    for page in (LIST, address(made[0]), "/en/reports/exhibit-5/", "/en/reports/exhibit-5/freeze/"):
        cache.clear()
        with django_assert_max_num_queries(QUERIES):
            auditors.get(page)
    cache.clear()
    with django_assert_max_num_queries(QUERIES):
        auditors.get(address(made[0], "?again=1"))
